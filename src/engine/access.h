// SPDX-License-Identifier: Apache-2.0
/*
 * May the owner of a run do this? The daemon's own calls are asked by nobody,
 * where a process of the owner's would be by the kernel; what the daemon reads
 * or writes in an asset for a run has to be asked here.
 */
#ifndef SRC_ENGINE_ACCESS_H
#define SRC_ENGINE_ACCESS_H

#include <stdbool.h>

#include "store/file.h"

/* mask: R_OK, W_OK, X_OK, as access(2) has them; of this inode alone. */
bool owner_may(struct store *st, const struct owner *owner, uint64_t ino,
	       int mask);

#endif
