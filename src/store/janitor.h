// SPDX-License-Identifier: Apache-2.0
/*
 * The janitor: a thread for what can wait. It removes the blobs of files that
 * are gone, has the digests computed, writes the manifest, and keeps the spare
 * file. The digests themselves are a second thread's work, with the lowest
 * priority; so that it never sleeps with a lock that others need, it takes
 * none: jobs and results go through pipes.
 */
#ifndef STORE_JANITOR_H
#define STORE_JANITOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct janitor_dead {
	uint64_t blob;
	uint64_t sequence; /* on disk from this entry on: may be removed */
};

struct janitor {
	pthread_t thread, hasher;
	bool runs, hasher_runs;
	int wake;   /* an eventfd */
	bool woken; /* it was written to since the last round; atomic */
	int jobs[2], results[2]; /* pipes of struct digest_job * */

	pthread_mutex_t lock;
	/* all below under the lock */
	bool stop;
	struct janitor_dead *dead;
	size_t dead_count, dead_cap;
	uint64_t *queue; /* inodes without a digest: a ring */
	size_t queue_first, queue_count, queue_cap;
	uint64_t in_work; /* digests being computed */
	bool lost; /* a blob may be left over: the next open is to sweep */
	bool spare_is_gone; /* given up for the database: make it again */
};

void janitor_init(struct janitor *jan);
void janitor_release(struct janitor *jan);
int janitor_start(struct store *st);
bool janitor_is_stopped(struct janitor *jan);
/* The sweep after a crash was not finished. */
void janitor_keep_unclean(struct store *st);
void janitor_make_spare(struct store *st);
/* Ends the threads; removes what is dead, as far as it can. */
void janitor_stop(struct store *st);
void janitor_bury(struct store *st, uint64_t blob, uint64_t sequence);
/* Under the namespace lock: i is to have a digest. */
struct inode;
void janitor_queue(struct store *st, struct inode *i);
uint64_t janitor_pending(struct store *st);
/* The writer had to give the spare file up: it is made again when there is
 * room. */
void janitor_spare_is_gone(struct store *st);

#endif
