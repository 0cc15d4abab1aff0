// SPDX-License-Identifier: Apache-2.0
/*
 * kill -9: a child works on a store and tells each step that it has finished
 * through a pipe; it is killed somewhere; all that it told must be there.
 *
 * The steps follow from their numbers and a model of the names, which child and
 * parent keep in the same way.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/content.h"
#include "store/file.h"
#include "store/record.h"
#include "store_help.h"
#include "unit.h"

#define NAMES 40
#define TEXT_MOST 9000

struct model {
	unsigned int text[NAMES]; /* number of the step that wrote it; 0: none*/
	unsigned int mode[NAMES];
	unsigned int record; /* step that put it */
};

enum action { WRITE, REMOVE, RENAME, MODE, PUT, APPEND_NAME };

struct step {
	enum action action;
	unsigned int number, name, to;
};

static unsigned int roll(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static struct step step_of(const struct model *m, unsigned int number)
{
	unsigned int seed = number * 2654435761U + 17;
	struct step s = { .number = number,
			  .name = roll(&seed) % NAMES,
			  .to = roll(&seed) % NAMES };

	s.action = roll(&seed) % 5;
	if (s.action != PUT && !m->text[s.name])
		s.action = WRITE;
	return s;
}

/* What the file holds that this step wrote. */
static size_t text_of(unsigned int number, char *text)
{
	size_t len = (number * 7919U) % TEXT_MOST;

	memset(text, 'a' + (int)(number % 26), len);
	snprintf(text, TEXT_MOST, "%u:", number);
	if (len > 16)
		text[strlen(text)] = '-';
	else
		len = strlen(text);
	return len;
}

static void model_apply(struct model *m, const struct step *s)
{
	switch (s->action) {
	case WRITE:
		if (!m->text[s->name])
			m->mode[s->name] = 0644;
		m->text[s->name] = s->number;
		break;
	case REMOVE:
		m->text[s->name] = 0;
		break;
	case RENAME:
		if (s->name == s->to)
			break;
		m->text[s->to] = m->text[s->name];
		m->mode[s->to] = m->mode[s->name];
		m->text[s->name] = 0;
		break;
	case MODE:
		m->mode[s->name] = s->number & 0777;
		break;
	default:
		m->record = s->number;
	}
}

/* Four directories share the names. */
static uint64_t dir_of(struct store *st, unsigned int name)
{
	char path[16];
	struct node_attr a;

	snprintf(path, sizeof(path), "d%u", name % 4);
	return node_walk(st, path, &a) ? 0 : a.ino;
}

static const char *name_of(unsigned int name, char *text)
{
	sprintf(text, "n%u", name);
	return text;
}

static int write_step(struct store *st, const struct step *s)
{
	AUTO(content_release) struct content *c = NULL;
	char name[16], text[TEXT_MOST];
	size_t len = text_of(s->number, text);
	uint64_t dir = dir_of(st, s->name);
	struct node_attr a;
	ssize_t put;
	int err = node_find(st, dir, name_of(s->name, name), &a);

	if (err == -ENOENT)
		err = help_make(st, dir, name, S_IFREG | 0644, &a);
	if (!err)
		err = content_open(st, a.ino, O_WRONLY | O_TRUNC, &c);
	if (err)
		return err;
	put = content_write(c, text, len, 0, false);
	err = content_flush(c);
	return put < 0 ? (int)put : err < 0 ? err : 0;
}

static int mode_step(struct store *st, const struct step *s)
{
	struct node_change c = { .what = CHANGE_MODE,
				 .mode = s->number & 0777 };
	char name[16];
	struct node_attr a;
	int err =
		node_find(st, dir_of(st, s->name), name_of(s->name, name), &a);

	return err ? err : node_set(st, a.ino, &c, &a);
}

static int store_apply(struct store *st, const struct step *s)
{
	char name[16], to[16], text[TEXT_MOST];
	size_t len;

	switch (s->action) {
	case WRITE:
		return write_step(st, s);
	case REMOVE:
		return node_unlink(st, dir_of(st, s->name),
				   name_of(s->name, name));
	case RENAME:
		return node_rename(st, dir_of(st, s->name),
				   name_of(s->name, name), dir_of(st, s->to),
				   name_of(s->to, to), 0);
	case MODE:
		return mode_step(st, s);
	default:
		len = text_of(s->number, text);
		return record_put(st, RECORD_RUN, 1, text, len);
	}
}

static struct store *open_at(const char *path, int commit_ms)
{
	struct store_options o = { .journal_bytes = 1, .commit_ms = commit_ms };
	struct store *st = NULL;

	return store_open(path, &o, NULL, &st) ? NULL : st;
}

/* Does not return. */
static void child(const char *path, int commit_ms, struct model m,
		  unsigned int from, int tell)
{
	struct store *st = open_at(path, commit_ms);
	char name[16];

	if (!st)
		_exit(1);
	for (unsigned int i = 0; i < 4; i++) {
		sprintf(name, "d%u", i);
		if (file_make_dir(st, STORE_ROOT, name, 0755, NULL, NULL))
			_exit(2);
	}
	for (unsigned int number = from;; number++) {
		struct step s = step_of(&m, number);

		if (store_apply(st, &s))
			_exit(3);
		model_apply(&m, &s);
		if (write(tell, &number, sizeof(number)) != sizeof(number))
			_exit(4);
	}
}

/* Runs a child till it has told `steps` steps; returns the last one told. */
static unsigned int run_child(const char *path, int commit_ms,
			      const struct model *m, unsigned int from,
			      unsigned int steps)
{
	unsigned int number = from - 1;
	int fds[2], status;
	pid_t pid;

	if (pipe(fds))
		return 0;
	pid = fork();
	if (!pid) {
		close(fds[0]);
		child(path, commit_ms, *m, from, fds[1]);
	}
	close(fds[1]);
	while (number - from + 1 < steps &&
	       read(fds[0], &number, sizeof(number)) == sizeof(number))
		;
	kill(pid, SIGKILL);
	/* what it told before it died counts */
	while (read(fds[0], &number, sizeof(number)) == sizeof(number))
		;
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? number : 0;
}

static bool file_is(struct store *st, const struct model *m, unsigned int i)
{
	AUTO(buf_release) struct buf got = BUF_INIT(BUF_MAX);
	char name[16], text[TEXT_MOST];
	size_t len = text_of(m->text[i], text);
	struct node_attr a;
	int err = node_find(st, dir_of(st, i), name_of(i, name), &a);

	if (!m->text[i])
		return err == -ENOENT;
	if (err || file_read(st, a.ino, &got))
		return false;
	return a.size == len && got.len == len &&
	       !memcmp(got.data, text, len) && (a.mode & 0777) == m->mode[i] &&
	       a.nlink == 1;
}

static bool record_is(struct store *st, unsigned int number)
{
	AUTO(buf_release) struct buf got = BUF_INIT(BUF_MAX);
	char text[TEXT_MOST];
	size_t len = text_of(number, text);

	if (record_get(st, RECORD_RUN, 1, &got))
		return !number;
	return got.len == len && !memcmp(got.data, text, len);
}

/* All but what the step that was not told may have touched; that is put in
 * order, for the next life. Returns the number of names that are wrong. */
static int check_all(struct store *st, struct model *m, unsigned int told)
{
	struct step next = step_of(m, told + 1);
	int wrong = 0;

	for (unsigned int i = 0; i < NAMES; i++) {
		char name[16];

		if (next.action != PUT &&
		    (i == next.name ||
		     (next.action == RENAME && i == next.to))) {
			if (file_remove(st, dir_of(st, i), name_of(i, name)))
				wrong++;
			m->text[i] = 0;
			continue;
		}
		if (!file_is(st, m, i)) {
			printf("name %u after step %u\n", i, told);
			wrong++;
		}
	}
	if (next.action == PUT && !record_is(st, m->record) &&
	    record_is(st, next.number))
		m->record = next.number;
	return wrong + !record_is(st, m->record);
}

/* Several lives of one store, each killed. */
static void live_and_die(int commit_ms, unsigned int lives, unsigned int steps)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	struct model m = { .record = 0 };
	unsigned int from = 1;

	for (unsigned int life = 0; life < lives; life++) {
		struct store *st;
		unsigned int told = run_child(path, commit_ms, &m, from,
					      steps * (life + 1) / lives + 1);
		int wrong;

		CHECK(told >= from);
		for (unsigned int i = from; i <= told; i++) {
			struct step s = step_of(&m, i);

			model_apply(&m, &s);
		}
		st = open_at(path, commit_ms);
		CHECK(st);
		wrong = check_all(st, &m, told);
		store_close(st);
		CHECK_INT(wrong, 0);
		from = told + 2;
	}
}

