// SPDX-License-Identifier: Apache-2.0
/*
 * Contents: an open regular file. Reads and writes go to the blob; sizes and
 * times of a file that somebody writes are the blob's own.
 */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/node.h"

struct content; /* one open; may be used by several threads at once */

/* flags: O_RDONLY/O_WRONLY/O_RDWR, O_TRUNC, O_APPEND (the rest is ignored;
 * O_DIRECT is never handed down). With O_PATH a reader gets no descriptor until
 * one is needed: the bytes go another way (kernel passthrough).
 * -ESTALE, -EISDIR, -ENOSPC, -EMFILE. */
int content_open(struct store *st, uint64_t ino, int flags,
		 struct content **ret_content);
/* Last close of a writer: attributes are taken from the blob, the digest is
 * queued. Never fails. */
void content_close(struct content *c);
void content_release(struct content **c); /* for AUTO() */

uint64_t content_ino(const struct content *c);
/* The blob's descriptor, for splice; lent. */
int content_fd(const struct content *c);
/* The same to register the blob with the kernel: a file that has no blob yet
 * gets one first, so that all its opens have the same. -EROFS: it has none, and
 * cannot get one. */
int content_get_blob(struct content *c, int *ret_fd);

ssize_t content_read(struct content *c, void *to, size_t len, uint64_t off);
/* All of it, or -errno. Set-user-ID bits fall when `kill_suid`. */
ssize_t content_write(struct content *c, const void *from, size_t len,
		      uint64_t off, bool kill_suid);
int content_allocate(struct content *c, int mode, uint64_t off, uint64_t len);
/* whence: SEEK_DATA, SEEK_HOLE; offset or -ENXIO. */
int64_t content_seek(struct content *c, uint64_t off, int whence);
ssize_t content_copy(struct content *from, uint64_t from_off,
		     struct content *to, uint64_t to_off, size_t len);

/*
 * What a close of one descriptor does: the attributes become the blob's and are
 * journaled, so that they survive kill -9 from here on.
 * 1: the content was changed since the last flush of this inode (by anybody);
 * 0: it was not.
 */
int content_flush(struct content *c);
/* To the disk: the bytes, then the attributes and the names. */
int content_sync(struct content *c, bool data_only);

#endif
