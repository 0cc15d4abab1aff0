// SPDX-License-Identifier: Apache-2.0
/*
 * Operations on names: find the spot, ask whether it may be, do it in the
 * store, tell the catalog, answer. Renames are in rename.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "dirs.h"
#include "engine/run.h"
#include "entry.h"
#include "home.h"
#include "notify.h"
#include "open.h"
#include "reply.h"

/* "." and "..", of any inode: NFS asks for them. */
static void look_up_dots(fuse_req_t req, uint64_t ino, const char *name)
{
	struct fs *fs = fs_of(req);
	struct spot spot = { .type = SPOT_REAL, .place = PLACE_OTHER };
	struct node_attr attr;
	struct view v;
	int err = 0;

	if (view_is(ino) && name[1])
		err = view_get(fs, ino, &v) || !view_is_dir(&v)
			      ? -ENOENT
			      : view_find(fs, &v, name, &ino);
	if (!err && view_is(ino)) {
		reply_view(req, ino);
		return;
	}
	if (!err)
		err = name[1] && !view_is(ino)
			      ? node_find(fs->store, ino, name, &attr)
			      : node_get(fs->store, ino, &attr);
	if (err)
		reply_err(req, "lookup", err);
	else
		reply_node(req, &spot, &attr);
}

static int look_up_spot(struct fs *fs, const struct spot *spot,
			struct node_attr *ret_attr)
{
	if (spot->type == SPOT_NONE ||
	    (spot->type == SPOT_SCRATCH && !spot->dir))
		return -ENOENT;
	return node_find(fs->store, spot->dir, spot->name, ret_attr);
}

static bool seems_absent(fuse_req_t req, const struct spot *spot)
{
	pid_t tid = fuse_req_ctx(req)->pid;

	if (spot->type == SPOT_HOME)
		return home_is_absent(fs_of(req), spot->dir, tid);
	return spot->type == SPOT_VIEW &&
	       home_is_absent(fs_of(req), spot->ino, tid);
}

void entry_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	struct node_attr attr;
	struct spot spot;
	int err;

	if (!strcmp(name, ".") || !strcmp(name, "..")) {
		look_up_dots(req, parent, name);
		return;
	}
	spot_find(fs, parent, name, &spot);
	if (seems_absent(req, &spot)) {
		reply_absent(req, &spot);
		return;
	}
	if (spot.type == SPOT_VIEW || spot.type == SPOT_HOME) {
		reply_view(req, spot.ino);
		return;
	}
	err = look_up_spot(fs, &spot, &attr);
	if (!err && !S_ISDIR(attr.mode))
		dirs_looked_up(fs, parent, fuse_req_ctx(req)->pid);
	if (err == -ENOENT)
		reply_absent(req, &spot);
	else if (err)
		reply_err(req, "lookup", err);
	else
		reply_node(req, &spot, &attr);
}

void entry_changed(struct fs *fs, const struct spot *spot)
{
	fs_touch(fs);
	if (spot->type == SPOT_REAL)
		catalog_changed(fs->catalog, spot->dir, spot->name);
	/* the kernel knows the name where it asked, not where it led */
	if (spot->alias)
		notify_entry(fs, spot->dir, spot->name);
}

/* ---- making ---- */

