// SPDX-License-Identifier: Apache-2.0
/* .mlx/KIND/, and an asset's own view in there (DESIGN section 5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/run.h"
#include "store/node.h"
#include "view.h"

/* ---- a kind: its assets ---- */

static bool is_kind(struct fs *fs, uint64_t object)
{
	return view_place(fs, object) == PLACE_KIND;
}

static int find_asset(struct fs *fs, uint64_t object, const char *name,
		      struct view *ret_v)
{
	return view_find_dir(fs, object, name, VIEW_ASSET, ret_v);
}

static int each_asset(struct fs *fs, uint64_t object, uint64_t cookie,
		      view_each_fn *fn, void *arg)
{
	return view_each_dir(fs, object, cookie, VIEW_ASSET, fn, arg);
}

const struct view_dir view_kind = {
	.rows = view_no_rows,
	.is_alive = is_kind,
	.get_parent = view_get_top,
	.find = find_asset,
	.each = each_asset,
};

/* ---- an asset ---- */

static bool is_asset(struct fs *fs, uint64_t object)
{
	return view_place(fs, object) == PLACE_ASSET;
}

static void get_kind(struct fs *fs, uint64_t object, struct view *ret_v)
{
	struct place_info info;

	catalog_locate(fs->catalog, object, &info);
	*ret_v = info.kind ? (struct view){ VIEW_KIND,
					    catalog_kind_dir(fs->catalog,
							     info.kind),
					    0 }
			   : (struct view){ VIEW_TOP, STORE_ROOT, 0 };
}

static int set_run(struct fs *fs, uint64_t object,
		   const struct control_text *text, struct buf *why,
		   struct buf *answer)
{
	struct run_request request = {
		.asset = object,
		.uid = text->uid,
		.gid = text->gid,
		.text = text->text,
		.len = text->len,
	};
	uint64_t run;
	int err = run_ask(fs->catalog, &request, why, answer, &run);

	if (!err)
		buf_putc(answer, '\n');
	return err;
}

static int set_tags(struct fs *fs, uint64_t object,
		    const struct control_text *text, struct buf *why,
		    struct buf *answer)
{
	(void)answer;
	return asset_set_tags(fs->catalog, object, text->text, text->len, why);
}

static int set_featured(struct fs *fs, uint64_t object,
			const struct control_text *text, struct buf *why,
			struct buf *answer)
{
	(void)answer;
	return asset_set_featured(fs->catalog, object, text->text, text->len,
				  why);
}

static int set_published(struct fs *fs, uint64_t object,
			 const struct control_text *text, struct buf *why,
			 struct buf *answer)
{
	(void)answer;
	return asset_set_published(fs->catalog, object, text->text, text->len,
				   why);
}

#define R (S_IFREG | 0444)
#define RW (S_IFREG | 0644)

/* `run` is open to all who reach it: the run belongs to who wrote it. */
static const struct view_row asset_rows[] = {
	{ .name = "metadata.json",
	  .mode = R,
	  .render = asset_put_metadata,
	  .is_known = asset_is_known },
	{ .name = "checks.json", .mode = R, .render = asset_put_checks },
	{ .name = "errors", .mode = R, .render = asset_put_errors },
	{ .name = "SHA256SUMS", .mode = R, .render = asset_put_sums },
	{ .name = "pipeline.py", .mode = R, .render = asset_put_code },
	{ .name = "run",
	  .mode = S_IFREG | 0666,
	  .render = asset_put_run_template,
	  .set = set_run,
	  .once = true },
	{ .name = "runs", .mode = S_IFDIR | 0755, .below = VIEW_ASSET_RUNS },
	{ .name = "tags",
	  .mode = RW,
	  .render = asset_put_tags,
	  .set = set_tags },
	{ .name = "featured",
	  .mode = RW,
	  .render = asset_put_featured,
	  .set = set_featured },
	{ .name = "published",
	  .mode = RW,
	  .render = asset_put_published,
	  .set = set_published },
	{ 0 },
};

const struct view_dir view_asset = {
	.rows = asset_rows,
	.is_alive = is_asset,
	.get_parent = get_kind,
};

/* ---- runs/ of an asset: links ---- */

static void get_asset(struct fs *fs, uint64_t object, struct view *ret_v)
{
	(void)fs;
	*ret_v = (struct view){ VIEW_ASSET, object, 0 };
}

#define LINK_ROW 1
#define LATEST_ROW 2

struct wanted {
	const char *name;
	uint64_t run; /* 0: none */
};

static int match(void *arg, const char *name, uint64_t run)
{
	struct wanted *wanted = arg;

	if (!wanted->name || !strcmp(wanted->name, name))
		wanted->run = run;
	return wanted->name && wanted->run;
}

/* `latest` is the last one that is told: they come oldest first. */
static int find_run(struct fs *fs, uint64_t object, const char *name,
		    struct view *ret_v)
{
	bool latest = !strcmp(name, "latest");
	struct wanted wanted = { .name = latest ? NULL : name };
	int err = run_each(fs->catalog, object, match, &wanted);

	if (err < 0 || !wanted.run)
		return err < 0 ? err : -ENOENT;
	*ret_v = (struct view){ VIEW_RUN_LINK, wanted.run,
				latest ? LATEST_ROW : LINK_ROW };
	return 0;
}

struct links {
	view_each_fn *fn;
	void *arg;
	uint64_t cookie; /* runs up to this number were told before */
	uint64_t last;
	bool full;
};

static int pass_run(void *arg, const char *name, uint64_t run)
{
	struct links *links = arg;
	struct view v = { VIEW_RUN_LINK, run, LINK_ROW };

	links->last = run;
	if (run <= links->cookie)
		return 0;
	links->full = links->fn(links->arg, name, &v, run);
	return links->full;
}

/* Cookies are the runs' numbers, which grow; `latest` is beyond them all. */
#define COOKIE_LATEST (UINT64_C(1) << 56)

static int each_run(struct fs *fs, uint64_t object, uint64_t cookie,
		    view_each_fn *fn, void *arg)
{
	struct links links = { .fn = fn, .arg = arg, .cookie = cookie };
	struct view v = { .table = VIEW_RUN_LINK, .row = LATEST_ROW };
	int err;

	if (cookie >= COOKIE_LATEST)
		return 0;
	err = run_each(fs->catalog, object, pass_run, &links);
	if (err < 0 || links.full || !links.last)
		return err < 0 ? err : 0;
	v.object = links.last;
	fn(arg, "latest", &v, COOKIE_LATEST);
	return 0;
}

const struct view_dir view_asset_runs = {
	.rows = view_no_rows,
	.is_alive = is_asset,
	.get_parent = get_asset,
	.find = find_run,
	.each = each_run,
};

static bool is_run(struct fs *fs, uint64_t object)
{
	return view_place(fs, object) == PLACE_RUN;
}

static int put_run_link(struct fs *fs, uint64_t object, struct buf *out,
			int64_t *ret_changed)
{
	(void)ret_changed;
	buf_puts(out, "../../../../");
	return node_put_path(fs->store, object, out);
}

static const struct view_row run_link_rows[] = {
	{ .name = "run", .mode = S_IFLNK | 0777, .put = put_run_link },
	{ .name = "latest", .mode = S_IFLNK | 0777, .put = put_run_link },
	{ 0 },
};

const struct view_dir view_run_link = {
	.rows = run_link_rows,
	.is_alive = is_run,
	.get_parent = view_get_top,
};
