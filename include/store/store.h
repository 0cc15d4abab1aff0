// SPDX-License-Identifier: Apache-2.0
/*
 * The store: a namespace in memory, contents in blobs, all of it in one
 * directory (DESIGN section 8).
 *
 *	config.yaml  catalog.db  journal  blobs/xx/ID  manifest.txt  lock
 *
 * How a change becomes durable:
 *
 *	mutation: namespace lock -> change memory -> append one entry to the
 *	          journal (a shared mapping) -> unlock -> answered
 *	writer:   takes entries off the journal in order, applies them to
 *	          catalog.db in one transaction, then frees them
 *	fsync:    fdatasync of the blob, then a transaction on disk that holds
 *	          every entry that was appended before
 *
 * After a power cut the database and the blobs may be of different moments:
 * src/store/settle.c makes them agree.
 *
 * An entry is a list of row puts and row deletes (inode, entry, record), each
 * the whole new row; so applying one twice does no harm, and what a crash left
 * in the journal is applied by the same function that the writer uses.
 *
 * Locks: the namespace lock (rwlock) guards all nodes and entries; it is never
 * held while blocking on the disk, but for a full journal, which the writer
 * empties without taking any lock of ours.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"

struct store;

#define STORE_ROOT 1 /* the root directory's inode number */

/*
 * What changed inside, told to one listener (fs/ sets it) because the kernel
 * cannot know: the caller is no file operation. Called without locks, from any
 * thread, in the order of the changes of that thread; must not block or call
 * the store.
 */
enum store_event_type {
	EVENT_ENTRY, /* the name `name` in directory `ino` came, went or changed
		      */
	EVENT_ATTR,  /* attributes of inode `ino` */
	EVENT_DATA,  /* content of inode `ino` (and its attributes) */
	EVENT_BLOB,  /* inode `ino`, which nobody had open, has another blob
		      * than `key`, of the same content */
	EVENT_RECORD, /* record `key` of class `record` was put or dropped */
};

struct store_event {
	enum store_event_type type;
	uint64_t ino;	  /* ENTRY, ATTR, DATA, BLOB */
	const char *name; /* ENTRY; lent */
	int record;	  /* RECORD: enum record_class */
	uint64_t key;	  /* RECORD, BLOB */
};

struct store_options {
	bool read_only;	      /* nothing is written, the lock included */
	int commit_ms;	      /* latest group commit; 0: the usual 5 */
	size_t journal_bytes; /* of a journal that is to be made; 0: 64 MiB */
};

/*
 * Makes the directory and what it holds where it is absent (mode 0700).
 * -EBUSY: locked by another daemon (`why` names its pid); -EUCLEAN: a damaged
 * database (`why` names fsck.mlxfs); -EROFS, -ENOSPC, -EACCES, -ENOTDIR.
 */
int store_open(const char *path, const struct store_options *options,
	       struct buf *why, struct store **ret_store);
/* Ends the threads, commits, writes the manifest, frees. */
void store_close(struct store *st);
void store_release(struct store **st); /* for AUTO() */

void store_listen(struct store *st,
		  void (*changed)(void *arg, const struct store_event *event),
		  void *arg);
void store_tell(struct store *st, const struct store_event *event);

/* STORE/config.yaml as a map, read at open; an empty map when absent. Lent. */
const struct value *store_config(const struct store *st);
const char *store_path(const struct store *st);
bool store_is_read_only(const struct store *st);
/* The directory's descriptor, for statfs of the disk below. Lent. */
int store_fd(const struct store *st);

/* Wait till all that was changed before is in the database, on disk. */
int store_sync(struct store *st);

struct store_counts {
	uint64_t inodes;
	uint64_t entries;
	uint64_t journal_bytes; /* not yet in the database */
	uint64_t commits;
	uint64_t digests_pending;
};
void store_count(struct store *st, struct store_counts *ret_counts);
/* Grows with every change of names, attributes, contents and records. 0: a file
 * is open for writing, and may change without anybody's saying so. */
uint64_t store_changes(struct store *st);

#endif
