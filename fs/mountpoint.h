// SPDX-License-Identifier: Apache-2.0
/* What the mount table says, and unmounting. */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include <stdbool.h>

#include "base/buf.h"

/* lazily: who has files open keeps them for now. Else -EBUSY. */
int mountpoint_unmount(const char *mountpoint, bool lazily);
/* A mount that a killed daemon left there is taken away. -ENOENT, -ENOTDIR, …
 * with a sentence. */
int mountpoint_clear(const char *mountpoint, struct buf *why);
/* Is a mount of this store to be seen? */
bool mountpoint_serves(const char *store);

#endif
