// SPDX-License-Identifier: Apache-2.0
/* Opening: locks, settings, damage, reading only; and a journal that is full.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/content.h"
#include "store/file.h"
#include "store/record.h"
#include "store_help.h"
#include "unit.h"

static int open_why(const char *path, bool read_only, struct buf *why,
		    struct store **ret_store)
{
	struct store_options o = { .read_only = read_only, .journal_bytes = 1 };

	buf_clear(why);
	return store_open(path, &o, why, ret_store);
}

static int put_file(const char *dir, const char *name, const char *text)
{
	AUTO(buf_release) struct buf path = BUF_INIT(1000);
	FILE *f;

	buf_addf(&path, "%s/%s", dir, name);
	f = fopen(path.data, "w");
	if (!f)
		return -errno;
	fputs(text, f);
	return fclose(f);
}

static int remove_file(const char *dir, const char *name)
{
	AUTO(buf_release) struct buf path = BUF_INIT(1000);

	buf_addf(&path, "%s/%s", dir, name);
	return unlink(path.data);
}

TEST(open_refuses_a_second_one)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(store_release) struct store *st = NULL;
	struct store *other = NULL;
	struct stat s;
	char pid[32];

	CHECK_INT(open_why(path, false, &why, &st), 0);
	CHECK_INT(stat(path, &s), 0);
	CHECK_INT(s.st_mode & 07777, 0700);
	CHECK_INT(open_why(path, false, &why, &other), -EBUSY);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	CHECK(strstr(why.data, pid));
	CHECK_INT(open_why(path, true, &why, &other), -EBUSY);
	store_release(&st);
	CHECK_INT(open_why(path, false, &why, &st), 0);
}

TEST(open_reads_the_settings)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(store_release) struct store *st = NULL;

	CHECK_INT(open_why(path, false, &why, &st), 0);
	CHECK(value_is(store_config(st), VALUE_MAP));
	store_release(&st);
	CHECK_INT(put_file(path, "config.yaml", "engine: local\n"), 0);
	CHECK_INT(open_why(path, false, &why, &st), 0);
	CHECK_STR(value_find_string(store_config(st), "engine"), "local");
	store_release(&st);
	CHECK_INT(put_file(path, "config.yaml", "a: [\n"), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EINVAL);
	CHECK(strstr(why.data, "config.yaml: line"));
	CHECK_INT(put_file(path, "config.yaml", "- a\n"), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EINVAL);
	CHECK(strstr(why.data, "a list"));
	CHECK_INT(put_file(path, "config.yaml", "# nothing\n"), 0);
	CHECK_INT(open_why(path, false, &why, &st), 0);
	CHECK(value_is(store_config(st), VALUE_MAP));
}

TEST(open_refuses_what_is_damaged)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf noise = BUF_INIT(20000);
	AUTO(store_release) struct store *st = NULL;

	CHECK_INT(put_file(unit_dir(), "file", ""), 0);
	free_text(&path);
	path = strdup(help_path("s"));
	CHECK_INT(open_why(path, true, &why, &st), -ENOENT);
	CHECK_INT(open_why(path, false, &why, &st), 0);
	help_file(st, STORE_ROOT, "f", "x");
	store_release(&st);
	for (int i = 0; i < 10000; i++)
		buf_putc(&noise, 'z');
	CHECK_INT(put_file(path, "catalog.db", noise.data), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EUCLEAN);
	CHECK(strstr(why.data, "fsck.mlxfs"));
	/* cut off to nothing, or gone: never made anew beside blobs */
	CHECK_INT(put_file(path, "catalog.db", ""), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EUCLEAN);
	CHECK_INT(remove_file(path, "catalog.db"), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EUCLEAN);
	CHECK(strstr(why.data, "fsck.mlxfs"));
	CHECK_INT(put_file(path, "x", ""), 0);
	CHECK_INT(put_file(path, "journal", "short"), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EUCLEAN);
}

TEST(open_refuses_a_broken_journal)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(store_release) struct store *st = NULL;

	CHECK_INT(open_why(path, false, &why, &st), 0);
	store_release(&st);
	CHECK_INT(put_file(path, "journal", "short"), 0);
	CHECK_INT(open_why(path, false, &why, &st), -EUCLEAN);
	CHECK(strstr(why.data, "journal"));
	/* closed in order: nothing can be lost with it */
	CHECK_INT(remove_file(path, "journal"), 0);
	CHECK_INT(open_why(path, false, &why, &st), 0);
}

