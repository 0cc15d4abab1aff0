// SPDX-License-Identifier: Apache-2.0
/*
 * fsck --export: the tree as plain files. The store is only read; what is wrong
 * with it is told and left out. Everything is made relative to the descriptor
 * of the directory that it belongs in, and made new: no link that somebody put
 * there is followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "checking.h"
#include "store/content.h"

#define DEPTH_MOST                                                             \
	500 /* each level holds a descriptor and a piece of stack              \
	     */
#define FIRST_SLOTS 64

/* A file with more than one name. */
struct linked {
	struct table_link link;
	uint64_t ino;
	char path[]; /* from the top */
};

struct export
{
	struct checking *c;
	int top;
	struct buf path;    /* of what is being written, from the top */
	struct table links; /* of struct linked */
};

struct child {
	struct node_attr attr;
	char name[256];
};

struct children {
	struct child *child;
	size_t count, cap;
	int err;
};

static int export_dir(struct export *x, uint64_t ino, int fd, int depth);

/* ---- listing ---- */

static int add_child(void *arg, const char *name, const struct node_attr *attr,
		     uint64_t cookie)
{
	struct children *l = arg;

	(void)cookie;
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct child *child = realloc(l->child, cap * sizeof(*child));

		if (!child) {
			l->err = -ENOMEM;
			return 1;
		}
		l->child = child;
		l->cap = cap;
	}
	l->child[l->count].attr = *attr;
	snprintf(l->child[l->count].name, sizeof(l->child->name), "%s", name);
	l->count++;
	return 0;
}

static void children_release(struct children *l)
{
	free(l->child);
}

/* ---- files with several names ---- */

static struct linked *linked_of(struct table_link *link)
{
	return (struct linked *)link;
}

