// SPDX-License-Identifier: Apache-2.0
/*
 * Engines: places where runs are executed. An engine is one file in src/engine
 * that ends in its vtable, and one token in the list in engines.c; the first of
 * the list is the default unless config.yaml says `engine: NAME`.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/run.h"

struct run; /* a run being executed (src/engine/run.h) */

struct engine {
	const char *name;
	/* May this pipeline run here? -EOPNOTSUPP with a sentence. Called when
	 * a run is asked for; must not block on a network. */
	int (*accepts)(const struct pipeline *p, struct buf *why);
	/* Execute to a final state; on a thread of the runner's own for this
	 * run, so it may block. Looks at run_is_canceled now and then. */
	int (*execute)(struct run *run);
	/* A daemon that starts finds this run unfinished: 0, it was picked up
	 * (execute is called again with resumed set); -ECANCELED, it died with
	 * the daemon: the runner marks it FAILED. */
	int (*resume)(struct run *run);
	/* One line for .mlx/status.json: does it answer? */
	int (*probe)(struct buf *why);
};

const struct engine *engine_find(const char *name);
/* All of them, in the list's order; ends with NULL. */
extern const struct engine *const engines[];

/* The runner: one thread that takes wishes, one more for each run. */
struct runner;
/* mountpoint: where the steps' processes see the tree. Unfinished runs of an
 * earlier daemon are settled before it returns. */
int runner_start(struct catalog *c, const char *mountpoint,
		 struct runner **ret_runner);
/* Cancels nothing: local runs end with the daemon and are marked so. */
void runner_stop(struct runner *r);

/*
 * The other face of this program: started again under the name MLXFS_STEP_NAME
 * it is the keeper of one step's processes. Call first in main().
 */
#define MLXFS_STEP_NAME "mlxfs-step"
int step_main(int argc, char **argv);

#endif
