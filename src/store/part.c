// SPDX-License-Identifier: Apache-2.0
/*
 * Files that had a blob in common part: see shares.h for who gets the copy.
 *
 * The copy is on disk before a row names it: what was safe there must not be
 * lost because somebody opened it. Files that read by way of us are moved while
 * none of their reads is under way; a read that had begun would see what the
 * other file's writer does next.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "blob.h"
#include "opening.h"
#include "state.h"

#define MOVE_MOST 64 /* files moved with one entry of the journal */

/* ---- the copy ---- */

static int copy_blob(int from, int to, uint64_t keep)
{
	struct stat s;
	int err = 0;

	if (fstat(from, &s))
		return -errno;
	if (keep >= (uint64_t)s.st_size && !ioctl(to, FICLONE, from))
		keep = (uint64_t)s.st_size;
	else if (keep < (uint64_t)s.st_size)
		err = blob_copy_all(from, to, (off_t)keep);
	else
		err = blob_copy_all(from, to, s.st_size);
	if (!err && keep && fdatasync(to))
		err = -errno;
	return err;
}

int opening_part(struct store *st, uint64_t blob, uint64_t keep,
		 struct pool_blob *ret_parted)
{
	AUTO(close_fd) int from = -1;
	struct pool_blob p = { 0 };
	/* a descriptor of our own: its offset moves */
	int err = blob_open(st->blobs, blob, O_RDONLY, &from);

	if (!err)
		err = pool_take_plain(st, &p.blob, &p.fd);
	if (err)
		return err;
	err = copy_blob(from, p.fd, keep);
	if (err)
		pool_discard(st, &p);
	else
		*ret_parted = p;
	return err;
}

/* ---- the others move ---- */

static void put_behind(int fd, int file)
{
	while (fd >= 0 && fd != file && dup3(file, fd, O_CLOEXEC) < 0 &&
	       errno == EINTR)
		;
}

void opening_set_file(struct opening *o, int fd)
{
	put_behind(__atomic_load_n(&o->rfd, __ATOMIC_RELAXED), fd);
	put_behind(opening_wfd(o), fd);
}

/* Some of the other files of the blob, those that are open: nobody reads them
 * by way of us while they are in here. */
struct moving {
	struct store *st;
	struct inode *keeper;
	uint64_t blob;
	struct inode *i[MOVE_MOST]; /* as long as their openings are grabbed */
	struct opening *o[MOVE_MOST];
	unsigned int count;
	bool moved; /* any */
};

static int stop_some(struct moving *m)
{
	HOLD_READ(&m->st->lock);
	struct share *e = shares_of(&m->st->shares, m->keeper);

	if (!e || m->keeper->blob != m->blob)
		return -EAGAIN;
	for (uint32_t at = 0; at < e->count && m->count < MOVE_MOST; at++) {
		struct inode *i = e->member[at];

		if (i == m->keeper || !i->opening)
			continue;
		m->o[m->count] = opening_grab(i);
		m->i[m->count++] = i;
	}
	return 0;
}

static bool is_stopped(const struct moving *m, const struct inode *i)
{
	for (unsigned int at = 0; at < m->count; at++)
		if (m->i[at] == i && m->o[at] == i->opening)
			return true;
	return false;
}

static void move_one(struct store *st, struct inode *i,
		     const struct pool_blob *to, struct rows *rows)
{
	shares_leave(&st->shares, i);
	shares_add(&st->shares, i, to->blob);
	if (i->opening)
		opening_set_file(i->opening, to->fd);
	if (NODE_IS_SAVED(i))
		rows_put_inode(rows, i);
}

/* *ret_left: how many still have the blob, the keeper left out. */
static int move_some(struct moving *m, const struct pool_blob *to,
		     uint32_t *ret_left)
{
	HOLD_WRITE(&m->st->lock);
	struct share *e = shares_of(&m->st->shares, m->keeper);
	unsigned int moved = 0;
	struct rows rows;
	int err;

	if (!e || m->keeper->blob != m->blob)
		return -EAGAIN;
	err = shares_reserve(&m->st->shares, to->blob, MOVE_MOST);
	if (!err)
		err = journal_begin(&m->st->journal, MOVE_MOST * ROW_ROOM,
				    &rows);
	if (err)
		return err;
	for (uint32_t at = e->count; at-- && moved < MOVE_MOST;) {
		struct inode *i = e->member[at];

		if (i == m->keeper || (i->opening && !is_stopped(m, i)))
			continue;
		move_one(m->st, i, to, &rows);
		moved++;
	}
	if (rows.len)
		journal_end(&m->st->journal, &rows);
	if (moved)
		shares_find_instead(&m->st->shares, to->blob, m->keeper->ino);
	m->moved |= moved;
	*ret_left = e->count - 1;
	return 0;
}

static int move_round(struct moving *m, const struct pool_blob *to,
		      uint32_t *ret_left)
{
	int err = stop_some(m);

	for (unsigned int at = 0; at < m->count; at++)
		pthread_rwlock_wrlock(&m->o[at]->io);
	if (!err)
		err = move_some(m, to, ret_left);
	for (unsigned int at = 0; at < m->count; at++)
		pthread_rwlock_unlock(&m->o[at]->io);
	for (unsigned int at = 0; at < m->count; at++)
		opening_drop(m->st, m->i[at], m->o[at]);
	m->count = 0;
	return err;
}

static void forget_room(struct store *st, uint64_t blob)
{
	HOLD_WRITE(&st->lock);

	shares_cancel(&st->shares, blob);
}

int opening_part_others(struct store *st, struct inode *i, uint64_t blob)
{
	struct moving m = { .st = st, .keeper = i, .blob = blob };
	struct pool_blob to;
	uint32_t left = 1;
	int err = opening_part(st, blob, UINT64_MAX, &to);

	if (err)
		return err;
	while (!err && left)
		err = move_round(&m, &to, &left);
	if (m.moved) {
		close(to.fd);
		return err;
	}
	forget_room(st, to.blob);
	pool_discard(st, &to);
	return err;
}
