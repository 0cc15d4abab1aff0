// SPDX-License-Identifier: Apache-2.0
/*
 * Which task is next: decisions over a pipeline and its tasks' states, and
 * nothing else. The rules are Tekton's (docs/pipelines.md: when, runAfter,
 * results, finally, onError):
 *
 * - a task waits for all that it follows;
 * - one whose `when` does not hold is skipped; those that only follow it run
 *   all the same, those that use an output of it are skipped. A task that
 *   follows one that was skipped for any other reason is skipped too;
 * - after a failure that is not ignored nothing new is started, what runs may
 *   end, then the finally tasks run;
 * - after a cancel nothing new is started, finally tasks included (Tekton's
 *   spec.status "Cancelled").
 */
#ifndef SRC_ENGINE_SCHEDULE_H
#define SRC_ENGINE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "pipeline/pipeline.h"

enum task_state {
	TASK_PENDING,
	TASK_RUNNING,
	/* final, from here on */
	TASK_SUCCEEDED,
	TASK_SKIPPED,
	TASK_FAILED,
	TASK_CANCELED,
};
const char *task_state_name(enum task_state state); /* "PENDING", … */

enum skip_reason {
	SKIP_NONE,
	SKIP_WHEN,   /* its own condition */
	SKIP_PARENT, /* what it follows or uses was skipped */
	SKIP_ENDED,  /* the run failed or was canceled before it */
};

struct edge {
	size_t to; /* a task that must be final first */
	bool uses; /* cannot do without an output of it */
};

struct slot {
	enum task_state state;
	enum skip_reason skip;
	struct edge *edge;
	size_t edge_count;
};

struct schedule {
	const struct pipeline *p; /* lent */
	struct slot *slot;	  /* of each task */
	bool failed;		  /* a failure that counts */
	bool canceled;
};

enum verdict {
	VERDICT_RUN,  /* *ret_task is to be started (its state is RUNNING) */
	VERDICT_SKIP, /* it was skipped, *why says why */
	VERDICT_FAIL, /* its condition cannot be told, *why says why */
	VERDICT_WAIT, /* nothing now: ask again when a task ended */
	VERDICT_DONE, /* all are final */
};

/* Does a task's `when` hold: 1, 0, or -errno with a sentence. */
typedef int schedule_holds_fn(void *arg, size_t task, struct buf *why);

int schedule_init(struct schedule *s, const struct pipeline *p);
void schedule_release(struct schedule *s);
enum verdict schedule_next(struct schedule *s, schedule_holds_fn *holds,
			   void *arg, size_t *ret_task, struct buf *why);
/* A running task ended. */
void schedule_ended(struct schedule *s, size_t task, enum task_state state);
/* Tekton's words, for $(tasks.NAME.status) and $(tasks.status). */
const char *schedule_word(const struct schedule *s, const char *task);

#endif
