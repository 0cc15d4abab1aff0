// SPDX-License-Identifier: Apache-2.0
/*
 * Inodes are numbered in the order in which they were made, which is that of a
 * listing, too: "in turn" is by number. Who reads in any other order is left
 * alone, and so is who finds all in memory: nothing is asked of the disk, and
 * little of the processors.
 */
#include "ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "backing.h"
#include "base/cleanup.h"
#include "store/content.h"
#include "work.h"

#define STREAMS 64
/* How far apart two files may be, that are still one after the other. */
#define NEAR 8
/* After so many in turn. */
#define SURE 3
/* Inodes that a job looks at, and how far ahead of the reader it is begun. */
#define WINDOW 32
/* So many at the window's end, where the reader cannot have been, tell whether
 * all is in memory; then nothing is done for so many inodes. */
#define LOOKED 4
#define REST 512
/* Jobs at a time: workers have more to do than this. */
#define JOBS 2
/* Bytes of each file; whoever reads on has the kernel read ahead. */
#define BEGINNING (128 << 10)

struct stream {
	pid_t pid;
	unsigned int run; /* files in turn */
	uint64_t last;
	uint64_t next; /* the first inode that was not seen to; 0: none was */
};

struct ahead {
	pthread_mutex_t lock;
	struct stream stream[STREAMS]; /* under lock, by pid */
	unsigned int jobs;	       /* under lock */
};

struct fetch {
	struct job job;
	struct fs *fs;
	pid_t pid;
	uint64_t from;
};

int ahead_init(struct fs *fs)
{
	fs->ahead = calloc(1, sizeof(*fs->ahead));
	if (!fs->ahead)
		return -ENOMEM;
	pthread_mutex_init(&fs->ahead->lock, NULL);
	return 0;
}

void ahead_release(struct fs *fs)
{
	if (!fs->ahead)
		return;
	pthread_mutex_destroy(&fs->ahead->lock);
	free(fs->ahead);
	fs->ahead = NULL;
}

static struct stream *stream_of(struct ahead *a, pid_t pid)
{
	return &a->stream[(unsigned int)pid % STREAMS];
}

/* ---- a worker's part ---- */

static bool is_in_memory(int fd)
{
	char byte;
	struct iovec to = { &byte, 1 };

	return preadv2(fd, &to, 1, 0, RWF_NOWAIT) >= 0;
}

/* As if it were opened, read and closed. 1: its beginning was not in memory,
 * and is asked for; -errno: there is nothing to be read. */
static int fetch_file(struct fs *fs, uint64_t ino)
{
	AUTO(content_release) struct content *c = NULL;
	struct node_attr attr;
	uint64_t blob = 0;
	int fd, id, err;

	/* what is shared may be open by another name, in another way */
	if (node_get(fs->store, ino, &attr) || !S_ISREG(attr.mode) ||
	    !attr.size || content_is_shared(fs->store, ino))
		return -ENODATA;
	err = content_open(fs->store, ino, O_RDONLY | O_PATH, &c);
	if (!err && (!content_is_lent(c, &blob) || !blob))
		err = -ENODATA;
	if (!err)
		err = content_get_blob(c, &blob, &fd);
	if (!err)
		err = backing_get(fs, ino, c, &id);
	if (err)
		return err;
	backing_put(fs, ino);
	if (is_in_memory(fd))
		return 0;
	(void)posix_fadvise(fd, 0, BEGINNING, POSIX_FADV_WILLNEED);
	return 1;
}

static void end_job(struct ahead *a, const struct fetch *f, bool was_there)
{
	HOLD(&a->lock);
	struct stream *s = stream_of(a, f->pid);

	a->jobs--;
	if (was_there && s->pid == f->pid && s->next >= f->from)
		s->next = f->from + REST;
}

static void fetch(struct job *job)
{
	struct fetch *f = (struct fetch *)job;
	int looked = 0, asked = 0;

	for (unsigned int i = 0; i < WINDOW && (asked || looked < LOOKED);
	     i++) {
		unsigned int at = i < LOOKED ? WINDOW - 1 - i : i - LOOKED;
		int got = fetch_file(f->fs, f->from + at);

		looked += got >= 0;
		asked += got == 1;
	}
	end_job(f->fs->ahead, f, looked && !asked);
	free(f);
}

/* ---- the opener's part ---- */

/* True: these are to be fetched. */
static bool follow(struct ahead *a, uint64_t ino, pid_t pid, uint64_t *ret_from)
{
	HOLD(&a->lock);
	struct stream *s = stream_of(a, pid);

	if (s->pid != pid || ino < s->last || ino > s->last + NEAR)
		*s = (struct stream){ .pid = pid };
	else
		s->run += ino != s->last;
	s->last = ino;
	if (s->run < SURE || ino + WINDOW < s->next || a->jobs >= JOBS)
		return false;
	a->jobs++;
	if (s->next < ino + 2)
		s->next = ino + 2;
	*ret_from = s->next;
	s->next += WINDOW;
	return true;
}

void ahead_opened(struct fs *fs, uint64_t ino, pid_t pid)
{
	struct fetch *f;
	uint64_t from;

	if (pid <= 0 || !fs->passthrough || !follow(fs->ahead, ino, pid, &from))
		return;
	f = calloc(1, sizeof(*f));
	if (!f) {
		end_job(fs->ahead, &(struct fetch){ .pid = pid }, false);
		return;
	}
	*f = (struct fetch){ { .run = fetch }, fs, pid, from };
	work_put(fs->work, &f->job);
}
