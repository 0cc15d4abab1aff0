// SPDX-License-Identifier: Apache-2.0
/*
 * FUSE names only the inode when a file is closed; what it is called then is
 * asked of the store, and only when its content was changed.
 *
 * The answer to a FLUSH goes through the notifier: whoever closed a dropped
 * file then finds the directory that was made for it. (The kernel holds no lock
 * during FLUSH; during fsync it does, so that is answered at once.)
 */
#include "check.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "notify.h"
#include "reply.h"
#include "work.h"

struct check {
	struct job job;
	struct fs *fs;
	fuse_req_t req; /* NULL: nobody waits */
	uint64_t dir;	/* 0: nothing to judge */
	uid_t uid;
	struct content *sync; /* to be synced first */
	bool data_only;
	int err;
	char name[NAME_MAX + 1];
};

/* One name of the inode that the catalog cares for. */
static int find_name(struct fs *fs, uint64_t ino, uint64_t *ret_dir,
		     char ret_name[NAME_MAX + 1])
{
	int err = node_get_name(fs->store, ino, ret_dir, ret_name);

	if (!err && !catalog_cares(fs->catalog, *ret_dir, ret_name))
		err = -ENOENT;
	return err;
}

bool check_is_due(struct fs *fs, uint64_t ino)
{
	char name[NAME_MAX + 1];
	uint64_t dir;

	return !find_name(fs, ino, &dir, name);
}

static struct check *check_new(struct fs *fs, fuse_req_t req, uid_t uid)
{
	struct check *check = calloc(1, sizeof(*check));

	if (!check)
		return NULL;
	check->fs = fs;
	check->req = req;
	check->uid = uid;
	return check;
}

static void judge(struct check *check)
{
	struct fs *fs = check->fs;
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

	if (!check->dir)
		return;
	check->err = catalog_closed(fs->catalog, check->dir, check->name,
				    check->uid);
	fs_touch(fs);
	if (!check->err)
		return;
	node_put_path(fs->store, check->dir, &path);
	log_info("%s/%s: refused: %s", path.data, check->name,
		 strerror(-check->err));
}

static void reply(struct job *job)
{
	struct check *check = (struct check *)job;

	if (check->req)
		reply_err(check->req, "flush", check->err);
	free(check);
}

static void judge_then_reply(struct job *job)
{
	struct check *check = (struct check *)job;

	judge(check);
	check->job.run = reply;
	notify_put(check->fs, &check->job);
}

/*
 * A shell that redirects into a file (`cat >model.yaml`) empties it and closes
 * a first descriptor before anything is written. What is empty is judged when
 * the last descriptor goes, if nothing came.
 */
static bool is_emptied(struct fs *fs, struct handle *h)
{
	struct node_attr attr;
	bool emptied = !node_get(fs->store, h->ino, &attr) && !attr.size;

	atomic_store(&h->emptied, emptied);
	return emptied;
}

void check_flush(fuse_req_t req, struct handle *h)
{
	struct fs *fs = fs_of(req);
	int changed = content_flush(h->content);
	struct check *check;

	if (changed <= 0 || is_emptied(fs, h)) {
		reply_err(req, "flush", changed < 0 ? changed : 0);
		return;
	}
	check = check_new(fs, req, fuse_req_ctx(req)->uid);
	if (!check || find_name(fs, h->ino, &check->dir, check->name)) {
		reply_err(req, "flush", check ? 0 : -ENOMEM);
		free(check);
		return;
	}
	check->job.run = judge_then_reply;
	work_put(fs->work, &check->job);
}

void check_closed(struct fs *fs, uint64_t ino, uid_t uid)
{
	char name[NAME_MAX + 1];
	struct check *check;
	uint64_t dir;

	if (find_name(fs, ino, &dir, name))
		return;
	check = check_new(fs, NULL, uid);
	if (!check)
		return;
	check->dir = dir;
	strcpy(check->name, name);
	check->job.run = judge_then_reply;
	work_put(fs->work, &check->job);
}

static void sync_then_judge(struct job *job)
{
	struct check *check = (struct check *)job;
	uint64_t ino = content_ino(check->sync);

	check->err = content_sync(check->sync, check->data_only);
	if (!check->err && content_flush(check->sync) > 0 &&
	    !find_name(check->fs, ino, &check->dir, check->name))
		judge(check);
	check->job.run = reply;
	work_put(check->fs->answerer, &check->job);
}

void check_fsync(fuse_req_t req, struct handle *h, bool data_only)
{
	struct fs *fs = fs_of(req);
	struct check *check = check_new(fs, req, fuse_req_ctx(req)->uid);

	if (!check) {
		reply_err(req, "fsync", -ENOMEM);
		return;
	}
	check->sync = h->content;
	check->data_only = data_only;
	check->job.run = sync_then_judge;
	work_put(fs->syncers, &check->job);
}
