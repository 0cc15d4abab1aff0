// SPDX-License-Identifier: Apache-2.0
/* Attributes that are set: modes, owners, times, and sizes (through content.h,
 * for a size is the blob's). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "opening.h"
#include "state.h"
#include "store/content.h"

#define SETS_MTIME (CHANGE_MTIME | CHANGE_MTIME_NOW)

static void kill_suid(struct inode *i)
{
	if (inode_is_dir(i))
		return;
	if (i->mode & S_IXGRP)
		i->mode &= (uint16_t)~S_ISGID;
	i->mode &= (uint16_t)~S_ISUID;
}

static void apply(struct inode *i, const struct node_change *c)
{
	if (c->what & CHANGE_KILL_SUID)
		kill_suid(i);
	if (c->what & CHANGE_MODE)
		i->mode = (uint16_t)((i->mode & S_IFMT) | (c->mode & 07777));
	if (c->what & CHANGE_UID)
		i->uid = c->uid;
	if (c->what & CHANGE_GID)
		i->gid = c->gid;
	if (c->what & (CHANGE_ATIME | CHANGE_ATIME_NOW))
		i->atime = c->atime;
	if (c->what & SETS_MTIME)
		i->mtime = c->mtime;
}

/* A writer's size and times so far go into the inode first: what is set now is
 * newer than they are. The blob has the mtime that is being set already. */
static void take_from_writer(struct inode *i, const struct node_change *c)
{
	if (c->what & SETS_MTIME)
		i->mtime = c->mtime;
	node_catch_up(i);
}

/* -EAGAIN: somebody opened the file meanwhile. */
static int set_locked(struct store *st, uint64_t ino,
		      const struct node_change *c, const struct opening *o,
		      struct node_attr *ret_attr)
{
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, ino);
	struct rows rows;
	int err;

	if (!i)
		return -ESTALE;
	if (inode_is_file(i) && i->opening != o)
		return -EAGAIN;
	err = journal_begin(&st->journal, ROW_TARGET_ROOM, &rows);
	if (err)
		return err;
	take_from_writer(i, c);
	apply(i, c);
	if (c->what & CHANGE_NOW)
		rows.now = c->ctime;
	i->ctime = c->what & CHANGE_CTIME ? c->ctime : node_now(st, &rows, i);
	tree_note_inode(i, 0);
	if (NODE_IS_SAVED(i)) {
		rows_put_inode(&rows, i);
		journal_end(&st->journal, &rows);
	}
	node_fill_caught_up(i, ret_attr);
	return 0;
}

static struct inode *grab(struct store *st, uint64_t ino,
			  struct opening **ret_opening)
{
	HOLD_READ(&st->lock);
	struct inode *i = inode_find(&st->names, ino);

	*ret_opening = i && inode_is_file(i) ? opening_grab(i) : NULL;
	return i;
}

/* Before our own mtime hides that of a write. */
static void note_changed(struct store *st, struct inode *i)
{
	HOLD_WRITE(&st->lock);

	node_catch_up(i);
}

/* With the opening's lock held nobody becomes its first writer, so the blob's
 * mtime and the inode's stay the same. */
static int set_open(struct store *st, struct inode *i,
		    const struct node_change *c, struct opening *o,
		    struct node_attr *ret_attr)
{
	HOLD(&o->lock);
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		clock_to_timespec(c->mtime),
	};

	if ((c->what & SETS_MTIME) && opening_wfd(o) >= 0) {
		note_changed(st, i);
		(void)futimens(opening_wfd(o), times);
	}
	return set_locked(st, i->ino, c, o, ret_attr);
}

static int set_rest(struct store *st, uint64_t ino, const struct node_change *c,
		    struct node_attr *ret_attr)
{
	struct opening *o;
	struct inode *i;
	int err;

	do {
		i = grab(st, ino, &o);
		if (!i)
			return -ESTALE;
		err = o ? set_open(st, i, c, o, ret_attr)
			: set_locked(st, ino, c, NULL, ret_attr);
		if (o)
			opening_drop(st, i, o);
	} while (err == -EAGAIN);
	return err;
}

/* One time for all that becomes now: not that of the file's last write, nor of
 * its next one. */
static void set_now(const struct store *st, struct node_change *c)
{
	c->ctime = stamp_between(st->stamps);
	c->what &= ~(unsigned int)CHANGE_CTIME;
	if (c->what & CHANGE_ATIME_NOW)
		c->atime = c->ctime;
	if (c->what & CHANGE_MTIME_NOW)
		c->mtime = c->ctime;
}

int node_set(struct store *st, uint64_t ino, const struct node_change *change,
	     struct node_attr *ret_attr)
{
	struct node_change rest = *change;
	int err;

	if (change->what & CHANGE_SIZE) {
		err = content_set_size(st, ino, change->size);
		if (err)
			return err;
		rest.what &= ~(unsigned int)CHANGE_SIZE;
		if (!rest.what)
			return node_get(st, ino, ret_attr);
	}
	if (rest.what & CHANGE_NOW)
		set_now(st, &rest);
	return set_rest(st, ino, &rest, ret_attr);
}
