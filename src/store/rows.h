// SPDX-License-Identifier: Apache-2.0
/*
 * Rows: what an entry of the journal is a list of, and what the tables of
 * catalog.db hold. A put carries the whole new row, so applying one twice does
 * no harm, and of several puts of one row only the last one matters.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ext/db.h"
#include "inode.h"

enum row_type {
	ROW_INODE = 1, /* key: number, 0 */
	ROW_ENTRY,     /* key: the directory's number, slot */
	ROW_RECORD,    /* key: class, key */
	ROW_TYPES
};

struct row {
	enum row_type type;
	bool drop;
	uint64_t key, key2;
	const unsigned char *data; /* of a put; lent */
	uint32_t len;
};

/* The content of a ROW_INODE, fixed part; the target follows. */
struct inode_row {
	uint64_t ino, blob, size, blocks;
	int64_t atime, mtime, ctime;
	uint32_t mode, nlink, uid, gid, flags, reserved;
	unsigned char digest[32];
};

/* The content of a ROW_ENTRY, fixed part; the name follows. */
struct entry_row {
	uint64_t ino; /* of an alias: the home's */
	uint64_t alias;
};

/* Rows being written into room that was reserved before: never fails; writing
 * beyond the room aborts, for it would be a bug. */
struct rows {
	unsigned char *at;
	size_t len, room;
	int64_t now; /* the time of all these changes; 0: not asked yet */
};

/* Room that one row needs, at most, without a text of unlimited length. */
#define ROW_ROOM 512
#define ROW_TARGET_ROOM (ROW_ROOM + 4096)

void rows_put_inode(struct rows *r, const struct inode *i);
void rows_drop_inode(struct rows *r, uint64_t ino);
void rows_put_entry(struct rows *r, const struct entry *e);
void rows_drop_entry(struct rows *r, uint64_t dir, uint64_t slot);
void rows_put_record(struct rows *r, int class, uint64_t key, const char *text,
		     size_t len);
void rows_drop_record(struct rows *r, int class, uint64_t key);

/* Read row after row from *at on: 1, 0 at the end, -EUCLEAN. */
int rows_next(const unsigned char *data, size_t len, size_t *at,
	      struct row *ret_row);
/* The parts of a put; texts are lent and not terminated. -EUCLEAN. */
int row_get_inode(const struct row *row, struct inode_row *ret_inode,
		  const char **ret_target, size_t *ret_len);
int row_get_entry(const struct row *row, struct entry_row *ret_entry,
		  const char **ret_name, size_t *ret_len);

#endif
