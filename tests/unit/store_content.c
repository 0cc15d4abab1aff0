// SPDX-License-Identifier: Apache-2.0
/* Contents: bytes, sizes, times and digests of open files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/content.h"
#include "store/file.h"
#include "store_help.h"
#include "unit.h"

TEST(content_reads_what_was_written)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_attr a;
	struct content *w = NULL, *r = NULL;
	char bytes[16] = "";

	CHECK_INT(help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &a), 0);
	/* a reader that came before the first byte sees it */
	CHECK_INT(content_open(st, a.ino, O_RDONLY, &r), 0);
	CHECK_INT(content_read(r, bytes, 16, 0), 0);
	CHECK_INT(read(content_fd(r), bytes, 16), 0);
	CHECK_INT(content_seek(r, 0, SEEK_DATA), -ENXIO);
	CHECK_INT(content_write(r, "x", 1, 0, false), -EBADF);
	CHECK_INT(content_flush(r), 0);
	CHECK_INT(content_open(st, a.ino, O_RDWR, &w), 0);
	CHECK_INT(content_flush(w), 0);
	CHECK_INT(content_write(w, "hello", 5, 3, false), 5);
	CHECK_INT(content_read(r, bytes, 16, 0), 8);
	CHECK(!memcmp(bytes, "\0\0\0hello", 8));
	CHECK_INT(node_get(st, a.ino, &a), 0);
	CHECK_INT(a.size, 8);
	CHECK(a.blocks > 0);
	CHECK_INT(content_flush(w), 1);
	CHECK_INT(content_flush(w), 0);
	/* past us, as the kernel does with passthrough */
	usleep(20000);
	CHECK_INT(pwrite(content_fd(w), "H", 1, 3), 1);
	CHECK_INT(content_flush(w), 1);
	CHECK_INT(content_flush(w), 0);
	content_close(w);
	CHECK_INT(content_read(r, bytes, 16, 3), 5);
	CHECK(!memcmp(bytes, "Hello", 5));
	content_close(r);
	CHECK_INT(content_open(st, STORE_ROOT, O_RDONLY, &r), -EISDIR);
	CHECK_INT(content_open(st, 999, O_RDONLY, &r), -ESTALE);
}

TEST(content_truncates)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_change size = { .what = CHANGE_SIZE, .size = 3 };
	uint64_t f = help_file(st, STORE_ROOT, "f", "hello");
	struct content *c = NULL;
	struct node_attr a, b;

	CHECK_INT(node_get(st, f, &b), 0);
	usleep(20000);
	CHECK_INT(node_set(st, f, &size, &a), 0);
	CHECK_INT(a.size, 3);
	CHECK(a.mtime > b.mtime && a.ctime > b.ctime && a.atime == b.atime);
	CHECK(help_is(st, "f", "hel"));
	size.size = UINT64_C(16) << 40;
	/* the file system of the tests may have a lower limit: ext4 has */
	if (!node_set(st, f, &size, &a))
		CHECK_INT(a.size, size.size);
	size.size = UINT64_C(8) << 40;
	CHECK_INT(node_set(st, f, &size, &a), 0);
	CHECK_INT(a.size, UINT64_C(8) << 40);
	CHECK(a.blocks < 100);
	CHECK_INT(content_open(st, f, O_RDWR | O_TRUNC, &c), 0);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.size, 0);
	CHECK_INT(content_flush(c), 1);
	content_close(c);
	/* nothing is there to be truncated: no change */
	CHECK_INT(content_open(st, f, O_WRONLY | O_TRUNC, &c), 0);
	content_close(c);
	size.size = 0;
	CHECK_INT(help_make(st, STORE_ROOT, "empty", S_IFREG | 0644, &b), 0);
	usleep(20000);
	CHECK_INT(node_set(st, b.ino, &size, &a), 0);
	CHECK(a.mtime > b.mtime);
	size.size = UINT64_MAX;
	CHECK_INT(node_set(st, f, &size, &a), -EFBIG);
	size.size = 1;
	CHECK_INT(node_set(st, STORE_ROOT, &size, &a), -EISDIR);
}