static int change_much(struct store *st)
{
	struct node_attr a;

	return file_put(st, STORE_ROOT, "g", 0644, NULL, "gee", 3) ||
	       node_unlink(st, STORE_ROOT, "f") ||
	       help_make(st, STORE_ROOT, "l", S_IFLNK | 0777, &a) ||
	       node_rename(st, STORE_ROOT, "d", STORE_ROOT, "e", 0) ||
	       file_put(st, STORE_ROOT, "x", 0644, NULL, "new", 3) ||
	       record_put(st, RECORD_RUN, 1, "r", 1);
}

TEST(open_read_only_sees_the_journal)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf text = BUF_INIT(100);
	AUTO(store_release) struct store *st = NULL;
	struct content *c;
	struct node_attr a;

	CHECK_INT(open_why(path, false, &why, &st), 0);
	help_file(st, STORE_ROOT, "f", "eff");
	help_file(st, help_dir(st, STORE_ROOT, "d"), "in", "inside");
	help_file(st, STORE_ROOT, "x", "old");
	store_release(&st);
	CHECK_INT(help_kill(path, change_much), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(open_why(path, i == 0, &why, &st), 0);
		CHECK_INT(help_count(st, STORE_ROOT), 4);
		CHECK(help_is(st, "g", "gee"));
		CHECK(help_is(st, "x", "new"));
		CHECK(help_is(st, "e/in", "inside"));
		CHECK_INT(node_walk(st, "f", &a), -ENOENT);
		CHECK_INT(node_walk(st, "l", &a), 0);
		buf_clear(&text);
		CHECK_INT(record_get(st, RECORD_RUN, 1, &text), 0);
		CHECK_INT(node_walk(st, "g", &a), 0);
		if (i == 0) {
			CHECK(store_is_read_only(st));
			CHECK_INT(content_open(st, a.ino, O_WRONLY, &c),
				  -EROFS);
			CHECK_INT(node_unlink(st, STORE_ROOT, "g"), -EROFS);
			CHECK_INT(record_drop(st, RECORD_RUN, 1), -EROFS);
			CHECK_INT(store_sync(st), 0);
		}
		store_release(&st);
	}
}

static int exchange(struct store *st)
{
	return node_rename(st, STORE_ROOT, "a", STORE_ROOT, "b",
			   RENAME_EXCHANGE);
}

/* Half way a directory has two names, which otherwise is a damage. */
TEST(open_read_only_sees_an_exchange)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(store_release) struct store *st = NULL;
	struct node_attr a;

	CHECK_INT(open_why(path, false, &why, &st), 0);
	help_file(st, help_dir(st, STORE_ROOT, "a"), "in-a", "x");
	help_file(st, help_dir(st, STORE_ROOT, "b"), "in-b", "x");
	store_release(&st);
	CHECK_INT(help_kill(path, exchange), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(open_why(path, i == 0, &why, &st), 0);
		CHECK_INT(node_walk(st, "a/in-b", &a), 0);
		CHECK_INT(node_walk(st, "b/in-a", &a), 0);
		store_release(&st);
	}
}

TEST(open_is_as_it_was_closed)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	struct node_attr a, b, c, d;
	uint64_t dir = help_dir(st, STORE_ROOT, "dir");
	uint64_t f = help_file(st, dir, "f", "text");
	struct node_change own = { .what = CHANGE_UID | CHANGE_GID |
					   CHANGE_MODE,
				   .uid = 70000,
				   .gid = 80000,
				   .mode = 01751 };

	CHECK_INT(node_set(st, dir, &own, &a), 0);
	CHECK_INT(node_link(st, f, STORE_ROOT, "g", &b), 0);
	CHECK_INT(node_get(st, STORE_ROOT, &c), 0);
	help_reopen(&st);
	CHECK_INT(node_get(st, dir, &d), 0);
	CHECK(!memcmp(&a, &d, sizeof(a)));
	CHECK_INT(node_get(st, f, &d), 0);
	CHECK(!memcmp(&b, &d, sizeof(b)));
	CHECK_INT(node_get(st, STORE_ROOT, &d), 0);
	CHECK(!memcmp(&c, &d, sizeof(c)));
}

TEST(journal_wraps_around)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(store_release) struct store *st = NULL;
	struct store_counts counts;
	struct node_attr a;
	char name[32];

	CHECK_INT(open_why(path, false, &why, &st), 0);
	for (int i = 0; i < 8000; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		CHECK_INT(help_make(st, STORE_ROOT, name,
				    i % 7 ? S_IFREG | 0644 : S_IFLNK, &a),
			  0);
		if (i % 3)
			continue;
		snprintf(name, sizeof(name), "name-%d", i / 2);
		CHECK_INT(node_unlink(st, STORE_ROOT, name), 0);
	}
	CHECK_INT(store_sync(st), 0);
	store_count(st, &counts);
	CHECK_INT(counts.journal_bytes, 0);
	CHECK(counts.commits > 10);
	store_release(&st);
	CHECK_INT(open_why(path, false, &why, &st), 0);
	CHECK_INT(help_count(st, STORE_ROOT), 8000 - 2667);
	CHECK_INT(node_find(st, STORE_ROOT, "name-7999", &a), 0);
}

