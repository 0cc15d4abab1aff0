// SPDX-License-Identifier: Apache-2.0
/*
 * Aliases: entries that are reached but not listed. One is good while its home
 * is a directory beside it; an alias whose home went away or moved elsewhere is
 * as good as absent, and is dropped when somebody comes across it.
 */
#include <errno.h>
#include <string.h>

#include "names.h"

static int find_alias(const struct store *st, uint64_t dir, const char *name,
		      struct entry **ret_entry)
{
	struct inode *i;
	int err = names_entry(&st->names, dir, name, &i, ret_entry);

	if (err)
		return err;
	return *ret_entry && (*ret_entry)->alias ? 0 : -ENOENT;
}

static bool is_good(const struct store *st, const struct entry *e)
{
	const struct inode *home = inode_find(&st->names, e->home);

	return home && inode_is_dir(home) && inode_parent(home) == e->dir;
}

int node_alias_put(struct store *st, uint64_t dir_ino, const char *name,
		   uint64_t home)
{
	HOLD_WRITE(&st->lock);
	struct entry *fresh, *old;
	struct inode *dir;
	struct rows rows;
	int err = names_entry(&st->names, dir_ino, name, &dir, &old);

	if (err)
		return err;
	if (old && !old->alias)
		return -EEXIST;
	fresh = old ? NULL : entry_new(name, strlen(name));
	if (!old && (!fresh || entry_room(dir)))
		err = -ENOMEM;
	if (!err)
		err = journal_begin(&st->journal, ROW_ROOM, &rows);
	if (err) {
		entry_free(fresh);
		return err;
	}
	if (fresh) {
		fresh->home = home;
		entry_add(&st->names, fresh, dir, NULL, 0);
		old = fresh;
	}
	old->home = home;
	rows_put_entry(&rows, old);
	journal_end(&st->journal, &rows);
	return 0;
}

static int get_alias(struct store *st, uint64_t dir, const char *name,
		     uint64_t *ret_home, bool *ret_bad)
{
	HOLD_READ(&st->lock);
	struct entry *e;
	int err = find_alias(st, dir, name, &e);

	if (err)
		return err;
	*ret_bad = !is_good(st, e);
	if (*ret_bad)
		return -ENOENT;
	*ret_home = e->home;
	return 0;
}

static int drop_alias(struct store *st, uint64_t dir, const char *name,
		      bool only_bad)
{
	HOLD_WRITE(&st->lock);
	struct rows rows;
	struct entry *e;
	int err = find_alias(st, dir, name, &e);

	if (err || (only_bad && is_good(st, e)))
		return err;
	err = journal_begin(&st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	names_drop_alias(st, &rows, e);
	journal_end(&st->journal, &rows);
	return 0;
}

int node_alias_get(struct store *st, uint64_t dir, const char *name,
		   uint64_t *ret_home)
{
	bool bad = false;
	int err = get_alias(st, dir, name, ret_home, &bad);

	if (bad)
		(void)drop_alias(st, dir, name, true);
	return err;
}

int node_alias_drop(struct store *st, uint64_t dir, const char *name)
{
	return drop_alias(st, dir, name, false);
}
