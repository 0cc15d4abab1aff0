// SPDX-License-Identifier: Apache-2.0
/* fsck: each fault is found, repaired where it can be, and then gone. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ext/db.h"
#include "store/check.h"
#include "store/content.h"
#include "store/file.h"
#include "store/record.h"
#include "store_help.h"
#include "unit.h"

static void note(void *arg, const char *sentence)
{
	buf_addf(arg, "%s\n", sentence);
}

struct outcome {
	int err;
	unsigned int found, repaired;
};

static struct outcome run(const char *path, enum check_mode mode,
			  struct buf *said)
{
	struct check_result result = { 0 };
	struct outcome o;

	buf_clear(said);
	o.err = check_store(path, mode, note, said, &result);
	o.found = result.found;
	o.repaired = result.repaired;
	return o;
}

/* Change the catalog behind the store's back. */
static int change(const char *path, const char *sql)
{
	AUTO(db_release) struct db *db = NULL;
	AUTO(buf_release) struct buf file = BUF_INIT(1000);
	int err;

	buf_addf(&file, "%s/catalog.db", path);
	err = db_open(file.data, false, NULL, &db);
	return err ? err : db_exec(db, sql, NULL);
}

/* Found as often as said, with a sentence that holds `text`; repaired; gone. */
static bool is_repaired(const char *path, unsigned int faults, const char *text)
{
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	struct outcome o = run(path, CHECK_ONLY, &said);
	bool good = !o.err && o.found == faults && !o.repaired &&
		    strstr(said.data, text);

	if (good)
		o = run(path, CHECK_REPAIR, &said);
	good = good && !o.err && o.found == faults && o.repaired == faults;
	if (good)
		o = run(path, CHECK_ONLY, &said);
	good = good && !o.err && !o.found;
	if (!good)
		printf("%d, found %u, repaired %u, wanted %u '%s':\n%s", o.err,
		       o.found, o.repaired, faults, text, said.data);
	return good;
}

static int blob_path(struct store *st, uint64_t ino, struct buf *out)
{
	struct content *c;
	char link[64];
	ssize_t len;
	int err = content_open(st, ino, O_RDONLY, &c);

	if (err)
		return err;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", content_fd(c));
	buf_clear(out);
	len = readlink(link, buf_reserve(out, 500), 500);
	content_close(c);
	if (len < 0)
		return -errno;
	out->len = (size_t)len;
	out->data[len] = 0;
	return 0;
}

static struct store *fill(const char *path)
{
	struct store *st = help_open(path);
	uint64_t kind = help_dir(st, STORE_ROOT, "datasets");
	uint64_t d = help_dir(st, kind, "d");

	help_file(st, d, "f", "eff");
	help_file(st, d, "g", "gee");
	help_dir(st, help_dir(st, d, "sub"), "below");
	return st;
}

TEST(check_finds_nothing_in_a_good_store)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(store_release) struct store *st = NULL;
	struct outcome o = run(path, CHECK_ONLY, &said);

	CHECK_INT(o.err, -ENOENT);
	CHECK_INT(run(path, CHECK_REPAIR, &said).err, -ENOENT);
	CHECK(access(path, F_OK));
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK_INT(run(path, CHECK_REPAIR, &said).err, -ENOENT);
	st = fill(path);
	CHECK_INT(run(path, CHECK_ONLY, &said).err, -EBUSY);
	CHECK_INT(run(path, CHECK_REPAIR, &said).err, -EBUSY);
	CHECK_INT(run(path, CHECK_REBUILD, &said).err, -EBUSY);
	store_release(&st);
	for (int i = 0; i < 2; i++) {
		o = run(path, i ? CHECK_REPAIR : CHECK_ONLY, &said);
		CHECK_INT(o.err, 0);
		CHECK_INT(o.found, 0);
		CHECK_STR(said.data, "");
	}
}

