// SPDX-License-Identifier: Apache-2.0
/* Records: kept in memory as they stand in the database. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "state.h"

#define FIRST_SLOTS 64

/* ---- the table ---- */

/* Keys are inodes, which are loaded in their order: neighbours stay together
 * (as in inode.c). */
static uint64_t hash_key(uint64_t key)
{
	return key + (key >> 20) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct record *record_of(struct table_link *link)
{
	return (struct record *)link;
}

static uint64_t hash_of(const struct table_link *link)
{
	return hash_key(((const struct record *)link)->key);
}

static void release_tables(struct records *r)
{
	for (int i = 0; i < RECORD_CLASSES; i++)
		table_release(&r->table[i], table_free);
}

int records_init(struct records *r)
{
	pthread_condattr_t attr;
	int err = 0;

	*r = (struct records){ 0 };
	for (int i = 0; i < RECORD_CLASSES && !err; i++) {
		r->seq[i] = 1;
		err = table_init(&r->table[i], FIRST_SLOTS, hash_of);
	}
	if (err) {
		release_tables(r);
		return err;
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void records_release(struct records *r)
{
	if (!r->table[0].slots)
		return;
	release_tables(r);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
}

static struct table *table_of(struct records *r, int class)
{
	return &r->table[(unsigned int)class % RECORD_CLASSES];
}

struct record *records_find(struct records *r, int class, uint64_t key)
{
	struct record *at =
		record_of(table_chain(table_of(r, class), hash_key(key)));

	while (at && (at->key != key || at->class != (uint32_t) class))
		at = record_of(at->link.next);
	return at;
}

struct record *records_new(int class, uint64_t key, const char *text,
			   size_t len)
{
	struct record *n = malloc(sizeof(*n) + len + 1);

	if (!n)
		return NULL;
	n->key = key;
	n->class = (uint32_t) class;
	n->len = (uint32_t)len;
	if (len)
		memcpy(n->text, text, len);
	n->text[len] = 0;
	return n;
}

void records_put(struct records *r, struct record *take_record)
{
	records_drop(r, (int)take_record->class, take_record->key);
	table_add(table_of(r, (int)take_record->class), &take_record->link);
}

bool records_drop(struct records *r, int class, uint64_t key)
{
	struct record *old = records_find(r, class, key);

	if (!old)
		return false;
	table_drop(table_of(r, class), &old->link);
	free(old);
	return true;
}

/* ---- the interface ---- */

static void tell(struct store *st, enum record_class class, uint64_t key)
{
	struct store_event event = {
		.type = EVENT_RECORD,
		.record = (int)class,
		.key = key,
	};

	pthread_mutex_lock(&st->records.lock);
	st->records.seq[class]++;
	pthread_cond_broadcast(&st->records.changed);
	pthread_mutex_unlock(&st->records.lock);
	store_tell(st, &event);
}

static int put_locked(struct store *st, struct record *fresh)
{
	HOLD_WRITE(&st->lock);
	struct rows rows;
	int err = journal_begin(&st->journal, fresh->len + ROW_ROOM, &rows);

	if (err) {
		free(fresh);
		return err;
	}
	rows_put_record(&rows, (int)fresh->class, fresh->key, fresh->text,
			fresh->len);
	records_put(&st->records, fresh);
	journal_end(&st->journal, &rows);
	return 0;
}

int record_put(struct store *st, enum record_class class, uint64_t key,
	       const char *text, size_t len)
{
	struct record *fresh;
	int err;

	if (len > BUF_MAX)
		return -EFBIG;
	fresh = records_new((int)class, key, text, len);
	if (!fresh)
		return -ENOMEM;
	err = put_locked(st, fresh);
	if (!err)
		tell(st, class, key);
	return err;
}

int record_get(struct store *st, enum record_class class, uint64_t key,
	       struct buf *out)
{
	HOLD_READ(&st->lock);
	const struct record *r = records_find(&st->records, (int)class, key);

	if (!r)
		return -ENOENT;
	buf_add(out, r->text, r->len);
	return out->err;
}

static int drop_locked(struct store *st, enum record_class class, uint64_t key)
{
	HOLD_WRITE(&st->lock);
	struct rows rows;
	int err;

	if (!records_find(&st->records, (int)class, key))
		return -ENOENT;
	err = journal_begin(&st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	rows_drop_record(&rows, (int)class, key);
	records_drop(&st->records, (int)class, key);
	journal_end(&st->journal, &rows);
	return 0;
}

int record_drop(struct store *st, enum record_class class, uint64_t key)
{
	int err = drop_locked(st, class, key);

	if (!err)
		tell(st, class, key);
	return err;
}

int record_each(struct store *st, enum record_class class, record_each_fn *fn,
		void *arg)
{
	HOLD_READ(&st->lock);
	const struct table *t = table_of(&st->records, (int)class);

	for (struct table_link *at = table_next(t, NULL); at;
	     at = table_next(t, at)) {
		const struct record *r = record_of(at);

		if (r->class == (uint32_t) class &&
		    fn(arg, r->key, r->text, r->len))
			break;
	}
	return 0;
}

int record_wait(struct store *st, enum record_class class, uint64_t *seq,
		int timeout_ms)
{
	struct records *r = &st->records;
	struct timespec until =
		clock_to_timespec(clock_monotonic() + timeout_ms * NS_PER_MS);
	int err = 0;
	HOLD(&r->lock);

	while (r->seq[class] == *seq && !r->woken && !err) {
		if (timeout_ms < 0)
			err = pthread_cond_wait(&r->changed, &r->lock);
		else
			err = pthread_cond_timedwait(&r->changed, &r->lock,
						     &until);
	}
	if (r->woken)
		return -ECANCELED;
	if (r->seq[class] == *seq)
		return -ETIMEDOUT;
	*seq = r->seq[class];
	return 0;
}

void record_wake(struct store *st)
{
	HOLD(&st->records.lock);

	st->records.woken = true;
	pthread_cond_broadcast(&st->records.changed);
}
