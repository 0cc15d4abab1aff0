// SPDX-License-Identifier: Apache-2.0
/*
 * The Python that is written for Kubeflow Pipelines, compiled by the real SDK
 * where it is installed: ${MLXFS_VENVS:-/var/tmp/mlxfs-venvs}/kfp.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline_util.h"

extern char **environ;

/* Compiles each *.py of a folder in one process (importing kfp takes a second)
 * to *.yaml, and tells what went wrong. */
static const char driver[] =
	"import glob, os, runpy, sys, traceback\n"
	"bad = 0\n"
	"for path in sorted(glob.glob(os.path.join(sys.argv[1], '*.py'))):\n"
	"    sys.argv = [path, path[:-3] + '.yaml']\n"
	"    try:\n"
	"        runpy.run_path(path, run_name='__main__')\n"
	"    except BaseException:\n"
	"        print('==', path)\n"
	"        print(open(path).read())\n"
	"        traceback.print_exc(limit=-1, file=sys.stdout)\n"
	"        bad = 1\n"
	"sys.exit(bad)\n";

/* What is asked of an interpreter, 0 when it is content. */
static int ask_python(const char *python, const char *program, const char *arg)
{
	char *argv[] = { (char *)python,
			 (char *)"-W",
			 (char *)"ignore",
			 (char *)"-c",
			 (char *)program,
			 (char *)arg,
			 NULL };
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if (posix_spawnp(&pid, python, NULL, NULL, argv, environ))
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The interpreter of the environment with kfp, or NULL. */
static const char *kfp_python(void)
{
	static char path[4096];
	const char *venvs = getenv("MLXFS_VENVS");

	snprintf(path, sizeof(path), "%s/kfp/bin/python",
		 venvs ? venvs : "/var/tmp/mlxfs-venvs");
	return access(path, X_OK) ? NULL : path;
}

static int put_file(const char *dir, const char *name, const struct buf *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fwrite(text->data, 1, text->len, f);
	return fclose(f) ? -errno : 0;
}

/* Code for a document, as NAME.py in a folder. */
static int put_code(const char *dir, const char *name, const char *yaml,
		    struct buf *why)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	char file[256];
	int err = read_yaml(yaml, why, &p);

	if (!err)
		err = kfp_python_write(&p, &code, why);
	snprintf(file, sizeof(file), "%s.py", name);
	return err ? err : put_file(dir, file, &code);
}

static int put_code_of_file(const char *dir, const char *name, const char *path,
			    struct buf *why)
{
	size_t len;
	AUTO(free_text) char *text = unit_read_file(path, &len);

	return text ? put_code(dir, name, text, why) : -ENOENT;
}

/* ---- the samples ---- */

static int put_samples(const char *dir, struct buf *why)
{
	static const char *const samples[] = {
		"component-samples/create-secret/component.yaml",
		"component-samples/dax-to-dlf/component.yaml",
		"component-samples/dlf/component.yaml",
		"component-samples/echo/component.yaml",
		"component-samples/kube-model-deployment/component.yaml",
		"component-samples/model-config/component.yaml",
		"pipeline-samples/calculation-pipeline.yaml",
		"pipeline-samples/flip-coin-pipeline.yaml",
		"pipeline-samples/katib-pipeline.yaml",
		"pipeline-samples/nested-pipeline.yaml",
		"pipeline-samples/trusted-ai-pipeline.yaml",
		"pipeline-samples/wml-pipeline.yaml",
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(samples) && !err; i++) {
		char path[256], name[32];

		snprintf(path, sizeof(path), "katalog/%s", samples[i]);
		snprintf(name, sizeof(name), "s%02zu", i);
		err = put_code_of_file(dir, name, unit_shared(path), why);
		if (err)
			puts(samples[i]);
	}
	return err;
}

TEST(kfp_compiles_the_samples)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	const char *dir = unit_dir();

	if (!unit_shared("katalog")) {
		unit_skip("no katalog samples here");
		return;
	}
	if (put_samples(dir, &why))
		CHECK_STR(why.data, "");
	if (!kfp_python()) {
		unit_skip("no kfp in $MLXFS_VENVS/kfp");
		return;
	}
	CHECK_INT(ask_python(kfp_python(), driver, dir), 0);
}

