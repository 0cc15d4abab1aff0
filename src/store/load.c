// SPDX-License-Identifier: Apache-2.0
/*
 * The namespace and the records from catalog.db into memory. Entries come in
 * the order of directory and slot.
 *
 * A store that is opened read-only may have a journal, which cannot be applied
 * to the tables: the last row that it has of a key then stands for that of the
 * tables, as if it had been.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "batch.h"
#include "state.h"

/* ---- inodes ---- */

static void fill_inode(struct inode *i, const struct inode_row *row)
{
	i->blob = row->blob;
	i->size = row->size;
	i->blocks = row->blocks;
	i->atime = row->atime;
	i->mtime = row->mtime;
	i->ctime = row->ctime;
	i->nlink = row->nlink;
	i->uid = row->uid;
	i->gid = row->gid;
	if (inode_is_file(i))
		i->flags |= row->flags & INODE_SAVED;
	if (i->flags & INODE_DIGEST)
		memcpy(i->digest, row->digest, sizeof(i->digest));
}

static bool type_is_known(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFIFO:
	case S_IFSOCK:
		return !(mode >> 16);
	default:
		return false;
	}
}

static int put_inode(struct names *n, const struct inode_row *row,
		     const char *target, size_t len)
{
	struct inode *i;

	if (!row->ino || !row->nlink || !type_is_known(row->mode) ||
	    (row->ino == STORE_ROOT && !S_ISDIR(row->mode)))
		return -EUCLEAN;
	i = inode_load(n, row->ino, row->mode);
	if (!i)
		return -ENOMEM;
	inode_add(n, i);
	if (S_ISLNK(row->mode))
		i->target = strndup(target, len);
	if (S_ISLNK(row->mode) && !i->target)
		return -ENOMEM;
	fill_inode(i, row);
	return 0;
}

static void read_inode(struct stmt *s, struct inode_row *row)
{
	size_t len;
	const void *digest;

	*row = (struct inode_row){
		.ino = (uint64_t)stmt_get_int(s, 0),
		.mode = (uint32_t)stmt_get_int(s, 1),
		.nlink = (uint32_t)stmt_get_int(s, 2),
		.uid = (uint32_t)stmt_get_int(s, 3),
		.gid = (uint32_t)stmt_get_int(s, 4),
		.size = (uint64_t)stmt_get_int(s, 5),
		.blocks = (uint64_t)stmt_get_int(s, 6),
		.atime = stmt_get_int(s, 7),
		.mtime = stmt_get_int(s, 8),
		.ctime = stmt_get_int(s, 9),
		.blob = (uint64_t)stmt_get_int(s, 10),
		.flags = (uint32_t)stmt_get_int(s, 11),
	};
	if (!(row->flags & INODE_DIGEST))
		return;
	digest = stmt_get_blob(s, 12, &len);
	if (len == sizeof(row->digest))
		memcpy(row->digest, digest, len);
	else
		row->flags &= ~(uint32_t)INODE_DIGEST;
}

/* fsck goes on without it; a count of names that is wrong is set right later.
 */
static int load_loose_inode(struct store *st, struct inode_row *row,
			    const char *target, size_t len)
{
	int err;

	if (!row->nlink)
		row->nlink = 1;
	err = put_inode(&st->names, row, target, len);
	if (err != -EUCLEAN)
		return err;
	loose_say(st->loose, "inode %llu is no inode",
		  (unsigned long long)row->ino);
	return loose_add(st->loose, ROW_INODE, row->ino, 0);
}

static int load_inode(struct store *st, struct inode_row *row,
		      const char *target, size_t len)
{
	return st->loose ? load_loose_inode(st, row, target, len)
			 : put_inode(&st->names, row, target, len);
}

static int load_inodes(struct store *st, const struct batch *newer)
{
	AUTO(stmt_release) struct stmt *s = NULL;
	int err = db_prepare(st->tables.db,
			     "SELECT ino, mode, nlink, uid, gid, size, blocks,"
			     " atime, mtime, ctime, blob, flags, digest, target"
			     " FROM inode",
			     &s);

	if (err)
		return err;
	while ((err = stmt_step(s)) == 1) {
		struct inode_row row;
		const char *target = "";
		size_t len = 0;

		read_inode(s, &row);
		if (batch_has(newer, ROW_INODE, row.ino, 0))
			continue;
		if (S_ISLNK(row.mode))
			target = stmt_get_text(s, 13, &len);
		err = load_inode(st, &row, target, len);
		if (err)
			return err;
	}
	return err;
}

