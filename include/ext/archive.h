// SPDX-License-Identifier: Apache-2.0
/*
 * Archives by libarchive, unpacked safely: the caller makes the files, this
 * only tells it which. Refused, with a sentence that names the member: absolute
 * names, "..", empty components, links of any kind, devices, FIFOs, names that
 * are no UTF-8 or longer than NAME_LIMIT a component, a file that is there
 * twice, a file and a directory of one name, what is encrypted or compressed
 * more than once; and more than the limits. A leading "./" is dropped;
 * libarchive turns names that are known to be UTF-8 into NFC.
 */
#ifndef EXT_ARCHIVE_H
#define EXT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct archive_limits {
	uint64_t bytes;	  /* unpacked, in all */
	uint64_t members; /* files and directories */
	uint64_t ratio;	  /* unpacked bytes for one byte of the archive, beyond
			   * the first 16 MiB; 0: any */
	unsigned int depth; /* components of a name */
};
/* 256 GiB, a million members, 200 for one, 32 components */
extern const struct archive_limits archive_usual_limits;

/* Each returns 0 or -errno; an errno ends the work and is returned. */
struct archive_sink {
	/* Parents come before what they hold, each once, whether the archive
	 * names them or not. */
	int (*directory)(void *arg, const char *path, mode_t mode);
	/* Then data for it, in order; `size` may be -1 (unknown), mtime_ns 0.
	 * Modes are permissions only, the owner's rw (and x) set. */
	int (*file)(void *arg, const char *path, mode_t mode, int64_t mtime_ns,
		    int64_t size);
	int (*data)(void *arg, const void *bytes, size_t len);
	int (*file_end)(void *arg);
	void *arg;
};

/* tar (plain, gz, bz2, xz, zst), zip, and a single compressed file (named
 * after `name` without its last suffix).
 * The descriptor is read from its beginning, its offset stays.
 * 0; -EINVAL (unsafe or malformed member), -EFBIG (a limit), -ENOTSUP (no
 * archive format that is known), -EIO, what the sink returned. */
int archive_unpack(int fd, const char *name,
		   const struct archive_limits *limits,
		   const struct archive_sink *sink, struct buf *why);

/* Is it named and does it begin as an archive that archive_unpack knows? (A
 * .whl, .npz or .pt is a zip, but nothing to be unpacked.) */
bool archive_is_known(int fd, const char *name);

#endif