/* Names till the disk is full and beyond; all that was acknowledged is there
 * afterwards, and removing makes room. */
static void fill(struct store *st, const char *path)
{
	AUTO(free_text) char *big = calloc(1, 1 << 20);
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct store *again = NULL;
	int made = 0, err = 0;
	struct node_attr a;
	char name[32];
	uint64_t f = help_file(st, STORE_ROOT, "big", "x");
	struct content *c;
	ssize_t put = 0;

	CHECK_INT(content_open(st, f, O_WRONLY, &c), 0);
	for (uint64_t off = 0; put >= 0 && off < 64 << 20; off += 4096)
		put = content_write(c, big, 4096, off, false);
	CHECK_INT(put, -ENOSPC);
	content_close(c);
	for (; !err && made < 100000; made += !err) {
		snprintf(name, sizeof(name), "name-%d", made);
		err = help_make(st, STORE_ROOT, name, S_IFREG | 0644, &a);
	}
	CHECK_INT(err, -ENOSPC);
	CHECK(made > 100);
	CHECK_INT(store_sync(st), -ENOSPC);
	/* as after kill -9: the threads cannot save anything either */
	store_close(st);
	CHECK_INT(open_why(path, true, &why, &again), 0);
	CHECK_INT(help_count(again, STORE_ROOT), made + 1);
	store_release(&again);
	(void)put;
}

TEST(journal_full_on_a_full_disk)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct store *st = NULL;

	if (mkdir(path, 0700) ||
	    mount("tmpfs", path, "tmpfs", 0, "size=4m,mode=0700")) {
		unit_skip("no tmpfs can be mounted here");
		return;
	}
	if (open_why(path, false, &why, &st))
		unit_fail(__FILE__, __LINE__, "%s", why.data);
	else
		fill(st, path);
	umount2(path, MNT_DETACH);
}

/* While the disk is full, removing a file must give its room back. */
static void make_room(struct store *st)
{
	AUTO(free_text) char *big = calloc(1, 1 << 20);
	uint64_t f = help_file(st, STORE_ROOT, "big", "x");
	struct content *c;
	ssize_t put = 0;
	int err = -ENOSPC;

	CHECK_INT(content_open(st, f, O_WRONLY, &c), 0);
	for (uint64_t off = 0; put >= 0 && off < 64 << 20; off += 4096)
		put = content_write(c, big, 4096, off, false);
	content_close(c);
	for (int i = 0; i < 400; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d", i);
		(void)help_dir(st, STORE_ROOT, name);
	}
	CHECK_INT(node_unlink(st, STORE_ROOT, "big"), 0);
	for (int i = 0; i < 500 && err; i++) {
		usleep(10000);
		err = file_put(st, STORE_ROOT, "after", 0644, NULL, big,
			       1 << 20);
	}
	CHECK_INT(err, 0);
	CHECK_INT(store_sync(st), 0);
}

TEST(journal_removing_makes_room)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct store_options o = { .journal_bytes = 1 << 20 };
	struct store *st = NULL;

	if (mkdir(path, 0700) ||
	    mount("tmpfs", path, "tmpfs", 0, "size=6m,mode=0700")) {
		unit_skip("no tmpfs can be mounted here");
		return;
	}
	if (store_open(path, &o, &why, &st))
		unit_fail(__FILE__, __LINE__, "%s", why.data);
	else
		make_room(st);
	store_close(st);
	umount2(path, MNT_DETACH);
}

TEST_STARVED(open_out_of_memory)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(store_release) struct store *st = NULL;
	struct store_options o = { .journal_bytes = 1 };
	char path[256];

	snprintf(path, sizeof(path), "%s", help_path("s"));
	ENOUGH(store_open(path, &o, &why, &st));
	ENOUGH(file_put(st, STORE_ROOT, "f", 0644, NULL, "x", 1));
	ENOUGH(record_put(st, RECORD_RUN, 1, "x", 1));
	ENOUGH(node_alias_put(st, STORE_ROOT, "a", STORE_ROOT));
	store_release(&st);
	ENOUGH(store_open(path, &o, &why, &st));
}
