// SPDX-License-Identifier: Apache-2.0
/*
 * Open files. Bytes move between caller and blob without any lock; the
 * namespace lock is taken to get in, to get out, and to flush.
 */
#include "store/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "opening.h"
#include "state.h"

struct content {
	struct store *st;
	struct inode *i; /* lives as long as the opening does */
	struct opening *o;
	uint64_t ino;
	bool writing;
};

bool inode_take_stat(struct inode *i, const struct stat *s)
{
	int64_t mtime = clock_from_timespec(&s->st_mtim);
	int64_t ctime = clock_from_timespec(&s->st_ctim);
	bool changed = i->mtime != mtime || i->size != (uint64_t)s->st_size;

	i->blocks = (uint64_t)s->st_blocks;
	if (!changed)
		return false;
	i->mtime = mtime;
	i->size = (uint64_t)s->st_size;
	/* a time that we gave may be the one of a write right after it */
	i->ctime = ctime > i->ctime ? ctime : i->ctime + 1;
	return true;
}

/* ---- openings ---- */

static void opening_free(struct opening *o)
{
	if (!o)
		return;
	close_fd(&o->rfd);
	close_fd(&o->wfd);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

static struct opening *opening_new(void)
{
	struct opening *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->rfd = o->wfd = -1;
	pthread_mutex_init(&o->lock, NULL);
	return o;
}

struct opening *opening_grab(struct inode *i)
{
	if (i->opening)
		__atomic_add_fetch(&i->opening->refs, 1, __ATOMIC_RELAXED);
	return i->opening;
}

/* The last one out: returns what is then to be freed without a lock. */
static struct opening *let_go(struct store *st, struct inode *i,
			      struct opening *o)
{
	if (__atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
		return NULL;
	i->opening = NULL;
	node_reap(st, i, journal_appended(&st->journal));
	return o;
}

static struct opening *drop_locked(struct store *st, struct inode *i,
				   struct opening *o)
{
	HOLD_WRITE(&st->lock);

	return let_go(st, i, o);
}

void opening_drop(struct store *st, struct inode *i, struct opening *o)
{
	opening_free(drop_locked(st, i, o));
}

static int get_opening(struct store *st, uint64_t ino, struct opening **fresh,
		       struct content *c)
{
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, ino);

	if (!i)
		return -ESTALE;
	if (!inode_is_file(i))
		return inode_is_dir(i) ? -EISDIR : -EINVAL;
	if (!i->opening) {
		i->opening = TAKE(*fresh);
		i->opening->blob = i->blob;
	}
	c->o = opening_grab(i);
	c->i = i;
	return 0;
}

/* ---- becoming a writer; all with the opening's lock held ---- */

static void read_state(struct content *c, bool *ret_first, int64_t *ret_mtime)
{
	HOLD_READ(&c->st->lock);

	*ret_first = !c->o->writers;
	*ret_mtime = c->i->mtime;
}

static int set_mtime(int fd, int64_t mtime)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
				     clock_to_timespec(mtime) };
	struct stat s;

	if (fstat(fd, &s))
		return -errno;
	if (clock_from_timespec(&s.st_mtim) == mtime)
		return 0;
	/* read, so that the next write gets a time of its own */
	return futimens(fd, times) || fstat(fd, &s) ? -errno : 0;
}

/* Count as a writer. -EAGAIN: the mtime was set meanwhile. */
static int enter(struct content *c, int fd, bool first, int64_t mtime)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = c->i;
	struct rows rows;
	int err = 0;

	if (first && i->mtime != mtime)
		return -EAGAIN;
	if (first && NODE_IS_SAVED(i))
		err = journal_begin(&c->st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	__atomic_store_n(&c->o->wfd, fd, __ATOMIC_RELEASE);
	c->o->writers++;
	i->blob = c->o->blob;
	i->flags |= INODE_WRITING;
	i->flags &= (uint16_t) ~(INODE_DIGEST | INODE_HASHED);
	if (first && NODE_IS_SAVED(i)) {
		rows_put_inode(&rows, i);
		journal_end(&c->st->journal, &rows);
	}
	c->writing = true;
	return 0;
}

