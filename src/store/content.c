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
	uint64_t blob; /* as it was opened; 0: none yet */
	bool writing;  /* atomic, where `later` */
	bool lends;    /* is to be passed through, if it may be */
	bool later;    /* a writer with the first that is written */
	bool large;    /* enough to share its blob, when it was opened */
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

int opening_stat(const struct opening *o, const struct inode *i,
		 struct stat *ret_stat)
{
	if (fstat(opening_wfd(o), ret_stat))
		return -errno;
	if (clock_from_timespec(&ret_stat->st_mtim) == o->born)
		ret_stat->st_mtim = clock_to_timespec(i->mtime);
	return 0;
}

static void opening_free(struct opening *o)
{
	if (!o || __atomic_sub_fetch(&o->kept, 1, __ATOMIC_ACQ_REL))
		return;
	pool_end_lent(o->st, o->lent);
	close_fd(&o->rfd);
	close_fd(&o->wfd);
	pthread_mutex_destroy(&o->lock);
	pthread_rwlock_destroy(&o->io);
	free(o);
}

static struct opening *opening_new(struct store *st)
{
	struct opening *o = calloc(1, sizeof(*o));
	pthread_rwlockattr_t attr;

	if (!o)
		return NULL;
	o->st = st;
	o->kept = 1;
	o->rfd = o->wfd = -1;
	pthread_mutex_init(&o->lock, NULL);
	/* who writes does not wait for ever for those who read */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&o->io, &attr);
	pthread_rwlockattr_destroy(&attr);
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
	if (i->flags & INODE_TWIN)
		janitor_queue_twin(st, i);
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

static bool is_writing(const struct content *c)
{
	return __atomic_load_n(&c->writing, __ATOMIC_RELAXED);
}

static void list_written(struct store *st, struct inode *i, struct opening *o)
{
	o->written = i;
	o->next_written = st->written;
	o->at_written = &st->written;
	if (o->next_written)
		o->next_written->at_written = &o->next_written;
	__atomic_store_n(&st->written, o, __ATOMIC_RELAXED);
}

/* What was taken from it has been counted: see node_catch_up_all. */
static void unlist_written(struct opening *o)
{
	if (o->next_written)
		o->next_written->at_written = o->at_written;
	__atomic_store_n(o->at_written, o->next_written, __ATOMIC_RELEASE);
}

void opening_set_changed(struct opening *o)
{
	__atomic_store_n(&o->changed, true, __ATOMIC_RELAXED);
	__atomic_add_fetch(&o->st->taken, 1, __ATOMIC_RELEASE);
}

static void catch_up(struct store *st)
{
	HOLD_WRITE(&st->lock);

	for (struct opening *o = st->written; o; o = o->next_written)
		(void)node_catch_up(o->written);
}

uint64_t node_catch_up_all(struct store *st)
{
	if (__atomic_load_n(&st->written, __ATOMIC_ACQUIRE))
		catch_up(st);
	return __atomic_load_n(&st->taken, __ATOMIC_ACQUIRE);
}

/* Under the namespace lock: passed through, or not. */
static void set_mode(struct content *c)
{
	bool lent;

	if (c->o->mode != OPENING_FREE)
		return;
	/* read-only, nobody writes: all may be */
	lent = c->st->read_only || shares_hold(&c->st->shares, c->i);
	c->o->mode = lent ? OPENING_LENT : OPENING_HELD;
}

static int get_opening(struct content *c, bool writes, struct opening **fresh)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, c->ino);

	if (!i)
		return -ESTALE;
	if (!inode_is_file(i))
		return inode_is_dir(i) ? -EISDIR : -EINVAL;
	if (c->later &&
	    (i->blob || (i->opening && i->opening->mode == OPENING_LENT)))
		return -EBUSY;
	if (!i->opening)
		i->opening = TAKE(*fresh);
	c->o = opening_grab(i);
	if (c->later)
		c->o->mode = OPENING_HELD;
	c->i = i;
	c->blob = i->blob;
	c->large = i->size >= SHARE_LEAST;
	i->flags &= (uint16_t)~INODE_UNUSED;
	/* a writer may have to leave the blob first: see enter */
	if (c->lends && !writes)
		set_mode(c);
	return 0;
}

