// SPDX-License-Identifier: Apache-2.0
/*
 * Random operations on a store and on a plain directory, step by step: both
 * give the same errno, and the same types, modes, sizes, links and listings.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/content.h"
#include "store_help.h"
#include "unit.h"

#define STEPS 6000

struct pair {
	struct store *st;
	int top; /* of the plain directory */
	unsigned int seed;
};

struct place {
	char path[80]; /* "a/b/c" */
	char dir[64];
	char name[8];
};

static unsigned int roll(struct pair *p, unsigned int below)
{
	p->seed = p->seed * 1103515245 + 12345;
	return (p->seed >> 16) % below;
}

/* Few names and little depth, so that they meet often. */
static struct place roll_place(struct pair *p)
{
	struct place at = { .path = "" };
	unsigned int depth = roll(p, 3);

	for (unsigned int i = 0; i < depth; i++) {
		char part[4] = { (char)('a' + roll(p, 3)), 0 };

		if (i)
			strcat(at.dir, "/");
		strcat(at.dir, part);
	}
	sprintf(at.name, "%c", 'a' + roll(p, 5));
	snprintf(at.path, sizeof(at.path), "%s%s%s", at.dir, *at.dir ? "/" : "",
		 at.name);
	return at;
}

/* As the kernel walks: a link on the way leads nowhere. */
static int walk(struct pair *p, const char *path, struct node_attr *ret_attr)
{
	char part[64];

	for (size_t i = 0; path[i]; i++) {
		struct node_attr a;

		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (!node_walk(p->st, part, &a) && S_ISLNK(a.mode))
			return -ENOENT;
	}
	return node_walk(p->st, path, ret_attr);
}

static int dir_of(struct pair *p, const struct place *at, uint64_t *ret_dir)
{
	struct node_attr a;
	int err = walk(p, at->dir, &a);

	if (!err && !S_ISDIR(a.mode))
		err = S_ISLNK(a.mode) ? -ENOENT : -ENOTDIR;
	*ret_dir = a.ino;
	return err;
}

/* ---- each operation, on both ---- */

static int sys_result(int result)
{
	return result < 0 ? -errno : 0;
}

static int sys_make(struct pair *p, const struct place *at, mode_t mode)
{
	int fd;

	switch (mode & S_IFMT) {
	case S_IFDIR:
		return sys_result(mkdirat(p->top, at->path, mode & 07777));
	case S_IFLNK:
		return sys_result(symlinkat("nowhere", p->top, at->path));
	case S_IFIFO:
		return sys_result(mkfifoat(p->top, at->path, mode & 07777));
	}
	fd = openat(p->top, at->path, O_CREAT | O_EXCL | O_WRONLY,
		    mode & 07777);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int do_make(struct pair *p, int *ret_plain)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFDIR, S_IFLNK,
					S_IFIFO };
	struct place at = roll_place(p);
	mode_t mode = types[roll(p, 5)] | 0644;
	struct node_new n = { .mode = mode, .target = "nowhere" };
	struct node_attr a;
	uint64_t dir;
	int err = dir_of(p, &at, &dir);

	*ret_plain = sys_make(p, &at, mode);
	return err ? err : node_make(p->st, dir, at.name, &n, &a);
}

static int do_remove(struct pair *p, int *ret_plain)
{
	struct place at = roll_place(p);
	bool as_dir = roll(p, 2);
	uint64_t dir;
	int err = dir_of(p, &at, &dir);

	*ret_plain = sys_result(
		unlinkat(p->top, at.path, as_dir ? AT_REMOVEDIR : 0));
	if (err)
		return err;
	return as_dir ? node_rmdir(p->st, dir, at.name)
		      : node_unlink(p->st, dir, at.name);
}

static int do_link(struct pair *p, int *ret_plain)
{
	struct place from = roll_place(p), to = roll_place(p);
	struct node_attr a;
	uint64_t dir;
	int err = walk(p, from.path, &a);
	int dir_err = dir_of(p, &to, &dir);

	*ret_plain = sys_result(linkat(p->top, from.path, p->top, to.path, 0));
	if (err || dir_err)
		return err ? err : dir_err;
	/* the kernel looks at the new name first */
	if (S_ISDIR(a.mode)) {
		struct node_attr b;

		return node_find(p->st, dir, to.name, &b) ? -EPERM : -EEXIST;
	}
	return node_link(p->st, a.ino, dir, to.name, &a);
}

/* The kernel refuses an ancestor as a target before any file system sees it. */
static bool is_above(const struct place *above, const struct place *below)
{
	size_t len = strlen(above->path);

	return !strncmp(above->path, below->path, len) &&
	       below->path[len] == '/';
}

static int do_rename(struct pair *p, int *ret_plain)
{
	static const unsigned int flags[] = { 0, 0, 0, RENAME_NOREPLACE,
					      RENAME_EXCHANGE };
	struct place from = roll_place(p), to = roll_place(p);
	unsigned int how = flags[roll(p, 5)];
	uint64_t dir, new_dir;
	int err, new_err;

	*ret_plain = 0;
	if (is_above(&to, &from))
		return 0;
	err = dir_of(p, &from, &dir);
	new_err = dir_of(p, &to, &new_dir);
	*ret_plain =
		sys_result(renameat2(p->top, from.path, p->top, to.path, how));
	if (err || new_err)
		return err ? err : new_err;
	return node_rename(p->st, dir, from.name, new_dir, to.name, how);
}

