// SPDX-License-Identifier: Apache-2.0
/*
 * Control files: `run`, `cancel`, `tags`, …. What is written is kept in the
 * open file, and acted upon as a whole when a writer closes it.
 *
 * Who closes. FLUSH comes for every descriptor of the file that is closed in
 * any process, so also when a child that only inherited it ends, in the middle
 * of the content:
 *	( echo a; sleep 1; echo b ) > run
 * Each write and each FLUSH carries the identity of the process's table of
 * descriptors (lock_owner), so a FLUSH counts only when it comes from one that
 * wrote. Of a row that is `once`, as `run` is, one open file acts once: what a
 * second process writes after the first one wrote and closed is refused with
 * EINVAL, since it can be no part of what was started.
 *
 * Nothing is done for an open, a truncation, or when nothing is left to read in
 * the end: only a write makes it count.
 */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include "fs.h"
#include "view.h"

struct control;

/* O_TRUNC starts empty, else with what the file says now. */
int control_open(struct fs *fs, const struct view *v, int flags,
		 struct control **ret_control);
void control_free(struct control *c); /* NULL is fine */

/* 0, -EFBIG. */
int control_write(struct control *c, const char *data, size_t len, off_t off,
		  uint64_t owner, const struct fuse_ctx *ctx);
int control_truncate(struct control *c, off_t size);
size_t control_size(struct control *c);
/* Answers a READ. */
void control_read(struct control *c, fuse_req_t req, size_t size, off_t off);
/* Is there something to be acted upon, for this closer? */
bool control_is_due(struct control *c, uint64_t owner);
/* (blocks) Act on it: 0 or the errno, whose sentence is recorded. */
int control_act(struct control *c);
bool control_is_dirty(struct control *c);

/* (blocks) The same for a whole text that a rename brings. */
int control_put(struct fs *fs, const struct view *v, const char *text,
		size_t len, uid_t uid, gid_t gid);

#endif