TEST(check_repairs_rows)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = fill(path);
	struct node_attr f, sub, a;
	char sql[200];

	CHECK_INT(node_walk(st, "datasets/d/f", &f), 0);
	CHECK_INT(node_walk(st, "datasets/d/sub", &sub), 0);
	store_release(&st);
	CHECK_INT(
		change(path, "INSERT INTO entry VALUES (1, 99, 5000, 0, 'x')"),
		0);
	CHECK(is_repaired(path, 1, "'x'"));
	CHECK_INT(change(path, "INSERT INTO entry VALUES (1, 99, 3, 0, 'a/b'),"
			       " (5000, 1, 3, 0, 'y')"),
		  0);
	CHECK(is_repaired(path, 2, "directory 5000"));
	CHECK_INT(change(path, "UPDATE inode SET nlink = 9 WHERE ino = 1"), 0);
	CHECK(is_repaired(path, 1, "links"));
	snprintf(sql, sizeof(sql),
		 "UPDATE inode SET nlink = 0 WHERE ino = %llu",
		 (unsigned long long)f.ino);
	CHECK_INT(change(path, sql), 0);
	st = help_open(path);
	CHECK(!st);
	/* it is counted as one loosely, which is right */
	CHECK_INT(change(path, "UPDATE inode SET nlink = 1 WHERE nlink = 0"),
		  0);
	CHECK_INT(change(path,
			 "INSERT INTO inode SELECT 7000, 8192, 1, 0, 0, 0,"
			 " 0, 0, 0, 0, 0, 0, NULL, NULL"),
		  0);
	CHECK(is_repaired(path, 1, "inode 7000"));
	/* an orphan, with what is below it */
	CHECK_INT(change(path, "DELETE FROM entry WHERE name = 'sub'"), 0);
	CHECK(is_repaired(path, 2, "has no name"));
	st = help_open(path);
	CHECK_INT(node_get(st, sub.ino, &a), 0);
	CHECK_INT(a.nlink, 3);
	CHECK_INT(node_walk(st, "datasets/lost+found", &a), 0);
	CHECK_INT(a.ino, node_get(st, sub.ino, &sub) ? 0 : sub.parent);
	CHECK_INT(help_count(st, a.ino), 1);
	store_release(&st);
	/* two directories in each other */
	snprintf(sql, sizeof(sql),
		 "UPDATE entry SET dir = (SELECT ino FROM entry WHERE name ="
		 " 'below') WHERE ino = %llu",
		 (unsigned long long)sub.ino);
	CHECK_INT(change(path, sql), 0);
	st = help_open(path);
	CHECK(st);
	store_release(&st);
	struct outcome o;
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	o = run(path, CHECK_REPAIR, &said);
	CHECK_INT(o.err, 0);
	CHECK(strstr(said.data, "lies in itself"));
	CHECK_INT(o.found, o.repaired);
	o = run(path, CHECK_ONLY, &said);
	CHECK_INT(o.err, 0);
	CHECK_STR(said.data, "");
}

static int leave_a_record(struct store *st)
{
	return record_put(st, RECORD_RUN, 5000, "{}", 2);
}

TEST(check_repairs_records)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf text = BUF_INIT(100);
	AUTO(store_release) struct store *st = fill(path);
	struct node_attr d, f;

	CHECK_INT(node_walk(st, "datasets/d", &d), 0);
	CHECK_INT(node_walk(st, "datasets/d/f", &f), 0);
	CHECK_INT(record_put(st, RECORD_ASSET, d.ino, "{\"a\": 1}", 8), 0);
	CHECK_INT(record_put(st, RECORD_SPEC, d.ino, "a: [", 4), 0);
	CHECK_INT(record_put(st, RECORD_SETTING, 1, "x", 1), 0);
	store_release(&st);
	CHECK_INT(run(path, CHECK_ONLY, &said).found, 0);
	CHECK_INT(change(path, "INSERT INTO record SELECT 2, key,"
			       " '{\"a\": ' FROM record WHERE class = 1"),
		  0);
	CHECK(is_repaired(path, 1,
			  "datasets/d: its run's record cannot be read"));
	CHECK_INT(change(path, "UPDATE record SET text = '[]' WHERE class = 1"),
		  0);
	CHECK(is_repaired(path, 1, "datasets/d: its record cannot be read"));
	CHECK_INT(change(path, "INSERT INTO record SELECT 2, ino, '{}' FROM"
			       " entry WHERE name = 'f'"),
		  0);
	CHECK_INT(change(path, "INSERT INTO record VALUES (3, 5000, 'x')"), 0);
	CHECK(is_repaired(path, 2, "inode 5000: its request is of no dir"));
	st = help_open(path);
	CHECK_INT(record_get(st, RECORD_SPEC, d.ino, &text), 0);
	CHECK_INT(record_get(st, RECORD_SETTING, 1, &text), 0);
	CHECK_INT(record_get(st, RECORD_RUN, f.ino, &text), -ENOENT);
	store_release(&st);
	/* what a crash leaves is no fault */
	CHECK_INT(help_kill(path, leave_a_record), 0);
	CHECK_INT(run(path, CHECK_ONLY, &said).found, 0);
}