static int enter_with(struct content *c, int fd)
{
	int64_t mtime;
	bool first;
	int err;

	do {
		read_state(c, &first, &mtime);
		err = first ? set_mtime(fd, mtime) : 0;
		if (!err)
			err = enter(c, fd, first, mtime);
	} while (err == -EAGAIN);
	return err;
}

static int make_blob(struct content *c)
{
	uint64_t blob;
	int fd;
	int err = pool_take(c->st, &blob, &fd);

	if (err)
		return err;
	c->o->blob = blob;
	err = enter_with(c, fd);
	if (err) {
		close(fd);
		blob_remove(c->st->blobs, blob);
		c->o->blob = 0;
	}
	return err;
}

static int open_for_writing(struct content *c)
{
	int fd = opening_wfd(c->o);
	int err;

	if (c->st->read_only)
		return -EROFS;
	if (fd >= 0)
		return enter_with(c, fd);
	if (!c->o->blob)
		return make_blob(c);
	err = blob_open(c->st->blobs, c->o->blob, O_RDWR, &fd);
	if (err)
		return err;
	err = enter_with(c, fd);
	if (err)
		close(fd);
	return err;
}

static int open_for_reading(struct content *c)
{
	int fd, err;

	if (!c->o->blob || opening_fd(c->o) >= 0)
		return 0;
	err = blob_open(c->st->blobs, c->o->blob, O_RDONLY, &fd);
	if (!err)
		__atomic_store_n(&c->o->rfd, fd, __ATOMIC_RELEASE);
	return err;
}

static int open_blob(struct content *c, bool writing)
{
	HOLD(&c->o->lock);

	return writing ? open_for_writing(c) : open_for_reading(c);
}

/* A file that is only read gets a blob all the same. */
static int name_blob(struct content *c, uint64_t blob)
{
	HOLD_WRITE(&c->st->lock);
	struct rows rows;
	int err;

	if (NODE_IS_SAVED(c->i)) {
		err = journal_begin(&c->st->journal, ROW_ROOM, &rows);
		if (err)
			return err;
	}
	c->i->blob = c->o->blob = blob;
	if (NODE_IS_SAVED(c->i)) {
		rows_put_inode(&rows, c->i);
		journal_end(&c->st->journal, &rows);
	}
	return 0;
}

static int give_blob(struct content *c)
{
	uint64_t blob;
	int fd, err;

	if (c->st->read_only)
		return -EROFS;
	err = pool_take(c->st, &blob, &fd);
	if (err)
		return err;
	err = name_blob(c, blob);
	if (err) {
		close(fd);
		blob_remove(c->st->blobs, blob);
		return err;
	}
	__atomic_store_n(&c->o->rfd, fd, __ATOMIC_RELEASE);
	return 0;
}

int content_get_blob(struct content *c, int *ret_fd)
{
	HOLD(&c->o->lock);
	int err = c->o->blob ? open_for_reading(c) : give_blob(c);

	if (!err)
		*ret_fd = opening_fd(c->o);
	return err;
}

/* The descriptor of a reader that came without one. */
static int reach(struct content *c)
{
	int fd = opening_fd(c->o);

	if (fd < 0 && !open_blob(c, false))
		fd = opening_fd(c->o);
	return fd;
}

static int truncate_to(struct content *c, uint64_t size)
{
	int fd = opening_wfd(c->o);
	struct stat s;

	if (fstat(fd, &s) || ftruncate(fd, (off_t)size))
		return -errno;
	if ((uint64_t)s.st_size != size)
		opening_set_changed(c->o);
	return 0;
}

int content_open(struct store *st, uint64_t ino, int flags,
		 struct content **ret_content)
{
	AUTO(content_release) struct content *c = calloc(1, sizeof(*c));
	struct opening *fresh = opening_new();
	bool writing = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
	int err;