/* One more of the file's opens, like this one: it has no descriptor yet. */
static int content_new(const struct content *like, bool writes,
		       struct content **ret_content)
{
	AUTO(content_release) struct content *c = calloc(1, sizeof(*c));
	struct opening *fresh = opening_new(like->st);
	int err = -ENOMEM;

	if (c && fresh) {
		*c = *like;
		err = get_opening(c, writes, &fresh);
	}
	opening_free(fresh);
	if (!err)
		*ret_content = TAKE(c);
	return err;
}

/* ---- becoming a writer; all with the opening's lock held ---- */

/* How things stand; they may be otherwise at once. */
struct stand {
	uint64_t blob, size;
	bool first; /* nobody writes */
	bool shared, lent;
	bool once; /* shared till now: the last one of the blob's files */
	int64_t mtime;
};

static void look(struct content *c, struct stand *ret_stand)
{
	HOLD_READ(&c->st->lock);
	const struct inode *i = c->i;

	*ret_stand = (struct stand){
		.blob = i->blob,
		.size = i->size,
		.first = !c->o->writers,
		.shared = shares_of(&c->st->shares, i),
		.once = i->flags & INODE_SHARED,
		.lent = shares_is_holder(&c->st->shares, i),
		.mtime = i->mtime,
	};
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

/* Under the namespace lock, all judged: count as a writer of this blob. */
static int become_writer(struct content *c, uint64_t blob, int fd, bool first)
{
	struct inode *i = c->i;
	uint64_t old = i->blob;
	struct rows rows;
	bool gone;
	int err = 0;

	if (first && NODE_IS_SAVED(i))
		err = journal_begin(&c->st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	gone = shares_leave(&c->st->shares, i) && old && old != blob;
	__atomic_store_n(&c->o->wfd, fd, __ATOMIC_RELEASE);
	if (!c->o->writers++)
		list_written(c->st, i, c->o);
	i->blob = c->blob = blob;
	i->flags |= INODE_WRITING;
	i->flags &= (uint16_t) ~(INODE_DIGEST | INODE_HASHED | INODE_TWIN |
				 INODE_TRIED | INODE_STILL);
	if (c->lends)
		set_mode(c);
	if (first && NODE_IS_SAVED(i)) {
		rows_put_inode(&rows, i);
		journal_end(&c->st->journal, &rows);
	}
	if (gone)
		janitor_bury(c->st, old, journal_appended(&c->st->journal));
	__atomic_store_n(&c->writing, true, __ATOMIC_RELAXED);
	return 0;
}

/* Into a blob that is nobody else's. -EAGAIN: things changed meanwhile. */
static int enter(struct content *c, const struct stand *s, uint64_t blob,
		 int fd)
{
	HOLD_WRITE(&c->st->lock);
	const struct inode *i = c->i;

	if (i->blob != s->blob || shares_of(&c->st->shares, i) ||
	    s->first != !c->o->writers || (s->first && i->mtime != s->mtime))
		return -EAGAIN;
	return become_writer(c, blob, fd, s->first);
}

static int enter_new(struct content *c, const struct stand *s)
{
	struct pool_blob b;
	int err = pool_take(c->st, &b);

	if (err)
		return err;
	/* till it is written, the inode's mtime is not this one */
	c->o->born = b.born;
	err = enter(c, s, b.blob, b.fd);
	if (err)
		pool_discard(c->st, &b);
	else
		c->o->lent = b.lent;
	return err;
}

static int enter_own(struct content *c, const struct stand *s)
{
	int have = opening_wfd(c->o), fd = have;
	int err = 0;

	if (have < 0)
		err = blob_open(c->st->blobs, s->blob, O_RDWR, &fd);
	if (!err && s->first)
		err = set_mtime(fd, s->mtime);
	if (!err)
		err = enter(c, s, s->blob, fd);
	if (err && have < 0)
		close_fd(&fd);
	return err;
}

static int leave_with(struct content *c, const struct stand *s,
		      const struct pool_blob *p)
{
	HOLD_WRITE(&c->st->lock);
	const struct inode *i = c->i;
	int have = opening_wfd(c->o);
	int err;

	if (i->blob != s->blob || !shares_of(&c->st->shares, i) ||
	    shares_is_holder(&c->st->shares, i) || i->mtime != s->mtime)
		return -EAGAIN;
	err = become_writer(c, p->blob, have < 0 ? p->fd : have, true);
	if (err)
		return err;
	opening_set_file(c->o, p->fd);
	if (have >= 0)
		close(p->fd);
	return 0;
}

/* Reads of this file that are under way end first: afterwards another file's
 * writer may have the old blob. */
static int leave(struct content *c, const struct stand *s,
		 const struct pool_blob *p)
{
	HOLD_WRITE(&c->o->io);

	return leave_with(c, s, p);
}

/* Others have the blob, too: see shares.h. */
static int enter_shared(struct content *c, const struct stand *s, uint64_t keep)
{
	struct pool_blob p;
	int err;

	if (s->lent) {
		err = opening_part_others(c->st, c->i, s->blob);
		return err ? err : -EAGAIN;
	}
	err = opening_part(c->st, s->blob, keep, &p);
	if (err)
		return err;
	err = set_mtime(p.fd, s->mtime);
	if (!err)
		err = leave(c, s, &p);
	if (err)
		pool_discard(c->st, &p);
	else if (keep < s->size)
		opening_set_changed(c->o);
	return err;
}

/* Somebody moved this file, and its old blob may be gone. */
static bool is_otherwise(struct content *c, const struct stand *s)
{
	struct stand now;

	look(c, &now);
	return now.blob != s->blob;
}

/* keep: so many bytes will be left of a content that is shared. */
static int open_for_writing(struct content *c, uint64_t keep)
{
	struct stand s;
	int err;

	if (c->st->read_only)
		return -EROFS;
	do {
		look(c, &s);
		if (s.shared)
			err = enter_shared(c, &s, keep);
		else if (s.blob)
			err = enter_own(c, &s);
		else
			err = enter_new(c, &s);
		if (err == -EIO && is_otherwise(c, &s))
			err = -EAGAIN;
	} while (err == -EAGAIN);
	/* that the others left is on disk before this blob is written: after a
	 * power cut they would have it again */
	if (!err && s.once && !s.shared)
		err = journal_sync(&c->st->journal);
	return err;
}

/* The descriptor is of the blob that the file has: -EAGAIN when it moved. */
static int show(struct content *c, uint64_t blob, int fd)
{
	HOLD_READ(&c->st->lock);

	if (c->i->blob != blob)
		return -EAGAIN;
	__atomic_store_n(&c->o->rfd, fd, __ATOMIC_RELEASE);
	return 0;
}

static int open_for_reading(struct content *c)
{
	struct stand s;
	int err = -EAGAIN;

	while (err == -EAGAIN) {
		int fd = -1;

		look(c, &s);
		if (!s.blob || opening_fd(c->o) >= 0)
			return 0;
		err = blob_open(c->st->blobs, s.blob, O_RDONLY, &fd);
		if (!err)
			err = show(c, s.blob, fd);
		if (err)
			close_fd(&fd);
		if (err == -EIO && is_otherwise(c, &s))
			err = -EAGAIN;
	}
	return err;
}

static int open_blob(struct content *c, bool writing, uint64_t keep)
{
	HOLD(&c->o->lock);

	return writing ? open_for_writing(c, keep) : open_for_reading(c);
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
	c->i->blob = blob;
	if (NODE_IS_SAVED(c->i)) {
		rows_put_inode(&rows, c->i);
		journal_end(&c->st->journal, &rows);
	}
	return 0;
}

static int give_blob(struct content *c)
{
	struct pool_blob b;
	int err;

	if (c->st->read_only)
		return -EROFS;
	err = pool_take(c->st, &b);
	if (err)
		return err;
	err = name_blob(c, b.blob);
	if (err) {
		pool_discard(c->st, &b);
		return err;
	}
	c->o->lent = b.lent;
	__atomic_store_n(&c->o->rfd, b.fd, __ATOMIC_RELEASE);
	return 0;
}

static uint64_t blob_of(struct content *c)
{
	HOLD_READ(&c->st->lock);

	return c->i->blob;
}

int content_get_blob(struct content *c, uint64_t *ret_blob, int *ret_fd)
{
	HOLD(&c->o->lock);
	int err = blob_of(c) ? open_for_reading(c) : give_blob(c);

	if (err)
		return err;
	*ret_blob = c->blob = blob_of(c);
	*ret_fd = opening_fd(c->o);
	return 0;
}

int content_take_lent(struct content *c)
{
	HOLD(&c->o->lock);

	int lent = c->o->lent;

	c->o->lent = 0;
	return lent;
}

bool content_is_lent(struct content *c, uint64_t *ret_blob)
{
	*ret_blob = c->blob;
	/* set before this content was, and for good */
	return c->o->mode == OPENING_LENT;
}

bool content_is_large(const struct content *c)
{
	return c->large;
}

/* The descriptor of a reader that came without one. */
static int reach(struct content *c)
{
	int fd = opening_fd(c->o);

	if (fd < 0 && !open_blob(c, false, 0))
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

static bool may_be_free(struct store *st, uint64_t ino, bool writes,
			uint64_t *ret_blob, uint32_t *ret_holds)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	if (!i || !inode_is_file(i) || i->opening ||
	    (!writes && shares_is_holder(&st->shares, i)) ||
	    !shares_may_be_free(&st->shares, i, ret_holds))
		return false;
	*ret_blob = i->blob;
	return true;
}

static void free_blob(struct store *st, uint64_t blob, uint32_t holds)
{
	HOLD_WRITE(&st->lock);

	shares_free(&st->shares, blob, holds);
}

/* A file of its blob was passed through once: is that over? Who only reads need
 * not ask whether he is it. */
static void free_holder(struct store *st, uint64_t ino, bool writes)
{
	uint64_t blob;
	uint32_t holds;

	if (may_be_free(st, ino, writes, &blob, &holds) &&
	    blob_is_unused(st->blobs, blob))
		free_blob(st, blob, holds);
}

static int open_with(struct store *st, uint64_t ino, int flags, uint64_t keep,
		     struct content **ret_content)
{
	const struct content like = { .st = st,
				      .ino = ino,
				      .lends = flags & O_PATH };
	AUTO(content_release) struct content *c = NULL;
	bool writing = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
	uint64_t blob;
	int err;

	if ((writing || like.lends) && !st->read_only)
		free_holder(st, ino, writing);
	err = content_new(&like, writing, &c);
	if (!err && (writing || !(c->lends && content_is_lent(c, &blob))))
		err = open_blob(c, writing, keep);
	if (!err && (flags & O_TRUNC))
		err = truncate_to(c, 0);
	if (err)
		return err;
	*ret_content = TAKE(c);
	return 0;
}

int content_open(struct store *st, uint64_t ino, int flags,
		 struct content **ret_content)
{
	return open_with(st, ino, flags, flags & O_TRUNC ? 0 : UINT64_MAX,
			 ret_content);
}

int content_open_steady(struct store *st, uint64_t ino,
			struct content **ret_content)
{
	AUTO(content_release) struct content *c = NULL;
	uint64_t blob;
	int err = content_open(st, ino, O_RDONLY | O_PATH, &c);

	if (!err && !content_is_lent(c, &blob) && !st->read_only) {
		content_release(&c);
		err = content_open(st, ino, O_RDWR, &c);
	}
	if (!err && reach(c) < 0 && blob_of(c))
		err = -EIO;
	if (err)
		return err;
	*ret_content = TAKE(c);
	return 0;
}

int content_open_later(struct store *st, uint64_t ino,
		       struct content **ret_content)
{
	const struct content like = { .st = st, .ino = ino, .later = true };

	return st->read_only ? -EROFS : content_new(&like, true, ret_content);
}

/* Before anything is written. */
static int be_writer(struct content *c)
{
	if (!c->later)
		return c->writing ? 0 : -EBADF;
	HOLD(&c->o->lock);
	return is_writing(c) ? 0 : open_for_writing(c, UINT64_MAX);
}

bool content_is_shared(struct store *st, uint64_t ino)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	return i && inode_is_file(i) && i->flags & INODE_SHARED;
}

/* ---- what a writer leaves behind ---- */

/* The blob's size and times into the inode and its row. */
static int settle(struct content *c, bool last)
{
	struct inode *i = c->i;
	struct rows rows;
	struct stat s;
	int err = 0;

	if (opening_stat(c->o, i, &s))
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

static bool take_changed(struct opening *o)
{
	return __atomic_exchange_n(&o->changed, false, __ATOMIC_RELAXED);
}

/* A writer goes. */
static bool stop_writing(struct content *c)
{
	bool last = c->o->writers == 1;

	(void)settle(c, last);
	if (last && NODE_IS_SAVED(c->i))
		janitor_queue(c->st, c->i);
	if (!--c->o->writers)
		unlist_written(c->o);
	return take_changed(c->o);
}

static struct opening *close_locked(struct content *c, bool *ret_changed)
{
	HOLD_WRITE(&c->st->lock);

	*ret_changed = c->writing && stop_writing(c);
	return let_go(c->st, c->i, c->o);
}

bool content_close(struct content *c)
{
	bool changed = false;

	if (c && c->o)
		opening_free(close_locked(c, &changed));
	free(c);
	return changed;
}

void content_release(struct content **c)
{
	(void)content_close(*c);
	*c = NULL;
}

static int settle_locked(struct content *c)
{
	HOLD_WRITE(&c->st->lock);

	return settle(c, false);
}

int content_flush(struct content *c)
{
	int err = is_writing(c) ? settle_locked(c) : 0;

	if (err || !(is_writing(c) || c->later))
		return err;
	return take_changed(c->o);
}

static int sync_blob(struct content *c, bool data_only)
{
	int fd = reach(c);
	HOLD_READ(&c->o->io);

	if (fd >= 0 && (data_only ? fdatasync(fd) : fsync(fd)))
		return -errno;
	return 0;
}

int content_sync(struct content *c, bool data_only)
{
	int err = sync_blob(c, data_only);

	if (!err && is_writing(c))
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

struct opening *content_begin_read(struct content *c, int *ret_fd)
{
	struct opening *o = c->o;

	__atomic_add_fetch(&o->kept, 1, __ATOMIC_RELAXED);
	pthread_rwlock_rdlock(&o->io);
	*ret_fd = content_fd(c);
	return o;
}

void content_end_read(struct opening *o)
{
	pthread_rwlock_unlock(&o->io);
	opening_free(o);
}

static ssize_t read_some(struct content *c, int fd, void *to, size_t len,
			 uint64_t off)
{
	HOLD_READ(&c->o->io);
	ssize_t got = pread(fd, to, len, (off_t)off);

	return got < 0 ? -errno : got;
}

ssize_t content_read(struct content *c, void *to, size_t len, uint64_t off)
{
	int fd = reach(c);
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t got = read_some(c, fd, (char *)to + done, len - done,
					off + done);

		if (got == -EINTR)
			continue;
		if (got < 0)
			return done ? (ssize_t)done : got;
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
	size_t done = 0;
	int err = be_writer(c);

	if (!err && kill_suid)
		err = drop_suid(c);
	while (!err && done < len) {
		ssize_t put =
			pwrite(opening_wfd(c->o), (const char *)from + done,
			       len - done, (off_t)(off + done));

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
	int err = be_writer(c);

	if (err)
		return err;
	if (fallocate(opening_wfd(c->o), mode, (off_t)off, (off_t)len))
		return -errno;
	opening_set_changed(c->o);
	return 0;
}

/* Nobody uses the descriptor's own offset. */
static int64_t seek(struct content *c, int fd, uint64_t off, int whence)
{
	HOLD_READ(&c->o->io);
	off_t at = lseek(fd, (off_t)off, whence);

	return at < 0 ? -errno : at;
}

int64_t content_seek(struct content *c, uint64_t off, int whence)
{
	int fd = reach(c);

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	return fd < 0 ? -ENXIO : seek(c, fd, off, whence);
}

static ssize_t copy_some(struct content *from, int fd, uint64_t from_off,
			 struct content *to, uint64_t to_off, size_t len)
{
	HOLD_READ(&from->o->io);

	return blob_copy(fd, (off_t)from_off, opening_wfd(to->o), (off_t)to_off,
			 len);
}

/* ---- a whole file, for an empty one ---- */

/* Under the namespace lock. Whether somebody could write the source by a
 * mapping is another question. */
static bool may_share(const struct content *from, const struct content *to,
		      size_t len)
{
	const struct inode *i = from->i, *copy = to->i;

	return i->nlink && copy->nlink && i->size >= SHARE_LEAST &&
	       i->size <= len && !from->o->writers && !copy->blob &&
	       !shares_is_full(&from->st->shares, i);
}

/* Written by a mapping after its last close, which the digest finds. */
static bool is_late(const struct inode *i, int fd)
{
	struct stat s;

	if (i->flags & (INODE_DIGEST | INODE_SHARED))
		return false;
	return fstat(fd, &s) || clock_from_timespec(&s.st_ctim) > i->ctime;
}

static uint64_t look_at_source(struct content *from, struct content *to,
			       size_t len)
{
	HOLD_WRITE(&from->st->lock);

	if (!may_share(from, to, len))
		return 0;
	from->i->flags |= INODE_STILL;
	return from->i->blob;
}

static ssize_t share_blob(struct content *from, struct content *to, size_t len,
			  uint64_t blob, int fd)
{
	struct store *st = from->st;
	HOLD_WRITE(&st->lock);
	struct inode *i = from->i, *copy = to->i;
	struct rows rows;
	bool gone;
	int err;

	if (!may_share(from, to, len) || !(i->flags & INODE_STILL) ||
	    i->blob != blob || is_late(i, fd))
		return -EAGAIN;
	err = journal_begin(&st->journal, 2 * ROW_ROOM, &rows);
	if (!err)
		err = shares_join(&st->shares, copy, i, &gone);
	if (err)
		return err;
	copy->size = i->size;
	copy->mtime = copy->ctime = node_now(st, &rows, copy);
	copy->flags |= i->flags & INODE_DIGEST;
	memcpy(copy->digest, i->digest, sizeof(i->digest));
	tree_note_inode(copy, (int64_t)copy->size);
	rows_put_inode(&rows, i);
	rows_put_inode(&rows, copy);
	journal_end(&st->journal, &rows);
	__atomic_store_n(&to->o->rfd, fd, __ATOMIC_RELEASE);
	opening_set_changed(to->o);
	janitor_queue(st, copy);
	return (ssize_t)copy->size;
}

/* The copy gets the blob of its source, and nothing is copied. An error: that
 * cannot be. */
static ssize_t copy_whole(struct content *from, struct content *to, size_t len)
{
	HOLD(&to->o->lock);
	AUTO(close_fd) int fd = -1;
	uint64_t blob = look_at_source(from, to, len);
	ssize_t got = -EAGAIN;

	if (!blob || blob_open(from->st->blobs, blob, O_RDONLY, &fd))
		return -EAGAIN;
	if (!blob_has_writer(fd))
		got = share_blob(from, to, len, blob, fd);
	if (got >= 0)
		fd = -1;
	return got;
}

ssize_t content_copy(struct content *from, uint64_t from_off,
		     struct content *to, uint64_t to_off, size_t len)
{
	size_t done = 0;
	ssize_t whole = -EAGAIN;
	int fd, err;

	if (to->later && !from_off && !to_off)
		whole = copy_whole(from, to, len);
	if (whole >= 0)
		return whole;
	err = be_writer(to);
	if (err)
		return err;
	fd = reach(from);
	if (from->i == to->i && from_off < to_off + len &&
	    to_off < from_off + len)
		return -EINVAL;
	while (fd >= 0 && done < len) {
		ssize_t got = copy_some(from, fd, from_off + done, to,
					to_off + done, len - done);

		if (got == -EINTR)
			continue;
		if (got < 0 && !done)
			return got;
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
	err = open_with(st, ino, O_WRONLY, size, &c);
	return err ? err : truncate_to(c, size);
}