static uint64_t hash_ino(uint64_t ino)
{
	return ino * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

static uint64_t hash_of(const struct table_link *link)
{
	return hash_ino(((const struct linked *)link)->ino);
}

static struct linked *find_linked(const struct table *links, uint64_t ino)
{
	struct linked *l = linked_of(table_chain(links, hash_ino(ino)));

	while (l && l->ino != ino)
		l = linked_of(l->link.next);
	return l;
}

/* True: it is there under another name, and now under this one too. */
static bool link_known(struct export *x, const struct child *f, int dir)
{
	const struct linked *known = find_linked(&x->links, f->attr.ino);

	return known && !linkat(x->top, known->path, dir, f->name, 0);
}

/* One that cannot be remembered comes out as two files. */
static void remember_link(struct export *x, const struct child *f)
{
	struct linked *l;

	if (f->attr.nlink < 2 || find_linked(&x->links, f->attr.ino))
		return;
	l = malloc(sizeof(*l) + x->path.len + 1);
	if (!l)
		return;
	l->ino = f->attr.ino;
	memcpy(l->path, x->path.data, x->path.len + 1);
	table_add(&x->links, &l->link);
}

/* ---- one node ---- */

/* Owners only as far as we may. */
static int set_attr(int fd, const struct node_attr *a)
{
	struct timespec times[2] = { clock_to_timespec(a->atime),
				     clock_to_timespec(a->mtime) };

	if (fchown(fd, a->uid, a->gid) && errno != EPERM)
		return -errno;
	if (fchmod(fd, a->mode & 07777) || futimens(fd, times))
		return -errno;
	return 0;
}

static int copy_bytes(struct content *c, int to, uint64_t size)
{
	int fd;
	struct opening *reading = content_begin_read(c, &fd);
	int err = blob_copy_all(fd, to, (off_t)size);

	content_end_read(reading);
	return err;
}

static int export_file(struct export *x, const struct child *f, int dir)
{
	AUTO(content_release) struct content *c = NULL;
	AUTO(close_fd) int to = -1;
	int err;

	if (link_known(x, f, dir))
		return 0;
	err = content_open(x->c->st, f->attr.ino, O_RDONLY, &c);
	if (err)
		return err;
	to = openat(dir, f->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	err = copy_bytes(c, to, f->attr.size);
	if (!err)
		err = set_attr(to, &f->attr);
	if (!err)
		remember_link(x, f);
	return err;
}

static int export_link(struct export *x, const struct child *f, int dir)
{
	AUTO(buf_release) struct buf target = BUF_INIT(BUF_MAX);
	struct timespec times[2] = { clock_to_timespec(f->attr.atime),
				     clock_to_timespec(f->attr.mtime) };
	int err = node_read_link(x->c->st, f->attr.ino, &target);

	if (err)
		return err;
	if (symlinkat(target.data, dir, f->name) ||
	    utimensat(dir, f->name, times, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (fchownat(dir, f->name, f->attr.uid, f->attr.gid,
		     AT_SYMLINK_NOFOLLOW) &&
	    errno != EPERM)
		return -errno;
	return 0;
}

static int export_special(const struct child *f, int dir)
{
	if (mknodat(dir, f->name, (f->attr.mode & S_IFMT) | 0600, 0) ||
	    fchmodat(dir, f->name, f->attr.mode & 07777, 0))
		return -errno;
	if (fchownat(dir, f->name, f->attr.uid, f->attr.gid,
		     AT_SYMLINK_NOFOLLOW) &&
	    errno != EPERM)
		return -errno;
	return 0;
}

static int export_subdir(struct export *x, const struct child *f, int dir,
			 int depth)
{
	AUTO(close_fd) int fd = -1;
	int err;

	if (depth > DEPTH_MOST)
		return -ELOOP;
	if (mkdirat(dir, f->name, 0700))
		return -errno;
	fd = openat(dir, f->name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = export_dir(x, f->attr.ino, fd, depth);
	return err ? err : set_attr(fd, &f->attr);
}

static int export_child(struct export *x, const struct child *f, int dir,
			int depth)
{
	switch (f->attr.mode & S_IFMT) {
	case S_IFREG:
		return export_file(x, f, dir);
	case S_IFDIR:
		return export_subdir(x, f, dir, depth + 1);
	case S_IFLNK:
		return export_link(x, f, dir);
	default:
		return export_special(f, dir);
	}
}

/* What cannot be written is told, and the others go on; but a full disk ends
 * it. */
static int export_dir(struct export *x, uint64_t ino, int fd, int depth)
{
	AUTO(children_release) struct children list = { 0 };
	size_t len = x->path.len;
	int err = node_each(x->c->st, ino, 0, add_child, &list);

	if (!err)
		err = list.err;
	for (size_t i = 0; i < list.count && !err; i++) {
		buf_addf(&x->path, "%s%s", len ? "/" : "", list.child[i].name);
		err = x->path.err;
		if (!err)
			err = export_child(x, &list.child[i], fd, depth);
		if (err && err != -ENOSPC && err != -ENOMEM && err != -EDQUOT) {
			checking_say(x->c, "%s: %s", x->path.data,
				     strerror(-err));
			err = 0;
		}
		x->path.data[len] = 0;
		x->path.len = len;
	}
	return err;
}

/* ---- the whole ---- */

static bool is_empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	bool empty = d;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			empty = false;
	if (d)
		closedir(d);
	else
		close_fd(&copy);
	return empty;
}

static int open_top(const char *dir, int *ret_fd)
{
	AUTO(close_fd) int fd = -1;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!is_empty(fd))
		return -ENOTEMPTY;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int export_all(struct checking *c, const char *dir)
{
	AUTO(close_fd) int top = -1;
	struct export x = { .c = c, .path = BUF_INIT(BUF_MAX) };
	struct node_attr root;
	int err = open_top(dir, &top);

	if (err)
		return err;
	x.top = top;
	err = table_init(&x.links, FIRST_SLOTS, hash_of);
	if (!err)
		err = node_get(c->st, STORE_ROOT, &root);
	if (!err)
		err = export_dir(&x, STORE_ROOT, top, 0);
	if (!err)
		err = set_attr(top, &root);
	table_release(&x.links, table_free);
	buf_release(&x.path);
	return err;
}

int check_export(const char *path, const char *dir,
		 void (*say)(void *arg, const char *sentence), void *arg)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct store_options o = { .read_only = true };
	struct checking c = { .loose = { .say = say, .arg = arg } };
	int err = store_open_as(path, &o, STORE_LOOSE, &c.loose, &why, &c.st);

	if (err && why.len)
		say(arg, why.data);
	if (!err)
		err = export_all(&c, dir);
	store_release(&c.st);
	loose_release(&c.loose);
	return err;
}
