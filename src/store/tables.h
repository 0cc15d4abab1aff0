// SPDX-License-Identifier: Apache-2.0
/* The tables of catalog.db: one connection and the statements that apply rows.
 * Belongs to one thread at a time. */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "rows.h"

struct tables {
	struct db *db;
	struct stmt *put[ROW_TYPES], *drop[ROW_TYPES];
	struct stmt *put_meta;
};

/* The numbers that catalog.db keeps beside the rows. */
enum meta {
	META_VERSION,  /* of the schema */
	META_APPLIED,  /* the journal's last entry that is in the tables */
	META_POSITION, /* where the next one begins */
	META_EPOCH,    /* of the journal's entries: others are older */
	META_NEXT,     /* numbers of inodes and blobs below were given out */
	META_CLEAN,    /* 1: closed in order, no blob is left over */
	META_SYNCED,   /* ns since 1970: all that was written to blobs before
			* is on disk; 0: not known */
	META_PLACE,    /* where this life has its files: see place.h */
	META_COUNT
};
#define TABLES_VERSION 1

/* -EUCLEAN: damaged, or no catalog of ours. *fresh: a database without any
 * tables (a crash may leave one) gets ours; still true, that was done, in a
 * transaction that the caller is to commit. */
int tables_open(struct tables *t, const char *path, bool read_only, bool *fresh,
		struct buf *why);
void tables_close(struct tables *t);
int tables_get_meta(struct tables *t, int64_t ret_meta[META_COUNT]);
int tables_put_meta(struct tables *t, enum meta which, int64_t n);
int tables_apply(struct tables *t, const struct row *row);
int tables_begin(struct tables *t, bool durable);
int tables_commit(struct tables *t);
void tables_rollback(struct tables *t);

#endif
