// SPDX-License-Identifier: Apache-2.0
/* Checking, from inside: what the parts of fsck share. The store is open, and
 * nobody else changes it. */
#ifndef STORE_CHECKING_H
#define STORE_CHECKING_H

#include "ext/digest.h"
#include "state.h"
#include "store/check.h"

struct checking {
	struct store *st;
	bool repair;
	struct loose loose; /* counts the faults, too */
	unsigned int repaired;
	uint64_t *inos; /* of all inodes, sorted */
	size_t ino_count;
	uint64_t digested; /* this blob was, last; its digest */
	char hex[DIGEST_HEX];
};

/* Tell a fault. */
#define checking_say(c, ...) loose_say(&(c)->loose, __VA_ARGS__)
/* A fault is repaired, when err is 0. */
int checking_repaired(struct checking *c, int err);
/* For sentences: the path, made fit to be shown. */
void checking_put_path(struct checking *c, uint64_t ino, struct buf *out);
/* Write an inode's row, after changing it: both under the namespace lock. */
int checking_put_inode(struct checking *c, const struct inode *i);
/* Move a file to lost+found of its kind. */
int checking_move_away(struct checking *c, uint64_t ino);
/* The lost+found for what has no kind; made when absent. */
int checking_find_lost(struct checking *c, uint64_t *ret_lost);

/* check_names.c, check_blobs.c, check_records.c */
int checking_names(struct checking *c);
int checking_blobs(struct checking *c);
int checking_records(struct checking *c);

/* rebuild.c */
int checking_rebuild(const char *path, struct checking *c);

#endif
