// SPDX-License-Identifier: Apache-2.0
/*
 * Listings keep nothing between two requests: an offset says by itself where to
 * go on, and stays right while names are removed.
 *
 *	1, 2               "." and ".." were told
 *	2 + cookie         a real entry
 *	2^61 + cookie      of a view: its rows and what its table finds
 *	2^62               _mlx, the last
 *
 * With attributes (readdirplus) each real entry counts as looked up. Entries of
 * views come without, so that listing renders nothing.
 *
 * The kernel asks for attributes whenever a listing begins, and an inode for
 * each file is most of what a cold `find` then costs. So a thread that is new
 *to us gets those of directories only, which it will open; when it looks up a
 *file of what it listed (`ls -l` does), it gets all, there and wherever it goes
 *on.
 */
#include "dirs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "home.h"
#include "reply.h"
#include "spot.h"
#include "view.h"

#define OFF_REAL 2
#define OFF_VIEW (INT64_C(1) << 61)
#define OFF_HOME (INT64_C(1) << 62)
/* the most that is answered at once */
#define SIZE_MOST (256u * 1024)
/* the shortest entry of readdirplus: 128 bytes of attributes, 24 of entry */
#define ENTRY_LEAST 152

struct listing {
	fuse_req_t req;
	struct fs *fs;
	uint64_t dir;
	struct place_info place;
	bool plus;
	bool thin;   /* attributes of directories only */
	bool hidden; /* what is not listed otherwise is wanted, too */
	char *data;
	size_t size, used;
	bool full;
	uint64_t *told; /* real inodes told with attributes */
	size_t told_count;
};

/* ---- who wants attributes ---- */

/* A slot: the directory listed last, the thread, and whether it wants them. */
static uint64_t lister(uint64_t dir, pid_t tid, bool wants)
{
	return dir << 24 | (uint64_t)(tid & 0x7fffff) << 1 | wants;
}

static _Atomic uint64_t *slot_of(struct fs *fs, pid_t tid)
{
	return &fs->listers[(unsigned int)tid % LISTERS];
}

static bool wants_attributes(struct fs *fs, uint64_t dir, pid_t tid)
{
	_Atomic uint64_t *slot = slot_of(fs, tid);
	uint64_t was = atomic_load(slot);

	if (was == lister(was >> 24, tid, true))
		return true;
	atomic_store(slot, lister(dir, tid, false));
	return false;
}

void dirs_looked_up(struct fs *fs, uint64_t dir, pid_t tid)
{
	_Atomic uint64_t *slot = slot_of(fs, tid);

	if (atomic_load(slot) == lister(dir, tid, false))
		atomic_store(slot, lister(dir, tid, true));
}

/* ---- one entry ---- */

static int add(struct listing *l, const char *name,
	       const struct fuse_entry_param *e, off_t next)
{
	char *at = l->data + l->used;
	size_t left = l->size - l->used;
	size_t len = l->plus ? fuse_add_direntry_plus(l->req, at, left, name, e,
						      next)
			     : fuse_add_direntry(l->req, at, left, name,
						 &e->attr, next);

	l->full = len > left;
	if (!l->full)
		l->used += len;
	return l->full;
}

/* By number and type only. */
static int add_plain(struct listing *l, const char *name, uint64_t ino,
		     mode_t type, off_t next)
{
	struct fuse_entry_param e = {
		.attr = { .st_ino = ino, .st_mode = type },
	};

	return add(l, name, &e, next);
}

static int add_node(void *arg, const char *name, const struct node_attr *attr,
		    uint64_t cookie)
{
	struct listing *l = arg;
	off_t next = OFF_REAL + (off_t)cookie;
	struct fuse_entry_param e = {
		.ino = attr->ino,
		.attr_timeout = reply_attr_for(attr),
		.entry_timeout = FOREVER,
	};

	if (spot_is_hidden(l->dir, name))
		return 0;
	if ((l->place.place == PLACE_ASSET || l->place.place == PLACE_RUN) &&
	    !strcmp(name, HOME_LINK))
		return 0;
	/* names here may stand for something else soon: ask for each */
	if (!l->plus || (l->thin && !S_ISDIR(attr->mode)) || view_is(l->dir) ||
	    !strcmp(name, HOME_LINK) ||
	    (l->place.place == PLACE_KIND && !S_ISDIR(attr->mode)))
		return add_plain(l, name, attr->ino, attr->mode, next);
	reply_fill_stat(attr, &e.attr);
	if (add(l, name, &e, next))
		return 1;
	l->told[l->told_count++] = attr->ino;
	return 0;
}

static int add_view(void *arg, const char *name, const struct view *v,
		    uint64_t cookie)
{
	mode_t type = view_is_dir(v) ? S_IFDIR : view_row_of(v)->mode;

	return add_plain(arg, name, view_ino(v), type,
			 OFF_VIEW + (off_t)cookie);
}

