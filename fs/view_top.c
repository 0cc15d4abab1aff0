// SPDX-License-Identifier: Apache-2.0
/* What stands in the root, the links named _mlx, and .mlx itself. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/value.h"
#include "engine/run.h"
#include "ext/json.h"
#include "store/node.h"
#include "view.h"

/* ---- the root ---- */

static const char readme_head[] =
	"# A catalog that is a file system\n"
	"\n"
	"Each directory in one of these is an asset; copy files in to make "
	"one:\n"
	"\n";

static const char readme_rest[] =
	"    runs/         what was started\n"
	"\n"
	"Beside an asset's own files stands `_mlx`, a link to what is known of "
	"it:\n"
	"\n"
	"    cat models/NAME/_mlx/metadata.json    the record\n"
	"    cat models/NAME/_mlx/checks.json      what is right, what is "
	"missing\n"
	"    cat models/NAME/_mlx/pipeline.py      code that runs it\n"
	"    cat models/NAME/_mlx/run              what a run can be given\n"
	"    cat models/NAME/_mlx/errors           why an upload was refused\n"
	"\n"
	"Writing `run` starts a run, which is a directory below runs/:\n"
	"\n"
	"    echo > pipelines/NAME/_mlx/run\n"
	"    cat pipelines/NAME/_mlx/runs/latest/_mlx/wait\n"
	"    tail -f runs/NAME-0001/log\n"
	"    echo > runs/NAME-0001/_mlx/cancel\n"
	"\n"
	"`_mlx/status.json` tells of the mount, `_mlx/errors` of recent "
	"refusals,\n"
	"`_mlx/log` of recent events. The manual page mlxfs(1) says the "
	"rest.\n";

/* It says what this program says, so it is as old as the program. */
static int put_readme(struct fs *fs, uint64_t object, struct buf *out,
		      int64_t *ret_changed)
{
	struct stat program;

	(void)fs;
	(void)object;
	buf_puts(out, readme_head);
	for (const struct kind *kind = kinds; kind->name; kind++)
		buf_addf(out, "    %s/%*s%s\n", kind->dir,
			 13 - (int)strlen(kind->dir), "", kind->summary);
	buf_puts(out, readme_rest);
	if (!stat("/proc/self/exe", &program))
		*ret_changed = clock_from_timespec(&program.st_mtim);
	return 0;
}

static int put_top_link(struct fs *fs, uint64_t object, struct buf *out,
			int64_t *ret_changed)
{
	(void)fs;
	(void)object;
	(void)ret_changed;
	buf_puts(out, ".mlx");
	return 0;
}

static bool is_root(struct fs *fs, uint64_t object)
{
	(void)fs;
	return object == STORE_ROOT;
}

static const struct view_row root_rows[] = {
	{ .name = "README.md", .mode = S_IFREG | 0444, .put = put_readme },
	{ .name = "_mlx", .mode = S_IFLNK | 0777, .put = put_top_link },
	{ .name = ".mlx", .mode = S_IFDIR | 0755, .below = VIEW_TOP },
	{ 0 },
};

const struct view_dir view_root = {
	.rows = root_rows,
	.is_alive = is_root,
	.get_parent = view_get_top,
};

/* ---- _mlx of an asset or a run ---- */

static bool is_home(struct fs *fs, uint64_t object)
{
	enum place place = view_place(fs, object);

	return place == PLACE_ASSET || place == PLACE_RUN;
}

static int put_home_link(struct fs *fs, uint64_t object, struct buf *out,
			 int64_t *ret_changed)
{
	(void)ret_changed;
	buf_puts(out, "../../.mlx/");
	return node_put_path(fs->store, object, out);
}

static const struct view_row home_rows[] = {
	{ .name = "_mlx", .mode = S_IFLNK | 0777, .put = put_home_link },
	{ 0 },
};

const struct view_dir view_home = {
	.rows = home_rows,
	.is_alive = is_home,
	.get_parent = view_get_top,
};

/* ---- .mlx ---- */

static int add_counts(struct fs *fs, struct value *doc)
{
	struct value *assets = value_new_map();
	struct catalog_counts counts;
	struct store_counts stored;
	int err = 0;

	catalog_count(fs->catalog, &counts);
	store_count(fs->store, &stored);
	for (size_t i = 0; kinds[i].name && assets && !err; i++)
		err = value_set_int(assets, kinds[i].dir, counts.assets[i]);
	if (err)
		value_release(&assets);
	err = value_set(doc, "assets", assets);
	if (!err)
		err = value_set_int(doc, "drafts", counts.drafts);
	if (!err)
		err = value_set_int(doc, "invalid", counts.invalid);
	if (!err)
		err = value_set_int(doc, "inodes", (int64_t)stored.inodes);
	if (!err)
		err = value_set_int(doc, "entries", (int64_t)stored.entries);
	if (!err)
		err = value_set_int(doc, "commits", (int64_t)stored.commits);
	if (!err)
		err = value_set_int(doc, "digests_pending",
				    (int64_t)stored.digests_pending);
	return err;
}

