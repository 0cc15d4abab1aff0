// SPDX-License-Identifier: Apache-2.0
/* What references stand for while a run is executed. */
#ifndef SRC_ENGINE_VIEW_H
#define SRC_ENGINE_VIEW_H

#include "job.h"

struct view {
	struct run *run;
	const struct schedule *schedule;
	const struct job *job; /* NULL: the pipeline's own texts */
	bool with_inputs; /* a name means the task's input first: in steps */
	struct buf *why;
};

struct scope view_scope(struct view *v);
/* Does a task's `when` hold: 1, 0, -errno. */
int view_holds(struct view *v, const struct task *t);
/* A value as a text: scalars as they stand, lists and maps as JSON. */
void put_value(const struct value *v, struct buf *out);

#endif
