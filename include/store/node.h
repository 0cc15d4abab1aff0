// SPDX-License-Identifier: Apache-2.0
/*
 * Nodes: inodes and directory entries, as ext4 has them. Permissions are the
 * kernel's affair (default_permissions); sizes of names, directories' emptiness
 * and loops of renames are checked here.
 *
 * An inode number is never used again. An unlinked inode lives on while the
 * kernel knows it (node_remember/node_forget) or somebody has it open.
 */
#ifndef STORE_NODE_H
#define STORE_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

struct node_attr {
	uint64_t ino;
	mode_t mode; /* with the type */
	uint32_t nlink;
	uid_t uid;
	gid_t gid;
	uint64_t size;	 /* bytes; of a file that is being written: now */
	uint64_t blocks; /* of 512 bytes */
	int64_t atime, mtime, ctime; /* ns since 1970 */
	uint64_t writers;	     /* opens for writing that there are */
	uint64_t parent; /* of a directory: the directory that holds it; else 0
			  */
};

struct node_new {
	mode_t mode; /* with the type: file, directory, symlink, FIFO, socket */
	uid_t uid;   /* of the caller; a setgid directory's group and, for a */
	gid_t gid;   /* directory, its setgid bit are handed on here */
	const char *target; /* of a symbolic link */
};

enum {
	CHANGE_MODE = 1 << 0,
	CHANGE_UID = 1 << 1,
	CHANGE_GID = 1 << 2,
	CHANGE_SIZE = 1 << 3,
	CHANGE_ATIME = 1 << 4,
	CHANGE_MTIME = 1 << 5,
	CHANGE_CTIME = 1 << 6,	   /* else ctime becomes now */
	CHANGE_KILL_SUID = 1 << 7, /* drop setuid, and setgid with group x */
	CHANGE_ATIME_NOW = 1 << 8,
	CHANGE_MTIME_NOW = 1 << 9,
	CHANGE_NOW = CHANGE_ATIME_NOW | CHANGE_MTIME_NOW,
};

struct node_change {
	unsigned int what; /* CHANGE_* */
	mode_t mode;	   /* permission bits */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	int64_t atime, mtime, ctime;
};

/* -ESTALE: no such inode (any more). */
int node_get(struct store *st, uint64_t ino, struct node_attr *ret_attr);
/* -ENOENT, -ENOTDIR, -ENAMETOOLONG. "." and ".." work, for NFS. */
int node_find(struct store *st, uint64_t dir, const char *name,
	      struct node_attr *ret_attr);
/* -EEXIST, -ENOENT (the directory is gone), -ENAMETOOLONG, -EPERM (devices),
 * -ENOSPC. A file gets a blob at its first open for writing or truncation. */
int node_make(struct store *st, uint64_t dir, const char *name,
	      const struct node_new *n, struct node_attr *ret_attr);
/* -EPERM for directories, -EMLINK. */
int node_link(struct store *st, uint64_t ino, uint64_t dir, const char *name,
	      struct node_attr *ret_attr);
int node_unlink(struct store *st, uint64_t dir, const char *name);
int node_rmdir(struct store *st, uint64_t dir,
	       const char *name); /* -ENOTEMPTY */
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE. -EINVAL: into itself. */
int node_rename(struct store *st, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned int flags);
int node_set(struct store *st, uint64_t ino, const struct node_change *change,
	     struct node_attr *ret_attr);
int node_read_link(struct store *st, uint64_t ino, struct buf *out);

/*
 * Entries of a directory after `cookie` (0: from the start), in an order that
 * stays as it is while names come and go. `fn` returns non-zero to stop; it
 * must only copy: the namespace is locked. Hidden entries are left out.
 */
typedef int node_each_fn(void *arg, const char *name,
			 const struct node_attr *attr, uint64_t cookie);
int node_each(struct store *st, uint64_t dir, uint64_t cookie, node_each_fn *fn,
	      void *arg);

/* The kernel's lookup count. Forgetting is true for a file that has no name
 * any more: it is gone with that, unless somebody has it open. */
void node_remember(struct store *st, uint64_t ino);
bool node_forget(struct store *st, uint64_t ino, uint64_t times);

/* "models/max-ocr/README.md": the path from the root, for messages and the
 * manifest; of a file with several names, one of them; "(deleted)" in front
 * of the last name of an unlinked one. */
int node_put_path(struct store *st, uint64_t ino, struct buf *out);
/* One of its names, and the directory that this is in. -ENOENT: it has none. */
int node_get_name(struct store *st, uint64_t ino, uint64_t *ret_dir,
		  char ret_name[256]);
/* From the root, "/"-separated, no leading slash. -ENOENT, -ENOTDIR. */
int node_walk(struct store *st, const char *path, struct node_attr *ret_attr);

/*
 * An alias is an entry that is reachable but not listed: `name` in `dir` stands
 * for the entry of the same name in the directory `home`. (A file dropped into
 * a kind's directory keeps its dropped name that way.) The callers of this
 * header see an alias only through node_alias: node_find and all others act on
 * plain entries, and treat an alias as absent.
 */
int node_alias_put(struct store *st, uint64_t dir, const char *name,
		   uint64_t home);
int node_alias_get(struct store *st, uint64_t dir, const char *name,
		   uint64_t *ret_home); /* -ENOENT */
int node_alias_drop(struct store *st, uint64_t dir, const char *name);

/*
 * A tree's own clock: totals of all below a directory (itself left out), and
 * when anything in it last changed (names, contents, attributes; the directory
 * itself included). `changes` grows with every change while mounted. Kept
 * for directories of the second level (models/max-ocr), computed for others.
 */
struct node_tree {
	uint64_t files;	 /* regular files */
	uint64_t bytes;	 /* their sizes */
	int64_t changed; /* newest ctime, ns */
	uint64_t changes;
};
int node_get_tree(struct store *st, uint64_t dir, struct node_tree *ret_tree);
/* What is being written, or was closed a moment ago, counts with the size that
 * it has by now. Returns a number that grows with each difference that this
 * made, or that a close made by itself. */
uint64_t node_catch_up_all(struct store *st);

/*
 * SHA-256 of a regular file's content as of its last close, computed in the
 * background. -EAGAIN: not yet, or being written. hex: 64 digits and NUL.
 */
int node_get_digest(struct store *st, uint64_t ino, char ret_hex[65]);

#endif
