// SPDX-License-Identifier: Apache-2.0
/*
 * catalog.db. Entries have (directory, slot) for a key, so that a directory's
 * names lie together and come out in the order in which they are listed; a
 * name is found in memory, never here.
 */
#include "tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE meta (what INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
	"CREATE TABLE inode (ino INTEGER PRIMARY KEY, mode INTEGER NOT NULL,"
	" nlink INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,"
	" size INTEGER NOT NULL, blocks INTEGER NOT NULL,"
	" atime INTEGER NOT NULL, mtime INTEGER NOT NULL,"
	" ctime INTEGER NOT NULL, blob INTEGER NOT NULL,"
	" flags INTEGER NOT NULL, digest BLOB, target TEXT);"
	"CREATE TABLE entry (dir INTEGER NOT NULL, slot INTEGER NOT NULL,"
	" ino INTEGER NOT NULL, alias INTEGER NOT NULL, name TEXT NOT NULL,"
	" PRIMARY KEY (dir, slot)) WITHOUT ROWID;"
	"CREATE TABLE record (class INTEGER NOT NULL, key INTEGER NOT NULL,"
	" text TEXT NOT NULL, PRIMARY KEY (class, key)) WITHOUT ROWID;"
	"INSERT INTO meta VALUES (0, 1), (1, 0), (2, 0), (3, 0), (4, 2),"
	" (5, 1), (6, 0);";

static const char *const put_sql[ROW_TYPES] = {
	[ROW_INODE] = "INSERT OR REPLACE INTO inode VALUES"
		      " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ROW_ENTRY] = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)",
	[ROW_RECORD] = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
};
static const char *const drop_sql[ROW_TYPES] = {
	[ROW_INODE] = "DELETE FROM inode WHERE ino = ?",
	[ROW_ENTRY] = "DELETE FROM entry WHERE dir = ? AND slot = ?",
	[ROW_RECORD] = "DELETE FROM record WHERE class = ? AND key = ?",
};

static int prepare_all(struct tables *t)
{
	int err = db_prepare(t->db, "INSERT OR REPLACE INTO meta VALUES (?, ?)",
			     &t->put_meta);

	for (int i = ROW_INODE; i < ROW_TYPES && !err; i++) {
		err = db_prepare(t->db, put_sql[i], &t->put[i]);
		if (!err)
			err = db_prepare(t->db, drop_sql[i], &t->drop[i]);
	}
	return err;
}

static int check_names(struct tables *t, struct buf *why)
{
	AUTO(stmt_release) struct stmt *s = NULL;
	int err = db_prepare(t->db,
			     "SELECT count(*) FROM sqlite_schema WHERE name IN"
			     " ('meta', 'inode', 'entry', 'record')",
			     &s);

	if (!err)
		err = stmt_step(s);
	if (err < 0)
		return err;
	return stmt_get_int(s, 0) == 4
		       ? 0
		       : why_set(why, -EUCLEAN, "it is no catalog");
}

static int check_version(struct tables *t, struct buf *why)
{
	int64_t meta[META_COUNT];
	int err = check_names(t, why);

	if (!err)
		err = tables_get_meta(t, meta);
	if (err)
		return err;
	if (meta[META_VERSION] != TABLES_VERSION)
		return why_set(why, -EUCLEAN,
			       "catalog.db is of version %lld, this mlxfs "
			       "knows %d",
			       (long long)meta[META_VERSION], TABLES_VERSION);
	return 0;
}

static int make_tables(struct tables *t, bool read_only, bool *fresh,
		       struct buf *why)
{
	AUTO(stmt_release) struct stmt *s = NULL;
	int err = db_prepare(t->db, "SELECT count(*) FROM sqlite_schema", &s);

	if (!err)
		err = stmt_step(s);
	if (err < 0)
		return err;
	*fresh = !stmt_get_int(s, 0);
	stmt_reset(s);
	if (!*fresh)
		return 0;
	return read_only ? why_set(why, -ENOENT, "it holds nothing yet")
			 : db_exec(t->db, schema, why);
}

int tables_open(struct tables *t, const char *path, bool read_only, bool *fresh,
		struct buf *why)
{
	int err;

	*t = (struct tables){ 0 };
	err = db_open(path, read_only, why, &t->db);
	if (!err && *fresh)
		err = make_tables(t, read_only, fresh, why);
	if (!err)
		err = check_version(t, why);
	if (!err && !read_only)
		err = prepare_all(t);
	if (err)
		tables_close(t);
	return err;
}

