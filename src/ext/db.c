// SPDX-License-Identifier: Apache-2.0
/*
 * SQLite's skin. Its result codes end here: above are errnos and sentences.
 *
 * Read-only means that nothing at all is written beside the database. A
 * database in WAL mode wants a -shm file even for reading, so where no WAL
 * holds anything it is opened as immutable; only where one does (a crash, or a
 * daemon that runs) the usual way is taken, which needs the -shm file or a
 * directory that can be written to.
 */
#include "ext/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BUSY_MS 1000
#define WAL_KEPT "67108864" /* bytes of the WAL file that a restart leaves */

struct db {
	sqlite3 *lite;
	bool durable;
};

struct stmt {
	sqlite3_stmt *lite;
	int bind_code; /* the first failed bind since the last reset */
};

/* ---- codes ---- */

/* What the system said when a file could not be opened or written. */
static int of_system(sqlite3 *lite, int otherwise)
{
	int err = lite ? sqlite3_system_errno(lite) : 0;

	switch (err) {
	case EROFS:
	case EACCES:
	case ENOENT:
	case ENOSPC:
	case EDQUOT:
	case ENOTDIR:
		return -err;
	case EPERM:
		return -EACCES;
	default:
		return otherwise;
	}
}

static int of_code(sqlite3 *lite, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
		return of_system(lite, -EROFS);
	case SQLITE_PERM:
		return -EACCES;
	default:
		return of_system(lite, -EIO);
	}
}

static int fail(sqlite3 *lite, int code, struct buf *why)
{
	return why_set(why, of_code(lite, code), "%s",
		       lite ? sqlite3_errmsg(lite) : sqlite3_errstr(code));
}

/* ---- open ---- */

/* A path as an URI of SQLite's: only what would be read as syntax is escaped.
 */
static void put_uri(const char *path, const char *query, struct buf *out)
{
	buf_puts(out, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			buf_addf(out, "%%%02X", (unsigned char)*path);
		else
			buf_putc(out, *path);
	}
	buf_puts(out, query);
}

static bool wal_holds_nothing(const char *path)
{
	AUTO(buf_release) struct buf wal = BUF_INIT(BUF_MAX);
	struct stat s;

	buf_addf(&wal, "%s-wal", path);
	return !wal.err && (stat(wal.data, &s) ? errno == ENOENT : !s.st_size);
}

static int open_handle(const char *path, bool read_only, struct db *db)
{
	AUTO(buf_release) struct buf uri = BUF_INIT(BUF_MAX);
	int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

	if (read_only)
		flags |= SQLITE_OPEN_READONLY;
	else
		flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	put_uri(path,
		read_only && wal_holds_nothing(path) ? "?immutable=1" : "",
		&uri);
	if (uri.err)
		return SQLITE_NOMEM;
	return sqlite3_open_v2(uri.data, &db->lite, flags, NULL);
}

/* The database is read for the first time here: what is none shows now. */
static int set_up(struct db *db, bool read_only, struct buf *why)
{
	int err = 0;

	sqlite3_busy_timeout(db->lite, BUSY_MS);
	sqlite3_extended_result_codes(db->lite, 1);
	if (!read_only)
		err = db_exec(db,
			      "PRAGMA journal_mode=WAL;"
			      "PRAGMA wal_autocheckpoint=0;"
			      "PRAGMA journal_size_limit=" WAL_KEPT ";"
			      "PRAGMA synchronous=NORMAL;",
			      why);
	if (!err)
		err = db_exec(db,
			      "PRAGMA mmap_size=268435456;"
			      "PRAGMA temp_store=MEMORY;"
			      "PRAGMA foreign_keys=OFF;"
			      "SELECT count(*) FROM sqlite_schema;",
			      why);
	return err;
}

int db_open(const char *path, bool read_only, struct buf *why,
	    struct db **ret_db)
{
	AUTO(db_release) struct db *db = calloc(1, sizeof(*db));
	struct stat s;
	int code;
	int err;

	if (!db)
		return -ENOMEM;
	if (read_only && stat(path, &s))
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	code = open_handle(path, read_only, db);
	if (code)
		return fail(db->lite, code, why);
	/* where it may not write, SQLite falls back to reading by itself */
	if (!read_only && sqlite3_db_readonly(db->lite, "main") == 1)
		return why_set(why, access(path, W_OK) ? -errno : -EROFS,
			       "%s cannot be written", path);
	err = set_up(db, read_only, why);
	if (err)
		return err;
	*ret_db = TAKE(db);
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close_v2(db->lite);
	free(db);
}

void db_release(struct db **db)
{
	db_close(*db);
	*db = NULL;
}

