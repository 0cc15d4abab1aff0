// SPDX-License-Identifier: Apache-2.0
/*
 * Kubeflow Pipelines v1 component YAML (kfp's ComponentSpec): a container with
 * typed inputs and outputs becomes a pipeline of one task whose parameters are
 * the component's inputs.
 *
 * Version 1's meaning is kept, since that is what such files were written for:
 * an input without a type that is used by value is a string (kfp 2 would make
 * an artifact of it); an input without a type that is used by path is a text
 * in a file; an output without a type is the text of its file, and nothing
 * promises that the program writes it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "data_type.h"
#include "formats.h"
#include "read.h"

/* How the command line uses an input. */
struct use {
	bool value, path, truth;
};

struct component {
	struct pipeline *p;
	struct task *t;
	struct use *use; /* of t->inputs */
	struct buf *why;
};

static void free_uses(struct use **use)
{
	free(*use);
}

static bool accepts(const struct value *doc)
{
	const struct value *how = value_find(doc, "implementation");

	return value_find(how, "container") || value_find(how, "graph");
}

/* ---- the command line ---- */

static int read_arg(struct component *c, const struct value *v,
		    struct arg **array, size_t *count);

static int read_args(struct component *c, const struct value *list,
		     struct arg **array, size_t *count)
{
	int err = 0;

	if (!value_is(list, VALUE_LIST))
		return read_arg(c, list, array, count);
	for (size_t i = 0; i < list->count && !err; i++)
		err = read_arg(c, list->item[i], array, count);
	return err;
}

static int find_input(struct component *c, const struct value *v,
		      struct use **ret_use)
{
	const struct param *in =
		value_is(v, VALUE_STRING)
			? param_find(c->t->inputs, c->t->inputs_count, v->text)
			: NULL;

	if (!in && value_is(v, VALUE_STRING))
		return refuse(c->why, v, -EINVAL,
			      "the component has no input \"%s\"", v->text);
	if (!in)
		return refuse(c->why, v, -EINVAL,
			      "expected the name of an input, found %s",
			      value_type_name(v));
	*ret_use = &c->use[in - c->t->inputs];
	return 0;
}

static int add_reference(struct arg **array, size_t *count,
			 enum segment_type type, const char *name)
{
	struct arg *a = arg_add(array, count);

	return a ? text_refer(&a->text, type, name, NULL, NULL) : -ENOMEM;
}

static int read_input_value(struct component *c, const struct value *v,
			    struct arg **array, size_t *count)
{
	struct use *use;
	int err = find_input(c, v, &use);

	if (err)
		return err;
	use->value = true;
	return add_reference(array, count, SEGMENT_PARAM, v->text);
}

static int read_input_path(struct component *c, const struct value *v,
			   struct arg **array, size_t *count)
{
	struct use *use;
	int err = find_input(c, v, &use);

	if (err)
		return err;
	use->path = true;
	return add_reference(array, count, SEGMENT_INPUT_PATH, v->text);
}

static int need_output(struct component *c, const struct value *at,
		       const char *name)
{
	if (name && param_find(c->t->outputs, c->t->outputs_count, name))
		return 0;
	return refuse(c->why, at, -EINVAL, "the component has no output \"%s\"",
		      name ? name : "");
}

static int read_output_path(struct component *c, const struct value *v,
			    struct arg **array, size_t *count)
{
	int err = need_output(c, v, value_string(v));

	return err ? err
		   : add_reference(array, count, SEGMENT_OUTPUT_PATH, v->text);
}

static int read_concat(struct component *c, const struct value *v,
		       struct arg **array, size_t *count)
{
	struct arg *a;

	if (!value_is(v, VALUE_LIST))
		return refuse(c->why, v, -EINVAL,
			      "concat: expected a list, found %s",
			      value_type_name(v));
	a = arg_add(array, count);
	if (!a)
		return -ENOMEM;
	a->type = ARG_CONCAT;
	return read_args(c, v, &a->then, &a->then_count);
}