/* ---- entries ---- */

struct loaded_entry {
	uint64_t slot, ino;
	bool alias;
	const char *name;
	size_t len;
};

static bool name_is_bad(const char *name, size_t len)
{
	return !len || len > NAME_LIMIT || memchr(name, '/', len) ||
	       memchr(name, 0, len) || (len == 1 && name[0] == '.') ||
	       (len == 2 && !memcmp(name, "..", 2));
}

static int put_entry(struct names *n, struct inode *dir,
		     const struct loaded_entry *l)
{
	struct inode *node = l->alias ? NULL : inode_find(n, l->ino);
	struct entry *e;

	if (!dir || !inode_is_dir(dir) || name_is_bad(l->name, l->len))
		return -EUCLEAN;
	if (!l->slot || (!l->alias && (!node || node->ino == STORE_ROOT)))
		return -EUCLEAN;
	if (node && inode_is_dir(node) && node->names)
		return -EUCLEAN;
	e = entry_load(n, l->name, l->len);
	if (!e || entry_room(dir)) {
		entry_free(e);
		return -ENOMEM;
	}
	e->home = l->ino;
	entry_add(n, e, dir, node, l->slot);
	return 0;
}

static int load_loose_entry(struct store *st, struct inode *dir, uint64_t ino,
			    const struct loaded_entry *l)
{
	AUTO(buf_release) struct buf name = BUF_INIT(BUF_MAX);
	char text[NAME_LIMIT + 1] = "";
	int err = 0;

	if (l->len <= NAME_LIMIT)
		memcpy(text, l->name, l->len);
	if (dir && inode_is_dir(dir) && entry_find(&st->names, dir, text))
		err = -EUCLEAN;
	if (!err)
		err = put_entry(&st->names, dir, l);
	if (err != -EUCLEAN)
		return err;
	name_put_shown(text, &name);
	loose_say(st->loose,
		  "the name '%s' in directory %llu stands for nothing",
		  name.data, (unsigned long long)ino);
	return loose_add(st->loose, ROW_ENTRY, ino, l->slot);
}

static int load_entry(struct store *st, struct inode *dir, uint64_t ino,
		      const struct loaded_entry *l)
{
	return st->loose ? load_loose_entry(st, dir, ino, l)
			 : put_entry(&st->names, dir, l);
}

static int load_entries(struct store *st, const struct batch *newer)
{
	AUTO(stmt_release) struct stmt *s = NULL;
	struct inode *dir = NULL;
	int err = db_prepare(st->tables.db,
			     "SELECT dir, slot, ino, alias, name FROM entry"
			     " ORDER BY dir, slot",
			     &s);

	if (err)
		return err;
	while ((err = stmt_step(s)) == 1) {
		uint64_t ino = (uint64_t)stmt_get_int(s, 0);
		struct loaded_entry l = {
			.slot = (uint64_t)stmt_get_int(s, 1),
			.ino = (uint64_t)stmt_get_int(s, 2),
			.alias = stmt_get_int(s, 3),
		};

		if (batch_has(newer, ROW_ENTRY, ino, l.slot))
			continue;
		l.name = stmt_get_text(s, 4, &l.len);
		if (!dir || dir->ino != ino)
			dir = inode_find(&st->names, ino);
		err = load_entry(st, dir, ino, &l);
		if (err)
			return err;
	}
	return err;
}

static int put_record(struct store *st, int class, uint64_t key,
		      const char *text, size_t len)
{
	struct record *r = records_new(class, key, text, len);

	if (!r)
		return -ENOMEM;
	records_put(&st->records, r);
	return 0;
}

