// SPDX-License-Identifier: Apache-2.0
/* Whether a signal waits for a thread that a request holds in the kernel. */
#ifndef FS_PENDING_H
#define FS_PENDING_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * tid as fuse_req_ctx() says it. True also of a thread that cannot be seen, for
 * being of another pid namespace (0): who was not interrupted and is told EINTR
 * reads again, while who waits unseen could not be killed.
 */
bool pending_signal(pid_t tid);

#endif
