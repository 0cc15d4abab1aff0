// SPDX-License-Identifier: Apache-2.0
/* One thread fills up what was taken, when half of it is gone. */
#include "pool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "state.h"

#define POOL_LOW (POOL_MOST / 2)
#define RESERVED (BLOB_FOLDERS * POOL_IN_FOLDER)

/* The folder is the lowest byte of the number. */
static uint64_t next_number(struct store *st)
{
	struct pool *p = &st->pool;
	HOLD(&p->lock);
	unsigned int at = p->given++ % RESERVED;
	uint64_t folder;

	if (!at)
		p->first = store_reserve(st, RESERVED);
	/* each life of the store begins in another */
	folder = (p->first / RESERVED + at / POOL_IN_FOLDER) % BLOB_FOLDERS;
	return p->first + at % POOL_IN_FOLDER * BLOB_FOLDERS + folder;
}

static int lend(struct pool *p, int fd)
{
	HOLD(&p->lender_lock);
	int id = p->lender.lend ? p->lender.lend(p->lender.arg, fd) : 0;

	return id > 0 ? id : 0;
}

void pool_end_lent(struct store *st, int lent)
{
	struct pool *p = &st->pool;

	if (!lent)
		return;
	HOLD(&p->lender_lock);
	if (p->lender.end)
		p->lender.end(p->lender.arg, lent);
}

void store_lend(struct store *st, const struct store_lender *lender)
{
	struct pool *p = &st->pool;
	HOLD(&p->lender_lock);

	p->lender = *lender;
}

static int make(struct store *st, struct pool_blob *ret_b)
{
	struct pool_blob b = { .blob = next_number(st) };
	int err = blob_make(st->blobs, b.blob, &b.fd);
	struct stat s;

	if (err)
		return err;
	/* its time is read, so that the first write gets another: stamp.h */
	b.born = fstat(b.fd, &s) ? 0 : clock_from_timespec(&s.st_mtim);
	*ret_b = b;
	return 0;
}

static bool wait_till_wanted(struct pool *p)
{
	HOLD(&p->lock);

	while (!p->stop && (p->paused || p->count > POOL_LOW))
		pthread_cond_wait(&p->wanted, &p->lock);
	return !p->stop;
}

static bool add(struct pool *p, const struct pool_blob *b)
{
	HOLD(&p->lock);

	if (p->stop || p->count == POOL_MOST)
		return false;
	p->ready[p->count++] = *b;
	return true;
}

static void pause_filling(struct pool *p)
{
	HOLD(&p->lock);

	p->paused = true;
}

void pool_discard(struct store *st, const struct pool_blob *b)
{
	pool_end_lent(st, b->lent);
	close(b->fd);
	(void)blob_remove(st->blobs, b->blob);
}

static void fill(struct store *st)
{
	struct pool_blob b;

	for (;;) {
		if (make(st, &b)) {
			pause_filling(&st->pool);
			return;
		}
		b.lent = lend(&st->pool, b.fd);
		if (!add(&st->pool, &b))
			break;
	}
	pool_discard(st, &b);
}

static void *keep_full(void *arg)
{
	struct store *st = arg;

	while (wait_till_wanted(&st->pool))
		fill(st);
	return NULL;
}

static bool take(struct pool *p, struct pool_blob *ret_b)
{
	HOLD(&p->lock);

	p->paused = false;
	if (p->count <= POOL_LOW)
		pthread_cond_signal(&p->wanted);
	if (!p->count)
		return false;
	*ret_b = p->ready[--p->count];
	return true;
}

int pool_take(struct store *st, struct pool_blob *ret_b)
{
	return take(&st->pool, ret_b) ? 0 : make(st, ret_b);
}

int pool_take_plain(struct store *st, uint64_t *ret_blob, int *ret_fd)
{
	struct pool_blob b;
	int err = pool_take(st, &b);

	if (err)
		return err;
	pool_end_lent(st, b.lent);
	*ret_blob = b.blob;
	*ret_fd = b.fd;
	return 0;
}

int pool_start(struct store *st)
{
	struct pool *p = &st->pool;
	int err;

	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->lender_lock, NULL);
	pthread_cond_init(&p->wanted, NULL);
	if (st->read_only)
		return 0;
	err = pthread_create(&p->thread, NULL, keep_full, st);
	p->runs = !err;
	return -err;
}

static void tell_end(struct pool *p)
{
	HOLD(&p->lock);

	p->stop = true;
	pthread_cond_signal(&p->wanted);
}

void pool_stop(struct store *st)
{
	struct pool *p = &st->pool;

	if (!p->runs)
		return;
	tell_end(p);
	pthread_join(p->thread, NULL);
	p->runs = false;
	while (p->count)
		pool_discard(st, &p->ready[--p->count]);
}
