// SPDX-License-Identifier: Apache-2.0
/*
 * The writer: the thread that brings catalog.db up to date. It takes all
 * entries that the journal holds, keeps of each row only the last put or drop,
 * and commits them in one transaction, together with the number of the last
 * entry. It takes no lock but the journal's, for a moment.
 *
 * Numbers of inodes and blobs are never given out twice: the database always
 * holds a limit above all that were, on disk before they are used up. It is
 * moved on in large steps; a step is more than one full journal can create.
 * Closing in order gives the rest back.
 *
 * A full disk: commits fail, the entries stay, the journal takes what it can.
 * Removing files must work then, or nobody could ever make room; so a spare
 * file is kept, and given up for the transaction that could not be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "batch.h"
#include "place.h"
#include "state.h"

#define STEP (UINT64_C(1) << 20)
#define BATCH_ROWS 65536 /* rows of one transaction, about */
#define IDLE_MS 1000	 /* quiet for so long: checkpoint */
#define RETRY_MS 50
#define WAL_BYTES ((uint64_t)32 << 20) /* journal bytes between checkpoints */

/* Up to BATCH_ROWS rows; *work is cut down to what they are. */
static int collect(const struct journal *j, struct batch *b,
		   struct journal_work *work, uint64_t sequence)
{
	uint64_t position = work->from;
	const unsigned char *data;
	size_t len;

	while (sequence < work->last && b->count < BATCH_ROWS) {
		int err = -EIO;

		if (journal_read(j, &position, &sequence, &data, &len))
			err = batch_add(b, data, len);
		if (err)
			return err;
	}
	work->to = position;
	work->last = sequence;
	return 0;
}

/* ---- transactions ---- */

static int put_state(struct store *st, uint64_t applied, uint64_t position)
{
	struct tables *t = &st->tables;
	int err = tables_put_meta(t, META_APPLIED, (int64_t)applied);

	if (!err)
		err = tables_put_meta(t, META_POSITION, (int64_t)position);
	if (!err)
		err = tables_put_meta(t, META_NEXT, (int64_t)st->limit);
	if (!err)
		err = tables_put_meta(
			t, META_SYNCED,
			__atomic_load_n(&st->synced, __ATOMIC_RELAXED));
	return err;
}

static int apply_batch(struct store *st, const struct batch *b,
		       const struct journal_work *work)
{
	int err = 0;

	for (size_t i = 0; i < b->count && !err; i++)
		err = tables_apply(&st->tables, &b->row[i]);
	return err ? err : put_state(st, work->last, work->to);
}

static int commit_batch(struct store *st, const struct batch *b,
			const struct journal_work *work)
{
	struct tables *t = &st->tables;
	uint64_t next = __atomic_load_n(&st->next, __ATOMIC_RELAXED);
	uint64_t limit = st->limit;
	bool step = next + STEP / 2 > limit;
	int err;

	if (step)
		st->limit = next + STEP;
	err = tables_begin(t, work->durable || step);
	if (!err)
		err = apply_batch(st, b, work);
	if (!err)
		err = tables_commit(t);
	if (err) {
		st->limit = limit;
		tables_rollback(t);
	}
	return err;
}

static int commit(struct store *st, struct journal_work *work,
		  uint64_t committed)
{
	AUTO(batch_release) struct batch b = { 0 };
	int err = collect(&st->journal, &b, work, committed);

	if (!err)
		err = commit_batch(st, &b, work);
	if (err == -ENOSPC && !unlinkat(st->fd, "spare", 0)) {
		janitor_spare_is_gone(st);
		err = commit_batch(st, &b, work);
	}
	return err;
}

/* ---- the thread ---- */

static void *write_on(void *arg)
{
	struct store *st = arg;
	struct journal *j = &st->journal;
	uint64_t committed = j->committed, unchecked = 0;
	struct journal_work work;

	while (journal_take(j, st->commit_ms, IDLE_MS, &work)) {
		bool idle = work.from == work.to && !work.durable;
		int err = idle ? 0 : commit(st, &work, committed);

		if (!idle)
			journal_done(j, &work, err);
		if (err && journal_is_stopped(j))
			break;
		if (err) {
			usleep(RETRY_MS * 1000);
			continue;
		}
		committed = work.last;
		unchecked += work.to - work.from;
		if (unchecked > WAL_BYTES || (idle && unchecked)) {
			(void)db_checkpoint(st->tables.db);
			unchecked = 0;
		}
	}
	return NULL;
}

