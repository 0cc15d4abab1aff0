// SPDX-License-Identifier: Apache-2.0
/* Files with one blob: that they come to have it, and that nobody can tell. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/check.h"
#include "store/content.h"
#include "store_help.h"
#include "unit.h"

#define SIZE ((size_t)100000)

static void fill(char *bytes, char first)
{
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(first + (char)(i * 7 % 23));
}

static uint64_t make(struct store *st, const char *name, char first)
{
	AUTO(content_release) struct content *c = NULL;
	AUTO(free_text) char *bytes = malloc(SIZE);
	struct node_change old = { .what = CHANGE_MTIME | CHANGE_ATIME,
				   .mtime = 1600000000000000000,
				   .atime = 1600000000000000000 };
	struct node_attr a;

	fill(bytes, first);
	if (help_make(st, STORE_ROOT, name, S_IFREG | 0644, &a) ||
	    content_open(st, a.ino, O_WRONLY, &c) ||
	    content_write(c, bytes, SIZE, 0, false) != (ssize_t)SIZE)
		return 0;
	content_release(&c);
	return node_set(st, a.ino, &old, &a) ? 0 : a.ino;
}

/* What a reader gets who is there already. */
static bool reads(struct content *c, char first)
{
	AUTO(free_text) char *bytes = malloc(SIZE);
	AUTO(free_text) char *got = calloc(1, SIZE + 1);

	fill(bytes, first);
	return content_read(c, got, SIZE + 1, 0) == (ssize_t)SIZE &&
	       !memcmp(got, bytes, SIZE);
}

static bool holds(struct store *st, uint64_t ino, char first)
{
	AUTO(content_release) struct content *c = NULL;

	return !content_open(st, ino, O_RDONLY, &c) && reads(c, first);
}

/* The same through a descriptor that the kernel has. */
static bool passes(int fd, char first)
{
	AUTO(free_text) char *bytes = malloc(SIZE);
	AUTO(free_text) char *got = calloc(1, SIZE + 1);

	fill(bytes, first);
	return pread(fd, got, SIZE + 1, 0) == (ssize_t)SIZE &&
	       !memcmp(got, bytes, SIZE);
}

static const char *help_proc(struct content *c)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", content_fd(c));
	return path;
}

/* Blobs that hold something, now. */
static int blobs(struct store *st)
{
	AUTO(buf_release) struct buf command = BUF_INIT(1000);
	int count = -1;
	FILE *f;

	buf_addf(&command, "find %s/blobs -type f -size +0 | wc -l",
		 store_path(st));
	f = popen(command.data, "r");
	if (f && fscanf(f, "%d", &count) != 1)
		count = -1;
	pclose(f);
	return count;
}

static bool comes_to(struct store *st, int count)
{
	for (int i = 0; i < 6000 && blobs(st) != count; i++)
		usleep(10000);
	return blobs(st) == count;
}

static void note(void *arg, const char *sentence)
{
	buf_addf(arg, "%s\n", sentence);
}

static bool is_sound(const char *path)
{
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	struct check_result result = { 0 };
	int err = check_store(path, CHECK_ONLY, note, &said, &result);

	if (err || result.found)
		printf("%d %s", err, said.data);
	return !err && !result.found;
}

/* Three files with one blob, and one with another content. */
struct three {
	struct store *st;
	uint64_t a, b, c, other;
};

static bool open_three(struct three *t)
{
	t->st = help_open(help_path("s"));
	t->a = make(t->st, "a", 'a');
	t->b = make(t->st, "b", 'a');
	t->c = make(t->st, "c", 'a');
	t->other = make(t->st, "other", 'b');
	return t->a && t->b && t->c && comes_to(t->st, 2);
}

static bool close_three(struct three *t, int count)
{
	AUTO(free_text) char *path = strdup(store_path(t->st));
	bool good = comes_to(t->st, count);

	if (!good)
		printf("%d blobs, not %d\n", blobs(t->st), count);
	store_release(&t->st);
	return is_sound(path) && good;
}

/* Two files of equal contents, and a reader of each. */
struct two {
	struct store *st;
	uint64_t a, b;
	struct content *of_a, *of_b;
};

