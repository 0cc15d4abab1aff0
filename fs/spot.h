// SPDX-License-Identifier: Apache-2.0
/*
 * Spots: what a (parent, name) of a request stands for, and what may be done
 * there. The one place that knows of reserved names, aliases and scratch.
 */
#ifndef FS_SPOT_H
#define FS_SPOT_H

#include "fs.h"
#include "store/node.h"
#include "view.h"

enum spot_type {
	SPOT_REAL,    /* an entry of the store, there or not */
	SPOT_VIEW,    /* a generated name that is there */
	SPOT_HOME,    /* `_mlx` of an asset or a run; `ino` is the link's */
	SPOT_SCRATCH, /* a tool's name beside generated ones: a real entry of
		       * a hidden directory, 0 while there is none */
	SPOT_NONE,    /* no such name, and none can be made */
};

struct spot {
	enum spot_type type;
	uint64_t dir; /* REAL, SCRATCH: the store's directory; HOME: of it */
	const char *name; /* lent */
	uint64_t ino;	  /* VIEW, HOME */
	uint64_t parent;  /* as the kernel named it */
	enum place place; /* REAL, HOME: of dir */
	uint64_t top;	  /* REAL, HOME: see struct place_info */
	bool alias;	  /* REAL: dir is where the alias `name` leads */
};

void spot_find(struct fs *fs, uint64_t parent, const char *name,
	       struct spot *ret_spot);
/* May `uid` make something of that type there: -EPERM, -EEXIST. Makes the
 * hidden directory of a scratch name: -ENOSPC, …. */
int spot_may_make(struct fs *fs, struct spot *spot, mode_t type, uid_t uid);
/* May what is there be removed: -EPERM, -EBUSY (a run that runs), -ENOENT. */
int spot_may_remove(struct fs *fs, const struct spot *spot);
/* Something was removed: a scratch directory that is empty goes too. */
void spot_clean(struct fs *fs, const struct spot *spot);

/* A file that has no name where anybody looks, to be taken for one that was
 * made; spot_drop_ghost when it is open. */
int spot_make_ghost(struct fs *fs, const struct node_new *n,
		    struct spot *ret_spot, struct node_attr *ret_attr);
void spot_drop_ghost(struct fs *fs, const struct spot *ghost);

/* The scratch names of a view. 0: there are none. */
uint64_t spot_scratch_dir(struct fs *fs, uint64_t view);
bool spot_is_hidden(uint64_t dir, const char *name);
/* How long the kernel may believe that a name is absent, in seconds. */
double spot_absent_for(const struct spot *spot);

#endif