/* ---- a connection ---- */

int db_exec(struct db *db, const char *sql, struct buf *why)
{
	int code = sqlite3_exec(db->lite, sql, NULL, NULL, NULL);

	return code ? fail(db->lite, code, why) : 0;
}

int db_set_durable(struct db *db, bool durable)
{
	int err;

	if (db->durable == durable)
		return 0;
	/* SQLite ignores the pragma inside of a transaction */
	if (!sqlite3_get_autocommit(db->lite))
		return -EBUSY;
	err = db_exec(db,
		      durable ? "PRAGMA synchronous=FULL"
			      : "PRAGMA synchronous=NORMAL",
		      NULL);
	if (!err)
		db->durable = durable;
	return err;
}

int db_checkpoint(struct db *db)
{
	return of_code(db->lite,
		       sqlite3_wal_checkpoint_v2(db->lite, NULL,
						 SQLITE_CHECKPOINT_PASSIVE,
						 NULL, NULL));
}

int db_check(struct db *db, struct buf *report, bool *ret_sound)
{
	AUTO(stmt_release) struct stmt *s = NULL;
	bool sound = true;
	int err = db_prepare(db, "PRAGMA integrity_check", &s);

	while (!err && (err = stmt_step(s)) == 1) {
		const char *text = stmt_get_text(s, 0, NULL);

		err = 0;
		if (!strcmp(text, "ok"))
			continue;
		sound = false;
		buf_addf(report, "%s\n", text);
	}
	if (err ==
	    -EUCLEAN) { /* too damaged to be checked: a finding as well */
		sound = false;
		buf_addf(report, "%s\n", sqlite3_errmsg(db->lite));
		err = 0;
	}
	if (err)
		return err;
	*ret_sound = sound;
	return 0;
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->lite);
}

/* ---- statements ---- */

int db_prepare(struct db *db, const char *sql, struct stmt **ret_stmt)
{
	AUTO(stmt_release) struct stmt *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return -ENOMEM;
	code = sqlite3_prepare_v3(db->lite, sql, -1, SQLITE_PREPARE_PERSISTENT,
				  &s->lite, NULL);
	if (code)
		return of_code(db->lite, code);
	*ret_stmt = TAKE(s);
	return 0;
}

void stmt_free(struct stmt *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->lite);
	free(s);
}

void stmt_release(struct stmt **s)
{
	stmt_free(*s);
	*s = NULL;
}

static void bound(struct stmt *s, int code)
{
	if (!s->bind_code)
		s->bind_code = code;
}

void stmt_int(struct stmt *s, int at, int64_t n)
{
	bound(s, sqlite3_bind_int64(s->lite, at, n));
}

void stmt_text(struct stmt *s, int at, const char *text, size_t len)
{
	bound(s, sqlite3_bind_text64(s->lite, at, text, len, SQLITE_STATIC,
				     SQLITE_UTF8));
}

void stmt_blob(struct stmt *s, int at, const void *data, size_t len)
{
	/* SQLite takes a NULL pointer for SQL's NULL */
	bound(s, sqlite3_bind_blob64(s->lite, at, data ? data : "", len,
				     SQLITE_STATIC));
}

void stmt_null(struct stmt *s, int at)
{
	bound(s, sqlite3_bind_null(s->lite, at));
}

void stmt_reset(struct stmt *s)
{
	sqlite3_reset(s->lite);
	/* or they would point to memory that may be gone */
	sqlite3_clear_bindings(s->lite);
	s->bind_code = 0;
}

int stmt_step(struct stmt *s)
{
	sqlite3 *lite = sqlite3_db_handle(s->lite);
	int code = s->bind_code ? s->bind_code : sqlite3_step(s->lite);
	int err;

	if (code == SQLITE_ROW)
		return 1;
	err = of_code(lite, code);
	stmt_reset(s);
	return err;
}

int64_t stmt_get_int(struct stmt *s, int col)
{
	return sqlite3_column_int64(s->lite, col);
}

const char *stmt_get_text(struct stmt *s, int col, size_t *ret_len)
{
	const unsigned char *text = sqlite3_column_text(s->lite, col);

	if (ret_len)
		*ret_len =
			text ? (size_t)sqlite3_column_bytes(s->lite, col) : 0;
	return text ? (const char *)text : "";
}

const void *stmt_get_blob(struct stmt *s, int col, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(s->lite, col);

	if (ret_len)
		*ret_len =
			data ? (size_t)sqlite3_column_bytes(s->lite, col) : 0;
	return data ? data : "";
}

bool stmt_is_null(struct stmt *s, int col)
{
	return sqlite3_column_type(s->lite, col) == SQLITE_NULL;
}