static bool open_two(struct two *t, int flags)
{
	t->st = help_open(help_path("s"));
	t->a = make(t->st, "a", 'a');
	t->b = make(t->st, "b", 'a');
	return t->a && t->b && !content_open(t->st, t->a, flags, &t->of_a) &&
	       !content_open(t->st, t->b, flags, &t->of_b);
}

static void close_readers(struct two *t)
{
	content_release(&t->of_a);
	content_release(&t->of_b);
}

static void two_release(struct two *t)
{
	close_readers(t);
	store_release(&t->st);
}

TEST(share_equal_contents)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	AUTO(content_release) struct content *c = NULL;
	uint64_t a = make(st, "a", 'a'), b = make(st, "b", 'a');
	struct node_attr before, after;
	char hex[2][65];

	CHECK(a && b);
	help_file(st, STORE_ROOT, "small", "abc");
	help_file(st, STORE_ROOT, "small too", "abc");
	CHECK_INT(node_get(st, b, &before), 0);
	CHECK(comes_to(st, 3));
	CHECK_INT(node_get(st, b, &after), 0);
	CHECK_INT(after.ctime, before.ctime);
	CHECK_INT(after.mtime, before.mtime);
	CHECK_INT(after.size, before.size);
	CHECK_INT(node_get_digest(st, a, hex[0]), 0);
	CHECK_INT(node_get_digest(st, b, hex[1]), 0);
	CHECK_STR(hex[0], hex[1]);
	CHECK(content_is_shared(st, a) && content_is_shared(st, b));
	help_reopen(&st);
	CHECK(content_is_shared(st, a) && content_is_shared(st, b));
	CHECK(holds(st, a, 'a') && holds(st, b, 'a'));
	/* one goes, and the other has the bytes */
	CHECK_INT(node_unlink(st, STORE_ROOT, "a"), 0);
	usleep(700000);
	CHECK_INT(blobs(st), 3);
	CHECK(holds(st, b, 'a'));
	/* the last one writes it where it is */
	CHECK_INT(content_open(st, b, O_WRONLY, &c), 0);
	CHECK_INT(blobs(st), 3);
	content_release(&c);
	CHECK_INT(node_unlink(st, STORE_ROOT, "b"), 0);
	CHECK(comes_to(st, 2));
}

/* A file that is read at the time is moved when it is closed. */
TEST(share_when_closed)
{
	AUTO(two_release) struct two t = { 0 };

	CHECK(open_two(&t, O_RDONLY) && help_digests(t.st));
	usleep(700000);
	CHECK_INT(blobs(t.st), 2);
	CHECK(help_digests(t.st));
	close_readers(&t);
	CHECK(comes_to(t.st, 1));
}

/* The kernel may be about to open the blob of a file that is to be passed
 * through, when nobody has that yet. */
TEST(share_not_while_lent)
{
	AUTO(two_release) struct two t = { 0 };

	CHECK(open_two(&t, O_RDONLY | O_PATH) && help_digests(t.st));
	usleep(700000);
	CHECK_INT(blobs(t.st), 2);
	close_readers(&t);
	CHECK(comes_to(t.st, 1));
}

/* What an earlier life of the store did not come to. */
TEST(share_after_all)
{
	AUTO(two_release) struct two t = { 0 };

	CHECK(open_two(&t, O_RDONLY) && help_digests(t.st));
	CHECK_INT(blobs(t.st), 2);
	close_readers(&t);
	help_reopen(&t.st);
	CHECK(comes_to(t.st, 1));
}

TEST(share_ends_with_a_writer)
{
	struct three t;
	AUTO(content_release) struct content *w = NULL;
	AUTO(content_release) struct content *r = NULL;
	struct node_attr before, after;

	CHECK(open_three(&t));
	CHECK_INT(node_get(t.st, t.b, &before), 0);
	CHECK_INT(content_open(t.st, t.b, O_RDONLY, &r), 0);
	CHECK(reads(r, 'a'));
	CHECK_INT(content_open(t.st, t.b, O_RDWR, &w), 0);
	/* opened, not written: nothing to be seen */
	CHECK_INT(node_get(t.st, t.b, &after), 0);
	CHECK_INT(after.mtime, before.mtime);
	CHECK_INT(after.size, before.size);
	CHECK_INT(content_flush(w), 0);
	CHECK(reads(r, 'a') && reads(w, 'a'));
	CHECK_INT(content_write(w, "X", 1, 5, false), 1);
	CHECK_INT(content_flush(w), 1);
	CHECK(!reads(r, 'a') && !holds(t.st, t.b, 'a'));
	CHECK(holds(t.st, t.a, 'a') && holds(t.st, t.c, 'a'));
	content_release(&w);
	content_release(&r);
	CHECK(close_three(&t, 3));
}

