// SPDX-License-Identifier: Apache-2.0
/* Steps that operations on names share (node.c, unnamed.c); all under the
 * namespace lock, for writing where they change anything, but for those that
 * take the store and numbers: these take it themselves. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "state.h"

/* A directory that is still there: -ENOENT, -ENOTDIR. */
int names_dir(const struct names *n, uint64_t ino, struct inode **ret_dir);
/* And the entry of that name, NULL when there is none; it may be an alias.
 * -EINVAL, -ENAMETOOLONG. */
int names_entry(const struct names *n, uint64_t ino, const char *name,
		struct inode **ret_dir, struct entry **ret_entry);
/* A new inode with its number, as `n` says, for this directory; NULL: no
 * memory. */
struct inode *names_new_inode(struct store *st, const struct inode *dir,
			      const struct node_new *n);
/* A name and its inode, which is in the table; slot 0: a new place. */
void name_give(struct store *st, struct rows *rows, struct inode *dir,
	       struct inode *i, struct entry *e, uint64_t slot);
/*
 * A file without a name, known as if by the kernel (node_forget ends that); it
 * is written, and then named, in the place of what had the name: so nobody
 * sees it half done, nor under another name. -EISDIR.
 */
int names_make_unnamed(struct store *st, uint64_t dir, const struct node_new *n,
		       uint64_t *ret_ino);
int names_name(struct store *st, uint64_t ino, uint64_t dir, const char *name);
/* A name in it came or went. */
void names_touch(struct store *st, struct rows *rows, struct inode *dir);
/* Take a name away, with all that follows from it. */
void names_unlink(struct store *st, struct rows *rows, struct entry *e);
void names_retire(struct store *st, struct rows *rows, struct entry *e);
void names_drop_alias(struct store *st, struct rows *rows, struct entry *e);
void names_drop_aliases(struct store *st, struct rows *rows, struct inode *dir);
/* Room in the journal for names_drop_aliases, bytes. */
size_t names_alias_room(const struct inode *dir);

#endif
