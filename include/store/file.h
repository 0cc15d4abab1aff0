// SPDX-License-Identifier: Apache-2.0
/*
 * Files written from inside: by the catalog and the runner, not by a system
 * call. Each call is the change and the event that tells the kernel.
 * Names are checked as any other. `owner` may be NULL: the directory's owner.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "store/content.h"
#include "store/node.h"

struct owner {
	uid_t uid;
	gid_t gid;
};

/* Make a directory, or find it; *ret_ino may be NULL. */
int file_make_dir(struct store *st, uint64_t dir, const char *name, mode_t mode,
		  const struct owner *owner, uint64_t *ret_ino);
/* The directory that holds the last component of a path below `dir`, and that
 * component. -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
int file_find_parent(struct store *st, uint64_t dir, const char *path,
		     uint64_t *ret_dir, const char **ret_name);
/* Whole content, at once: a new inode that takes the name over (readers of the
 * old one keep it). */
int file_put(struct store *st, uint64_t dir, const char *name, mode_t mode,
	     const struct owner *owner, const void *data, size_t len);
/* Add to the end of a file; it is made where it is absent. */
int file_append(struct store *st, uint64_t dir, const char *name, mode_t mode,
		const struct owner *owner, const void *data, size_t len);
/* Whole content into out, up to its ceiling: -EFBIG. */
int file_read(struct store *st, uint64_t ino, struct buf *out);
int file_link(struct store *st, uint64_t dir, const char *name,
	      const char *target, const struct owner *owner);
int file_move(struct store *st, uint64_t dir, const char *name,
	      uint64_t new_dir, const char *new_name);
/* A file, or a directory with all that is below it; 0 when absent. */
int file_remove(struct store *st, uint64_t dir, const char *name);

#endif
