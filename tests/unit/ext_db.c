// SPDX-License-Identifier: Apache-2.0
#include "ext/db.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit.h"

#define MAKE_T "CREATE TABLE t(id INTEGER PRIMARY KEY, x)"

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", unit_dir(), name);
	return path;
}

static off_t size_of(const char *path, const char *suffix)
{
	char name[300];
	struct stat s;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &s) ? -1 : s.st_size;
}

static int64_t count_of(struct db *db)
{
	AUTO(stmt_release) struct stmt *s = NULL;

	if (db_prepare(db, "SELECT count(*) FROM t", &s) || stmt_step(s) != 1)
		return -1;
	return stmt_get_int(s, 0);
}

TEST_STARVED(db_rows_come_back)
{
	AUTO(db_release) struct db *db = NULL;
	AUTO(stmt_release) struct stmt *put = NULL;
	AUTO(stmt_release) struct stmt *get = NULL;
	size_t len;

	ENOUGH(db_open(path_of("a b%20#?.db"), false, NULL, &db));
	ENOUGH(db_exec(db, "CREATE TABLE t(i, s, b, n)", NULL));
	ENOUGH(db_prepare(db, "INSERT INTO t VALUES(?,?,?,?)", &put));
	stmt_int(put, 1, INT64_MIN);
	stmt_text(put, 2, "gr\xc3\xbc\xc3\x9f", 6);
	stmt_blob(put, 3, "\0\1", 2);
	stmt_null(put, 4);
	CHECK_INT(stmt_step(put), 0);
	CHECK_INT(db_changes(db), 1);
	/* a reset forgets what was bound */
	CHECK_INT(stmt_step(put), 0);
	ENOUGH(db_prepare(db, "SELECT * FROM t", &get));
	CHECK_INT(stmt_step(get), 1);
	CHECK(stmt_get_int(get, 0) == INT64_MIN);
	CHECK_STR(stmt_get_text(get, 1, &len), "gr\xc3\xbc\xc3\x9f");
	CHECK_INT(len, 6);
	CHECK(!memcmp(stmt_get_blob(get, 2, &len), "\0\1", 2));
	CHECK_INT(len, 2);
	CHECK(stmt_is_null(get, 3));
	CHECK_STR(stmt_get_text(get, 3, &len), "");
	CHECK_INT(len, 0);
	CHECK_INT(stmt_step(get), 1);
	CHECK(stmt_is_null(get, 0));
	CHECK_INT(stmt_step(get), 0);
}

TEST(db_empty_blob_is_not_null)
{
	AUTO(db_release) struct db *db = NULL;
	AUTO(stmt_release) struct stmt *s = NULL;

	CHECK_INT(db_open(path_of("db"), false, NULL, &db), 0);
	CHECK_INT(db_prepare(db, "SELECT ?", &s), 0);
	stmt_blob(s, 1, NULL, 0);
	CHECK_INT(stmt_step(s), 1);
	CHECK(!stmt_is_null(s, 0));
}

TEST(db_failed_bind_fails_the_step)
{
	AUTO(db_release) struct db *db = NULL;
	AUTO(stmt_release) struct stmt *s = NULL;

	CHECK_INT(db_open(path_of("db"), false, NULL, &db), 0);
	CHECK_INT(db_prepare(db, "SELECT ?", &s), 0);
	stmt_int(s, 2, 1); /* there is no second parameter */
	CHECK_INT(stmt_step(s), -EIO);
	stmt_int(s, 1, 1); /* and it is usable again */
	CHECK_INT(stmt_step(s), 1);
}

TEST(db_durable_changes_between_transactions_only)
{
	AUTO(db_release) struct db *db = NULL;

	CHECK_INT(db_open(path_of("db"), false, NULL, &db), 0);
	CHECK_INT(db_set_durable(db, true), 0);
	CHECK_INT(db_exec(db, "BEGIN; " MAKE_T, NULL), 0);
	CHECK_INT(db_set_durable(db, true), 0);
	CHECK_INT(db_set_durable(db, false), -EBUSY);
	CHECK_INT(db_exec(db, "COMMIT", NULL), 0);
	CHECK_INT(db_set_durable(db, false), 0);
}

TEST(db_checkpoint_moves_the_wal)
{
	AUTO(db_release) struct db *db = NULL;
	char path[256];
	off_t before;

	snprintf(path, sizeof(path), "%s", path_of("db"));
	CHECK_INT(db_open(path, false, NULL, &db), 0);
	CHECK_INT(db_exec(db, MAKE_T, NULL), 0);
	for (int i = 0; i < 2000; i++)
		CHECK_INT(db_exec(db, "INSERT INTO t VALUES(NULL, 'x')", NULL),
			  0);
	before = size_of(path, "");
	CHECK(size_of(path, "-wal") > 2000 * 4096);
	CHECK_INT(db_checkpoint(db), 0);
	CHECK(size_of(path, "") > before);
}

