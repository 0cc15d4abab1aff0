// SPDX-License-Identifier: Apache-2.0
/* A task of a Tekton pipeline: what it is given, when it runs, its steps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "read.h"
#include "tekton.h"

#define RETRIES_MOST 1000

static void release_text(struct text *t)
{
	text_release(t);
}

/* ---- steps ---- */

struct step_doc {
	struct tekton *k;
	struct task *t;
	const struct value *doc, *template; /* of a step; of all; or NULL */
	struct step *s;
	struct tekton_scope scope;
};

static int read_word(struct step_doc *d, const struct value *v,
		     struct arg **array, size_t *count)
{
	struct arg *a = arg_add(array, count);
	int err = a ? tekton_scalar(&d->scope, v, "a word", &a->text) : -ENOMEM;

	if (err)
		return err;
	if (tekton_is_list(&a->text)) {
		a->type = ARG_SPLICE;
		return 0;
	}
	for (size_t i = 0; i < a->text.count; i++)
		if (a->text.segment[i].key &&
		    !strcmp(a->text.segment[i].key, "*"))
			return refuse(d->k->why, v, -EINVAL,
				      "a whole list, [*], must stand alone");
	return 0;
}

static const struct value *own_or_template(const struct step_doc *d,
					   const char *key)
{
	const struct value *own = value_find(d->doc, key);

	return own ? own : value_find(d->template, key);
}

static int read_words(struct step_doc *d, const char *key, struct arg **array,
		      size_t *count)
{
	const struct value *list = own_or_template(d, key);
	int err = 0;

	if (!list || value_is(list, VALUE_NULL))
		return 0;
	if (!value_is(list, VALUE_LIST))
		return refuse(d->k->why, list, -EINVAL,
			      "%s: expected a list, found %s", key,
			      value_type_name(list));
	for (size_t i = 0; i < list->count && !err; i++)
		err = read_word(d, list->item[i], array, count);
	return err;
}

/* The downward API: what of it we know is a segment. 1: not known. */
static int read_field(const struct value *from, struct text *t)
{
	static const struct {
		const char *path, *name;
	} known[] = {
		{ "metadata.labels['tekton.dev/pipelineRun']", "run.name" },
		{ "metadata.labels['tekton.dev/pipelineTask']", "task.name" },
		{ "metadata.labels['tekton.dev/pipeline']", "pipeline.name" },
		{ "metadata.namespace", "namespace" },
		{ "metadata.uid", "run.id" },
	};
	const char *path = value_string(value_path(from, "fieldRef.fieldPath"));

	for (size_t i = 0; path && i < ARRAY_SIZE(known); i++)
		if (strcmp(path, known[i].path) == 0)
			return text_refer(t, SEGMENT_CONTEXT, known[i].name,
					  NULL, NULL);
	return 1;
}

static struct env *env_slot(struct step *s, const char *name)
{
	struct env *e;

	for (size_t i = 0; i < s->env_count; i++)
		if (strcmp(s->env[i].name, name) == 0)
			return &s->env[i];
	e = step_add_env(s);
	if (!e)
		return NULL;
	e->name = strdup(name);
	if (e->name)
		return e;
	s->env_count--;
	return NULL;
}

static int read_variable(struct step_doc *d, const struct value *doc)
{
	AUTO(release_text) struct text text = { 0 };
	const struct value *value = value_find(doc, "value");
	const struct value *from = value_find(doc, "valueFrom");
	const char *name;
	struct env *e;
	int err = need_name(doc, "name", "a variable of env", d->k->why, &name);

	if (!err && from)
		err = read_field(from, &text);
	else if (!err && value && !value_is(value, VALUE_NULL))
		err = tekton_scalar(&d->scope, value, name, &text);
	if (err > 0)
		return ignore(d->k->p, "variable %s of task %s: its valueFrom",
			      name, d->t->name);
	e = err ? NULL : env_slot(d->s, name);
	if (!e)
		return err ? err : -ENOMEM;
	text_release(&e->value);
	e->value = text;
	text = (struct text){ 0 };
	return 0;
}

