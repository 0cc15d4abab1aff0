// SPDX-License-Identifier: Apache-2.0
/*
 * `_mlx` and programs that bring or take a link of that name.
 *
 * A copy (cp -r, tar, copytree) of an asset holds its _mlx, and making it in
 * the new asset would be EEXIST, since the name is there already: the kernel
 * asks for the name first, and refuses by itself what is found. So the name is
 * told to be absent to the thread that is about to make it, which is one that
 *	- has just removed it (tar replaces what it finds), or
 *	- made the directory and is in symlink(2) now, as /proc tells, or
 *	  opens the name to make a file of it (tar first makes an empty file
 *	  in the place of a link that leads outside)
 * All others see it. The same holds for a generated file that was just removed:
 * mv and install from another disk remove the old file and make a new one,
 * which then is a write to it.
 */
#ifndef FS_HOME_H
#define FS_HOME_H

#include <sys/types.h>

#include "fs.h"

#define HOME_LINK "_mlx"

int homes_init(struct fs *fs);
void homes_release(struct fs *fs);
/* What thread `tid` did: made the directory; removed and made what is
 * generated, which is named by the directory of a link, and by the number of a
 * file. */
void home_dir_made(struct fs *fs, uint64_t dir, pid_t tid);
void home_removed(struct fs *fs, uint64_t what, pid_t tid);
void home_made(struct fs *fs, uint64_t what, pid_t tid);
bool home_is_absent(struct fs *fs, uint64_t what, pid_t tid);

#endif
