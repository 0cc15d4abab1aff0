// SPDX-License-Identifier: Apache-2.0
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"

void put_value(const struct value *v, struct buf *out)
{
	if (value_is(v, VALUE_LIST) || value_is(v, VALUE_MAP))
		json_write_line(v, out);
	else
		value_put_scalar(v, out);
}

/* A value, or the list that it is where one is asked for. */
static int give(const struct value *v, struct buf *out, struct value **ret_list)
{
	if (ret_list && value_is(v, VALUE_LIST)) {
		*ret_list = value_copy(v);
		return *ret_list ? 0 : -ENOMEM;
	}
	put_value(v, out);
	return out->err;
}

static const struct value *member(const struct value *v, const char *key)
{
	char *end;
	unsigned long at;

	if (strcmp(key, "*") == 0)
		return value_is(v, VALUE_LIST) ? v : NULL;
	if (value_is(v, VALUE_MAP))
		return value_find(v, key);
	at = strtoul(key, &end, 10);
	if (!value_is(v, VALUE_LIST) || *end || at >= v->count)
		return NULL;
	return v->item[at];
}

/* With a key, what is a text is read as JSON first: outputs are texts. */
static int give_member(struct view *view, const struct segment *s,
		       const struct value *v, struct buf *out,
		       struct value **ret_list)
{
	AUTO(value_release) struct value *read = NULL;
	const char *text = value_string(v);

	if (!s->key)
		return give(v, out, ret_list);
	if (text && json_read(text, strlen(text), BUF_MAX, NULL, &read) == 0)
		v = read;
	v = member(v, s->key);
	if (!v)
		return why_set(view->why, -EINVAL, "%s has no [%s]", s->text,
			       s->key);
	return give(v, out, ret_list);
}

static int look_up_input(struct view *view, const struct segment *s,
			 const struct input *in, struct buf *out,
			 struct value **ret_list)
{
	if (!in->is_present)
		return -ENOENT;
	if (in->value)
		return give_member(view, s, in->value, out, ret_list);
	buf_puts(out, in->path);
	return out->err;
}

/* The task's input of this name, or NULL. */
static const struct input *find_input(const struct view *view, const char *name)
{
	const struct job *job = view->job;
	const struct param *p;

	if (!job || !view->with_inputs)
		return NULL;
	p = param_find(job->task->inputs, job->task->inputs_count, name);
	return p ? &job->input[p - job->task->inputs] : NULL;
}

static int look_up_param(struct view *view, const struct segment *s,
			 struct buf *out, struct value **ret_list)
{
	const struct input *in = find_input(view, s->text);
	const struct value *v;

	if (in)
		return look_up_input(view, s, in, out, ret_list);
	v = value_find(value_find(view->run->record, "parameters"), s->text);
	return v ? give_member(view, s, v, out, ret_list) : -ENOENT;
}

static int look_up_output(struct view *view, const struct segment *s,
			  struct buf *out, struct value **ret_list)
{
	const struct task *t =
		pipeline_find_task(&view->run->pipeline, s->task);
	const struct param *p =
		t ? param_find(t->outputs, t->outputs_count, s->text) : NULL;
	const struct product *product;
	AUTO(value_release) struct value *v = NULL;

	if (!p)
		return why_set(view->why, -EINVAL, "there is no output %s.%s",
			       s->task, s->text);
	product = &view->run->product[t - view->run->pipeline.tasks]
				     [p - t->outputs];
	if (!product->is_there) /* in a step no word may vanish for it */
		return why_set(
			view->why, view->with_inputs ? -ENODATA : -ENOENT,
			"%s did not write its output %s", s->task, s->text);
	if (!product->text)
		return why_set(view->why, -EINVAL,
			       "output %s of %s holds a NUL byte and cannot be "
			       "a value",
			       s->text, s->task);
	v = value_new_string(product->text);
	return v ? give_member(view, s, v, out, ret_list) : -ENOMEM;
}

