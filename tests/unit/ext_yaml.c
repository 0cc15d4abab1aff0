// SPDX-License-Identifier: Apache-2.0
#include "ext/yaml.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"
#include "ext/json.h"
#include "unit.h"

static int read_text(const char *text, struct buf *why, struct value **ret_v)
{
	return yaml_read(text, strlen(text), &yaml_spec_limits, why, ret_v);
}

/* Reads text and writes it as JSON; "" when it cannot be read. */
static const char *as_json(const char *text)
{
	static char json[4096];
	AUTO(value_release) struct value *v = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(sizeof(json) - 1);

	if (!read_text(text, NULL, &v))
		json_write_line(v, &out);
	memcpy(json, out.data, out.len + 1);
	return json;
}

/* ---- what is read ---- */

TEST(yaml_plain_scalars_as_pyyaml_reads_them)
{
	static const struct {
		const char *text, *json;
	} row[] = {
		{ "", "null" },
		{ "~", "null" },
		{ "Null", "null" },
		{ "nUll", "\"nUll\"" },
		{ "yes", "true" },
		{ "On", "true" },
		{ "TRUE", "true" },
		{ "no", "false" },
		{ "OFF", "false" },
		{ "y", "\"y\"" },
		{ "N", "\"N\"" },
		{ "tRUE", "\"tRUE\"" },
		{ "0", "0" },
		{ "-0", "-0" },
		{ "+12", "12" },
		{ "1_000", "1000" },
		{ "017", "15" },
		{ "-0_1_7", "-15" },
		{ "018", "\"018\"" },
		{ "0o17", "\"0o17\"" },
		{ "0b1_01", "5" },
		{ "0xfF", "255" },
		{ "0xffffffffffffffffffff", "1208925819614629174706175" },
		{ "123456789012345678901234567890",
		  "123456789012345678901234567890" },
		{ "1:30", "90" },
		{ "-1:30:59", "-5459" },
		{ "190:20:30", "685230" },
		{ "1:60", "\"1:60\"" },
		{ "1:", "{\"1\": null}" },
		{ "0:30", "\"0:30\"" },
		{ "1.5", "1.5" },
		{ "1.10", "1.10" },
		{ "-1.", "-1.0" },
		{ ".5", "0.5" },
		{ "-.5", "\"-.5\"" },
		{ "+007.50", "7.50" },
		{ "0_.5", "0.5" },
		{ "1_0.2_5", "10.25" },
		{ "1._", "1.0" },
		{ "1.0e+3", "1.0e+3" },
		{ "1.e-3", "1.0e-3" },
		{ "1e3", "\"1e3\"" },
		{ "1.0e3", "\"1.0e3\"" },
		{ "1:30.5", "90.5" },
		{ "-1:0.25", "-60.25" },
		{ ".inf", "\".inf\"" },
		{ ".NaN", "\".NaN\"" },
		{ "2001-12-14", "\"2001-12-14\"" },
		{ "1.2.3", "\"1.2.3\"" },
		{ "'1'", "\"1\"" },
		{ "\"yes\"", "\"yes\"" },
		{ "|\n 1\n", "\"1\\n\"" },
		{ "! 1", "\"1\"" },
		{ "!!str 1", "\"1\"" },
		{ "!!str", "\"\"" },
		{ "!!int '0x10'", "16" },
		{ "!!float 3", "3.0" },
		{ "!!float 1e3", "1e3" },
		{ "!!bool 'yes'", "true" },
		{ "!!null ''", "null" },
		{ "!!timestamp 2001-12-14", "\"2001-12-14\"" },
		{ "!!map {}", "{}" },
		{ "!!seq [1]", "[1]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		CHECK_STR(as_json(row[i].text), row[i].json);
}

TEST(yaml_documents)
{
	static const struct {
		const char *text, *json;
	} row[] = {
		{ "a: 1\nb:\n- x\n- {y: z}\n",
		  "{\"a\": 1, \"b\": [\"x\", {\"y\": \"z\"}]}" },
		{ "1: a\nyes: b\n~: c\n",
		  "{\"1\": \"a\", \"yes\": \"b\", \"~\": \"c\"}" },
		{ "---\na\n...\n", "\"a\"" },
		{ "\xef\xbb\xbf"
		  "a: b\n",
		  "{\"a\": \"b\"}" },
		{ "%YAML 1.1\n--- a\n", "\"a\"" },
		{ "# nothing\n", "null" },
		{ "a: &x [1, 2]\nb: *x\nc: *x\n",
		  "{\"a\": [1, 2], \"b\": [1, 2], \"c\": [1, 2]}" },
		{ "- &x a\n- &x b\n- *x\n", "[\"a\", \"b\", \"b\"]" },
		{ "&k key: &v 1\n*k : *v\n", "" }, /* a duplicate */
		{ "- {&k key: 1}\n- {*k : *k }\n",
		  "[{\"key\": 1}, {\"key\": \"key\"}]" },
		{ "a: &m {x: 1, y: 2}\nb:\n  <<: *m\n  y: 3\n",
		  "{\"a\": {\"x\": 1, \"y\": 2}, \"b\": {\"y\": 3, \"x\": "
		  "1}}" },
		{ "b:\n  y: 3\n  <<: &m {x: 1, y: 2}\nc: *m\n",
		  "{\"b\": {\"y\": 3, \"x\": 1}, \"c\": {\"x\": 1, \"y\": "
		  "2}}" },
		{ "'<<': 1\n", "{\"<<\": 1}" },
		{ "a: >\n x\n y\n\n z\n", "{\"a\": \"x y\\nz\\n\"}" },
		{ "\"\\x41\\u00e4\\U0001F600\"",
		  "\"A\xc3\xa4\xf0\x9f\x98\x80\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		CHECK_STR(as_json(row[i].text), row[i].json);
}

TEST(yaml_values_know_their_line)
{
	AUTO(value_release) struct value *v = NULL;

	CHECK_INT(read_text("# c\na: 1\nb:\n  - x\n  - y: &k\n      z: 2\n",
			    NULL, &v),
		  0);
	CHECK_INT(v->line, 2);
	CHECK_INT(value_find(v, "a")->line, 2);
	CHECK_INT(value_find(v, "b")->line, 4);
	CHECK_INT(value_path(value_find(v, "b")->item[1], "y.z")->line, 6);
}

TEST_STARVED(yaml_read_and_write_without_memory)
{
	static const char text[] =
		"a: &x [1, 0x10, 1.5, 1:30.5, yes, ~]\n? &k b\n: *x\n"
		"c:\n  <<: {d: |\n    e\n    f\n  }\n  *k : x\n";
	AUTO(value_release) struct value *v = NULL;
	AUTO(value_release) struct value *again = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	const char *ok = "a: &x [1, 0x10, 1.5, 1:30.5, yes, ~]\n? &k b\n: *x\n"
			 "c:\n  <<: {d: \"e\\nf\"}\n  *k : x\n";

	CHECK(read_text(text, NULL, &v)); /* no blocks inside of { } */
	ENOUGH(read_text(ok, NULL, &v));
	yaml_write(v, &out);
	ENOUGH(out.err);
	ENOUGH(read_text(out.data, NULL, &again));
	CHECK(value_equal(v, again));
}

TEST(yaml_all_documents_of_a_stream)
{
	AUTO(value_release) struct value *docs = NULL;
	AUTO(value_release) struct value *doc = NULL;
	AUTO(buf_release) struct buf why = WHY_INIT;
	const char *two = "a: &x 1\n---\nb: 2\n";

	CHECK_INT(
		yaml_read_all(two, strlen(two), &yaml_spec_limits, NULL, &docs),
		0);
	CHECK_INT(docs->count, 2);
	CHECK(value_find(docs->item[1], "b"));
	CHECK_INT(read_text(two, &why, &doc), -EINVAL);
	CHECK_STR(why.data,
		  "line 2: a second document begins, only one is expected");
	value_release(&docs);
	CHECK_INT(yaml_read_all("", 0, &yaml_spec_limits, NULL, &docs), 0);
	CHECK_INT(docs->count, 0);
}

/* ---- what is refused ---- */

TEST(yaml_refuses)
{
	static const struct {
		const char *text, *why;
	} row[] = {
		{ "a: 1\nb: 2\na: 3\n", "line 3: the key a is there already" },
		{ "'1': a\n1: b\n", "line 2: the key 1 is there already" },
		{ "a: 1\n[b]: 2\n", "line 2: a key that is a list or a map" },
		{ "&a [*a]",
		  "line 1: the alias *a is inside of what it stands for" },
		{ "- *b", "line 1: no anchor &b stands before its alias" },
		{ "a: &x 1\n---\n*x\n", NULL },
		{ "- &x 1\n- {*x : 2}\n", "line 2: a key that is no string" },
		{ "<<: [{a: 1}, {b: 2}]", "line 1: << can merge one map only" },
		{ "<<: {a: 1}\n<<: {b: 2}",
		  "line 2: << can merge one map only" },
		{ "a: !!python/name:os.system x",
		  "line 1: the tag tag:yaml.org,2002:python/name:os.system is "
		  "not known here" },
		{ "!x {}", "line 1: the tag !x is not known here" },
		{ "!!set {a}", NULL },
		{ "\n!!int x", "line 2: this is no !!int" },
		{ "!!float x", "line 1: this is no !!float" },
		{ "!!bool 1", "line 1: this is no !!bool" },
		{ "0x_", "line 1: a number without digits, or with too many" },
		{ "\"a\\0b\"", "line 1: a string with a NUL in it" },
		{ "? \"a\\0b\"\n", "line 1: a string with a NUL in it" },
		{ "a:\n\tb: 1\n", NULL },
		{ "a: b: c\n", NULL },
		{ "a: [1\nb: 2\n", NULL },
		{ "a: 'b\n", NULL },
		{ "x\n\xff\n", "line 2: invalid leading UTF-8 octet" },
		{ "x\n\n\x01\n", "line 3: control characters are not allowed" },
		{ "%FOO\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(value_release) struct value *v = NULL;

		CHECK_INT(read_text(row[i].text, &why, &v), -EINVAL);
		CHECK(!strncmp(why.data, "line ", 5));
		if (row[i].why)
			CHECK_STR(why.data, row[i].why);
	}
}

TEST(yaml_says_where_a_broken_map_began)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *v = NULL;

	CHECK_INT(read_text("a: 1\nb: 2\n c: 3\n", &why, &v), -EINVAL);
	CHECK_STR(why.data, "line 3: mapping values are not allowed in this "
			    "context");
	buf_clear(&why);
	CHECK_INT(read_text("a: 1\n- b\n", &why, &v), -EINVAL);
	CHECK_STR(why.data, "line 2: did not find expected key (while parsing "
			    "a block mapping that begins on line 1)");
}

/* ---- limits ---- */

TEST(yaml_limits_are_exact)
{
	static const struct yaml_limits small = { 40, 3, 16 };
	static const struct {
		const char *text;
		int err;
	} row[] = {
		{ "[[[1]]]", 0 },
		{ "[[[[1]]]]", -EFBIG },
		{ "- &a [[x]]\n- *a", 0 },
		{ "- &a [[x]]\n- [*a]", -EFBIG },
		/* stream, document and list take 6 of them, ends included */
		{ "[1,2,3,4,5,6,7,8,9,0]", 0 },
		{ "[1,2,3,4,5,6,7,8,9,0,1]", -EFBIG },
		{ "[&a [1,2],*a,3,4]", 0 },
		{ "[&a [1,2],*a,3,4,5]", -EFBIG },
		{ "                                        ", 0 },
		{ "                                         ", -EFBIG },
		{ "[&a aaaaaaaaaaaaaaaa,*a,*a]", 0 },
		{ "[&a aaaaaaaaaaaaaaaa,*a,*a,*a]", -EFBIG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(value_release) struct value *v = NULL;

		CHECK_INT(yaml_read(row[i].text, strlen(row[i].text), &small,
				    NULL, &v),
			  row[i].err);
	}
}

static char *repeated(const char *head, const char *text, size_t len)
{
	AUTO(buf_release) struct buf b = BUF_INIT(BUF_MAX);

	buf_puts(&b, head);
	while (b.len + strlen(text) <= len)
		buf_puts(&b, text);
	return buf_take(&b);
}

/* The processor's time, so that it does not matter what else it has to do. */
static int64_t worked(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return clock_from_timespec(&t);
}

/* Each of 1 MiB: read or refused, but never slow. */
TEST(yaml_hostile_texts_take_no_time)
{
	static const struct {
		const char *head, *text;
		bool ok;
	} row[] = {
		{ "", "[", false },
		{ "", "{", false },
		{ "", "- ", false },
		{ "", "? ", false },
		{ "", "[?", false },
		{ "", "&a ", false },
		{ "", "&a", false },
		{ "", "a", true },
		{ "", "a ", true },
		{ "'", "a\n", false },
		{ "", "#", true },
		{ "", "\n", true },
		{ "[", "a,", false },
		{ "[", "a", false },
		{ "{", "a: ", false },
		{ "- ", "- &a a\n", false },
		{ "", "? a\n", false },
		{ "", "--- a\n", false },
		{ "", "%TAG !a! x\n", false },
		{ "", "%TAG !a! x\r", false },
		{ "", "\xe2\x80\xa8%TAG !a! x", false },
		{ "|\n", " %TAG\n", true },
		{ "", "%YAML 1.1\n", false },
		{ "", "%x y\n", false },
		{ "!", "a", false },
		{ "!<", "%41", false },
		{ "|", "\n ", true },
		{ "|", "\n", true },
		{ "\"", "\\x41", false },
		{ "*", "a", false },
		{ "", "\t", false },
		{ "0x", "f", false },
		{ "", "1_", true },
		{ "", "1:1:", false },
		{ "- &a ", "[*a]", false },
		{ "[[[[[[[[", "[[[[]],", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(free_text)
		char *text = repeated(row[i].head, row[i].text, 1 << 20);
		AUTO(value_release) struct value *v = NULL;
		int64_t began = worked();
		int err = read_text(text, NULL, &v);

		CHECK(row[i].ok == !err);
		if (worked() - began > 10 * NS_PER_S)
			unit_fail(__FILE__, __LINE__, "slow: %s %s",
				  row[i].head, row[i].text);
	}
}

/* Nanoseconds of the processor for so many rows. */
static void work_for(const char *row, int count, int64_t *ret_work)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *v = NULL;
	int64_t began;

	for (int n = 0; n < count; n++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_addf(&text, row, n);
#pragma GCC diagnostic pop
	}
	began = worked();
	CHECK_INT(read_text(text.data, NULL, &v), 0);
	*ret_work = worked() - began;
}

/* Numbers to be converted, keys to be compared, anchors to be found: eight
 * times as many are eight times the work, and not 64 times. */
TEST(yaml_many_of_what_is_searched)
{
	static const char *const row[] = {
		"k%06d: 1\n",
		"- &a%06d x\n",
		"- 0xffffffffffffffffffffffffffffffffffffffff%06d\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		int64_t few = 0, many = 0;

		work_for(row[i], 2500, &few);
		work_for(row[i], 20000, &many);
		CHECK(many > 0);
		CHECK(many < 24 * few + 20 * NS_PER_MS);
	}
}

TEST(yaml_bombs)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *v = NULL;

	buf_puts(&text, "- &a0 [lol]\n");
	for (int i = 1; i < 12; i++) {
		buf_addf(&text, "- &a%d [", i);
		for (int n = 0; n < 9; n++)
			buf_addf(&text, "*a%d,", i - 1);
		buf_puts(&text, "]\n");
	}
	CHECK_INT(read_text(text.data, &why, &v), -EFBIG);
	CHECK(strstr(why.data, "more than 50000 values"));
	buf_clear(&why);
	buf_clear(&text);
	buf_puts(&text, "- &a ");
	for (int i = 0; i < 500000; i++)
		buf_putc(&text, 'x');
	for (int i = 0; i < 20000; i++)
		buf_puts(&text, "\n- *a");
	CHECK_INT(read_text(text.data, &why, &v), -EFBIG);
	CHECK_STR(why.data, "line 4: aliases repeat more than 1048576 bytes");
}

/* ---- what is written ---- */

static struct value *map_of(const char *key, struct value *take_v)
{
	struct value *map = value_new_map();

	return value_set(map, key, take_v) ? NULL : map;
}

TEST(yaml_writes_as_a_person_would)
{
	AUTO(value_release) struct value *v = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	const char *text = "name: Max's model\n"
			   "version: 1.0.0\n"
			   "'1': '1'\n"
			   "date: '2020-01-02'\n"
			   "none: null\n"
			   "on it: true\n"
			   "args:\n"
			   "  - --model\n"
			   "  - '- x'\n"
			   "  - a: 1\n"
			   "    b: 1.50\n"
			   "  - - x\n"
			   "    - []\n"
			   "script: |\n"
			   "  echo \"a\"\n"
			   "\n"
			   "    indented\n"
			   "tail: |-\n"
			   "  a\n"
			   "  b\n"
			   "kept: |+\n"
			   "  a\n"
			   "\n"
			   "led: |2\n"
			   "   a\n"
			   "empty: {}\n"
			   "url: https://example.org/a#b\n"
			   "hash: 'a #b'\n"
			   "both: \"it's 'a': b\"\n"
			   "tab: \"a\\tb\"\n"
			   "'yes': 'no'\n"
			   "'n': '1e3'\n";

	CHECK_INT(read_text(text, NULL, &v), 0);
	yaml_write(v, &out);
	CHECK_INT(out.err, 0);
	CHECK_STR(out.data, text);
}

static int check_round(const struct value *v)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *again = NULL;
	int err;

	yaml_write(v, &out);
	err = yaml_read(out.data, out.len, &yaml_spec_limits, &why, &again);
	if (err || !value_equal(v, again)) {
		unit_fail(__FILE__, __LINE__, "not read back: %s\n%s", why.data,
			  out.data);
		return -1;
	}
	return 0;
}

/* Pieces of texts that are special somewhere in YAML, put together. */
static void put_random_text(struct buf *b)
{
	static const char *const piece[] = {
		"a",
		" ",
		"\n",
		":",
		"#",
		"-",
		"?",
		"'",
		"\"",
		"\\",
		"\t",
		",",
		"[",
		"]",
		"{",
		"}",
		"&",
		"*",
		"!",
		"|",
		">",
		"%",
		"@",
		"`",
		"---",
		"...",
		"~",
		"0",
		"1",
		"e",
		".",
		"_",
		"yes",
		"null",
		"<<",
		"=",
		"\n\n",
		"  ",
		": ",
		" #",
		"\xc3\xa4",
		"\xc2\x85",
		"\xe2\x80\xa8",
		"\xef\xbb\xbf",
		"\xf0\x9f\x98\x80",
		"\r",
		"\x01",
		"\x7f",
		"\xc2\xa0",
		"\xef\xbf\xbf",
		"x",
		"0x",
		"+",
	};
	int count = rand() % 7;

	while (count--)
		buf_puts(b, piece[(size_t)rand() % ARRAY_SIZE(piece)]);
	if (rand() % 200 == 0)
		for (int i = 0; i < 300; i++)
			buf_puts(b, "long ");
}

static struct value *random_scalar(void)
{
	static const char *const real[] = { "1e5",   "1E-7", "-0.0",	"1.10",
					    "2.5e3", "0.1",  "1.0e+400" };
	static const char *const whole[] = { "0", "-0", "17", "-5",
					     "9007199254740993" };
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

	switch (rand() % 8) {
	case 0:
		return value_new_null();
	case 1:
		return value_new_bool(rand() % 2);
	case 2:
		return value_new_number(
			VALUE_INT, whole[(size_t)rand() % ARRAY_SIZE(whole)]);
	case 3:
		return value_new_number(
			VALUE_REAL, real[(size_t)rand() % ARRAY_SIZE(real)]);
	default:
		put_random_text(&text);
		return value_new_string(text.data);
	}
}

static struct value *random_value(int depth)
{
	bool is_list = rand() % 2;
	struct value *v;

	if (depth <= 0 || rand() % 3 == 0)
		return random_scalar();
	v = is_list ? value_new_list() : value_new_map();
	for (int i = rand() % 4; i > 0; i--) {
		AUTO(buf_release) struct buf key = BUF_INIT(BUF_MAX);

		put_random_text(&key);
		if (is_list)
			value_add(v, random_value(depth - 1));
		else
			value_set(v, key.data, random_value(depth - 1));
	}
	return v;
}

TEST(yaml_reads_back_what_it_writes)
{
	srand(1);
	for (int i = 0; i < 30000; i++) {
		AUTO(value_release) struct value *v = random_value(i % 5);

		if (check_round(v)) {
			printf("round %d\n", i);
			return;
		}
	}
}

TEST(yaml_reads_back_hard_strings)
{
	static const char *const row[] = {
		"",	   "\n",       "\n\n",	   " \n",	  "\n ",
		"a\n",	   "a\n\n",    "a\nb",	   " a\nb\n",	  "\na\n",
		"\n a\n",  "\ta\nb",   "a\n\tb",   "a\n  ",	  "a\n  \n",
		"a \nb ",  "   \na",   "a\n---\n", "a\n...\n",	  "a\n# b\n",
		"a: b\nc", "- a\n- b", "a\r\nb",   "\xc2\x85\na",
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(value_release) struct value *v = value_new_string(row[i]);
		AUTO(value_release) struct value *nested = value_new_list();

		CHECK(!check_round(v));
		value_add(nested, map_of(row[i], value_copy(v)));
		value_add(nested, value_copy(v));
		value_add(nested, map_of("k", value_copy(nested)));
		CHECK(!check_round(nested));
	}
}

TEST(yaml_writes_what_is_no_utf8_as_a_question)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	AUTO(value_release)
	struct value *v = value_new_string("a\xff"
					   "b");

	yaml_write(v, &out);
	CHECK_STR(out.data, "\"a\\ufffdb\"\n");
}

/* ---- beside PyYAML ---- */

/* What PyYAML makes of FILE against the JSON that this reader made of it. Keys
 * are compared by the text that they were written with, as they are kept. */
static const char compare[] =
	"import json, sys, yaml, datetime\n"
	"class L(yaml.FullLoader): pass\n"
	"L.add_constructor('tag:yaml.org,2002:timestamp',\n"
	"                  lambda l, n: n.value)\n"
	"L.add_constructor('tag:yaml.org,2002:value', lambda l, n: n.value)\n"
	"def mapping(l, n):\n"
	"    l.flatten_mapping(n)\n"
	"    return {k.value: l.construct_object(v, deep=True)\n"
	"            for k, v in n.value}\n"
	"L.add_constructor('tag:yaml.org,2002:map', mapping)\n"
	"for name in sys.argv[1:]:\n"
	"    a = list(yaml.load_all(open(name, 'rb'), L))\n"
	"    b = json.load(open(name + '.json'))\n"
	"    if a != b or json.dumps(a, sort_keys=True) != "
	"json.dumps(b, sort_keys=True):\n"
	"        print(name, a, b, sep='\\n')\n"
	"        sys.exit(1)\n";

static bool have_pyyaml(void)
{
	if (!system("python3 -c 'import yaml' 2>/dev/null"))
		return true;
	unit_skip("python3 has no yaml module");
	return false;
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static int run_compare(const char *dir)
{
	char command[700];

	write_file(dir, "compare.py", compare);
	snprintf(command, sizeof(command),
		 "cd %s && ls | grep 'yaml$' | xargs python3 compare.py", dir);
	return system(command);
}

static int write_both(const char *dir, int n, const char *text,
		      const struct value *docs)
{
	AUTO(buf_release) struct buf json = BUF_INIT(BUF_MAX);
	char name[40];

	json_write(docs, &json);
	snprintf(name, sizeof(name), "%d.yaml", n);
	write_file(dir, name, text);
	strcat(name, ".json");
	write_file(dir, name, json.data);
	return json.err;
}

TEST(yaml_writes_what_pyyaml_reads)
{
	const char *dir = unit_dir();

	if (!have_pyyaml())
		return;
	srand(2);
	for (int i = 0; i < 1000; i++) {
		AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
		AUTO(value_release) struct value *docs = value_new_list();

		value_add(docs, random_value(3));
		yaml_write(docs->item[0], &text);
		CHECK_INT(write_both(dir, i, text.data, docs), 0);
	}
	CHECK_INT(run_compare(dir), 0);
}

static struct {
	const char *dir;
	int count, failed;
} corpus;

static int copy_one(const char *path, const struct stat *s, int type,
		    struct FTW *ftw)
{
	AUTO(free_text) char *text = NULL;
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *docs = NULL;
	size_t len;

	(void)s, (void)ftw;
	if (type != FTW_F ||
	    (!name_has_suffix(path, ".yaml") && !name_has_suffix(path, ".yml")))
		return 0;
	text = unit_read_file(path, &len);
	if (yaml_read_all(text, len, &yaml_spec_limits, &why, &docs)) {
		printf("%s: %s\n", path, why.data);
		corpus.failed++;
		return 0;
	}
	corpus.failed += check_round(docs) != 0;
	write_both(corpus.dir, corpus.count++, text, docs);
	return 0;
}

static void compare_corpus(const char *name)
{
	char path[4096];

	if (!unit_shared(name)) {
		unit_skip("no folder of samples beside the project");
		return;
	}
	strcpy(path, unit_shared(name));
	corpus.dir = unit_dir();
	corpus.count = corpus.failed = 0;
	nftw(path, copy_one, 16, FTW_PHYS);
	printf("%d files of %s\n", corpus.count, name);
	CHECK(corpus.count > 0);
	CHECK_INT(corpus.failed, 0);
	if (have_pyyaml())
		CHECK_INT(run_compare(corpus.dir), 0);
}

TEST(yaml_reads_the_catalog_as_pyyaml_does)
{
	compare_corpus("katalog");
}

TEST(yaml_reads_pipelines_as_pyyaml_does)
{
	compare_corpus("corpus/kfp-ir");
}