struct choice {
	const struct value *input; /* the name of the input that decides */
	bool truth;
	const struct value *then, *other; /* other may be NULL */
};

static int add_choice(struct component *c, const struct choice *choice,
		      struct arg **array, size_t *count)
{
	struct use *use;
	struct arg *a;
	int err = find_input(c, choice->input, &use);

	if (err)
		return err;
	use->truth |= choice->truth;
	a = arg_add(array, count);
	if (!a || set_text(&a->name, choice->input->text))
		return -ENOMEM;
	a->type = ARG_IF;
	a->truth = choice->truth;
	err = read_args(c, choice->then, &a->then, &a->then_count);
	if (!err && choice->other)
		err = read_args(c, choice->other, &a->other, &a->other_count);
	return err;
}

/* A condition that is a constant: *ret_true, else -ENOENT. */
static int constant_condition(const struct value *cond, bool *ret_true)
{
	const char *text = value_string(cond);

	if (value_is(cond, VALUE_BOOL))
		*ret_true = cond->truth;
	else if (text && !strcasecmp(text, "true"))
		*ret_true = true;
	else if (text && !strcasecmp(text, "false"))
		*ret_true = false;
	else
		return -ENOENT;
	return 0;
}

static int read_if(struct component *c, const struct value *v,
		   struct arg **array, size_t *count)
{
	const struct value *cond = value_find(v, "cond");
	struct choice choice = {
		.then = value_find(v, "then"),
		.other = value_find(v, "else"),
	};
	bool yes;

	if (!cond || !choice.then)
		return refuse(c->why, v, -EINVAL, "if: expected cond and then");
	if (!constant_condition(cond, &yes)) {
		const struct value *chosen = yes ? choice.then : choice.other;

		return chosen ? read_args(c, chosen, array, count) : 0;
	}
	choice.input = value_find(cond, "isPresent");
	if (!choice.input) {
		choice.input = value_find(cond, "inputValue");
		choice.truth = true;
	}
	if (!choice.input)
		return refuse(c->why, cond, -EINVAL,
			      "cond: expected true, false, isPresent or "
			      "inputValue");
	return add_choice(c, &choice, array, count);
}

static int read_if_present(struct component *c, const struct value *v,
			   struct arg **array, size_t *count)
{
	const struct choice choice = {
		.input = value_find(v, "inputName"),
		.then = value_find(v, "then"),
		.other = value_find(v, "else"),
	};

	if (!choice.input || !choice.then)
		return refuse(c->why, v, -EINVAL,
			      "ifPresent: expected inputName and then");
	return add_choice(c, &choice, array, count);
}

static const struct {
	const char *key;
	int (*read)(struct component *c, const struct value *v,
		    struct arg **array, size_t *count); /* NULL: not here */
} placeholders[] = {
	{ "inputValue", read_input_value },
	{ "inputPath", read_input_path },
	{ "outputPath", read_output_path },
	{ "concat", read_concat },
	{ "if", read_if },
	{ "ifPresent", read_if_present },
	{ "inputUri", NULL },
	{ "outputUri", NULL },
	{ "inputMetadata", NULL },
	{ "inputOutputPortName", NULL },
	{ "outputMetadata", NULL },
	{ "executorInput", NULL },
};

static int read_placeholder(struct component *c, const struct value *v,
			    struct arg **array, size_t *count)
{
	if (v->count != 1)
		return refuse(c->why, v, -EINVAL,
			      "expected one placeholder, found a map of %zu",
			      v->count);
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++) {
		if (strcmp(v->key[0], placeholders[i].key) != 0)
			continue;
		if (placeholders[i].read)
			return placeholders[i].read(c, v->item[0], array,
						    count);
		return refuse(c->why, v, -EOPNOTSUPP,
			      "the placeholder %s is not supported", v->key[0]);
	}
	return refuse(c->why, v, -EINVAL, "there is no placeholder \"%s\"",
		      v->key[0]);
}