static int make(fuse_req_t req, struct spot *spot, mode_t mode,
		const char *target, struct node_attr *ret_attr)
{
	struct fs *fs = fs_of(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct node_new new = {
		.mode = mode,
		.uid = ctx->uid,
		.gid = ctx->gid,
		.target = target,
	};
	int err = spot_may_make(fs, spot, mode & S_IFMT, ctx->uid);

	if (!err)
		err = node_make(fs->store, spot->dir, spot->name, &new,
				ret_attr);
	if (!err)
		entry_changed(fs, spot);
	return err;
}

static void make_and_reply(fuse_req_t req, const char *op, uint64_t parent,
			   const char *name, mode_t mode, const char *target)
{
	struct fs *fs = fs_of(req);
	pid_t tid = fuse_req_ctx(req)->pid;
	struct node_attr attr;
	struct spot spot;
	int err;

	spot_find(fs, parent, name, &spot);
	if (spot.type == SPOT_HOME && S_ISLNK(mode)) {
		home_made(fs, spot.dir, tid);
		reply_view(req, spot.ino);
		return;
	}
	err = make(req, &spot, mode, target, &attr);
	if (err) {
		reply_err(req, op, err);
		return;
	}
	if (S_ISDIR(mode) && spot.place == PLACE_KIND)
		home_dir_made(fs, attr.ino, tid);
	reply_node(req, &spot, &attr);
}

void entry_mknod(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode, dev_t rdev)
{
	(void)rdev;
	make_and_reply(req, "mknod", parent, name, mode, NULL);
}

void entry_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode)
{
	make_and_reply(req, "mkdir", parent, name,
		       S_IFDIR | (mode & ~(mode_t)S_IFMT), NULL);
}

void entry_symlink(fuse_req_t req, const char *link, fuse_ino_t parent,
		   const char *name)
{
	make_and_reply(req, "symlink", parent, name, S_IFLNK | 0777, link);
}

static int make_link(fuse_req_t req, uint64_t ino, struct spot *spot,
		     struct node_attr *ret_attr)
{
	struct fs *fs = fs_of(req);
	int err = view_is(ino) ? -EPERM
			       : spot_may_make(fs, spot, S_IFREG,
					       fuse_req_ctx(req)->uid);

	if (!err)
		err = node_link(fs->store, ino, spot->dir, spot->name,
				ret_attr);
	if (!err)
		entry_changed(fs, spot);
	return err;
}

void entry_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent,
		const char *newname)
{
	struct node_attr attr;
	struct spot spot;
	int err;

	spot_find(fs_of(req), newparent, newname, &spot);
	err = make_link(req, ino, &spot, &attr);
	if (err)
		reply_err(req, "link", err);
	else
		reply_node(req, &spot, &attr);
}

/* The kernel asks only for what it believes absent, but it may be late. */
static void create_existing(fuse_req_t req, const struct spot *spot,
			    struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct fuse_entry_param e;
	struct node_attr attr;
	int err = spot->type == SPOT_VIEW
			  ? reply_fill_view(fs, spot->ino, &e)
			  : node_find(fs->store, spot->dir, spot->name, &attr);

	if (!err && spot->type != SPOT_VIEW && !S_ISREG(attr.mode))
		err = -EEXIST;
	if (!err)
		err = open_handle(
			req, spot->type == SPOT_VIEW ? spot->ino : attr.ino,
			fi);
	if (err)
		reply_err(req, "create", err);
	else if (spot->type != SPOT_VIEW)
		err = reply_node_open(req, spot, &attr, fi);
	else
		err = fuse_reply_create(req, &e, fi);
	if (err && fi->fh)
		open_release(fs, fi);
}

static int create(fuse_req_t req, struct spot *spot, mode_t mode,
		  struct fuse_file_info *fi, struct node_attr *ret_attr)
{
	int err = make(req, spot, S_IFREG | (mode & 07777), NULL, ret_attr);

	if (err)
		return err;
	/* it is empty, and keeps its set-user-ID bit */
	fi->flags &= ~O_TRUNC;
	err = open_handle(req, ret_attr->ino, fi);
	if (err)
		node_unlink(fs_of(req)->store, spot->dir, spot->name);
	return err;
}

/* What stands for a link _mlx until the link is made: it need not be kept. */
static void create_ghost(fuse_req_t req, const struct spot *home, mode_t mode,
			 struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct node_new new = {
		.mode = S_IFREG | (mode & 07777),
		.uid = ctx->uid,
		.gid = ctx->gid,
	};
	struct node_attr attr;
	struct spot ghost;
	int err = spot_make_ghost(fs, &new, &ghost, &attr);

	home_made(fs, home->dir, ctx->pid);
	if (err) {
		reply_err(req, "create", err);
		return;
	}
	err = open_handle(req, attr.ino, fi);
	spot_drop_ghost(fs, &ghost);
	if (err)
		reply_err(req, "create", err);
	else if (reply_node_open(req, home, &attr, fi))
		open_release(fs, fi);
}