static struct value *engine_value(const struct engine *engine)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct value *v = value_new_map();
	int err = v ? value_set_string(v, "name", engine->name) : -ENOMEM;
	bool answers = !engine->probe(&why);

	if (!err)
		err = value_set_bool(v, "answers", answers);
	if (!err)
		err = value_set_string(v, "says", why.data);
	if (err)
		value_release(&v);
	return v;
}

static int add_engines(struct value *doc)
{
	struct value *list = value_new_list();
	int err = 0;

	for (size_t i = 0; engines[i] && list && !err; i++)
		err = value_add(list, engine_value(engines[i]));
	if (err)
		value_release(&list);
	return value_set(doc, "engines", list);
}

static int fill_status(struct fs *fs, struct value *doc)
{
	int err = value_set_string(doc, "version", MLXFS_VERSION);

	if (!err)
		err = value_set_string(doc, "store", store_path(fs->store));
	if (!err)
		err = value_set_string(doc, "mountpoint", fs->mountpoint);
	if (!err)
		err = value_set_int(doc, "pid", getpid());
	if (!err)
		err = value_set_int(doc, "uid", fs->uid);
	if (!err)
		err = value_set_bool(doc, "multi_user", fs->uid == 0);
	if (!err)
		err = value_set_bool(doc, "read_only", fs->read_only);
	if (!err)
		err = value_set_string(
			doc, "io", fs->passthrough ? "passthrough" : "cached");
	if (!err)
		err = value_set_string(doc, "requests",
				       fs->rings ? "io_uring" : "/dev/fuse");
	if (!err)
		err = add_counts(fs, doc);
	return err ? err : add_engines(doc);
}

static int put_status(struct fs *fs, uint64_t object, struct buf *out,
		      int64_t *ret_changed)
{
	AUTO(value_release) struct value *doc = value_new_map();
	int err = doc ? fill_status(fs, doc) : -ENOMEM;

	(void)object;
	if (err)
		return err;
	json_write(doc, out);
	*ret_changed = clock_now();
	return 0;
}

static int put_log(struct fs *fs, uint64_t object, struct buf *out,
		   int64_t *ret_changed)
{
	(void)fs;
	(void)object;
	log_put_recent(out, ret_changed);
	return 0;
}

static int put_errors(struct fs *fs, uint64_t object, struct buf *out,
		      int64_t *ret_changed)
{
	(void)object;
	catalog_put_refusals(fs->catalog, out, ret_changed);
	return 0;
}

static int find_kind(struct fs *fs, uint64_t object, const char *name,
		     struct view *ret_v)
{
	const struct kind *kind = kind_find_dir(name);

	(void)object;
	if (kind)
		*ret_v =
			(struct view){ VIEW_KIND,
				       catalog_kind_dir(fs->catalog, kind), 0 };
	else if (!strcmp(name, "runs"))
		*ret_v = (struct view){ VIEW_RUNS,
					catalog_runs_dir(fs->catalog), 0 };
	else
		return -ENOENT;
	return 0;
}

/* Cookies: the kind's place from 1; runs/ comes last. */
static int each_kind(struct fs *fs, uint64_t object, uint64_t cookie,
		     view_each_fn *fn, void *arg)
{
	struct view v;
	uint64_t i = 0;

	for (; kinds[i].name; i++) {
		if (i >= cookie && !find_kind(fs, object, kinds[i].dir, &v) &&
		    fn(arg, kinds[i].dir, &v, i + 1))
			return 0;
	}
	if (i >= cookie && !find_kind(fs, object, "runs", &v))
		fn(arg, "runs", &v, i + 1);
	return 0;
}

static const struct view_row top_rows[] = {
	{ .name = "status.json", .mode = S_IFREG | 0444, .put = put_status },
	{ .name = "log", .mode = S_IFREG | 0444, .put = put_log },
	{ .name = "errors", .mode = S_IFREG | 0444, .put = put_errors },
	{ 0 },
};

const struct view_dir view_top = {
	.rows = top_rows,
	.is_alive = is_root,
	.get_parent = view_get_top,
	.find = find_kind,
	.each = each_kind,
};
