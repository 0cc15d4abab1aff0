// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *task_state_name(enum task_state state)
{
	static const char *const names[] = {
		[TASK_PENDING] = "PENDING",	[TASK_RUNNING] = "RUNNING",
		[TASK_SUCCEEDED] = "SUCCEEDED", [TASK_SKIPPED] = "SKIPPED",
		[TASK_FAILED] = "FAILED",	[TASK_CANCELED] = "CANCELED",
	};

	return names[state];
}

/* Does this binding refer to `other`, for an input that can be absent? */
static bool is_dispensable(const struct task *t, const struct binding *b,
			   const char *other)
{
	const struct param *in =
		param_find(t->inputs, t->inputs_count, b->name);
	bool refers = false;

	for (size_t i = 0; i < b->value.count; i++) {
		const struct segment *s = &b->value.segment[i];

		if (s->type == SEGMENT_OUTPUT && strcmp(s->task, other) == 0)
			refers = true;
	}
	return refers && in && (in->optional || in->fallback);
}

/* A user of an output can do without it when all that it wants it for is
 * inputs that have a default or are optional. */
static bool needs(const struct task *t, const char *other)
{
	if (!task_uses(t, other))
		return false;
	for (size_t i = 0; i < t->bindings_count; i++)
		if (is_dispensable(t, &t->bindings[i], other))
			return false;
	return true;
}

static int add_edges(const struct pipeline *p, const struct task *t,
		     struct slot *slot)
{
	slot->edge = calloc(p->tasks_count + 1, sizeof(*slot->edge));
	if (!slot->edge)
		return -ENOMEM;
	for (size_t i = 0; i < p->tasks_count; i++) {
		const char *other = p->tasks[i].name;

		if (&p->tasks[i] == t || !task_follows(t, other))
			continue;
		slot->edge[slot->edge_count++] =
			(struct edge){ i, needs(t, other) };
	}
	return 0;
}

int schedule_init(struct schedule *s, const struct pipeline *p)
{
	int err = 0;

	*s = (struct schedule){ .p = p };
	s->slot = calloc(p->tasks_count + 1, sizeof(*s->slot));
	if (!s->slot)
		return -ENOMEM;
	for (size_t i = 0; !err && i < p->tasks_count; i++)
		err = add_edges(p, &p->tasks[i], &s->slot[i]);
	if (err)
		schedule_release(s);
	return err;
}

void schedule_release(struct schedule *s)
{
	for (size_t i = 0; s->slot && i < s->p->tasks_count; i++)
		free(s->slot[i].edge);
	free(s->slot);
	s->slot = NULL;
}

static bool is_final(const struct slot *slot)
{
	return slot->state >= TASK_SUCCEEDED;
}

/* Have all tasks before the finally ones come to their end? */
static bool body_is_final(const struct schedule *s)
{
	for (size_t i = 0; i < s->p->tasks_count; i++)
		if (!s->p->tasks[i].finally && !is_final(&s->slot[i]))
			return false;
	return true;
}

static bool is_ready(const struct schedule *s, size_t task, bool body_final)
{
	const struct slot *slot = &s->slot[task];

	if (slot->state != TASK_PENDING)
		return false;
	if (s->canceled)
		return true;
	if (s->p->tasks[task].finally)
		return body_final;
	if (s->failed)
		return true;
	for (size_t i = 0; i < slot->edge_count; i++)
		if (!is_final(&s->slot[slot->edge[i].to]))
			return false;
	return true;
}

static enum verdict skip(struct slot *slot, enum skip_reason reason)
{
	slot->state = TASK_SKIPPED;
	slot->skip = reason;
	return VERDICT_SKIP;
}

/* Is there a task before it whose end forbids it? */
static bool is_cut_off(const struct schedule *s, size_t task, struct buf *why)
{
	const struct slot *slot = &s->slot[task];

	for (size_t i = 0; i < slot->edge_count; i++) {
		const struct edge *e = &slot->edge[i];
		const struct slot *before = &s->slot[e->to];
		const char *name = s->p->tasks[e->to].name;

		if (before->state == TASK_SKIPPED &&
		    (e->uses || before->skip != SKIP_WHEN)) {
			buf_setf(why,
				 e->uses ? "%s, whose output it uses, was "
					   "skipped"
					 : "%s, which it follows, was "
					   "skipped",
				 name);
			return true;
		}
		if (before->state == TASK_FAILED && e->uses &&
		    s->p->tasks[task].finally) {
			buf_setf(why, "%s, whose output it uses, failed", name);
			return true;
		}
	}
	return false;
}

static enum verdict decide(struct schedule *s, size_t task,
			   schedule_holds_fn *holds, void *arg, struct buf *why)
{
	struct slot *slot = &s->slot[task];
	int yes;

	if (s->canceled || (s->failed && !s->p->tasks[task].finally)) {
		buf_setf(why, "not started: the run %s before",
			 s->canceled ? "was ended" : "failed");
		return skip(slot, SKIP_ENDED);
	}
	if (is_cut_off(s, task, why))
		return skip(slot, SKIP_PARENT);
	yes = s->p->tasks[task].when_count ? holds(arg, task, why) : 1;
	if (yes < 0) {
		schedule_ended(s, task, TASK_FAILED);
		return VERDICT_FAIL;
	}
	if (!yes) {
		why_set(why, 0, "its condition does not hold");
		return skip(slot, SKIP_WHEN);
	}
	slot->state = TASK_RUNNING;
	return VERDICT_RUN;
}

enum verdict schedule_next(struct schedule *s, schedule_holds_fn *holds,
			   void *arg, size_t *ret_task, struct buf *why)
{
	bool body_final = body_is_final(s);
	bool waiting = false;

	buf_clear(why);
	for (size_t i = 0; i < s->p->tasks_count; i++) {
		if (is_ready(s, i, body_final)) {
			*ret_task = i;
			return decide(s, i, holds, arg, why);
		}
		waiting = waiting || !is_final(&s->slot[i]);
	}
	return waiting ? VERDICT_WAIT : VERDICT_DONE;
}

void schedule_ended(struct schedule *s, size_t task, enum task_state state)
{
	s->slot[task].state = state;
	if (state == TASK_FAILED && !s->p->tasks[task].ignore_failure)
		s->failed = true;
}

static const char *word_of_all(const struct schedule *s)
{
	bool failed = false, skipped = false, done = false;

	for (size_t i = 0; i < s->p->tasks_count; i++) {
		const struct slot *slot = &s->slot[i];

		if (s->p->tasks[i].finally)
			continue;
		failed = failed || (slot->state == TASK_FAILED &&
				    !s->p->tasks[i].ignore_failure);
		skipped = skipped || slot->state == TASK_SKIPPED;
		done = done || slot->state == TASK_SUCCEEDED ||
		       slot->state == TASK_FAILED;
	}
	if (failed)
		return "Failed";
	if (skipped)
		return "Completed";
	return done ? "Succeeded" : "None";
}

const char *schedule_word(const struct schedule *s, const char *task)
{
	const struct task *t = task ? pipeline_find_task(s->p, task) : NULL;

	if (!t)
		return word_of_all(s);
	switch (s->slot[t - s->p->tasks].state) {
	case TASK_SUCCEEDED:
		return "Succeeded";
	case TASK_FAILED:
	case TASK_CANCELED:
		return "Failed";
	default:
		return "None";
	}
}