/* ---- literals ---- */

static const char *const nasty[] = {
	"",
	"plain",
	"it's",
	"\"double\"",
	"back\\slash\\'",
	"\\",
	"line\nline\r\n\ttab",
	"'''triple\"\"\"",
	"\x01\x1b[31m\x7f",
	"caf\xc3\xa9 \xe3\x83\x87\xe3\x83\xbc\xe3\x82\xbf \xf0\x9f\x90\xb3",
	"\xe2\x80\xaereversed\xe2\x80\xac", /* bidirectional override */
	"\xe2\x80\xa8 line separator",
	"{braces} %s ${x} $(y) {{$.inputs}}",
	"# no comment",
	"\\N{BULLET} \\x41 \\u0041",
};

static int put_literals(const char *dir)
{
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf json = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *list = value_new_list();
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(nasty) && !err; i++)
		err = value_add(list, value_new_string(nasty[i]));
	if (err)
		return err;
	python_put_value(list, &code);
	json_write(list, &json);
	err = put_file(dir, "list.txt", &code);
	return err ? err : put_file(dir, "list.json", &json);
}

TEST(kfp_literals_are_what_python_reads)
{
	static const char program[] =
		"import ast, json, sys\n"
		"source = open(sys.argv[1] + '/list.txt', newline='').read()\n"
		"want = json.load(open(sys.argv[1] + '/list.json'))\n"
		"got = ast.literal_eval(source)\n"
		"assert '\\n' not in source and '\\u202e' not in source\n"
		"assert got == want, (got, want)\n";
	const char *dir = unit_dir();
	AUTO(buf_release) struct buf text = BUF_INIT(64);

	python_put_string(NULL, &text);
	CHECK_STR(text.data, "None");
	buf_clear(&text);
	python_put_string("a\xff"
			  "b",
			  &text);
	CHECK_STR(text.data, "'a\\ufffdb'");
	CHECK_INT(put_literals(dir), 0);
	if (ask_python("python3", "pass", "")) {
		unit_skip("no python3");
		return;
	}
	CHECK_INT(ask_python("python3", program, dir), 0);
}