int writer_start(struct store *st)
{
	int err = pthread_create(&st->writer, NULL, write_on, st);

	st->writer_runs = !err;
	return -err;
}

/* Also gives back the numbers that were not used, when all is committed. */
static void finish(struct store *st)
{
	struct journal *j = &st->journal;
	struct tables *t = &st->tables;
	int err;

	if (j->committed != j->appended)
		return;
	st->limit = st->next;
	err = tables_begin(t, true);
	if (!err)
		err = put_state(st, j->committed, j->tail);
	if (!err && !st->janitor.lost && !st->janitor.dead_count)
		err = tables_put_meta(t, META_CLEAN, 1);
	if (!err)
		err = tables_commit(t);
	if (err)
		tables_rollback(t);
}

void writer_stop(struct store *st)
{
	if (!st->writer_runs)
		return;
	journal_stop(&st->journal);
	pthread_join(st->writer, NULL);
	st->writer_runs = false;
	finish(st);
}

/* ---- what an earlier life left ---- */

static int apply_entry(struct tables *t, const unsigned char *data, size_t len)
{
	struct row row;
	size_t at = 0;
	int err;

	while ((err = rows_next(data, len, &at, &row)) == 1) {
		err = tables_apply(t, &row);
		if (err)
			return err;
	}
	return err;
}

static int apply_journal(struct store *st, const int64_t *meta,
			 uint64_t *sequence)
{
	uint64_t position = (uint64_t)meta[META_POSITION];
	const unsigned char *data;
	size_t len;
	int err = 0;

	*sequence = (uint64_t)meta[META_APPLIED];
	while (!err &&
	       journal_read(&st->journal, &position, sequence, &data, &len))
		err = apply_entry(&st->tables, data, len);
	return err;
}

static int begin_life(struct store *st, uint64_t epoch, uint64_t sequence)
{
	struct tables *t = &st->tables;
	int err = put_state(st, sequence, 0);

	if (!err)
		err = tables_put_meta(t, META_EPOCH, (int64_t)epoch);
	if (!err)
		err = tables_put_meta(t, META_PLACE, place_of(st->fd));
	if (!err)
		err = tables_put_meta(t, META_CLEAN, 0);
	return err;
}

/* The rows of the journal and the mark of a new life, in one transaction on
 * disk: the ring's old entries are void from then on. */
static int recover(struct store *st, const int64_t *meta)
{
	struct tables *t = &st->tables;
	uint64_t epoch, sequence = 0;
	int err = tables_begin(t, true);

	if (getrandom(&epoch, sizeof(epoch), 0) < 0)
		epoch = (uint64_t)meta[META_EPOCH] + 1;
	if (!err)
		err = apply_journal(st, meta, &sequence);
	if (!err)
		err = begin_life(st, epoch, sequence);
	if (!err)
		err = tables_commit(t);
	if (err)
		tables_rollback(t);
	else
		journal_reset(&st->journal, epoch, sequence);
	return err;
}

int writer_recover(struct store *st, struct buf *why)
{
	int64_t meta[META_COUNT];
	int err = tables_get_meta(&st->tables, meta);

	if (err)
		return err;
	st->was_clean = meta[META_CLEAN];
	st->was_here = meta[META_PLACE] && meta[META_PLACE] == place_of(st->fd);
	st->synced = st->was_clean ? settle_mark() : meta[META_SYNCED];
	st->next = st->first = (uint64_t)meta[META_NEXT];
	st->limit = st->next + STEP;
	st->journal.epoch = (uint64_t)meta[META_EPOCH];
	if (st->read_only)
		return 0;
	err = recover(st, meta);
	if (err == -ENOSPC && !unlinkat(st->fd, "spare", 0))
		err = recover(st, meta);
	if (err)
		return why_set(why, err,
			       "what the journal holds cannot be "
			       "written to catalog.db: %s",
			       strerror(-err));
	return 0;
}
