// SPDX-License-Identifier: Apache-2.0
/*
 * fsck. The store is opened loosely: rows that cannot be are told and left out;
 * what could be loaded is then looked at in memory, and repaired by ordinary
 * changes through the journal. Read-only, the journal of a crash is seen, but
 * stays.
 *
 * What has one right answer is repaired: counts of names, sizes, rows that name
 * nothing; a record that nobody can read goes. A file whose bytes are gone or
 * are not those that were digested has none; it goes to lost+found/ of its
 * kind, where somebody may look at it.
 */
#include "store/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/name.h"
#include "checking.h"
#include "store/file.h"

int checking_repaired(struct checking *c, int err)
{
	c->repaired += !err;
	return err;
}

void checking_put_path(struct checking *c, uint64_t ino, struct buf *out)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

	if (node_put_path(c->st, ino, &path) || !path.len)
		buf_addf(&path, "inode %llu", (unsigned long long)ino);
	name_put_shown(path.data, out);
}

int checking_put_inode(struct checking *c, const struct inode *i)
{
	struct rows rows;
	int err = journal_begin(&c->st->journal, ROW_TARGET_ROOM, &rows);

	if (err)
		return err;
	rows_put_inode(&rows, i);
	journal_end(&c->st->journal, &rows);
	return 0;
}

/* ---- lost+found ---- */

/* The directory of the first level that a file lies in, or the root. */
static int find_kind(struct checking *c, uint64_t ino, uint64_t *ret_kind,
		     uint64_t *ret_dir, char *ret_name, size_t size)
{
	HOLD_READ(&c->st->lock);
	const struct inode *i = inode_find(&c->st->names, ino);
	const struct inode *at;

	if (!i || !i->names)
		return -ENOENT;
	at = i->names->dir;
	*ret_dir = at->ino;
	snprintf(ret_name, size, "%s", i->names->name);
	while (inode_parent(at) && inode_parent(at)->ino != STORE_ROOT)
		at = inode_parent(at);
	*ret_kind = at->ino;
	return 0;
}

int checking_move_away(struct checking *c, uint64_t ino)
{
	struct owner root = { 0, 0 };
	uint64_t kind, dir, lost;
	char name[256], fresh[64];
	int err = find_kind(c, ino, &kind, &dir, name, sizeof(name));

	if (!err)
		err = file_make_dir(c->st, kind, "lost+found", 0700, &root,
				    &lost);
	if (err || dir == lost)
		return err;
	snprintf(fresh, sizeof(fresh), "#%llu", (unsigned long long)ino);
	return node_rename(c->st, dir, name, lost, fresh, 0);
}

/* Where things go of which nobody knows whose they were. */
int checking_find_lost(struct checking *c, uint64_t *ret_lost)
{
	struct owner root = { 0, 0 };
	struct node_attr kind;
	int err = node_find(c->st, STORE_ROOT, "datasets", &kind);

	if (err == -ENOENT || (!err && !S_ISDIR(kind.mode)))
		err = node_get(c->st, STORE_ROOT, &kind);
	if (!err)
		err = file_make_dir(c->st, kind.ino, "lost+found", 0700, &root,
				    ret_lost);
	return err;
}

/* ---- the check ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int list_inodes(struct checking *c)
{
	HOLD_READ(&c->st->lock);
	const struct names *n = &c->st->names;

	free(c->inos);
	c->ino_count = 0;
	c->inos = malloc((n->inodes.count + 1) * sizeof(*c->inos));
	if (!c->inos)
		return -ENOMEM;
	for (const struct inode *i = inode_next(n, NULL); i;
	     i = inode_next(n, i))
		c->inos[c->ino_count++] = i->ino;
	qsort(c->inos, c->ino_count, sizeof(*c->inos), compare);
	return 0;
}

/* Rows that could not be loaded go. */
static int drop_bad_rows(struct checking *c)
{
	HOLD_WRITE(&c->st->lock);

	for (size_t i = 0; i < c->loose.bad_count; i++) {
		const struct row *bad = &c->loose.bad[i];
		struct rows rows;
		int err = journal_begin(&c->st->journal, ROW_ROOM, &rows);

		if (err)
			return err;
		if (bad->type == ROW_INODE)
			rows_drop_inode(&rows, bad->key);
		else
			rows_drop_entry(&rows, bad->key, bad->key2);
		journal_end(&c->st->journal, &rows);
	}
	c->repaired += (unsigned int)c->loose.bad_count;
	c->loose.bad_count = 0;
	return 0;
}

static int check_all(struct checking *c)
{
	/* a journal that is no good was put aside when the store was opened */
	unsigned int journals =
		c->loose.found - (unsigned int)c->loose.bad_count;
	int err = 0;

	if (c->repair) {
		c->repaired += journals;
		err = drop_bad_rows(c);
	}
	if (!err)
		err = list_inodes(c);
	if (!err)
		err = checking_names(c);
	if (!err)
		err = list_inodes(c);
	if (!err)
		err = checking_blobs(c);
	if (!err)
		err = checking_records(c);
	return err;
}

/* A folder that never was a store is none. */
static int check_is_store(const char *path)
{
	AUTO(close_fd)
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat s;

	if (fd < 0)
		return -errno;
	if (!fstatat(fd, "catalog.db", &s, 0) || !fstatat(fd, "blobs", &s, 0))
		return 0;
	return -errno;
}

static int check_open(const char *path, struct checking *c, struct buf *why)
{
	struct store_options o = { .read_only = !c->repair };
	int err = store_open_as(path, &o, STORE_LOOSE, &c->loose, why, &c->st);

	if (err)
		return err;
	err = check_all(c);
	if (!err && c->repair)
		err = store_sync(c->st);
	store_release(&c->st);
	return err;
}

int check_store(const char *path, enum check_mode mode,
		void (*say)(void *arg, const char *sentence), void *arg,
		struct check_result *ret_result)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct checking c = {
		.repair = mode != CHECK_ONLY,
		.loose = { .say = say, .arg = arg },
	};
	int err = check_is_store(path);

	if (!err && mode == CHECK_REBUILD)
		err = checking_rebuild(path, &c);
	else if (!err)
		err = check_open(path, &c, &why);
	if (err && why.len)
		say(arg, why.data);
	free(c.inos);
	loose_release(&c.loose);
	if (err)
		return err;
	*ret_result = (struct check_result){ c.loose.found, c.repaired };
	return 0;
}