static int look_up_input_path(struct view *view, const struct segment *s,
			      struct buf *out)
{
	const struct input *in = find_input(view, s->text);

	if (!in || !in->is_present)
		return -ENOENT;
	buf_puts(out, in->path);
	return out->err;
}

static int look_up_context(struct view *view, const struct segment *s,
			   struct buf *out)
{
	const struct run *r = view->run;
	const char *title = r->pipeline.name;

	if (strcmp(s->text, "run.name") == 0)
		buf_puts(out, r->name);
	else if (strcmp(s->text, "run.id") == 0)
		buf_addf(out, "%llu", (unsigned long long)r->ino);
	else if (strcmp(s->text, "pipeline.name") == 0)
		buf_puts(out, title ? title : r->name);
	else if (strcmp(s->text, "task.name") == 0)
		buf_puts(out, view->job ? view->job->task->name : "");
	else if (strcmp(s->text, "attempt") == 0) /* Tekton's retry-count */
		buf_addf(out, "%d", view->job ? view->job->attempt - 1 : 0);
	else if (strcmp(s->text, "namespace") == 0)
		buf_puts(out, "default");
	else
		return why_set(view->why, -EINVAL, "there is no context %s",
			       s->text);
	return out->err;
}

static int look_up(void *arg, const struct segment *s, struct buf *out,
		   struct value **ret_list)
{
	struct view *view = arg;

	switch (s->type) {
	case SEGMENT_TEXT:
		buf_puts(out, s->text);
		return out->err;
	case SEGMENT_PARAM:
		return look_up_param(view, s, out, ret_list);
	case SEGMENT_OUTPUT:
		return look_up_output(view, s, out, ret_list);
	case SEGMENT_INPUT_PATH:
		return look_up_input_path(view, s, out);
	case SEGMENT_OUTPUT_PATH:
		if (!view->job)
			return -EINVAL;
		job_put_path(view->job, "outputs", s->text, out);
		return out->err;
	case SEGMENT_STATUS:
		buf_puts(out, schedule_word(view->schedule, s->task));
		return out->err;
	case SEGMENT_CONTEXT:
		return look_up_context(view, s, out);
	}
	return -EINVAL;
}

static bool is_present(void *arg, const char *input)
{
	const struct input *in = find_input(arg, input);

	return in && in->is_present;
}

struct scope view_scope(struct view *v)
{
	return (struct scope){ look_up, is_present, v };
}

/* ---- when ---- */

/* One element of `values`; a lone reference to a list stands for its items. */
static int holds_value(struct view *v, const struct text *value,
		       const char *wanted, bool *ret_found)
{
	const bool spliced = value->count == 1 && value->segment[0].key &&
			     strcmp(value->segment[0].key, "*") == 0;
	struct arg arg = { .type = spliced ? ARG_SPLICE : ARG_TEXT,
			   .text = *value };
	const struct scope scope = view_scope(v);
	char **word;
	size_t count;
	int err = args_resolve(&arg, 1, &scope, &word, &count);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		if (strcmp(word[i], wanted) == 0)
			*ret_found = true;
	words_free(word, count);
	return 0;
}

static int holds(struct view *v, const struct when *w)
{
	AUTO(buf_release) struct buf input = BUF_INIT(OUTPUT_LIMIT + 4096);
	const struct scope scope = view_scope(v);
	bool found = false;
	int err = text_resolve(&w->input, &scope, &input);

	for (size_t i = 0; !err && i < w->count; i++)
		err = holds_value(v, &w->values[i], input.data, &found);
	if (err)
		return err;
	return found == (w->operator== WHEN_IN);
}

int view_holds(struct view *v, const struct task *t)
{
	int yes = 1;

	for (size_t i = 0; yes == 1 && i < t->when_count; i++)
		yes = holds(v, &t->when[i]);
	if (yes < 0)
		why_set(v->why, yes, "its condition cannot be told: %s",
			strerror(-yes));
	return yes;
}
