// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's requests. Here: those on inodes, and the table.
 *
 * No handlers for extended attributes: ENOSYS is remembered by the kernel,
 * which then never asks again. None for locks: the kernel keeps them by itself.
 */
#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "backing.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "dirs.h"
#include "entry.h"
#include "files.h"
#include "open.h"
#include "reply.h"
#include "ring.h"
#include "session.h"
#include "work.h"

#define FORGET_PAUSE_US 2000

/* ---- attributes ---- */

/*
 * Over io_uring nothing but these and interrupts come by /dev/fuse, and each
 * would wake a thread of its own, on the other CPU. After a pause many come in
 * one read.
 */
static void gather_forgets(const struct fs *fs)
{
	struct timespec pause = { 0, FORGET_PAUSE_US * 1000 };

	if (fs->rings)
		nanosleep(&pause, NULL);
}

static void forget_one(fuse_req_t req, uint64_t ino, uint64_t nlookup)
{
	struct fs *fs = fs_of(req);

	if (view_is(ino))
		return;
	if (node_forget(fs->store, ino, nlookup) && fs->passthrough)
		backing_drop(fs, ino);
	if (fs->passthrough)
		backing_tidy(fs);
}

static void forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	struct fs *fs = fs_of(req);

	forget_one(req, ino, nlookup);
	fuse_reply_none(req);
	gather_forgets(fs);
}

static void forget_multi(fuse_req_t req, size_t count,
			 struct fuse_forget_data *forgets)
{
	struct fs *fs = fs_of(req);

	for (size_t i = 0; i < count; i++)
		forget_one(req, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
	gather_forgets(fs);
}

/* An open generated file keeps the size that it was opened with. */
static void size_of_handle(const struct handle *h, struct stat *st)
{
	const struct shot *shot = h ? atomic_load(&h->shot) : NULL;

	if (!h || (!h->control && !shot))
		return;
	st->st_size =
		(off_t)(h->control ? control_size(h->control) : shot->len);
	st->st_blocks = (st->st_size + 511) / 512;
}

static void reply_view_attr(fuse_req_t req, uint64_t ino,
			    const struct handle *h)
{
	struct stat st;
	int err = view_get_stat(fs_of(req), ino, &st);

	if (err) {
		reply_err(req, "getattr", err);
		return;
	}
	size_of_handle(h, &st);
	/* the size that one descriptor sees is not for others */
	fuse_reply_attr(req, &st, h ? 0 : view_attr_for(ino));
}

static void reply_node_attr(fuse_req_t req, const struct node_attr *attr)
{
	struct stat st;

	reply_fill_stat(attr, &st);
	fuse_reply_attr(req, &st, reply_attr_for(attr));
}

void ops_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node_attr attr;
	int err;

	if (view_is(ino)) {
		reply_view_attr(req, ino, handle_of(fi));
		return;
	}
	err = node_get(fs_of(req)->store, ino, &attr);
	if (err)
		reply_err(req, "getattr", err);
	else
		reply_node_attr(req, &attr);
}

/* Modes, owners and times of generated files can be "set": tools that copy
 * attributes are content, and nothing changes. */
static void set_view(fuse_req_t req, uint64_t ino, const struct stat *attr,
		     int to_set, struct handle *h)
{
	int err = 0;

	if (to_set & FUSE_SET_ATTR_SIZE && h && h->control)
		err = control_truncate(h->control, attr->st_size);
	if (err)
		reply_err(req, "setattr", err);
	else
		reply_view_attr(req, ino, h);
}

static const struct {
	int kernel;
	unsigned int change;
} changes[] = {
	{ FUSE_SET_ATTR_MODE, CHANGE_MODE },
	{ FUSE_SET_ATTR_UID, CHANGE_UID },
	{ FUSE_SET_ATTR_GID, CHANGE_GID },
	{ FUSE_SET_ATTR_SIZE, CHANGE_SIZE },
	{ FUSE_SET_ATTR_ATIME, CHANGE_ATIME },
	{ FUSE_SET_ATTR_MTIME, CHANGE_MTIME },
	{ FUSE_SET_ATTR_ATIME_NOW, CHANGE_ATIME_NOW },
	{ FUSE_SET_ATTR_MTIME_NOW, CHANGE_MTIME_NOW },
	{ FUSE_SET_ATTR_CTIME, CHANGE_CTIME },
};

