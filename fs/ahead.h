// SPDX-License-Identifier: Apache-2.0
/*
 * Reading ahead of who opens many files in turn: a copy, an archive, a loader
 * of small files. Each waits for the disk at each file; what lies on the disk
 * behind one another could be fetched at once.
 */
#ifndef FS_AHEAD_H
#define FS_AHEAD_H

#include <sys/types.h>

#include "fs.h"

int ahead_init(struct fs *fs);
void ahead_release(struct fs *fs);
/* This process opened the file for reading. What comes next is fetched by a
 * worker, when the last files came in turn. */
void ahead_opened(struct fs *fs, uint64_t ino, pid_t pid);

#endif