TEST(content_keeps_times)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_change times = { .what = CHANGE_ATIME | CHANGE_MTIME,
				     .atime = 5000000001,
				     .mtime = 1600000000987654321 };
	uint64_t f = help_file(st, STORE_ROOT, "f", "hello");
	struct content *c = NULL;
	struct node_attr a;

	CHECK_INT(node_set(st, f, &times, &a), 0);
	/* opened for writing, not written */
	CHECK_INT(content_open(st, f, O_RDWR, &c), 0);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mtime, times.mtime);
	/* set through the open file, as tar does: no change of the content */
	times.mtime++;
	CHECK_INT(node_set(st, f, &times, &a), 0);
	CHECK_INT(a.mtime, times.mtime);
	CHECK_INT(content_flush(c), 0);
	content_close(c);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mtime, times.mtime);
	/* written, and then set */
	CHECK_INT(content_open(st, f, O_RDWR, &c), 0);
	CHECK_INT(content_write(c, "J", 1, 0, false), 1);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK(a.mtime > times.mtime);
	CHECK_INT(node_set(st, f, &times, &a), 0);
	CHECK_INT(content_flush(c), 1);
	content_close(c);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mtime, times.mtime);
	help_reopen(&st);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mtime, times.mtime);
	CHECK_INT(a.atime, times.atime);
	CHECK(help_is(st, "f", "Jello"));
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mtime, times.mtime);
}

static bool is_later(struct store *st, uint64_t ino, struct node_attr *last)
{
	struct node_attr now;

	if (node_get(st, ino, &now) || now.ctime <= last->ctime ||
	    now.mtime < last->mtime)
		return false;
	*last = now;
	return true;
}

