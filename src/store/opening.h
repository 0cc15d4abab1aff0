// SPDX-License-Identifier: Apache-2.0
/*
 * What all opens of one file share. While somebody has it open for writing, its
 * size and times are those of the blob: a write changes them without us (by
 * kernel passthrough). So that they are right from the start, the blob's mtime
 * is made the inode's before the first writer gets in, and node_set sets both.
 */
#ifndef STORE_OPENING_H
#define STORE_OPENING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shares.h"

struct store;

/* How the kernel gets at the bytes: decided once for all opens of a file, by
 * the first that asks for passthrough. */
enum opening_mode {
	OPENING_FREE, /* nobody asked yet */
	OPENING_LENT, /* passed through: the file keeps its blob */
	OPENING_HELD, /* by way of us: another file of that blob is lent */
};

struct opening {
	pthread_mutex_t lock; /* held while the blob is opened; above the
			       * namespace lock */
	/* held for reading while bytes are read from a descriptor by us, for
	 * writing while another blob is put behind it; between the two */
	pthread_rwlock_t io;
	/* set once, under `lock` and the namespace lock; atomic; -1: none. Of a
	 * file that has no writer the blob behind them may change */
	int rfd, wfd;
	unsigned int refs, writers; /* under the namespace lock */
	/* the list of those that have writers, under it too */
	struct opening *next_written, **at_written;
	struct inode *written;
	unsigned int kept; /* 1, and one for each content_begin_read; atomic */
	enum opening_mode mode; /* under the namespace lock */
	bool changed;		/* since the last flush, by us; atomic */
	/* of a new blob; the number is under `lock`: see content_get_blob */
	struct store *st;
	int lent;
	int64_t born; /* pool.h; set before the first writer is counted */
};

static inline int opening_wfd(const struct opening *o)
{
	return __atomic_load_n(&o->wfd, __ATOMIC_ACQUIRE);
}

/* The descriptor to read from, or -1. */
static inline int opening_fd(const struct opening *o)
{
	int fd = opening_wfd(o);

	return fd >= 0 ? fd : __atomic_load_n(&o->rfd, __ATOMIC_ACQUIRE);
}

/* Its content is another, or what the inode says of it. */
void opening_set_changed(struct opening *o);

/* Under the namespace lock, for reading at least: the file's opening with one
 * more reference, or NULL. */
struct opening *opening_grab(struct inode *i);
/* Takes the namespace lock. */
void opening_drop(struct store *st, struct inode *i, struct opening *o);

/* content.c, for node_set: of a file that need not be open. */
struct content;
int content_set_size(struct store *st, uint64_t ino, uint64_t size);

/*
 * part.c: a file of a shared blob, of which the opening's lock is held, gets a
 * blob of its own, with the first `keep` bytes of it.
 * opening_part: the copy, not yet its blob; opening_part_others: the other ones
 * have left. -EAGAIN: things are otherwise now.
 */
struct pool_blob; /* that is not registered */
int opening_part(struct store *st, uint64_t blob, uint64_t keep,
		 struct pool_blob *ret_parted);
int opening_part_others(struct store *st, struct inode *i, uint64_t blob);
/* Put this file behind the descriptors that are there. */
void opening_set_file(struct opening *o, int fd);

/* Whole, at the end, whoever else appends. */
int content_append(struct content *c, const void *data, size_t len);

/* The blob that i's writers have, with the times that are i's. */
int opening_stat(const struct opening *o, const struct inode *i,
		 struct stat *ret_stat);
/* What the blob says about size and times, into the inode; under the namespace
 * lock. True when anything changed. */
bool inode_take_stat(struct inode *i, const struct stat *s);

#endif