static int read_arg(struct component *c, const struct value *v,
		    struct arg **array, size_t *count)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	struct arg *a;

	if (value_is(v, VALUE_MAP))
		return read_placeholder(c, v, array, count);
	if (value_is(v, VALUE_LIST) || value_is(v, VALUE_NULL))
		return refuse(c->why, v, -EINVAL,
			      "expected a word or a placeholder, found %s",
			      value_type_name(v));
	value_put_scalar(v, &text);
	if (text.err)
		return text.err;
	a = arg_add(array, count);
	return a ? text_set(&a->text, text.data) : -ENOMEM;
}

/* ---- inputs and outputs ---- */

/* "Integer", or {GCSPath: {…}}: a type with properties. */
static int type_name(struct component *c, const struct value *item,
		     const char **ret_name)
{
	const struct value *type = value_find(item, "type");

	*ret_name = NULL;
	if (!type || value_is(type, VALUE_NULL))
		return 0;
	if (value_is(type, VALUE_MAP) && type->count == 1)
		*ret_name = type->key[0];
	else
		*ret_name = value_string(type);
	if (*ret_name)
		return 0;
	return refuse(c->why, type, -EINVAL,
		      "type: expected a name or a map of one, found %s",
		      value_type_name(type));
}

static int set_type(struct param *param, const char *name,
		    const struct use *use)
{
	const char *schema = NULL;

	if (name && !data_type_find(name, &param->type, &schema)) {
		param->type = TYPE_ARTIFACT;
		schema = "system.Artifact";
	}
	/* an artifact by value is the text of it */
	if (use && (!name || param->type == TYPE_ARTIFACT) && !use->path) {
		param->type = TYPE_STRING;
		schema = NULL;
	}
	return set_text(&param->schema, schema);
}

static int add_named(struct component *c, const struct value *item,
		     const char *what, struct param **array, size_t *count)
{
	struct param *param;
	const char *name;
	int err;

	if (!value_is(item, VALUE_MAP))
		return refuse(c->why, item, -EINVAL,
			      "%s: expected a map, found %s", what,
			      value_type_name(item));
	err = need_name(item, "name", what, c->why, &name);
	if (err)
		return err;
	if (param_find(*array, *count, name))
		return refuse(c->why, item, -EINVAL,
			      "%s: the name \"%s\" is there twice", what, name);
	param = param_add(array, count);
	if (!param || set_text(&param->name, name))
		return -ENOMEM;
	return read_text(item, "description", c->why, &param->description);
}

static int add_all_named(struct component *c, const struct value *doc,
			 const char *key, const char *what,
			 struct param **array, size_t *count)
{
	const struct value *list;
	int err = find_typed(doc, key, VALUE_LIST, c->why, &list);

	for (size_t i = 0; !err && list && i < list->count; i++)
		err = add_named(c, list->item[i], what, array, count);
	return err;
}

static int set_fallback(struct component *c, struct param *in,
			const struct value *item)
{
	const struct value *given = value_find(item, "default");
	AUTO(buf_release) struct buf why = WHY_INIT;
	const struct value *optional;
	int err = find_typed(item, "optional", VALUE_BOOL, c->why, &optional);

	if (err)
		return err;
	in->optional = optional && optional->truth;
	if (!given || value_is(given, VALUE_NULL))
		return 0;
	err = param_convert(in, given, &why, &in->fallback);
	if (err == -EINVAL)
		return refuse(c->why, given, err, "default of input %s",
			      why.data);
	return err;
}

/* Types can be told only when it is known how inputs are used. */
static int type_inputs(struct component *c, const struct value *doc)
{
	const struct value *list = value_find(doc, "inputs");
	int err = 0;

	for (size_t i = 0; i < c->t->inputs_count && !err; i++) {
		struct param *in = &c->t->inputs[i];
		const char *name;

		err = type_name(c, list->item[i], &name);
		if (!err)
			err = set_type(in, name, &c->use[i]);
		if (!err)
			err = set_fallback(c, in, list->item[i]);
	}
	return err;
}

