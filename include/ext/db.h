// SPDX-License-Identifier: Apache-2.0
/* SQLite behind a thin skin: errnos instead of its codes. A connection
 * belongs to one thread at a time. */
#ifndef EXT_DB_H
#define EXT_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct db;
struct stmt;

/* -ENOENT (read-only and absent), -EUCLEAN (corrupt), -EROFS, -ENOSPC, -EBUSY,
 * -EIO, -ENOMEM. WAL mode, no automatic checkpoints, foreign keys off. */
int db_open(const char *path, bool read_only, struct buf *why,
	    struct db **ret_db);
void db_close(struct db *db);	 /* NULL is fine */
void db_release(struct db **db); /* for AUTO() */

/* One or more statements without results. */
int db_exec(struct db *db, const char *sql, struct buf *why);
/* From the next transaction on: does a commit reach the disk before it
 * returns (fsync), or only the page cache. */
int db_set_durable(struct db *db, bool durable);
/* Move what the WAL holds into the database, as far as readers allow. */
int db_checkpoint(struct db *db);
/* PRAGMA integrity_check: 0 and *ret_sound, the findings in report. */
int db_check(struct db *db, struct buf *report, bool *ret_sound);
int64_t db_changes(struct db *db); /* rows changed by the last statement */

int db_prepare(struct db *db, const char *sql, struct stmt **ret_stmt);
void stmt_free(struct stmt *s);
void stmt_release(struct stmt **s); /* for AUTO() */
/* Parameters count from 1, columns from 0. Bound bytes must live till the
 * statement is reset. A failed bind is reported by the next step. */
void stmt_int(struct stmt *s, int at, int64_t n);
void stmt_text(struct stmt *s, int at, const char *text, size_t len);
void stmt_blob(struct stmt *s, int at, const void *data, size_t len);
void stmt_null(struct stmt *s, int at);
/* 1: a row is there; 0: done (and reset for the next use); -errno. */
int stmt_step(struct stmt *s);
void stmt_reset(struct stmt *s);
int64_t stmt_get_int(struct stmt *s, int col);
/* Lent till the next step; "" and len 0 for NULL. */
const char *stmt_get_text(struct stmt *s, int col, size_t *ret_len);
const void *stmt_get_blob(struct stmt *s, int col, size_t *ret_len);
bool stmt_is_null(struct stmt *s, int col);

#endif
