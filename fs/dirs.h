// SPDX-License-Identifier: Apache-2.0
/* Listing directories. */
#ifndef FS_DIRS_H
#define FS_DIRS_H

#include "fs.h"

void dirs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void dirs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		  struct fuse_file_info *fi);
void dirs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi);
/* The thread looked up a file in this directory. */
void dirs_looked_up(struct fs *fs, uint64_t dir, pid_t tid);

#endif
