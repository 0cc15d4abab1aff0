// SPDX-License-Identifier: Apache-2.0
#include "reply.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "home.h"

static bool is_fault(int err)
{
	return err == -EIO || err == -ENOSPC || err == -ENOMEM ||
	       err == -EUCLEAN || err == -EMFILE || err == -ENFILE ||
	       err == -EDQUOT;
}

void reply_err(fuse_req_t req, const char *op, int err)
{
	if (is_fault(err))
		log_error("%s: %s", op, strerror(-err));
	fuse_reply_err(req, -err);
}

void reply_fill_stat(const struct node_attr *attr, struct stat *ret_stat)
{
	*ret_stat = (struct stat){
		.st_ino = attr->ino,
		.st_mode = attr->mode,
		.st_nlink = attr->nlink,
		.st_uid = attr->uid,
		.st_gid = attr->gid,
		.st_size = (off_t)attr->size,
		.st_blocks = (blkcnt_t)attr->blocks,
		.st_blksize = 4096,
		.st_atim = clock_to_timespec(attr->atime),
		.st_mtim = clock_to_timespec(attr->mtime),
		.st_ctim = clock_to_timespec(attr->ctime),
	};
	/* all may make their trash in the root; that nothing else may be made
	 * there is told by errors, not by its mode */
	if (attr->ino == STORE_ROOT)
		ret_stat->st_mode = S_IFDIR | S_ISVTX | 0777;
}

double reply_attr_for(const struct node_attr *attr)
{
	return attr->writers ? 0 : FOREVER;
}

/* The name of a dropped file may at any time come to stand for another one. */
static double entry_for(struct fs *fs, const struct spot *spot)
{
	if (spot->type != SPOT_REAL || spot->alias)
		return 0;
	/* its directory may become an asset's */
	if (spot->name && !strcmp(spot->name, HOME_LINK))
		return 0;
	/* it may be renamed to _mlx, which stays what it is */
	if ((spot->place == PLACE_ASSET || spot->place == PLACE_RUN) &&
	    name_is_scratch(spot->name))
		return 0;
	if (spot->place == PLACE_KIND &&
	    catalog_cares(fs->catalog, spot->dir, spot->name))
		return 0;
	return FOREVER;
}

void reply_fill_entry(struct fs *fs, const struct spot *spot,
		      const struct node_attr *attr,
		      struct fuse_entry_param *ret_e)
{
	*ret_e = (struct fuse_entry_param){
		.ino = attr->ino,
		.attr_timeout = reply_attr_for(attr),
		.entry_timeout = entry_for(fs, spot),
	};
	reply_fill_stat(attr, &ret_e->attr);
}

int reply_fill_view(struct fs *fs, uint64_t ino, struct fuse_entry_param *ret_e)
{
	*ret_e = (struct fuse_entry_param){
		.ino = ino,
		.attr_timeout = view_attr_for(ino),
		.entry_timeout = view_name_for(ino),
	};
	return view_get_stat(fs, ino, &ret_e->attr);
}

void reply_node(fuse_req_t req, const struct spot *spot,
		const struct node_attr *attr)
{
	struct fs *fs = fs_of(req);
	struct fuse_entry_param e;

	reply_fill_entry(fs, spot, attr, &e);
	node_remember(fs->store, attr->ino);
	if (fuse_reply_entry(req, &e))
		node_forget(fs->store, attr->ino, 1);
}

int reply_node_open(fuse_req_t req, const struct spot *spot,
		    const struct node_attr *attr,
		    const struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct fuse_entry_param e;
	int err;

	reply_fill_entry(fs, spot, attr, &e);
	node_remember(fs->store, attr->ino);
	err = fuse_reply_create(req, &e, fi);
	if (err)
		node_forget(fs->store, attr->ino, 1);
	return err;
}

void reply_view(fuse_req_t req, uint64_t ino)
{
	struct fuse_entry_param e;
	int err = reply_fill_view(fs_of(req), ino, &e);

	if (err)
		reply_err(req, "lookup", err);
	else
		fuse_reply_entry(req, &e);
}

void reply_absent(fuse_req_t req, const struct spot *spot)
{
	struct fuse_entry_param e = {
		.entry_timeout = spot_absent_for(spot),
	};

	if (e.entry_timeout > 0)
		fuse_reply_entry(req, &e);
	else
		fuse_reply_err(req, ENOENT);
}
