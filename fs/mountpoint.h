// SPDX-License-Identifier: Apache-2.0
/* What the mount table says, and unmounting. */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/* Lazily: who has files open keeps them for now. */
int mountpoint_detach(const char *mountpoint);
/* End the connection of the mount with this device number: all who have files
 * open see ENOTCONN. -errno where there is no fusectl. */
int mountpoint_abort(dev_t dev);
/* A mount that a killed daemon left there is taken away. -ENOENT, -ENOTDIR, …
 * with a sentence. */
int mountpoint_clear(const char *mountpoint, struct buf *why);
/* Is a mount of this store to be seen? */
bool mountpoint_serves(const char *store);

#endif