static int read_env(struct step_doc *d, const struct value *from)
{
	const struct value *list;
	int err = find_typed(from, "env", VALUE_LIST, d->k->why, &list);

	for (size_t i = 0; list && i < list->count && !err; i++)
		err = read_variable(d, list->item[i]);
	return err;
}

static int read_script(struct step_doc *d)
{
	struct tekton_scope scope = d->scope;
	const struct value *script;
	int err =
		find_typed(d->doc, "script", VALUE_STRING, d->k->why, &script);

	if (err || !script || !script->text[0])
		return err;
	if (d->s->command_count)
		return refuse(d->k->why, script, -EINVAL,
			      "a step has a script or a command, not both");
	d->s->has_script = true;
	scope.environment = NULL;
	/* Tekton's own preamble, where the script names no interpreter */
	if (strncmp(script->text, "#!", 2) != 0)
		err = text_append(&d->s->script, "#!/bin/sh\nset -e\n", 17);
	return err ? err
		   : tekton_text(&scope, script, script->text, &d->s->script);
}

static int refuse_unknown(struct step_doc *d)
{
	static const char *const missing[] = { "ref", "when", "stdoutConfig",
					       "stderrConfig", "results" };
	static const char *const known[] = {
		"name",	   "image",	  "command",	"args",
		"script",  "env",	  "workingDir", "timeout",
		"onError", "displayName", "results",	NULL
	};
	AUTO(buf_release) struct buf of = BUF_INIT(1024);

	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		const struct value *v = value_find(d->doc, missing[i]);

		if (v && !value_is(v, VALUE_NULL))
			return refuse(d->k->why, v, -EOPNOTSUPP,
				      "%s of a step is not supported",
				      missing[i]);
	}
	buf_addf(&of, "step %s of task %s", d->s->name, d->t->name);
	return tekton_note(d->k, d->doc, known, of.data);
}

static int name_step(struct step_doc *d, size_t index)
{
	char unnamed[32];
	const char *name = value_find_string(d->doc, "name");

	/* as Tekton names its containers */
	snprintf(unnamed, sizeof(unnamed), "unnamed-%zu", index);
	return set_text(&d->s->name, name && *name ? name : unnamed);
}

static int read_on_error(struct step_doc *d)
{
	const char *what = value_find_string(d->doc, "onError");

	d->s->ignore_failure = what && strcmp(what, "continue") == 0;
	if (!what || d->s->ignore_failure || !strcmp(what, "stopAndFail"))
		return 0;
	return refuse(d->k->why, d->doc, -EINVAL,
		      "onError: expected continue or stopAndFail, found %s",
		      what);
}

static int read_step(struct step_doc *d)
{
	const struct value *image = own_or_template(d, "image");
	const struct value *workdir = own_or_template(d, "workingDir");
	int err = refuse_unknown(d);

	if (!err && !image)
		err = refuse(d->k->why, d->doc, -EINVAL,
			     "step %s of task %s has no image", d->s->name,
			     d->t->name);
	if (!err)
		err = tekton_scalar(&d->scope, image, "image", &d->s->image);
	if (!err && workdir)
		err = tekton_scalar(&d->scope, workdir, "workingDir",
				    &d->s->workdir);
	d->scope.environment = d->s;
	d->scope.paths = true;
	if (!err)
		err = read_env(d, d->template);
	if (!err)
		err = read_env(d, d->doc);
	if (!err)
		err = read_words(d, "command", &d->s->command,
				 &d->s->command_count);
	if (!err)
		err = read_words(d, "args", &d->s->args, &d->s->args_count);
	if (!err)
		err = read_script(d);
	if (!err)
		err = read_on_error(d);
	return err ? err
		   : tekton_duration(d->k, d->doc, "timeout",
				     &d->s->timeout_ns);
}