static struct node_change change_of(const struct stat *attr, int to_set)
{
	struct node_change change = {
		.mode = attr->st_mode & 07777,
		.uid = attr->st_uid,
		.gid = attr->st_gid,
		.size = (uint64_t)attr->st_size,
		.atime = clock_from_timespec(&attr->st_atim),
		.mtime = clock_from_timespec(&attr->st_mtim),
		.ctime = clock_from_timespec(&attr->st_ctim),
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		if (to_set & changes[i].kernel)
			change.what |= changes[i].change;
	}
	return change;
}

void ops_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		 struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct node_change change = change_of(attr, to_set);
	struct node_attr now;
	int err;

	if (view_is(ino)) {
		set_view(req, ino, attr, to_set, handle_of(fi));
		return;
	}
	err = ino == STORE_ROOT ? -EPERM
				: node_set(fs->store, ino, &change, &now);
	fs_touch(fs);
	if (err)
		reply_err(req, "setattr", err);
	else
		reply_node_attr(req, &now);
}

static int read_view_link(struct fs *fs, uint64_t ino, struct buf *out)
{
	AUTO(shot_release) struct shot *shot = NULL;
	struct view v;
	int err = view_get(fs, ino, &v);

	if (err)
		return err;
	if (!view_row_of(&v) || !S_ISLNK(view_row_of(&v)->mode))
		return -EINVAL;
	err = shot_get(fs, &v, &shot);
	if (!err)
		err = shot->err;
	if (!err)
		buf_add(out, shot->text, shot->len);
	return err;
}

void ops_readlink(fuse_req_t req, fuse_ino_t ino)
{
	AUTO(buf_release) struct buf target = BUF_INIT(BUF_MAX);
	struct fs *fs = fs_of(req);
	int err = view_is(ino) ? read_view_link(fs, ino, &target)
			       : node_read_link(fs->store, ino, &target);

	if (!err)
		err = target.err;
	if (err)
		reply_err(req, "readlink", err);
	else
		fuse_reply_readlink(req, target.data);
}

/* ---- the file system ---- */

static void statfs_disk(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fs_of(req);
	struct statvfs st;

	(void)ino;
	if (fstatvfs(store_fd(fs->store), &st)) {
		reply_err(req, "statfs", -errno);
		return;
	}
	st.f_namemax = 255;
	st.f_fsid = 0;
	fuse_reply_statfs(req, &st);
}

struct sync {
	struct job job;
	fuse_req_t req;
	struct fs *fs;
	int err;
};

static void reply_sync(struct job *job)
{
	struct sync *sync = (struct sync *)job;

	reply_err(sync->req, "fsync of a directory", sync->err);
	free(sync);
}

static void sync_then_reply(struct job *job)
{
	struct sync *sync = (struct sync *)job;

	sync->err = store_sync(sync->fs->store);
	sync->job.run = reply_sync;
	work_put(sync->fs->answerer, &sync->job);
}

static void fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync,
		     struct fuse_file_info *fi)
{
	struct sync *sync = malloc(sizeof(*sync));

	(void)ino;
	(void)datasync;
	(void)fi;
	if (!sync) {
		reply_err(req, "fsync of a directory", -ENOMEM);
		return;
	}
	*sync = (struct sync){ .job.run = sync_then_reply,
			       .req = req,
			       .fs = fs_of(req) };
	work_put(sync->fs->syncers, &sync->job);
}

static void init(void *userdata, struct fuse_conn_info *conn)
{
	session_agree(userdata, conn);
}

const struct fuse_lowlevel_ops ops_table = {
	.init = init,
	.lookup = ring_lookup,
	.forget = forget,
	.forget_multi = forget_multi,
	.getattr = ring_getattr,
	.setattr = ring_setattr,
	.readlink = ring_readlink,
	.mknod = entry_mknod,
	.mkdir = entry_mkdir,
	.unlink = entry_unlink,
	.rmdir = entry_rmdir,
	.symlink = entry_symlink,
	.rename = entry_rename,
	.link = entry_link,
	.create = ring_create,
	.open = ring_open,
	.read = files_read,
	.write = ring_write,
	.flush = files_flush,
	.release = files_release,
	.fsync = files_fsync,
	.fallocate = ring_fallocate,
	.lseek = ring_lseek,
	.copy_file_range = ring_copy,
	.opendir = dirs_opendir,
	.readdir = ring_readdir,
	.readdirplus = ring_readdirplus,
	.fsyncdir = fsyncdir,
	.statfs = statfs_disk,
};
