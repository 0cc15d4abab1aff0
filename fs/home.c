// SPDX-License-Identifier: Apache-2.0
#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Deeds that are remembered, oldest overwritten. */
#define DEEDS 256
#define REMOVED_NS (2 * NS_PER_S)

struct deed {
	uint64_t what;	 /* inode number */
	pid_t tid;	 /* 0: none; also a thread of another pid namespace */
	int64_t removed; /* monotonic; 0: the directory was made */
};

struct homes {
	pthread_mutex_t lock;
	unsigned int next;	 /* under lock */
	struct deed deed[DEEDS]; /* under lock */
};

int homes_init(struct fs *fs)
{
	fs->homes = calloc(1, sizeof(*fs->homes));
	if (!fs->homes)
		return -ENOMEM;
	pthread_mutex_init(&fs->homes->lock, NULL);
	return 0;
}

void homes_release(struct fs *fs)
{
	if (!fs->homes)
		return;
	pthread_mutex_destroy(&fs->homes->lock);
	free(fs->homes);
	fs->homes = NULL;
}

static struct deed *find(struct homes *homes, uint64_t what, pid_t tid,
			 bool removed)
{
	for (size_t i = 0; i < DEEDS && tid; i++) {
		struct deed *deed = &homes->deed[i];

		if (deed->what == what && deed->tid == tid &&
		    !deed->removed == !removed)
			return deed;
	}
	return NULL;
}

static void add(struct fs *fs, uint64_t what, pid_t tid, int64_t removed)
{
	HOLD(&fs->homes->lock);
	fs->homes->deed[fs->homes->next++ % DEEDS] =
		(struct deed){ what, tid, removed };
}

void home_dir_made(struct fs *fs, uint64_t dir, pid_t tid)
{
	add(fs, dir, tid, 0);
}

void home_removed(struct fs *fs, uint64_t what, pid_t tid)
{
	add(fs, what, tid, clock_monotonic());
}

void home_made(struct fs *fs, uint64_t what, pid_t tid)
{
	HOLD(&fs->homes->lock);
	struct deed *deed;

	while ((deed = find(fs->homes, what, tid, true)))
		deed->tid = 0;
}

static bool makes_name(long number, unsigned long flags)
{
#ifdef SYS_symlink
	if (number == SYS_symlink)
		return true;
#endif
	if (number == SYS_openat)
		return flags & O_CREAT && flags & O_EXCL;
	return number == SYS_symlinkat;
}

/*
 * What call is the thread in? /proc/TID/syscall gives its number and arguments:
 *	266 0x7ffe… 0xffffff9c 0x7ffe… …
 * Not readable (another user's thread, a hardened kernel): unknown.
 */
static bool is_making_name(pid_t tid)
{
	char path[64], text[256];
	unsigned long argument[3];
	long number;
	int fd;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = 0;
	if (sscanf(text, "%ld %lx %lx %lx", &number, &argument[0], &argument[1],
		   &argument[2]) != 4)
		return false;
	return makes_name(number, argument[2]);
}

enum deed_kind { DEED_NONE, DEED_REMOVED, DEED_MADE };

static enum deed_kind recall(struct fs *fs, uint64_t what, pid_t tid)
{
	HOLD(&fs->homes->lock);
	struct deed *removed = find(fs->homes, what, tid, true);

	if (removed && clock_monotonic() - removed->removed < REMOVED_NS)
		return DEED_REMOVED;
	return find(fs->homes, what, tid, false) ? DEED_MADE : DEED_NONE;
}

bool home_is_absent(struct fs *fs, uint64_t what, pid_t tid)
{
	enum deed_kind kind = recall(fs, what, tid);

	return kind == DEED_REMOVED ||
	       (kind == DEED_MADE && is_making_name(tid));
}
