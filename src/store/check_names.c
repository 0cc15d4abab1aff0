// SPDX-License-Identifier: Apache-2.0
/* fsck: names that lead nowhere, and counts of names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "checking.h"
#include "names.h"
#include "store/file.h"

/* Directories that hold each other are reached from nowhere. */
static bool reaches_root(const struct names *n, const struct inode *i)
{
	size_t steps = n->inodes.count;

	while (i && i->ino != STORE_ROOT && steps--)
		i = inode_parent(i);
	return i && i->ino == STORE_ROOT;
}

/* One of the names that make the ring goes; what it named is an orphan. */
static int break_ring(struct checking *c, uint64_t ino)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, ino);
	struct rows rows;
	int err;

	if (!i || !i->names)
		return 0;
	err = journal_begin(&c->st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	rows_drop_entry(&rows, i->names->dir->ino, i->names->slot);
	entry_drop(&c->st->names, i->names);
	journal_end(&c->st->journal, &rows);
	return 0;
}

enum place { PLACE_GOOD, PLACE_RING, PLACE_ORPHAN };

/* Only where a chain of parents ends: an orphan's children are reached again
 * when it is. */
static enum place place_of(struct checking *c, uint64_t ino)
{
	HOLD_READ(&c->st->lock);
	const struct names *n = &c->st->names;
	const struct inode *i = inode_find(n, ino);
	const struct inode *at = i;
	size_t steps = n->inodes.count;

	if (!i || ino == STORE_ROOT)
		return PLACE_GOOD;
	if (!i->names)
		return PLACE_ORPHAN;
	if (!inode_is_dir(i) || reaches_root(n, i))
		return PLACE_GOOD;
	while (steps-- && (at = inode_parent(at)))
		if (at == i)
			return PLACE_RING;
	return PLACE_GOOD;
}

/* A name for an orphan. The counts are put right later. */
static int adopt_in(struct checking *c, uint64_t ino, uint64_t lost)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *dir = inode_find(&c->st->names, lost);
	struct inode *i = inode_find(&c->st->names, ino);
	struct entry *e;
	struct rows rows;
	char name[32];
	int err = 0;

	snprintf(name, sizeof(name), "#%llu", (unsigned long long)ino);
	if (entry_find(&c->st->names, dir, name))
		return -EEXIST;
	e = entry_new(name, strlen(name));
	if (!e || entry_room(dir))
		err = -ENOMEM;
	if (!err)
		err = journal_begin(&c->st->journal, 2 * ROW_ROOM, &rows);
	if (err) {
		entry_free(e);
		return err;
	}
	entry_add(&c->st->names, e, dir, i, 0);
	rows_put_entry(&rows, e);
	names_touch(c->st, &rows, dir);
	journal_end(&c->st->journal, &rows);
	return 0;
}

static int adopt(struct checking *c, uint64_t ino)
{
	uint64_t lost;
	int err = checking_find_lost(c, &lost);

	return err ? err : adopt_in(c, ino, lost);
}

static int check_place(struct checking *c, uint64_t ino)
{
	enum place place = place_of(c, ino);
	int err = 0;

	if (place == PLACE_GOOD)
		return 0;
	checking_say(c,
		     place == PLACE_RING ? "directory %llu lies in itself"
					 : "inode %llu has no name",
		     (unsigned long long)ino);
	if (!c->repair)
		return 0;
	if (place == PLACE_RING)
		err = break_ring(c, ino);
	if (!err)
		err = adopt(c, ino);
	return checking_repaired(c, err);
}

static uint32_t count_links(const struct inode *i)
{
	uint32_t count = 0;
	uint32_t at;

	if (!inode_is_dir(i)) {
		for (const struct entry *e = i->names; e; e = e->other)
			count++;
		return count;
	}
	for (struct entry *e = entry_first(i, 0, &at); e;
	     e = entry_next(i, &at))
		count += !e->alias && inode_is_dir(e->node);
	return count + 2;
}

static bool links_are(struct checking *c, uint64_t ino, uint32_t *ret_have,
		      uint32_t *ret_want)
{
	HOLD_READ(&c->st->lock);
	const struct inode *i = inode_find(&c->st->names, ino);

	*ret_have = i->nlink;
	*ret_want = count_links(i);
	return *ret_have == *ret_want || !*ret_want;
}

static int set_links(struct checking *c, uint64_t ino, uint32_t links)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, ino);

	i->nlink = links;
	return checking_put_inode(c, i);
}

static int check_links(struct checking *c, uint64_t ino)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	uint32_t have, want;

	if (links_are(c, ino, &have, &want))
		return 0;
	checking_put_path(c, ino, &path);
	checking_say(c, "%s: its links are counted as %u, but are %u",
		     path.data, have, want);
	return c->repair ? checking_repaired(c, set_links(c, ino, want)) : 0;
}

/* Adopting gives the new parents more links, but no new faults: what is counted
 * below was known before, or is lost+found. */
static int count_after_adopting(struct checking *c)
{
	unsigned int found = c->loose.found, repaired = c->repaired;
	uint64_t lost;
	uint32_t have, want;
	int err = checking_find_lost(c, &lost);

	if (!err && !links_are(c, lost, &have, &want))
		err = set_links(c, lost, want);
	c->loose.found = found;
	c->repaired = repaired;
	return err;
}

int checking_names(struct checking *c)
{
	unsigned int repaired = c->repaired;
	int err = 0;

	for (size_t i = 0; i < c->ino_count && !err; i++)
		err = check_place(c, c->inos[i]);
	if (!err && c->repaired != repaired)
		err = count_after_adopting(c);
	for (size_t i = 0; i < c->ino_count && !err; i++)
		err = check_links(c, c->inos[i]);
	return err;
}
