// SPDX-License-Identifier: Apache-2.0
/*
 * Files written from inside. A whole content is written to an inode that has no
 * name yet, which then takes the name over: who reads sees the old content or
 * the new one.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "names.h"
#include "opening.h"

static void tell(struct store *st, enum store_event_type type, uint64_t ino,
		 const char *name)
{
	struct store_event event = { .type = type, .ino = ino, .name = name };

	store_tell(st, &event);
}

static int set_owner(struct store *st, uint64_t dir, const struct owner *owner,
		     struct node_new *n)
{
	struct node_attr attr;
	int err = node_get(st, dir, &attr);

	n->uid = owner ? owner->uid : attr.uid;
	n->gid = owner ? owner->gid : attr.gid;
	return err == -ESTALE ? -ENOENT : err;
}

static int make(struct store *st, uint64_t dir, const char *name, mode_t mode,
		const char *target, const struct owner *owner,
		struct node_attr *ret_attr)
{
	struct node_new n = { .mode = mode, .target = target };
	int err = set_owner(st, dir, owner, &n);

	if (!err)
		err = node_make(st, dir, name, &n, ret_attr);
	return err;
}

int file_make_dir(struct store *st, uint64_t dir, const char *name, mode_t mode,
		  const struct owner *owner, uint64_t *ret_ino)
{
	struct node_attr attr;
	int err = make(st, dir, name, S_IFDIR | (mode & 07777), NULL, owner,
		       &attr);

	if (!err)
		tell(st, EVENT_ENTRY, dir, name);
	if (err == -EEXIST)
		err = node_find(st, dir, name, &attr);
	if (!err && !S_ISDIR(attr.mode))
		err = -ENOTDIR;
	if (!err && ret_ino)
		*ret_ino = attr.ino;
	return err;
}

static int write_all(struct store *st, uint64_t ino, const void *data,
		     size_t len)
{
	AUTO(content_release) struct content *c = NULL;
	ssize_t put = 0;
	int err;

	if (!len)
		return 0;
	err = content_open(st, ino, O_WRONLY, &c);
	if (!err)
		put = content_write(c, data, len, 0, false);
	return err ? err : put < 0 ? (int)put : 0;
}

int file_find_parent(struct store *st, uint64_t dir, const char *path,
		     uint64_t *ret_dir, const char **ret_name)
{
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		char name[NAME_LIMIT + 1];
		struct node_attr attr;
		size_t len = (size_t)(slash - path);
		int err;

		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = 0;
		err = node_find(st, dir, name, &attr);
		if (err)
			return err;
		if (!S_ISDIR(attr.mode))
			return -ENOTDIR;
		dir = attr.ino;
	}
	*ret_dir = dir;
	*ret_name = path;
	return 0;
}

int file_put(struct store *st, uint64_t dir, const char *name, mode_t mode,
	     const struct owner *owner, const void *data, size_t len)
{
	struct node_new n = { .mode = S_IFREG | (mode & 07777) };
	uint64_t ino;
	int err = node_check_name(name);

	if (!err)
		err = set_owner(st, dir, owner, &n);
	if (!err)
		err = names_make_unnamed(st, dir, &n, &ino);
	if (err)
		return err;
	err = write_all(st, ino, data, len);
	if (!err)
		err = names_name(st, ino, dir, name);
	if (err) {
		node_forget(st, ino, 1);
		return err;
	}
	tell(st, EVENT_ENTRY, dir, name);
	return 0;
}

static int append(struct content *c, const void *data, size_t len)
{
	int err = content_append(c, data, len);
	int flushed = content_flush(c);

	return err ? err : flushed < 0 ? flushed : 0;
}

static int find_or_make(struct store *st, uint64_t dir, const char *name,
			mode_t mode, const struct owner *owner,
			struct node_attr *ret_attr, bool *ret_made)
{
	int err = node_find(st, dir, name, ret_attr);

	*ret_made = err == -ENOENT;
	if (err != -ENOENT)
		return err;
	err = make(st, dir, name, S_IFREG | (mode & 07777), NULL, owner,
		   ret_attr);
	return err == -EEXIST ? node_find(st, dir, name, ret_attr) : err;
}

int file_append(struct store *st, uint64_t dir, const char *name, mode_t mode,
		const struct owner *owner, const void *data, size_t len)
{
	AUTO(content_release) struct content *c = NULL;
	struct node_attr attr;
	bool made;
	int err = find_or_make(st, dir, name, mode, owner, &attr, &made);

	if (err)
		return err;
	if (made)
		tell(st, EVENT_ENTRY, dir, name);
	err = content_open(st, attr.ino, O_WRONLY, &c);
	if (!err)
		err = append(c, data, len);
	if (!err)
		tell(st, EVENT_DATA, attr.ino, NULL);
	return err;
}

int file_read(struct store *st, uint64_t ino, struct buf *out)
{
	AUTO(content_release) struct content *c = NULL;
	uint64_t off = 0;
	int err = content_open(st, ino, O_RDONLY, &c);

	while (!err) {
		char chunk[16384];
		ssize_t got = content_read(c, chunk, sizeof(chunk), off);

		if (got <= 0)
			return got < 0 ? (int)got : out->err;
		buf_add(out, chunk, (size_t)got);
		off += (uint64_t)got;
		err = out->err;
	}
	return err;
}

int file_link(struct store *st, uint64_t dir, const char *name,
	      const char *target, const struct owner *owner)
{
	struct node_attr attr;
	int err = make(st, dir, name, S_IFLNK | 0777, target, owner, &attr);

	if (!err)
		tell(st, EVENT_ENTRY, dir, name);
	return err;
}

int file_move(struct store *st, uint64_t dir, const char *name,
	      uint64_t new_dir, const char *new_name)
{
	int err = node_rename(st, dir, name, new_dir, new_name, 0);

	if (err)
		return err;
	tell(st, EVENT_ENTRY, dir, name);
	tell(st, EVENT_ENTRY, new_dir, new_name);
	return 0;
}

/* ---- removal ---- */

