// SPDX-License-Identifier: Apache-2.0
/*
 * What an end without order left. The journal survives the death of the daemon,
 * and names the files that were open for writing then: their sizes and times
 * are the blobs'.
 *
 * After a power cut the database may say less than the blobs hold, or more: the
 * row of a writer need not be on disk before its bytes, nor the other way
 * round, unless somebody asked for it (fsync). So a blob that was changed since
 * all blobs were on disk for the last time is looked at, and wins; what it was
 * digested to is not known any more. That the disk has all of them is a mark
 * (META_SYNCED), set now and then and by an orderly end. Where only the daemon
 * died, no other blobs are looked at: of a million files that takes a while.
 */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "opening.h"
#include "state.h"

#define COARSE_NS NS_PER_S /* clocks of file systems lag behind by less */

int64_t settle_mark(void)
{
	return clock_now() - COARSE_NS;
}

/* The rows of what was changed before the mark are on disk when it is. */
int settle_on_disk(struct store *st)
{
	int64_t mark = settle_mark();
	int err = journal_sync(&st->journal);

	if (!err && syncfs(st->fd))
		err = -errno;
	if (!err)
		__atomic_store_n(&st->synced, mark, __ATOMIC_RELAXED);
	return err;
}

/* Of a file that was never written the blob is older than it is: pool.h. */
static bool is_blank(const struct inode *i, const struct stat *s)
{
	return !i->size && !s->st_size &&
	       clock_from_timespec(&s->st_mtim) < i->mtime;
}

/* False: the inode stays as it is. */
static bool take_blob(struct store *st, struct inode *i)
{
	bool writing = i->flags & INODE_WRITING;
	struct stat s = { 0 };
	int err = blob_stat(st->blobs, i->blob, &s);
	/* a blob whose last write was lost looks older than its row */
	bool young = i->ctime >= st->synced ||
		     clock_from_timespec(&s.st_ctim) >= st->synced;

	/* a blob that is missing for another reason is a damage: fsck's */
	if (err == -ENOENT && (writing || i->ctime >= st->synced)) {
		i->blob = i->size = i->blocks = 0;
		i->flags &= (uint16_t)~INODE_SHARED;
	} else if (err || (!young && !writing))
		return false;
	else if (i->flags & INODE_SHARED && !writing)
		i->size = (uint64_t)s.st_size; /* the times are another's */
	else if (writing && is_blank(i, &s))
		i->blocks = (uint64_t)s.st_blocks;
	else if (writing || i->size != (uint64_t)s.st_size ||
		 i->ctime < clock_from_timespec(&s.st_mtim))
		inode_take_stat(i, &s);
	else if (!(i->flags & INODE_DIGEST))
		return false;
	i->flags &= (uint16_t) ~(INODE_WRITING | INODE_DIGEST);
	return true;
}

/* Read-only, only memory knows. */
static void put_row(struct store *st, const struct inode *i)
{
	struct rows rows;

	if (journal_begin(&st->journal, ROW_ROOM, &rows))
		return;
	rows_put_inode(&rows, i);
	journal_end(&st->journal, &rows);
}

/* Never give out a number that is there, whatever the database says. */
static void keep_numbers(struct store *st, const struct inode *i)
{
	uint64_t most = i->ino > i->blob ? i->ino : i->blob;

	if (st->next <= most)
		__atomic_store_n(&st->next, most + 1, __ATOMIC_RELAXED);
}

static bool may_differ(const struct store *st, const struct inode *i)
{
	return (!st->was_clean && !st->was_here) || (i->flags & INODE_WRITING);
}

/* Who has which blob, and which contents there are. */
static int load_share(struct store *st, struct inode *i)
{
	const struct inode *twin = NULL;
	int err = 0;

	if (i->flags & INODE_SHARED)
		err = shares_reserve(&st->shares, i->blob, 1);
	if (!err && i->flags & INODE_SHARED) {
		shares_add(&st->shares, i, i->blob);
		shares_haunt(&st->shares, i->blob);
	}
	if (!err && !st->read_only && i->flags & INODE_DIGEST &&
	    i->size >= SHARE_LEAST)
		twin = shares_find_twin(&st->shares, &st->names, i);
	if (twin)
		janitor_queue_twin(st, i);
	return err;
}

int settle_all(struct store *st)
{
	HOLD_WRITE(&st->lock);
	const struct names *n = &st->names;
	bool changed = false;

	for (struct inode *i = inode_next(n, NULL); i; i = inode_next(n, i)) {
		keep_numbers(st, i);
		if (!inode_is_file(i) || !i->blob)
			continue;
		if (may_differ(st, i) && take_blob(st, i)) {
			changed = true;
			put_row(st, i);
		}
		if (load_share(st, i))
			return -ENOMEM;
		if (!st->read_only)
			janitor_queue(st, i);
	}
	if (changed)
		tree_load(&st->names);
	return 0;
}
