// SPDX-License-Identifier: Apache-2.0
/* Answers to the kernel, and what is logged of them. */
#ifndef FS_REPLY_H
#define FS_REPLY_H

#include "fs.h"
#include "spot.h"
#include "store/node.h"

/* err: 0 or -errno. Faults of the machine (EIO, ENOSPC, …) are logged, with
 * the operation's name; what a user's mistake causes is not. */
void reply_err(fuse_req_t req, const char *op, int err);

/* For how long the kernel may keep attributes. While somebody writes the file
 * it asks: it does not see when a map of the blob is written. */
double reply_attr_for(const struct node_attr *attr);
void reply_fill_stat(const struct node_attr *attr, struct stat *ret_stat);
/* A real node that was found or made at the spot; counts the look-up. */
void reply_node(fuse_req_t req, const struct spot *spot,
		const struct node_attr *attr);
/* The same, opened. `fi` is filled; -errno when the kernel did not take it:
 * the caller closes. */
int reply_node_open(fuse_req_t req, const struct spot *spot,
		    const struct node_attr *attr,
		    const struct fuse_file_info *fi);
void reply_view(fuse_req_t req, uint64_t ino);
void reply_absent(fuse_req_t req, const struct spot *spot);

/* For directory listings too. */
void reply_fill_entry(struct fs *fs, const struct spot *spot,
		      const struct node_attr *attr,
		      struct fuse_entry_param *ret_e);
/* -ENOENT. */
int reply_fill_view(struct fs *fs, uint64_t ino,
		    struct fuse_entry_param *ret_e);

#endif
