// SPDX-License-Identifier: Apache-2.0
#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "backing.h"
#include "base/cleanup.h"
#include "check.h"

struct handles {
	pthread_mutex_t lock;
	struct handle *first; /* under lock */
};

int handles_init(struct fs *fs)
{
	fs->handles = calloc(1, sizeof(*fs->handles));
	if (!fs->handles)
		return -ENOMEM;
	pthread_mutex_init(&fs->handles->lock, NULL);
	return 0;
}

static void list(struct fs *fs, struct handle *h)
{
	HOLD(&fs->handles->lock);
	h->next = fs->handles->first;
	if (h->next)
		h->next->prev = h;
	fs->handles->first = h;
}

static void unlist(struct fs *fs, struct handle *h)
{
	HOLD(&fs->handles->lock);
	if (h->next)
		h->next->prev = h->prev;
	if (h->prev)
		h->prev->next = h->next;
	else if (fs->handles->first == h)
		fs->handles->first = h->next;
}

/* ---- copies within the mount ---- */

/* Of each thread the last large file that it opened, more or less: the thread's
 * number, and one that tells this open from others. */
static _Atomic uint64_t *reader_of(struct fs *fs, pid_t pid)
{
	return &fs->readers[(unsigned int)pid % FS_READERS];
}

static void note_reader(struct fs *fs, struct handle *h, pid_t pid)
{
	h->reader = (uint64_t)pid << 32 | (uint32_t)(fs->reads++ + 1);
	atomic_store(reader_of(fs, pid), h->reader);
}

static void forget_reader(struct fs *fs, const struct handle *h)
{
	uint64_t mark = h->reader;

	if (mark)
		atomic_compare_exchange_strong(
			reader_of(fs, (pid_t)(mark >> 32)), &mark, 0);
}

static bool is_reader(struct fs *fs, pid_t pid)
{
	return pid > 0 &&
	       atomic_load(reader_of(fs, pid)) >> 32 == (uint64_t)pid;
}

static bool is_cp(pid_t pid)
{
	char path[32], name[4] = "";
	AUTO(close_fd) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, name, sizeof(name)) == 3 &&
	       !memcmp(name, "cp\n", 3);
}

/*
 * cp(1) opens a file, then its copy, then asks for all of the one to be copied
 * to the other. It could be given the blob of the first, but not if the kernel
 * writes the second by itself: so that is opened in another way, which is slow
 * for whoever writes the bytes, as all others do.
 */
static bool will_copy(fuse_req_t req, int flags)
{
	const int others = O_TRUNC | O_APPEND | O_DSYNC | O_DIRECT;
	pid_t pid = fuse_req_ctx(req)->pid;

	return (flags & O_ACCMODE) == O_WRONLY && !(flags & others) &&
	       is_reader(fs_of(req), pid) && is_cp(pid);
}

/* ---- handles ---- */

static bool handle_free(struct fs *fs, struct handle *h)
{
	struct shot *shot = atomic_load(&h->shot);
	bool changed;

	forget_reader(fs, h);
	if (h->backed)
		backing_put(fs, h->ino);
	changed = content_close(h->content);
	control_free(h->control);
	shot_release(&shot);
	free(h);
	return changed;
}

void handles_release(struct fs *fs)
{
	if (!fs->handles)
		return;
	while (fs->handles->first) {
		struct handle *h = fs->handles->first;

		unlist(fs, h);
		handle_free(fs, h);
	}
	pthread_mutex_destroy(&fs->handles->lock);
	free(fs->handles);
	fs->handles = NULL;
}

/* The kernel keeps the set-user-ID bit when it leaves O_TRUNC to us. */
static void drop_suid(struct fs *fs, uint64_t ino)
{
	struct node_change change = { .what = CHANGE_KILL_SUID };
	struct node_attr attr;

	if (!node_get(fs->store, ino, &attr) && attr.mode & (S_ISUID | S_ISGID))
		node_set(fs->store, ino, &change, &attr);
}

#if BACKING_KNOWN
static void name_backing(struct fuse_file_info *fi, int id)
{
	fi->backing_id = id;
}
#else
static void name_backing(struct fuse_file_info *fi, int id)
{
	(void)fi, (void)id;
}
#endif

/* Either all opens of a file are passed through, or none: not where another
 * file of its blob is, nor a file without a blob in a store that cannot be
 * written, which nobody could write. */
