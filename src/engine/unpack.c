// SPDX-License-Identifier: Apache-2.0
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "base/cleanup.h"

/* ---- the archive's members, below the scratch directory ---- */

struct sink {
	const struct placement *p;
	uint64_t root;		 /* the scratch directory */
	struct content *content; /* of the open member */
	uint64_t offset;
	int64_t mtime;
};

static int add_directory(void *arg, const char *path, mode_t mode)
{
	const struct sink *s = arg;
	const char *name;
	uint64_t dir;
	int err = file_find_parent(s->p->st, s->root, path, &dir, &name);

	return err ? err
		   : file_make_dir(s->p->st, dir, name, mode, &s->p->owner,
				   NULL);
}

static int add_file(void *arg, const char *path, mode_t mode, int64_t mtime_ns,
		    int64_t size)
{
	struct sink *s = arg;
	const struct node_new new = { .mode = S_IFREG | (mode & 0777),
				      .uid = s->p->owner.uid,
				      .gid = s->p->owner.gid };
	struct node_attr attr = { 0 };
	const char *name;
	uint64_t dir;
	int err = file_find_parent(s->p->st, s->root, path, &dir, &name);

	(void)size;
	if (!err)
		err = node_make(s->p->st, dir, name, &new, &attr);
	if (!err)
		err = content_open(s->p->st, attr.ino, O_WRONLY, &s->content);
	s->offset = 0;
	s->mtime = mtime_ns;
	return err;
}

static int add_data(void *arg, const void *bytes, size_t len)
{
	struct sink *s = arg;
	ssize_t n;

	if (atomic_load(s->p->cancel))
		return -ECANCELED;
	n = content_write(s->content, bytes, len, s->offset, false);
	if (n < 0)
		return (int)n;
	s->offset += len;
	return 0;
}

static int end_file(void *arg)
{
	struct sink *s = arg;
	const struct node_change change = { .what = CHANGE_MTIME,
					    .mtime = s->mtime };
	uint64_t ino = content_ino(s->content);
	struct node_attr attr;

	content_close(TAKE(s->content));
	return s->mtime ? node_set(s->p->st, ino, &change, &attr) : 0;
}

static int unpack(const struct placement *p, int fd, uint64_t root,
		  struct buf *why)
{
	struct sink s = { .p = p, .root = root };
	const struct archive_sink sink = { add_directory, add_file, add_data,
					   end_file, &s };
	int err = archive_unpack(fd, p->name, p->limits, &sink, why);

	if (s.content)
		content_close(s.content);
	return err;
}

/* ---- from there to its place ---- */

struct listing {
	char **name;
	size_t count;
};

static void listing_release(struct listing *l)
{
	words_free(l->name, l->count);
}

static int add_name(void *arg, const char *name, const struct node_attr *attr,
		    uint64_t cookie)
{
	struct listing *l = arg;

	(void)attr;
	(void)cookie;
	return names_add(&l->name, &l->count, name);
}

static int compare(struct content *a, struct content *b, uint64_t size)
{
	char left[16384], right[16384];
	uint64_t at = 0;

	while (at < size) {
		ssize_t n = content_read(a, left, sizeof(left), at);
		ssize_t m = content_read(b, right, sizeof(right), at);

		if (n < 0 || m < 0)
			return n < 0 ? (int)n : (int)m;
		if (!n || n != m || memcmp(left, right, (size_t)n) != 0)
			return 0;
		at += (uint64_t)n;
	}
	return 1;
}

/* 1: two regular files of the same bytes; 0; -errno. */
static int is_equal(struct store *st, const struct node_attr *a,
		    const struct node_attr *b)
{
	AUTO(content_release) struct content *left = NULL;
	AUTO(content_release) struct content *right = NULL;
	int err;

	if (!S_ISREG(a->mode) || !S_ISREG(b->mode) || a->size != b->size)
		return 0;
	err = content_open(st, a->ino, O_RDONLY, &left);
	if (!err)
		err = content_open(st, b->ino, O_RDONLY, &right);
	return err ? err : compare(left, right, a->size);
}

static int conflict(const char *name, struct buf *why)
{
	return why_set(why, -EEXIST,
		       "%s is there already and differs from what was "
		       "fetched; move it away and run again",
		       name);
}

struct mover {
	const struct placement *p;
	struct buf *why;
	bool is_trial; /* only look for conflicts */
};

static int move_all(const struct mover *m, uint64_t from, uint64_t to);

static int move(const struct mover *m, uint64_t from, const char *name,
		uint64_t to, const char *new_name)
{
	struct store *st = m->p->st;
	const struct store_event event = { .type = EVENT_ENTRY,
					   .ino = to,
					   .name = new_name };
	struct node_attr have, come;
	int err = node_find(st, from, name, &come);
	int equal;

	if (err)
		return err;
	err = node_find(st, to, new_name, &have);
	if (err && err != -ENOENT)
		return err;
	if (!err && S_ISDIR(have.mode) && S_ISDIR(come.mode)) {
		if (!owner_may(st, &m->p->owner, have.ino, W_OK | X_OK))
			return why_set(m->why, -EACCES,
				       "%s is a directory that uid %u must not "
				       "write to",
				       new_name, m->p->owner.uid);
		return move_all(m, come.ino, have.ino);
	}
	if (!err) {
		equal = is_equal(st, &come, &have);
		return equal < 0 ? equal
		       : equal	 ? 0
				 : conflict(new_name, m->why);
	}
	if (m->is_trial)
		return 0;
	err = node_rename(st, from, name, to, new_name, RENAME_NOREPLACE);
	if (err)
		return err == -EEXIST ? conflict(new_name, m->why) : err;
	store_tell(st, &event);
	if (to == m->p->dir)
		catalog_changed(m->p->c, to, new_name);
	return 0;
}

static int move_all(const struct mover *m, uint64_t from, uint64_t to)
{
	AUTO(listing_release) struct listing l = { 0 };
	int err = node_each(m->p->st, from, 0, add_name, &l);

	for (size_t i = 0; !err && i < l.count; i++)
		err = move(m, from, l.name[i], to, l.name[i]);
	return err;
}

static int place_archive(const struct placement *p, int fd, struct buf *why)
{
	struct mover m = { p, why, true };
	uint64_t scratch = 0;
	int err = file_remove(p->st, p->dir, p->scratch);

	if (!err)
		err = file_make_dir(p->st, p->dir, p->scratch, 0700, &p->owner,
				    &scratch);
	if (!err)
		err = unpack(p, fd, scratch, why);
	if (!err)
		err = move_all(&m, scratch, p->dir);
	m.is_trial = false;
	return err ? err : move_all(&m, scratch, p->dir);
}

int place_file(const struct placement *p, int fd, struct buf *why)
{
	const struct mover m = { p, why, false };

	if (p->unpack && archive_is_known(fd, p->name))
		return place_archive(p, fd, why);
	return move(&m, p->dir, p->part, p->dir, p->name);
}
