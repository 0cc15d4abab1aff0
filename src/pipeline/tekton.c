// SPDX-License-Identifier: Apache-2.0
/*
 * Tekton's PipelineRun, Pipeline and Task (tekton.dev/v1, and v1beta1 with its
 * older names), and what kfp-tekton adds to them: the annotation
 * pipelines.kubeflow.org/pipeline_spec has the description, and the types of
 * parameters that Tekton knows as strings only.
 *
 * Read is what can be modelled. What is left out and changes nothing that the
 * steps compute (places, resources, accounts) is noted in `ignored`; what
 * would change it (matrix, custom tasks, sidecars, workspaces that a step
 * refers to) is refused.
 */
#include "tekton.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"
#include "data_type.h"
#include "ext/json.h"
#include "formats.h"
#include "read.h"
#include "walk.h"

#define ANNOTATION "pipelines.kubeflow.org/pipeline_spec"

static bool is_kind(const struct value *doc, const char *kind)
{
	const char *version = value_find_string(doc, "apiVersion");
	const char *is = value_find_string(doc, "kind");

	return version && is && strncmp(version, "tekton.dev/", 11) == 0 &&
	       strcmp(is, kind) == 0;
}

static bool accepts(const struct value *doc)
{
	const char *version = value_find_string(doc, "apiVersion");

	return version && strncmp(version, "tekton.dev/", 11) == 0;
}

/* ---- notes ---- */

static bool is_empty(const struct value *v)
{
	if (v->type == VALUE_LIST || v->type == VALUE_MAP)
		return !v->count;
	return v->type == VALUE_NULL ||
	       (v->type == VALUE_STRING && !v->text[0]);
}

int tekton_note(struct tekton *k, const struct value *map,
		const char *const *known, const char *of)
{
	int err = 0;

	for (size_t i = 0; map && i < map->count && !err; i++) {
		const char *const *name = known;

		while (*name && strcmp(*name, map->key[i]) != 0)
			name++;
		if (!*name && !is_empty(map->item[i]))
			err = ignore(k->p, "%s of %s", map->key[i], of);
	}
	return err;
}

/* ---- durations ---- */

static bool find_unit(const char *s, double *ret_ns, size_t *ret_len)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "ns", 1 },  { "us", 1e3 }, { "µs", 1e3 },   { "ms", 1e6 },
		{ "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(s, units[i].name, len) != 0)
			continue;
		*ret_ns = units[i].ns;
		*ret_len = len;
		return true;
	}
	return false;
}

static bool parse_duration(const char *s, int64_t *ret_ns)
{
	double sum = 0, unit;
	size_t len;

	if (strcmp(s, "0") == 0) {
		*ret_ns = 0;
		return true;
	}
	while (*s) {
		char *end;
		double n;

		/* no sign, no exponent, no infinity */
		if (!isdigit((unsigned char)*s))
			return false;
		len = strspn(s, "0123456789.");
		n = strtod(s, &end);
		if (end != s + len || !find_unit(end, &unit, &len))
			return false;
		sum += n * unit;
		s = end + len;
	}
	if (sum > 9e18)
		return false;
	*ret_ns = (int64_t)sum;
	return true;
}

int tekton_duration(struct tekton *k, const struct value *map, const char *key,
		    int64_t *ret_ns)
{
	const struct value *v = value_find(map, key);
	const char *text = value_string(v);

	if (!v || value_is(v, VALUE_NULL))
		return 0;
	if (value_is(v, VALUE_INT))
		text = v->text;
	if (text && *text && parse_duration(text, ret_ns))
		return 0;
	return refuse(k->why, v, -EINVAL,
		      "%s: expected a duration such as 1h30m, found \"%.60s\"",
		      key, text ? text : value_type_name(v));
}

/* ---- parameters ---- */

enum data_type tekton_type_of(const struct value *v)
{
	if (value_is(v, VALUE_LIST))
		return TYPE_LIST;
	return value_is(v, VALUE_MAP) ? TYPE_STRUCT : TYPE_STRING;
}

int tekton_fallback(struct tekton *k, struct param *param,
		    const struct value *v)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *fallback = NULL;
	int err;

	if (!v || value_is(v, VALUE_NULL))
		return 0;
	err = param_convert(param, v, &why, &fallback);
	if (err == -EINVAL)
		return refuse(k->why, v, err, "parameter %s", why.data);
	if (err)
		return err;
	value_free(param->fallback);
	param->fallback = TAKE(fallback);
	return 0;
}

static int read_param(struct tekton *k, const struct value *doc,
		      struct param **array, size_t *count)
{
	const char *type = value_find_string(doc, "type");
	const struct value *fallback = value_find(doc, "default");
	struct param *param;
	const char *name;
	int err = need_name(doc, "name", "a parameter", k->why, &name);