TEST(db_busy_while_another_writes)
{
	AUTO(db_release) struct db *a = NULL;
	AUTO(db_release) struct db *b = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of("db"));
	CHECK_INT(db_open(path, false, NULL, &a), 0);
	CHECK_INT(db_open(path, false, NULL, &b), 0);
	CHECK_INT(db_exec(a, "BEGIN IMMEDIATE; " MAKE_T, NULL), 0);
	CHECK_INT(db_exec(b, "BEGIN IMMEDIATE", NULL), -EBUSY);
}

/* ---- what cannot be opened ---- */

TEST(db_open_says_what_is_wrong)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(db_release) struct db *db = NULL;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s", path_of("db"));
	CHECK_INT(db_open(path, true, NULL, &db), -ENOENT);
	CHECK(size_of(path, "") < 0); /* not made by the attempt */
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database at all. ", f);
	fclose(f);
	CHECK_INT(db_open(path, true, NULL, &db), -EUCLEAN);
	CHECK_INT(db_open(path, false, &why, &db), -EUCLEAN);
	CHECK_STR(why.data, "file is not a database");
	strcat(path, "/below");
	CHECK_INT(db_open(path, true, NULL, &db), -ENOTDIR);
	CHECK_INT(db_open("/nonexistent/db", false, NULL, &db), -ENOENT);
}

TEST(db_check_finds_damage)
{
	AUTO(buf_release) struct buf report = BUF_INIT(BUF_MAX);
	struct db *db = NULL;
	char path[256], junk[4096];
	bool sound = false;
	int fd;

	snprintf(path, sizeof(path), "%s", path_of("db"));
	CHECK_INT(db_open(path, false, NULL, &db), 0);
	CHECK_INT(db_exec(db,
			  MAKE_T "; WITH RECURSIVE n(i) AS (VALUES(1) UNION "
				 "ALL SELECT i+1 FROM n WHERE i<2000) INSERT "
				 "INTO t SELECT i, 'text' FROM n",
			  NULL),
		  0);
	CHECK_INT(db_check(db, &report, &sound), 0);
	CHECK(sound);
	CHECK_INT(report.len, 0);
	db_close(db);
	memset(junk, 0xa5, sizeof(junk));
	fd = open(path, O_WRONLY);
	CHECK_INT(pwrite(fd, junk, sizeof(junk), 3 * 4096), 4096);
	close(fd);
	CHECK_INT(db_open(path, false, NULL, &db), 0);
	CHECK_INT(db_check(db, &report, &sound), 0);
	CHECK(!sound);
	CHECK(report.len > 0);
	db_close(db);
}

/* ---- read-only ---- */

TEST(db_read_only_leaves_nothing_beside)
{
	struct db *db = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of("db"));
	CHECK_INT(db_open(path, false, NULL, &db), 0);
	CHECK_INT(db_exec(db, MAKE_T "; INSERT INTO t VALUES(1, 2)", NULL), 0);
	db_close(db);
	CHECK(size_of(path, "-wal") < 0);
	CHECK_INT(db_open(path, true, NULL, &db), 0);
	CHECK_INT(count_of(db), 1);
	CHECK_INT(db_exec(db, "DELETE FROM t", NULL), -EROFS);
	CHECK(size_of(path, "-wal") < 0);
	CHECK(size_of(path, "-shm") < 0);
	db_close(db);
}

/* A daemon that died left a WAL: what it holds is seen. */
TEST(db_read_only_sees_the_wal)
{
	AUTO(db_release) struct db *db = NULL;
	char path[256];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s", path_of("db"));
	pid = fork();
	if (!pid) {
		bool bad = db_open(path, false, NULL, &db) ||
			   db_exec(db, MAKE_T "; INSERT INTO t VALUES(1, 2)",
				   NULL);

		_exit(bad);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK(size_of(path, "-wal") > 0);
	CHECK_INT(db_open(path, true, NULL, &db), 0);
	CHECK_INT(count_of(db), 1);
}

/* As another user, to whom the directory is read-only; root could write. */
TEST(db_read_only_in_a_read_only_directory)
{
	struct db *db = NULL;
	char path[256];
	int status;
	pid_t pid;

	if (getuid() != 0) {
		unit_skip("only root may become another user");
		return;
	}
	snprintf(path, sizeof(path), "%s", path_of("db"));
	CHECK_INT(db_open(path, false, NULL, &db), 0);
	CHECK_INT(db_exec(db, MAKE_T "; INSERT INTO t VALUES(1, 2)", NULL), 0);
	db_close(db);
	*strrchr(path, '/') = 0;
	CHECK_INT(chmod(path, 0755), 0);
	path[strlen(path)] = '/';
	CHECK_INT(chmod(path, 0644), 0);
	pid = fork();
	if (!pid) {
		if (setuid(65534))
			_exit(1);
		if (db_open(path, true, NULL, &db) || count_of(db) != 1)
			_exit(2);
		db_close(db);
		if (db_open(path, false, NULL, &db) != -EACCES)
			_exit(3);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WEXITSTATUS(status), 0);
}
