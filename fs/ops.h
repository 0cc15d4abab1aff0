// SPDX-License-Identifier: Apache-2.0
/* The table of handlers for libfuse. */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs.h"

/* userdata is the struct fs. */
extern const struct fuse_lowlevel_ops ops_table;

#endif