static int type_outputs(struct component *c, const struct value *doc)
{
	const struct value *list = value_find(doc, "outputs");
	int err = 0;

	c->t->missing_output_fails = true;
	for (size_t i = 0; i < c->t->outputs_count && !err; i++) {
		const char *name;

		err = type_name(c, list->item[i], &name);
		if (!err)
			err = set_type(&c->t->outputs[i], name, NULL);
		if (!name)
			c->t->missing_output_fails = false;
	}
	return err;
}

/* ---- the container ---- */

static int read_words(struct component *c, const struct value *container,
		      const char *key, struct arg **array, size_t *count)
{
	const struct value *list;
	int err = find_typed(container, key, VALUE_LIST, c->why, &list);

	return err || !list ? err : read_args(c, list, array, count);
}

static int read_env(struct component *c, const struct value *container,
		    struct step *s)
{
	const struct value *map;
	int err = find_typed(container, "env", VALUE_MAP, c->why, &map);

	for (size_t i = 0; map && i < map->count && !err; i++) {
		struct env *e = step_add_env(s);
		struct arg *word = NULL;
		size_t count = 0;

		if (!e || set_text(&e->name, map->key[i]))
			return -ENOMEM;
		err = read_arg(c, map->item[i], &word, &count);
		if (!err && (count != 1 || word->type != ARG_TEXT))
			err = refuse(c->why, map->item[i], -EOPNOTSUPP,
				     "env: %s is not a plain text",
				     map->key[i]);
		if (!err)
			err = text_extend(&e->value, &word->text);
		args_free(word, count);
	}
	return err;
}

/* The words of `sh -c` that copy "$1" to "$2", "$3" to "$4", … */
static int add_copier(struct step *s, const char *image)
{
	static const char copy[] = "while [ $# -gt 1 ]; do cp \"$1\" \"$2\" || "
				   "exit; shift 2; done";
	static const char *const words[] = { "sh", "-c", copy, "sh" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct arg *a = arg_add(&s->command, &s->command_count);

		if (!a || text_set(&a->text, words[i]))
			return -ENOMEM;
	}
	if (text_set(&s->image, image))
		return -ENOMEM;
	return set_text(&s->name, "file-outputs");
}

/* fileOutputs names files in the image that are outputs: one more step of the
 * same image copies them to where outputs belong. */
static int read_file_outputs(struct component *c, const struct value *container,
			     const char *image)
{
	const struct value *map;
	struct step *s = NULL;
	int err = find_typed(container, "fileOutputs", VALUE_MAP, c->why, &map);

	if (err || !map || !map->count)
		return err;
	s = task_add_step(c->t);
	err = s ? add_copier(s, image) : -ENOMEM;
	for (size_t i = 0; i < map->count && !err; i++) {
		const char *path = value_string(map->item[i]);
		struct arg *a;

		err = need_output(c, map->item[i], map->key[i]);
		if (!err && !path)
			err = refuse(c->why, map->item[i], -EINVAL,
				     "fileOutputs: expected a path, found %s",
				     value_type_name(map->item[i]));
		if (err)
			return err;
		a = arg_add(&s->args, &s->args_count);
		if (!a || text_set(&a->text, path))
			return -ENOMEM;
		err = add_reference(&s->args, &s->args_count,
				    SEGMENT_OUTPUT_PATH, map->key[i]);
	}
	return err;
}

static int note_the_rest(struct component *c, const struct value *container)
{
	static const char *const known[] = { "image", "command", "args", "env",
					     "fileOutputs" };
	int err = 0;

	for (size_t i = 0; i < container->count && !err; i++) {
		bool found = false;

		for (size_t j = 0; j < ARRAY_SIZE(known); j++)
			found |= !strcmp(known[j], container->key[i]);
		if (!found)
			err = ignore(c->p, "%s of the container",
				     container->key[i]);
	}
	return err;
}

