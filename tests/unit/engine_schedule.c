// SPDX-License-Identifier: Apache-2.0
/* Tekton's rules, over pipelines made by hand. */
#include <stdlib.h>

#include "../../src/engine/schedule.h"
#include "base/cleanup.h"
#include "unit.h"

/* A pipeline whose tasks are named a, b, c, …; each test adds the edges. */
struct world {
	struct pipeline p;
	struct schedule s;
	struct buf why;
	const char *false_tasks; /* letters of tasks whose `when` fails */
};

static void world_release(struct world *w)
{
	if (w->s.p)
		schedule_release(&w->s);
	pipeline_release(&w->p);
	buf_release(&w->why);
}

static int add_tasks(struct world *w, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct task *t = pipeline_add_task(&w->p);

		if (!t)
			return -ENOMEM;
		t->name = strdup((const char[]){ (char)('a' + i), 0 });
		if (!t->name)
			return -ENOMEM;
	}
	return 0;
}

static struct task *task(struct world *w, char name)
{
	return &w->p.tasks[name - 'a'];
}

static int follow(struct world *w, char name, char other)
{
	struct task *t = task(w, name);

	return names_add(&t->after, &t->after_count, (char[]){ other, 0 });
}

/* An input that is bound to an output of `other`. */
static int use(struct world *w, char name, char other, bool optional)
{
	struct task *t = task(w, name);
	struct param *in = param_add(&t->inputs, &t->inputs_count);
	struct binding *b = task_add_binding(t);
	struct segment *s = b ? text_add(&b->value) : NULL;

	if (!in || !s)
		return -ENOMEM;
	in->name = strdup("in");
	in->optional = optional;
	b->name = strdup("in");
	s->type = SEGMENT_OUTPUT;
	s->task = strdup((const char[]){ other, 0 });
	s->text = strdup("out");
	return in->name && b->name && s->task && s->text ? 0 : -ENOMEM;
}

static int add_when(struct world *w, char name)
{
	return task_add_when(task(w, name)) ? 0 : -ENOMEM;
}

static int holds(void *arg, size_t index, struct buf *why)
{
	const struct world *w = arg;

	(void)why;
	return !w->false_tasks ||
	       !strchr(w->false_tasks, (char)('a' + (int)index));
}

/* What is decided now, one after the other: "a+" run, "b-" skipped, … */
static const char *decide(struct world *w, char *out)
{
	enum verdict v;
	size_t at;
	char *end = out;

	for (;;) {
		v = schedule_next(&w->s, holds, w, &at, &w->why);
		if (v == VERDICT_WAIT || v == VERDICT_DONE)
			break;
		*end++ = (char)('a' + (int)at);
		*end++ = v == VERDICT_RUN ? '+' : v == VERDICT_SKIP ? '-' : '!';
	}
	*end++ = v == VERDICT_DONE ? '.' : '?';
	*end = 0;
	return out;
}

static void done(struct world *w, char name, enum task_state state)
{
	schedule_ended(&w->s, (size_t)(name - 'a'), state);
}

#define WORLD_INIT                                                             \
	{                                                                      \
		.why = WHY_INIT                                                \
	}

TEST_STARVED(schedule_in_parallel_then_in_order)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	char out[64];

	ENOUGH(add_tasks(&w, 3));
	ENOUGH(follow(&w, 'c', 'a'));
	ENOUGH(use(&w, 'c', 'b', false));
	ENOUGH(schedule_init(&w.s, &w.p));
	CHECK_STR(decide(&w, out), "a+b+?");
	done(&w, 'a', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), "?");
	done(&w, 'b', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), "c+?");
	done(&w, 'c', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), ".");
	CHECK(!w.s.failed);
	CHECK_STR(schedule_word(&w.s, NULL), "Succeeded");
}

/* a is skipped by its condition: b only follows it, c uses it, d follows c, e
 * can do without it. */
TEST(schedule_skips_users_not_followers)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	char out[64];

	CHECK_INT(add_tasks(&w, 5), 0);
	CHECK_INT(add_when(&w, 'a'), 0);
	CHECK_INT(follow(&w, 'b', 'a'), 0);
	CHECK_INT(use(&w, 'c', 'a', false), 0);
	CHECK_INT(follow(&w, 'd', 'c'), 0);
	CHECK_INT(use(&w, 'e', 'a', true), 0);
	w.false_tasks = "a";
	CHECK_INT(schedule_init(&w.s, &w.p), 0);
	CHECK_STR(decide(&w, out), "a-b+c-d-e+?");
	done(&w, 'b', TASK_SUCCEEDED);
	done(&w, 'e', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), ".");
	CHECK_INT(w.s.slot[0].skip, SKIP_WHEN);
	CHECK_INT(w.s.slot[2].skip, SKIP_PARENT);
	CHECK_STR(schedule_word(&w.s, NULL), "Completed");
	CHECK_STR(schedule_word(&w.s, "a"), "None");
}

TEST(schedule_after_a_failure_only_finally)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	char out[64];

	CHECK_INT(add_tasks(&w, 5), 0);
	CHECK_INT(follow(&w, 'c', 'b'), 0);
	task(&w, 'd')->finally = true;
	task(&w, 'e')->finally = true;
	CHECK_INT(use(&w, 'e', 'a', false), 0);
	CHECK_INT(schedule_init(&w.s, &w.p), 0);
	CHECK_STR(decide(&w, out), "a+b+?");
	done(&w, 'a', TASK_FAILED);
	CHECK_STR(decide(&w, out), "c-?"); /* b is still running */
	done(&w, 'b', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), "d+e-?");
	CHECK_STR(schedule_word(&w.s, NULL), "Failed");
	CHECK_STR(schedule_word(&w.s, "a"), "Failed");
	done(&w, 'd', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), ".");
	CHECK(w.s.failed);
}

TEST(schedule_ignored_failure_goes_on)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	char out[64];

	CHECK_INT(add_tasks(&w, 2), 0);
	task(&w, 'a')->ignore_failure = true;
	CHECK_INT(follow(&w, 'b', 'a'), 0);
	CHECK_INT(schedule_init(&w.s, &w.p), 0);
	CHECK_STR(decide(&w, out), "a+?");
	done(&w, 'a', TASK_FAILED);
	CHECK_STR(decide(&w, out), "b+?");
	done(&w, 'b', TASK_SUCCEEDED);
	CHECK_STR(decide(&w, out), ".");
	CHECK(!w.s.failed);
}

TEST(schedule_cancel_starts_nothing)
{
	AUTO(world_release) struct world w = WORLD_INIT;
	char out[64];

	CHECK_INT(add_tasks(&w, 3), 0);
	CHECK_INT(follow(&w, 'b', 'a'), 0);
	task(&w, 'c')->finally = true;
	CHECK_INT(schedule_init(&w.s, &w.p), 0);
	CHECK_STR(decide(&w, out), "a+?");
	w.s.canceled = true;
	CHECK_STR(decide(&w, out), "b-c-?");
	done(&w, 'a', TASK_CANCELED);
	CHECK_STR(decide(&w, out), ".");
}
