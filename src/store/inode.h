// SPDX-License-Identifier: Apache-2.0
/*
 * The namespace in memory: inodes and entries, and the two tables that find
 * them. Everything here is under the namespace lock of its store.
 */
#ifndef STORE_INODE_H
#define STORE_INODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/table.h"
#include "slab.h"

struct entry;
struct opening;

enum {
	/* kept in the database */
	INODE_WRITING = 1 << 0, /* open for writing: size and times are the
				 * blob's, should we die now */
	INODE_DIGEST = 1 << 1,	/* `digest` is that of the content */
	INODE_SHARED = 1 << 2,	/* others may have its blob: see shares.h */
	INODE_SAVED = INODE_WRITING | INODE_DIGEST | INODE_SHARED,
	/* in memory only */
	INODE_LOADED = 1 << 7,	 /* from the slab */
	INODE_QUEUED = 1 << 8,	 /* waits for its digest */
	INODE_HASHED = 1 << 9,	 /* being digested, and not changed since */
	INODE_IN_WORK = 1 << 12, /* being digested: no second time at once */
	INODE_RETIRED = 1 << 10, /* has a last name: see inode_last */
	INODE_TRIED = 1 << 14,	 /* that failed: once more, then when closed */
	INODE_UNUSED = 1 << 13,	 /* not opened since its blob was looked at */
	INODE_TWIN = 1 << 11,	 /* to share another one's blob when closed */
	INODE_STILL = 1 << 15,	 /* not opened for writing since it was asked
				  * whether somebody could write its blob */
};

/* Totals of a directory of the second level: see node.h. */
struct tree {
	uint64_t files, bytes, changes;
	int64_t changed;
};

/*
 * The children of a directory in the order of their slots. A slot's number
 * grows with each new name, is never used twice, and is the cookie of
 * readdir. A place holds the entry, or, once that was dropped, its slot number
 * shifted left with the lowest bit set: so the places stay sorted, and a
 * cookie is found by halving, whatever was removed meanwhile.
 */
struct places {
	uint64_t *at;
	uint32_t len, cap;
	uint32_t live;	  /* entries that count: aliases do not */
	uint32_t dropped; /* places without an entry */
	uint64_t last_slot;
};

struct inode {
	struct table_link link;
	uint64_t ino;
	struct entry *names; /* by entry->other; none: unlinked (or the root) */
	uint64_t blob;	     /* 0: none */
	uint64_t size, blocks;
	int64_t atime, mtime, ctime;
	uint64_t lookups; /* the kernel's; atomic */
	uint16_t mode, flags;
	uint32_t nlink; /* directories: 2 + subdirectories; 0: unlinked */
	uint32_t uid, gid;
	union {
		struct tree *tree;	 /* of a directory of level two */
		char *target;		 /* of a symbolic link */
		struct opening *opening; /* of a regular file */
		struct entry *last_dir;	 /* see inode_last */
	};
	union {
		unsigned char digest[32]; /* of a regular file */
		struct entry *last;	  /* see inode_last */
		struct places dir;
	};
};

struct entry {
	struct table_link link;
	struct entry *other; /* the inode's next name */
	struct inode *dir;
	union {
		struct inode *node;
		uint64_t home; /* of an alias: the directory's number */
	};
	uint64_t slot : 62, alias : 1;
	uint64_t loaded : 1; /* from the slab */
	uint32_t hash;
	uint8_t len;
	char name[];
};

struct names {
	struct table inodes, entries;
	struct slab slab; /* what was there at the start; what of it is
			   * removed is not given back */
	uint64_t seed;	  /* so that nobody can choose names that collide */
};

static inline bool inode_is_dir(const struct inode *i)
{
	return S_ISDIR(i->mode);
}

static inline bool inode_is_file(const struct inode *i)
{
	return S_ISREG(i->mode);
}

/* The directory that holds i; NULL for the root and for what is unlinked. */
static inline struct inode *inode_parent(const struct inode *i)
{
	return i->names ? i->names->dir : NULL;
}

/* With INODE_RETIRED, the last name of an unlinked inode, owned, in no table:
 * for messages. */
static inline struct entry **inode_last(struct inode *i)
{
	return inode_is_dir(i) ? &i->last_dir : &i->last;
}

int names_init(struct names *n);
/* Room in the tables for so many, as far as there is memory. */
void names_expect(struct names *n, size_t inodes, size_t entries);
void names_release(struct names *n); /* and all inodes and entries */

struct inode *inode_new(uint64_t ino, mode_t mode);
/* The same for one that is there from the start. */
struct inode *inode_load(struct names *n, uint64_t ino, mode_t mode);
void inode_free(struct inode *i);
struct inode *inode_find(const struct names *n, uint64_t ino);
/* The one after i, in no order; NULL: the first; NULL: there are no more. */
struct inode *inode_next(const struct names *n, const struct inode *i);
void inode_add(struct names *n, struct inode *i);
/* Out of the table, and freed. */
void inode_drop(struct names *n, struct inode *i);

struct entry *entry_new(const char *name, size_t len);
struct entry *entry_load(struct names *n, const char *name, size_t len);
void entry_free(struct entry *e); /* of one that is in no table */
struct entry *entry_find(const struct names *n, const struct inode *dir,
			 const char *name);
/* Room for one more entry: entry_add cannot fail then. */
int entry_room(struct inode *dir);
/* slot 0: the next free one. node NULL: e is an alias, e->home is set. */
void entry_add(struct names *n, struct entry *e, struct inode *dir,
	       struct inode *node, uint64_t slot);
/* Out of the tables, and freed. */
void entry_drop(struct names *n, struct entry *e);
/* Out of the tables; the last name of its inode stays with it. */
void entry_retire(struct names *n, struct entry *e);
/* Let e be another inode's name. */
void entry_point(struct entry *e, struct inode *node);

/* The first entry with a slot above `cookie`, aliases included, or NULL. *at is
 * its place, from which entry_next goes on. */
struct entry *entry_first(const struct inode *dir, uint64_t cookie,
			  uint32_t *at);
struct entry *entry_next(const struct inode *dir, uint32_t *at);
/* The entry in this very slot, or NULL. */
struct entry *entry_at(const struct inode *dir, uint64_t slot);

#endif
