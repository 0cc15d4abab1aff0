// SPDX-License-Identifier: Apache-2.0
/* Names: what each operation answers, and which times and counts it moves. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/content.h"
#include "store/file.h"
#include "store/node.h"
#include "store_help.h"
#include "unit.h"

TEST(node_makes_and_finds_all_types)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_attr a, b;
	struct node_new n = { .mode = S_IFDIR | 0750, .uid = 7, .gid = 8 };

	CHECK(st);
	CHECK_INT(node_make(st, STORE_ROOT, "d", &n, &a), 0);
	CHECK_INT(a.mode, S_IFDIR | 0750);
	CHECK_INT(a.nlink, 2);
	CHECK_INT(a.uid, 7);
	CHECK_INT(a.gid, 8);
	CHECK_INT(a.parent, STORE_ROOT);
	n.mode = S_IFREG | 0644;
	CHECK_INT(node_make(st, a.ino, "f", &n, &b), 0);
	CHECK_INT(b.size, 0);
	CHECK_INT(b.nlink, 1);
	CHECK_INT(node_find(st, a.ino, "f", &a), 0);
	CHECK_INT(a.ino, b.ino);
	n.mode = S_IFIFO | 0600;
	CHECK_INT(node_make(st, STORE_ROOT, "p", &n, &a), 0);
	n.mode = S_IFSOCK | 0600;
	CHECK_INT(node_make(st, STORE_ROOT, "s", &n, &a), 0);
	n.mode = S_IFCHR | 0600;
	CHECK_INT(node_make(st, STORE_ROOT, "c", &n, &a), -EPERM);
	n.mode = S_IFLNK;
	n.target = "d/f";
	CHECK_INT(node_make(st, STORE_ROOT, "l", &n, &a), 0);
	CHECK_INT(a.size, 3);
	CHECK_INT(a.mode, S_IFLNK | 0777);
	AUTO(buf_release) struct buf target = BUF_INIT(100);
	CHECK_INT(node_read_link(st, a.ino, &target), 0);
	CHECK_STR(target.data, "d/f");
	CHECK_INT(node_read_link(st, b.ino, &target), -EINVAL);
	CHECK_INT(node_walk(st, "d/f", &a), 0);
	CHECK_INT(a.ino, b.ino);
	CHECK_INT(node_get(st, STORE_ROOT, &a), 0);
	CHECK_INT(a.nlink, 3);
}

TEST(node_answers_errors)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	char longest[257];
	struct node_attr a;
	uint64_t d = help_dir(st, STORE_ROOT, "d");
	uint64_t f = help_file(st, d, "f", "x");

	memset(longest, 'n', 256);
	longest[256] = 0;
	CHECK_INT(node_find(st, d, longest, &a), -ENAMETOOLONG);
	CHECK_INT(help_make(st, d, longest, S_IFREG | 0644, &a), -ENAMETOOLONG);
	longest[255] = 0;
	CHECK_INT(help_make(st, d, longest, S_IFREG | 0644, &a), 0);
	CHECK_INT(help_make(st, d, "f", S_IFREG | 0644, &a), -EEXIST);
	CHECK_INT(help_make(st, d, "a/b", S_IFREG | 0644, &a), -EINVAL);
	CHECK_INT(help_make(st, f, "x", S_IFREG | 0644, &a), -ENOTDIR);
	CHECK_INT(help_make(st, 999, "x", S_IFREG | 0644, &a), -ENOENT);
	CHECK_INT(node_get(st, 999, &a), -ESTALE);
	CHECK_INT(node_find(st, d, "none", &a), -ENOENT);
	CHECK_INT(node_find(st, f, "x", &a), -ENOTDIR);
	CHECK_INT(node_find(st, d, ".", &a), 0);
	CHECK_INT(a.ino, d);
	CHECK_INT(node_find(st, d, "..", &a), 0);
	CHECK_INT(a.ino, STORE_ROOT);
	CHECK_INT(node_find(st, STORE_ROOT, "..", &a), 0);
	CHECK_INT(a.ino, STORE_ROOT);
	CHECK_INT(node_unlink(st, d, "none"), -ENOENT);
	CHECK_INT(node_unlink(st, STORE_ROOT, "d"), -EISDIR);
	CHECK_INT(node_rmdir(st, d, "f"), -ENOTDIR);
	CHECK_INT(node_rmdir(st, STORE_ROOT, "d"), -ENOTEMPTY);
	CHECK_INT(node_link(st, d, d, "x", &a), -EPERM);
	CHECK_INT(node_link(st, f, d, "f", &a), -EEXIST);
	CHECK_INT(node_link(st, 999, d, "x", &a), -ESTALE);
	CHECK_INT(node_walk(st, "d/f/x", &a), -ENOTDIR);
	CHECK_INT(node_walk(st, "d/none", &a), -ENOENT);
}

TEST(node_setgid_is_handed_on)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_new n = { .mode = S_IFDIR | 02775, .uid = 1, .gid = 50 };
	struct node_attr d, a;

	CHECK_INT(node_make(st, STORE_ROOT, "d", &n, &d), 0);
	n = (struct node_new){ .mode = S_IFDIR | 0755, .uid = 2, .gid = 60 };
	CHECK_INT(node_make(st, d.ino, "sub", &n, &a), 0);
	CHECK_INT(a.gid, 50);
	CHECK_INT(a.mode, S_IFDIR | 02755);
	n.mode = S_IFREG | 0644;
	CHECK_INT(node_make(st, d.ino, "f", &n, &a), 0);
	CHECK_INT(a.gid, 50);
	CHECK_INT(a.uid, 2);
	CHECK_INT(a.mode, S_IFREG | 0644);
}

/* Did exactly these times move, when asked to compare before and after? */
#define MOVED(before, after)                                                   \
	(((after).atime != (before).atime) * 4 +                               \
	 ((after).mtime != (before).mtime) * 2 +                               \
	 ((after).ctime != (before).ctime))