/* Writes are stamped by the kernel and the rest by us: one order of both. */
TEST(content_changes_follow_one_another)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_change mode = { .what = CHANGE_MODE, .mode = 0600 };
	struct node_change now = { .what = CHANGE_NOW };
	AUTO(content_release) struct content *c = NULL;
	struct node_attr a, b, last;

	CHECK_INT(help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &last), 0);
	CHECK_INT(content_open(st, last.ino, O_WRONLY, &c), 0);
	for (unsigned int i = 0; i < 100; i++) {
		char name[16];

		CHECK_INT(pwrite(content_fd(c), "x", 1, i), 1);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(node_set(st, last.ino, &mode, &a), 0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(pwrite(content_fd(c), "xy", 2, i), 2);
		CHECK_INT(node_link(st, last.ino, STORE_ROOT, "g", &a), 0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(node_rename(st, STORE_ROOT, "g", STORE_ROOT, "h", 0),
			  0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(node_unlink(st, STORE_ROOT, "h"), 0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(node_set(st, last.ino, &now, &a), 0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(last.mtime, last.atime);
		/* what comes later is not older, whoever stamped it */
		snprintf(name, sizeof(name), "n%u", i);
		CHECK_INT(help_make(st, STORE_ROOT, name, S_IFREG | 0644, &b),
			  0);
		CHECK(b.mtime >= last.mtime);
		help_file(st, STORE_ROOT, "w", "text");
		CHECK_INT(node_walk(st, "w", &a), 0);
		CHECK(a.mtime >= b.mtime);
		CHECK_INT(node_unlink(st, STORE_ROOT, "w"), 0);
		/* right after a write, which may have the time of our stamp */
		CHECK_INT(ftruncate(content_fd(c), i), 0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(node_set(st, last.ino, &now, &a), 0);
		CHECK(is_later(st, last.ino, &last));
		CHECK_INT(last.mtime, last.atime);
	}
	CHECK_INT(content_flush(c), 1);
}

/* Its blob is older than it is, and that shows nowhere. */
TEST(content_of_a_new_file)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct content *c = NULL;
	struct node_attr a, b;

	/* blobs were made when the store was opened */
	usleep(50000);
	CHECK_INT(help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &a), 0);
	CHECK_INT(content_open(st, a.ino, O_RDWR, &c), 0);
	CHECK_INT(node_get(st, a.ino, &b), 0);
	CHECK(b.mtime == a.mtime && b.ctime == a.ctime && !b.size);
	CHECK_INT(content_flush(c), 0);
	CHECK(!content_close(c));
	CHECK_INT(node_get(st, a.ino, &b), 0);
	CHECK(b.mtime == a.mtime && b.ctime == a.ctime);
	CHECK_INT(content_open(st, a.ino, O_RDWR, &c), 0);
	CHECK_INT(node_get(st, a.ino, &b), 0);
	CHECK(b.mtime == a.mtime);
	CHECK_INT(content_write(c, "x", 1, 0, false), 1);
	CHECK(content_close(c));
	CHECK_INT(node_get(st, a.ino, &b), 0);
	CHECK(b.mtime >= a.mtime && b.size == 1);
	help_reopen(&st);
	CHECK_INT(node_get(st, a.ino, &a), 0);
	CHECK(b.mtime == a.mtime);
}

/* Whether anything was another since the last call. */
static bool catches_up(struct store *st, uint64_t *last)
{
	uint64_t was = *last;

	*last = node_catch_up_all(st);
	return *last > was;
}

/* What is written past us counts before anybody has closed it, and a close that
 * is not over yet hides nothing: what it took was counted. */
TEST(content_is_caught_up)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t kind = help_dir(st, STORE_ROOT, "datasets");
	uint64_t dir = help_dir(st, kind, "d");
	struct content *c = NULL, *other = NULL;
	struct node_tree before, t;
	struct node_attr a, b;
	uint64_t last = node_catch_up_all(st);

	CHECK_INT(help_make(st, dir, "f", S_IFREG | 0644, &a), 0);
	CHECK_INT(help_make(st, dir, "g", S_IFREG | 0644, &b), 0);
	CHECK(!catches_up(st, &last));
	CHECK_INT(content_open(st, a.ino, O_RDWR, &c), 0);
	CHECK_INT(content_open(st, b.ino, O_RDWR, &other), 0);
	CHECK(!catches_up(st, &last));
	CHECK_INT(node_get_tree(st, dir, &before), 0);
	CHECK_INT(pwrite(content_fd(c), "hello", 5, 0), 5);
	CHECK(catches_up(st, &last));
	CHECK(!catches_up(st, &last));
	CHECK_INT(node_get_tree(st, dir, &t), 0);
	CHECK_INT(t.bytes, 5);
	CHECK(t.changes > before.changes);
	/* the next close still tells */
	CHECK(content_close(c));
	CHECK_INT(pwrite(content_fd(other), "x", 1, 0), 1);
	CHECK(catches_up(st, &last));
	CHECK(content_close(other));
	CHECK(!catches_up(st, &last));
	CHECK_INT(node_get_tree(st, dir, &t), 0);
	CHECK_INT(t.bytes, 6);
	CHECK_INT(content_open(st, b.ino, O_RDWR, &other), 0);
	CHECK_INT(pwrite(content_fd(other), "xyz", 3, 0), 3);
	CHECK(content_close(other));
	CHECK(catches_up(st, &last));
}

struct lent {
	int given, ended;
};

static int lend(void *arg, int fd)
{
	struct lent *l = arg;
	struct stat s;

	return fstat(fd, &s) || s.st_size ? -EBADF : ++l->given;
}

static void end_lent(void *arg, int id)
{
	struct lent *l = arg;

	l->ended += id > 0;
}

/* Opens a new file as one that is passed through, and gives its number. */
static int lent_of(struct store *st, unsigned int name, bool take)
{
	AUTO(content_release) struct content *c = NULL;
	struct node_attr a;
	char text[16];
	uint64_t blob;
	int fd, id;

	sprintf(text, "f%u", name);
	if (help_make(st, STORE_ROOT, text, S_IFREG | 0644, &a) ||
	    content_open(st, a.ino, O_WRONLY | O_PATH, &c))
		return -1;
	if (!take)
		return 0;
	if (content_get_blob(c, &blob, &fd))
		return -1;
	id = content_take_lent(c);
	return content_take_lent(c) ? -1 : id;
}

TEST(content_lends_new_blobs)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct lent lent = { 0, 0 };
	const struct store_lender lender = { lend, end_lent, &lent };
	const struct store_lender nobody = { NULL, NULL, NULL };
	unsigned int name = 0;
	int taken = 0;

	store_lend(st, &lender);
	/* those that were made before it came go first */
	for (int id = 0; !id && name < 10000; name++) {
		id = lent_of(st, name, true);
		CHECK(id >= 0);
		taken += id > 0;
		usleep(id ? 0 : 100);
	}
	CHECK_INT(taken, 1);
	/* who does not want it gives it back */
	for (; !lent.ended && name < 20000; name++)
		CHECK_INT(lent_of(st, name, false), 0);
	CHECK(lent.ended >= 1);
	store_lend(st, &nobody);
	store_release(&st);
	CHECK(lent.ended + taken <= lent.given);
}

TEST(content_drops_suid)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_change mode = { .what = CHANGE_MODE, .mode = 06755 };
	struct node_change own = { .what = CHANGE_UID | CHANGE_KILL_SUID,
				   .uid = 3 };
	uint64_t f = help_file(st, STORE_ROOT, "f", "x");
	AUTO(content_release) struct content *c = NULL;
	struct node_attr a;

	CHECK_INT(node_set(st, f, &mode, &a), 0);
	CHECK_INT(content_open(st, f, O_WRONLY, &c), 0);
	CHECK_INT(content_write(c, "y", 1, 0, false), 1);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mode & 07777, 06755);
	CHECK_INT(content_write(c, "y", 1, 0, true), 1);
	CHECK_INT(node_get(st, f, &a), 0);
	CHECK_INT(a.mode & 07777, 0755);
	/* setgid without x for the group is no such bit */
	mode.mode = 06745;
	CHECK_INT(node_set(st, f, &mode, &a), 0);
	CHECK_INT(node_set(st, f, &own, &a), 0);
	CHECK_INT(a.mode & 07777, 02745);
	CHECK_INT(a.uid, 3);
}