static void add_dots(struct listing *l, off_t off)
{
	struct fs *fs = l->fs;
	uint64_t parent = STORE_ROOT;
	struct node_attr attr;
	struct view v;

	if (view_is(l->dir) && !view_get(fs, l->dir, &v))
		view_find(fs, &v, "..", &parent);
	else if (!node_get(fs->store, l->dir, &attr) && attr.parent)
		parent = attr.parent;
	if (off < 1 && add_plain(l, ".", l->dir, S_IFDIR, 1))
		return;
	if (off < OFF_REAL)
		add_plain(l, "..", parent, S_IFDIR, OFF_REAL);
}

static int list_stored(struct listing *l, uint64_t dir, off_t off)
{
	uint64_t cookie = off > OFF_REAL ? (uint64_t)off - OFF_REAL : 0;

	if (l->full || off >= OFF_VIEW)
		return 0;
	return node_each(l->fs->store, dir, cookie, add_node, l);
}

/* What is added to a real directory: in the root what is generated there but
 * .mlx, and _mlx of an asset or a run. */
static void list_added(struct listing *l, off_t off)
{
	struct view root = { VIEW_ROOT, STORE_ROOT, 1 };
	struct view top = { VIEW_TOP, STORE_ROOT, 0 };
	uint64_t home;

	if (l->full || off >= OFF_HOME)
		return;
	if (l->place.place == PLACE_ROOT) {
		if (off <= OFF_VIEW && add_view(l, "README.md", &root, 1))
			return;
		if (l->hidden && off <= OFF_VIEW + 1 &&
		    add_plain(l, ".mlx", view_ino(&top), S_IFDIR, OFF_VIEW + 2))
			return;
		root.row = 2;
		add_plain(l, HOME_LINK, view_ino(&root), S_IFLNK, OFF_HOME);
	} else if ((l->place.place == PLACE_ASSET ||
		    l->place.place == PLACE_RUN) &&
		   !view_home_ino(l->fs, l->dir, &home)) {
		add_plain(l, HOME_LINK, home, S_IFLNK, OFF_HOME);
	}
}

static int list_view(struct listing *l, off_t off)
{
	uint64_t scratch = spot_scratch_dir(l->fs, l->dir);
	struct view v;
	int err = view_get(l->fs, l->dir, &v);

	if (!err && scratch)
		err = list_stored(l, scratch, off);
	if (err || l->full)
		return err;
	return view_each(l->fs, &v,
			 off > OFF_VIEW ? (uint64_t)(off - OFF_VIEW) : 0,
			 add_view, l);
}

static int list(struct listing *l, off_t off)
{
	int err;

	if (off < OFF_REAL)
		add_dots(l, off);
	if (l->full)
		return 0;
	if (view_is(l->dir))
		return list_view(l, off);
	catalog_locate(l->fs->catalog, l->dir, &l->place);
	err = list_stored(l, l->dir, off);
	if (!err)
		list_added(l, off);
	return err;
}

static void free_inos(uint64_t **inos)
{
	free(*inos);
}

static void read_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		     const struct fuse_file_info *fi, bool plus)
{
	size_t room = size < SIZE_MOST ? size : SIZE_MOST;
	AUTO(free_text) char *data = malloc(room);
	AUTO(free_inos)
	uint64_t *told = malloc((room / ENTRY_LEAST + 1) * sizeof(*told));
	struct listing l = {
		.req = req,
		.fs = fs_of(req),
		.dir = ino,
		.place.place = PLACE_OTHER,
		.plus = plus,
		.thin = plus && !wants_attributes(fs_of(req), ino,
						  fuse_req_ctx(req)->pid),
		.hidden = fi->fh,
		.data = data,
		.size = room,
		.told = told,
	};
	int err = data && told ? list(&l, off) : -ENOMEM;

	if (err) {
		reply_err(req, "readdir", err);
		return;
	}
	for (size_t i = 0; i < l.told_count; i++)
		node_remember(l.fs->store, told[i]);
	if (!fuse_reply_buf(req, data, l.used))
		return;
	for (size_t i = 0; i < l.told_count; i++)
		node_forget(l.fs->store, told[i], 1);
}

/*
 * To reach a directory by a file handle (NFS) when it has forgotten it, the
 * kernel looks for its number in the directory above. It must find .mlx. Such
 * an open has no flags at all; all others have at least O_LARGEFILE, with which
 * 64-bit kernels open everything for programs and for the NFS server.
 */
static bool is_from_inside(uint64_t ino, const struct fuse_file_info *fi)
{
	return ino == STORE_ROOT && !fi->flags;
}

/* The kernel keeps a real directory's listing till a name in it changes: by
 * its own doing, or told by the notifier. What views list changes untold. */
void dirs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fi->fh = is_from_inside(ino, fi);
	fi->cache_readdir = fi->keep_cache = !fi->fh && !view_is(ino);
	fuse_reply_open(req, fi);
}

void dirs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		  struct fuse_file_info *fi)
{
	read_dir(req, ino, size, off, fi, false);
}

void dirs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	read_dir(req, ino, size, off, fi, true);
}
