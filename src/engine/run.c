// SPDX-License-Identifier: Apache-2.0
/* What file operations want of runs: their state, their files, their removal.
 * All of it comes from the record. */
#include "engine/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ext/json.h"
#include "ledger.h"
#include "store/record.h"
#include "wish.h"

int run_find(struct catalog *c, const char *name, uint64_t *ret_run)
{
	AUTO(value_release) struct value *record = NULL;
	struct store *st = catalog_store(c);
	struct node_attr attr;
	int err = node_find(st, catalog_runs_dir(c), name, &attr);

	if (!err)
		err = ledger_load(st, attr.ino, &record);
	if (!err)
		*ret_run = attr.ino;
	return err;
}

int run_is_final(struct catalog *c, uint64_t run, bool *ret_final)
{
	AUTO(value_release) struct value *record = NULL;
	int err = ledger_load(catalog_store(c), run, &record);

	if (!err)
		*ret_final = state_is_final(value_find_string(record, "state"));
	return err;
}

int run_cancel(struct catalog *c, uint64_t run)
{
	bool final;
	int err = run_is_final(c, run, &final);

	if (err || final)
		return err;
	return wish_put(catalog_store(c), run, WISH_CANCEL);
}

int run_may_remove(struct catalog *c, uint64_t run)
{
	bool final;
	int err = run_is_final(c, run, &final);

	if (err)
		return err == -ENOENT ? 0 : err;
	return final ? 0 : -EBUSY;
}

void run_removed(struct catalog *c, uint64_t run)
{
	struct store *st = catalog_store(c);

	record_drop(st, RECORD_RUN, run);
	record_drop(st, RECORD_WISH, run);
}

int run_put_status_json(struct catalog *c, uint64_t run, struct buf *out,
			int64_t *ret_changed)
{
	AUTO(value_release) struct value *record = NULL;
	int err = ledger_load(catalog_store(c), run, &record);

	if (err)
		return err;
	*ret_changed = ledger_number(record, "changed");
	value_drop(record, "internal");
	json_write(record, out);
	return out->err;
}

int run_put_state(struct catalog *c, uint64_t run, struct buf *out,
		  int64_t *ret_changed)
{
	AUTO(value_release) struct value *record = NULL;
	int err = ledger_load(catalog_store(c), run, &record);

	if (err)
		return err;
	*ret_changed = ledger_number(record, "changed");
	buf_addf(out, "%s\n", value_find_string(record, "state"));
	return out->err;
}

/* ---- progress ---- */

/* 1000 steps, as df --si and curl do. */
static void put_bytes(double n, struct buf *out)
{
	static const char *const unit[] = { "B", "kB", "MB", "GB", "TB" };
	size_t i = 0;

	for (; n >= 1000 && i + 1 < ARRAY_SIZE(unit); i++)
		n /= 1000;
	buf_addf(out, i ? "%.1f %s" : "%.0f %s", n, unit[i]);
}

static void put_seconds(int64_t s, struct buf *out)
{
	if (s >= 3600)
		buf_addf(out, "%" PRId64 " h ", s / 3600);
	if (s >= 60)
		buf_addf(out, "%" PRId64 " min ", s / 60 % 60);
	buf_addf(out, "%" PRId64 " s", s % 60);
}

static double number(const struct value *map, const char *key)
{
	double n = 0;

	return value_real(value_find(map, key), &n) ? 0 : n;
}

static void put_transfer(const struct value *progress, bool final,
			 struct buf *out)
{
	double done = number(progress, "bytes_done");
	double total = number(progress, "bytes_total");
	double rate = number(progress, "bytes_per_second");

	if (!value_is(value_find(progress, "bytes_done"), VALUE_INT))
		return;
	buf_puts(out, ", ");
	put_bytes(done, out);
	if (total > 0) {
		buf_puts(out, " of ");
		put_bytes(total, out);
	}
	if (final || rate <= 0)
		return;
	buf_puts(out, ", ");
	put_bytes(rate, out);
	buf_puts(out, "/s");
	if (total > done) {
		buf_puts(out, ", ");
		put_seconds((int64_t)((total - done) / rate) + 1, out);
		buf_puts(out, " left");
	}
}

int run_put_progress(struct catalog *c, uint64_t run, struct buf *out,
		     int64_t *ret_changed)
{
	AUTO(value_release) struct value *record = NULL;
	int err = ledger_load(catalog_store(c), run, &record);
	const struct value *progress;
	const char *state;

	if (err)
		return err;
	progress = value_find(record, "progress");
	state = value_find_string(record, "state");
	*ret_changed = ledger_number(record, "changed");
	buf_addf(out, "%.0f of %.0f steps", number(progress, "steps_done"),
		 number(progress, "steps_total"));
	put_transfer(progress, state_is_final(state), out);
	buf_addf(out, ", %s", state);
	if (state_is_final(state) && ledger_number(record, "started")) {
		buf_puts(out, " in ");
		put_seconds((*ret_changed - ledger_number(record, "started")) /
				    NS_PER_S,
			    out);
	}
	buf_putc(out, '\n');
	return out->err;
}

/* ---- the runs of an asset ---- */

struct numbers {
	uint64_t asset; /* whose */
	uint64_t *n;
	size_t count, cap;
};

static void numbers_release(struct numbers *list)
{
	free(list->n);
}

/* The record begins with `internal`, and that with `asset` (ask.c): there is no
 * need to read all of each record of each run. */
static bool is_of(const char *text, size_t len, uint64_t asset)
{
	char head[96];
	const char *at;

	if (len >= sizeof(head))
		len = sizeof(head) - 1;
	memcpy(head, text, len);
	head[len] = 0;
	at = strstr(head, "\"asset\":");
	return at && strtoull(at + 8, NULL, 10) == asset;
}

static int collect(void *arg, uint64_t key, const char *text, size_t len)
{
	struct numbers *list = arg;

	if (!is_of(text, len, list->asset))
		return 0;
	if (list->count == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		uint64_t *more = realloc(list->n, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->n = more;
		list->cap = cap;
	}
	list->n[list->count++] = key;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int run_each(struct catalog *c, uint64_t asset, run_each_fn *fn, void *arg)
{
	AUTO(numbers_release) struct numbers list = { .asset = asset };
	struct store *st = catalog_store(c);
	int err = record_each(st, RECORD_RUN, collect, &list);

	if (list.count)
		qsort(list.n, list.count, sizeof(*list.n), by_number);
	for (size_t i = 0; !err && i < list.count; i++) {
		AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
		const char *slash;

		if (node_put_path(st, list.n[i], &path) || path.err)
			continue; /* it is being removed */
		slash = strrchr(path.data, '/');
		err = fn(arg, slash ? slash + 1 : path.data, list.n[i]);
	}
	return err;
}
