// SPDX-License-Identifier: Apache-2.0
/* The table of handlers for libfuse. */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs.h"

/* userdata is the struct fs. */
extern const struct fuse_lowlevel_ops ops_table;

/* Those that ring.h puts off at times. */
void ops_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void ops_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		 struct fuse_file_info *fi);
void ops_readlink(fuse_req_t req, fuse_ino_t ino);

#endif