TEST(kfp_identifiers_are_fit_for_python)
{
	static const struct {
		const char *name, *id;
	} cases[] = {
		{ "input_text", "input_text" },
		{ "DAX YAML", "dax_yaml" },
		{ "  --x--  ", "x" },
		{ "class", "class_" },
		{ "Class", "class_" },
		{ "str", "str_" },
		{ "dsl", "dsl_" },
		{ "pipeline", "pipeline_" },
		{ "1st", "n1st" },
		{ "__init__", "init" },
		{ "\xe3\x83\x87\xe3\x83\xbc\xe3\x82\xbf", "n" },
		{ "\xc3\x9cn\xc3\xafx", "n_x" },
		{ "a\nb;import os", "a_b_import_os" },
		{ "", "n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_release) struct buf id = BUF_INIT(256);

		python_put_identifier(cases[i].name, &id);
		CHECK_STR(id.data, cases[i].id);
	}
}

/* ---- what broke the generator of MLX, and worse ---- */

/* A component with inputs that are each a trap. NAME.json says what the
 * compiled pipeline must have: its description and its defaults in order. */
static const char hostile[] =
	"name: \"Bob's \\\"best\\\" \\\\ caf\\u00e9\\nimport os\"\n"
	"description: \"line 1\\nline 2 \\\"\\\"\\\" ''' \\\\\\n# x\\r\\n\"\n"
	"inputs:\n"
	"- {name: first, default: \"it's\"}\n"
	"- {name: class, default: \"a\\nb\\n\"}\n"
	"- {name: required after optional,\n"
	"   description: \"says\\nexec('x')\"}\n"
	"- {name: Class, default: 'C:\\x\\\"y'}\n"
	"- {name: n, type: Integer, default: 0}\n"
	"- {name: flag, type: Bool, default: False}\n"
	"- {name: onoff, type: Bool, default: True}\n"
	"- {name: rate, type: Float, default: 1}\n"
	"- {name: same-name, default: '{\"a\": \"b\"}'}\n"
	"- {name: same name, default: ''}\n"
	"- {name: same_name, default: 'None'}\n"
	"- {name: 9lives, default: \"\\u202eabc\"}\n"
	"- {name: データ, default: データ}\n"
	"- {name: 名前, type: JsonArray, default: '[1, \"x\", {\"é\": "
	"true}]'}\n"
	"- {name: conf, type: JsonObject, default: '{\"k''s\": [1.5]}'}\n"
	"- {name: input_text'); import os; (', default: x}\n"
	"- {name: maybe, type: String, optional: true}\n"
	"outputs:\n"
	"- {name: \"Out'put\"}\n"
	"- {name: class, type: Integer}\n"
	"- {name: file, type: Model}\n"
	"implementation:\n"
	"  container:\n"
	"    image: \"i'mage\\\\n\"\n"
	"    command: [sh, -c, \"echo '\\\"\\\\ $0\\n'\"]\n"
	"    args:\n"
	"    - {concat: [\"a'=\", {inputValue: class}, {inputValue: n}]}\n"
	"    - {concat: [m, {if: {cond: {isPresent: maybe}, then: x}}]}\n"
	"    - {inputValue: first}\n"
	"    - {inputValue: same-name}\n"
	"    - {inputValue: same name}\n"
	"    - {inputValue: same_name}\n"
	"    - {inputValue: conf}\n"
	"    - {inputValue: データ}\n"
	"    - {inputPath: required after optional}\n"
	"    - {if: {cond: {isPresent: maybe}, then: [\"--o'\", {inputValue: "
	"maybe}],\n"
	"       else: [\"it's not\"]}}\n"
	"    - {if: {cond: {isPresent: first}, then: [yes]}}\n"
	"    - {inputValue: maybe}\n"
	"    - {outputPath: \"Out'put\"}\n"
	"    - {outputPath: class}\n"
	"    - {outputPath: file}\n"
	"    env: {\"A'B\": \"v'\\n\", N: {inputValue: n}}\n";

static const char hostile_facts[] =
	"{\"description\": \"line 1\\nline 2 \\\"\\\"\\\" ''' \\\\\\n# "
	"x\\n\","
	" \"defaults\": [\"it's\", \"a\\nb\\n\", \"C:\\\\x\\\\\\\"y\", 0.0, "
	"false,"
	" true, 1.0, \"{\\\"a\\\": \\\"b\\\"}\", \"\", \"None\", "
	"\"\\u202eabc\","
	" \"\\u30c7\\u30fc\\u30bf\", [1.0, \"x\", {\"\\u00e9\": true}],"
	" {\"k's\": [1.5]}, \"x\"]}";

TEST(kfp_hostile_texts_stay_texts)
{
	static const char program[] =
		"import json, sys, yaml\n"
		"d = sys.argv[1]\n"
		"ir = yaml.safe_load(open(d + '/hostile.yaml'))\n"
		"facts = json.load(open(d + '/hostile.json'))\n"
		"key = lambda v: json.dumps(v, sort_keys=True)\n"
		"given = "
		"ir['root']['inputDefinitions']['parameters'].values()\n"
		"got = sorted(key(p['defaultValue']) for p in given\n"
		"             if 'defaultValue' in p)\n"
		"want = sorted(key(v) for v in facts['defaults'])\n"
		"assert got == want, (got, want)\n"
		"assert len(given) == len(want) + 2, given\n"
		"info = ir['pipelineInfo']\n"
		"assert info['description'] == facts['description'], "
		"info\n"
		"assert 'bob-s-best' in info['name'], info\n"
		"(box,) = [e['container'] for e in\n"
		"          ir['deploymentSpec']['executors'].values()]\n"
		"assert box['image'] == \"i'mage\\\\n\", box\n"
		"assert \"echo '\\\"\\\\ $0\\n'\" in box['args'], box\n"
		"assert \"A'B=v'\\n\" in box['args'], box\n";
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf facts = BUF_INIT(4096);
	const char *dir = unit_dir();

	buf_puts(&facts, hostile_facts);
	CHECK_INT(put_file(dir, "hostile.json", &facts), 0);
	if (put_code(dir, "hostile", hostile, &why))
		CHECK_STR(why.data, "");
	if (!kfp_python()) {
		unit_skip("no kfp in $MLXFS_VENVS/kfp");
		return;
	}
	CHECK_INT(ask_python(kfp_python(), driver, dir), 0);
	CHECK_INT(ask_python(kfp_python(), program, dir), 0);
}

TEST_STARVED(kfp_writer_runs_out_of_memory)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;

	ENOUGH(read_yaml(hostile, &why, &p));
	ENOUGH(kfp_python_write(&p, &code, &why));
	CHECK(code.len > 1000);
}

