// SPDX-License-Identifier: Apache-2.0
/*
 * Kernel passthrough: blobs that the kernel reads and writes by itself.
 *
 * A blob is registered with the kernel once (CAP_SYS_ADMIN) and has a number
 * from then on; all opens of a file must name the same one (fs/fuse/iomode.c of
 * Linux), so the number is kept by inode while any open has it, and beyond,
 * since an open is then done without a system call. A registered blob is held
 * by the kernel, so that of a file that is gone is given up at once.
 *
 * A file may get another blob while nobody has it open (store/content.h), so it
 * is remembered which one was registered.
 */
#ifndef FS_BACKING_H
#define FS_BACKING_H

#include "fs.h"
#include "store/content.h"

/* libfuse 3.17 has the calls. */
#define BACKING_KNOWN (FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17))

/* From now on new blobs are registered before a file has them; no more of it.
 */
void backing_lend(struct fs *fs);
void backing_lend_no_more(struct fs *fs);

int backings_init(struct fs *fs);
void backings_release(struct fs *fs);

/* c is lent (content.h). The number to open inode `ino` with, counted as in
 * use. */
int backing_get(struct fs *fs, uint64_t ino, struct content *c, int *ret_id);
/* Would backing_get find it without asking the disk? */
bool backing_is_known(struct fs *fs, uint64_t ino);
void backing_put(struct fs *fs, uint64_t ino);
/* The file had this blob: it goes with one of the next requests. */
void backing_retire(struct fs *fs, uint64_t ino, uint64_t blob);
/* The file is gone. */
void backing_drop(struct fs *fs, uint64_t ino);
/* Give up some that nobody has open, where there are many, or of files that are
 * gone. Called now and then, it gets round to all. */
void backing_tidy(struct fs *fs);
/* How many are registered. */
uint64_t backing_count(struct fs *fs);

#endif