	/* a second reading of the same declarations adds nothing */
	if (err || param_find(*array, *count, name))
		return err;
	param = param_add(array, count);
	if (!param || set_text(&param->name, name))
		return -ENOMEM;
	param->type = tekton_type_of(fallback);
	if (type && strcmp(type, "array") == 0)
		param->type = TYPE_LIST;
	else if (type && strcmp(type, "object") == 0)
		param->type = TYPE_STRUCT;
	err = read_text(doc, "description", k->why, &param->description);
	return err ? err : tekton_fallback(k, param, fallback);
}

int tekton_params(struct tekton *k, const struct value *spec,
		  struct param **array, size_t *count)
{
	const struct value *list;
	int err = find_typed(spec, "params", VALUE_LIST, k->why, &list);

	for (size_t i = 0; list && i < list->count && !err; i++)
		err = read_param(k, list->item[i], array, count);
	return err;
}

static struct param *find_param(struct pipeline *p, const char *name)
{
	return (struct param *)param_find(p->params, p->params_count, name);
}

/* A run's values are the defaults of what we make of it. One that the pipeline
 * does not declare is still there for embedded tasks. */
static int read_run_param(struct tekton *k, const struct value *doc)
{
	const struct value *v = value_find(doc, "value");
	struct param *param;
	const char *name;
	int err = need_name(doc, "name", "a parameter", k->why, &name);

	if (err)
		return err;
	param = find_param(k->p, name);
	if (!param) {
		param = param_add(&k->p->params, &k->p->params_count);
		if (!param || set_text(&param->name, name))
			return -ENOMEM;
		param->type = tekton_type_of(v);
	}
	return tekton_fallback(k, param, v);
}

static int read_run_params(struct tekton *k, const struct value *spec)
{
	const struct value *list;
	int err = find_typed(spec, "params", VALUE_LIST, k->why, &list);

	for (size_t i = 0; list && i < list->count && !err; i++)
		err = read_run_param(k, list->item[i]);
	return err;
}

/* ---- what kfp-tekton noted ---- */

/* A type from the annotation holds when the default fits it. */
static int retype(struct param *param, const struct value *doc)
{
	AUTO(value_release) struct value *fallback = NULL;
	const char *name = value_find_string(doc, "type");
	struct param as = { .name = param->name };
	int err = 0;

	if (!name || !data_type_find(name, &as.type, NULL) ||
	    as.type == TYPE_ARTIFACT || param->type != TYPE_STRING)
		return 0;
	if (param->fallback)
		err = param_convert(&as, param->fallback, NULL, &fallback);
	if (err)
		return err == -EINVAL ? 0 : err;
	value_free(param->fallback);
	param->fallback = TAKE(fallback);
	param->type = as.type;
	return 0;
}

static int read_noted_input(struct tekton *k, const struct value *doc)
{
	const char *name = value_find_string(doc, "name");
	const struct value *optional = value_find(doc, "optional");
	struct param *param = name ? find_param(k->p, name) : NULL;
	int err;

	if (!param)
		return 0;
	if (value_is(optional, VALUE_BOOL))
		param->optional = optional->truth;
	err = retype(param, doc);
	if (err || param->description)
		return err;
	return set_text(&param->description,
			value_find_string(doc, "description"));
}

static int read_note_of_kfp(struct tekton *k, const struct value *run)
{
	const struct value *annotations =
		value_path(run, "metadata.annotations");
	const char *text = value_find_string(annotations, ANNOTATION);
	AUTO(value_release) struct value *note = NULL;
	const struct value *inputs;
	const char *description;
	int err;

	if (!text)
		return 0;
	err = json_read(text, strlen(text), BUF_MAX, NULL, &note);
	if (err)
		return err == -ENOMEM ? err
				      : ignore(k->p, "annotation " ANNOTATION
						     ": it is no JSON");
	description = value_find_string(note, "description");
	if (description)
		err = set_text(&k->p->description, description);
	inputs = value_find(note, "inputs");
	for (size_t i = 0;
	     value_is(inputs, VALUE_LIST) && i < inputs->count && !err; i++)
		err = read_noted_input(k, inputs->item[i]);
	return err;
}

/* ---- the pipeline ---- */

static int read_tasks(struct tekton *k, const struct value *spec,
		      const char *key)
{
	const struct value *list;
	int err = find_typed(spec, key, VALUE_LIST, k->why, &list);

	for (size_t i = 0; list && i < list->count && !err; i++)
		err = tekton_task(k, list->item[i], !strcmp(key, "finally"));
	return err;
}

