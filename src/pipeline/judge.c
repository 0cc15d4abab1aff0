// SPDX-License-Identifier: Apache-2.0
/*
 * Is a pipeline one that can be started? Names first, then references, then the
 * order: Kahn's algorithm over the edges of tasks that are not `finally`, and
 * where it gets stuck a walk backwards names a cycle.
 */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "walk.h"

static void free_sizes(size_t **array)
{
	free(*array);
}

/* ---- names ---- */

static bool is_file_name(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (!len || len > NAME_LIMIT || !name_is_utf8(name, len))
		return false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *c = name; *c; c++)
		if (*c == '/' || (unsigned char)*c < ' ' || *c == 127)
			return false;
	return true;
}

static int judge_params(const struct param *params, size_t count,
			const char *of, const char *what, struct buf *why)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_file_name(params[i].name))
			return why_set(
				why, -EINVAL,
				"%s: \"%.100s\" cannot be the name of %s", of,
				params[i].name ? params[i].name : "", what);
		if (param_find(params, i, params[i].name))
			return why_set(why, -EINVAL, "%s: two of %s named %s",
				       of, what, params[i].name);
	}
	return 0;
}

static int judge_steps(const struct task *t, struct buf *why)
{
	if (t->type == TASK_STEPS && !t->steps_count)
		return why_set(why, -EINVAL, "task %s has no steps", t->name);
	for (size_t i = 0; i < t->steps_count; i++) {
		if (!is_file_name(t->steps[i].name))
			return why_set(why, -EINVAL,
				       "task %s: a step's name is no name",
				       t->name);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(t->steps[j].name, t->steps[i].name))
				return why_set(
					why, -EINVAL,
					"task %s: two steps are named %s",
					t->name, t->steps[i].name);
	}
	return 0;
}

static int judge_bindings(const struct task *t, struct buf *why)
{
	for (size_t i = 0; i < t->bindings_count; i++) {
		const char *name = t->bindings[i].name;

		if (!name || !param_find(t->inputs, t->inputs_count, name))
			return why_set(why, -EINVAL,
				       "task %s has no input %.100s to give a "
				       "value to",
				       t->name, name ? name : "\"\"");
		if (task_find_binding(t, name) != &t->bindings[i])
			return why_set(why, -EINVAL,
				       "task %s: input %s is given twice",
				       t->name, name);
	}
	for (size_t i = 0; i < t->inputs_count; i++) {
		const struct param *in = &t->inputs[i];

		if (!in->fallback && !in->optional &&
		    !task_find_binding(t, in->name))
			return why_set(why, -EINVAL,
				       "task %s: input %s has no value",
				       t->name, in->name);
	}
	return 0;
}

static int judge_names(const struct pipeline *p, struct buf *why)
{
	int err =
		judge_params(p->params, p->params_count,
			     p->name ? p->name : "pipeline", "parameters", why);

	if (!err && !p->tasks_count)
		err = why_set(why, -EINVAL, "the pipeline has no tasks");
	for (size_t i = 0; i < p->tasks_count && !err; i++) {
		const struct task *t = &p->tasks[i];

		if (!is_file_name(t->name))
			return why_set(why, -EINVAL,
				       "\"%.100s\" cannot be a task's name",
				       t->name ? t->name : "");
		if (pipeline_find_task(p, t->name) != t)
			return why_set(why, -EINVAL, "two tasks are named %s",
				       t->name);
		err = judge_params(t->inputs, t->inputs_count, t->name,
				   "inputs", why);
		if (!err)
			err = judge_params(t->outputs, t->outputs_count,
					   t->name, "outputs", why);
		if (!err)
			err = judge_steps(t, why);
		if (!err)
			err = judge_bindings(t, why);
	}
	return err;
}

/* ---- references ---- */

struct edge {
	size_t from, to; /* `to` needs `from` */
};

struct judge {
	const struct pipeline *p;
	const struct task *t; /* NULL: outputs of the pipeline */
	struct buf *why;
	struct edge *edge;
	size_t count, cap;
};

static void free_edges(struct edge **edge)
{
	free(*edge);
}

static const char *speaker(const struct judge *j)
{
	return j->t ? j->t->name : "the pipeline's outputs";
}

