// SPDX-License-Identifier: Apache-2.0
/* A task's inputs: what their bindings come to, and the files that hold it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "view.h"

/* Is the input bound to nothing but another task's artifact? Then it goes by
 * path, not by value. */
static const struct segment *artifact_of(const struct run *r,
					 const struct binding *b)
{
	const struct segment *s;
	const struct task *t;
	const struct param *p;

	if (!b || b->constant || b->value.count != 1)
		return NULL;
	s = &b->value.segment[0];
	if (s->type != SEGMENT_OUTPUT || s->key)
		return NULL;
	t = pipeline_find_task(&r->pipeline, s->task);
	p = t ? param_find(t->outputs, t->outputs_count, s->text) : NULL;
	return p && p->type == TYPE_ARTIFACT ? s : NULL;
}

/* The value of a binding; -ENOENT: absent. A lone reference keeps a list. */
static int bind(struct view *v, const struct binding *b,
		struct value **ret_value)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *list = NULL;
	const struct scope scope = view_scope(v);
	int err;

	if (b->constant) {
		*ret_value = value_copy(b->constant);
		return *ret_value ? 0 : -ENOMEM;
	}
	if (b->value.count == 1)
		err = scope.look_up(scope.arg, &b->value.segment[0], &text,
				    &list);
	else
		err = text_resolve(&b->value, &scope, &text);
	if (err)
		return err;
	*ret_value = list ? TAKE(list) : value_new_string(text.data);
	return *ret_value ? 0 : -ENOMEM;
}

static int set_artifact(struct job *job, struct view *v,
			const struct segment *s, struct input *in)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	const struct scope scope = view_scope(v);
	int err = scope.look_up(scope.arg, s, &path, NULL);

	(void)job;
	if (err)
		return err;
	in->path = buf_take(&path);
	in->is_present = true;
	return in->path ? 0 : -ENOMEM;
}

static int set_value(struct job *job, struct view *v, const struct param *p,
		     const struct binding *b, struct input *in)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	int err = b ? bind(v, b, &in->value) : -ENOENT;

	if (err == -ENOENT && p->fallback) {
		buf_clear(v->why);
		in->value = value_copy(p->fallback);
		err = in->value ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	job_put_path(job, "inputs", p->name, &path);
	in->path = buf_take(&path);
	in->is_present = true;
	return in->path ? 0 : -ENOMEM;
}

/* inputs/NAME: for the steps, and for those who want to know later. */
static int put_file(struct job *job, const struct param *p,
		    const struct input *in)
{
	AUTO(buf_release) struct buf name = BUF_INIT(1024);
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const struct run *r = job->run;

	put_component(p->name, &name);
	if (!in->value)
		return name.err ? name.err
				: file_link(r->st, job->inputs_ino, name.data,
					    in->path, &r->owner);
	put_value(in->value, &text);
	if (name.err || text.err)
		return name.err ? name.err : text.err;
	return file_put(r->st, job->inputs_ino, name.data, 0644, &r->owner,
			text.data, text.len);
}

static int set_input(struct job *job, const struct param *p, struct input *in)
{
	struct view v = { job->run, job->schedule, job, false, &job->message };
	const struct binding *b = task_find_binding(job->task, p->name);
	const struct segment *artifact = artifact_of(job->run, b);
	int err = artifact ? set_artifact(job, &v, artifact, in)
			   : set_value(job, &v, p, b, in);

	if (err == -ENOENT && p->optional) {
		buf_clear(&job->message);
		return 0;
	}
	if (!err)
		err = put_file(job, p, in);
	return err ? why_set(&job->message, err, "input %s has no value (%s)",
			     p->name, strerror(-err))
		   : 0;
}

int job_set_inputs(struct job *job)
{
	const struct task *t = job->task;
	int err = 0;

	job->input = calloc(t->inputs_count + 1, sizeof(*job->input));
	if (!job->input)
		return -ENOMEM;
	for (size_t i = 0; !err && i < t->inputs_count; i++)
		err = set_input(job, &t->inputs[i], &job->input[i]);
	return err;
}
