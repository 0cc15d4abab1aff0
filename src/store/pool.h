// SPDX-License-Identifier: Apache-2.0
/*
 * Blobs made beforehand, so that a new file costs no work of the disk's file
 * system while somebody waits. Those that are left over at the end are removed;
 * after a crash the sweep takes them for what they are, blobs of no file.
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

#define POOL_MOST 256	    /* open descriptors, too */
#define POOL_IN_FOLDER 256u /* made there before the next folder's turn */

struct store;

struct pool_blob {
	uint64_t blob;
	int fd;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	pthread_t thread;
	bool runs;
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
/* A new blob, open for reading and writing: a prepared one, or made now. */
int pool_take(struct store *st, uint64_t *ret_blob, int *ret_fd);

#endif
