// SPDX-License-Identifier: Apache-2.0
/* What all tables of views have in common. */
#include "view.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "home.h"
#include "store/node.h"

#define TABLE_SHIFT 58
#define OBJECT_SHIFT 8
#define OBJECT_MASK ((UINT64_C(1) << (TABLE_SHIFT - OBJECT_SHIFT)) - 1)
/* Cookies below are rows, above are what the table's `each` finds. */
#define COOKIE_FOUND 256
/* Seconds: as long as looking up, opening and reading takes, and no longer than
 * anybody could notice. */
#define MOMENT 0.05

static const struct view_dir *const dirs[VIEW_IDS] = {
	[VIEW_ROOT] = &view_root,	  [VIEW_HOME] = &view_home,
	[VIEW_TOP] = &view_top,		  [VIEW_KIND] = &view_kind,
	[VIEW_ASSET] = &view_asset,	  [VIEW_ASSET_RUNS] = &view_asset_runs,
	[VIEW_RUN_LINK] = &view_run_link, [VIEW_RUNS] = &view_runs,
	[VIEW_RUN] = &view_run,
};

uint64_t view_ino(const struct view *v)
{
	return VIEW_BIT | (uint64_t)v->table << TABLE_SHIFT |
	       v->object << OBJECT_SHIFT | v->row;
}

static unsigned int count_rows(const struct view_dir *dir)
{
	unsigned int n = 0;

	while (dir->rows[n].name)
		n++;
	return n;
}

static struct view view_of(uint64_t ino)
{
	struct view v = {
		.table = (ino & ~VIEW_BIT) >> TABLE_SHIFT,
		.object = ino >> OBJECT_SHIFT & OBJECT_MASK,
		.row = ino & 0xff,
	};

	if (v.table == VIEW_HOME)
		v.row = 1; /* its number carries the path's hash instead */
	return v;
}

int view_get(struct fs *fs, uint64_t ino, struct view *ret_v)
{
	struct view v = view_of(ino);

	if (v.table >= VIEW_IDS || !dirs[v.table])
		return -ENOENT;
	if (v.row > count_rows(dirs[v.table]) ||
	    !dirs[v.table]->is_alive(fs, v.object))
		return -ENOENT;
	*ret_v = v;
	return 0;
}

const struct view_row *view_row_of(const struct view *v)
{
	return v->row ? &dirs[v->table]->rows[v->row - 1] : NULL;
}

bool view_is_dir(const struct view *v)
{
	return !v->row;
}

/* The view that a row stands for: a file of this table, or another table. */
static struct view row_view(const struct view *dir, unsigned int row)
{
	enum view_id below = dirs[dir->table]->rows[row - 1].below;

	return below ? (struct view){ below, dir->object, 0 }
		     : (struct view){ dir->table, dir->object, row };
}

static int find_row(const struct view *dir, const char *name,
		    struct view *ret_v)
{
	const struct view_row *rows = dirs[dir->table]->rows;

	for (unsigned int i = 0; rows[i].name; i++) {
		if (!strcmp(rows[i].name, name)) {
			*ret_v = row_view(dir, i + 1);
			return 0;
		}
	}
	return -ENOENT;
}

static uint64_t parent_ino(struct fs *fs, const struct view *dir)
{
	struct view parent;

	if (dir->table == VIEW_TOP)
		return STORE_ROOT;
	dirs[dir->table]->get_parent(fs, dir->object, &parent);
	return view_ino(&parent);
}

int view_find(struct fs *fs, const struct view *dir, const char *name,
	      uint64_t *ret_ino)
{
	const struct view_dir *table = dirs[dir->table];
	struct view v = *dir;
	int err = 0;

	if (!strcmp(name, "..")) {
		*ret_ino = parent_ino(fs, dir);
		return 0;
	}
	if (strcmp(name, ".") != 0)
		err = find_row(dir, name, &v);
	if (err && table->find)
		err = table->find(fs, dir->object, name, &v);
	if (!err)
		*ret_ino = view_ino(&v);
	return err;
}

int view_find_root(struct fs *fs, const char *name, uint64_t *ret_ino)
{
	struct view root = { VIEW_ROOT, STORE_ROOT, 0 }, v;
	int err = find_row(&root, name, &v);

	(void)fs;
	if (!err)
		*ret_ino = view_ino(&v);
	return err;
}

int view_home_ino(struct fs *fs, uint64_t dir, uint64_t *ret_ino)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	struct view v = { VIEW_HOME, dir, 0 };
	int err = node_put_path(fs->store, dir, &path);
	uint32_t hash = 2166136261; /* FNV-1a */

	if (err || path.err)
		return err ? err : path.err;
	for (size_t i = 0; i < path.len; i++)
		hash = (hash ^ (unsigned char)path.data[i]) * 16777619;
	v.row = (hash ^ hash >> 8 ^ hash >> 16) & 0xff;
	*ret_ino = view_ino(&v);
	return 0;
}

struct found {
	view_each_fn *fn;
	void *arg;
};

static int pass_on(void *arg, const char *name, const struct view *v,
		   uint64_t cookie)
{
	struct found *found = arg;

	return found->fn(found->arg, name, v, COOKIE_FOUND + cookie);
}