TEST(content_allocates_seeks_and_copies)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t f = help_file(st, STORE_ROOT, "f", "0123456789");
	uint64_t g = help_file(st, STORE_ROOT, "g", "");
	AUTO(content_release) struct content *a = NULL;
	AUTO(content_release) struct content *b = NULL;
	struct node_attr attr;

	CHECK_INT(content_open(st, f, O_RDWR, &a), 0);
	CHECK_INT(content_open(st, g, O_RDWR, &b), 0);
	CHECK_INT(content_copy(a, 2, b, 0, 100), 8);
	CHECK_INT(content_copy(a, 0, b, 8, 2), 2);
	CHECK(help_is(st, "g", "2345678901"));
	CHECK_INT(content_copy(a, 0, a, 5, 6), -EINVAL);
	CHECK_INT(content_copy(a, 0, a, 10, 5), 5);
	CHECK(help_is(st, "f", "012345678901234"));
	CHECK_INT(content_copy(a, 100, b, 0, 5), 0);
	CHECK_INT(content_allocate(b, 0, 0, 100000), 0);
	CHECK_INT(node_get(st, g, &attr), 0);
	CHECK_INT(attr.size, 100000);
	CHECK(attr.blocks >= 100000 / 512);
	CHECK_INT(content_allocate(b,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   0, 65536),
		  0);
	CHECK_INT(content_seek(b, 0, SEEK_HOLE), 0);
	CHECK_INT(content_seek(b, 200000, SEEK_DATA), -ENXIO);
	CHECK_INT(content_seek(b, 0, SEEK_SET), -EINVAL);
	CHECK_INT(content_sync(b, true), 0);
	CHECK_INT(content_sync(a, false), 0);
}

TEST(content_digests)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t f = help_file(st, STORE_ROOT, "f", "abc");
	AUTO(content_release) struct content *c = NULL;
	struct node_attr a;
	struct node_tree before, after;
	char hex[65] = "";
	static const char abc[] = "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad";

	CHECK(help_digests(st));
	CHECK_INT(node_get_digest(st, f, hex), 0);
	CHECK_STR(hex, abc);
	CHECK_INT(content_open(st, f, O_WRONLY, &c), 0);
	CHECK_INT(node_get_digest(st, f, hex), -EAGAIN);
	CHECK_INT(content_write(c, "abd", 3, 0, false), 3);
	content_release(&c);
	CHECK_INT(content_open(st, f, O_WRONLY, &c), 0);
	CHECK_INT(content_write(c, "abc", 3, 0, false), 3);
	content_release(&c);
	CHECK_INT(node_get_tree(st, STORE_ROOT, &before), 0);
	CHECK(help_digests(st));
	CHECK_INT(node_get_tree(st, STORE_ROOT, &after), 0);
	CHECK_INT(before.changed, after.changed);
	CHECK_INT(node_get_digest(st, f, hex), 0);
	CHECK_STR(hex, abc);
	CHECK_INT(help_make(st, STORE_ROOT, "e", S_IFREG | 0644, &a), 0);
	CHECK_INT(node_get_digest(st, a.ino, hex), 0);
	CHECK(!strncmp(hex, "e3b0c44298fc1c14", 16));
	CHECK_INT(node_get_digest(st, STORE_ROOT, hex), -EINVAL);
	help_reopen(&st);
	CHECK_INT(node_get_digest(st, f, hex), 0);
	CHECK_STR(hex, abc);
}