TEST(crash_while_committing_often)
{
	live_and_die(1, 12, 600);
}

TEST(crash_with_all_in_the_journal)
{
	live_and_die(2000, 12, 500);
}

TEST(crash_at_once)
{
	live_and_die(5, 8, 3);
}

/* What an open writer had written is there, sizes and all; the blob of a file
 * that was unlinked while open is swept away. */
static void write_and_wait(const char *path, int tell)
{
	struct store *st = open_at(path, 5);
	struct content *c, *d;
	struct node_attr a;
	uint64_t gone = help_file(st, STORE_ROOT, "gone", "abc");

	if (help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &a) ||
	    content_open(st, a.ino, O_WRONLY, &c) ||
	    content_open(st, gone, O_WRONLY, &d) ||
	    node_unlink(st, STORE_ROOT, "gone") ||
	    content_write(c, "hello", 5, 0, false) != 5 || store_sync(st) ||
	    content_write(c, "world", 5, 5, false) != 5)
		_exit(1);
	(void)!write(tell, "x", 1);
	pause();
	_exit(0);
}

/* Those that hold something: the pool's are empty. */
static int count_blobs(const char *path)
{
	AUTO(buf_release) struct buf command = BUF_INIT(1000);
	int count = -1;
	FILE *f;

	buf_addf(&command, "find %s/blobs -type f -size +0 | wc -l", path);
	f = popen(command.data, "r");
	if (f && fscanf(f, "%d", &count) != 1)
		count = -1;
	pclose(f);
	return count;
}

