// SPDX-License-Identifier: Apache-2.0
#include "store_help.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/content.h"
#include "store/file.h"
#include "unit.h"

const char *help_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", unit_dir(), name);
	return path;
}

struct store *help_open(const char *path)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct store_options o = { .journal_bytes = 4 << 20 };
	struct store *st = NULL;
	int err = store_open(path, &o, &why, &st);

	if (err)
		printf("store_open: %d %s\n", err, why.data);
	return st;
}

void help_reopen(struct store **st)
{
	AUTO(free_text) char *path = strdup(store_path(*st));

	store_close(*st);
	*st = help_open(path);
}

int help_make(struct store *st, uint64_t dir, const char *name, mode_t mode,
	      struct node_attr *ret_attr)
{
	struct node_new n = {
		.mode = mode, .uid = 1000, .gid = 1000, .target = "target"
	};

	return node_make(st, dir, name, &n, ret_attr);
}

uint64_t help_dir(struct store *st, uint64_t dir, const char *name)
{
	struct node_attr a;

	return help_make(st, dir, name, S_IFDIR | 0755, &a) ? 0 : a.ino;
}

uint64_t help_file(struct store *st, uint64_t dir, const char *name,
		   const char *text)
{
	struct node_attr a;
	struct content *c;

	if (help_make(st, dir, name, S_IFREG | 0644, &a) ||
	    content_open(st, a.ino, O_WRONLY, &c))
		return 0;
	if (content_write(c, text, strlen(text), 0, false) < 0)
		a.ino = 0;
	content_close(c);
	return a.ino;
}

static int count_one(void *arg, const char *name, const struct node_attr *attr,
		     uint64_t cookie)
{
	(void)name, (void)attr, (void)cookie;
	++*(int *)arg;
	return 0;
}

int help_count(struct store *st, uint64_t dir)
{
	int count = 0;

	return node_each(st, dir, 0, count_one, &count) ? -1 : count;
}

bool help_is(struct store *st, const char *path, const char *text)
{
	AUTO(buf_release) struct buf got = BUF_INIT(BUF_MAX);
	struct node_attr a;

	if (node_walk(st, path, &a) || file_read(st, a.ino, &got))
		return false;
	return a.size == got.len && !strcmp(got.data, text);
}

int help_kill(const char *path, int (*work)(struct store *st))
{
	struct store_options o = { .journal_bytes = 1, .commit_ms = 60000 };
	struct store *st = NULL;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (store_open(path, &o, NULL, &st) || work(st))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 0 : -1;
}

bool help_digests(struct store *st)
{
	struct store_counts counts = { 0 };

	for (int i = 0; i < 6000; i++) {
		store_count(st, &counts);
		if (!counts.digests_pending)
			return true;
		usleep(10000);
	}
	return false;
}
