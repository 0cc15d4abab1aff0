// SPDX-License-Identifier: Apache-2.0
/*
 * A request becomes a run: judged first, then its directory, its record, and
 * the wish that the runner waits for. What was made is removed again when
 * something fails on the way.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "asset.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/run.h"
#include "ext/yaml.h"
#include "ledger.h"
#include "request.h"
#include "settings.h"
#include "wish.h"

/* All that is known before anything is made. */
struct plan {
	struct catalog *c;
	struct store *st;
	const struct run_request *asked;
	struct request request;
	struct pipeline pipeline;
	const struct engine *engine;
	const struct kind *kind;
	char *asset_path; /* "pipelines/flip-coin" */
	char digest[65];  /* of the spec; "" when there is none */
	int64_t now;
};

static void plan_release(struct plan *p)
{
	request_release(&p->request);
	pipeline_release(&p->pipeline);
	free(p->asset_path);
}

/* ---- judging ---- */

static int choose_engine(struct plan *p, struct buf *why)
{
	AUTO(buf_release) struct buf known = BUF_INIT(1024);
	struct settings settings;
	const char *name = p->request.engine_name;

	settings_read(p->st, &settings);
	if (!name)
		name = settings.engine ? settings.engine : engines[0]->name;
	p->engine = engine_find(name);
	if (p->engine)
		return 0;
	for (const struct engine *const *e = engines; *e; e++)
		buf_addf(&known, "%s%s", e == engines ? "" : ", ", (*e)->name);
	return why_set(why, -EINVAL, "there is no engine \"%s\"; there are: %s",
		       name, known.data);
}

static int judge_pipeline(struct plan *p, struct buf *why)
{
	int err = catalog_get_pipeline(p->c, p->asked->asset, p->request.stage,
				       p->request.platform, why, &p->pipeline);

	if (!err)
		err = pipeline_judge(&p->pipeline, why, NULL);
	if (!err)
		err = choose_engine(p, why);
	if (!err)
		err = p->engine->accepts(&p->pipeline, why);
	return err;
}

static int judge(struct plan *p, struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	int err = request_read(p->asked->text, p->asked->len, why, &p->request);

	if (err)
		return err;
	p->kind = catalog_kind_of(p->c, p->asked->asset);
	if (!p->kind)
		return why_set(why, -ENOENT, "this is no asset any more");
	err = node_put_path(p->st, p->asked->asset, &path);
	if (!err) {
		p->asset_path = buf_take(&path);
		err = p->asset_path ? 0 : -ENOMEM;
	}
	if (!err)
		err = judge_pipeline(p, why);
	if (!err)
		err = request_set_parameters(&p->request, &p->pipeline, why);
	if (!err)
		err = request_set_datasets(&p->request, p->c, why);
	if (!err)
		err = asset_get_digest(p->c, p->asked->asset, p->digest);
	return err;
}

/* ---- the directory's name ---- */

struct numbering {
	const char *stem;
	size_t len;
	uint64_t highest;
};

static int look_at(void *arg, const char *name, const struct node_attr *attr,
		   uint64_t cookie)
{
	struct numbering *n = arg;
	const char *digits = name + n->len;
	uint64_t number;

	(void)attr;
	(void)cookie;
	if (strncmp(name, n->stem, n->len) != 0 || strlen(digits) < 4 ||
	    strlen(digits) > 15 ||
	    strspn(digits, "0123456789") != strlen(digits))
		return 0;
	number = strtoull(digits, NULL, 10);
	if (number > n->highest)
		n->highest = number;
	return 0;
}

/* The asset's name, cut so that a number fits behind it. */
static void put_stem(const struct plan *p, struct buf *out)
{
	const char *slash = strrchr(p->asset_path, '/');
	const char *name = slash ? slash + 1 : p->asset_path;
	size_t len = strlen(name);

	if (len > 238)
		for (len = 238;
		     len && ((unsigned char)name[len] & 0xc0) == 0x80;)
			len--;
	buf_add(out, name, len);
	buf_putc(out, '-');
}

static int make_dir(struct plan *p, const char *name, uint64_t *ret_run)
{
	const struct node_new new = {
		.mode = S_IFDIR | 0755,
		.uid = p->asked->uid,
		.gid = p->asked->gid,
	};
	uint64_t runs = catalog_runs_dir(p->c);
	const struct store_event event = {
		.type = EVENT_ENTRY,
		.ino = runs,
		.name = name,
	};
	struct node_attr attr;
	int err = node_make(p->st, runs, name, &new, &attr);

	if (err)
		return err;
	store_tell(p->st, &event);
	*ret_run = attr.ino;
	return 0;
}

