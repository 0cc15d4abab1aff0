// SPDX-License-Identifier: Apache-2.0
/*
 * Runs (DESIGN sections 6 and 7). A file operation asks (run_ask, run_cancel)
 * and reads (run_put_…); the runner executes. They meet in the store only:
 *
 *	run_ask:    judge the request -> runs/NAME/ with its files -> record
 *	            RECORD_RUN (state PENDING) -> RECORD_WISH "start" ->
 *answered run_cancel: RECORD_WISH "cancel" runner:     waits for RECORD_WISH,
 *executes, and writes states to RECORD_RUN and to the run's own files
 *
 * A run's number is its directory's inode number. States are KFP v2's, as one
 * word: PENDING RUNNING SUCCEEDED SKIPPED FAILED CANCELING CANCELED PAUSED;
 * SUCCEEDED, SKIPPED, FAILED and CANCELED are final.
 */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "catalog/catalog.h"

struct run_request {
	uint64_t asset;
	uid_t uid; /* whose run it is: steps execute under it */
	gid_t gid;
	const char *text; /* what was written to `run`: YAML, NUL-terminated */
	size_t len;
};

/*
 * (blocks) Start a run. All of it or nothing: when it returns 0, runs/NAME/
 * exists with run.yaml, status, log, and the record is PENDING.
 * ret_name gets the run's name.
 * -EINVAL (unknown key, wrong type, unknown or missing parameter, no such
 * engine, stage or dataset), -EEXIST (name taken), -EOPNOTSUPP (the asset
 * cannot be run), and what pipeline_judge says; each with a sentence.
 */
int run_ask(struct catalog *c, const struct run_request *request,
	    struct buf *why, struct buf *ret_name, uint64_t *ret_run);
/* 0 also when it is final already. -ENOENT. */
int run_cancel(struct catalog *c, uint64_t run);

int run_find(struct catalog *c, const char *name, uint64_t *ret_run);
/* -ENOENT: no such run. */
int run_is_final(struct catalog *c, uint64_t run, bool *ret_final);
/* May its directory be removed: 0, or -EBUSY while it runs. */
int run_may_remove(struct catalog *c, uint64_t run);
/* Its directory is gone: drop what is known of it. */
void run_removed(struct catalog *c, uint64_t run);

/* The run's generated files; as asset_put_…. */
int run_put_status_json(struct catalog *c, uint64_t run, struct buf *out,
			int64_t *ret_changed);
int run_put_progress(struct catalog *c, uint64_t run, struct buf *out,
		     int64_t *ret_changed);
/* "SUCCEEDED\n": what _mlx/wait gives in the end. */
int run_put_state(struct catalog *c, uint64_t run, struct buf *out,
		  int64_t *ret_changed);

/* The runs of an asset, oldest first; `fn` only copies. */
typedef int run_each_fn(void *arg, const char *name, uint64_t run);
int run_each(struct catalog *c, uint64_t asset, run_each_fn *fn, void *arg);

#endif