static int load_records(struct store *st, const struct batch *newer)
{
	AUTO(stmt_release) struct stmt *s = NULL;
	int err = db_prepare(st->tables.db,
			     "SELECT class, key, text FROM record", &s);

	if (err)
		return err;
	while ((err = stmt_step(s)) == 1) {
		int64_t class = stmt_get_int(s, 0);
		uint64_t key = (uint64_t)stmt_get_int(s, 1);
		const char *text;
		size_t len;

		if (batch_has(newer, ROW_RECORD, (uint64_t) class, key))
			continue;
		text = stmt_get_text(s, 2, &len);
		err = put_record(st, (int)class, key, text, len);
		if (err)
			return err;
	}
	return err;
}

/* ---- a journal that may not be applied ---- */

static int add_inode(struct store *st, const struct row *row)
{
	struct inode_row fixed;
	const char *target;
	size_t len;
	int err = row_get_inode(row, &fixed, &target, &len);

	return err ? err : load_inode(st, &fixed, target, len);
}

static int add_entry(struct store *st, const struct row *row)
{
	struct loaded_entry l = { .slot = row->key2 };
	struct entry_row fixed;
	int err = row_get_entry(row, &fixed, &l.name, &l.len);

	if (err)
		return err;
	l.ino = fixed.ino;
	l.alias = fixed.alias;
	return load_entry(st, inode_find(&st->names, row->key), row->key, &l);
}

static int add_record(struct store *st, const struct row *row)
{
	return put_record(st, (int)row->key, row->key2, (const char *)row->data,
			  row->len);
}

static int add_newer(struct store *st, const struct batch *newer,
		     enum row_type type,
		     int (*add)(struct store *st, const struct row *row))
{
	int err = 0;

	for (size_t i = 0; i < newer->count && !err; i++)
		if (newer->row[i].type == type && !newer->row[i].drop)
			err = add(st, &newer->row[i]);
	return err;
}

/* What the tables lack. */
static int read_journal(struct store *st, struct batch *newer)
{
	int64_t meta[META_COUNT];
	const unsigned char *data;
	uint64_t position, sequence;
	size_t len;
	int err;

	if (!st->read_only || !st->journal.file)
		return 0;
	err = tables_get_meta(&st->tables, meta);
	if (err)
		return err;
	position = (uint64_t)meta[META_POSITION];
	sequence = (uint64_t)meta[META_APPLIED];
	while (!err &&
	       journal_read(&st->journal, &position, &sequence, &data, &len))
		err = batch_add(newer, data, len);
	return err;
}

/* ---- all of it ---- */

static size_t count_rows(struct store *st, const char *sql)
{
	AUTO(stmt_release) struct stmt *s = NULL;

	if (db_prepare(st->tables.db, sql, &s) || stmt_step(s) != 1)
		return 0;
	return (size_t)stmt_get_int(s, 0);
}

/* Tables of the right size from the start: growing them is a good part of
 * loading. */
static void expect(struct store *st)
{
	names_expect(&st->names, count_rows(st, "SELECT count(*) FROM inode"),
		     count_rows(st, "SELECT count(*) FROM entry"));
}

static int load_all(struct store *st)
{
	AUTO(batch_release) struct batch newer = { 0 };
	int err = read_journal(st, &newer);

	expect(st);
	if (!err)
		err = load_inodes(st, &newer);
	if (!err)
		err = add_newer(st, &newer, ROW_INODE, add_inode);
	if (!err && !inode_find(&st->names, STORE_ROOT))
		err = -EUCLEAN;
	if (!err)
		err = load_entries(st, &newer);
	if (!err)
		err = add_newer(st, &newer, ROW_ENTRY, add_entry);
	if (!err)
		err = load_records(st, &newer);
	if (!err)
		err = add_newer(st, &newer, ROW_RECORD, add_record);
	return err;
}

int load_names(struct store *st, struct buf *why)
{
	int err = load_all(st);

	if (err == -EUCLEAN)
		return why_set(why, err,
			       "catalog.db is damaged: check it "
			       "with fsck.mlxfs");
	if (err)
		return why_set(why, err, "catalog.db: %s", strerror(-err));
	/* all of it was read once, and would count as our memory */
	(void)db_exec(st->tables.db, "PRAGMA mmap_size=0", NULL);
	tree_load(&st->names);
	return 0;
}
