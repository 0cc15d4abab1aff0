// SPDX-License-Identifier: Apache-2.0
/*
 * What all opens of one file share. While somebody has it open for writing, its
 * size and times are those of the blob: a write changes them without us (by
 * kernel passthrough). So that they are right from the start, the blob's mtime
 * is made the inode's before the first writer gets in, and node_set sets both.
 *
 * A blob that may not be written (shared, sealed: DESIGN section 8) will be
 * handled in open_for_writing: the file gets another one before `wfd` exists.
 */
#ifndef STORE_OPENING_H
#define STORE_OPENING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct store;
struct inode;

struct opening {
	pthread_mutex_t lock; /* held while the blob is opened; above the
			       * namespace lock */
	uint64_t blob;	      /* under `lock`; 0: none yet */
	int rfd, wfd;	      /* set under `lock`, once; atomic; -1: none */
	unsigned int refs, writers; /* under the namespace lock */
	bool changed;		    /* since the last flush, by us; atomic */
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

static inline void opening_set_changed(struct opening *o)
{
	__atomic_store_n(&o->changed, true, __ATOMIC_RELAXED);
}

/* Under the namespace lock, for reading at least: the file's opening with one
 * more reference, or NULL. */
struct opening *opening_grab(struct inode *i);
/* Takes the namespace lock. */
void opening_drop(struct store *st, struct inode *i, struct opening *o);

/* content.c, for node_set: of a file that need not be open. */
struct content;
int content_set_size(struct store *st, uint64_t ino, uint64_t size);

/* Whole, at the end, whoever else appends. */
int content_append(struct content *c, const void *data, size_t len);

/* What the blob says about size and times, into the inode; under the namespace
 * lock. True when anything changed. */
bool inode_take_stat(struct inode *i, const struct stat *s);

#endif