void entry_create(fuse_req_t req, fuse_ino_t parent, const char *name,
		  mode_t mode, struct fuse_file_info *fi)
{
	struct node_attr attr;
	struct spot spot;
	int err;

	spot_find(fs_of(req), parent, name, &spot);
	if (spot.type == SPOT_HOME && !fs_of(req)->read_only) {
		create_ghost(req, &spot, mode, fi);
		return;
	}
	err = create(req, &spot, mode, fi, &attr);
	if (err == -EEXIST &&
	    (!(fi->flags & O_EXCL) || seems_absent(req, &spot))) {
		home_made(fs_of(req), spot.ino, fuse_req_ctx(req)->pid);
		if (fi->flags & O_EXCL)
			fi->flags |= O_TRUNC;
		create_existing(req, &spot, fi);
		return;
	}
	if (err)
		reply_err(req, "create", err);
	else if (reply_node_open(req, &spot, &attr, fi))
		open_release(fs_of(req), fi);
}

/* ---- removing ---- */

/* A dropped file is gone by its dropped name: so is the directory that was made
 * for it, if nothing else is in there. */
void entry_leave_home(struct fs *fs, const struct spot *spot)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	const char *home;

	node_alias_drop(fs->store, spot->parent, spot->name);
	if (node_put_path(fs->store, spot->dir, &path) || path.err)
		return;
	home = strrchr(path.data, '/');
	if (!home || node_rmdir(fs->store, spot->parent, home + 1))
		return;
	catalog_changed(fs->catalog, spot->parent, home + 1);
	catalog_removed(fs->catalog, spot->dir);
	notify_entry(fs, spot->parent, home + 1);
}

void entry_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	struct spot spot;
	int err;

	spot_find(fs, parent, name, &spot);
	err = spot_may_remove(fs, &spot);
	if (!err && (spot.type == SPOT_HOME || spot.type == SPOT_VIEW))
		home_removed(fs, spot.type == SPOT_HOME ? spot.dir : spot.ino,
			     fuse_req_ctx(req)->pid);
	if (!err && (spot.type == SPOT_REAL || spot.type == SPOT_SCRATCH)) {
		err = node_unlink(fs->store, spot.dir, name);
		if (!err)
			entry_changed(fs, &spot);
	}
	if (!err && spot.alias)
		entry_leave_home(fs, &spot);
	if (!err)
		spot_clean(fs, &spot);
	reply_err(req, "unlink", err);
}

/* An entry _mlx may have come in by another way, with a directory that was
 * renamed; it is not listed, so it must not be in the way. */
static int remove_dir(struct fs *fs, const struct spot *spot, uint64_t ino)
{
	int err = node_rmdir(fs->store, spot->dir, spot->name);

	if (err == -ENOTEMPTY && spot->place == PLACE_KIND &&
	    !node_unlink(fs->store, ino, HOME_LINK))
		err = node_rmdir(fs->store, spot->dir, spot->name);
	return err;
}

static int remove_at(struct fs *fs, const struct spot *spot)
{
	struct node_attr attr;
	bool final;
	int err = spot_may_remove(fs, spot);

	if (err)
		return err;
	if (spot->type == SPOT_VIEW)
		return -EPERM;
	if (spot->type == SPOT_HOME)
		return -ENOTDIR;
	err = node_find(fs->store, spot->dir, spot->name, &attr);
	if (!err)
		err = remove_dir(fs, spot, attr.ino);
	if (err)
		return err;
	if (!run_is_final(fs->catalog, attr.ino, &final))
		run_removed(fs->catalog, attr.ino);
	catalog_removed(fs->catalog, attr.ino);
	entry_changed(fs, spot);
	spot_clean(fs, spot);
	return 0;
}

void entry_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct spot spot;

	spot_find(fs_of(req), parent, name, &spot);
	reply_err(req, "rmdir", remove_at(fs_of(req), &spot));
}