TEST(node_times_move_as_on_ext4)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t d = help_dir(st, STORE_ROOT, "d");
	uint64_t e = help_dir(st, STORE_ROOT, "e");
	uint64_t f = help_file(st, d, "f", "x");
	struct node_attr d0, d1, e0, e1, f0, f1, a;
	struct node_change mode = { .what = CHANGE_MODE, .mode = 0600 };
	struct node_change times = { .what = CHANGE_ATIME | CHANGE_MTIME,
				     .atime = 1234567890123456789,
				     .mtime = -1 };

#define BEFORE()                                                               \
	do {                                                                   \
		node_get(st, d, &d0);                                          \
		node_get(st, e, &e0);                                          \
		node_get(st, f, &f0);                                          \
		usleep(25000);                                                 \
	} while (0)
#define AFTER(want_d, want_e, want_f)                                          \
	do {                                                                   \
		node_get(st, d, &d1);                                          \
		node_get(st, e, &e1);                                          \
		node_get(st, f, &f1);                                          \
		CHECK_INT(MOVED(d0, d1), want_d);                              \
		CHECK_INT(MOVED(e0, e1), want_e);                              \
		CHECK_INT(MOVED(f0, f1), want_f);                              \
	} while (0)
	BEFORE();
	CHECK_INT(help_make(st, d, "g", S_IFREG | 0644, &a), 0);
	CHECK(a.atime == a.mtime && a.mtime == a.ctime);
	AFTER(3, 0, 0);
	BEFORE();
	CHECK_INT(node_link(st, f, e, "f2", &a), 0);
	CHECK_INT(a.nlink, 2);
	AFTER(0, 3, 1);
	BEFORE();
	CHECK_INT(node_unlink(st, e, "f2"), 0);
	AFTER(0, 3, 1);
	BEFORE();
	CHECK_INT(node_rename(st, d, "f", d, "ff", 0), 0);
	AFTER(3, 0, 1);
	BEFORE();
	CHECK_INT(node_rename(st, d, "ff", e, "f", 0), 0);
	AFTER(3, 3, 1);
	BEFORE();
	CHECK_INT(node_rename(st, d, "g", e, "f", RENAME_EXCHANGE), 0);
	AFTER(3, 3, 1);
	BEFORE();
	CHECK_INT(node_set(st, f, &mode, &a), 0);
	CHECK_INT(a.mode, S_IFREG | 0600);
	AFTER(0, 0, 1);
	BEFORE();
	CHECK_INT(node_set(st, f, &times, &a), 0);
	AFTER(0, 0, 7);
	CHECK_INT(f1.atime, 1234567890123456789);
	CHECK_INT(f1.mtime, -1);
	BEFORE();
	CHECK_INT(node_rename(st, d, "none", e, "f", 0), -ENOENT);
	CHECK_INT(node_rename(st, d, "g", d, "g", 0), 0);
	AFTER(0, 0, 0);
}