/* ---- all that can be said ---- */

#define HEAD                                                                   \
	"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: \"%\"}\n" \
	"spec:\n"                                                              \
	"  params: [{name: mode, default: fast}, {name: q, default: "          \
	"\"it's\"},"                                                           \
	"\n    {name: list, type: array, default: [a, \"b'\"]}]\n"             \
	"  tasks:\n"                                                           \
	"  - name: first\n"                                                    \
	"    taskSpec:\n"                                                      \
	"      results: [{name: out}]\n"                                       \
	"      steps: [{image: i, command: [x, $(results.out.path)]}]\n"
#define STEPS "taskSpec: {steps: [{image: i, command: [x]}]}"

static const struct {
	const char *name, *yaml;
} sayable[] = {
	{ "conditions", HEAD
	  "  - {name: in-one, " STEPS ", when: [{input: $(params.mode),\n"
	  "     operator: in, values: [fast]}]}\n"
	  "  - {name: in-two, " STEPS ", when: [{input: $(params.mode),\n"
	  "     operator: in, values: [fast, \"it's\"]}]}\n"
	  "  - {name: not-in-two, " STEPS ", when: [{input: $(params.mode),\n"
	  "     operator: notin, values: [fast, \"it's\\\\\"]}]}\n"
	  "  - {name: both, " STEPS ", when: [{input: $(params.mode),\n"
	  "     operator: in, values: [fast]}, {input: $(params.q),\n"
	  "     operator: notin, values: [$(params.mode)]}]}\n"
	  "  - {name: constant, " STEPS ", when: [{input: a, operator: in,\n"
	  "     values: [a, b]}]}\n"
	  "  - {name: reversed, " STEPS ", when: [{input: a, operator: in,\n"
	  "     values: [$(params.mode)]}]}\n"
	  "  - name: maker\n"
	  "    when: [{input: $(tasks.first.results.out), operator: in,\n"
	  "      values: [go]}]\n"
	  "    taskSpec:\n"
	  "      results: [{name: made}]\n"
	  "      steps: [{image: i, command: [x, $(results.made.path)]}]\n"
	  "  - name: user\n"
	  "    when: [{input: $(tasks.first.results.out), operator: in,\n"
	  "      values: [go, no]}]\n"
	  "    params: [{name: m, value: $(tasks.maker.results.made)}]\n"
	  "    taskSpec:\n"
	  "      params: [{name: m}]\n"
	  "      steps: [{image: i, command: [x, $(params.m)]}]\n"
	  "  - {name: after-maker, " STEPS ", runAfter: [maker, first]}\n"
	  "  - {name: condition-2, " STEPS ", runAfter: [first]}\n" },
	{ "finals", HEAD
	  "  - {name: body, " STEPS ", retries: 3, runAfter: [first],\n"
	  "     timeout: 1m, onError: continue}\n"
	  "  finally:\n"
	  "  - name: clean\n"
	  "    params: [{name: p, value: \"$(params.mode)-$(params.q)\"}]\n"
	  "    taskSpec:\n"
	  "      params: [{name: p}]\n"
	  "      steps: [{image: i, command: [x, $(params.p)]}]\n"
	  "  - {name: tell, " STEPS "}\n"
	  "  results: [{name: r, value: $(tasks.first.results.out)}]\n" },
	{ "steps", HEAD
	  "  - name: many\n"
	  "    params: [{name: w, value: $(params.q)}]\n"
	  "    taskSpec:\n"
	  "      params: [{name: w}, {name: image, default: busybox},\n"
	  "        {name: l, type: array, default: [\"1\", \"2\"]}]\n"
	  "      results: [{name: r}]\n"
	  "      steps:\n"
	  "      - image: $(params.image)\n"
	  "        name: direct\n"
	  "        script: |\n"
	  "          echo $(params.w) $(params.mode) {{$.x}} > "
	  "/tekton/results/r\n"
	  "        env: [{name: A, value: \"$(params.w)!\"}]\n"
	  "        args: [\"$(params.l[*])\", $(context.pipelineRun.name)]\n"
	  "        onError: continue\n"
	  "  - name: two-steps\n"
	  "    taskSpec:\n"
	  "      steps:\n"
	  "      - {image: same, name: a, command: [echo, 'a b'],\n"
	  "         workingDir: /tmp, env: [{name: X, value: y}]}\n"
	  "      - {image: same, name: b, script: 'echo $1', args: [c]}\n"
	  "  - name: plain-env\n"
	  "    taskSpec:\n"
	  "      steps:\n"
	  "      - image: i\n"
	  "        args: [x]\n"
	  "        env: [{name: \"A'\", value: \"v'\"},\n"
	  "          {name: RUN, value: "
	  "\"r-$(context.pipelineRun.name)\"}]\n" },
	{ "files",
	  "name: files\n"
	  "inputs:\n"
	  "- {name: data, type: Dataset}\n"
	  "- {name: model, type: Model, default: 'gs://m'}\n"
	  "- {name: maybe, type: Dataset, optional: true}\n"
	  "- {name: text}\n"
	  "outputs: [{name: m, type: Model}, {name: h, type: HTML},\n"
	  "  {name: l, type: List}, {name: old, type: String}]\n"
	  "implementation:\n"
	  "  container:\n"
	  "    image: i\n"
	  "    command: [x, {inputPath: data}, {inputPath: model},\n"
	  "      {inputPath: text}, {outputPath: m}, {outputPath: h},\n"
	  "      {outputPath: l}, {if: {cond: {isPresent: maybe},\n"
	  "      then: [--maybe, {inputPath: maybe}], else: [none]}}]\n"
	  "    fileOutputs: {old: /tmp/old}\n" },
	{ "names",
	  "name: データ\n"
	  "inputs: [{name: pipeline}, {name: dsl}, {name: sys},\n"
	  "  {name: NamedTuple}, {name: _Outputs}, {name: self}]\n"
	  "outputs: [{name: _hidden}, {name: count}, {name: index}]\n"
	  "implementation: {container: {image: i, command: [a,\n"
	  "  {inputValue: pipeline}, {inputValue: dsl}, {inputValue: self},\n"
	  "  {outputPath: _hidden}, {outputPath: count}]}}\n" },
};