static int make_numbered(struct plan *p, struct buf *ret_name,
			 uint64_t *ret_run)
{
	AUTO(buf_release) struct buf stem = BUF_INIT(512);
	struct numbering n = { 0 };
	int err;

	put_stem(p, &stem);
	if (stem.err)
		return stem.err;
	n.stem = stem.data;
	n.len = stem.len;
	err = node_each(p->st, catalog_runs_dir(p->c), 0, look_at, &n);
	if (err)
		return err;
	do { /* somebody else may take the same number at the same time */
		buf_setf(ret_name, "%s%04" PRIu64, stem.data, ++n.highest);
		err = ret_name->err ? ret_name->err
				    : make_dir(p, ret_name->data, ret_run);
	} while (err == -EEXIST);
	return err;
}

static int make_named(struct plan *p, struct buf *why, struct buf *ret_name,
		      uint64_t *ret_run)
{
	int err = make_dir(p, p->request.name, ret_run);

	if (err == -EEXIST)
		return why_set(why, err, "runs/%s is there already",
			       p->request.name);
	if (err)
		return err;
	buf_setf(ret_name, "%s", p->request.name);
	return ret_name->err;
}

/* ---- run.yaml ---- */

static int set_asked(const struct plan *p, const char *name, struct value *map)
{
	const struct request *r = &p->request;
	int err = value_set_string(map, "name", name);

	if (!err)
		err = value_set_string(map, "asset", p->asset_path);
	if (!err)
		err = value_set_string(map, "kind", p->kind->name);
	if (!err && p->digest[0])
		err = value_set_string(map, "digest", p->digest);
	if (!err)
		err = value_set_string(map, "engine", p->engine->name);
	if (!err && r->stage)
		err = value_set_string(map, "stage", r->stage);
	if (!err && r->platform)
		err = value_set_string(map, "platform", r->platform);
	if (!err)
		err = value_set_int(map, "uid", p->asked->uid);
	if (!err)
		err = value_set_int(map, "gid", p->asked->gid);
	if (!err)
		err = ledger_set_time(map, "created", p->now);
	if (!err)
		err = value_set(map, "parameters", value_copy(r->parameters));
	if (!err)
		err = value_set(map, "datasets", value_copy(r->datasets));
	return err;
}

static int put_files(const struct plan *p, const char *name, uint64_t run)
{
	const struct owner owner = { p->asked->uid, p->asked->gid };
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *map = value_new_map();
	int err = map ? set_asked(p, name, map) : -ENOMEM;

	if (!err) {
		yaml_write(map, &text);
		err = text.err;
	}
	if (!err)
		err = file_put(p->st, run, "run.yaml", 0644, &owner, text.data,
			       text.len);
	if (!err)
		err = file_put(p->st, run, "status", 0644, &owner, "PENDING\n",
			       8);
	if (!err)
		err = file_put(p->st, run, "log", 0644, &owner, "", 0);
	if (!err)
		err = file_make_dir(p->st, run, "steps", 0755, &owner, NULL);
	if (!err)
		err = file_make_dir(p->st, run, "outputs", 0755, &owner, NULL);
	return err;
}

/* ---- the record ---- */

static int set_internal(const struct plan *p, struct value *map)
{
	int err = value_set_int(map, "asset", (int64_t)p->asked->asset);

	if (!err)
		err = value_set_int(map, "uid", p->asked->uid);
	if (!err)
		err = value_set_int(map, "gid", p->asked->gid);
	if (!err && p->request.stage)
		err = value_set_string(map, "stage", p->request.stage);
	if (!err && p->request.platform)
		err = value_set_string(map, "platform", p->request.platform);
	return err;
}

static int set_progress(const struct plan *p, struct value *map)
{
	int err = value_set_int(map, "steps_done", 0);

	if (!err)
		err = value_set_int(map, "steps_total",
				    (int64_t)p->pipeline.tasks_count);
	if (!err)
		err = value_set(map, "bytes_done", value_new_null());
	if (!err)
		err = value_set(map, "bytes_total", value_new_null());
	if (!err)
		err = value_set(map, "bytes_per_second", value_new_null());
	return err;
}

static int set_remote(const struct plan *p, struct value *map)
{
	int err = value_set(map, "id", value_new_null());

	(void)p;
	return err ? err : value_set(map, "url", value_new_null());
}

/* A new map under `key`, filled by fill. */
static int set_map(struct value *record, const char *key, const struct plan *p,
		   int (*fill)(const struct plan *p, struct value *map))
{
	struct value *map = value_new_map();
	int err = value_set(record, key, map);

	return err ? err : fill(p, map);
}