TEST(check_repairs_blobs)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = fill(path);
	AUTO(buf_release) struct buf blob = BUF_INIT(1000);
	AUTO(buf_release) struct buf stray = BUF_INIT(1000);
	struct node_attr f, g, a;
	FILE *out;

	CHECK(help_digests(st));
	CHECK_INT(node_walk(st, "datasets/d/f", &f), 0);
	CHECK_INT(node_walk(st, "datasets/d/g", &g), 0);
	CHECK_INT(blob_path(st, f.ino, &blob), 0);
	store_release(&st);
	/* other bytes, and as many: nobody can say which are right */
	out = fopen(blob.data, "r+");
	fputs("EFF", out);
	fclose(out);
	CHECK(is_repaired(path, 1, "d/f: its bytes are not those"));
	st = help_open(path);
	CHECK_INT(node_walk(st, "datasets/d/f", &a), -ENOENT);
	CHECK_INT(node_get(st, f.ino, &a), 0);
	store_release(&st);
	/* more bytes: as many as there are */
	out = fopen(blob.data, "w");
	fputs("more", out);
	fclose(out);
	CHECK(is_repaired(path, 1, "has 4 bytes, not 3"));
	/* none at all */
	CHECK_INT(unlink(blob.data), 0);
	CHECK(is_repaired(path, 1, "missing"));
	/* one blob for two */
	CHECK_INT(change(path, "UPDATE inode SET blob = (SELECT max(blob) FROM"
			       " inode), size = 3, digest = NULL, flags = 0"
			       " WHERE (mode & 61440) = 32768"),
		  0);
	CHECK(is_repaired(path, 1, "in common"));
	st = help_open(path);
	CHECK(help_is(st, "datasets/d/g", "gee"));
	CHECK_INT(blob_path(st, g.ino, &blob), 0);
	store_release(&st);
	/* bytes of nobody */
	buf_addf(&stray, "%s/blobs/01/0000000000000001", path);
	CHECK_INT(link(blob.data, stray.data), 0);
	CHECK(is_repaired(path, 1, "belongs to no file"));
	CHECK(access(stray.data, F_OK));
}

TEST(check_gives_up_on_a_wreck)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf name = BUF_INIT(1000);
	FILE *out;

	store_close(fill(path));
	buf_addf(&name, "%s/catalog.db", path);
	out = fopen(name.data, "r+");
	for (int i = 0; i < 3000; i++)
		fputs("garbage ", out);
	fclose(out);
	CHECK_INT(run(path, CHECK_ONLY, &said).err, -EUCLEAN);
	CHECK(said.len);
	CHECK_INT(run(path, CHECK_REPAIR, &said).err, -EUCLEAN);
	CHECK_INT(unlink(name.data), 0);
	CHECK_INT(run(path, CHECK_ONLY, &said).err, -EUCLEAN);
}

TEST(check_goes_on_without_a_journal)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf name = BUF_INIT(1000);
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct store *st = fill(path);

		store_sync(st);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	/* what a crash leaves is no fault */
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	struct outcome o = run(path, CHECK_ONLY, &said);
	CHECK_INT(o.err, 0);
	CHECK_STR(said.data, "");
	buf_addf(&name, "%s/journal", path);
	CHECK_INT(unlink(name.data), 0);
	CHECK(is_repaired(path, 1, "journal is missing"));
}