TEST(node_renames)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t d = help_dir(st, STORE_ROOT, "d");
	uint64_t sub = help_dir(st, d, "sub");
	uint64_t empty = help_dir(st, STORE_ROOT, "empty");
	uint64_t f = help_file(st, STORE_ROOT, "f", "eff");
	uint64_t g = help_file(st, STORE_ROOT, "g", "gee");
	struct node_attr a;

	CHECK_INT(node_rename(st, STORE_ROOT, "f", STORE_ROOT, "d", 0),
		  -EISDIR);
	CHECK_INT(node_rename(st, STORE_ROOT, "d", STORE_ROOT, "f", 0),
		  -ENOTDIR);
	CHECK_INT(node_rename(st, STORE_ROOT, "empty", STORE_ROOT, "d", 0),
		  -ENOTEMPTY);
	CHECK_INT(node_rename(st, STORE_ROOT, "d", sub, "x", 0), -EINVAL);
	CHECK_INT(node_rename(st, STORE_ROOT, "d", d, "x", 0), -EINVAL);
	CHECK_INT(node_rename(st, d, "sub", STORE_ROOT, "d", RENAME_EXCHANGE),
		  -EINVAL);
	CHECK_INT(node_rename(st, STORE_ROOT, "f", STORE_ROOT, "g",
			      RENAME_NOREPLACE),
		  -EEXIST);
	CHECK_INT(node_rename(st, STORE_ROOT, "f", STORE_ROOT, "none",
			      RENAME_EXCHANGE),
		  -ENOENT);
	CHECK_INT(node_rename(st, STORE_ROOT, "f", STORE_ROOT, "g",
			      RENAME_EXCHANGE | RENAME_NOREPLACE),
		  -EINVAL);
	CHECK_INT(node_rename(st, STORE_ROOT, "f", 999, "g", 0), -ENOENT);
	/* a directory over an empty one */
	CHECK_INT(node_rename(st, d, "sub", STORE_ROOT, "empty", 0), 0);
	CHECK_INT(node_get(st, d, &a), 0);
	CHECK_INT(a.nlink, 2);
	CHECK_INT(node_get(st, STORE_ROOT, &a), 0);
	CHECK_INT(a.nlink, 4);
	CHECK_INT(node_find(st, STORE_ROOT, "empty", &a), 0);
	CHECK_INT(a.ino, sub);
	CHECK_INT(a.parent, STORE_ROOT);
	CHECK_INT(node_get(st, empty, &a), -ESTALE);
	/* a file over a file; two names of one file */
	CHECK_INT(node_rename(st, STORE_ROOT, "f", STORE_ROOT, "g", 0), 0);
	CHECK_INT(node_get(st, g, &a), -ESTALE);
	CHECK_INT(node_link(st, f, d, "h", &a), 0);
	CHECK_INT(node_rename(st, d, "h", STORE_ROOT, "g", 0), 0);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.nlink, 2);
	CHECK_INT(node_rename(st, d, "h", STORE_ROOT, "g", RENAME_NOREPLACE),
		  -EEXIST);
	/* a file and a directory change places */
	CHECK_INT(node_rename(st, STORE_ROOT, "g", d, "h", RENAME_EXCHANGE), 0);
	CHECK_INT(node_rename(st, STORE_ROOT, "empty", d, "h", RENAME_EXCHANGE),
		  0);
	CHECK_INT(node_get(st, d, &a), 0);
	CHECK_INT(a.nlink, 3);
	CHECK_INT(node_get(st, STORE_ROOT, &a), 0);
	CHECK_INT(a.nlink, 3);
	CHECK_INT(node_find(st, d, "h", &a), 0);
	CHECK_INT(a.ino, sub);
}

