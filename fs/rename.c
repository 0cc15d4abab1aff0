// SPDX-License-Identifier: Apache-2.0
/*
 * Renames, by what stands at either end:
 *
 *	real -> real       the store's, judged before when the new name is a
 *	                   spec's, so that a refusal leaves both names alone
 *	scratch -> view    a write of the whole content to the control file
 *	view -> scratch    a copy of what the generated file says (an editor's
 *	                   backup); the generated name stays
 *	any -> _mlx        the link stays; what came is taken away
 *	_mlx -> real       a link that says the same; _mlx stays
 *
 * The kernel holds the locks of both directories meanwhile, so answers to
 * renames of real names never wait for the notifier (notify.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/name.h"
#include "control.h"
#include "engine/run.h"
#include "entry.h"
#include "home.h"
#include "notify.h"
#include "reply.h"
#include "store/file.h"
#include "work.h"

struct rename {
	struct job job;
	struct fs *fs;
	fuse_req_t req;
	uid_t uid;
	gid_t gid;
	unsigned int flags;
	struct spot from, to;
	struct node_attr attr; /* of a real `from` */
	uint64_t replaced;     /* what has the new name till then; 0: nothing */
	char name[NAME_MAX + 1], new_name[NAME_MAX + 1];
	int err;
};

static bool is_stored(const struct spot *spot)
{
	return spot->type == SPOT_REAL || spot->type == SPOT_SCRATCH;
}

/* ---- real -> real ---- */

/* A run goes to the trash and comes back, nowhere else. */
static int may_move_run(const struct rename *r)
{
	bool final;

	if (r->from.place == PLACE_RUNS && r->from.type == SPOT_REAL)
		return r->to.place == PLACE_TRASH ? 0 : -EPERM;
	if (r->from.place == PLACE_TRASH &&
	    !run_is_final(r->fs->catalog, r->attr.ino, &final))
		return 0;
	return -EPERM;
}

static int may_rename(struct rename *r)
{
	struct node_attr old;
	bool runs =
		(r->from.type == SPOT_REAL && r->from.place == PLACE_RUNS) ||
		(r->to.type == SPOT_REAL && r->to.place == PLACE_RUNS);
	int err = spot_may_remove(r->fs, &r->from);

	if (!err)
		err = node_find(r->fs->store, r->from.dir, r->from.name,
				&r->attr);
	if (!err && runs)
		err = may_move_run(r);
	if (!err && !(runs && r->to.place == PLACE_RUNS))
		err = spot_may_make(r->fs, &r->to, 0, r->uid);
	if (!err && !node_find(r->fs->store, r->to.dir, r->to.name, &old)) {
		r->replaced = old.ino;
		err = spot_may_remove(r->fs, &r->to);
	}
	if (!err && r->flags & RENAME_EXCHANGE)
		err = r->from.alias || r->to.alias
			      ? -EINVAL
			      : spot_may_make(r->fs, &r->from, 0, r->uid);
	return err;
}

/* What a rename from the dropped name leaves. An editor that moves the file to
 * its backup's name is about to make the dropped name anew. */
static void leave_alias(struct rename *r)
{
	struct fs *fs = r->fs;

	if (!r->from.alias || name_is_scratch(r->to.name))
		return;
	entry_leave_home(fs, &r->from);
}

/* The dropped name itself is renamed: the file stays in its directory. */
static bool renames_alias(const struct rename *r)
{
	return r->from.alias && !r->to.alias &&
	       r->to.parent == r->from.parent && !name_is_scratch(r->to.name);
}

static int move_alias(struct rename *r)
{
	struct fs *fs = r->fs;
	struct node_attr old;
	int err = 0;

	if (!node_find(fs->store, r->to.dir, r->to.name, &old))
		err = node_unlink(fs->store, r->to.dir, r->to.name);
	if (!err)
		err = node_rename(fs->store, r->from.dir, r->from.name,
				  r->from.dir, r->to.name, r->flags);
	if (!err)
		err = node_alias_put(fs->store, r->from.parent, r->to.name,
				     r->from.dir);
	if (err)
		return err;
	node_alias_drop(fs->store, r->from.parent, r->from.name);
	entry_changed(fs, &r->from);
	return 0;
}

static int rename_stored(struct rename *r)
{
	struct fs *fs = r->fs;
	int err = node_rename(fs->store, r->from.dir, r->from.name, r->to.dir,
			      r->to.name, r->flags);

	if (err)
		return err;
	if (S_ISDIR(r->attr.mode) && r->to.place == PLACE_KIND)
		node_unlink(fs->store, r->attr.ino, HOME_LINK);
	leave_alias(r);
	entry_changed(fs, &r->from);
	entry_changed(fs, &r->to);
	if (S_ISDIR(r->attr.mode) && r->replaced)
		catalog_removed(fs->catalog, r->replaced);
	spot_clean(fs, &r->from);
	return 0;
}

static void log_refusal(const struct rename *r)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

	node_put_path(r->fs->store, r->to.dir, &path);
	log_info("%s/%s: refused: %s", path.data, r->to.name,
		 strerror(-r->err));
}

static int count_two(void *arg, const char *name, const struct node_attr *attr,
		     uint64_t cookie)
{
	(void)name, (void)attr, (void)cookie;
	return ++*(int *)arg == 2;
}

/* See leave_alias. */
static bool home_goes(const struct rename *r)
{
	int count = 0;

	return r->from.alias && r->from.dir != r->to.dir &&
	       !node_each(r->fs->store, r->from.dir, 0, count_two, &count) &&
	       count == 1;
}