static int remove_much(struct store *st)
{
	struct node_attr d, sub;

	return node_walk(st, "datasets/d", &d) ||
	       node_walk(st, "datasets/d/sub", &sub) ||
	       node_unlink(st, d.ino, "f") ||
	       node_rmdir(st, sub.ino, "below") ||
	       node_rmdir(st, d.ino, "sub") ||
	       file_put(st, d.ino, "g", 0644, NULL, "new", 3) ||
	       !help_file(st, STORE_ROOT, "h", "aitch") ||
	       node_rename(st, STORE_ROOT, "h", d.ino, "g", 0);
}

/* The names that the tables still have are no fault; but one of which the
 * journal says nothing is. */
TEST(check_reads_the_journal)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	struct outcome o;

	store_close(fill(path));
	CHECK_INT(help_kill(path, remove_much), 0);
	o = run(path, CHECK_ONLY, &said);
	CHECK_INT(o.err, 0);
	CHECK_STR(said.data, "");
	CHECK_INT(
		change(path, "INSERT INTO entry VALUES (1, 99, 5000, 0, 'x')"),
		0);
	CHECK(is_repaired(path, 1, "'x'"));
}

/* ---- rebuild and export ---- */

static const char odd[] = "#a\nb\\c\td\xff";

static void fill_oddly(struct store *st, uint64_t *ret_f)
{
	uint64_t kind = help_dir(st, STORE_ROOT, "datasets");
	uint64_t d = help_dir(st, kind, odd);
	struct node_new link = { .mode = S_IFLNK, .target = "x\ny" };
	struct node_change times = { .what = CHANGE_MTIME | CHANGE_MODE |
					     CHANGE_UID | CHANGE_GID,
				     .mode = 02751,
				     .uid = 5,
				     .gid = 6,
				     .mtime = 1500000000123456789 };
	struct node_attr a;

	*ret_f = help_file(st, d, "f", "eff");
	node_make(st, kind, "l", &link, &a);
	help_make(st, kind, "p", S_IFIFO | 0640, &a);
	help_make(st, kind, "empty", S_IFREG | 0600, &a);
	help_file(st, STORE_ROOT, "#root", "r");
	node_set(st, d, &times, &a);
	times.mode = 0604;
	node_set(st, *ret_f, &times, &a);
	node_link(st, *ret_f, kind, "hard", &a);
	node_alias_put(st, kind, "alias", d);
	record_put(st, RECORD_ASSET, d, "{\"a\":\t1}\n", 9);
	help_digests(st);
}

static bool is_odd(struct store *st, uint64_t f)
{
	AUTO(buf_release) struct buf text = BUF_INIT(1000);
	struct node_attr kind, d, a;
	uint64_t home;
	char hex[65];

	if (node_walk(st, "datasets", &kind) ||
	    node_find(st, kind.ino, odd, &d) || d.uid != 5 || d.gid != 6 ||
	    d.mode != (S_IFDIR | 02751) || d.mtime != 1500000000123456789)
		return false;
	if (node_find(st, d.ino, "f", &a) || a.ino != f || a.nlink != 2 ||
	    a.mode != (S_IFREG | 0604) || a.mtime != 1500000000123456789 ||
	    node_get_digest(st, f, hex) || !help_is(st, "datasets/hard", "eff"))
		return false;
	if (node_find(st, kind.ino, "l", &a) ||
	    node_read_link(st, a.ino, &text) || strcmp(text.data, "x\ny"))
		return false;
	if (node_find(st, kind.ino, "p", &a) || a.mode != (S_IFIFO | 0640) ||
	    !help_is(st, "datasets/empty", "") || !help_is(st, "#root", "r"))
		return false;
	if (node_alias_get(st, kind.ino, "alias", &home) || home != d.ino)
		return false;
	buf_clear(&text);
	return !record_get(st, RECORD_ASSET, d.ino, &text) &&
	       !strcmp(text.data, "{\"a\":\t1}\n") &&
	       help_count(st, kind.ino) == 5 + (int)(kind.nlink - 3);
}