TEST(share_ends_with_a_truncation)
{
	struct three t;
	struct node_change size = { .what = CHANGE_SIZE, .size = 70000 };
	AUTO(content_release) struct content *w = NULL;
	AUTO(content_release) struct content *r = NULL;
	struct node_attr a, before;
	char bytes[4] = "";

	CHECK(open_three(&t));
	CHECK_INT(node_get(t.st, t.a, &before), 0);
	CHECK_INT(content_open(t.st, t.a, O_RDONLY, &r), 0);
	CHECK_INT(content_open(t.st, t.a, O_WRONLY | O_TRUNC, &w), 0);
	CHECK_INT(content_flush(w), 1);
	CHECK_INT(content_read(r, bytes, 1, 0), 0);
	CHECK_INT(node_get(t.st, t.a, &a), 0);
	CHECK_INT(a.size, 0);
	CHECK(a.mtime > before.mtime);
	content_release(&w);
	content_release(&r);
	CHECK_INT(node_set(t.st, t.b, &size, &a), 0);
	CHECK_INT(a.size, 70000);
	CHECK(a.mtime > before.mtime);
	CHECK(holds(t.st, t.c, 'a'));
	size.size = 0;
	CHECK_INT(node_set(t.st, t.c, &size, &a), 0);
	CHECK_INT(a.size, 0);
	CHECK(a.mtime > before.mtime);
	CHECK_INT(content_open(t.st, t.b, O_RDONLY, &r), 0);
	CHECK_INT(content_read(r, bytes, 4, 69999), 1);
	content_release(&r);
	CHECK(close_three(&t, 2));
}

/* The first that is passed through keeps its blob, whoever writes. */
TEST(share_is_lent_to_one)
{
	struct three t;
	AUTO(content_release) struct content *holder = NULL;
	AUTO(content_release) struct content *held = NULL;
	AUTO(content_release) struct content *inside = NULL;
	AUTO(content_release) struct content *w = NULL;
	uint64_t blob, same;
	int fd, other;

	CHECK(open_three(&t));
	CHECK_INT(content_open(t.st, t.a, O_RDONLY | O_PATH, &holder), 0);
	CHECK(content_is_lent(holder, &blob));
	CHECK_INT(content_get_blob(holder, &blob, &fd), 0);
	CHECK_INT(content_open(t.st, t.b, O_RDONLY | O_PATH, &held), 0);
	CHECK(!content_is_lent(held, &same));
	CHECK_INT(content_open(t.st, t.c, O_RDONLY, &inside), 0);
	CHECK(passes(fd, 'a') && reads(held, 'a') && reads(inside, 'a'));
	/* the holder is written, past us: the others are somewhere else */
	CHECK_INT(content_open(t.st, t.a, O_RDWR | O_PATH, &w), 0);
	CHECK(content_is_lent(w, &same));
	CHECK_INT(same, blob);
	CHECK_INT(pwrite(content_fd(w), "X", 1, 5), 1);
	CHECK(!passes(fd, 'a'));
	CHECK(reads(held, 'a') && reads(inside, 'a'));
	CHECK(content_is_shared(t.st, t.b) && content_is_shared(t.st, t.c));
	CHECK(!content_is_shared(t.st, t.a));
	content_release(&w);
	/* nobody is passed through with the copy: now the second may be */
	content_release(&held);
	CHECK_INT(content_open(t.st, t.b, O_RDONLY | O_PATH, &held), 0);
	CHECK(content_is_lent(held, &same));
	CHECK_INT(content_get_blob(held, &same, &other), 0);
	CHECK(same != blob);
	CHECK(passes(other, 'a'));
	/* one that is read by way of us is written: it is he who leaves */
	CHECK_INT(content_open(t.st, t.c, O_RDWR | O_PATH, &w), 0);
	CHECK(content_is_lent(w, &same));
	CHECK_INT(pwrite(content_fd(w), "Y", 1, 5), 1);
	CHECK(passes(other, 'a') && !reads(inside, 'a'));
	content_release(&w);
	content_release(&inside);
	content_release(&held);
	content_release(&holder);
	CHECK(close_three(&t, 4));
}

