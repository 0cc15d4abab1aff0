// SPDX-License-Identifier: Apache-2.0
#include "../../src/pipeline/literal.h"
#include "pipeline_util.h"

/* one after another, each compared as JSON */
TEST(literals_of_python_are_values)
{
	static const struct {
		const char *source, *json; /* json NULL: left out */
	} cases[] = {
		{ "x = 5", "5" },
		{ "x = -5", "-5" },
		{ "x = 1_000", "1000" },
		{ "x = 0xff", "255" },
		{ "x = 0b101", "5" },
		{ "x = 0o17", "15" },
		{ "x = 00", "0" },
		{ "x = 123456789012345678901234567890",
		  "123456789012345678901234567890" },
		{ "x = 1.5", "1.5" },
		{ "x = .5", "0.5" },
		{ "x = 5.", "5.0" },
		{ "x = -1e-3", "-0.001" },
		{ "x = 'a\"b'", "\"a\\\"b\"" },
		{ "x = \"it's\"", "\"it's\"" },
		{ "x = 'a\\n\\x41\\u00e9\\101\\q'", "\"a\\nA\\u00e9A\\\\q\"" },
		{ "x = r'a\\n'", "\"a\\\\n\"" },
		{ "x = '''a\nb'''", "\"a\\nb\"" },
		{ "x = 'a' \"b\"", "\"ab\"" },
		{ "x = ('a'\n  'b')", "\"ab\"" },
		{ "x = True # yes", "true" },
		{ "x = None", "null" },
		{ "x = [1, 'a', [],\n (1, 2), (3,), ()]",
		  "[1, \"a\", [], [1, 2], [3], []]" },
		{ "x = {'a': {'b': [1,]}, \"c\": None}",
		  "{\"a\": {\"b\": [1]}, \"c\": null}" },
		{ "x: int = 5", "5" },
		{ "x: 'List[int]' = [1]", "[1]" },
		{ "x = 1; y = 2", "1" },
		{ "x = 1\nx = 2", "2" },
		{ "x = 1 \\\n", "1" },
		{ "x = 1\nx = f()", NULL },
		{ "x = 1 + 1", NULL },
		{ "x == 1", NULL },
		{ "x += 1", NULL },
		{ "  x = 1", NULL },
		{ "x = y = 1", NULL },
		{ "x = f'a'", NULL },
		{ "x = b'a'", NULL },
		{ "x = 1j", NULL },
		{ "x = 017", NULL },
		{ "x = 1_", NULL },
		{ "\"\"\"\nx = 1\n\"\"\"\n", NULL },
		{ "y = '''\nx = 1\n'''", NULL },
		{ "x = [1 2]", NULL },
		{ "x = [1, ,]", NULL },
		{ "x = {1: 2}", NULL },
		{ "x = {'a'}", NULL },
		{ "x = 'a", NULL },
		{ "x = '\\x00'", NULL },
		{ "x = '\\ud800'", NULL },
		{ "x = Truely", NULL },
		{ "x = 1e999", NULL },
		{ "x = ", NULL },
		{ "x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(value_release) struct value *map = value_new_map();
		AUTO(value_release) struct value *want = NULL;
		AUTO(buf_release) struct buf got = BUF_INIT(4096);
		AUTO(buf_release) struct buf json = BUF_INIT(4096);
		struct value *x;

		CHECK_INT(literals_read(cases[i].source, map), 0);
		x = value_find(map, "x");
		if (!cases[i].json) {
			if (x)
				CHECK_STR(cases[i].source, "left out");
			continue;
		}
		want = json_from(cases[i].json);
		CHECK(want);
		json_write_line(want, &json);
		if (!x)
			CHECK_STR(cases[i].source, "read");
		json_write_line(x, &got);
		CHECK_STR(got.data, json.data);
	}
}

static const char book[] =
	"{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": "
	"{\"kernelspec\": "
	"{\"display_name\": \"Python 3\", \"language\": \"python\", \"name\": "
	"\"python3\"}}, \"cells\": [{\"cell_type\": \"markdown\", \"source\": "
	"[\"# My Title\\n\", \"text\"]}, {\"cell_type\": \"code\", "
	"\"metadata\": "
	"{\"tags\": [\"parameters\"]}, \"source\": [\"epochs = 5 # n\\n\", "
	"\"rate: float = 0.1\\n\", \"names = ['a', \\\"b\\\"]\\n\", \"where = "
	"None\\n\", \"now = time.time()\"]}]}";

TEST_STARVED(notebook_has_the_parameters_of_its_cell)
{
	AUTO(value_release) struct value *doc = NULL;
	AUTO(pipeline_release) struct pipeline p = { 0 };

	ENOUGH(json_read(book, strlen(book), 1 << 20, NULL, &doc));
	ENOUGH(notebook_read(doc, NULL, &p));
	CHECK_STR(p.name, "My Title");
	CHECK_STR(p.description,
		  "A notebook in python, for the kernel Python 3");
	CHECK_INT(p.tasks[0].type, TASK_NOTEBOOK);
	CHECK_INT(p.params_count, 4);
	CHECK_INT(p.params[0].type, TYPE_INTEGER);
	CHECK_INT(p.params[1].type, TYPE_REAL);
	CHECK_INT(p.params[2].fallback->count, 2);
	CHECK(p.params[3].optional && !p.params[3].fallback);
	CHECK_INT(p.tasks[0].bindings_count, 4);
}

TEST(notebook_of_other_versions_is_refused)
{
	static const struct {
		const char *json;
		int err;
	} cases[] = {
		{ "{\"nbformat\": 3, \"worksheets\": []}", -EOPNOTSUPP },
		{ "{\"nbformat\": 4}", -EINVAL },
		{ "{\"nbformat\": 4, \"cells\": {}}", -EINVAL },
		{ "{\"cells\": []}", -EINVAL },
		{ "[]", -EINVAL },
		{ "{\"nbformat\": 4, \"cells\": [1, {\"source\": 5}]}", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(value_release)
		struct value *doc = json_from(cases[i].json);
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		CHECK(doc);
		CHECK_INT(notebook_read(doc, &why, &p), cases[i].err);
		CHECK_INT(why.len > 0, cases[i].err < 0);
	}
}

TEST(notebook_samples_are_read)
{
	static const char *const names[] = {
		"dlf-notebooks/JFK_Data", "codenet/Project_CodeNet_MLM",
		"codenet/Project_CodeNet_LangClass",
		"notebook-yaml-samples/sklearn"
	};

	if (!unit_shared("katalog")) {
		unit_skip("no katalog samples here");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(value_release) struct value *doc = NULL;
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(free_text) char *text = NULL;
		char path[256];
		size_t len;

		snprintf(path, sizeof(path),
			 "katalog/notebook-samples/src/%s.ipynb", names[i]);
		text = unit_read_file(unit_shared(path), &len);
		CHECK(text);
		CHECK_INT(json_read(text, len, 32 << 20, &why, &doc), 0);
		CHECK_INT(notebook_read(doc, &why, &p), 0);
		CHECK(p.name && p.description);
	}
}