static int do_mode(struct pair *p, int *ret_plain)
{
	struct place at = roll_place(p);
	struct node_change c = { .what = CHANGE_MODE, .mode = roll(p, 512) };
	struct node_attr a;
	struct stat s;
	int err = walk(p, at.path, &a);

	*ret_plain =
		sys_result(fstatat(p->top, at.path, &s, AT_SYMLINK_NOFOLLOW));
	if (err || S_ISLNK(a.mode))
		return err;
	*ret_plain = sys_result(fchmodat(p->top, at.path, c.mode, 0));
	return node_set(p->st, a.ino, &c, &a);
}

static int do_truncate(struct pair *p, int *ret_plain)
{
	struct place at = roll_place(p);
	struct node_change c = { .what = CHANGE_SIZE, .size = roll(p, 9000) };
	struct node_attr a;
	int err = walk(p, at.path, &a);
	int fd;

	*ret_plain = err;
	if (err || !S_ISREG(a.mode))
		return err;
	fd = openat(p->top, at.path, O_WRONLY);
	*ret_plain = sys_result(ftruncate(fd, (off_t)c.size));
	close(fd);
	return node_set(p->st, a.ino, &c, &a);
}

static int do_write(struct pair *p, int *ret_plain)
{
	AUTO(content_release) struct content *c = NULL;
	struct place at = roll_place(p);
	unsigned int off = roll(p, 5000), len = 1 + roll(p, 3000);
	char bytes[3001];
	struct node_attr a;
	int err = walk(p, at.path, &a);
	int fd;

	*ret_plain = err;
	if (err || !S_ISREG(a.mode))
		return err;
	memset(bytes, 'a' + (int)roll(p, 26), len);
	fd = openat(p->top, at.path, O_WRONLY);
	*ret_plain = pwrite(fd, bytes, len, off) == len ? 0 : -EIO;
	close(fd);
	err = content_open(p->st, a.ino, O_WRONLY, &c);
	if (err)
		return err;
	return content_write(c, bytes, len, off, false) == (ssize_t)len ? 0
									: -EIO;
}

/* ---- comparing ---- */

static bool same_bytes(struct pair *p, const char *path, uint64_t ino)
{
	AUTO(content_release) struct content *c = NULL;
	AUTO(close_fd) int fd = openat(p->top, path, O_RDONLY);
	char a[16384], b[16384];
	ssize_t x, y;

	if (fd < 0 || content_open(p->st, ino, O_RDONLY, &c))
		return false;
	x = pread(fd, a, sizeof(a), 0);
	y = content_read(c, b, sizeof(b), 0);
	return x == y && x >= 0 && !memcmp(a, b, (size_t)x);
}

static bool same_node(struct pair *p, const char *path, bool links_of_dirs)
{
	struct node_attr a;
	struct stat s;

	if (node_walk(p->st, path, &a) ||
	    fstatat(p->top, *path ? path : ".", &s, AT_SYMLINK_NOFOLLOW))
		return false;
	if (!*path)
		a.mode = s.st_mode;
	if (a.mode != s.st_mode)
		return false;
	if ((!S_ISDIR(a.mode) || links_of_dirs) && a.nlink != s.st_nlink)
		return false;
	if (!S_ISDIR(a.mode) && a.size != (uint64_t)s.st_size)
		return false;
	return !S_ISREG(a.mode) || same_bytes(p, path, a.ino);
}

/* All of the plain tree is in the store, and as many names as there. */
static bool same_tree(struct pair *p, const char *path, bool links_of_dirs)
{
	int fd = openat(p->top, *path ? path : ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool same = d && same_node(p, path, links_of_dirs);
	struct node_attr a;
	struct dirent *e;
	int count = 0;

	while (same && (e = readdir(d))) {
		char below[128];

		if (e->d_name[0] == '.')
			continue;
		count++;
		snprintf(below, sizeof(below), "%.60s%s%.60s", path,
			 *path ? "/" : "", e->d_name);
		same = e->d_type == DT_DIR ? same_tree(p, below, links_of_dirs)
					   : same_node(p, below, links_of_dirs);
		if (!same)
			printf("differs: %s\n", below);
	}
	if (d)
		closedir(d);
	return same && !node_walk(p->st, path, &a) &&
	       help_count(p->st, a.ino) == count;
}

static bool counts_dirs(int top)
{
	struct stat s;

	return !fstat(top, &s) && s.st_nlink == 2;
}

TEST(model_is_as_a_plain_directory)
{
	static int (*const ops[])(struct pair *, int *) = {
		do_make,   do_make,   do_make, do_remove,   do_link,
		do_rename, do_rename, do_mode, do_truncate, do_write,
	};
	struct pair p = { .st = help_open(help_path("s")), .seed = 7 };
	AUTO(buf_release) struct buf plain = BUF_INIT(1000);
	bool links;
	int done = 0;

	CHECK(p.st);
	umask(0);
	buf_addf(&plain, "%s/../plain", store_path(p.st));
	CHECK_INT(mkdir(plain.data, 0755), 0);
	p.top = open(plain.data, O_RDONLY | O_DIRECTORY);
	links = counts_dirs(p.top);
	for (int i = 0; i < STEPS; i++) {
		unsigned int which = roll(&p, ARRAY_SIZE(ops));
		int want, got = ops[which](&p, &want);

		if (got != want)
			printf("step %d, operation %u\n", i, which);
		CHECK_INT(got, want);
		done += !got;
		if (i % 50 == 0)
			CHECK(same_tree(&p, "", links));
		if (i % 1500 == 1499)
			help_reopen(&p.st);
	}
	CHECK(same_tree(&p, "", links));
	help_reopen(&p.st);
	CHECK(same_tree(&p, "", links));
	CHECK(done > STEPS / 10);
	close(p.top);
	store_close(p.st);
}
