// SPDX-License-Identifier: Apache-2.0
/* The model: growing it, freeing it, finding in it. */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"

static void *grow(void *array, size_t *count, size_t size)
{
	char **at = array;
	char *bigger = realloc(*at, (*count + 1) * size);

	if (!bigger)
		return NULL;
	*at = bigger;
	memset(bigger + *count * size, 0, size);
	return bigger + (*count)++ * size;
}

struct param *param_add(struct param **array, size_t *count)
{
	return grow(array, count, sizeof(**array));
}

struct task *pipeline_add_task(struct pipeline *p)
{
	return grow(&p->tasks, &p->tasks_count, sizeof(*p->tasks));
}

struct output *pipeline_add_output(struct pipeline *p)
{
	return grow(&p->outputs, &p->outputs_count, sizeof(*p->outputs));
}

struct step *task_add_step(struct task *t)
{
	return grow(&t->steps, &t->steps_count, sizeof(*t->steps));
}

struct binding *task_add_binding(struct task *t)
{
	return grow(&t->bindings, &t->bindings_count, sizeof(*t->bindings));
}

struct when *task_add_when(struct task *t)
{
	return grow(&t->when, &t->when_count, sizeof(*t->when));
}

struct env *step_add_env(struct step *s)
{
	return grow(&s->env, &s->env_count, sizeof(*s->env));
}

struct arg *arg_add(struct arg **array, size_t *count)
{
	return grow(array, count, sizeof(**array));
}

struct segment *text_add(struct text *t)
{
	return grow(&t->segment, &t->count, sizeof(*t->segment));
}

int names_add(char ***array, size_t *count, const char *name)
{
	char **slot = grow(array, count, sizeof(**array));

	if (!slot)
		return -ENOMEM;
	*slot = strdup(name);
	if (*slot)
		return 0;
	(*count)--;
	return -ENOMEM;
}

/* ---- texts ---- */

void text_release(struct text *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->segment[i].text);
		free(t->segment[i].task);
		free(t->segment[i].key);
	}
	free(t->segment);
	*t = (struct text){ 0 };
}

int text_set(struct text *t, const char *plain)
{
	struct segment *s;

	text_release(t);
	s = text_add(t);
	if (!s)
		return -ENOMEM;
	s->text = strdup(plain);
	return s->text ? 0 : -ENOMEM;
}

bool text_is_plain(const struct text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->segment[i].type != SEGMENT_TEXT)
			return false;
	return true;
}

/* ---- freeing ---- */

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void free_params(struct param *params, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(params[i].name);
		free(params[i].schema);
		free(params[i].description);
		value_free(params[i].fallback);
	}
	free(params);
}

void args_free(struct arg *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_release(&args[i].text);
		free(args[i].name);
		args_free(args[i].then, args[i].then_count);
		args_free(args[i].other, args[i].other_count);
	}
	free(args);
}

static void free_steps(struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct step *s = &steps[i];

		free(s->name);
		text_release(&s->image);
		args_free(s->command, s->command_count);
		args_free(s->args, s->args_count);
		text_release(&s->script);
		for (size_t j = 0; j < s->env_count; j++) {
			free(s->env[j].name);
			text_release(&s->env[j].value);
		}
		free(s->env);
		text_release(&s->workdir);
	}
	free(steps);
}

static void free_edges(struct task *t)
{
	for (size_t i = 0; i < t->bindings_count; i++) {
		free(t->bindings[i].name);
		text_release(&t->bindings[i].value);
		value_free(t->bindings[i].constant);
	}
	free(t->bindings);
	for (size_t i = 0; i < t->when_count; i++) {
		text_release(&t->when[i].input);
		for (size_t j = 0; j < t->when[i].count; j++)
			text_release(&t->when[i].values[j]);
		free(t->when[i].values);
	}
	free(t->when);
	free_names(t->after, t->after_count);
}

static void release_task(struct task *t)
{
	free(t->name);
	free(t->title);
	free(t->description);
	free_params(t->inputs, t->inputs_count);
	free_params(t->outputs, t->outputs_count);
	free_edges(t);
	free_steps(t->steps, t->steps_count);
	free(t->notebook.file);
	free(t->notebook.url);
	free(t->notebook.image);
	free_names(t->notebook.requirements, t->notebook.requirements_count);
	free(t->fetch.url);
	free(t->fetch.mime_type);
	free(t->fetch.sha512);
}

void pipeline_release(struct pipeline *p)
{
	free(p->name);
	free(p->description);
	free_params(p->params, p->params_count);
	for (size_t i = 0; i < p->tasks_count; i++)
		release_task(&p->tasks[i]);
	free(p->tasks);
	for (size_t i = 0; i < p->outputs_count; i++) {
		free(p->outputs[i].name);
		text_release(&p->outputs[i].value);
	}
	free(p->outputs);
	free_names(p->ignored, p->ignored_count);
	*p = (struct pipeline){ 0 };
}

/* ---- finding ---- */

const struct param *param_find(const struct param *array, size_t count,
			       const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (array[i].name && strcmp(array[i].name, name) == 0)
			return &array[i];
	return NULL;
}

struct task *pipeline_find_task(const struct pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->tasks_count; i++)
		if (p->tasks[i].name && strcmp(p->tasks[i].name, name) == 0)
			return &p->tasks[i];
	return NULL;
}

const struct binding *task_find_binding(const struct task *t, const char *input)
{
	for (size_t i = 0; i < t->bindings_count; i++)
		if (t->bindings[i].name &&
		    strcmp(t->bindings[i].name, input) == 0)
			return &t->bindings[i];
	return NULL;
}

const char *data_type_name(enum data_type type)
{
	static const char *const names[] = {
		[TYPE_STRING] = "String",     [TYPE_INTEGER] = "Integer",
		[TYPE_REAL] = "Float",	      [TYPE_BOOLEAN] = "Boolean",
		[TYPE_LIST] = "List",	      [TYPE_STRUCT] = "Dict",
		[TYPE_ARTIFACT] = "Artifact",
	};

	return names[type];
}