static void judge_and_rename(struct job *job)
{
	struct rename *r = (struct rename *)job;
	struct catalog *c = r->fs->catalog;
	struct catalog_move move = { .ino = r->attr.ino };

	if (home_goes(r))
		move.goes = r->from.dir;
	r->err = catalog_judge(c, &move, r->to.dir, r->to.name);
	if (!r->err)
		r->err = rename_stored(r);
	if (!r->err && catalog_closed(c, r->to.dir, r->to.name, r->uid))
		log_info("%s: renamed, but refused after all", r->to.name);
	if (r->err)
		log_refusal(r);
	fs_touch(r->fs);
	reply_err(r->req, "rename", r->err);
	free(r);
}

static bool needs_judge(const struct rename *r)
{
	return r->to.type == SPOT_REAL && S_ISREG(r->attr.mode) &&
	       !(r->flags & RENAME_EXCHANGE) && !renames_alias(r) &&
	       catalog_cares(r->fs->catalog, r->to.dir, r->to.name);
}

/* ---- to and from generated names ---- */

static int take_content(struct rename *r)
{
	AUTO(buf_release) struct buf text = BUF_INIT(64 * 1024);
	struct view v;
	int err = view_get(r->fs, r->to.ino, &v);

	if (!err)
		err = node_find(r->fs->store, r->from.dir, r->from.name,
				&r->attr);
	if (!err && !S_ISREG(r->attr.mode))
		err = -EPERM;
	if (!err)
		err = file_read(r->fs->store, r->attr.ino, &text);
	if (!err)
		err = control_put(r->fs, &v, text.data, text.len, r->uid,
				  r->gid);
	if (err)
		return err;
	err = node_unlink(r->fs->store, r->from.dir, r->from.name);
	spot_clean(r->fs, &r->from);
	return err;
}

static void reply_taken(struct job *job)
{
	struct rename *r = (struct rename *)job;

	reply_err(r->req, "rename", r->err);
	free(r);
}

/* Within .mlx: the notifier may answer, see notify.h. */
static void take_then_reply(struct job *job)
{
	struct rename *r = (struct rename *)job;

	r->err = take_content(r);
	r->job.run = reply_taken;
	notify_put(r->fs, &r->job);
}

static int give_copy(struct rename *r)
{
	AUTO(shot_release) struct shot *shot = NULL;
	struct owner owner = { r->uid, r->gid };
	struct view v;
	int err = view_get(r->fs, r->from.ino, &v);

	if (!err && !view_row_of(&v))
		err = -EPERM;
	if (!err)
		err = spot_may_make(r->fs, &r->to, S_IFREG, r->uid);
	if (!err)
		err = shot_get(r->fs, &v, &shot);
	if (err)
		return err;
	if (S_ISLNK(view_row_of(&v)->mode))
		return file_link(r->fs->store, r->to.dir, r->to.name,
				 shot->text, &owner);
	return file_put(r->fs->store, r->to.dir, r->to.name, 0644, &owner,
			shot->text, shot->len);
}

static int take_away(struct rename *r)
{
	int err = spot_may_remove(r->fs, &r->from);

	if (!err)
		err = node_unlink(r->fs->store, r->from.dir, r->from.name);
	if (err)
		return err;
	entry_changed(r->fs, &r->from);
	notify_entry(r->fs, r->to.dir, HOME_LINK);
	return 0;
}

static bool is_there(struct fs *fs, const struct spot *spot)
{
	struct node_attr attr;

	return !is_stored(spot) ||
	       !node_find(fs->store, spot->dir, spot->name, &attr);
}

/* 1: the request was handed on. */
static int rename_generated(struct rename *r)
{
	bool from_stored = is_stored(&r->from);

	if (r->fs->read_only)
		return -EROFS;
	if (r->flags & RENAME_NOREPLACE && is_there(r->fs, &r->to))
		return -EEXIST;
	if (r->flags & ~(unsigned int)RENAME_NOREPLACE ||
	    r->from.type == SPOT_NONE || r->to.type == SPOT_NONE)
		return -EPERM;
	if (r->to.type == SPOT_HOME)
		return from_stored ? take_away(r) : 0;
	if (!from_stored)
		return is_stored(&r->to) ? give_copy(r) : -EPERM;
	if (r->from.type != SPOT_SCRATCH)
		return -EXDEV; /* mv then copies, by open and write */
	r->job.run = take_then_reply;
	work_put(r->fs->work, &r->job);
	return 1;
}

static int rename_real(struct rename *r)
{
	int err = may_rename(r);

	if (err)
		return err;
	if (renames_alias(r))
		return move_alias(r);
	if (!needs_judge(r))
		return rename_stored(r);
	r->job.run = judge_and_rename;
	work_put(r->fs->work, &r->job);
	return 1;
}

void entry_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
		  fuse_ino_t newparent, const char *newname, unsigned int flags)
{
	struct fs *fs = fs_of(req);
	struct rename *r;
	int err;

	if (strlen(name) > NAME_MAX || strlen(newname) > NAME_MAX) {
		reply_err(req, "rename", -ENAMETOOLONG);
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		reply_err(req, "rename", -ENOMEM);
		return;
	}
	r->fs = fs;
	r->req = req;
	r->uid = fuse_req_ctx(req)->uid;
	r->gid = fuse_req_ctx(req)->gid;
	r->flags = flags;
	strcpy(r->name, name);
	strcpy(r->new_name, newname);
	spot_find(fs, parent, r->name, &r->from);
	spot_find(fs, newparent, r->new_name, &r->to);
	err = is_stored(&r->from) && is_stored(&r->to) ? rename_real(r)
						       : rename_generated(r);
	if (err == 1)
		return;
	reply_err(req, "rename", err);
	free(r);
}
