// SPDX-License-Identifier: Apache-2.0
/*
 * The journal: entries that were acknowledged and are not in catalog.db yet, in
 * a ring in a shared mapping, so that they survive the death of the daemon.
 *
 * One thread at a time appends (whoever holds the namespace lock for writing):
 *	err = journal_begin(j, room, &rows);	may wait while the ring is full
 *	rows_put_…(&rows, …);			into the ring itself
 *	journal_end(j, &rows);			counts from here on, never fails
 * One thread takes them off (the writer): journal_take, journal_done.
 * Everybody may wait for the disk: journal_sync.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rows.h"

#define JOURNAL_USUAL ((size_t)64 << 20) /* bytes */
#define JOURNAL_LEAST ((size_t)128 << 10)

struct journal {
	int fd;		     /* -1: read-only, all appends fail */
	unsigned char *file; /* the mapping, head page included; or NULL */
	size_t size;	     /* of the ring, bytes */
	uint64_t epoch;

	pthread_mutex_t lock;
	pthread_cond_t work; /* for the writer: something is to be done */
	pthread_cond_t done; /* from the writer: something was done, or failed*/
	/* all below under the lock; positions count bytes and never wrap,
	 * position % size is the place in the ring */
	uint64_t head;	    /* the next entry begins here */
	uint64_t tail;	    /* the first one not in the database */
	uint64_t appended;  /* sequence number of the last entry */
	uint64_t committed; /* of the last one in the database */
	uint64_t durable;   /* of the last one in the database on disk */
	uint64_t safe_tail; /* the entry after that one begins here */
	uint64_t wanted;    /* somebody waits for durable >= wanted */
	uint64_t commits, failures;
	unsigned int waiting; /* for room */
	int err;	      /* of the last commit, 0 when it went well */
	bool stop;	      /* the writer is to end when all is done */
};

/* What the writer is to do next. */
struct journal_work {
	uint64_t from, to; /* positions: entries to apply */
	uint64_t last;	   /* sequence number of the last of them */
	bool durable;
};

void journal_init(struct journal *j);
/* Maps the file; made with `size` bytes (rounded, allocated on disk) when it is
 * absent. -ENOSPC; -EUCLEAN: not a journal. */
int journal_open(struct journal *j, int dir, size_t size, bool read_only,
		 struct buf *why);
void journal_close(struct journal *j);
/* Begin anew, empty, after all that was in it is in the database. */
void journal_reset(struct journal *j, uint64_t epoch, uint64_t applied);

/* -EROFS; -EFBIG: more than the ring can ever take; while the ring is full and
 * the writer cannot empty it, its error (-ENOSPC, -EIO). */
int journal_begin(struct journal *j, size_t room, struct rows *ret_rows);
/* The same for what makes room on the disk: may use a part of the ring that
 * others may not while the database cannot be written. */
int journal_begin_removal(struct journal *j, size_t room,
			  struct rows *ret_rows);
/* Returns the entry's sequence number. */
uint64_t journal_end(struct journal *j, struct rows *rows);

/* Read the entry at *position: its rows are lent, *position and *sequence
 * go on. 1; 0: none is there (any more). Needs no lock when the caller knows
 * that nobody appends there. */
int journal_read(const struct journal *j, uint64_t *position,
		 uint64_t *sequence, const unsigned char **ret_data,
		 size_t *ret_len);

/* Wait for work, then `window` ms more for company, unless somebody waits for
 * it. False: stop. idle_ms: return empty work after so long. */
bool journal_take(struct journal *j, int window_ms, int idle_ms,
		  struct journal_work *ret_work);
void journal_done(struct journal *j, const struct journal_work *work, int err);
/* Entries appended so far are in the database, on disk; or the error of an
 * attempt that began after the call. */
int journal_sync(struct journal *j);
/* The entries that are not in the database on disk to the disk where they are:
 * for when the database cannot grow. *ret_sequence: durable up to here.
 * -EAGAIN: some of them were overwritten. */
int journal_sync_ring(struct journal *j, uint64_t *ret_sequence);
void journal_stop(struct journal *j);
bool journal_is_stopped(struct journal *j);
uint64_t journal_durable(struct journal *j);
uint64_t journal_appended(struct journal *j);
void journal_count(struct journal *j, uint64_t *ret_bytes,
		   uint64_t *ret_commits);

#endif
