// SPDX-License-Identifier: Apache-2.0
/*
 * From a request to its files and record, and on to the end of a run, in a real
 * store. The mount point is a plain directory: steps that only print need no
 * more; what they write is tested on a real mount.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "ext/json.h"
#include "store/record.h"
#include "unit.h"

struct world {
	struct store *st;
	struct catalog *c;
	struct runner *runner;
	uint64_t asset;
	struct buf why, name;
};

static void world_release(struct world *w)
{
	if (w->runner)
		runner_stop(w->runner);
	catalog_release(&w->c);
	store_release(&w->st);
	buf_release(&w->why);
	buf_release(&w->name);
}

#define WORLD_INIT                                                             \
	{                                                                      \
		.why = WHY_INIT, .name = BUF_INIT(4096)                        \
	}

static const char greet[] =
	"apiVersion: tekton.dev/v1\n"
	"kind: PipelineRun\n"
	"metadata: {name: greet}\n"
	"spec:\n"
	"  pipelineSpec:\n"
	"    params:\n"
	"      - {name: who, type: string}\n"
	"      - {name: times, type: string, default: '1'}\n"
	"    tasks:\n"
	"      - name: hello\n"
	"        params: [{name: who, value: $(params.who)}]\n"
	"        taskSpec:\n"
	"          params: [{name: who, type: string}]\n"
	"          steps:\n"
	"            - name: main\n"
	"              image: busybox\n"
	"              script: |\n"
	"                echo hello $(params.who)\n"
	"                printf 'no newline at the end'\n"
	"      - name: never\n"
	"        runAfter: [hello]\n"
	"        when: [{input: $(params.times), operator: in, values: "
	"['2']}]\n"
	"        taskSpec:\n"
	"          steps: [{name: main, image: busybox, script: 'exit 1'}]\n";

static int begin(struct world *w, const char *dir)
{
	uint64_t kind_dir;
	const struct store_options options = { 0 };
	int err = store_open(dir, &options, &w->why, &w->st);

	if (!err)
		err = catalog_open(w->st, &w->why, &w->c);
	if (err)
		return err;
	kind_dir = catalog_kind_dir(w->c, kind_find("pipeline"));
	err = file_make_dir(w->st, kind_dir, "greet", 0755, NULL, &w->asset);
	catalog_changed(w->c, kind_dir, "greet");
	if (!err)
		err = file_put(w->st, w->asset, "pipeline.yaml", 0644, NULL,
			       greet, strlen(greet));
	return err ? err
		   : catalog_closed(w->c, w->asset, "pipeline.yaml", getuid());
}

static int ask(struct world *w, const char *text, uint64_t *ret_run)
{
	const struct run_request request = {
		.asset = w->asset,
		.uid = getuid(),
		.gid = getgid(),
		.text = text,
		.len = strlen(text),
	};

	buf_clear(&w->why);
	buf_clear(&w->name);
	return run_ask(w->c, &request, &w->why, &w->name, ret_run);
}

static int read_below(struct world *w, uint64_t run, const char *path,
		      struct buf *out)
{
	AUTO(buf_release) struct buf full = BUF_INIT(4096);
	struct node_attr attr;
	int err = node_put_path(w->st, run, &full);

	buf_addf(&full, "/%s", path);
	if (!err)
		err = node_walk(w->st, full.data, &attr);
	buf_clear(out);
	return err ? err : file_read(w->st, attr.ino, out);
}

static int wait_final(struct world *w, uint64_t run)
{
	bool final = false;

	for (int i = 0; i < 600 && !final; i++) {
		int err = run_is_final(w->c, run, &final);

		if (err)
			return err;
		if (!final)
			usleep(50 * 1000);
	}
	return final ? 0 : -ETIMEDOUT;
}

#define REFUSED(text, err, sentence)                                           \
	do {                                                                   \
		CHECK_INT(ask(&w, text, &run), err);                           \
		if (!strstr(w.why.data, sentence))                             \
			CHECK_STR(w.why.data, sentence);                       \
	} while (0)

TEST(run_refuses_with_a_sentence)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	uint64_t run;

	CHECK_INT(begin(&w, unit_dir()), 0);
	REFUSED("", -EINVAL, "needed for the parameters: who");
	REFUSED("\n", -EINVAL, "who");
	REFUSED("{}", -EINVAL, "who");
	REFUSED("nam: x", -EINVAL, "line 1: unknown key \"nam\"");
	REFUSED("# a comment\nname: [a]", -EINVAL, "line 2: name");
	REFUSED("name: .hidden", -EINVAL, ".hidden");
	REFUSED("name: file~", -EINVAL, "file~");
	REFUSED("name: _mlx", -EINVAL, "_mlx");
	REFUSED("name: a/b", -EINVAL, "name");
	REFUSED("name: ''", -EINVAL, "empty");
	REFUSED("name: \"a\\x1bb\"", -EINVAL, "control");
	REFUSED("engine: steam", -EINVAL, "there are: local");
	REFUSED("stage: serve", -EINVAL, "stage");
	REFUSED("parameters: {whom: x}", -EINVAL, "who, times");
	REFUSED("parameters: {who: [1, {}], times: {a: 1}}", -EINVAL,
		"line 1: who");
	REFUSED("parameters: 5", -EINVAL, "a map");
	REFUSED("parameters: {who: x}\ndatasets: {1A: datasets/x}", -EINVAL,
		"1A");
	REFUSED("parameters: {who: x}\ndatasets: {A: datasets/x}", -EINVAL,
		"datasets/x");
	REFUSED("parameters: {who: x}\ndatasets: {A: 5}", -EINVAL, "A");
}

TEST(run_request_has_a_limit)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	AUTO(free_text) char *text = malloc(70001);
	uint64_t run;

	CHECK(text);
	memset(text, '#', 70000);
	text[70000] = 0;
	CHECK_INT(begin(&w, unit_dir()), 0);
	CHECK_INT(ask(&w, text, &run), -EFBIG);
}

TEST(run_is_numbered_and_recorded)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *doc = NULL;
	uint64_t run;
	int64_t changed;
	bool final = true;

	CHECK_INT(begin(&w, unit_dir()), 0);
	CHECK_INT(ask(&w, "parameters: {who: you}", &run), 0);
	CHECK_STR(w.name.data, "greet-0001");
	CHECK_INT(ask(&w, "{name: greet-0041, parameters: {who: 5}}", &run), 0);
	CHECK_STR(w.name.data, "greet-0041");
	CHECK_INT(ask(&w, "{name: greet-0041, parameters: {who: 5}}", &run),
		  -EEXIST);
	CHECK_INT(ask(&w, "parameters: {who: 1.10}", &run), 0);
	CHECK_STR(w.name.data, "greet-0042");

	CHECK_INT(read_below(&w, run, "run.yaml", &text), 0);
	CHECK(strstr(text.data, "asset: pipelines/greet\n"));
	CHECK(strstr(text.data, "  who: '1.10'\n  times: '1'\n"));
	CHECK_INT(read_below(&w, run, "status", &text), 0);
	CHECK_STR(text.data, "PENDING\n");

	buf_clear(&text);
	CHECK_INT(run_put_status_json(w.c, run, &text, &changed), 0);
	CHECK(changed > 0);
	CHECK(!strstr(text.data, "internal"));
	CHECK_INT(json_read(text.data, text.len, BUF_MAX, NULL, &doc), 0);
	CHECK_STR(value_find_string(doc, "state"), "PENDING");
	CHECK_INT(value_find(doc, "tasks")->count, 2);

	CHECK_INT(run_is_final(w.c, run, &final), 0);
	CHECK(!final);
	CHECK_INT(run_may_remove(w.c, run), -EBUSY);
	run_removed(w.c, run);
	CHECK_INT(run_is_final(w.c, run, &final), -ENOENT);
	CHECK_INT(run_may_remove(w.c, run), 0);
}

static int note(void *arg, const char *name, uint64_t run)
{
	(void)run;
	buf_addf(arg, "%s ", name);
	return 0;
}

TEST(run_each_knows_whose_it_is)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	AUTO(buf_release) struct buf names = BUF_INIT(4096);
	uint64_t run, found;

	CHECK_INT(begin(&w, unit_dir()), 0);
	CHECK_INT(ask(&w, "{name: z, parameters: {who: you}}", &run), 0);
	CHECK_INT(ask(&w, "{name: a, parameters: {who: you}}", &run), 0);
	CHECK_INT(run_each(w.c, w.asset, note, &names), 0);
	CHECK_STR(names.data, "z a ");
	buf_clear(&names);
	CHECK_INT(run_each(w.c, w.asset + 1, note, &names), 0);
	CHECK_STR(names.data, "");
	CHECK_INT(run_find(w.c, "a", &found), 0);
	CHECK_INT(found, run);
	CHECK_INT(run_find(w.c, "b", &found), -ENOENT);
}

TEST(run_goes_through)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	uint64_t run;
	int64_t changed;

	CHECK_INT(begin(&w, unit_dir()), 0);
	CHECK_INT(runner_start(w.c, store_path(w.st), &w.runner), 0);
	CHECK_INT(ask(&w, "parameters: {who: 'you; id'}", &run), 0);
	CHECK_INT(wait_final(&w, run), 0);
	CHECK_INT(run_put_state(w.c, run, &text, &changed), 0);
	CHECK_STR(text.data, "SUCCEEDED\n");
	CHECK_INT(read_below(&w, run, "status", &text), 0);
	CHECK_STR(text.data, "SUCCEEDED\n");
	CHECK_INT(read_below(&w, run, "steps/hello/status", &text), 0);
	CHECK_STR(text.data, "SUCCEEDED\n");
	CHECK_INT(read_below(&w, run, "steps/never/status", &text), 0);
	CHECK_STR(text.data, "SKIPPED\n");
	/* what a script is given is text of the script, as in Tekton */
	CHECK_INT(read_below(&w, run, "log", &text), 0);
	CHECK(strncmp(text.data, "[hello] hello you\n[hello] uid=", 30) == 0);
	CHECK(strstr(text.data, "\n[hello] no newline at the end\n"));
	CHECK_INT(read_below(&w, run, "steps/hello/inputs/who", &text), 0);
	CHECK_STR(text.data, "you; id");
	buf_clear(&text);
	CHECK_INT(run_put_progress(w.c, run, &text, &changed), 0);
	CHECK(strncmp(text.data, "2 of 2 steps, SUCCEEDED in ", 27) == 0);
	CHECK_INT(run_may_remove(w.c, run), 0);
	CHECK_INT(run_cancel(w.c, run), 0);
}