static int pass_through(fuse_req_t req, struct handle *h,
			struct fuse_file_info *fi)
{
	uint64_t blob;
	int id = 0;
	int err = 0;

	/* pages that are kept from another time may be out of date */
	if (!content_is_lent(h->content, &blob))
		return 0;
	err = backing_get(fs_of(req), h->ino, h->content, &id);
	if (err == -EROFS) {
		fi->keep_cache = 1;
		return 0;
	}
	if (err)
		return err;
	h->backed = true;
	name_backing(fi, id);
	return 0;
}

/* With O_SYNC or O_DSYNC each write is on disk when it returns. The kernel sees
 * to the bytes by itself and says nothing to us, so what leads to them is
 * brought there first. */
static int sync_names(struct fs *fs, const struct fuse_file_info *fi)
{
	if (!fs->passthrough || !(fi->flags & O_DSYNC) ||
	    (fi->flags & O_ACCMODE) == O_RDONLY)
		return 0;
	return store_sync(fs->store);
}

static int open_content(fuse_req_t req, struct handle *h,
			struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	int flags = (fi->flags & ~O_PATH) | (fs->passthrough ? O_PATH : 0);
	int err = -EBUSY;

	if (will_copy(req, fi->flags))
		err = content_open_later(fs->store, h->ino, &h->content);
	if (err == -EBUSY)
		err = content_open(fs->store, h->ino, flags, &h->content);
	if (!err)
		err = sync_names(fs, fi);
	if (err)
		return err;
	h->type = HANDLE_CONTENT;
	if (fi->flags & O_TRUNC && fuse_req_ctx(req)->uid != 0)
		drop_suid(fs, h->ino);
	if ((fi->flags & O_ACCMODE) == O_RDONLY) {
		fi->noflush = 1;
		if (content_is_large(h->content))
			note_reader(fs, h, fuse_req_ctx(req)->pid);
		ahead_opened(fs, h->ino, fuse_req_ctx(req)->pid);
	} else {
		/* a close that nobody is told anything by need not be waited
		 * for: what is generated looks at what was written (shot.c) */
		fi->noflush = !check_is_due(fs, h->ino);
	}
	if (fs->passthrough)
		return pass_through(req, h, fi);
	fi->keep_cache = 1; /* the notifier says when to drop it */
	return 0;
}

static int open_shot(struct fs *fs, struct handle *h, const struct view *v)
{
	struct shot *shot;
	int err = shot_get(fs, v, &shot);

	if (err)
		return err;
	err = shot->err;
	if (err)
		shot_release(&shot);
	else
		atomic_store(&h->shot, shot);
	h->type = HANDLE_SHOT;
	return err;
}

/*
 * Past the page cache, which is the file's and not the descriptor's: each reads
 * what was rendered for it, whole, and a write tells whose it is.
 */
static int open_view(struct fs *fs, struct handle *h, struct fuse_file_info *fi)
{
	const struct view_row *row;
	struct view v;
	int err = view_get(fs, h->ino, &v);

	if (err)
		return err;
	row = view_row_of(&v);
	if (!row || !S_ISREG(row->mode))
		return row ? -ELOOP : -EISDIR;
	if ((fi->flags & O_ACCMODE) != O_RDONLY) {
		if (!row->set)
			return -EACCES; /* which the kernel lets root pass */
		fi->direct_io = 1;
		h->type = HANDLE_CONTROL;
		return control_open(fs, &v, fi->flags, &h->control);
	}
	if (row->waits) {
		fi->direct_io = 1;
		h->type = HANDLE_WAIT;
		return 0;
	}
	fi->direct_io = 1;
	fi->noflush = 1;
	return open_shot(fs, h, &v);
}

int open_handle(fuse_req_t req, uint64_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct handle *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->ino = ino;
	h->uid = fuse_req_ctx(req)->uid;
	err = view_is(ino) ? open_view(fs, h, fi) : open_content(req, h, fi);
	if (err) {
		handle_free(fs, h);
		return err;
	}
	list(fs, h);
	atomic_store_explicit(&h->ready, true, memory_order_release);
	fi->fh = (uintptr_t)h;
	return 0;
}

bool open_release(struct fs *fs, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	unlist(fs, h);
	fi->fh = 0;
	return handle_free(fs, h);
}
