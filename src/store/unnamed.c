// SPDX-License-Identifier: Apache-2.0
/* Files that are written before they get their name. */
#include <errno.h>
#include <string.h>

#include "names.h"

int names_make_unnamed(struct store *st, uint64_t dir_ino,
		       const struct node_new *n, uint64_t *ret_ino)
{
	HOLD_WRITE(&st->lock);
	struct inode *dir, *i;
	int err = names_dir(&st->names, dir_ino, &dir);

	if (err)
		return err;
	if (st->read_only)
		return -EROFS;
	i = names_new_inode(st, dir, n);
	if (!i)
		return -ENOMEM;
	i->lookups = 1;
	i->atime = i->mtime = i->ctime = stamp_now(st->stamps);
	inode_add(&st->names, i);
	*ret_ino = i->ino;
	return 0;
}

/* What had the name goes; its place is kept. */
static uint64_t give_way(struct store *st, struct rows *rows, struct entry *old)
{
	struct inode *i = old->node;
	uint64_t slot = old->slot;

	if (old->alias) {
		names_drop_alias(st, rows, old);
		return 0;
	}
	node_changed(st, rows, i);
	if (inode_is_file(i))
		tree_note(old->dir, -1, -(int64_t)i->size, i->ctime);
	names_retire(st, rows, old);
	return slot;
}

static int prepare(struct store *st, struct inode *dir, const char *name,
		   struct entry **ret_entry, struct rows *rows)
{
	struct entry *e = entry_new(name, strlen(name));
	int err = !e || entry_room(dir) ? -ENOMEM : 0;

	if (!err)
		err = journal_begin(&st->journal,
				    ROW_TARGET_ROOM + 5 * ROW_ROOM, rows);
	if (err)
		entry_free(e);
	else
		*ret_entry = e;
	return err;
}

int names_name(struct store *st, uint64_t ino, uint64_t dir_ino,
	       const char *name)
{
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, ino);
	struct inode *dir, *gone = NULL;
	struct entry *old, *e;
	struct rows rows;
	uint64_t slot = 0, sequence;
	int err = names_entry(&st->names, dir_ino, name, &dir, &old);

	if (!err && old && !old->alias) {
		gone = old->node;
		err = inode_is_dir(gone) ? -EISDIR : 0;
	}
	if (!err)
		err = prepare(st, dir, name, &e, &rows);
	if (err)
		return err;
	if (old)
		slot = give_way(st, &rows, old);
	name_give(st, &rows, dir, i, e, slot);
	sequence = journal_end(&st->journal, &rows);
	__atomic_sub_fetch(&i->lookups, 1, __ATOMIC_RELAXED);
	if (inode_is_file(i))
		janitor_queue(st, i);
	if (gone)
		node_reap(st, gone, sequence);
	return 0;
}
