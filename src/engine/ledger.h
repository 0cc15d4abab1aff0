// SPDX-License-Identifier: Apache-2.0
/*
 * What is recorded of a run: a JSON map under RECORD_RUN, which is status.json
 * but for `internal`:
 *
 *	internal    {asset, uid, gid, changed, started, scratch, stage,
 *	            platform}: asset's number, times in ns; not shown
 *	name state reason asset kind digest engine pipeline owner
 *	created started finished       RFC 3339, or null
 *	history     [{state, time}]
 *	parameters datasets            as in run.yaml
 *	progress    {steps_done, steps_total, bytes_done, bytes_total,
 *	            bytes_per_second}; the bytes are null without a transfer
 *	tasks       [{name, state, reason, directory, attempts, started,
 *	            finished, exit_code, image}]
 *	ignored     [sentence]: what this engine leaves out
 *	remote      {id, url}: of engines elsewhere
 *
 * Until a run's thread takes it the record is its asker's; then it is the
 * thread's, which has it in memory and writes it whole.
 */
#ifndef SRC_ENGINE_LEDGER_H
#define SRC_ENGINE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "store/store.h"

#define RECORD_LIMIT ((size_t)8 << 20)

bool state_is_final(const char *state);

/* -ENOENT. */
int ledger_load(struct store *st, uint64_t run, struct value **ret_record);
int ledger_save(struct store *st, uint64_t run, struct value *record);
/* Of the `internal` map; 0 when absent. */
int64_t ledger_number(const struct value *record, const char *key);
/* Change the state in memory: with its time, and in the history. message may be
 * NULL: it stays. */
int ledger_enter(struct value *record, const char *state, const char *message);
/* The same of a task, whose map the record lends. */
struct value *ledger_task(const struct value *record, size_t task);
int ledger_enter_task(struct value *task, const char *state,
		      const char *message);
/* Count the tasks that are final into `progress`. */
int ledger_count(struct value *record);
int ledger_set_time(struct value *map, const char *key, int64_t ns);

#endif