/* Nothing is copied for the others where the one that was passed through once
 * is overwritten. */
TEST(share_is_left_by_a_truncation)
{
	struct three t;
	AUTO(content_release) struct content *c = NULL;
	uint64_t blob, same;
	int fd;

	CHECK(open_three(&t));
	CHECK_INT(content_open(t.st, t.b, O_RDONLY | O_PATH, &c), 0);
	CHECK_INT(content_get_blob(c, &blob, &fd), 0);
	content_release(&c);
	CHECK_INT(content_open(t.st, t.b, O_WRONLY | O_TRUNC | O_PATH, &c), 0);
	content_release(&c);
	CHECK_INT(content_open(t.st, t.c, O_RDONLY | O_PATH, &c), 0);
	CHECK(content_is_lent(c, &same));
	CHECK_INT(same, blob);
	CHECK(reads(c, 'a') && holds(t.st, t.a, 'a'));
	content_release(&c);
	CHECK(close_three(&t, 2));
}

/* Where nobody writes, all are passed through. */
TEST(share_read_only)
{
	struct three t;
	AUTO(free_text) char *path = NULL;
	AUTO(buf_release) struct buf why = BUF_INIT(BUF_MAX);
	AUTO(content_release) struct content *c = NULL;
	AUTO(content_release) struct content *d = NULL;
	struct store_options options = { .read_only = true };
	uint64_t blob, same;

	CHECK(open_three(&t));
	path = strdup(store_path(t.st));
	store_release(&t.st);
	CHECK_INT(store_open(path, &options, &why, &t.st), 0);
	CHECK_INT(content_open(t.st, t.a, O_RDONLY | O_PATH, &c), 0);
	CHECK_INT(content_open(t.st, t.b, O_RDONLY | O_PATH, &d), 0);
	CHECK(content_is_lent(c, &blob) && content_is_lent(d, &same));
	CHECK_INT(same, blob);
	CHECK(reads(c, 'a') && reads(d, 'a'));
	content_release(&c);
	content_release(&d);
	store_release(&t.st);
}

/* A mapping outlives the open file, and nobody tells: a descriptor of the blob
 * stands for it here. */
