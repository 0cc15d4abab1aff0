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

/*
 * flags: O_RDONLY/O_WRONLY/O_RDWR, O_TRUNC, O_APPEND (the rest is ignored;
 * O_DIRECT is never handed down). A file that shares its blob gets one of its
 * own when it is opened for writing, which takes the time of a copy.
 *
 * With O_PATH the caller would have the kernel pass reads and writes through to
 * the blob: a reader then gets no descriptor until one is needed, and
 * content_is_lent says whether it may be.
 * -ESTALE, -EISDIR, -ENOSPC, -EMFILE.
 */
int content_open(struct store *st, uint64_t ino, int flags,
		 struct content **ret_content);
/*
 * For writing, a new file that is likely to be filled by a copy of another one.
 * It is not to be passed through, and gets a blob with the first that is
 * written; content_copy of a whole file gives it the blob of that one instead.
 * -EBUSY: it is not new, or somebody has it passed through.
 */
int content_open_later(struct store *st, uint64_t ino,
		       struct content **ret_content);
/* For reading, by content_fd and pread as long as it is open. */
int content_open_steady(struct store *st, uint64_t ino,
			struct content **ret_content);
/* Last close of a writer: attributes are taken from the blob, the digest is
 * queued. Never fails. True: as content_flush's 1. */
bool content_close(struct content *c);
void content_release(struct content **c); /* for AUTO() */

uint64_t content_ino(const struct content *c);
/* The blob's descriptor; lent. A reader's is good between these two, which are
 * for moments: afterwards another blob may be behind it. Once the bytes are
 * taken, c may be closed before the end. */
struct opening;
struct opening *content_begin_read(struct content *c, int *ret_fd);
void content_end_read(struct opening *o);
/* That of a writer, or of content_open_steady. */
int content_fd(const struct content *c);

/* Opened with O_PATH: may the blob be registered with the kernel, and which is
 * it (0: none yet)? Either all opens of a file may, or none. */
bool content_is_lent(struct content *c, uint64_t *ret_blob);
/* The blob to be registered: a file that has none yet gets one first, so that
 * all its opens have the same. -EROFS: it has none, and cannot get one. */
int content_get_blob(struct content *c, uint64_t *ret_blob, int *ret_fd);
/* When it was opened, it was large enough to share its blob. */
bool content_is_large(const struct content *c);
/* Then: it was registered before the file had it (store_lend), and this number
 * is the caller's now; 0: it was not. */
int content_take_lent(struct content *c);

/*
 * Who registers blobs with the kernel may be asked to do so with new ones
 * before any file has them. Called from any thread, without locks of the
 * callers; never again once store_lend has returned with another lender.
 */
struct store_lender {
	int (*lend)(void *arg, int fd); /* its number, > 0, or -errno */
	void (*end)(void *arg, int id);
	void *arg;
};
void store_lend(struct store *st, const struct store_lender *lender);
/* Might it have to be copied, were it opened for writing? */
bool content_is_shared(struct store *st, uint64_t ino);

ssize_t content_read(struct content *c, void *to, size_t len, uint64_t off);
/* All of it, or -errno. Set-user-ID bits fall when `kill_suid`. */
ssize_t content_write(struct content *c, const void *from, size_t len,
		      uint64_t off, bool kill_suid);
int content_allocate(struct content *c, int mode, uint64_t off, uint64_t len);
/* whence: SEEK_DATA, SEEK_HOLE; offset or -ENXIO. */
int64_t content_seek(struct content *c, uint64_t off, int whence);
/* Nothing is copied where the blob can be shared: see content_open_later. */
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