static int add_task(struct value *tasks, const struct task *t)
{
	struct value *map = value_new_map();
	int err = value_add(tasks, map);

	if (!err)
		err = value_set_string(map, "name", t->name);
	if (!err)
		err = value_set_string(map, "state", "PENDING");
	if (!err)
		err = value_set_string(map, "reason", "");
	if (!err)
		err = value_set(map, "directory", value_new_null());
	if (!err)
		err = value_set_int(map, "attempts", 0);
	if (!err)
		err = value_set(map, "started", value_new_null());
	if (!err)
		err = value_set(map, "finished", value_new_null());
	if (!err)
		err = value_set(map, "exit_code", value_new_null());
	if (!err)
		err = value_set(map, "image", value_new_null());
	return err;
}

static int set_lists(const struct plan *p, struct value *record)
{
	struct value *tasks = value_new_list();
	struct value *ignored = value_new_list();
	int err = value_set(record, "tasks", tasks);
	int other = value_set(record, "ignored", ignored);

	if (err || other)
		return -ENOMEM;
	for (size_t i = 0; !err && i < p->pipeline.tasks_count; i++)
		err = add_task(tasks, &p->pipeline.tasks[i]);
	for (size_t i = 0; !err && i < p->pipeline.ignored_count; i++)
		err = value_add(ignored,
				value_new_string(p->pipeline.ignored[i]));
	return err;
}

static int set_owner(const struct plan *p, struct value *map)
{
	int err = value_set_int(map, "uid", p->asked->uid);

	return err ? err : value_set_int(map, "gid", p->asked->gid);
}

static int set_head(const struct plan *p, const char *name,
		    struct value *record)
{
	const char *title = p->pipeline.name ? p->pipeline.name : name;
	int err = value_set_string(record, "name", name);

	if (!err)
		err = value_set_string(record, "state", "PENDING");
	if (!err)
		err = value_set_string(record, "reason", "");
	if (!err)
		err = value_set_string(record, "asset", p->asset_path);
	if (!err)
		err = value_set_string(record, "kind", p->kind->name);
	if (!err)
		err = value_set(record, "digest",
				p->digest[0] ? value_new_string(p->digest)
					     : value_new_null());
	if (!err)
		err = value_set_string(record, "engine", p->engine->name);
	if (!err)
		err = value_set_string(record, "pipeline", title);
	return err;
}

static int set_times(const struct plan *p, struct value *record)
{
	int err = ledger_set_time(record, "created", p->now);

	if (!err)
		err = value_set(record, "started", value_new_null());
	if (!err)
		err = value_set(record, "finished", value_new_null());
	if (!err)
		err = value_set(record, "history", value_new_list());
	return err ? err : ledger_enter(record, "PENDING", NULL);
}

/* `internal` first, and in it `asset`: run.c looks for it there. */
static int make_record(const struct plan *p, const char *name,
		       struct value *record)
{
	int err = set_map(record, "internal", p, set_internal);

	if (!err)
		err = set_head(p, name, record);
	if (!err)
		err = set_map(record, "owner", p, set_owner);
	if (!err)
		err = set_times(p, record);
	if (!err)
		err = value_set(record, "parameters",
				value_copy(p->request.parameters));
	if (!err)
		err = value_set(record, "datasets",
				value_copy(p->request.datasets));
	if (!err)
		err = set_map(record, "progress", p, set_progress);
	if (!err)
		err = set_lists(p, record);
	if (!err)
		err = set_map(record, "remote", p, set_remote);
	return err;
}

/* ---- all of it ---- */

static int make(struct plan *p, struct buf *why, struct buf *ret_name,
		uint64_t *ret_run)
{
	AUTO(value_release) struct value *record = value_new_map();
	uint64_t run = 0;
	int err = p->request.name ? make_named(p, why, ret_name, &run)
				  : make_numbered(p, ret_name, &run);

	if (err)
		return err;
	err = put_files(p, ret_name->data, run);
	if (!err)
		err = record ? make_record(p, ret_name->data, record) : -ENOMEM;
	if (!err)
		err = ledger_save(p->st, run, record);
	if (!err)
		err = wish_put(p->st, run, WISH_START);
	if (err) {
		run_removed(p->c, run);
		file_remove(p->st, catalog_runs_dir(p->c), ret_name->data);
		return err;
	}
	*ret_run = run;
	return 0;
}

int run_ask(struct catalog *c, const struct run_request *request,
	    struct buf *why, struct buf *ret_name, uint64_t *ret_run)
{
	AUTO(plan_release)
	struct plan p = {
		.c = c,
		.st = catalog_store(c),
		.asked = request,
		.now = clock_now(),
	};
	int err = judge(&p, why);

	return err ? err : make(&p, why, ret_name, ret_run);
}