static int map_like(struct store *st, uint64_t ino)
{
	AUTO(content_release) struct content *c = NULL;
	uint64_t blob;
	int fd;

	if (content_open(st, ino, O_RDONLY | O_PATH, &c) ||
	    content_get_blob(c, &blob, &fd))
		return -1;
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

TEST(share_with_a_mapping)
{
	struct three t;
	AUTO(content_release) struct content *c = NULL;
	AUTO(content_release) struct content *w = NULL;
	AUTO(close_fd) int map = -1;
	uint64_t blob;

	CHECK(open_three(&t));
	map = map_like(t.st, t.a);
	CHECK(map >= 0);
	/* others are not passed through; written, they leave */
	CHECK_INT(content_open(t.st, t.b, O_RDONLY | O_PATH, &c), 0);
	CHECK(!content_is_lent(c, &blob));
	content_release(&c);
	CHECK_INT(content_open(t.st, t.b, O_WRONLY, &w), 0);
	CHECK_INT(content_write(w, "X", 1, 0, false), 1);
	content_release(&w);
	CHECK(passes(map, 'a'));
	/* its own file is written: the mapping shows that, the others do not */
	CHECK_INT(content_open(t.st, t.a, O_WRONLY, &w), 0);
	CHECK_INT(content_write(w, "Y", 1, 0, false), 1);
	content_release(&w);
	CHECK(!passes(map, 'a') && holds(t.st, t.c, 'a'));
	CHECK(close_three(&t, 4));
}

/* The file that was mapped is gone: nobody writes its blob. */
TEST(share_with_a_mapping_of_nobody)
{
	struct three t;
	AUTO(content_release) struct content *w = NULL;
	AUTO(close_fd) int map = -1;

	CHECK(open_three(&t));
	map = map_like(t.st, t.a);
	CHECK(map >= 0);
	CHECK_INT(node_unlink(t.st, STORE_ROOT, "a"), 0);
	CHECK_INT(node_unlink(t.st, STORE_ROOT, "b"), 0);
	CHECK_INT(content_open(t.st, t.c, O_WRONLY, &w), 0);
	CHECK_INT(content_write(w, "X", 1, 0, false), 1);
	content_release(&w);
	CHECK(passes(map, 'a') && !holds(t.st, t.c, 'a'));
	CHECK(close_three(&t, 2));
}

/* Nor is a mapped file moved to another one's blob. */
TEST(share_not_while_mapped)
{
	AUTO(two_release) struct two t = { 0 };
	AUTO(close_fd) int map = -1, other = -1;

	CHECK(open_two(&t, O_RDONLY));
	map = open(help_proc(t.of_a), O_RDONLY | O_CLOEXEC);
	other = open(help_proc(t.of_b), O_RDONLY | O_CLOEXEC);
	close_readers(&t);
	CHECK(map >= 0 && other >= 0 && help_digests(t.st));
	sleep(3);
	CHECK_INT(blobs(t.st), 2);
	close_fd(&map);
	close_fd(&other);
	CHECK(holds(t.st, t.a, 'a') && holds(t.st, t.b, 'a'));
	CHECK(comes_to(t.st, 1));
}

/* Not passed through once, not passed through till its last close. */
TEST(share_held_stays_held)
{
	struct three t;
	AUTO(content_release) struct content *holder = NULL;
	AUTO(content_release) struct content *held = NULL;
	AUTO(content_release) struct content *w = NULL;
	uint64_t blob;

	CHECK(open_three(&t));
	CHECK_INT(content_open(t.st, t.a, O_RDONLY | O_PATH, &holder), 0);
	CHECK_INT(content_open(t.st, t.b, O_RDONLY | O_PATH, &held), 0);
	content_release(&holder);
	CHECK_INT(content_open(t.st, t.b, O_RDWR | O_PATH, &w), 0);
	CHECK(!content_is_lent(w, &blob));
	CHECK_INT(content_write(w, "X", 1, 0, false), 1);
	CHECK(holds(t.st, t.a, 'a') && !reads(held, 'a'));
	content_release(&w);
	content_release(&held);
	CHECK_INT(content_open(t.st, t.b, O_RDWR | O_PATH, &w), 0);
	CHECK(content_is_lent(w, &blob));
	content_release(&w);
	CHECK(close_three(&t, 3));
}

TEST(share_keeps_an_unlinked_file)
{
	struct three t;
	AUTO(content_release) struct content *r = NULL;

	CHECK(open_three(&t));
	CHECK_INT(content_open(t.st, t.a, O_RDONLY, &r), 0);
	CHECK_INT(node_unlink(t.st, STORE_ROOT, "a"), 0);
	CHECK_INT(node_unlink(t.st, STORE_ROOT, "b"), 0);
	CHECK_INT(node_unlink(t.st, STORE_ROOT, "c"), 0);
	usleep(700000);
	CHECK(reads(r, 'a'));
	content_release(&r);
	CHECK(close_three(&t, 1));
}

TEST(share_is_exported_and_rebuilt)
{
	struct three t;
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf out = BUF_INIT(1000);
	AUTO(buf_release) struct buf command = BUF_INIT(2000);
	AUTO(content_release) struct content *w = NULL;
	AUTO(free_text) char *path = NULL;
	struct check_result result;

	CHECK(open_three(&t));
	path = strdup(store_path(t.st));
	store_release(&t.st);
	CHECK(is_sound(path));
	buf_addf(&out, "%s/../out", path);
	CHECK_INT(check_export(path, out.data, note, &said), 0);
	buf_addf(&command, "cd %s && cmp a b && cmp b c", out.data);
	CHECK_INT(system(command.data), 0);
	CHECK_INT(check_store(path, CHECK_REBUILD, note, &said, &result), 0);
	CHECK_STR(said.data, "");
	CHECK(is_sound(path));
	t.st = help_open(path);
	CHECK(content_is_shared(t.st, t.a) && content_is_shared(t.st, t.c));
	CHECK_INT(content_open(t.st, t.b, O_WRONLY, &w), 0);
	CHECK_INT(content_write(w, "X", 1, 0, false), 1);
	content_release(&w);
	CHECK(holds(t.st, t.a, 'a') && holds(t.st, t.c, 'a'));
	CHECK(!holds(t.st, t.b, 'a'));
	CHECK(close_three(&t, 3));
}

/* kill -9 right after a file has left, and was written. */
TEST(share_survives_a_crash)
{
	AUTO(free_text) char *path = NULL;
	struct three t;
	int status;
	pid_t pid;

	CHECK(open_three(&t));
	path = strdup(store_path(t.st));
	store_release(&t.st);
	pid = fork();
	if (!pid) {
		struct store *st = help_open(path);
		struct content *lent, *w;

		if (content_open(st, t.a, O_RDONLY | O_PATH, &lent) ||
		    content_open(st, t.a, O_WRONLY, &w) ||
		    content_write(w, "X", 1, SIZE, false) != 1 ||
		    content_open(st, t.b, O_WRONLY | O_TRUNC, &w) ||
		    content_write(w, "Y", 1, 0, false) != 1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status));
	t.st = help_open(path);
	CHECK(t.st && help_is(t.st, "b", "Y"));
	CHECK(holds(t.st, t.c, 'a') && holds(t.st, t.other, 'b'));
	CHECK(!holds(t.st, t.a, 'a'));
	CHECK(close_three(&t, 4));
}

/* ---- copies ---- */

/* A new file, which is to become a copy of this one. */
static int copy_to(struct store *st, uint64_t ino, const char *name,
		   struct content **ret_copy)
{
	AUTO(content_release) struct content *from = NULL;
	struct node_attr a;
	int err = content_open(st, ino, O_RDONLY, &from);

	if (!err)
		err = help_make(st, STORE_ROOT, name, S_IFREG | 0644, &a);
	if (!err)
		err = content_open_later(st, a.ino, ret_copy);
	if (err)
		return err;
	return content_copy(from, 0, *ret_copy, 0, SIZE) == (ssize_t)SIZE
		       ? 0
		       : -EIO;
}

TEST(share_by_a_copy)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	AUTO(content_release) struct content *c = NULL;
	AUTO(content_release) struct content *d = NULL;
	AUTO(content_release) struct content *w = NULL;
	uint64_t a = make(st, "a", 'a');
	struct node_attr attr;

	/* with a digest or without */
	CHECK_INT(copy_to(st, a, "b", &c), 0);
	CHECK_INT(content_flush(c), 1);
	CHECK(reads(c, 'a') && content_is_shared(st, content_ino(c)));
	CHECK_INT(blobs(st), 1);
	CHECK(help_digests(st));
	CHECK_INT(copy_to(st, a, "c", &d), 0);
	CHECK_INT(blobs(st), 1);
	/* it is no new file, then */
	CHECK_INT(content_open_later(st, content_ino(d), &w), -EBUSY);
	CHECK_INT(content_write(c, "X", 1, 5, false), 1);
	CHECK(!reads(c, 'a') && holds(st, a, 'a') && reads(d, 'a'));
	content_release(&d);
	content_release(&c);
	/* somebody writes the source */
	CHECK_INT(content_open(st, a, O_WRONLY, &w), 0);
	CHECK_INT(copy_to(st, a, "d", &c), 0);
	CHECK(!content_is_shared(st, content_ino(c)) && reads(c, 'a'));
	content_release(&c);
	content_release(&w);
	CHECK_INT(node_find(st, STORE_ROOT, "c", &attr), 0);
	CHECK(holds(st, attr.ino, 'a'));
	CHECK(comes_to(st, 2));
}