static int add_edge(struct judge *j, const struct task *from)
{
	if (j->count == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 16;
		struct edge *more = realloc(j->edge, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		j->edge = more;
		j->cap = cap;
	}
	j->edge[j->count++] = (struct edge){
		.from = (size_t)(from - j->p->tasks),
		.to = (size_t)(j->t - j->p->tasks),
	};
	return 0;
}

/* `name` is needed by the task at hand, or by the outputs. */
static int judge_edge(struct judge *j, const char *name,
		      const struct task **ret_from)
{
	const struct task *from = pipeline_find_task(j->p, name);

	if (!from)
		return why_set(j->why, -EINVAL, "%s: there is no task %.100s",
			       speaker(j), name);
	*ret_from = from;
	if (!j->t)
		return 0;
	if (from->finally)
		return why_set(j->why, -EINVAL,
			       "task %s cannot depend on %s, which is a "
			       "finally task",
			       j->t->name, name);
	return j->t->finally ? 0 : add_edge(j, from);
}

static int judge_output(struct judge *j, const struct segment *s)
{
	const struct task *from;
	int err = judge_edge(j, s->task ? s->task : "", &from);

	if (!err && !param_find(from->outputs, from->outputs_count, s->text))
		err = why_set(j->why, -EINVAL,
			      "%s: task %s has no output %.100s", speaker(j),
			      s->task, s->text);
	return err;
}

static int judge_param(struct judge *j, const struct segment *s,
		       enum text_role role)
{
	const struct task *t = j->t;

	if (role == ROLE_STEP && t &&
	    param_find(t->inputs, t->inputs_count, s->text))
		return 0;
	if (param_find(j->p->params, j->p->params_count, s->text))
		return 0;
	return why_set(j->why, -EINVAL, "%s: there is no parameter %.100s",
		       speaker(j), s->text);
}

static int judge_status(struct judge *j, const struct segment *s)
{
	const struct task *of =
		s->task ? pipeline_find_task(j->p, s->task) : NULL;

	if (!j->t || !j->t->finally)
		return why_set(j->why, -EINVAL,
			       "%s: the state of a task can be asked for in "
			       "finally tasks only",
			       speaker(j));
	if (s->task && (!of || of->finally))
		return why_set(j->why, -EINVAL,
			       "%s: there is no task %.100s to have a state",
			       speaker(j), s->task);
	return 0;
}

static int judge_segment(void *arg, const struct segment *s,
			 enum text_role role)
{
	struct judge *j = arg;
	const struct task *t = j->t;
	bool known = true;

	switch (s->type) {
	case SEGMENT_PARAM:
		return judge_param(j, s, role);
	case SEGMENT_OUTPUT:
		return judge_output(j, s);
	case SEGMENT_STATUS:
		return judge_status(j, s);
	case SEGMENT_INPUT_PATH:
		known = t && role == ROLE_STEP &&
			param_find(t->inputs, t->inputs_count, s->text);
		break;
	case SEGMENT_OUTPUT_PATH:
		known = t && role == ROLE_STEP &&
			param_find(t->outputs, t->outputs_count, s->text);
		break;
	case SEGMENT_TEXT:
	case SEGMENT_CONTEXT:
		break;
	}
	if (known)
		return 0;
	return why_set(j->why, -EINVAL, "%s: there is no %s %.100s", speaker(j),
		       s->type == SEGMENT_INPUT_PATH ? "input" : "output",
		       s->text);
}

static int judge_ifs(struct judge *j, const struct arg *args, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		if (args[i].type == ARG_IF &&
		    !param_find(j->t->inputs, j->t->inputs_count, args[i].name))
			return why_set(j->why, -EINVAL,
				       "%s: there is no input %s", speaker(j),
				       args[i].name);
		err = judge_ifs(j, args[i].then, args[i].then_count);
		if (!err)
			err = judge_ifs(j, args[i].other, args[i].other_count);
	}
	return err;
}