TEST(crash_with_open_files)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = NULL;
	struct node_tree t;
	int fds[2];
	pid_t pid;
	char x;

	CHECK_INT(pipe(fds), 0);
	pid = fork();
	if (!pid)
		write_and_wait(path, fds[1]);
	CHECK_INT(read(fds[0], &x, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	CHECK_INT(count_blobs(path), 2);
	st = open_at(path, 5);
	CHECK(st);
	CHECK(help_is(st, "f", "helloworld"));
	CHECK_INT(node_get_tree(st, STORE_ROOT, &t), 0);
	CHECK_INT(t.bytes, 10);
	for (int i = 0; i < 500 && count_blobs(path) != 1; i++)
		usleep(10000);
	CHECK_INT(count_blobs(path), 1);
	help_reopen(&st);
	CHECK(help_is(st, "f", "helloworld"));
}

/* Of a file that was open and never written, the blob is older than it is. */
TEST(crash_with_an_unwritten_file)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = NULL;
	struct content *c;
	struct node_attr a, b;
	int fds[2];
	pid_t pid;

	CHECK_INT(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		st = open_at(path, 5);
		usleep(50000);
		if (help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &a) ||
		    content_open(st, a.ino, O_WRONLY, &c) ||
		    write(fds[1], &a, sizeof(a)) != sizeof(a))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	CHECK_INT(read(fds[0], &a, sizeof(a)), sizeof(a));
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	st = open_at(path, 5);
	CHECK_INT(node_walk(st, "f", &b), 0);
	/* later, where the blob was not there yet when the file was made */
	CHECK(b.mtime >= a.mtime && b.mtime - a.mtime < NS_PER_S);
	CHECK(b.ctime >= a.ctime);
	CHECK_INT(b.size, 0);
}

/* Numbers are not given out again. */
TEST(crash_does_not_reuse_numbers)
{
	AUTO(free_text) char *path = strdup(help_path("s"));
	AUTO(store_release) struct store *st = open_at(path, 5);
	struct node_attr a, b;

	CHECK_INT(help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &a), 0);
	CHECK_INT(node_unlink(st, STORE_ROOT, "f"), 0);
	store_release(&st);
	st = open_at(path, 5);
	CHECK_INT(help_make(st, STORE_ROOT, "f", S_IFREG | 0644, &b), 0);
	/* what the pool reserved for blobs, once in each life, and no more */
	CHECK(b.ino > a.ino && b.ino < a.ino + (1 << 18));
	store_release(&st);

	pid_t pid = fork();
	if (!pid) {
		st = open_at(path, 5);
		help_make(st, STORE_ROOT, "g", S_IFREG | 0644, &a);
		node_unlink(st, STORE_ROOT, "g");
		store_sync(st);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
	st = open_at(path, 5);
	CHECK_INT(help_make(st, STORE_ROOT, "g", S_IFREG | 0644, &a), 0);
	CHECK(a.ino > b.ino + 1);
}
