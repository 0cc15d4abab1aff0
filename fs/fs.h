// SPDX-License-Identifier: Apache-2.0
/*
 * The face: what all of fs/ shares. Threads of it:
 *
 *	libfuse's   run the handlers of ops.c; a handler never waits for another
 *	            request, for the notifier or for a worker
 *	workers     (work.h) do what may take long: judging, starting runs,
 *	            fetching what will be read next (ahead.h)
 *	syncers     wait for the disk
 *	notifier    (notify.h) tells the kernel what changed inside
 *	watcher     (wait.c) sees who waits for a run and was interrupted
 *	answerer    gives the answers of the last three, and never blocks
 *	signals     (session.c) waits for the signal to end
 *
 * Why an answerer. Over io_uring, who answers a request hands its place in the
 * queue back, and the kernel delivers the next request at that place by way of
 * the same thread. While this thread sleeps in the kernel and can't be woken
 * (for the disk, for the lock of a directory), the next request stays where it
 * is; if the lock waits for it, everything does.
 */
#ifndef FS_FS_H
#define FS_FS_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "store/store.h"

struct ahead;
struct backings;
struct handles;
struct homes;
struct notify;
struct shots;
struct waits;
struct work;

#define FS_READERS 64
#define LISTERS 256

struct fs {
	struct store *store;
	struct catalog *catalog;
	struct runner *runner; /* NULL while read-only */
	struct fuse_session *session;
	struct work *work;
	struct work *syncers;
	struct work *answerer;
	struct notify *notify;
	struct ahead *ahead;
	struct backings *backings;
	struct handles *handles;
	struct homes *homes;
	struct shots *shots;
	struct waits *waits;
	const char *mountpoint; /* absolute */
	bool read_only;
	_Atomic unsigned int rings; /* queues of io_uring; 0: by /dev/fuse */
	bool wants_ring;
	bool passthrough; /* the kernel reads and writes blobs itself */
	uid_t uid;	  /* who mounted */
	int ready_fd; /* who started us waits for a byte on it; -1: nobody */
	/* who has a large file open for reading: open.c */
	_Atomic uint64_t readers[FS_READERS];
	_Atomic uint32_t reads;
	/* Who lists, and whether for more than names: dirs.c. */
	_Atomic uint64_t listers[LISTERS];
	/* Grows with everything that may make a generated file another. */
	_Atomic uint64_t changes;
};

/* The kernel may keep it until it is told otherwise, in seconds. */
#define FOREVER 86400.0

static inline struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline void fs_touch(struct fs *fs)
{
	atomic_fetch_add(&fs->changes, 1);
}

#endif
