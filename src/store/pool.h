// SPDX-License-Identifier: Apache-2.0
/*
 * Blobs made beforehand, and registered with the kernel where it passes them
 * through, so that a new file costs none of that while somebody waits. Those
 * that are left over at the end are removed; after a crash the sweep takes them
 * for what they are, blobs of no file.
 *
 * Blobs that are made one after another stand in one folder, a few hundred of
 * them, and each folder's inodes in a part of the disk of their own (blob.c).
 * So files that came together are read together; and ext4 without a journal,
 * which gives out no inode that was removed a moment ago and walks over all
 * such to find another, has few to walk over.
 */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/content.h"

#define POOL_MOST 256	    /* open descriptors, too */
#define POOL_IN_FOLDER 256u /* made there before the next folder's turn */

struct store;

struct pool_blob {
	uint64_t blob;
	int fd;	      /* for reading and writing */
	int lent;     /* number that it is registered by; 0: is not */
	int64_t born; /* its mtime, that of no content */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	pthread_t thread;
	bool runs;
	pthread_mutex_t lender_lock; /* held while it is called */
	struct store_lender lender;  /* under lender_lock; no functions: none */
	/* all below under the lock */
	bool stop;
	bool paused;	/* the disk would not have it: till the next is taken */
	uint64_t first; /* of the numbers that were reserved */
	unsigned int given; /* of them */
	unsigned int count;
	struct pool_blob ready[POOL_MOST];
};

int pool_start(struct store *st);
void pool_stop(struct store *st);
/* A new blob: a prepared one, or made now. */
int pool_take(struct store *st, struct pool_blob *ret_b);
/* The same, not registered. */
int pool_take_plain(struct store *st, uint64_t *ret_blob, int *ret_fd);
/* It was not needed. */
void pool_discard(struct store *st, const struct pool_blob *b);
/* It is registered, and that is not wanted. 0: nothing is done. */
void pool_end_lent(struct store *st, int lent);

#endif
