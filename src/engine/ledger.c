// SPDX-License-Identifier: Apache-2.0
#include "ledger.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ext/json.h"
#include "store/record.h"

bool state_is_final(const char *state)
{
	static const char *const final[] = { "SUCCEEDED", "SKIPPED", "FAILED",
					     "CANCELED" };

	for (size_t i = 0; state && i < ARRAY_SIZE(final); i++)
		if (strcmp(state, final[i]) == 0)
			return true;
	return false;
}

int ledger_load(struct store *st, uint64_t run, struct value **ret_record)
{
	AUTO(buf_release) struct buf text = BUF_INIT(RECORD_LIMIT);
	int err = record_get(st, RECORD_RUN, run, &text);

	if (!err)
		err = text.err;
	if (err)
		return err;
	return json_read(text.data, text.len, RECORD_LIMIT, NULL, ret_record);
}

int ledger_save(struct store *st, uint64_t run, struct value *record)
{
	AUTO(buf_release) struct buf text = BUF_INIT(RECORD_LIMIT);
	int err = value_set_int(value_find(record, "internal"), "changed",
				clock_now());

	if (err)
		return err;
	json_write_line(record, &text);
	if (text.err)
		return text.err;
	return record_put(st, RECORD_RUN, run, text.data, text.len);
}

int64_t ledger_number(const struct value *record, const char *key)
{
	int64_t n = 0;

	if (value_int(value_find(value_find(record, "internal"), key), &n))
		return 0;
	return n;
}

int ledger_set_time(struct value *map, const char *key, int64_t ns)
{
	AUTO(buf_release) struct buf text = BUF_INIT(64);

	clock_put(ns, &text);
	return text.err ? text.err : value_set_string(map, key, text.data);
}

static int add_history(struct value *record, const char *state, int64_t now)
{
	struct value *history = value_find(record, "history");
	AUTO(value_release) struct value *entry = value_new_map();
	int err = entry ? 0 : -ENOMEM;

	if (!err)
		err = value_set_string(entry, "state", state);
	if (!err)
		err = ledger_set_time(entry, "time", now);
	return err ? err : value_add(history, TAKE(entry));
}

int ledger_enter(struct value *record, const char *state, const char *message)
{
	int64_t now = clock_now();
	int err = add_history(record, state, now);

	if (!err)
		err = value_set_string(record, "state", state);
	if (!err && message)
		err = value_set_string(record, "reason", message);
	if (!err && strcmp(state, "RUNNING") == 0) {
		err = ledger_set_time(record, "started", now);
		if (!err)
			err = value_set_int(value_find(record, "internal"),
					    "started", now);
	}
	if (!err && state_is_final(state))
		err = ledger_set_time(record, "finished", now);
	return err;
}

struct value *ledger_task(const struct value *record, size_t task)
{
	const struct value *tasks = value_find(record, "tasks");

	return tasks && task < tasks->count ? tasks->item[task] : NULL;
}

int ledger_enter_task(struct value *task, const char *state,
		      const char *message)
{
	int err = value_set_string(task, "state", state);

	if (!err && message)
		err = value_set_string(task, "reason", message);
	if (!err && strcmp(state, "RUNNING") == 0)
		err = ledger_set_time(task, "started", clock_now());
	if (!err && state_is_final(state))
		err = ledger_set_time(task, "finished", clock_now());
	return err;
}

int ledger_count(struct value *record)
{
	const struct value *tasks = value_find(record, "tasks");
	int64_t done = 0;

	for (size_t i = 0; tasks && i < tasks->count; i++)
		if (state_is_final(value_find_string(tasks->item[i], "state")))
			done++;
	return value_set_int(value_find(record, "progress"), "steps_done",
			     done);
}
