// SPDX-License-Identifier: Apache-2.0
/*
 * A run's directory outside the mount: the steps' home and working directories,
 * and bin/ at the end of their PATH. It is the owner's, mode 0700; a root
 * daemon touches nothing below it once it is theirs: files in it are written
 * and removed by processes of the owner.
 */
#ifndef SRC_ENGINE_SCRATCH_H
#define SRC_ENGINE_SCRATCH_H

#include "run.h"

/* Where there is none yet; its path is recorded (`internal`). */
int scratch_make(struct run *r, struct buf *why);
/* At most some seconds: what cannot be removed stays. */
void scratch_remove(const char *path, const struct owner *owner);

#endif
