// SPDX-License-Identifier: Apache-2.0
/* Specs that were written: judged by the catalog, on a worker. */
#ifndef FS_CHECK_H
#define FS_CHECK_H

#include "fs.h"
#include "open.h"

/* A descriptor of a changed file was closed: answers `req`. */
void check_flush(fuse_req_t req, struct handle *h);
/* The open file ends: what is left to judge is, without an answer. */
void check_release(struct fs *fs, struct handle *h);
/* fsync: to the disk, then judged; answers `req`. */
void check_fsync(fuse_req_t req, struct handle *h, bool data_only);

#endif