TEST(node_unlinked_lives_while_known)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	AUTO(buf_release) struct buf path = BUF_INIT(1000);
	uint64_t d = help_dir(st, STORE_ROOT, "d");
	uint64_t f = help_file(st, d, "f", "abc");
	struct content *c = NULL;
	struct node_attr a;
	char bytes[8];

	CHECK_INT(node_put_path(st, f, &path), 0);
	CHECK_STR(path.data, "d/f");
	node_remember(st, f);
	node_remember(st, f);
	CHECK_INT(node_unlink(st, d, "f"), 0);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.nlink, 0);
	buf_clear(&path);
	CHECK_INT(node_put_path(st, f, &path), 0);
	CHECK_STR(path.data, "(deleted) f");
	CHECK_INT(node_link(st, f, d, "again", &a), -ENOENT);
	node_forget(st, f, 1);
	CHECK_INT(content_open(st, f, O_RDWR, &c), 0);
	node_forget(st, f, 1);
	CHECK_INT(content_read(c, bytes, 8, 0), 3);
	CHECK_INT(content_write(c, "d", 1, 3, false), 1);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.size, 4);
	content_close(c);
	CHECK_INT(node_get(st, f, &a), -ESTALE);

	node_remember(st, d);
	CHECK_INT(node_rmdir(st, STORE_ROOT, "d"), 0);
	CHECK_INT(help_make(st, d, "x", S_IFREG | 0644, &a), -ENOENT);
	CHECK_INT(node_find(st, d, "..", &a), -ENOENT);
	CHECK_INT(help_count(st, d), 0);
	node_forget(st, d, 1);
	CHECK_INT(node_get(st, d, &a), -ESTALE);
}

/* ---- listing ---- */

struct listing {
	struct store *st;
	uint64_t cookie;
	unsigned int room, count;
	char last[32];
};

static int take_some(void *arg, const char *name, const struct node_attr *attr,
		     uint64_t cookie)
{
	struct listing *l = arg;

	(void)attr;
	if (!l->room)
		return 1;
	l->room--;
	l->count++;
	l->cookie = cookie;
	snprintf(l->last, sizeof(l->last), "%s", name);
	return 0;
}

/* rm -r: list some, remove what was listed, go on from the cookie. */
TEST(node_listing_goes_on_while_names_go)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t d = help_dir(st, STORE_ROOT, "d");
	struct listing l = { .st = st };
	unsigned int total = 0;
	struct node_attr a;

	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d", i);
		CHECK_INT(help_make(st, d, name, S_IFREG | 0644, &a), 0);
	}
	for (;;) {
		unsigned int first = total;

		l.room = 100;
		l.count = 0;
		CHECK_INT(node_each(st, d, l.cookie, take_some, &l), 0);
		if (!l.count)
			break;
		total += l.count;
		for (unsigned int i = first; i < total; i++) {
			char name[32];

			snprintf(name, sizeof(name), "n%u", i);
			CHECK_INT(node_unlink(st, d, name), 0);
		}
		/* and other names come */
		if (total < 1000) {
			snprintf(l.last, sizeof(l.last), "n%u", 3000 + first);
			CHECK_INT(help_make(st, d, l.last, S_IFREG | 0644, &a),
				  0);
			CHECK_INT(node_unlink(st, d, l.last), 0);
		}
	}
	CHECK_INT(total, 3000);
	CHECK_INT(help_count(st, d), 0);
	CHECK_INT(node_rmdir(st, STORE_ROOT, "d"), 0);
}

TEST(node_large_directory)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t d = help_dir(st, STORE_ROOT, "d");
	struct listing l = { .st = st };
	unsigned int total = 0;
	struct node_attr a;

	for (int i = 0; i < 100000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d", i);
		CHECK_INT(help_make(st, d, name, S_IFREG | 0644, &a), 0);
	}
	do {
		l.room = 50;
		l.count = 0;
		CHECK_INT(node_each(st, d, l.cookie, take_some, &l), 0);
		total += l.count;
	} while (l.count);
	CHECK_INT(total, 100000);
	for (int i = 0; i < 100000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d", i);
		CHECK_INT(node_unlink(st, d, name), 0);
	}
	CHECK_INT(help_count(st, d), 0);
}

