// SPDX-License-Identifier: Apache-2.0
/* Steps that operations on names share (node.c); all under the namespace lock,
 * for writing where they change anything. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "state.h"

/* A directory that is still there: -ENOENT, -ENOTDIR. */
int names_dir(const struct names *n, uint64_t ino, struct inode **ret_dir);
/* And the entry of that name, NULL when there is none; it may be an alias.
 * -EINVAL, -ENAMETOOLONG. */
int names_entry(const struct names *n, uint64_t ino, const char *name,
		struct inode **ret_dir, struct entry **ret_entry);
/* A name in it came or went. */
void names_touch(struct rows *rows, struct inode *dir);
/* Take a name away, with all that follows from it. */
void names_unlink(struct store *st, struct rows *rows, struct entry *e);
void names_retire(struct store *st, struct rows *rows, struct entry *e);
void names_drop_alias(struct store *st, struct rows *rows, struct entry *e);
void names_drop_aliases(struct store *st, struct rows *rows, struct inode *dir);
/* Room in the journal for names_drop_aliases, bytes. */
size_t names_alias_room(const struct inode *dir);

#endif