static int read_steps(struct tekton *k, struct task *t,
		      const struct value *spec, bool embedded)
{
	const struct value *list, *template;
	int err = find_typed(spec, "steps", VALUE_LIST, k->why, &list);

	if (!err)
		err = find_typed(spec, "stepTemplate", VALUE_MAP, k->why,
				 &template);
	if (!err && (!list || !list->count))
		err = refuse(k->why, spec, -EINVAL, "task %s has no steps",
			     t->name);
	for (size_t i = 0; !err && i < list->count; i++) {
		struct step_doc d = {
			.k = k,
			.t = t,
			.doc = list->item[i],
			.template = template,
			.s = task_add_step(t),
			.scope = { .k = k, .t = t, .embedded = embedded },
		};

		if (!d.s)
			return -ENOMEM;
		if (!value_is(d.doc, VALUE_MAP))
			return refuse(k->why, d.doc, -EINVAL,
				      "a step: expected a map, found %s",
				      value_type_name(d.doc));
		err = name_step(&d, i);
		if (!err)
			err = read_step(&d);
	}
	return err;
}

/* ---- a Task's spec ---- */

static int read_result(struct tekton *k, struct task *t,
		       const struct value *doc)
{
	const char *type = value_find_string(doc, "type");
	const char *name;
	struct param *out;
	int err = need_name(doc, "name", "a result", k->why, &name);

	if (err)
		return err;
	out = param_add(&t->outputs, &t->outputs_count);
	if (!out || set_text(&out->name, name))
		return -ENOMEM;
	if (type && strcmp(type, "array") == 0)
		out->type = TYPE_LIST;
	else if (type && strcmp(type, "object") == 0)
		out->type = TYPE_STRUCT;
	return read_text(doc, "description", k->why, &out->description);
}

static int note_volumes(struct tekton *k, const struct task *t,
			const struct value *spec)
{
	const struct value *list;
	int err = find_typed(spec, "volumes", VALUE_LIST, k->why, &list);

	for (size_t i = 0; list && i < list->count && !err; i++) {
		const struct value *v = list->item[i];
		const char *name = value_find_string(v, "name");

		if (value_find(v, "emptyDir"))
			err = ignore(k->p,
				     "volume %s of task %s: an emptyDir; the "
				     "task's steps share their files anyway",
				     name ? name : "", t->name);
		else
			err = ignore(k->p, "volume %s of task %s: not mounted",
				     name ? name : "", t->name);
	}
	return err;
}

int tekton_task_spec(struct tekton *k, struct task *t, const struct value *spec,
		     bool embedded)
{
	static const char *const known[] = {
		"params",      "results",  "steps",	  "stepTemplate",
		"volumes",     "metadata", "description", "sidecars",
		"displayName", NULL,
	};
	const struct value *results, *sidecars;
	int err = find_typed(spec, "sidecars", VALUE_LIST, k->why, &sidecars);

	if (!err && sidecars && sidecars->count)
		err = refuse(k->why, sidecars, -EOPNOTSUPP,
			     "sidecars (of task %s) are not supported",
			     t->name);
	if (!err)
		err = tekton_params(k, spec, &t->inputs, &t->inputs_count);
	if (!err)
		err = find_typed(spec, "results", VALUE_LIST, k->why, &results);
	for (size_t i = 0; !err && results && i < results->count; i++)
		err = read_result(k, t, results->item[i]);
	if (!err && !t->description)
		err = read_text(spec, "description", k->why, &t->description);
	if (!err)
		err = read_steps(k, t, spec, embedded);
	if (!err)
		err = note_volumes(k, t, spec);
	return err ? err : tekton_note(k, spec, known, t->name);
}

/* ---- what a task of a pipeline is given ---- */

struct task_doc {
	struct tekton *k;
	struct task *t;
	const struct value *doc;
	const struct value *spec; /* the Task's */
	bool embedded;
	struct tekton_scope scope; /* of the pipeline's texts */
};

/* [$(params.list[*])] is that list; other references in lists are not ours */
static int bind_list(struct task_doc *d, const struct value *v,
		     struct binding *b)
{
	int err = 0;

	for (size_t i = 0; i < v->count && !err; i++) {
		AUTO(release_text) struct text text = { 0 };

		err = tekton_scalar(&d->scope, v->item[i], b->name, &text);
		if (!err && v->count == 1 && tekton_is_list(&text))
			return text_extend(&b->value, &text);
		if (!err && !text_is_plain(&text))
			err = refuse(d->k->why, v->item[i], -EOPNOTSUPP,
				     "%s: a reference inside a list or an "
				     "object is not supported",
				     b->name);
	}
	if (err)
		return err;
	b->constant = value_copy(v);
	return b->constant ? 0 : -ENOMEM;
}

