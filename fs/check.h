// SPDX-License-Identifier: Apache-2.0
/* Specs that were written: judged by the catalog, on a worker. */
#ifndef FS_CHECK_H
#define FS_CHECK_H

#include "fs.h"
#include "open.h"

/* A descriptor of a changed file was closed: answers `req`. */
void check_flush(fuse_req_t req, struct handle *h);
/* Is a change of this file judged when it is closed? */
bool check_is_due(struct fs *fs, uint64_t ino);
/* A changed file was closed for good, and nobody waits for an answer. */
void check_closed(struct fs *fs, uint64_t ino, uid_t uid);
/* fsync: to the disk, then judged; answers `req`. */
void check_fsync(fuse_req_t req, struct handle *h, bool data_only);

#endif
