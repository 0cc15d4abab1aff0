// SPDX-License-Identifier: Apache-2.0
/*
 * What a power cut may leave of blobs that nobody has synced: shorter than
 * their rows say, not there, or with other bytes than were digested. (A real
 * ext4 that loses its disk's cache: tests/mount/powercut.sh.)
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ext/db.h"
#include "store/check.h"
#include "store_help.h"
#include "unit.h"

/* by their sizes the blobs are found */
enum { SAME = 10, SHORT = 2000, GONE = 300, CUT = 500 };

static int harm(const char *path, const struct stat *s, int type,
		struct FTW *where)
{
	(void)where;
	if (type != FTW_F || !strstr(path, "/blobs/"))
		return 0;
	if (s->st_size == SHORT)
		return truncate(path, CUT);
	if (s->st_size == GONE)
		return unlink(path);
	if (s->st_size == SAME) {
		AUTO(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

		return pwrite(fd, "0123456789", SAME, 0) != SAME;
	}
	return 0;
}

static uint64_t put(struct store *st, const char *name, size_t len)
{
	char text[SHORT + 1];

	memset(text, 'x', len);
	text[len] = 0;
	return help_file(st, STORE_ROOT, name, text);
}

/* Files in a store that is killed when all their rows are on disk. */
static void make_and_die(const char *path)
{
	struct store *st = help_open(path);

	if (!st || !put(st, "same", SAME) || !put(st, "short", SHORT) ||
	    !put(st, "gone", GONE) || !help_digests(st) || store_sync(st))
		_exit(1);
	kill(getpid(), SIGKILL);
}

static void say(void *arg, const char *sentence)
{
	(void)arg;
	printf("fsck: %s\n", sentence);
}

static uint64_t size_of(struct store *st, const char *name, uint64_t *ret_ino)
{
	struct node_attr a;

	if (node_find(st, STORE_ROOT, name, &a))
		return UINT64_MAX;
	*ret_ino = a.ino;
	return a.size;
}

/* The number of the place where a store lived last (META_PLACE), or -errno. */
static int64_t place(const char *path, bool start_again)
{
	AUTO(db_release) struct db *db = NULL;
	AUTO(stmt_release) struct stmt *s = NULL;
	AUTO(buf_release) struct buf file = BUF_INIT(BUF_MAX);
	int err;

	buf_addf(&file, "%s/catalog.db", path);
	err = db_open(file.data, false, NULL, &db);
	if (!err && start_again)
		err = db_exec(db, "UPDATE meta SET n = 3 WHERE what = 7", NULL);
	if (!err)
		err = db_prepare(db, "SELECT n FROM meta WHERE what = 7", &s);
	if (!err)
		err = stmt_step(s);
	return err == 1 ? stmt_get_int(s, 0) : -1;
}

static int die(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		make_and_die(path);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : -1;
}

TEST(powercut_blobs_win)
{
	/* of 0123456789 */
	static const char digest[] = "84d89877f0d4041efb6bf91a16f0248f2fd573e6a"
				     "f05c19f96bedb9f882f7882";
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = NULL;
	struct check_result result;
	char hex[65];
	uint64_t ino;

	CHECK_INT(die(path), 0);
	CHECK_INT(place(path, true), 3);
	CHECK_INT(nftw(path, harm, 16, FTW_PHYS), 0);
	/* what was not synced is no damage */
	CHECK_INT(check_store(path, CHECK_ONLY, say, NULL, &result), 0);
	CHECK_INT(result.found, 0);
	st = help_open(path);
	CHECK(st);
	CHECK_INT(size_of(st, "short", &ino), CUT);
	CHECK_INT(size_of(st, "gone", &ino), 0);
	CHECK(help_is(st, "gone", ""));
	CHECK_INT(size_of(st, "same", &ino), SAME);
	CHECK(help_is(st, "same", "0123456789"));
	CHECK(help_digests(st));
	CHECK_INT(node_get_digest(st, ino, hex), 0);
	CHECK(!strcmp(hex, digest));
	store_release(&st);
	CHECK_INT(check_store(path, CHECK_ONLY, say, NULL, &result), 0);
	CHECK_INT(result.found, 0);
}

/* After an orderly end all was on disk: what is not there then is damaged. */
TEST(powercut_not_after_an_orderly_end)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = help_open(path);
	struct check_result result;

	CHECK(st && put(st, "gone", GONE) && put(st, "short", SHORT));
	store_release(&st);
	CHECK_INT(nftw(path, harm, 16, FTW_PHYS), 0);
	CHECK_INT(check_store(path, CHECK_ONLY, say, NULL, &result), 0);
	CHECK_INT(result.found, 2);
}

/* Where only the daemon died, all is there: it takes no look at the blobs. */
TEST(powercut_is_not_the_end_of_the_daemon)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(buf_release) struct buf copy = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf command = BUF_INIT(BUF_MAX);
	AUTO(store_release) struct store *st = NULL;
	struct check_result result;
	uint64_t ino;

	CHECK_INT(die(path), 0);
	if (!place(path, false)) {
		unit_skip("the kernel does not tell mounts apart");
		return;
	}
	CHECK_INT(nftw(path, harm, 16, FTW_PHYS), 0);
	buf_addf(&copy, "%s-copy", path);
	buf_addf(&command, "cp -a %s %s", path, copy.data);
	CHECK_INT(system(command.data), 0);
	CHECK_INT(check_store(path, CHECK_ONLY, say, NULL, &result), 0);
	CHECK_INT(result.found, 3);
	st = help_open(path);
	CHECK_INT(size_of(st, "short", &ino), SHORT);
	store_release(&st);
	/* and a copy is another place */
	st = help_open(copy.data);
	CHECK_INT(size_of(st, "short", &ino), CUT);
}

/* The first seconds of a store: a database, and nothing in it. */
TEST(powercut_before_there_were_tables)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = NULL;
	AUTO(buf_release) struct buf file = BUF_INIT(BUF_MAX);
	struct db *db = NULL;

	CHECK_INT(mkdir(path, 0700), 0);
	buf_addf(&file, "%s/catalog.db", path);
	CHECK_INT(db_open(file.data, false, NULL, &db), 0);
	db_close(db);
	st = help_open(path);
	CHECK(st);
	CHECK(help_file(st, STORE_ROOT, "f", "hello"));
	help_reopen(&st);
	CHECK(help_is(st, "f", "hello"));
}
