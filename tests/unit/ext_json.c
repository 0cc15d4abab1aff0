// SPDX-License-Identifier: Apache-2.0
#include "ext/json.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "unit.h"

static int read_text(const char *text, struct buf *why, struct value **ret_v)
{
	return json_read(text, strlen(text), 1 << 20, why, ret_v);
}

TEST_STARVED(json_comes_out_as_it_went_in)
{
	static const char text[] =
		"{\"a\": [1, -0, 9007199254740993, 123456789012345678901234567"
		"8901234567890123456789012345678901234567890123456789012345], "
		"\"b\": [1.10, 1e3, 1E-7, -2.50e+10], \"\": {}, \"c\": [], "
		"\"d\": [true, false, null], "
		"\"e\": \"0 \\\" 1 \\\\\", \"f\\\"9\": 7, "
		"\"g\": \"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \\b\\f\\n\\r\\t"
		"\\u0001/\"}";
	AUTO(value_release) struct value *v = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);

	ENOUGH(read_text(text, NULL, &v));
	json_write_line(v, &out);
	ENOUGH(out.err);
	CHECK_STR(out.data, text);
}

TEST(json_is_indented)
{
	AUTO(value_release) struct value *v = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);

	CHECK_INT(read_text("{\"a\":[1,{\"b\":[]}],\"c\":{}}", NULL, &v), 0);
	json_write(v, &out);
	CHECK_STR(out.data, "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n"
			    "    }\n  ],\n  \"c\": {}\n}\n");
}

TEST(json_strings)
{
	AUTO(value_release) struct value *v = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);

	CHECK_INT(read_text("\"\\u00e4\\ud83d\\ude00\\/\\u0041\"", NULL, &v),
		  0);
	CHECK_STR(v->text, "\xc3\xa4\xf0\x9f\x98\x80/A");
	json_write_string("a\xff\x7f", &out);
	CHECK_STR(out.data, "\"a\xef\xbf\xbd\x7f\"");
}

TEST(json_last_of_duplicate_keys_counts)
{
	AUTO(value_release) struct value *v = NULL;
	int64_t n = 0;

	CHECK_INT(read_text("{\"a\": 1, \"b\": 2, \"a\": 3}", NULL, &v), 0);
	CHECK_INT(v->count, 2);
	CHECK_INT(value_int(value_find(v, "a"), &n), 0);
	CHECK_INT(n, 3);
}

TEST(json_types)
{
	static const struct {
		const char *text;
		enum value_type type;
	} row[] = {
		{ " null ", VALUE_NULL },   { "true", VALUE_BOOL },
		{ "12", VALUE_INT },	    { "12.0", VALUE_REAL },
		{ "1e2", VALUE_REAL },	    { "\"\"", VALUE_STRING },
		{ "\t[\r\n]", VALUE_LIST }, { "{ }", VALUE_MAP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(value_release) struct value *v = NULL;

		CHECK_INT(read_text(row[i].text, NULL, &v), 0);
		CHECK_INT(v->type, row[i].type);
	}
}

TEST(json_refuses)
{
	static const struct {
		const char *text, *why;
	} row[] = {
		{ "", "byte 1: the text ends too early" },
		{ "[1, 2", "byte 6: the text ends too early" },
		{ "{\"a\" 1}", "byte 6: this does not belong here" },
		{ "[1,]", "byte 4: this does not belong here" },
		{ "[] []", "byte 4: this does not belong here" },
		{ "{\"a\":1,}", "byte 8: this does not belong here" },
		{ "[01]", "byte 2: no number of JSON's" },
		{ "[1.]", "byte 2: no number of JSON's" },
		{ "[.5]", "byte 2: nothing of JSON's begins so" },
		{ "[1e]", "byte 2: no number of JSON's" },
		{ "[-]", "byte 2: no number of JSON's" },
		{ "[1-2]", "byte 2: no number of JSON's" },
		{ "[+1]", "byte 2: nothing of JSON's begins so" },
		{ "[NaN]", "byte 2: nothing of JSON's begins so" },
		{ "['a']", "byte 2: nothing of JSON's begins so" },
		{ "[1 2]", "byte 4: this does not belong here" },
		{ "[\"a\n\"]", "byte 4: a control character in a string" },
		{ "[\"a", "byte 4: a string without an end" },
		{ "[\"a\\", "byte 6: a string without an end" },
		{ "[\"a\\u0000\"]", "byte 4: a string with a NUL in it" },
		{ "[\"\xff\"]", "not valid UTF-8, or a NUL in it" },
		{ "\v[]", "byte 1: nothing of JSON's begins so" },
		{ "\xef\xbb\xbf{}", "byte 1: nothing of JSON's begins so" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(value_release) struct value *v = NULL;

		CHECK_INT(read_text(row[i].text, &why, &v), -EINVAL);
		CHECK_STR(why.data, row[i].why);
		CHECK(!v);
	}
}

TEST(json_refuses_syntax_that_cjson_words)
{
	static const char *const row[] = {
		"[truex]",	 "[tru]",    "\"\\x\"",	    "\"\\u12\"",
		"[\"\\ud800\"]", "{\"a\":}", "{1: 2}",	    "[}",
		"nul",		 "[,1]",     "\"\\ude00\"", "[1] 0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(value_release) struct value *v = NULL;

		CHECK_INT(read_text(row[i], &why, &v), -EINVAL);
		CHECK(!strncmp(why.data, "byte ", 5));
	}
}

TEST(json_limits)
{
	AUTO(value_release) struct value *v = NULL;
	AUTO(buf_release) struct buf why = WHY_INIT;
	char deep[200];

	memset(deep, '[', 64);
	memset(deep + 64, ']', 64);
	CHECK_INT(json_read(deep, 128, 128, NULL, &v), 0);
	value_release(&v);
	CHECK_INT(json_read(deep, 128, 127, NULL, &v), -EFBIG);
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	CHECK_INT(json_read(deep, 130, 130, &why, &v), -EFBIG);
	CHECK_STR(why.data, "byte 65: nested deeper than 64");
	CHECK_INT(json_read("[1]\0", 4, 100, NULL, &v), -EINVAL);
	CHECK_INT(json_read("[1]garbage", 3, 100, NULL, &v),
		  0); /* only len bytes are read */
	value_release(&v);
}
