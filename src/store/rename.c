// SPDX-License-Identifier: Apache-2.0
/* Renames: a name moves, takes over another one, or two change places. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

/* One rename, looked up. */
struct renaming {
	struct inode *dir, *new_dir;
	struct entry *from;
	struct entry *to;    /* that is replaced or exchanged, or NULL */
	struct entry *alias; /* under the new name: gives way, or NULL */
	struct entry *fresh; /* the new name, unless two are exchanged */
	const char *new_name;
	bool stays; /* in its directory, and counts as before */
};

static int look_up(struct store *st, struct renaming *r, uint64_t dir,
		   const char *name, uint64_t new_dir)
{
	int err = names_entry(&st->names, dir, name, &r->dir, &r->from);

	if (!err)
		err = names_entry(&st->names, new_dir, r->new_name, &r->new_dir,
				  &r->to);
	if (err)
		return err;
	if (!r->from || r->from->alias)
		return -ENOENT;
	if (r->to && r->to->alias) {
		r->alias = r->to;
		r->to = NULL;
	}
	/* what is hidden may count otherwise: see tree.c */
	r->stays = r->dir == r->new_dir && r->from->name[0] != '.' &&
		   r->new_name[0] != '.';
	return 0;
}

/* Is `dir` the directory `top`, or below it? */
static bool is_below(const struct inode *dir, const struct inode *top)
{
	while (dir && dir != top)
		dir = inode_parent(dir);
	return dir;
}

static int check_replace(const struct inode *from, const struct inode *to)
{
	if (inode_is_dir(from) && !inode_is_dir(to))
		return -ENOTDIR;
	if (!inode_is_dir(from) && inode_is_dir(to))
		return -EISDIR;
	return inode_is_dir(to) && to->dir.live ? -ENOTEMPTY : 0;
}

static int check(const struct renaming *r, unsigned int flags)
{
	const struct inode *from = r->from->node;
	const struct inode *to = r->to ? r->to->node : NULL;

	if ((flags & RENAME_NOREPLACE) && to)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) && !to)
		return -ENOENT;
	if (is_below(r->new_dir, from))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return is_below(r->dir, to) ? -EINVAL : 0;
	return to && to != from ? check_replace(from, to) : 0;
}

/* A subdirectory's ".." counts in its parent's links. */
static void count_moved(const struct renaming *r, const struct inode *i)
{
	if (!inode_is_dir(i))
		return;
	r->dir->nlink--;
	r->new_dir->nlink++;
}

static void leave(const struct renaming *r, const struct inode *i,
		  const struct inode *dir)
{
	if (r->stays)
		return;
	if (inode_is_dir(i))
		tree_leave(i);
	else if (inode_is_file(i))
		tree_note(dir, -1, -(int64_t)i->size, 0);
}

static void enter(const struct renaming *r, struct inode *i,
		  const struct inode *dir)
{
	if (r->stays)
		return;
	if (inode_is_dir(i))
		tree_enter(i);
	else if (inode_is_file(i))
		tree_note(dir, 1, (int64_t)i->size, 0);
	tree_note(dir, 0, 0, i->ctime);
}

static void touch_both(struct store *st, const struct renaming *r,
		       struct rows *rows)
{
	names_touch(st, rows, r->dir);
	if (r->new_dir != r->dir)
		names_touch(st, rows, r->new_dir);
}

static void put_moved(struct store *st, struct rows *rows, struct inode *i)
{
	node_changed(st, rows, i);
	rows_put_inode(rows, i);
}

static void exchange(struct store *st, struct renaming *r, struct rows *rows)
{
	struct inode *a = r->from->node, *b = r->to->node;

	leave(r, a, r->dir);
	leave(r, b, r->new_dir);
	entry_point(r->from, b);
	entry_point(r->to, a);
	count_moved(r, a);
	if (inode_is_dir(b)) {
		r->dir->nlink++;
		r->new_dir->nlink--;
	}
	put_moved(st, rows, a);
	put_moved(st, rows, b);
	rows_put_entry(rows, r->from);
	rows_put_entry(rows, r->to);
	enter(r, a, r->new_dir);
	enter(r, b, r->dir);
	touch_both(st, r, rows);
}

/* The new name stays where it stands in its directory, and gets the inode. */
static void replace(struct store *st, struct renaming *r, struct rows *rows)
{
	struct inode *i = r->from->node, *old = r->to->node;
	struct entry *e = r->from, *to = r->to;
	uint64_t slot = to->slot;
	struct inode *dir = r->new_dir;

	leave(r, i, r->dir);
	node_changed(st, rows, old);
	if (inode_is_file(old))
		tree_note(dir, -1, -(int64_t)old->size, old->ctime);
	if (inode_is_dir(old))
		names_drop_aliases(st, rows, old);
	names_retire(st, rows, to);
	rows_drop_entry(rows, r->dir->ino, e->slot);
	entry_drop(&st->names, e);
	entry_add(&st->names, r->fresh, dir, i, slot);
	rows_put_entry(rows, r->fresh);
	count_moved(r, i);
	put_moved(st, rows, i);
	enter(r, i, dir);
	touch_both(st, r, rows);
}

/* Within a directory the name keeps its place, else it gets a new one. */
static void move(struct store *st, struct renaming *r, struct rows *rows)
{
	struct inode *i = r->from->node;
	uint64_t slot = r->dir == r->new_dir ? r->from->slot : 0;

	if (r->alias)
		names_drop_alias(st, rows, r->alias);
	leave(r, i, r->dir);
	if (!slot)
		rows_drop_entry(rows, r->dir->ino, r->from->slot);
	entry_drop(&st->names, r->from);
	entry_add(&st->names, r->fresh, r->new_dir, i, slot);
	rows_put_entry(rows, r->fresh);
	count_moved(r, i);
	put_moved(st, rows, i);
	enter(r, i, r->new_dir);
	touch_both(st, r, rows);
}

static size_t room_of(const struct renaming *r)
{
	size_t room = 2 * ROW_TARGET_ROOM + 6 * ROW_ROOM;

	if (r->to && inode_is_dir(r->to->node))
		room += names_alias_room(r->to->node);
	return room;
}

static int prepare(struct store *st, struct renaming *r, struct rows *rows)
{
	int err = 0;

	if (r->fresh && entry_room(r->new_dir))
		err = -ENOMEM;
	if (!err)
		err = journal_begin(&st->journal, room_of(r), rows);
	if (err)
		entry_free(r->fresh);
	return err;
}

static int do_rename(struct store *st, struct renaming *r, unsigned int flags)
{
	struct inode *old = r->to ? r->to->node : NULL;
	struct rows rows;
	uint64_t sequence;
	int err;

	if (!(flags & RENAME_EXCHANGE)) {
		r->fresh = entry_new(r->new_name, strlen(r->new_name));
		if (!r->fresh)
			return -ENOMEM;
	}
	err = prepare(st, r, &rows);
	if (err)
		return err;
	if (flags & RENAME_EXCHANGE)
		exchange(st, r, &rows);
	else if (r->to)
		replace(st, r, &rows);
	else
		move(st, r, &rows);
	sequence = journal_end(&st->journal, &rows);
	if (old)
		node_reap(st, old, sequence);
	return 0;
}

int node_rename(struct store *st, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned int flags)
{
	HOLD_WRITE(&st->lock);
	struct renaming r = { .new_name = new_name };
	int err;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = look_up(st, &r, dir, name, new_dir);
	if (!err)
		err = check(&r, flags);
	if (err)
		return err;
	if (r.to && r.to->node == r.from->node)
		return 0;
	return do_rename(st, &r, flags);
}