/* A '%' in the YAML is the name. */
static int put_sayable(const char *dir, struct buf *why)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sayable) && !err; i++) {
		AUTO(buf_release) struct buf yaml = BUF_INIT(BUF_MAX);

		for (const char *c = sayable[i].yaml; *c; c++)
			if (*c == '%')
				buf_puts(&yaml, sayable[i].name);
			else
				buf_putc(&yaml, *c);
		err = put_code(dir, sayable[i].name, yaml.data, why);
		if (err)
			puts(sayable[i].name);
	}
	return err;
}

TEST(kfp_compiles_all_that_can_be_said)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	const char *dir = unit_dir();

	if (put_sayable(dir, &why))
		CHECK_STR(why.data, "");
	if (!kfp_python()) {
		unit_skip("no kfp in $MLXFS_VENVS/kfp");
		return;
	}
	CHECK_INT(ask_python(kfp_python(), driver, dir), 0);
}

TEST(kfp_refuses_what_it_cannot_say)
{
	static const struct {
		const char *yaml, *why;
	} cases[] = {
		{ HEAD "  - {name: a, " STEPS
		       ", when: [{input: a, operator: in,"
		       " values: [b]}]}\n",
		  "task a: Kubeflow Pipelines cannot say this: it never runs" },
		{ HEAD "  - {name: a, " STEPS ", when: [{input: x$(params.q),"
		       " operator: in, values: [b]}]}\n",
		  "a text of parts" },
		{ HEAD "  - {name: a, taskSpec: {steps: [{image: i, command:"
		       " [\"$(params.list[1])\"]}]}}\n",
		  "a member of list" },
		{ HEAD "  - {name: a, taskSpec: {steps: [{image: i, command:"
		       " [\"$(params.list[*])\"]}]}}\n",
		  "a word for each item of list" },
		{ HEAD "  - {name: a, taskSpec: {steps: [{image: i, script: x},"
		       " {image: j, script: y}]}}\n",
		  "steps of different images" },
		{ HEAD "  - {name: a, taskSpec: {steps: [{image: i, script: x},"
		       " {image: i}]}}\n",
		  "the image's own program" },
		{ HEAD
		  "  finally:\n"
		  "  - {name: a, taskSpec: {steps: [{image: i, command: [x,"
		  " $(tasks.first.status)]}]}}\n",
		  "the state of a task" },
		{ HEAD
		  "  - {name: a, taskSpec: {steps: [{image: i, command: [x,"
		  " $(context.taskRun.namespace)]}]}}\n",
		  "the namespace of a run" },
		{ HEAD
		  "  - {name: a, when: [{input: $(params.q), operator: in,\n"
		  "     values: [a]}], taskSpec: {results: [{name: r}], "
		  "steps:\n"
		  "     [{image: i, command: [x]}]}}\n"
		  "  - {name: b, when: [{input: $(params.q), operator: in,\n"
		  "     values: [b]}], taskSpec: {results: [{name: r}], "
		  "steps:\n"
		  "     [{image: i, command: [x]}]}}\n"
		  "  - {name: c, taskSpec: {steps: [{image: i, command: [x,\n"
		  "     $(tasks.a.results.r), $(tasks.b.results.r)]}]}}\n",
		  "it uses both a and b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
		AUTO(buf_release) struct buf why = WHY_INIT;
		char yaml[4096];

		snprintf(yaml, sizeof(yaml), "%s", cases[i].yaml);
		*strchr(yaml, '%') = 'p';
		if (read_yaml(yaml, &why, &p))
			CHECK_STR(why.data, cases[i].why);
		CHECK_INT(kfp_python_write(&p, &code, &why), -EOPNOTSUPP);
		if (!strstr(why.data, cases[i].why))
			CHECK_STR(why.data, cases[i].why);
		CHECK_INT(code.len, 0);
	}
}

/* ---- tasks whose program is ours ---- */

static int put_pipeline(const char *dir, const char *name,
			const struct pipeline *p, struct buf *why)
{
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	char file[256];
	int err = kfp_python_write(p, &code, why);

	snprintf(file, sizeof(file), "%s.py", name);
	return err ? err : put_file(dir, file, &code);
}

static int put_fetch(const char *dir, struct buf *why)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	struct task *t = pipeline_add_task(&p);
	struct param *out = param_add(&t->outputs, &t->outputs_count);

	t->name = strdup("fetch");
	t->type = TASK_FETCH;
	t->fetch.url = strdup("https://example.com/it's.tgz?a=\"b\"");
	t->fetch.sha512 = strdup("ab");
	out->name = strdup("url");
	out->type = TYPE_ARTIFACT;
	out->schema = strdup("system.Dataset");
	return put_pipeline(dir, "fetch", &p, why);
}

