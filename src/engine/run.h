// SPDX-License-Identifier: Apache-2.0
/*
 * A run that is being executed. All of it belongs to the run's own thread, but
 * `stop`, which the runner sets, and stop_fd, which then becomes readable and
 * stays so.
 */
#ifndef SRC_ENGINE_RUN_H
#define SRC_ENGINE_RUN_H

#include <stdatomic.h>

#include "catalog/catalog.h"
#include "pipeline/pipeline.h"
#include "settings.h"

enum run_stop {
	RUN_GOES_ON,
	RUN_CANCEL,	 /* a user wants it to end */
	RUN_DAEMON_ENDS, /* at once, and without waiting for anything */
};

#define DIED_WITH_DAEMON "the daemon ended while the run was going on"

/* An output of a task, as far as it is known. */
struct product {
	bool is_there;
	char *text; /* the value, or an artifact's path in the mount */
};

struct run {
	struct catalog *c;
	struct store *st;
	const struct settings *settings;
	const char *mountpoint;
	uint64_t ino, asset;
	char *name; /* of its directory */
	struct owner owner;
	struct value *record; /* ledger.h */
	bool resumed;	      /* an earlier daemon had begun with it */
	struct pipeline pipeline;
	struct product **product; /* [task][output] */
	char *scratch;		  /* a directory outside the mount, or NULL */
	uint64_t steps_dir, outputs_dir;
	uint64_t log_bytes; /* of runs/NAME/log so far */
	int stop_fd;
	_Atomic int stop; /* enum run_stop */
};

/* The record read, the pipeline made again from the asset. -ESTALE with a
 * sentence: the asset is not what it was when the run was asked for. */
int run_open(struct run *r, uint64_t ino, struct buf *why);
void run_close(struct run *r); /* frees what run_open made */
enum run_stop run_stopping(struct run *r);
static inline bool run_is_canceled(struct run *r)
{
	return run_stopping(r) != RUN_GOES_ON;
}
/* From the runner: make it stop. */
void run_stop(struct run *r, enum run_stop how);
/* A new state: `status`, then the record. message may be NULL. */
int run_enter(struct run *r, const char *state, const char *message);
/* A line of the engine's own in the run's log. */
void run_say(struct run *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Text of a task to the run's log, whole lines, up to the settings' ceiling. */
void run_append(struct run *r, const char *text, size_t len);
/* The same to the log in directory dir, which has *bytes so far. */
void run_append_in(const struct run *r, uint64_t dir, uint64_t *bytes,
		   const char *text, size_t len);

#endif