int view_each(struct fs *fs, const struct view *dir, uint64_t cookie,
	      view_each_fn *fn, void *arg)
{
	const struct view_dir *table = dirs[dir->table];
	struct found found = { fn, arg };

	for (unsigned int row = cookie + 1;
	     cookie < COOKIE_FOUND && row <= count_rows(table); row++) {
		struct view v = row_view(dir, row);

		if (fn(arg, table->rows[row - 1].name, &v, row))
			return 0;
	}
	if (!table->each)
		return 0;
	return table->each(fs, dir->object,
			   cookie > COOKIE_FOUND ? cookie - COOKIE_FOUND : 0,
			   pass_on, &found);
}

/* A view is as open as the directory that it is of: a private asset's is
 * private. */
static mode_t dir_mode(const struct view *v, const struct node_attr *object)
{
	if (v->table == VIEW_ASSET || v->table == VIEW_ASSET_RUNS ||
	    v->table == VIEW_RUN)
		return S_IFDIR | (object->mode & 0755);
	return S_IFDIR | 0755;
}

static int stat_file(struct fs *fs, const struct view *v, struct stat *st)
{
	AUTO(shot_release) struct shot *shot = NULL;
	int err = shot_get(fs, v, &shot);

	if (err)
		return err;
	st->st_mode = view_row_of(v)->mode;
	st->st_size = (off_t)shot->len;
	st->st_blocks = (blkcnt_t)((shot->len + 511) / 512);
	if (shot->changed)
		st->st_mtim = clock_to_timespec(shot->changed);
	return 0;
}

int view_get_stat(struct fs *fs, uint64_t ino, struct stat *ret_stat)
{
	struct stat st = { .st_ino = ino, .st_nlink = 1, .st_blksize = 4096 };
	struct node_attr object;
	struct view v;
	int err = view_get(fs, ino, &v);

	if (!err)
		err = node_get(fs->store, v.object, &object);
	if (err)
		return err;
	st.st_uid = object.uid;
	st.st_gid = object.gid;
	st.st_mtim = clock_to_timespec(object.mtime);
	if (view_is_dir(&v)) {
		st.st_mode = dir_mode(&v, &object);
		st.st_nlink = 2;
	} else {
		err = stat_file(fs, &v, &st);
	}
	st.st_ctim = st.st_atim = st.st_mtim;
	if (!err)
		*ret_stat = st;
	return err;
}

/* These directories never go. */
double view_name_for(uint64_t ino)
{
	struct view v = view_of(ino);

	return view_is_dir(&v) && (v.table == VIEW_TOP ||
				   v.table == VIEW_KIND || v.table == VIEW_RUNS)
		       ? FOREVER
		       : 0;
}

/* What can be written says what was written last. */
double view_attr_for(uint64_t ino)
{
	struct view v = view_of(ino);
	const struct view_row *row = view_row_of(&v);

	return row && (row->set || row->waits) ? 0 : MOMENT;
}

static bool is_quick(struct fs *fs, const struct view *v)
{
	const struct view_row *row = view_row_of(v);

	return !row || (row->is_known && row->is_known(fs->catalog, v->object));
}

bool view_is_quick(struct fs *fs, uint64_t ino)
{
	struct view v = view_of(ino);

	return is_quick(fs, &v) || shot_is_kept(fs, ino);
}

/* What is no row of these tables is a directory of the store. */
bool view_finds_quickly(struct fs *fs, uint64_t dir, const char *name)
{
	struct view v = view_of(dir), found;

	if (!view_is_dir(&v))
		return false;
	if (!find_row(&v, name, &found))
		return is_quick(fs, &found);
	return v.table == VIEW_KIND || v.table == VIEW_RUNS;
}

void view_put_path(struct fs *fs, const struct view *v, struct buf *out)
{
	const struct view_row *row = view_row_of(v);

	if (v->object != STORE_ROOT) { /* as one comes there from the object */
		node_put_path(fs->store, v->object, out);
		buf_puts(out, "/" HOME_LINK);
	} else if (v->table == VIEW_TOP) {
		buf_puts(out, ".mlx");
	}
	if (row)
		buf_addf(out, "%s%s", out->len ? "/" : "", row->name);
}

/* ---- what several tables use ---- */

const struct view_row view_no_rows[] = { { 0 } };

enum place view_place(struct fs *fs, uint64_t dir)
{
	struct place_info info;

	catalog_locate(fs->catalog, dir, &info);
	return info.place;
}

void view_get_top(struct fs *fs, uint64_t object, struct view *ret_v)
{
	(void)fs;
	(void)object;
	*ret_v = (struct view){ VIEW_TOP, STORE_ROOT, 0 };
}

int view_find_dir(struct fs *fs, uint64_t object, const char *name,
		  enum view_id below, struct view *ret_v)
{
	struct node_attr attr;
	int err = node_find(fs->store, object, name, &attr);

	if (err || !S_ISDIR(attr.mode) || !catalog_is_asset_name(name))
		return -ENOENT;
	*ret_v = (struct view){ below, attr.ino, 0 };
	return 0;
}

struct below {
	enum view_id table;
	view_each_fn *fn;
	void *arg;
};

static int pass_dir(void *arg, const char *name, const struct node_attr *attr,
		    uint64_t cookie)
{
	struct below *below = arg;
	struct view v = { below->table, attr->ino, 0 };

	if (!S_ISDIR(attr->mode) || !catalog_is_asset_name(name))
		return 0;
	return below->fn(below->arg, name, &v, cookie);
}

int view_each_dir(struct fs *fs, uint64_t object, uint64_t cookie,
		  enum view_id below, view_each_fn *fn, void *arg)
{
	struct below it = { below, fn, arg };

	return node_each(fs->store, object, cookie, pass_dir, &it);
}
