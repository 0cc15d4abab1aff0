// SPDX-License-Identifier: Apache-2.0
/* Handlers of the operations on names. */
#ifndef FS_ENTRY_H
#define FS_ENTRY_H

#include "fs.h"
#include "spot.h"

void entry_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void entry_mknod(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode, dev_t rdev);
void entry_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode);
void entry_symlink(fuse_req_t req, const char *link, fuse_ino_t parent,
		   const char *name);
void entry_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent,
		const char *newname);
void entry_create(fuse_req_t req, fuse_ino_t parent, const char *name,
		  mode_t mode, struct fuse_file_info *fi);
void entry_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void entry_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void entry_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
		  fuse_ino_t newparent, const char *newname,
		  unsigned int flags);

/* A name came, went or changed there. */
void entry_changed(struct fs *fs, const struct spot *spot);
/* An alias's file was taken away: drop the alias and its empty directory. */
void entry_leave_home(struct fs *fs, const struct spot *spot);

#endif
