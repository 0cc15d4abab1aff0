// SPDX-License-Identifier: Apache-2.0
/*
 * Rows as bytes. A row is a head, its content, and zeros up to a multiple of
 * eight; numbers stand as this machine has them, for a journal never moves to
 * another one with entries in it.
 */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct row_head {
	uint16_t type;
	uint16_t drop;
	uint32_t len;
	uint64_t key, key2;
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static unsigned char *take_room(struct rows *r, size_t len)
{
	unsigned char *at = r->at + r->len;

	if (len > r->room - r->len)
		abort();
	r->len += len;
	return at;
}

/* A row whose content has two parts. */
static void put(struct rows *r, struct row_head head, const void *fixed,
		size_t fixed_len, const void *text, size_t len)
{
	size_t content = padded(fixed_len + len);
	unsigned char *at = take_room(r, sizeof(head) + content);

	head.len = (uint32_t)(fixed_len + len);
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	if (content)
		memset(at + content - 8, 0, 8);
	if (fixed_len)
		memcpy(at, fixed, fixed_len);
	if (len)
		memcpy(at + fixed_len, text, len);
}

void rows_put_inode(struct rows *r, const struct inode *i)
{
	struct inode_row row = {
		.ino = i->ino,
		.blob = i->blob,
		.size = i->size,
		.blocks = i->blocks,
		.atime = i->atime,
		.mtime = i->mtime,
		.ctime = i->ctime,
		.mode = i->mode,
		.nlink = i->nlink,
		.uid = i->uid,
		.gid = i->gid,
		.flags = i->flags & INODE_SAVED,
	};
	const char *target = S_ISLNK(i->mode) ? i->target : "";

	if (row.flags & INODE_DIGEST)
		memcpy(row.digest, i->digest, sizeof(row.digest));
	put(r, (struct row_head){ .type = ROW_INODE, .key = i->ino }, &row,
	    sizeof(row), target, strlen(target));
}

void rows_drop_inode(struct rows *r, uint64_t ino)
{
	put(r, (struct row_head){ .type = ROW_INODE, .drop = 1, .key = ino },
	    NULL, 0, NULL, 0);
}

void rows_put_entry(struct rows *r, const struct entry *e)
{
	struct entry_row row = {
		.ino = e->alias ? e->home : e->node->ino,
		.alias = e->alias,
	};
	struct row_head head = {
		.type = ROW_ENTRY,
		.key = e->dir->ino,
		.key2 = e->slot,
	};

	put(r, head, &row, sizeof(row), e->name, e->len);
}

void rows_drop_entry(struct rows *r, uint64_t dir, uint64_t slot)
{
	struct row_head head = {
		.type = ROW_ENTRY,
		.drop = 1,
		.key = dir,
		.key2 = slot,
	};

	put(r, head, NULL, 0, NULL, 0);
}

void rows_put_record(struct rows *r, int class, uint64_t key, const char *text,
		     size_t len)
{
	struct row_head head = {
		.type = ROW_RECORD,
		.key = (uint64_t) class,
		.key2 = key,
	};

	put(r, head, NULL, 0, text, len);
}

void rows_drop_record(struct rows *r, int class, uint64_t key)
{
	struct row_head head = {
		.type = ROW_RECORD,
		.drop = 1,
		.key = (uint64_t) class,
		.key2 = key,
	};

	put(r, head, NULL, 0, NULL, 0);
}

int rows_next(const unsigned char *data, size_t len, size_t *at,
	      struct row *ret_row)
{
	struct row_head head;

	if (*at == len)
		return 0;
	if (len - *at < sizeof(head))
		return -EUCLEAN;
	memcpy(&head, data + *at, sizeof(head));
	*at += sizeof(head);
	if (!head.type || head.type >= ROW_TYPES || head.drop > 1 ||
	    padded(head.len) > len - *at)
		return -EUCLEAN;
	*ret_row = (struct row){
		.type = head.type,
		.drop = head.drop,
		.key = head.key,
		.key2 = head.key2,
		.data = data + *at,
		.len = head.len,
	};
	*at += padded(head.len);
	return 1;
}

static int split(const struct row *row, void *fixed, size_t fixed_len,
		 const char **ret_text, size_t *ret_len)
{
	if (row->drop || row->len < fixed_len)
		return -EUCLEAN;
	memcpy(fixed, row->data, fixed_len);
	*ret_text = (const char *)row->data + fixed_len;
	*ret_len = row->len - fixed_len;
	return 0;
}

int row_get_inode(const struct row *row, struct inode_row *ret_inode,
		  const char **ret_target, size_t *ret_len)
{
	return split(row, ret_inode, sizeof(*ret_inode), ret_target, ret_len);
}

int row_get_entry(const struct row *row, struct entry_row *ret_entry,
		  const char **ret_name, size_t *ret_len)
{
	return split(row, ret_entry, sizeof(*ret_entry), ret_name, ret_len);
}