static int put_notebook(const char *dir, const char *name, const char *file,
			struct buf *why)
{
	const char *json =
		"{\"nbformat\": 4, \"metadata\": {}, \"cells\": "
		"[{\"cell_type\":"
		"\"code\", \"metadata\": {\"tags\": [\"parameters\"]},"
		"\"source\": \"executed = 1\\nclass_ = 'x'\\nl = [1.5]\\n"
		"d = {'a': None}\\nn = None\\nt = True\", \"outputs\": [1]}]}";
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(value_release) struct value *doc = json_from(json);
	AUTO(buf_release) struct buf text = BUF_INIT(4096);
	struct task *t;
	int err = notebook_read(doc, why, &p);

	if (err)
		return err;
	t = &p.tasks[0];
	if (file)
		t->notebook.file = strdup(file);
	else
		t->notebook.url = strdup("https://example.com/a.ipynb");
	t->notebook.image = strdup("tensorflow/tensorflow:2.7.0");
	names_add(&t->notebook.requirements, &t->notebook.requirements_count,
		  "aif360[all]==0.4.0");
	buf_puts(&text, json);
	err = put_file(dir, "here.ipynb", &text);
	return err ? err : put_pipeline(dir, name, &p, why);
}

TEST(kfp_compiles_data_and_notebooks)
{
	static const char program[] =
		"import base64, gzip, json, sys, yaml\n"
		"ir = yaml.safe_load(open(sys.argv[1] + '/here.yaml'))\n"
		"(box,) = [e['container'] for e in\n"
		"          ir['deploymentSpec']['executors'].values()]\n"
		"at = box['args'].index('--source')\n"
		"packed = base64.b64decode(box['args'][at + 1])\n"
		"book = json.loads(gzip.decompress(packed))\n"
		"assert book['cells'][0]['outputs'] == [], book\n"
		"ir = yaml.safe_load(open(sys.argv[1] + '/gone.yaml'))\n"
		"(box,) = [e['container'] for e in\n"
		"          ir['deploymentSpec']['executors'].values()]\n"
		"assert '--source' not in box['args'], box\n"
		"assert 'aif360[all]==0.4.0' in box['args'], box\n";
	AUTO(buf_release) struct buf why = WHY_INIT;
	const char *dir = unit_dir();
	int err = put_fetch(dir, &why);

	if (!err)
		err = put_notebook(dir, "by-url", NULL, &why);
	if (!err)
		err = put_notebook(dir, "here", "here.ipynb", &why);
	if (!err)
		err = put_notebook(dir, "gone", "it's gone.ipynb", &why);
	if (err)
		CHECK_STR(why.data, "");
	if (!kfp_python()) {
		unit_skip("no kfp in $MLXFS_VENVS/kfp");
		return;
	}
	CHECK_INT(ask_python(kfp_python(), driver, dir), 0);
	CHECK_INT(ask_python(kfp_python(), program, dir), 0);
}