/* A kernel without copy_file_range, for this process and for good. */
static int forget_copying(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_copy_file_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* What copies here: a file that leaves its blob, when it is written, and a copy
 * of what somebody writes. */
static int copy_twice(const char *path)
{
	struct store *st = help_open(path);
	uint64_t a = make(st, "a", 'a');
	struct content *w, *copy;

	if (copy_file_range(-1, NULL, -1, NULL, 1, 0) >= 0 || errno != ENOSYS)
		return 1;
	if (copy_to(st, a, "b", &copy) || !content_is_shared(st, a) ||
	    content_write(copy, "a", 1, 0, false) != 1 || !reads(copy, 'a') ||
	    content_is_shared(st, content_ino(copy)))
		return 2;
	content_close(copy);
	if (content_open(st, a, O_WRONLY, &w) || copy_to(st, a, "c", &copy) ||
	    content_is_shared(st, content_ino(copy)) || !reads(copy, 'a'))
		return 3;
	content_close(copy);
	content_close(w);
	if (!holds(st, a, 'a'))
		return 4;
	store_close(st);
	return 0;
}

TEST(share_where_the_kernel_cannot_copy)
{
	const char *path = help_path("s");
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(forget_copying() ? 9 : copy_twice(path));
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
	CHECK(is_sound(path));
}

/* The rows are on disk, and not all of the bytes. */
TEST(share_by_a_copy_then_a_power_cut)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf after = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf command = BUF_INIT(1000);
	AUTO(store_release) struct store *st = NULL;
	struct node_attr a, b;
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct content *c;

		st = help_open(path);
		if (copy_to(st, make(st, "a", 'a'), "b", &c) || store_sync(st))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status));
	/* in another place, for where it died the kernel has all of it */
	buf_addf(&after, "%s-after", path);
	buf_addf(&command,
		 "cp -a %s %s && "
		 "find %s/blobs -type f -size +0 -exec truncate -s 70000 {} +",
		 path, after.data, after.data);
	CHECK_INT(system(command.data), 0);
	CHECK(is_sound(after.data));
	st = help_open(after.data);
	CHECK_INT(node_find(st, STORE_ROOT, "a", &a), 0);
	CHECK_INT(node_find(st, STORE_ROOT, "b", &b), 0);
	CHECK(a.size == 70000 && b.size == 70000);
	CHECK(content_is_shared(st, a.ino) && content_is_shared(st, b.ino));
	CHECK(help_digests(st));
	store_release(&st);
	CHECK(is_sound(after.data));
}

