// SPDX-License-Identifier: Apache-2.0
/* Reading `wait`: answered when the run is final, interrupted, or unmounted. */
#ifndef FS_WAIT_H
#define FS_WAIT_H

#include "fs.h"
#include "open.h"

int waits_start(struct fs *fs);
/* After the session's loop has ended, and before the answerer's end. */
void waits_stop(struct fs *fs);
/* After that, when no request is served any more. */
void waits_release(struct fs *fs);

void wait_read(fuse_req_t req, struct handle *h, size_t size, off_t off);
/* (notifier) The run's record changed: answer those who wait, if it is final.
 */
void wait_check(struct fs *fs, uint64_t run);
/* Answer all with EINTR: the mount ends. */
void wait_end_all(struct fs *fs);

#endif
