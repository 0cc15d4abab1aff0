// SPDX-License-Identifier: Apache-2.0
/*
 * FUSE over io_uring: the kernel's requests without a system call each.
 *
 * libfuse (3.18.3 and newer) has one thread a CPU, pinned to it, and calls the
 * handlers there: whoever blocks in one keeps all requests of that CPU waiting.
 * So what can block is done by a worker instead (the wrappers below, which
 * stand in the table of operations); with /dev/fuse they call straight through.
 *
 * Only with kernel passthrough: reads and writes then never come this way.
 */
#ifndef FS_RING_H
#define FS_RING_H

#include "fs.h"

/* libfuse has it, and its faults are mended (fs/libfuse.sh): as
 * released, 3.18.3 loses answers that other threads give. */
#ifdef LIBFUSE_RING_MENDED
#define RING_KNOWN (FUSE_VERSION >= FUSE_MAKE_VERSION(3, 18))
#else
#define RING_KNOWN 0
#endif

/*
 * A request that waits for its answer holds a place of its CPU's queue. Who
 * reads `wait` does so for long: of those there may be half as many as places.
 */
#define RING_PLACES 256
#define RING_WAITS (RING_PLACES / 2)
/* Bytes of a request, which each place must hold: only small writes (to
 * generated files) come this way. */
#define RING_MAX_WRITE 16384

/* Before the session is made: is it to be used? `why` gets the reason if not:
 * config.yaml's `ring: off`, a user who is not root, a kernel or a libfuse
 * without it. */
bool ring_is_wanted(const struct fs *fs, struct buf *why);
/* (blocks) Once requests are served: give the ring's threads the scheduling
 * class that config.yaml's `ring` names (idle, batch, other). */
void ring_settle(struct fs *fs);

/* Did it come by io_uring? */
bool ring_brought(fuse_req_t req);

void ring_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void ring_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void ring_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		  struct fuse_file_info *fi);
void ring_readlink(fuse_req_t req, fuse_ino_t ino);
void ring_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void ring_create(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode, struct fuse_file_info *fi);
void ring_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		  struct fuse_file_info *fi);
void ring_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi);
void ring_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
		    off_t length, struct fuse_file_info *fi);
void ring_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		struct fuse_file_info *fi);
void ring_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
		off_t off, struct fuse_file_info *fi);
void ring_copy(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	       struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	       struct fuse_file_info *fi_out, size_t len, int flags);

#endif