/* ---- many at once ---- */

#define FILES 6
#define TURNS 300

struct crowd {
	struct store *st;
	uint64_t ino[FILES];
	pthread_mutex_t lock[FILES]; /* who has the file */
	char first[FILES];	     /* of its content, under the lock */
	bool bad;		     /* atomic */
};

static void *read_and_write(void *arg)
{
	struct crowd *w = arg;
	unsigned int seed = (unsigned int)(uintptr_t)&seed;
	AUTO(free_text) char *bytes = malloc(SIZE);

	for (int i = 0; i < TURNS; i++) {
		unsigned int n = (unsigned int)rand_r(&seed) % FILES;
		int how = rand_r(&seed) % 8;
		int flags = rand_r(&seed) % 2 ? O_PATH : 0;
		AUTO(content_release) struct content *c = NULL;
		AUTO(content_release) struct content *d = NULL;
		HOLD(&w->lock[n]);

		if (content_open(w->st, w->ino[n], O_RDONLY | flags, &c) ||
		    !reads(c, w->first[n]))
			__atomic_store_n(&w->bad, true, __ATOMIC_RELAXED);
		if (how > 1)
			continue;
		if (content_open(w->st, w->ino[n],
				 O_WRONLY | flags | (how ? O_TRUNC : 0), &d))
			__atomic_store_n(&w->bad, true, __ATOMIC_RELAXED);
		w->first[n] = how ? 'a' : 'b';
		fill(bytes, w->first[n]);
		if (content_write(d, bytes, SIZE, 0, false) < 0 ||
		    !reads(c, w->first[n]))
			__atomic_store_n(&w->bad, true, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST(share_among_many)
{
	struct crowd w = { .st = help_open(help_path("s")) };
	AUTO(free_text) char *path = strdup(store_path(w.st));
	pthread_t thread[4];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < FILES && !round; i++) {
			char name[16];

			sprintf(name, "f%d", i);
			w.ino[i] = make(w.st, name, 'a');
			w.first[i] = 'a';
			pthread_mutex_init(&w.lock[i], NULL);
		}
		for (int i = 0; i < 4; i++)
			pthread_create(&thread[i], NULL, read_and_write, &w);
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
		CHECK(!w.bad);
		/* at most one blob a content in the end */
		for (int i = 0; i < 6000 && blobs(w.st) > 2; i++)
			usleep(10000);
		CHECK(blobs(w.st) <= 2);
		help_reopen(&w.st);
		for (int i = 0; i < FILES; i++)
			CHECK(holds(w.st, w.ino[i], w.first[i]));
	}
	store_close(w.st);
	CHECK(is_sound(path));
}