static int read_output(struct tekton *k, const struct value *doc)
{
	const struct tekton_scope scope = { .k = k };
	const char *type = value_find_string(doc, "type");
	const struct value *v = value_find(doc, "value");
	struct output *o;
	const char *name;
	int err = need_name(doc, "name", "a result", k->why, &name);

	if (err)
		return err;
	if (value_is(v, VALUE_LIST) || value_is(v, VALUE_MAP))
		return refuse(k->why, v, -EOPNOTSUPP,
			      "result %s: a value of several parts is not "
			      "supported",
			      name);
	o = pipeline_add_output(k->p);
	if (!o || set_text(&o->name, name))
		return -ENOMEM;
	if (type && strcmp(type, "array") == 0)
		o->type = TYPE_LIST;
	else if (type && strcmp(type, "object") == 0)
		o->type = TYPE_STRUCT;
	return tekton_scalar(&scope, v, name, &o->value);
}

/* "a.b" of $(tasks.t.results.a.b) may be the name of a result or a member of
 * the result a: told apart once all tasks are known. */
static int settle(void *arg, const struct segment *s, enum text_role role)
{
	const struct pipeline *p = arg;
	struct segment *own = (struct segment *)s; /* it is of our pipeline */
	const struct task *t = s->type == SEGMENT_OUTPUT
				       ? pipeline_find_task(p, s->task)
				       : NULL;
	char *dot = t && !s->key ? strrchr(s->text, '.') : NULL;

	(void)role;
	if (!dot || param_find(t->outputs, t->outputs_count, s->text))
		return 0;
	*dot = 0;
	if (!param_find(t->outputs, t->outputs_count, s->text)) {
		*dot = '.';
		return 0;
	}
	return set_text(&own->key, dot + 1);
}

static int settle_all(struct pipeline *p)
{
	int err = 0;

	for (size_t i = 0; i < p->tasks_count && !err; i++)
		err = task_walk(&p->tasks[i], settle, p);
	for (size_t i = 0; i < p->outputs_count && !err; i++)
		err = text_walk(&p->outputs[i].value, settle, p, ROLE_BINDING);
	return err;
}

static int read_pipeline(struct tekton *k, const struct value *spec)
{
	static const char *const known[] = { "params",	    "tasks",
					     "finally",	    "results",
					     "description", "displayName",
					     NULL };
	const struct value *results;
	int err = read_text(spec, "description", k->why, &k->p->description);

	if (!err)
		err = read_tasks(k, spec, "tasks");
	if (!err)
		err = read_tasks(k, spec, "finally");
	if (!err)
		err = find_typed(spec, "results", VALUE_LIST, k->why, &results);
	for (size_t i = 0; !err && results && i < results->count; i++)
		err = read_output(k, results->item[i]);
	if (!err)
		err = settle_all(k->p);
	return err ? err : tekton_note(k, spec, known, "the pipeline");
}

static int find_pipeline(struct tekton *k, const struct value *run,
			 const struct value **ret_spec)
{
	const struct value *spec = value_path(run, "spec.pipelineSpec");
	const char *name =
		value_string(value_path(run, "spec.pipelineRef.name"));

	for (size_t i = 0; !spec && name && i < k->docs->count; i++) {
		const struct value *doc = k->docs->item[i];
		const char *called =
			value_string(value_path(doc, "metadata.name"));

		if (is_kind(doc, "Pipeline") && called && !strcmp(called, name))
			spec = value_find(doc, "spec");
	}
	if (!spec && value_path(run, "spec.pipelineRef"))
		return refuse(k->why, run, -EOPNOTSUPP,
			      "the Pipeline %s is not in this file, and "
			      "Pipelines elsewhere are not supported",
			      name ? name : "");
	if (!value_is(spec, VALUE_MAP))
		return refuse(k->why, run, -EINVAL,
			      "the PipelineRun has no pipelineSpec");
	*ret_spec = spec;
	return 0;
}

static int read_run(struct tekton *k, const struct value *run)
{
	static const char *const known[] = { "params",	    "pipelineSpec",
					     "pipelineRef", "timeout",
					     "timeouts",    NULL };
	static const char *const known_timeouts[] = { "pipeline", NULL };
	const struct value *own = value_find(run, "spec");
	const struct value *timeouts = value_find(own, "timeouts");
	const struct value *spec = NULL;
	int err = find_pipeline(k, run, &spec);

	if (!err)
		err = tekton_params(k, spec, &k->p->params,
				    &k->p->params_count);
	if (!err)
		err = read_run_params(k, own);
	if (!err)
		err = tekton_duration(k, own, "timeout", &k->p->timeout_ns);
	if (!err)
		err = tekton_duration(k, timeouts, "pipeline",
				      &k->p->timeout_ns);
	if (!err)
		err = read_pipeline(k, spec);
	if (!err)
		err = tekton_note(k, own, known, "the run");
	return err ? err
		   : tekton_note(k, timeouts, known_timeouts,
				 "the run's timeouts");
}

