// SPDX-License-Identifier: Apache-2.0
/*
 * The janitor: a thread for what can wait. It removes the blobs of files that
 * are gone, has the digests computed, writes the manifest, and keeps the spare
 * file. The digests themselves are the work of other threads, one a processor,
 * with the lowest priority; so that they never sleep with a lock that others
 * need, they take none: jobs and results go through pipes.
 *
 * Digests wait till the store was left alone for a moment: who copies many
 * files in has the processors and the locks for himself. Where that moment does
 * not come they begin all the same, after some seconds.
 */
#ifndef STORE_JANITOR_H
#define STORE_JANITOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASHERS_MOST 16

struct digest_job;
struct store;

struct janitor_dead {
	uint64_t blob;
	uint64_t sequence; /* on disk from this entry on: may be removed */
};

struct janitor {
	pthread_t thread, hasher[HASHERS_MOST];
	unsigned int hashers; /* that run */
	bool runs;
	int wake;		    /* an eventfd */
	int jobs[2], results[2];    /* pipes of struct digest_job * */
	unsigned int jobs_out;	    /* with the hashers; the janitor's own */
	struct digest_job *sharing; /* of them; the janitor's own */
	bool give_up;		    /* large files are not worth it; atomic */
	uint64_t own;		/* entries of the journal that are digests; the
				 * janitor's own */
	uint64_t others;	/* the rest of them, as of the last look */
	int64_t changed, quiet; /* when that grew; when it last had not, long
				 * enough */
	int64_t not_before;	/* the next look at the queue */

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
/* And: i has a digest, and may share another one's blob. */
void janitor_queue_twin(struct store *st, struct inode *i);
uint64_t janitor_pending(struct store *st);
/* For digests.c: the queue, counted as in work what is taken off it. */
uint64_t janitor_waiting(struct janitor *jan);
bool janitor_pop(struct janitor *jan, uint64_t *ret_ino);
void janitor_push_back(struct janitor *jan, uint64_t ino);
void janitor_end_work(struct janitor *jan, size_t count);
/* The writer had to give the spare file up: it is made again when there is
 * room. */
void janitor_spare_is_gone(struct store *st);

#endif
