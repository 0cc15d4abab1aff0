// SPDX-License-Identifier: Apache-2.0
/* .mlx/runs/, and a run's own view in there (DESIGN section 7). */
#include <errno.h>

#include "engine/run.h"
#include "store/node.h"
#include "view.h"

static bool is_runs(struct fs *fs, uint64_t object)
{
	return view_place(fs, object) == PLACE_RUNS;
}

static bool is_run(struct fs *fs, uint64_t object)
{
	return view_place(fs, object) == PLACE_RUN;
}

static void get_runs(struct fs *fs, uint64_t object, struct view *ret_v)
{
	(void)object;
	*ret_v = (struct view){ VIEW_RUNS, catalog_runs_dir(fs->catalog), 0 };
}

static int find_run(struct fs *fs, uint64_t object, const char *name,
		    struct view *ret_v)
{
	return view_find_dir(fs, object, name, VIEW_RUN, ret_v);
}

static int each_run(struct fs *fs, uint64_t object, uint64_t cookie,
		    view_each_fn *fn, void *arg)
{
	return view_each_dir(fs, object, cookie, VIEW_RUN, fn, arg);
}

const struct view_dir view_runs = {
	.rows = view_no_rows,
	.is_alive = is_runs,
	.get_parent = view_get_top,
	.find = find_run,
	.each = each_run,
};

static int put_nothing(struct fs *fs, uint64_t object, struct buf *out,
		       int64_t *ret_changed)
{
	(void)fs;
	(void)object;
	(void)out;
	(void)ret_changed;
	return 0;
}

static int set_cancel(struct fs *fs, uint64_t object,
		      const struct control_text *text, struct buf *why,
		      struct buf *answer)
{
	(void)text;
	(void)why;
	(void)answer;
	return run_cancel(fs->catalog, object);
}

static const struct view_row run_rows[] = {
	{ .name = "status.json",
	  .mode = S_IFREG | 0444,
	  .render = run_put_status_json },
	{ .name = "progress",
	  .mode = S_IFREG | 0444,
	  .render = run_put_progress },
	{ .name = "wait",
	  .mode = S_IFREG | 0444,
	  .render = run_put_state,
	  .waits = true },
	{ .name = "cancel",
	  .mode = S_IFREG | 0644,
	  .put = put_nothing,
	  .set = set_cancel },
	{ 0 },
};

const struct view_dir view_run = {
	.rows = run_rows,
	.is_alive = is_run,
	.get_parent = get_runs,
};