static int bind(struct task_doc *d, const struct value *doc)
{
	const struct value *v = value_find(doc, "value");
	struct binding *b;
	const char *name;
	int err = need_name(doc, "name", "a parameter", d->k->why, &name);

	if (err)
		return err;
	b = task_add_binding(d->t);
	if (!b || set_text(&b->name, name))
		return -ENOMEM;
	if (value_is(v, VALUE_LIST) || value_is(v, VALUE_MAP))
		err = bind_list(d, v, b);
	else
		err = tekton_scalar(&d->scope, v, name, &b->value);
	if (err || param_find(d->t->inputs, d->t->inputs_count, name))
		return err;
	/* given, but not declared: an embedded Task may use it */
	err = -ENOMEM;
	if (param_add(&d->t->inputs, &d->t->inputs_count)) {
		struct param *in = &d->t->inputs[d->t->inputs_count - 1];

		in->type = tekton_type_of(v);
		err = set_text(&in->name, name);
	}
	return err;
}

static int add_when_value(struct task_doc *d, struct when *w,
			  const struct value *v)
{
	struct text *more =
		realloc(w->values, (w->count + 1) * sizeof(*w->values));
	int err;

	if (!more)
		return -ENOMEM;
	w->values = more;
	w->values[w->count++] = (struct text){ 0 };
	err = tekton_scalar(&d->scope, v, "values", &w->values[w->count - 1]);
	if (!err && tekton_is_list(&w->values[w->count - 1]))
		err = refuse(d->k->why, v, -EOPNOTSUPP,
			     "when: a list as values is not supported");
	return err;
}

static int read_when(struct task_doc *d, const struct value *doc)
{
	const char *how = value_find_string(doc, "operator");
	const struct value *values;
	struct when *w;
	int err;

	if (value_find(doc, "cel"))
		return refuse(d->k->why, doc, -EOPNOTSUPP,
			      "when: cel is not supported");
	err = find_typed(doc, "values", VALUE_LIST, d->k->why, &values);
	if (err)
		return err;
	if (!how || (strcmp(how, "in") && strcmp(how, "notin")))
		return refuse(d->k->why, doc, -EINVAL,
			      "when: expected in or notin, found %s",
			      how ? how : "no operator");
	w = task_add_when(d->t);
	if (!w)
		return -ENOMEM;
	*w = (struct when){ .operator= strcmp(how, "in") ? WHEN_NOT_IN
							 : WHEN_IN };
	err = tekton_scalar(&d->scope, value_find(doc, "input"), "input",
			    &w->input);
	for (size_t i = 0; values && i < values->count && !err; i++)
		err = add_when_value(d, w, values->item[i]);
	return err;
}

static int read_list(struct task_doc *d, const char *key,
		     int (*read)(struct task_doc *d, const struct value *v))
{
	const struct value *list;
	int err = find_typed(d->doc, key, VALUE_LIST, d->k->why, &list);

	for (size_t i = 0; list && i < list->count && !err; i++)
		err = read(d, list->item[i]);
	return err;
}

static int read_after(struct task_doc *d, const struct value *v)
{
	if (!value_is(v, VALUE_STRING))
		return refuse(d->k->why, v, -EINVAL,
			      "runAfter: expected the name of a task");
	return names_add(&d->t->after, &d->t->after_count, v->text);
}

static int read_policy(struct task_doc *d)
{
	const struct value *retries;
	const char *on_error = value_find_string(d->doc, "onError");
	int64_t n = 0;
	int err = find_typed(d->doc, "retries", VALUE_INT, d->k->why, &retries);

	if (!err && retries &&
	    (value_int(retries, &n) || n < 0 || n > RETRIES_MOST))
		err = refuse(d->k->why, retries, -EINVAL,
			     "retries: expected a number up to %d",
			     RETRIES_MOST);
	d->t->retries = (int)n;
	d->t->ignore_failure = on_error && !strcmp(on_error, "continue");
	return err ? err
		   : tekton_duration(d->k, d->doc, "timeout",
				     &d->t->timeout_ns);
}

