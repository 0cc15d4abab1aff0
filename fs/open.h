// SPDX-License-Identifier: Apache-2.0
/* Open files: what fi->fh points to. */
#ifndef FS_OPEN_H
#define FS_OPEN_H

#include "control.h"
#include "fs.h"
#include "store/content.h"
#include "view.h"

enum handle_type {
	HANDLE_CONTENT, /* a real file */
	HANDLE_SHOT,	/* a generated file as it was when opened */
	HANDLE_WAIT,	/* a generated file that is read when it is time */
	HANDLE_CONTROL, /* a generated file that is written */
};

struct handle {
	_Atomic bool ready;
	enum handle_type type;
	uint64_t ino;
	uid_t uid;	 /* who opened it */
	uint64_t reader; /* its mark in fs->readers, or 0 */
	struct content *content;
	atomic_bool emptied;	     /* and not judged since: check.c */
	bool backed;		     /* counted in backing.h */
	_Atomic(struct shot *) shot; /* WAIT: set by the first read's answer */
	struct control *control;
	struct handle *prev, *next; /* all of them, under the lock of open.c */
};

int handles_init(struct fs *fs);
/* Closes what is still open. After the session has ended. */
void handles_release(struct fs *fs);

/* Who made the handle and who is handed it are in order by way of the kernel;
 * `ready` says so to those who look at this program alone. */
static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
	struct handle *h = fi ? (struct handle *)(uintptr_t)fi->fh : NULL;

	if (h)
		atomic_load_explicit(&h->ready, memory_order_acquire);
	return h;
}

/* Open inode `ino` with fi->flags for the request's caller; fills fi. */
int open_handle(fuse_req_t req, uint64_t ino, struct fuse_file_info *fi);
/* True: a content that was changed since it was last flushed. */
bool open_release(struct fs *fs, struct fuse_file_info *fi);

#endif
