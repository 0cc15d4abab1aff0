// SPDX-License-Identifier: Apache-2.0
#include "pipeline_util.h"

static const char echo[] =
	"name: Say It\n"
	"description: says\n"
	"inputs:\n"
	"- {name: Text In, default: hi}\n"
	"- {name: n, type: Integer, default: '5', description: times}\n"
	"- {name: opt, type: String, optional: true}\n"
	"- {name: flag, type: Bool, default: 'False'}\n"
	"- {name: file}\n"
	"- {name: data, type: {Dataset: {format: CSV}}}\n"
	"- {name: conf, type: JsonObject, default: '{\"a\": 1}'}\n"
	"outputs:\n"
	"- {name: Out Put}\n"
	"- {name: m, type: Model}\n"
	"implementation:\n"
	"  container:\n"
	"    image: alpine:3\n"
	"    command: [sh, -c, 'cat \"$0\"', {inputPath: file}]\n"
	"    args:\n"
	"    - {inputValue: Text In}\n"
	"    - 7\n"
	"    - {concat: ['a=', {inputValue: n}, {inputValue: conf}]}\n"
	"    - {if: {cond: {isPresent: opt}, then: [--o, {inputValue: opt}],\n"
	"            else: [--none]}}\n"
	"    - {if: {cond: {inputValue: flag}, then: --flag}}\n"
	"    - {if: {cond: true, then: [yes-it-is]}}\n"
	"    - {inputPath: data}\n"
	"    - {outputPath: Out Put}\n"
	"    - {outputPath: m}\n"
	"    env: {KEY: value, N: {inputValue: n}}\n";

TEST_STARVED(component_becomes_a_pipeline_of_one_task)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const struct task *t;
	const struct param *in;
	int err = read_yaml(echo, &why, &p);

	if (err && err != -ENOMEM)
		puts(why.data);
	ENOUGH(err);
	CHECK_STR(p.name, "Say It");
	CHECK_STR(p.description, "says");
	CHECK_INT(p.tasks_count, 1);
	t = &p.tasks[0];
	CHECK_STR(t->name, "say-it");
	CHECK_STR(t->title, "Say It");
	CHECK(!t->missing_output_fails);
	CHECK_INT(t->steps_count, 1);
	put_args(t->steps[0].command, t->steps[0].command_count, &text);
	buf_putc(&text, '|');
	put_args(t->steps[0].args, t->steps[0].args_count, &text);
	ENOUGH(text.err);
	CHECK_STR(text.data, "sh -c cat \"$0\" <inpath file>|<param Text In> 7 "
			     "concat(a= <param n> <param conf>) "
			     "if opt(--o <param opt>)else(--none) "
			     "if flag!(--flag) yes-it-is <inpath data> "
			     "<outpath Out Put> <outpath m>");
	in = param_find(p.params, p.params_count, "n");
	CHECK(in && in->type == TYPE_INTEGER);
	CHECK_STR(in->fallback->text, "5");
	CHECK_STR(in->description, "times");
	in = param_find(p.params, p.params_count, "flag");
	CHECK(in->type == TYPE_BOOLEAN && !in->fallback->truth);
	in = param_find(p.params, p.params_count, "file");
	CHECK(in->type == TYPE_STRING && !in->fallback);
	in = param_find(p.params, p.params_count, "data");
	CHECK(in->type == TYPE_ARTIFACT);
	CHECK_STR(in->schema, "system.Dataset");
	in = param_find(p.params, p.params_count, "conf");
	CHECK(in->type == TYPE_STRUCT && in->fallback->count == 1);
	CHECK(param_find(p.params, p.params_count, "opt")->optional);
	CHECK_INT(t->outputs[0].type, TYPE_STRING);
	CHECK_INT(t->outputs[1].type, TYPE_ARTIFACT);
	CHECK_INT(p.outputs_count, 2);
	CHECK_STR(t->steps[0].env[0].name, "KEY");
	CHECK_INT(t->bindings_count, 7);
}