/* The little shell programs, run by the shell. */
TEST(kfp_shell_programs_do_what_they_say)
{
	static const char program[] =
		"import os, runpy, subprocess, sys\n"
		"d = sys.argv[1]\n"
		"def run(text, *words):\n"
		"    return subprocess.run(['sh', '-c', text, *words], cwd=d,\n"
		"                          capture_output=True, text=True)\n"
		"RUN = runpy.run_path(d + '/steps.py')['_RUN']\n"
		"CHOICE = runpy.run_path(d + '/conditions.py')['_CHOICE']\n"
		"got = run(RUN, 'sh', '--touch', d + '/a/b', '--file',\n"
		"          d + '/f/data', 'x\\ny $(z)', '--program', d + "
		"'/s/0',\n"
		"          '#!/bin/sh\\necho \"$#:$1\"\\n', '--step', '2', "
		"'false',\n"
		"          d + '/s/0', \"it's  a\", '--step', '1', 'true',\n"
		"          'false', '--step', '3', 'false', 'sh', '-c', 'echo "
		"$#',\n"
		"          '--run', 'echo', '--step', '1')\n"
		"assert got.stdout == \"1:it's  a\\n0\\n--step 1\\n\", got\n"
		"assert got.returncode == 0 and not got.stderr, got\n"
		"assert open(d + '/f/data').read() == 'x\\ny $(z)'\n"
		"assert os.path.getsize(d + '/a/b') == 0\n"
		"got = run(RUN, 'sh', '--step', '3', 'false', 'sh', '-c',\n"
		"          'exit 7', '--run', 'echo', 'no')\n"
		"assert got.returncode == 7 and got.stdout == '', got\n"
		"open(d + '/a/b', 'w').write('kept')\n"
		"assert run(RUN, 'sh', '--touch', d + '/a/b').returncode == 0\n"
		"assert open(d + '/a/b').read() == 'kept'\n"
		"for value, values, want in (('a b', ['x', 'a b'], 'true'),\n"
		"                            ('a', ['x', 'a b'], 'false'),\n"
		"                            ('', ['x'], 'false'),\n"
		"                            ('-n', ['-n'], 'true')):\n"
		"    got = run(CHOICE, value, d + '/r/x', *values)\n"
		"    assert got.returncode == 0, got\n"
		"    assert open(d + '/r/x').read() == want, (value, values)\n";
	AUTO(buf_release) struct buf why = WHY_INIT;
	const char *dir = unit_dir();

	if (put_sayable(dir, &why))
		CHECK_STR(why.data, "");
	if (!kfp_python()) {
		unit_skip("no kfp in $MLXFS_VENVS/kfp");
		return;
	}
	CHECK_INT(ask_python(kfp_python(), program, dir), 0);
}