static int read_container(struct component *c, const struct value *container)
{
	struct step *s;
	const char *image;
	int err =
		need_name(container, "image", "the container", c->why, &image);

	if (err)
		return err;
	s = task_add_step(c->t);
	if (!s || set_text(&s->name, "main") || text_set(&s->image, image))
		return -ENOMEM;
	err = read_words(c, container, "command", &s->command,
			 &s->command_count);
	if (!err)
		err = read_words(c, container, "args", &s->args,
				 &s->args_count);
	if (!err)
		err = read_env(c, container, s);
	if (!err)
		err = read_file_outputs(c, container, image);
	if (!err)
		err = note_the_rest(c, container);
	return err;
}

/* ---- the pipeline of one task ---- */

static int name_task(struct component *c, const char *name)
{
	AUTO(buf_release) struct buf id = BUF_INIT(NAME_LIMIT);

	name_put_id(name, &id);
	if (id.err)
		return id.err;
	if (set_text(&c->t->name, id.len ? id.data : "component") ||
	    set_text(&c->t->title, name))
		return -ENOMEM;
	return set_text(&c->p->name, name);
}

/* Inputs become parameters of the pipeline, bound one to one; the defaults
 * stand with the parameters alone. Outputs become the pipeline's. */
static int expose(struct component *c)
{
	struct task *t = c->t;
	int err = 0;

	for (size_t i = 0; i < t->inputs_count && !err; i++) {
		struct param *in = &t->inputs[i];
		struct binding *b = task_add_binding(t);

		if (!b || set_text(&b->name, in->name))
			return -ENOMEM;
		err = text_refer(&b->value, SEGMENT_PARAM, in->name, NULL,
				 NULL);
		if (!err)
			err = param_copy(in, &c->p->params,
					 &c->p->params_count);
		value_free(in->fallback);
		in->fallback = NULL;
	}
	for (size_t i = 0; i < t->outputs_count && !err; i++) {
		struct output *o = pipeline_add_output(c->p);

		if (!o || set_text(&o->name, t->outputs[i].name))
			return -ENOMEM;
		o->type = t->outputs[i].type;
		err = text_refer(&o->value, SEGMENT_OUTPUT, o->name, t->name,
				 NULL);
	}
	return err;
}

static int read_component(struct component *c, const struct value *doc)
{
	const struct value *how = value_find(doc, "implementation");
	AUTO(free_uses) struct use *use = NULL;
	const struct value *container;
	const char *name;
	int err = need_name(doc, "name", "the component", c->why, &name);

	if (err || name_task(c, name))
		return err ? err : -ENOMEM;
	if (value_find(how, "graph"))
		return refuse(c->why, how, -EOPNOTSUPP,
			      "components that are graphs of others are not "
			      "supported");
	err = read_text(doc, "description", c->why, &c->p->description);
	if (!err)
		err = add_all_named(c, doc, "inputs", "an input", &c->t->inputs,
				    &c->t->inputs_count);
	if (!err)
		err = add_all_named(c, doc, "outputs", "an output",
				    &c->t->outputs, &c->t->outputs_count);
	if (!err)
		err = find_typed(how, "container", VALUE_MAP, c->why,
				 &container);
	if (err)
		return err;
	use = c->use = calloc(c->t->inputs_count + 1, sizeof(*use));
	if (!use)
		return -ENOMEM;
	if (!container)
		return refuse(c->why, how, -EINVAL,
			      "the container says nothing");
	err = read_container(c, container);
	if (!err)
		err = type_inputs(c, doc);
	if (!err)
		err = type_outputs(c, doc);
	return err ? err : expose(c);
}

static int read_docs(const struct value *docs, struct buf *why,
		     struct pipeline *ret_p)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	struct component c = { .p = &p, .why = why };
	int err;

	if (docs->count != 1)
		return refuse(why, docs->item[1], -EINVAL,
			      "a component is one document");
	c.t = pipeline_add_task(&p);
	if (!c.t)
		return -ENOMEM;
	err = read_component(&c, docs->item[0]);
	if (!err)
		err = pipeline_judge(&p, why, NULL);
	if (err)
		return err;
	*ret_p = p;
	p = (struct pipeline){ 0 };
	return 0;
}

const struct pipeline_reader component_reader = {
	.name = "component",
	.accepts = accepts,
	.read = read_docs,
};