/* ---- files from inside ---- */

static void note_event(void *arg, const struct store_event *event)
{
	struct buf *log = arg;

	if (event->type == EVENT_ENTRY)
		buf_addf(log, "entry %s\n", event->name);
	else if (event->type == EVENT_DATA)
		buf_puts(log, "data\n");
	else if (event->type == EVENT_RECORD)
		buf_addf(log, "record %d %llu\n", event->record,
			 (unsigned long long)event->key);
}

TEST(file_writes_tell)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	AUTO(buf_release) struct buf log = BUF_INIT(4096);
	AUTO(buf_release) struct buf text = BUF_INIT(5);
	struct owner owner = { 11, 12 };
	struct node_attr a, b;
	uint64_t d;

	store_listen(st, note_event, &log);
	CHECK_INT(file_make_dir(st, STORE_ROOT, "d", 0750, &owner, &d), 0);
	CHECK_INT(file_make_dir(st, STORE_ROOT, "d", 0750, &owner, &d), 0);
	CHECK_INT(file_put(st, d, "f", 0640, NULL, "one", 3), 0);
	CHECK(help_is(st, "d/f", "one"));
	CHECK_INT(node_walk(st, "d/f", &a), 0);
	CHECK_INT(a.uid, 11);
	CHECK_INT(a.gid, 12);
	CHECK_INT(a.mode, S_IFREG | 0640);
	CHECK_INT(file_put(st, d, "f", 0640, NULL, "", 0), 0);
	CHECK(help_is(st, "d/f", ""));
	CHECK_INT(node_walk(st, "d/f", &b), 0);
	CHECK(a.ino != b.ino);
	CHECK_INT(help_count(st, d), 1);
	CHECK_INT(file_append(st, d, "log", 0644, NULL, "a", 1), 0);
	CHECK_INT(file_append(st, d, "log", 0644, NULL, "bc", 2), 0);
	CHECK(help_is(st, "d/log", "abc"));
	CHECK_INT(file_link(st, d, "l", "log", NULL), 0);
	CHECK_INT(file_link(st, d, "l", "log", NULL), -EEXIST);
	CHECK_INT(file_move(st, d, "l", d, "m"), 0);
	CHECK_INT(file_make_dir(st, d, "f", 0755, NULL, NULL), -ENOTDIR);
	CHECK_INT(file_put(st, 999, "f", 0644, NULL, "", 0), -ENOENT);
	CHECK_INT(file_put(st, d, "a/b", 0644, NULL, "", 0), -EINVAL);
	CHECK_INT(file_append(st, d, "log", 0644, NULL, "def", 3), 0);
	CHECK_INT(node_walk(st, "d/log", &a), 0);
	CHECK_INT(file_read(st, a.ino, &text), -EFBIG);
	CHECK_INT(file_remove(st, STORE_ROOT, "d"), 0);
	CHECK_INT(file_remove(st, STORE_ROOT, "d"), 0);
	CHECK_INT(help_count(st, STORE_ROOT), 0);
	CHECK_STR(log.data, "entry d\nentry f\nentry f\nentry log\ndata\n"
			    "data\nentry l\nentry l\nentry m\ndata\nentry f\n"
			    "entry log\nentry m\nentry d\n");
}

/* A content that cannot be: the name must not be left, nor the old one lost. */
TEST(file_put_over_a_directory_fails)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));

	help_dir(st, STORE_ROOT, "d");
	CHECK_INT(file_put(st, STORE_ROOT, "d", 0644, NULL, "x", 1), -EISDIR);
	CHECK_INT(help_count(st, STORE_ROOT), 1);
	help_reopen(&st);
	CHECK_INT(help_count(st, STORE_ROOT), 1);
}