TEST(node_aliases)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t kind = help_dir(st, STORE_ROOT, "models");
	uint64_t home = help_dir(st, kind, "m");
	uint64_t other = help_dir(st, STORE_ROOT, "other");
	uint64_t got = 0;
	struct node_attr a;

	CHECK_INT(node_alias_put(st, kind, "m.yaml", home), 0);
	CHECK_INT(node_alias_get(st, kind, "m.yaml", &got), 0);
	CHECK_INT(got, home);
	CHECK_INT(node_find(st, kind, "m.yaml", &a), -ENOENT);
	CHECK_INT(node_unlink(st, kind, "m.yaml"), -ENOENT);
	CHECK_INT(help_count(st, kind), 1);
	CHECK_INT(node_alias_put(st, kind, "m", home), -EEXIST);
	/* a plain name takes over */
	CHECK_INT(help_make(st, kind, "m.yaml", S_IFREG | 0644, &a), 0);
	CHECK_INT(node_alias_get(st, kind, "m.yaml", &got), -ENOENT);
	CHECK_INT(node_unlink(st, kind, "m.yaml"), 0);
	/* also by rename */
	CHECK_INT(node_alias_put(st, kind, "m.yaml", home), 0);
	CHECK_INT(help_make(st, kind, "x", S_IFREG | 0644, &a), 0);
	CHECK_INT(node_rename(st, kind, "x", kind, "m.yaml", 0), 0);
	CHECK_INT(node_alias_get(st, kind, "m.yaml", &got), -ENOENT);
	CHECK_INT(node_unlink(st, kind, "m.yaml"), 0);
	/* it is there after the next open, and goes with its home */
	CHECK_INT(node_alias_put(st, kind, "m.yaml", home), 0);
	help_reopen(&st);
	CHECK_INT(node_alias_get(st, kind, "m.yaml", &got), 0);
	CHECK_INT(node_rename(st, kind, "m", kind, "mm", 0), 0);
	CHECK_INT(node_alias_get(st, kind, "m.yaml", &got), 0);
	CHECK_INT(node_rename(st, kind, "mm", other, "m", 0), 0);
	CHECK_INT(node_alias_get(st, kind, "m.yaml", &got), -ENOENT);
	CHECK_INT(node_alias_drop(st, kind, "m.yaml"), -ENOENT);
	/* a directory with nothing but aliases is empty */
	CHECK_INT(node_alias_put(st, kind, "y", kind), 0);
	CHECK_INT(node_rmdir(st, STORE_ROOT, "models"), 0);
	help_reopen(&st);
	CHECK_INT(help_count(st, STORE_ROOT), 1);
}

TEST(node_trees)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t kind = help_dir(st, STORE_ROOT, "models");
	uint64_t m = help_dir(st, kind, "m"), n = help_dir(st, kind, "n");
	uint64_t deep = help_dir(st, m, "deep"), more;
	struct node_change size = { .what = CHANGE_SIZE, .size = 3 };
	struct node_tree t, u;
	struct node_attr a;
	uint64_t f;

#define TREE(dir, want_files, want_bytes)                                      \
	do {                                                                   \
		CHECK_INT(node_get_tree(st, dir, &t), 0);                      \
		CHECK_INT(t.files, want_files);                                \
		CHECK_INT(t.bytes, want_bytes);                                \
	} while (0)
	f = help_file(st, deep, "f", "0123456789");
	TREE(m, 1, 10);
	TREE(n, 0, 0);
	u = t;
	TREE(kind, 1, 10);
	TREE(deep, 1, 10);
	CHECK_INT(node_get_tree(st, m, &u), 0);
	CHECK_INT(node_set(st, f, &size, &a), 0);
	TREE(m, 1, 3);
	CHECK(t.changes > u.changes);
	CHECK(t.changed >= a.ctime);
	CHECK_INT(node_link(st, f, n, "g", &a), 0);
	TREE(n, 1, 3);
	more = help_dir(st, deep, "more");
	help_file(st, more, "h", "xx");
	TREE(m, 2, 5);
	/* between trees, up to one, and down again */
	CHECK_INT(node_rename(st, m, "deep", n, "deep", 0), 0);
	TREE(m, 0, 0);
	TREE(n, 3, 8);
	CHECK_INT(node_rename(st, deep, "more", kind, "more", 0), 0);
	TREE(n, 2, 6);
	TREE(more, 1, 2);
	CHECK_INT(node_rename(st, kind, "more", kind, "renamed", 0), 0);
	TREE(more, 1, 2);
	CHECK_INT(node_rename(st, kind, "renamed", m, "x", 0), 0);
	TREE(m, 1, 2);
	CHECK_INT(node_rename(st, m, "x", n, "deep", RENAME_EXCHANGE), 0);
	TREE(m, 1, 3);
	TREE(n, 2, 5);
	CHECK_INT(node_rename(st, STORE_ROOT, "models", m, "x", 0), -EINVAL);
	help_reopen(&st);
	TREE(m, 1, 3);
	TREE(n, 2, 5);
	CHECK_INT(file_remove(st, kind, "n"), 0);
	CHECK_INT(node_get_tree(st, n, &t), -ESTALE);
	CHECK_INT(node_unlink(st, deep, "f"), 0);
	TREE(m, 0, 0);
}