/* ---- which Task it is ---- */

static int find_ref(struct task_doc *d, const struct value *ref)
{
	const char *version = value_find_string(ref, "apiVersion");
	const char *name = value_find_string(ref, "name");
	const char *kind = value_find_string(ref, "kind");

	if (version && strncmp(version, "tekton.dev/", 11) != 0)
		return refuse(d->k->why, ref, -EOPNOTSUPP,
			      "task %s: custom tasks (%s) are not supported",
			      d->t->name, version);
	if (!name || value_find(ref, "resolver") || value_find(ref, "bundle") ||
	    (kind && strcmp(kind, "Task") != 0))
		return refuse(d->k->why, ref, -EOPNOTSUPP,
			      "task %s: only a Task of the same file can be "
			      "referred to",
			      d->t->name);
	for (size_t i = 0; i < d->k->docs->count; i++) {
		const struct value *doc = d->k->docs->item[i];
		const char *is = value_find_string(doc, "kind");
		const char *called =
			value_string(value_path(doc, "metadata.name"));

		if (is && called && !strcmp(is, "Task") &&
		    !strcmp(called, name))
			d->spec = value_find(doc, "spec");
	}
	if (value_is(d->spec, VALUE_MAP))
		return 0;
	return refuse(d->k->why, ref, -EOPNOTSUPP,
		      "task %s: there is no Task %s in this file", d->t->name,
		      name);
}

static int find_spec(struct task_doc *d)
{
	static const char *const missing[] = { "matrix", "pipelineRef",
					       "pipelineSpec" };
	const struct value *spec = value_find(d->doc, "taskSpec");
	const struct value *ref = value_find(d->doc, "taskRef");

	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		if (value_find(d->doc, missing[i]))
			return refuse(d->k->why, d->doc, -EOPNOTSUPP,
				      "task %s: %s is not supported",
				      d->t->name, missing[i]);
	if (!spec && value_is(ref, VALUE_MAP))
		return find_ref(d, ref);
	if (!value_is(spec, VALUE_MAP))
		return refuse(d->k->why, d->doc, -EINVAL,
			      "task %s has neither taskSpec nor taskRef",
			      d->t->name);
	if (value_find(spec, "apiVersion") || value_find(spec, "kind"))
		return refuse(d->k->why, spec, -EOPNOTSUPP,
			      "task %s: custom tasks are not supported",
			      d->t->name);
	d->spec = spec;
	d->embedded = true;
	return 0;
}

static int read_task(struct task_doc *d)
{
	static const char *const known[] = {
		"name",	       "taskSpec",    "taskRef", "params",  "when",
		"runAfter",    "retries",     "timeout", "onError", "matrix",
		"displayName", "description", NULL,
	};
	struct task *t = d->t;
	int err = find_spec(d);

	if (!err)
		err = read_policy(d);
	if (!err)
		err = read_text(d->doc, "displayName", d->k->why, &t->title);
	if (!err)
		err = read_text(d->doc, "description", d->k->why,
				&t->description);
	/* the steps need to know of all inputs, those merely given as well */
	if (!err)
		err = tekton_params(d->k, d->spec, &t->inputs,
				    &t->inputs_count);
	if (!err)
		err = read_list(d, "params", bind);
	if (!err)
		err = read_list(d, "when", read_when);
	if (!err)
		err = read_list(d, "runAfter", read_after);
	if (!err)
		err = tekton_task_spec(d->k, t, d->spec, d->embedded);
	return err ? err : tekton_note(d->k, d->doc, known, t->name);
}

int tekton_task(struct tekton *k, const struct value *doc, bool finally)
{
	struct task_doc d = { .k = k, .doc = doc, .scope = { .k = k } };
	const char *name;
	int err = need_name(doc, "name", "a task", k->why, &name);

	if (err)
		return err;
	d.t = pipeline_add_task(k->p);
	if (!d.t || set_text(&d.t->name, name))
		return -ENOMEM;
	d.t->finally = finally;
	return read_task(&d);
}
