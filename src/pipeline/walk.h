// SPDX-License-Identifier: Apache-2.0
/* All the texts of a task, for those who look for references. */
#ifndef PIPELINE_WALK_H
#define PIPELINE_WALK_H

#include "pipeline/pipeline.h"

enum text_role {
	ROLE_BINDING, /* of an input */
	ROLE_WHEN,
	ROLE_STEP, /* image, command, script, environment, workdir */
};

/* A non-zero return ends the walk and is returned. */
typedef int walk_fn(void *arg, const struct segment *s, enum text_role role);

int task_walk(const struct task *t, walk_fn *fn, void *arg);
int text_walk(const struct text *t, walk_fn *fn, void *arg,
	      enum text_role role);
int args_walk(const struct arg *args, size_t count, walk_fn *fn, void *arg);

#endif
