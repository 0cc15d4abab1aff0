// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "pipeline_util.h"

/* ---- references ---- */

#define TASK_HEAD                                                              \
	"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\n"     \
	"spec:\n"                                                              \
	"  params: [{name: a}, {name: a.b, default: x},\n"                     \
	"    {name: list, type: array}, {name: obj, type: object}]\n"          \
	"  tasks:\n"                                                           \
	"  - name: first\n"                                                    \
	"    taskSpec:\n"                                                      \
	"      results: [{name: out}, {name: out.dotted}]\n"                   \
	"      steps: [{image: i, command: [x]}]\n"                            \
	"  - name: t\n"                                                        \
	"    params: [{name: own, value: v}]\n"                                \
	"    taskSpec:\n"                                                      \
	"      params: [{name: own}]\n"                                        \
	"      results: [{name: res}, {name: res-2}]\n"                        \
	"      steps:\n"                                                       \
	"      - image: i\n"                                                   \
	"        env: [{name: KEY, value: $(params.own)}]\n"

TEST(tekton_references_are_exact_keys)
{
	static const struct {
		const char *given, *arg, *script;
	} cases[] = {
		{ "$(params.own)", "<param own>", "<param own>" },
		{ "$(inputs.params.own)", "<param own>", "<param own>" },
		{ "$(params[\"own\"])", "<param own>", "<param own>" },
		{ "$(params[''own''])", "<param own>", "<param own>" },
		{ "x$(params.own)y", "x<param own>y", "x<param own>y" },
		{ "$(params.a)", "<param a>", "<param a>" },
		{ "$(params.a.b)", "<param a.b>", "<param a.b>" },
		{ "$(params.obj.k)", "<param obj[k]>", "<param obj[k]>" },
		{ "$(params[''obj''].k)", "<param obj[k]>", "<param obj[k]>" },
		{ "$(params.list[3])", "<param list[3]>", "<param list[3]>" },
		{ "$(params.list[*])", "*<param list[*]>", "<param list[*]>" },
		{ "$(results.res.path)", "<outpath res>", "<outpath res>" },
		{ "$(results[''res''].path)", "<outpath res>",
		  "<outpath res>" },
		{ "$(tasks.first.results.out)", "<out first.out>",
		  "<out first.out>" },
		{ "$(tasks.first.results.out.dotted)", "<out first.out.dotted>",
		  "<out first.out.dotted>" },
		{ "$(tasks.first.results.out.k)", "<out first.out[k]>",
		  "<out first.out[k]>" },
		{ "$(tasks.first.results[''out''][0])", "<out first.out[0]>",
		  "<out first.out[0]>" },
		{ "$(context.pipelineRun.name)", "<context run.name>",
		  "<context run.name>" },
		{ "$(context.taskRun.name)",
		  "<context run.name>-<context task.name>",
		  "<context run.name>-<context task.name>" },
		{ "$(context.pipelineTask.retries)", "0", "0" },
		{ "/tekton/results/res", "<outpath res>", "<outpath res>" },
		{ "/tekton/results/res-2,", "<outpath res-2>,",
		  "<outpath res-2>," },
		{ "/tekton/results/res.", "<outpath res>.", "<outpath res>." },
		{ "/tekton/results/other", "/tekton/results/other",
		  "/tekton/results/other" },
		{ "/tekton/results/res3", "/tekton/results/res3",
		  "/tekton/results/res3" },
		/* what only looks like a reference */
		{ "$(mktemp)", "$(mktemp)", "$(mktemp)" },
		{ "$(params.own", "$(params.own", "$(params.own" },
		{ "$(params.own | tr a b)", "$(params.own | tr a b)",
		  "$(params.own | tr a b)" },
		{ "$( params.own )", "$( params.own )", "$( params.own )" },
		{ "$(paramsown)", "$(paramsown)", "$(paramsown)" },
		{ "$(params.list[x])", "$(params.list[x])",
		  "$(params.list[x])" },
		{ "${params.own}", "${params.own}", "${params.own}" },
		{ "$()", "$()", "$()" },
		{ "$(", "$(", "$(" },
		{ "a$", "a$", "a$" },
		/* Kubernetes comes after Tekton, and not to scripts */
		{ "$(KEY)", "<param own>", "$(KEY)" },
		{ "$$(KEY)", "$(KEY)", "$$(KEY)" },
		{ "$$(params.own)", "$<param own>", "$<param own>" },
		{ "$$$(params.own)", "$<param own>", "$$<param own>" },
		{ "kill $$", "kill $", "kill $$" },
		{ "$(OTHER)", "$(OTHER)", "$(OTHER)" },
		{ "$(params.$(params.own))", "$(params.<param own>)",
		  "$(params.<param own>)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_release) struct buf yaml = BUF_INIT(8192);
		AUTO(buf_release) struct buf got = BUF_INIT(8192);
		AUTO(buf_release) struct buf want = BUF_INIT(8192);
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(pipeline_release) struct pipeline p = { 0 };
		const struct step *s;

		buf_puts(&yaml, TASK_HEAD);
		buf_addf(&yaml, "        args: ['%s']\n", cases[i].given);
		if (!strstr(cases[i].given, "[*]"))
			buf_addf(&yaml, "        script: '%s'\n",
				 cases[i].given);
		if (read_yaml(yaml.data, &why, &p))
			CHECK_STR(why.data, cases[i].given);
		s = &p.tasks[1].steps[0];
		put_args(s->args, s->args_count, &got);
		CHECK_STR(got.data, cases[i].arg);
		if (!s->has_script)
			continue;
		buf_clear(&got);
		put_text(&s->script, &got);
		buf_addf(&want, "#!/bin/sh\nset -e\n%s", cases[i].script);
		CHECK_STR(got.data, want.data);
	}
}

TEST(tekton_references_to_nothing_are_refused)
{
	static const struct {
		const char *given;
		int err;
		const char *why;
	} cases[] = {
		{ "$(params.nothing)", -EINVAL, "params.nothing" },
		{ "$(params[\"no thing\"])", -EINVAL, "params.no thing" },
		{ "$(inputs.params.nothing)", -EINVAL, "params.nothing" },
		{ "$(results.nothing.path)", -EINVAL, "results.nothing.path" },
		{ "$(tasks.first.results.nothing)", -EINVAL,
		  "task first has no output nothing" },
		{ "$(tasks.nobody.results.out)", -EINVAL,
		  "there is no task nobody" },
		{ "$(tasks.first.status)", -EINVAL, "finally" },
		{ "$(context.nothing)", -EINVAL, "no such variable" },
		{ "x $(params.list[*])", -EINVAL, "must stand alone" },
		{ "$(workspaces.w.path)", -EOPNOTSUPP, "workspaces" },
		{ "$(steps.step-a.exitCode.path)", -EOPNOTSUPP, "steps" },
		{ "$(credentials.path)", -EOPNOTSUPP, "credentials" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_release) struct buf yaml = BUF_INIT(8192);
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(pipeline_release) struct pipeline p = { 0 };

		buf_addf(&yaml, TASK_HEAD "        args: ['%s']\n",
			 cases[i].given);
		CHECK_INT(read_yaml(yaml.data, &why, &p), cases[i].err);
		if (!strstr(why.data, cases[i].why))
			CHECK_STR(why.data, cases[i].why);
	}
}

/* ---- documents ---- */

static const char whole[] =
	"apiVersion: tekton.dev/v1\n"
	"kind: Task\n"
	"metadata: {name: greet}\n"
	"spec:\n"
	"  params: [{name: who}, {name: words, type: array, default: [a, b]}]\n"
	"  results: [{name: said, description: what was said}]\n"
	"  stepTemplate: {image: img, env: [{name: A, value: one},\n"
	"    {name: B, value: two}]}\n"
	"  volumes: [{name: v, emptyDir: {}}, {name: s, secret: {x: y}}]\n"
	"  steps:\n"
	"  - args: ['$(params.words[*])', '$(A)']\n"
	"    command: [echo]\n"
	"    env: [{name: A, value: $(B)-own},\n"
	"      {name: R, valueFrom: {fieldRef: {fieldPath:\n"
	"        \"metadata.labels['tekton.dev/pipelineRun']\"}}},\n"
	"      {name: S, valueFrom: {secretKeyRef: {name: x}}}]\n"
	"    imagePullPolicy: Always\n"
	"  - name: second\n"
	"    script: |\n"
	"      #!/usr/bin/env python\n"
	"      print('$(params.who)')\n"
	"    onError: continue\n"
	"    timeout: 1m30s\n"
	"---\n"
	"apiVersion: tekton.dev/v1\n"
	"kind: PipelineRun\n"
	"metadata:\n"
	"  generateName: hello-\n"
	"  annotations:\n"
	"    pipelines.kubeflow.org/pipeline_spec: '{\"description\": "
	"\"says\",\n"
	"      \"inputs\": [{\"name\": \"n\", \"type\": \"Integer\",\n"
	"      \"optional\": true, \"description\": \"count\"},\n"
	"      {\"name\": \"who\", \"type\": \"Integer\"}]}'\n"
	"spec:\n"
	"  params: [{name: n, value: '3'}, {name: extra, value: x}]\n"
	"  timeouts: {pipeline: 1h0.5m, tasks: 1m}\n"
	"  taskRunTemplate: {serviceAccountName: me}\n"
	"  pipelineSpec:\n"
	"    params: [{name: n, default: '1'}, {name: who, default: you}]\n"
	"    results: [{name: r, value: $(tasks.one.results.said)}]\n"
	"    tasks:\n"
	"    - name: one\n"
	"      displayName: The First\n"
	"      taskRef: {name: greet}\n"
	"      params: [{name: who, value: '$(params.who)!'},\n"
	"        {name: words, value: [c, d]}]\n"
	"      retries: 2\n"
	"      timeout: '0'\n"
	"    - name: two\n"
	"      taskSpec:\n"
	"        steps: [{image: i, command: [x, $(params.extra)]}]\n"
	"      runAfter: [one]\n"
	"      when:\n"
	"      - {input: $(tasks.one.results.said), operator: in,\n"
	"         values: [a, $(params.n)]}\n"
	"      - {input: x, operator: notin, values: [y]}\n"
	"      onError: continue\n"
	"    finally:\n"
	"    - name: last\n"
	"      taskSpec:\n"
	"        steps: [{image: i, command: [x, $(tasks.one.status),\n"
	"          $(tasks.status)]}]\n";

static void check_steps(const struct task *t)
{
	AUTO(buf_release) struct buf text = BUF_INIT(4096);
	const struct step *s = &t->steps[0];

	CHECK_STR(s->name, "unnamed-0");
	put_text(&s->image, &text);
	put_args(s->args, s->args_count, &text);
	for (size_t i = 0; i < s->env_count; i++) {
		buf_addf(&text, "|%s=", s->env[i].name);
		put_text(&s->env[i].value, &text);
	}
	CHECK(text.err ||
	      !strcmp(text.data, "img*<param words[*]> two-own|A=two-own|B=two"
				 "|R=<context run.name>"));
	s = &t->steps[1];
	CHECK(s->has_script && s->ignore_failure);
	CHECK_INT(s->timeout_ns, 90 * NS_PER_S);
	CHECK_STR(s->script.segment[0].text, "#!/usr/bin/env python\nprint('");
}

static void check_two(const struct task *t)
{
	CHECK(t->ignore_failure && !t->finally);
	CHECK_INT(t->when_count, 2);
	CHECK_INT(t->when[0].operator, WHEN_IN);
	CHECK_INT(t->when[0].count, 2);
	CHECK_INT(t->when[0].values[1].segment[0].type, SEGMENT_PARAM);
	CHECK_INT(t->when[1].operator, WHEN_NOT_IN);
	CHECK(task_follows(t, "one") && task_uses(t, "one"));
}

TEST_STARVED(tekton_run_with_a_task_of_the_same_file)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	const struct param *n;
	int err = read_yaml(whole, &why, &p);

	if (err && err != -ENOMEM)
		CHECK_STR(why.data, "");
	ENOUGH(err);
	CHECK_STR(p.name, "hello");
	CHECK_STR(p.description, "says");
	CHECK_INT(p.timeout_ns, 3630 * NS_PER_S);
	CHECK_INT(p.params_count, 3);
	n = param_find(p.params, p.params_count, "n");
	CHECK(n->type == TYPE_INTEGER && n->optional);
	CHECK_STR(n->fallback->text, "3");
	CHECK_STR(n->description, "count");
	/* "you" is no integer: the annotation does not hold */
	CHECK_INT(p.params[1].type, TYPE_STRING);
	CHECK_INT(p.tasks_count, 3);
	CHECK_INT(p.tasks[0].retries, 2);
	CHECK_STR(p.tasks[0].title, "The First");
	CHECK_STR(p.tasks[0].outputs[0].description, "what was said");
	CHECK_INT(p.tasks[0].bindings[1].constant->count, 2);
	check_steps(&p.tasks[0]);
	check_two(&p.tasks[1]);
	CHECK(p.tasks[2].finally);
	CHECK_INT(p.outputs_count, 1);
	CHECK_INT(p.ignored_count, 6);
}