/* What Jupyter keeps beside the files is none of them, wherever it stands. */
TEST(node_tree_checkpoints)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t kind = help_dir(st, STORE_ROOT, "models");
	uint64_t m = help_dir(st, kind, "m"), deep = help_dir(st, m, "deep");
	uint64_t kept = help_dir(st, deep, ".ipynb_checkpoints");
	uint64_t in = help_dir(st, kept, "in");
	struct node_change size = { .what = CHANGE_SIZE, .size = 3 };
	struct node_tree t, u;
	struct node_attr a;
	uint64_t f;

	help_file(st, deep, "f", "0123456789");
	TREE(m, 1, 10);
	u = t;
	f = help_file(st, in, "f-checkpoint", "0123456789");
	CHECK_INT(node_set(st, f, &size, &a), 0);
	TREE(m, 1, 10);
	CHECK_INT(t.changed, u.changed);
	TREE(deep, 1, 10);
	TREE(kind, 1, 10);
	CHECK_INT(node_link(st, f, kept, "g", &a), 0);
	TREE(kept, 2, 6);
	/* the directory's name decides, and a file's place */
	CHECK_INT(node_rename(st, deep, ".ipynb_checkpoints", m, "x", 0), 0);
	TREE(m, 3, 16);
	CHECK_INT(node_rename(st, m, "x", m, ".ipynb_checkpoints", 0), 0);
	TREE(m, 1, 10);
	CHECK_INT(node_rename(st, in, "f-checkpoint", m, "h", 0), 0);
	TREE(m, 2, 13);
	CHECK_INT(node_rename(st, kept, "in", m, "in", 0), 0);
	help_reopen(&st);
	TREE(m, 2, 13);
	/* a file of that name is a file */
	help_file(st, deep, ".ipynb_checkpoints", "x");
	TREE(m, 3, 14);
	CHECK_INT(node_unlink(st, kept, "g"), 0);
	CHECK_INT(file_remove(st, m, ".ipynb_checkpoints"), 0);
	TREE(m, 3, 14);
}

TEST_STARVED(node_out_of_memory)
{
	AUTO(store_release) struct store *st = NULL;
	struct store_options o = { .journal_bytes = 1 };
	struct node_attr a, d;
	uint64_t got;

	ENOUGH(store_open(help_path("s"), &o, NULL, &st));
	ENOUGH(help_make(st, STORE_ROOT, "d", S_IFDIR | 0755, &d));
	ENOUGH(help_make(st, d.ino, "f", S_IFREG | 0644, &a));
	ENOUGH(help_make(st, d.ino, "l", S_IFLNK | 0644, &a));
	ENOUGH(node_link(st, a.ino, STORE_ROOT, "l2", &a));
	ENOUGH(node_rename(st, d.ino, "f", STORE_ROOT, "f", 0));
	ENOUGH(node_rename(st, STORE_ROOT, "f", STORE_ROOT, "l2", 0));
	ENOUGH(node_alias_put(st, STORE_ROOT, "al", d.ino));
	ENOUGH(node_alias_get(st, STORE_ROOT, "al", &got));
	ENOUGH(file_put(st, d.ino, "g", 0644, NULL, "text", 4));
	ENOUGH(node_unlink(st, d.ino, "l"));
	ENOUGH(file_remove(st, STORE_ROOT, "d"));
}
