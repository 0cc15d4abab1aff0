// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include <string.h>

int text_walk(const struct text *t, walk_fn *fn, void *arg, enum text_role role)
{
	int err = 0;

	for (size_t i = 0; i < t->count && !err; i++)
		err = fn(arg, &t->segment[i], role);
	return err;
}

int args_walk(const struct arg *args, size_t count, walk_fn *fn, void *arg)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		err = text_walk(&args[i].text, fn, arg, ROLE_STEP);
		if (!err)
			err = args_walk(args[i].then, args[i].then_count, fn,
					arg);
		if (!err)
			err = args_walk(args[i].other, args[i].other_count, fn,
					arg);
	}
	return err;
}

static int walk_step(const struct step *s, walk_fn *fn, void *arg)
{
	int err = text_walk(&s->image, fn, arg, ROLE_STEP);

	if (!err)
		err = args_walk(s->command, s->command_count, fn, arg);
	if (!err)
		err = args_walk(s->args, s->args_count, fn, arg);
	if (!err)
		err = text_walk(&s->script, fn, arg, ROLE_STEP);
	for (size_t i = 0; i < s->env_count && !err; i++)
		err = text_walk(&s->env[i].value, fn, arg, ROLE_STEP);
	if (!err)
		err = text_walk(&s->workdir, fn, arg, ROLE_STEP);
	return err;
}

static int walk_when(const struct when *w, walk_fn *fn, void *arg)
{
	int err = text_walk(&w->input, fn, arg, ROLE_WHEN);

	for (size_t i = 0; i < w->count && !err; i++)
		err = text_walk(&w->values[i], fn, arg, ROLE_WHEN);
	return err;
}

int task_walk(const struct task *t, walk_fn *fn, void *arg)
{
	int err = 0;

	for (size_t i = 0; i < t->bindings_count && !err; i++)
		err = text_walk(&t->bindings[i].value, fn, arg, ROLE_BINDING);
	for (size_t i = 0; i < t->when_count && !err; i++)
		err = walk_when(&t->when[i], fn, arg);
	for (size_t i = 0; i < t->steps_count && !err; i++)
		err = walk_step(&t->steps[i], fn, arg);
	return err;
}

static int same_task(void *arg, const struct segment *s, enum text_role role)
{
	(void)role;
	return s->type == SEGMENT_OUTPUT && s->task &&
	       strcmp(s->task, arg) == 0;
}

bool task_uses(const struct task *t, const char *other)
{
	return task_walk(t, same_task, (void *)other) != 0;
}

bool task_follows(const struct task *t, const char *other)
{
	for (size_t i = 0; i < t->after_count; i++)
		if (strcmp(t->after[i], other) == 0)
			return true;
	return task_uses(t, other);
}