TEST(tekton_task_alone_is_a_pipeline)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	const char *yaml = "apiVersion: tekton.dev/v1beta1\nkind: Task\n"
			   "metadata: {name: build}\n"
			   "spec:\n"
			   "  description: builds\n"
			   "  params: [{name: url}, {name: d, default: x}]\n"
			   "  results: [{name: r, type: array}]\n"
			   "  steps: [{image: i, args: [$(params.url)]}]\n";

	CHECK_INT(read_yaml(yaml, NULL, &p), 0);
	CHECK_STR(p.tasks[0].name, "build");
	CHECK_STR(p.description, "builds");
	CHECK_INT(p.params_count, 2);
	CHECK_INT(p.outputs[0].type, TYPE_LIST);
}

#define PIPELINE_HEAD                                                          \
	"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\n"     \
	"spec:\n  tasks:\n"
#define STEPS "taskSpec: {steps: [{image: i, command: [x]}]}"

TEST(tekton_refusals_say_what)
{
	static const struct {
		const char *yaml;
		int err;
		const char *why;
	} cases[] = {
		{ "apiVersion: tekton.dev/v1\nkind: TaskRun\n", -EOPNOTSUPP,
		  "found TaskRun" },
		{ "apiVersion: tekton.dev/v1alpha1\nkind: Pipeline\nspec: {}\n",
		  -EOPNOTSUPP, "v1alpha1" },
		{ "apiVersion: tekton.dev/v1\nkind: PipelineRun\n"
		  "spec: {pipelineRef: {name: q}}\n",
		  -EOPNOTSUPP, "Pipeline q is not in this file" },
		{ "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec: {}\n",
		  -EINVAL, "no pipelineSpec" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS ", matrix: {}}\n",
		  -EOPNOTSUPP, "matrix" },
		{ PIPELINE_HEAD "  - {name: a, taskRef: {name: b}}\n",
		  -EOPNOTSUPP, "no Task b in this file" },
		{ PIPELINE_HEAD "  - {name: a, taskRef: {resolver: git}}\n",
		  -EOPNOTSUPP, "same file" },
		{ PIPELINE_HEAD "  - {name: a, taskRef: {name: b, apiVersion: "
				"custom.tekton.dev/v1alpha1, kind: L}}\n",
		  -EOPNOTSUPP, "custom tasks" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {apiVersion: x/v1, "
				"kind: L}}\n",
		  -EOPNOTSUPP, "custom tasks" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS ", when: [{cel: x}]}\n",
		  -EOPNOTSUPP, "cel" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS
				", when: [{input: a, operator: is}]}\n",
		  -EINVAL, "found is" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS ", timeout: soon}\n",
		  -EINVAL, "expected a duration" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS ", timeout: -1h}\n",
		  -EINVAL, "expected a duration" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS ", retries: -1}\n",
		  -EINVAL, "retries" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {sidecars: [{}], "
				"steps: [{image: i}]}}\n",
		  -EOPNOTSUPP, "sidecars" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {steps: [{ref: "
				"{name: x}}]}}\n",
		  -EOPNOTSUPP, "ref of a step" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {steps: []}}\n",
		  -EINVAL, "has no steps" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {steps: [{}]}}\n",
		  -EINVAL, "has no image" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {steps: [{image: i, "
				"command: [x], script: y}]}}\n",
		  -EINVAL, "not both" },
		{ PIPELINE_HEAD "  - {name: a, taskSpec: {params: [{name: q}], "
				"steps: [{image: i}]}}\n",
		  -EINVAL, "input q has no value" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS ", runAfter: [b]}\n"
				"  - {name: b, " STEPS ", runAfter: [a]}\n",
		  -EINVAL, "wait for each other: a -> b -> a" },
		{ PIPELINE_HEAD "  - {name: a, " STEPS "}\n"
				"  - {name: a, " STEPS "}\n",
		  -EINVAL, "two tasks are named a" },
		{ "apiVersion: tekton.dev/v1\nkind: Pipeline\nspec: {tasks: "
		  "[]}\n",
		  -EINVAL, "no tasks" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(pipeline_release) struct pipeline p = { 0 };
		int err = read_yaml(cases[i].yaml, &why, &p);

		if (err != cases[i].err || !strstr(why.data, cases[i].why)) {
			puts(cases[i].yaml);
			CHECK_STR(why.data, cases[i].why);
		}
		CHECK_INT(err, cases[i].err);
	}
}

TEST(tekton_samples_are_read)
{
	static const struct {
		const char *name;
		size_t tasks, params;
	} samples[] = {
		{ "calculation", 3, 3 }, { "flip-coin", 13, 0 },
		{ "katib", 2, 0 },	 { "nested", 3, 2 },
		{ "trusted-ai", 3, 16 }, { "wml", 4, 14 },
	};

	if (!unit_shared("katalog")) {
		unit_skip("no katalog samples here");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;
		char path[256];

		snprintf(path, sizeof(path),
			 "katalog/pipeline-samples/%s-pipeline.yaml",
			 samples[i].name);
		if (read_file(unit_shared(path), &why, &p))
			CHECK_STR(why.data, path);
		CHECK_INT(p.tasks_count, samples[i].tasks);
		CHECK_INT(p.params_count, samples[i].params);
		CHECK(p.description);
	}
}
