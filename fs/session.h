// SPDX-License-Identifier: Apache-2.0
/* One mount, from opening the store to closing it. */
#ifndef FS_SESSION_H
#define FS_SESSION_H

#include "fs.h"

struct session_options {
	const char *store;
	const char *mountpoint;	   /* absolute */
	const char *mount_options; /* for libfuse, comma-separated */
	bool read_only;
	bool debug;   /* print each request */
	int ready_fd; /* gets a byte when the mount is served; -1: none */
};

/* Serves until it is unmounted or a signal comes. 0, or an errno with a
 * sentence when it could not be mounted. */
int session_run(const struct session_options *options, struct buf *why);

/* (ops) What the kernel and we agree upon at the first request. */
void session_agree(struct fs *fs, struct fuse_conn_info *conn);

#endif