TEST(component_file_outputs_are_copied_by_a_step)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const char *yaml = "name: a\n"
			   "outputs: [{name: data, type: String}]\n"
			   "implementation: {container: {image: i,\n"
			   "  command: [x], fileOutputs: {data: /tmp/o}}}\n";

	CHECK_INT(read_yaml(yaml, NULL, &p), 0);
	CHECK(p.tasks[0].missing_output_fails);
	CHECK_INT(p.tasks[0].steps_count, 2);
	put_args(p.tasks[0].steps[1].args, p.tasks[0].steps[1].args_count,
		 &text);
	CHECK_STR(text.data, "/tmp/o <outpath data>");
}

TEST(component_refusals_say_where_and_what)
{
	static const struct {
		const char *yaml;
		int err;
		const char *why; /* part of the sentence */
	} cases[] = {
		{ "implementation: {container: {image: i}}\n", -EINVAL,
		  "no name" },
		{ "name: <Name>\nimplementation: {container: {image: i}}\n",
		  -EINVAL, "line 1: name: \"<Name>\" is a template" },
		{ "name: a\nimplementation: {container: {image: <i>}}\n",
		  -EINVAL, "placeholder" },
		{ "name: a\nimplementation: {container: {command: []}}\n",
		  -EINVAL, "the container has no image" },
		{ "name: a\nimplementation:\n  container:\n    image: i\n"
		  "    command: sh\n",
		  -EINVAL, "line 5: command: expected a list" },
		{ "name: a\nimplementation: {graph: {tasks: {}}}\n",
		  -EOPNOTSUPP, "graphs" },
		{ "name: a\nimplementation: {container: {image: i, args: [\n"
		  "  {inputValue: b}]}}\n",
		  -EINVAL, "line 3: the component has no input \"b\"" },
		{ "name: a\nimplementation: {container: {image: i, args: [\n"
		  "  {outputPath: b}]}}\n",
		  -EINVAL, "no output \"b\"" },
		{ "name: a\nimplementation: {container: {image: i, args: [\n"
		  "  {executorInput: b}]}}\n",
		  -EOPNOTSUPP, "executorInput" },
		{ "name: a\nimplementation: {container: {image: i, args: [\n"
		  "  {inputvalue: b}]}}\n",
		  -EINVAL, "no placeholder \"inputvalue\"" },
		{ "name: a\ninputs: [{name: x}, {name: x}]\n"
		  "implementation: {container: {image: i}}\n",
		  -EINVAL, "twice" },
		{ "name: a\ninputs: [{name: x, type: Integer, default: y}]\n"
		  "implementation: {container: {image: i}}\n",
		  -EINVAL, "default of input x: expected an integer" },
		{ "name: a\nimplementation: {container: {image: i, args: [\n"
		  "  [b]]}}\n",
		  -EINVAL, "expected a word" },
		{ "name: a\ninputs: [{name: a/b}]\n"
		  "implementation: {container: {image: i}}\n",
		  -EINVAL, "\"a/b\" cannot be the name" },
		{ "name: a\nimplementation: {container: {image: i}}\n---\n"
		  "name: b\n",
		  -EINVAL, "one document" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		CHECK_INT(read_yaml(cases[i].yaml, &why, &p), cases[i].err);
		if (!strstr(why.data, cases[i].why))
			CHECK_STR(why.data, cases[i].why);
		CHECK(!p.tasks && !p.name);
	}
}

TEST(component_samples_are_read)
{
	static const char *const names[] = {
		"create-secret",	 "dax-to-dlf",	 "dlf", "echo",
		"kube-model-deployment", "model-config",
	};
#define SAMPLE "katalog/component-samples/%s/component.yaml"
	const char *template;

	if (!unit_shared("katalog")) {
		unit_skip("no katalog samples here");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;
		char path[256];

		snprintf(path, sizeof(path), SAMPLE, names[i]);
		if (read_file(unit_shared(path), &why, &p))
			CHECK_STR(why.data, names[i]);
		CHECK_INT(p.tasks_count, 1);
		CHECK_INT(p.tasks[0].steps_count, 1);
	}
	template = unit_shared("katalog/component-samples/template.yaml");
	for (int once = 1; once--;) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		CHECK_INT(read_file(template, &why, &p), -EINVAL);
		CHECK(strstr(why.data, "<Component Name>"));
	}
}