struct first_child {
	char name[256];
	bool is_dir;
	uint64_t ino;
};

static int take_first(void *arg, const char *name, const struct node_attr *attr,
		      uint64_t cookie)
{
	struct first_child *f = arg;

	(void)cookie;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->is_dir = S_ISDIR(attr->mode);
	f->ino = attr->ino;
	return 1;
}

static int remove_one(struct store *st, uint64_t dir, const char *name,
		      bool is_dir)
{
	int err =
		is_dir ? node_rmdir(st, dir, name) : node_unlink(st, dir, name);

	if (!err)
		tell(st, EVENT_ENTRY, dir, name);
	return err == -ENOENT ? 0 : err;
}

/* The name that a directory has in its parent. */
static int name_of(struct store *st, uint64_t ino, char *ret_name, size_t size,
		   uint64_t *ret_parent)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	if (!i || !i->names)
		return -ENOENT;
	snprintf(ret_name, size, "%s", i->names->name);
	*ret_parent = i->names->dir->ino;
	return 0;
}

static int remove_empty(struct store *st, uint64_t *at)
{
	char name[256];
	uint64_t parent;
	int err = name_of(st, *at, name, sizeof(name), &parent);

	if (!err)
		err = remove_one(st, parent, name, true);
	if (!err)
		*at = parent;
	/* somebody put a name into it meanwhile: that one is next */
	return err == -ENOTEMPTY ? 0 : err;
}

/* Depth first, without recursion: go down while there are children; what has
 * none is removed from its parent, where it goes on. */
static int remove_below(struct store *st, uint64_t top)
{
	uint64_t at = top;
	int err = 0;

	while (!err) {
		struct first_child f = { .name = "" };

		err = node_each(st, at, 0, take_first, &f);
		if (err)
			break;
		if (f.name[0] && f.is_dir)
			at = f.ino;
		else if (f.name[0])
			err = remove_one(st, at, f.name, false);
		else if (at == top)
			break;
		else
			err = remove_empty(st, &at);
	}
	return err;
}

int file_remove(struct store *st, uint64_t dir, const char *name)
{
	struct node_attr attr;
	int err = node_find(st, dir, name, &attr);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (S_ISDIR(attr.mode))
		err = remove_below(st, attr.ino);
	return err ? err : remove_one(st, dir, name, S_ISDIR(attr.mode));
}
