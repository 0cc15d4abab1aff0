// SPDX-License-Identifier: Apache-2.0
/*
 * A store from inside.
 *
 * Order of locks: opening->lock, then store->lock (the namespace), then any one
 * of the small ones (journal, janitor, waits, that of the lender), which are
 * leaves.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <pthread.h>

#include "base/cleanup.h"
#include "base/value.h"
#include "inode.h"
#include "janitor.h"
#include "journal.h"
#include "pool.h"
#include "records.h"
#include "rows.h"
#include "shares.h"
#include "stamp.h"
#include "store/node.h"
#include "store/record.h"
#include "store/store.h"
#include "tables.h"

/* How a store is opened, beside what its caller chooses. */
enum store_how {
	STORE_USUAL,
	STORE_LOOSE,   /* for fsck: damaged rows are told and left out */
	STORE_REBUILD, /* for fsck: a new catalog beside blobs that are there */
};

/* What was left out when a store was opened loosely. */
struct loose {
	void (*say)(void *arg, const char *sentence);
	void *arg;
	unsigned int found;
	struct row *bad; /* keys of rows that are to be dropped; no data */
	size_t bad_count, bad_cap;
};

struct store {
	struct loose *loose; /* NULL: damage is refused */
	enum store_how how;
	char *path;
	int fd, blobs, lock_file;
	int stamps; /* see stamp.h */
	int null;   /* stands for the blob of a file that has none */
	bool read_only;
	int commit_ms;
	struct value *config;

	pthread_rwlock_t lock;	 /* the namespace */
	struct names names;	 /* under the lock */
	struct shares shares;	 /* under the lock */
	struct opening *written; /* have writers; under the lock; atomic */
	uint64_t taken;		 /* opening_set_changed's calls; atomic */
	struct records records;	 /* under the lock */

	uint64_t next;	/* number of the next inode or blob; atomic */
	uint64_t first; /* numbers from here on were given out in this life */
	uint64_t limit; /* numbers below may be given out: see writer.c */
	bool was_clean; /* the last life ended in order */
	bool was_here;	/* and the kernel has all that it wrote */
	int64_t synced; /* META_SYNCED; atomic */

	struct journal journal;
	struct tables tables; /* the writer's, once it runs */
	pthread_t writer;
	bool writer_runs;
	struct janitor janitor;
	struct pool pool;
	uint64_t manifest_of; /* the entry up to which it was written; the
			       * janitor's, then that of store_close */

	pthread_mutex_t listen_lock;
	void (*changed)(void *arg, const struct store_event *event);
	void *changed_arg; /* both under listen_lock */
};

static inline uint64_t store_next(struct store *st)
{
	return __atomic_fetch_add(&st->next, 1, __ATOMIC_RELAXED);
}

/* As many numbers, the first of them a multiple of their count. */
static inline uint64_t store_reserve(struct store *st, uint64_t count)
{
	uint64_t next = __atomic_load_n(&st->next, __ATOMIC_RELAXED);
	uint64_t first;

	do {
		first = (next + count - 1) / count * count;
	} while (!__atomic_compare_exchange_n(&st->next, &next, first + count,
					      false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return first;
}

/* store.c */
int store_open_as(const char *path, const struct store_options *options,
		  enum store_how how, struct loose *loose, struct buf *why,
		  struct store **ret_store);

/* rebuild.c: what there is of a catalog is put aside; *ret_next: a number above
 * all that the manifest and the blobs have */
int rebuild_prepare(struct store *st, uint64_t *ret_next);

/* loose.c: one more fault, told; and a row that is to go because of it */
void loose_say(struct loose *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int loose_add(struct loose *l, enum row_type type, uint64_t key, uint64_t key2);
void loose_release(struct loose *l);

/* writer.c */
int writer_start(struct store *st);
void writer_stop(struct store *st);
/* Before the writer runs: what the journal holds goes into the tables. */
int writer_recover(struct store *st, struct buf *why);

/* settle.c: what a crash left in the blobs is made what the inodes say; before
 * anybody else knows the store */
int settle_all(struct store *st);
/* What is in the blobs now, to the disk. */
int settle_on_disk(struct store *st);
/* What META_SYNCED is if the disk has everything now. */
int64_t settle_mark(void);

/* load.c: the namespace from the tables, and from the journal when read-only */
int load_names(struct store *st, struct buf *why);

/* tree.c: all under the namespace lock */
/* The tree that a directory lies in, or is; NULL above the second level. */
struct tree *tree_of(const struct inode *dir);
/* Level of a directory: 0 for the root; -1 when it is unlinked. */
int tree_level(const struct inode *dir);
void tree_note(const struct inode *dir, int64_t files, int64_t bytes,
	       int64_t when);
/* An inode changed: each tree that it has a name in. */
void tree_note_inode(const struct inode *i, int64_t bytes);
/* All that is below a directory. */
void tree_sum(const struct inode *dir, struct tree *ret_sum);
void tree_load(struct names *n);
/* Around a rename of a directory: before, and after. */
void tree_leave(const struct inode *dir);
void tree_enter(struct inode *dir);

/* node.c, for those that change inodes elsewhere; under the lock */
/* The ctime that a change gets: the same for all that one entry of the journal
 * changes, and later than that of the last change. */
int64_t node_now(struct store *st, struct rows *rows, const struct inode *i);
/* The blob's size and times go into the inode, and its size into the counts
 * above it. True when it was written since. */
bool node_take_stat(struct inode *i, const struct stat *s);
/* What a writer has done so far goes into the inode, before anything else does
 * that comes after it. */
bool node_catch_up(struct inode *i);
/* Both. */
void node_changed(struct store *st, struct rows *rows, struct inode *i);
void node_fill(const struct inode *i, struct node_attr *ret_attr);
/* The same, without asking the blob: after node_catch_up. */
void node_fill_caught_up(const struct inode *i, struct node_attr *ret_attr);
/* No name, no opening, unknown to the kernel: its end. `sequence` is that of
 * the entry that dropped its row. */
void node_reap(struct store *st, struct inode *i, uint64_t sequence);
/* Its blob is removed, unless others have it. */
void node_drop_blob(struct store *st, struct inode *i, uint64_t sequence);
int node_check_name(const char *name);
#define NODE_IS_SAVED(i) ((i)->nlink != 0)

#endif