static int judge_task(struct judge *j)
{
	const struct task *t = j->t, *from;
	int err = 0;

	if (t->finally && t->after_count)
		return why_set(j->why, -EINVAL,
			       "task %s is a finally task: it runs after all "
			       "others and after no one in particular",
			       t->name);
	for (size_t i = 0; i < t->after_count && !err; i++)
		err = judge_edge(j, t->after[i], &from);
	if (!err)
		err = task_walk(t, judge_segment, j);
	for (size_t i = 0; i < t->steps_count && !err; i++) {
		err = judge_ifs(j, t->steps[i].command,
				t->steps[i].command_count);
		if (!err)
			err = judge_ifs(j, t->steps[i].args,
					t->steps[i].args_count);
	}
	return err;
}

static int judge_references(struct judge *j)
{
	int err = 0;

	for (size_t i = 0; i < j->p->tasks_count && !err; i++) {
		j->t = &j->p->tasks[i];
		err = judge_task(j);
	}
	j->t = NULL;
	for (size_t i = 0; i < j->p->outputs_count && !err; i++)
		err = text_walk(&j->p->outputs[i].value, judge_segment, j,
				ROLE_BINDING);
	return err;
}

/* ---- order ---- */

static int by_from(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* Tasks that are left over depend on each other, or on ones that do: walking
 * back from any of them along left-over ones must come by a task twice. */
static int name_cycle(const struct judge *j, const size_t *missing)
{
	AUTO(buf_release) struct buf path = BUF_INIT(2048);
	AUTO(free_sizes)
	size_t *trail = calloc(j->p->tasks_count + 1, sizeof(*trail));
	size_t at = 0, len = 0, start = 0;

	if (!trail)
		return -ENOMEM;
	while (!missing[at])
		at++;
	for (bool closed = false; !closed;) {
		trail[len++] = at;
		for (size_t i = 0; i < j->count; i++)
			if (j->edge[i].to == at && missing[j->edge[i].from]) {
				at = j->edge[i].from;
				break;
			}
		for (start = 0; start < len && trail[start] != at; start++)
			;
		closed = start < len;
	}
	buf_puts(&path, j->p->tasks[at].name);
	while (len-- > start)
		buf_addf(&path, " -> %s", j->p->tasks[trail[len]].name);
	return why_set(j->why, -EINVAL, "tasks wait for each other: %s",
		       path.data);
}

/* order: room for all tasks. missing: for each, edges not yet satisfied. */
static int sort_tasks(struct judge *j, size_t *missing, size_t *order)
{
	size_t n = j->p->tasks_count, done = 0, ready = 0;

	for (size_t i = 0; i < j->count; i++)
		missing[j->edge[i].to]++;
	for (size_t i = 0; i < n; i++)
		if (!j->p->tasks[i].finally && !missing[i])
			order[ready++] = i;
	for (; done < ready; done++) {
		const struct edge key = { .from = order[done] };
		const struct edge *e =
			j->count ? bsearch(&key, j->edge, j->count, sizeof(key),
					   by_from)
				 : NULL;

		while (e && e > j->edge && e[-1].from == key.from)
			e--;
		for (; e && e < j->edge + j->count && e->from == key.from; e++)
			if (!--missing[e->to])
				order[ready++] = e->to;
	}
	for (size_t i = 0; i < n; i++)
		if (!j->p->tasks[i].finally && missing[i])
			return name_cycle(j, missing);
	for (size_t i = 0; i < n; i++)
		if (j->p->tasks[i].finally)
			order[ready++] = i;
	return 0;
}

int pipeline_judge(const struct pipeline *p, struct buf *why,
		   size_t **ret_order)
{
	struct judge j = { .p = p, .why = why };
	AUTO(free_edges) struct edge *edge = NULL;
	AUTO(free_sizes) size_t *missing = NULL;
	AUTO(free_sizes) size_t *order = NULL;
	int err = judge_names(p, why);

	if (!err)
		err = judge_references(&j);
	edge = j.edge;
	if (err)
		return err;
	if (j.count)
		qsort(j.edge, j.count, sizeof(*j.edge), by_from);
	missing = calloc(p->tasks_count, sizeof(*missing));
	order = calloc(p->tasks_count, sizeof(*order));
	if (!missing || !order)
		return -ENOMEM;
	err = sort_tasks(&j, missing, order);
	if (!err && ret_order)
		*ret_order = TAKE(order);
	return err;
}
