// SPDX-License-Identifier: Apache-2.0
/* Blobs: plain files named by number, below STORE/blobs. All take the
 * descriptor of that directory; no path of a user is ever seen here. */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define BLOB_FOLDERS 256u

/* STORE/blobs and the folders in it, where they are absent; its descriptor. */
int blob_open_dir(int store, bool read_only, int *ret_dir);
/* A new one, open for reading and writing. */
int blob_make(int dir, uint64_t blob, int *ret_fd);
int blob_open(int dir, uint64_t blob, int flags, int *ret_fd);
int blob_stat(int dir, uint64_t blob, struct stat *ret_stat);
int blob_remove(int dir, uint64_t blob);
/* Somebody could write it; fd is a reader's. */
bool blob_has_writer(int fd);
/* Nobody has it open or mapped, as far as the disk's file system can tell. */
bool blob_is_unused(int dir, uint64_t blob);
/* Some of these bytes, which are copied by the kernel where it can: how many, 0
 * at the end of the source, or -errno (-EINTR is for the caller). */
ssize_t blob_copy(int from, off_t from_off, int to, off_t to_off, size_t len);
/* So many bytes, from the start; holes stay holes. Moves the source's offset.
 */
int blob_copy_all(int from, int to, off_t size);
/* Each file in blobs; its name is no blob's when `blob` is 0. A non-zero return
 * ends it and is returned. */
int blob_each(int dir, int (*each)(void *arg, uint64_t blob, const char *name),
	      void *arg);
bool blob_none(int dir); /* no file at all */

#endif
