// SPDX-License-Identifier: Apache-2.0
/*
 * A fetched file to its place in a directory of the tree: unpacked when it is
 * an archive, else as it is. First all of it beside its place, then it is moved
 * there; what is there already stays when it is equal, and is a conflict when
 * it is not: a user's file is never overwritten.
 */
#ifndef SRC_ENGINE_UNPACK_H
#define SRC_ENGINE_UNPACK_H

#include <stdatomic.h>

#include "job.h"

struct placement {
	struct catalog *c;
	struct store *st;
	struct owner owner;
	const struct archive_limits *limits;
	const atomic_bool *cancel;
	uint64_t dir;
	const char *part;    /* the file's name in dir */
	const char *name;    /* what it is to be called */
	const char *scratch; /* name in dir to unpack below */
	bool unpack;
};

/* fd: the file. -EEXIST: a conflict; -ECANCELED; what archive_unpack says;
 * each with a sentence. The part and the scratch directory are left to the
 * caller. */
int place_file(const struct placement *p, int fd, struct buf *why);

#endif