TEST(check_rebuilds)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = help_open(path);
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf name = BUF_INIT(1000);
	struct node_attr a;
	struct outcome o;
	uint64_t f;

	fill_oddly(st, &f);
	CHECK(is_odd(st, f));
	help_reopen(&st);
	CHECK(is_odd(st, f));
	store_release(&st);
	buf_addf(&name, "%s/catalog.db", path);
	CHECK_INT(unlink(name.data), 0);
	o = run(path, CHECK_REBUILD, &said);
	CHECK_INT(o.err, 0);
	CHECK_STR(said.data, "");
	CHECK_INT(run(path, CHECK_ONLY, &said).found, 0);
	CHECK_STR(said.data, "");
	st = help_open(path);
	CHECK(is_odd(st, f));
	/* newer than the manifest: a blob without a name, and one that grew */
	struct content *c;
	CHECK_INT(content_open(st, f, O_WRONLY, &c), 0);
	CHECK_INT(content_write(c, "eff and more", 12, 0, false), 12);
	content_close(c);
	CHECK(help_file(st, STORE_ROOT, "late", "later"));
	CHECK_INT(file_remove(st, STORE_ROOT, "#root"), 0);
	help_digests(st);
	buf_clear(&name);
	buf_addf(&name, "cp %s/manifest.txt %s/../m", path, path);
	CHECK_INT(system(name.data), 0);
	store_release(&st);
	buf_clear(&name);
	buf_addf(&name, "cp %s/../m %s/manifest.txt", path, path);
	CHECK_INT(system(name.data), 0);
	o = run(path, CHECK_REBUILD, &said);
	CHECK_INT(o.err, 0);
	CHECK_INT(o.found, 2);
	CHECK(strstr(said.data, "'#root"));
	CHECK(strstr(said.data, "lost+found"));
	st = help_open(path);
	CHECK_INT(node_walk(st, "datasets/hard", &a), 0);
	CHECK_INT(a.size, 12);
	CHECK(help_is(st, "datasets/hard", "eff and more"));
	CHECK_INT(node_walk(st, "datasets/lost+found", &a), 0);
	CHECK_INT(help_count(st, a.ino), 1);
}

TEST(check_rebuilds_without_a_manifest)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf name = BUF_INIT(1000);
	AUTO(store_release) struct store *st = NULL;
	struct node_attr a;

	store_close(fill(path));
	buf_addf(&name, "%s/manifest.txt", path);
	CHECK_INT(unlink(name.data), 0);
	CHECK_INT(run(path, CHECK_REBUILD, &said).err, 0);
	CHECK(strstr(said.data, "manifest.txt is missing"));
	st = help_open(path);
	CHECK_INT(node_walk(st, "lost+found", &a), 0);
	CHECK_INT(help_count(st, a.ino), 2);
}

TEST(check_exports)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = help_open(path);
	AUTO(buf_release) struct buf said = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf out = BUF_INIT(1000);
	AUTO(buf_release) struct buf at = BUF_INIT(1000);
	struct stat f, hard, s;
	char target[16] = "";
	uint64_t ino;

	fill_oddly(st, &ino);
	store_release(&st);
	buf_addf(&out, "%s/../out", path);
	CHECK_INT(check_export(path, out.data, note, &said), 0);
	CHECK_STR(said.data, "");
	CHECK_INT(check_export(path, out.data, note, &said), -ENOTEMPTY);
	buf_addf(&at, "%s/datasets/%s/f", out.data, odd);
	CHECK_INT(stat(at.data, &f), 0);
	CHECK_INT(f.st_size, 3);
	CHECK_INT(f.st_mode, S_IFREG | 0604);
	CHECK_INT(f.st_mtim.tv_sec, 1500000000);
	CHECK_INT(f.st_mtim.tv_nsec, 123456789);
	buf_clear(&at);
	buf_addf(&at, "%s/datasets/hard", out.data);
	CHECK_INT(stat(at.data, &hard), 0);
	CHECK_INT(hard.st_ino, f.st_ino);
	buf_clear(&at);
	buf_addf(&at, "%s/datasets/l", out.data);
	CHECK_INT(readlink(at.data, target, sizeof(target) - 1), 3);
	CHECK_STR(target, "x\ny");
	buf_clear(&at);
	buf_addf(&at, "%s/datasets/p", out.data);
	CHECK_INT(stat(at.data, &s), 0);
	CHECK_INT(s.st_mode, S_IFIFO | 0640);
	buf_clear(&at);
	buf_addf(&at, "%s/datasets/alias", out.data);
	CHECK(lstat(at.data, &s));
}