	if (!c || !fresh) {
		opening_free(fresh);
		return -ENOMEM;
	}
	c->st = st;
	c->ino = ino;
	err = get_opening(st, ino, &fresh, c);
	opening_free(fresh);
	if (!err && (writing || !(flags & O_PATH)))
		err = open_blob(c, writing);
	if (!err && (flags & O_TRUNC))
		err = truncate_to(c, 0);
	if (err)
		return err;
	*ret_content = TAKE(c);
	return 0;
}

/* ---- what a writer leaves behind ---- */

/* The blob's size and times into the inode and its row. */
static int settle(struct content *c, bool last)
{
	struct inode *i = c->i;
	struct rows rows;
	struct stat s;
	int err = 0;

	if (fstat(opening_wfd(c->o), &s))
		return -errno;
	if (node_take_stat(i, &s))
		opening_set_changed(c->o);
	else if (!last)
		return 0;
	if (NODE_IS_SAVED(i))
		err = journal_begin(&c->st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	/* without room in the journal the flag stays, so that the next life
	 * asks the blob */
	if (last)
		i->flags &= (uint16_t)~INODE_WRITING;
	if (NODE_IS_SAVED(i)) {
		rows_put_inode(&rows, i);
		journal_end(&c->st->journal, &rows);
	}
	return 0;
}

static struct opening *close_locked(struct content *c)
{
	HOLD_WRITE(&c->st->lock);

	if (c->writing && c->o->writers == 1) {
		(void)settle(c, true);
		if (NODE_IS_SAVED(c->i))
			janitor_queue(c->st, c->i);
	}
	c->o->writers -= c->writing;
	return let_go(c->st, c->i, c->o);
}

void content_close(struct content *c)
{
	if (!c)
		return;
	if (c->o)
		opening_free(close_locked(c));
	free(c);
}

void content_release(struct content **c)
{
	content_close(*c);
	*c = NULL;
}

static int settle_locked(struct content *c)
{
	HOLD_WRITE(&c->st->lock);

	return settle(c, false);
}

int content_flush(struct content *c)
{
	int err = c->writing ? settle_locked(c) : 0;

	if (err || !c->writing)
		return err;
	return __atomic_exchange_n(&c->o->changed, false, __ATOMIC_RELAXED);
}

int content_sync(struct content *c, bool data_only)
{
	int fd = reach(c);
	int err = 0;

	if (fd >= 0 && (data_only ? fdatasync(fd) : fsync(fd)))
		err = -errno;
	if (!err && c->writing)
		err = settle_locked(c);
	return err ? err : journal_sync(&c->st->journal);
}

/* ---- bytes ---- */

uint64_t content_ino(const struct content *c)
{
	return c->ino;
}

int content_fd(const struct content *c)
{
	int fd = opening_fd(c->o);

	return fd >= 0 ? fd : c->st->null;
}

ssize_t content_read(struct content *c, void *to, size_t len, uint64_t off)
{
	int fd = reach(c);
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t got = pread(fd, (char *)to + done, len - done,
				    (off_t)(off + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return done ? (ssize_t)done : -errno;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static bool has_suid(struct content *c)
{
	HOLD_READ(&c->st->lock);

	return (c->i->mode & S_ISUID) ||
	       (c->i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

static int drop_suid(struct content *c)
{
	struct node_change change = { .what = CHANGE_KILL_SUID };
	struct node_attr attr;

	return has_suid(c) ? node_set(c->st, c->ino, &change, &attr) : 0;
}

ssize_t content_write(struct content *c, const void *from, size_t len,
		      uint64_t off, bool kill_suid)
{
	int fd = opening_wfd(c->o);
	size_t done = 0;
	int err = 0;

	if (!c->writing)
		return -EBADF;
	if (kill_suid)
		err = drop_suid(c);
	while (!err && done < len) {
		ssize_t put = pwrite(fd, (const char *)from + done, len - done,
				     (off_t)(off + done));

		if (put < 0 && errno != EINTR)
			err = -errno;
		if (put > 0)
			done += (size_t)put;
	}
	if (done)
		opening_set_changed(c->o);
	return err ? err : (ssize_t)len;
}

int content_append(struct content *c, const void *data, size_t len)
{
	struct iovec rest = { .iov_base = (void *)(uintptr_t)data,
			      .iov_len = len };

	while (rest.iov_len) {
		ssize_t put =
			pwritev2(opening_wfd(c->o), &rest, 1, 0, RWF_APPEND);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		rest.iov_base = (char *)rest.iov_base + put;
		rest.iov_len -= (size_t)put;
		opening_set_changed(c->o);
	}
	return 0;
}

int content_allocate(struct content *c, int mode, uint64_t off, uint64_t len)
{
	if (!c->writing)
		return -EBADF;
	if (fallocate(opening_wfd(c->o), mode, (off_t)off, (off_t)len))
		return -errno;
	opening_set_changed(c->o);
	return 0;
}

int64_t content_seek(struct content *c, uint64_t off, int whence)
{
	int fd = reach(c);
	off_t at;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	/* nobody uses the descriptor's own offset */
	at = fd < 0 ? -1 : lseek(fd, (off_t)off, whence);
	if (at < 0)
		return fd < 0 ? -ENXIO : -errno;
	return at;
}

/* Where the kernel cannot copy between these two files. */
static ssize_t copy_by_hand(struct content *from, uint64_t from_off,
			    struct content *to, uint64_t to_off, size_t len)
{
	AUTO(free_text) char *bytes = malloc(65536);
	size_t done = 0;

	if (!bytes)
		return -ENOMEM;
	while (done < len) {
		size_t want = len - done < 65536 ? len - done : 65536;
		ssize_t got = content_read(from, bytes, want, from_off + done);
		ssize_t put = got;

		if (got > 0)
			put = content_write(to, bytes, (size_t)got,
					    to_off + done, false);
		if (put < 0)
			return done ? (ssize_t)done : put;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

ssize_t content_copy(struct content *from, uint64_t from_off,
		     struct content *to, uint64_t to_off, size_t len)
{
	int fd = reach(from);
	off_t in = (off_t)from_off, out = (off_t)to_off;
	size_t done = 0;

	if (!to->writing)
		return -EBADF;
	if (from->i == to->i && from_off < to_off + len &&
	    to_off < from_off + len)
		return -EINVAL;
	while (fd >= 0 && done < len) {
		ssize_t got = copy_file_range(fd, &in, opening_wfd(to->o), &out,
					      len - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && !done &&
		    (errno == EXDEV || errno == ENOSYS || errno == EOPNOTSUPP))
			return copy_by_hand(from, from_off, to, to_off, len);
		if (got < 0 && !done)
			return -errno;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	if (done)
		opening_set_changed(to->o);
	return (ssize_t)done;
}

/* A file without a blob that stays empty needs none. */
static int touch_empty(struct store *st, uint64_t ino, bool *ret_done)
{
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, ino);
	struct rows rows;
	int err;

	*ret_done = i && inode_is_file(i) && !i->blob && !i->opening;
	if (!*ret_done)
		return 0;
	err = journal_begin(&st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	i->mtime = i->ctime = node_now(st, &rows, i);
	tree_note_inode(i, 0);
	if (NODE_IS_SAVED(i)) {
		rows_put_inode(&rows, i);
		journal_end(&st->journal, &rows);
	}
	return 0;
}

int content_set_size(struct store *st, uint64_t ino, uint64_t size)
{
	AUTO(content_release) struct content *c = NULL;
	bool done = false;
	int err = 0;

	if (!size)
		err = touch_empty(st, ino, &done);
	if (err || done)
		return err;
	if (size > INT64_MAX)
		return -EFBIG;
	err = content_open(st, ino, O_WRONLY, &c);
	return err ? err : truncate_to(c, size);
}