/* What was asked for before is done; what was begun before has failed; what
 * another spec was asked for is not done with this one. */
TEST(run_is_settled_at_the_next_start)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	uint64_t waits, began, canceled, changed;
	int64_t when;

	CHECK_INT(begin(&w, unit_dir()), 0);
	CHECK_INT(ask(&w, "{name: changed, parameters: {who: a}}", &changed),
		  0);
	CHECK_INT(file_put(w.st, w.asset, "pipeline.yaml", 0644, NULL, greet,
			   strlen(greet)),
		  0);
	CHECK_INT(file_append(w.st, w.asset, "pipeline.yaml", 0644, NULL,
			      "# new\n", 6),
		  0);
	CHECK_INT(catalog_closed(w.c, w.asset, "pipeline.yaml", getuid()), 0);
	CHECK_INT(ask(&w, "{name: waits, parameters: {who: a}}", &waits), 0);
	CHECK_INT(ask(&w, "{name: canceled, parameters: {who: a}}", &canceled),
		  0);
	CHECK_INT(run_cancel(w.c, canceled), 0);
	CHECK_INT(ask(&w, "{name: began, parameters: {who: a}}", &began), 0);
	CHECK_INT(record_get(w.st, RECORD_RUN, began, &text), 0);
	CHECK(strstr(text.data, "\"PENDING\""));
	for (char *at; (at = strstr(text.data, "PENDING"));)
		memcpy(at, "RUNNING", 7);
	CHECK_INT(record_put(w.st, RECORD_RUN, began, text.data, text.len), 0);
	CHECK_INT(record_put(w.st, RECORD_RUN, 5000, text.data, text.len), 0);

	CHECK_INT(runner_start(w.c, store_path(w.st), &w.runner), 0);
	CHECK_INT(wait_final(&w, waits), 0);
	CHECK_INT(wait_final(&w, changed), 0);
	CHECK_INT(wait_final(&w, canceled), 0);
	CHECK_INT(read_below(&w, waits, "status", &text), 0);
	CHECK_STR(text.data, "SUCCEEDED\n");
	CHECK_INT(read_below(&w, canceled, "status", &text), 0);
	CHECK_STR(text.data, "CANCELED\n");
	CHECK_INT(read_below(&w, began, "status", &text), 0);
	CHECK_STR(text.data, "FAILED\n");
	buf_clear(&text);
	CHECK_INT(run_put_status_json(w.c, began, &text, &when), 0);
	CHECK(strstr(text.data, "the daemon ended while the run"));
	buf_clear(&text);
	CHECK_INT(run_put_status_json(w.c, changed, &text, &when), 0);
	CHECK(strstr(text.data, "\"FAILED\""));
	CHECK(strstr(text.data, "changed before the run could begin"));
	/* and one whose directory is gone is none */
	CHECK_INT(record_get(w.st, RECORD_RUN, 5000, &text), -ENOENT);
}