static int read_bare_pipeline(struct tekton *k, const struct value *doc)
{
	const struct value *spec = value_find(doc, "spec");
	int err;

	if (!value_is(spec, VALUE_MAP))
		return refuse(k->why, doc, -EINVAL, "the Pipeline has no spec");
	err = tekton_params(k, spec, &k->p->params, &k->p->params_count);
	return err ? err : read_pipeline(k, spec);
}

/* ---- one Task as a pipeline ---- */

static int expose_task(struct pipeline *p, struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->inputs_count && !err; i++) {
		struct binding *b = task_add_binding(t);

		if (!b || set_text(&b->name, t->inputs[i].name))
			return -ENOMEM;
		err = text_refer(&b->value, SEGMENT_PARAM, b->name, NULL, NULL);
		if (!err)
			err = param_copy(&t->inputs[i], &p->params,
					 &p->params_count);
	}
	for (size_t i = 0; i < t->outputs_count && !err; i++) {
		struct output *o = pipeline_add_output(p);

		if (!o || set_text(&o->name, t->outputs[i].name))
			return -ENOMEM;
		o->type = t->outputs[i].type;
		err = text_refer(&o->value, SEGMENT_OUTPUT, o->name, t->name,
				 NULL);
	}
	return err;
}

static int read_bare_task(struct tekton *k, const struct value *doc)
{
	const struct value *spec = value_find(doc, "spec");
	struct task *t;
	int err;

	if (!value_is(spec, VALUE_MAP))
		return refuse(k->why, doc, -EINVAL, "the Task has no spec");
	t = pipeline_add_task(k->p);
	if (!t || set_text(&t->name, k->p->name ? k->p->name : "task"))
		return -ENOMEM;
	err = tekton_task_spec(k, t, spec, false);
	if (!err)
		err = set_text(&k->p->description, t->description);
	return err ? err : expose_task(k->p, t);
}

/* ---- the file ---- */

static const struct {
	const char *kind;
	int (*read)(struct tekton *k, const struct value *doc);
} roots[] = {
	/* what is looked for first: a run uses pipelines, they use tasks */
	{ "PipelineRun", read_run },
	{ "Pipeline", read_bare_pipeline },
	{ "Task", read_bare_task },
};

static int find_root(struct tekton *k, size_t *ret_root,
		     const struct value **ret_doc)
{
	for (size_t r = 0; r < ARRAY_SIZE(roots); r++) {
		const struct value *found = NULL;

		for (size_t i = 0; i < k->docs->count; i++) {
			const struct value *doc = k->docs->item[i];

			if (!is_kind(doc, roots[r].kind))
				continue;
			if (found)
				return refuse(k->why, doc, -EINVAL,
					      "a second %s; one is expected",
					      roots[r].kind);
			found = doc;
		}
		*ret_root = r;
		*ret_doc = found;
		if (found)
			return 0;
	}
	return refuse(k->why, k->docs->item[0], -EOPNOTSUPP,
		      "expected a PipelineRun, a Pipeline or a Task, found %s",
		      value_find_string(k->docs->item[0], "kind")
			      ? value_find_string(k->docs->item[0], "kind")
			      : "no kind");
}

static int read_name(struct tekton *k, const struct value *doc)
{
	const char *version = value_find_string(doc, "apiVersion") + 11;
	const struct value *metadata = value_find(doc, "metadata");
	int err;

	if (strcmp(version, "v1") != 0 && strcmp(version, "v1beta1") != 0)
		return refuse(k->why, doc, -EOPNOTSUPP,
			      "tekton.dev/%s is not supported: expected v1 or "
			      "v1beta1",
			      version);
	err = read_text(metadata, "name", k->why, &k->p->name);
	if (err || k->p->name)
		return err;
	err = read_text(metadata, "generateName", k->why, &k->p->name);
	for (size_t len = k->p->name ? strlen(k->p->name) : 0;
	     len && k->p->name[len - 1] == '-'; len--)
		k->p->name[len - 1] = 0;
	return err || k->p->name ? err : set_text(&k->p->name, "pipeline");
}

static int read_docs(const struct value *docs, struct buf *why,
		     struct pipeline *ret_p)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	struct tekton k = { .docs = docs, .p = &p, .why = why };
	const struct value *doc = NULL;
	size_t root = 0;
	int err = find_root(&k, &root, &doc);

	if (!err)
		err = read_name(&k, doc);
	if (!err)
		err = roots[root].read(&k, doc);
	if (!err)
		err = read_note_of_kfp(&k, doc);
	if (!err)
		err = pipeline_judge(&p, why, NULL);
	if (err)
		return err;
	*ret_p = p;
	p = (struct pipeline){ 0 };
	return 0;
}

const struct pipeline_reader tekton_reader = {
	.name = "tekton",
	.accepts = accepts,
	.read = read_docs,
};