void tables_close(struct tables *t)
{
	for (int i = 0; i < ROW_TYPES; i++) {
		stmt_free(t->put[i]);
		stmt_free(t->drop[i]);
	}
	stmt_free(t->put_meta);
	db_close(t->db);
	*t = (struct tables){ 0 };
}

int tables_get_meta(struct tables *t, int64_t ret_meta[META_COUNT])
{
	AUTO(stmt_release) struct stmt *s = NULL;
	/* older catalogs do not have them */
	unsigned int seen = 1U << META_SYNCED | 1U << META_PLACE;
	int err = db_prepare(t->db, "SELECT what, n FROM meta", &s);

	if (err)
		return err;
	ret_meta[META_SYNCED] = ret_meta[META_PLACE] = 0;
	while ((err = stmt_step(s)) == 1) {
		int64_t what = stmt_get_int(s, 0);

		if (what < 0 || what >= META_COUNT)
			continue;
		ret_meta[what] = stmt_get_int(s, 1);
		seen |= 1U << what;
	}
	if (!err && seen != (1U << META_COUNT) - 1)
		return -EUCLEAN;
	return err;
}

int tables_put_meta(struct tables *t, enum meta which, int64_t n)
{
	stmt_int(t->put_meta, 1, which);
	stmt_int(t->put_meta, 2, n);
	return stmt_step(t->put_meta);
}

static int put_inode(struct tables *t, const struct row *row)
{
	struct stmt *s = t->put[ROW_INODE];
	struct inode_row i;
	const char *target;
	size_t len;
	int err = row_get_inode(row, &i, &target, &len);

	if (err)
		return err;
	stmt_int(s, 1, (int64_t)i.ino);
	stmt_int(s, 2, i.mode);
	stmt_int(s, 3, i.nlink);
	stmt_int(s, 4, i.uid);
	stmt_int(s, 5, i.gid);
	stmt_int(s, 6, (int64_t)i.size);
	stmt_int(s, 7, (int64_t)i.blocks);
	stmt_int(s, 8, i.atime);
	stmt_int(s, 9, i.mtime);
	stmt_int(s, 10, i.ctime);
	stmt_int(s, 11, (int64_t)i.blob);
	stmt_int(s, 12, i.flags);
	if (i.flags & INODE_DIGEST)
		stmt_blob(s, 13, i.digest, sizeof(i.digest));
	else
		stmt_null(s, 13);
	if (S_ISLNK(i.mode))
		stmt_text(s, 14, target, len);
	else
		stmt_null(s, 14);
	return stmt_step(s);
}

static int put_entry(struct tables *t, const struct row *row)
{
	struct stmt *s = t->put[ROW_ENTRY];
	struct entry_row e;
	const char *name;
	size_t len;
	int err = row_get_entry(row, &e, &name, &len);

	if (err)
		return err;
	stmt_int(s, 1, (int64_t)row->key);
	stmt_int(s, 2, (int64_t)row->key2);
	stmt_int(s, 3, (int64_t)e.ino);
	stmt_int(s, 4, (int64_t)e.alias);
	stmt_text(s, 5, name, len);
	return stmt_step(s);
}

static int put_record(struct tables *t, const struct row *row)
{
	struct stmt *s = t->put[ROW_RECORD];

	stmt_int(s, 1, (int64_t)row->key);
	stmt_int(s, 2, (int64_t)row->key2);
	stmt_text(s, 3, (const char *)row->data, row->len);
	return stmt_step(s);
}

static int drop(struct tables *t, const struct row *row)
{
	struct stmt *s = t->drop[row->type];

	stmt_int(s, 1, (int64_t)row->key);
	if (row->type != ROW_INODE)
		stmt_int(s, 2, (int64_t)row->key2);
	return stmt_step(s);
}

int tables_apply(struct tables *t, const struct row *row)
{
	if (row->drop)
		return drop(t, row);
	switch (row->type) {
	case ROW_INODE:
		return put_inode(t, row);
	case ROW_ENTRY:
		return put_entry(t, row);
	case ROW_RECORD:
		return put_record(t, row);
	default:
		return -EUCLEAN;
	}
}

int tables_begin(struct tables *t, bool durable)
{
	int err = db_set_durable(t->db, durable);

	return err ? err : db_exec(t->db, "BEGIN IMMEDIATE", NULL);
}

int tables_commit(struct tables *t)
{
	return db_exec(t->db, "COMMIT", NULL);
}

void tables_rollback(struct tables *t)
{
	/* after some errors SQLite has rolled back itself, and says so here */
	(void)db_exec(t->db, "ROLLBACK", NULL);
}
