// SPDX-License-Identifier: Apache-2.0
/*
 * Models: MLX's model YAML (mlx.md 2.3), and directories with a Hugging Face
 * card or files of weights. A model has stages (serve, train), each with the
 * platforms that it was tested on.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "kind_rows.h"
#include "spec.h"

/* The stages in the order of their defaults, and the fields that they have. */
static const struct stage {
	const char *name;
	const char *able; /* the field that says that there is this stage */
	const char *image;
} stages[] = {
	{ "serve", "servable", "serving_container_image.container_image_url" },
	{ "train", "trainable",
	  "training_container_image.container_image_url" },
};

bool model_accepts(const struct value *doc)
{
	if (value_find(doc, "apiVersion"))
		return false;
	if (value_find(doc, "model_identifier"))
		return true;
	return value_is(value_find(doc, "framework"), VALUE_MAP) &&
	       (value_is(value_find(doc, "serve"), VALUE_MAP) ||
		value_is(value_find(doc, "train"), VALUE_MAP) ||
		value_find(doc, "name"));
}

/* input_params: [{name, description, default, value}], as the parameters of a
 * component. */
static int read_params(const struct value *from, struct value *to,
		       struct buf *why)
{
	AUTO(value_release) struct value *list = NULL;
	const struct value *params = spec_find(from, "input_params");

	if (!params)
		return 0;
	if (params->type != VALUE_LIST)
		return spec_wrong(params, "input_params", "a list", why);
	list = value_new_list();
	for (size_t i = 0; list && i < params->count; i++) {
		AUTO(value_release) struct value *one = value_new_map();
		const struct value *p = params->item[i];
		const struct value *fallback = spec_find(p, "default");
		int err;

		if (!one)
			return -ENOMEM;
		if (p->type != VALUE_MAP)
			return spec_wrong(p, "input_params", "a list of maps",
					  why);
		err = spec_copy_text(p, "name", SPEC_REQUIRED, one, "name",
				     why);
		if (!err)
			err = value_set_string(one, "type", "String");
		if (!err && fallback)
			err = spec_copy_text(p, "default", SPEC_OPTIONAL, one,
					     "default", why);
		if (!err)
			err = spec_copy_text(p, "description", SPEC_OPTIONAL,
					     one, "description", why);
		if (!err)
			err = value_set_bool(one, "required", !fallback);
		if (!err)
			err = value_add(list, TAKE(one));
		if (err)
			return err;
	}
	return value_set(to, "parameters", TAKE(list));
}

static int read_image(const struct stage *stage, const struct value *from,
		      struct value *to, struct buf *why)
{
	int err = spec_copy_text(from, stage->image, SPEC_OPTIONAL, to, "image",
				 why);

	if (!err)
		err = spec_copy_text(from,
				     "serving_container_image.container_port",
				     SPEC_OPTIONAL, to, "port", why);
	if (!err)
		err = spec_copy_text(from, "execution.command", SPEC_OPTIONAL,
				     to, "command", why);
	return err;
}

static int read_stage(const struct value *doc, const struct stage *stage,
		      struct value *all, struct buf *why)
{
	AUTO(value_release) struct value *to = value_new_map();
	const struct value *from = spec_find(doc, stage->name);
	bool able;
	bool secret;
	int err;

	if (!from)
		return 0;
	if (from->type != VALUE_MAP)
		return spec_wrong(from, stage->name, "a map", why);
	if (!to)
		return -ENOMEM;
	err = spec_get_bool(from, stage->able, false, why, &able);
	if (err || !able)
		return err;
	err = spec_copy_texts(from, "tested_platforms", to, "platforms", why);
	if (!err)
		err = spec_get_bool(from, "credentials_required", false, why,
				    &secret);
	if (!err)
		err = value_set_bool(to, "credentials_required", secret);
	if (!err)
		err = read_image(stage, from, to, why);
	if (!err)
		err = read_params(from, to, why);
	return err ? err : value_set(all, stage->name, TAKE(to));
}

static int read_stages(const struct value *doc, struct value *record,
		       struct buf *why)
{
	AUTO(value_release) struct value *all = value_new_map();
	const struct value *params = NULL;
	int err = all ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < ARRAY_SIZE(stages); i++)
		err = read_stage(doc, &stages[i], all, why);
	if (!err && all->count)
		params = value_find(all->item[0], "parameters");
	if (!err && params)
		err = value_set(record, "parameters", value_copy(params));
	return err ? err : value_set(record, "stages", TAKE(all));
}

/* framework: {name, version, runtimes: {name, version}}. */
static int read_framework(const struct value *doc, struct value *record,
			  struct buf *why)
{
	AUTO(free_text) char *name = NULL;
	const struct value *field = spec_find(doc, "framework");
	int err;

	if (!field)
		return spec_missing(doc, "framework", "a map with 'name'", why);
	if (field->type != VALUE_MAP)
		return spec_wrong(field, "framework", "a map with 'name'", why);
	err = spec_get_text(doc, "framework.name", SPEC_REQUIRED, why, &name);
	return err ? err
		   : spec_copy_map(doc, "framework", record, "framework", why);
}

static int read_license(const struct value *doc, struct value *record,
			struct buf *why)
{
	if (value_is(spec_find(doc, "license"), VALUE_MAP))
		return spec_copy_license(doc, "license.name", SPEC_OPTIONAL,
					 record, why);
	return spec_copy_license(doc, "license", SPEC_OPTIONAL, record, why);
}

static const struct spec_field rest[] = {
	{ "domain", SPEC_OPTIONAL, "domain" },
	{ "version", SPEC_OPTIONAL, "version" },
	{ "author.name", SPEC_OPTIONAL, "author" },
	{ 0 },
};

static int read_rest(const struct value *doc, struct value *record,
		     struct buf *why)
{
	int err = read_license(doc, record, why);

	if (!err)
		err = spec_copy_fields(doc, rest, record, why);
	if (!err)
		err = spec_copy_common(doc, record, why);
	if (!err)
		err = spec_copy_map(doc, "labels", record, "labels", why);
	return err;
}

int model_read_spec(const struct value *docs, struct value *record,
		    struct buf *why)
{
	const struct value *doc;
	int err = spec_copy_head(docs, "a model's description",
				 "model_identifier", record, why, &doc);

	if (!err)
		err = read_framework(doc, record, why);
	if (!err)
		err = read_stages(doc, record, why);
	if (!err)
		err = read_rest(doc, record, why);
	return err ? err : value_set_string(record, "spec_format", "mlx-model");
}

/* A card makes a model of a directory; weights alone a draft of one. */
int model_read_bare(const struct bare *bare, struct value *record)
{
	AUTO(value_release) struct value *framework = NULL;
	const char *library = value_find_string(bare->card, "library_name");
	int err = bare_copy_basics(bare, record);

	if (!err)
		err = bare_copy_card(bare, record);
	if (!err && library) {
		framework = value_new_map();
		err = framework ? value_set_string(framework, "name", library)
				: -ENOMEM;
		if (!err)
			err = value_set(record, "framework", TAKE(framework));
	}
	if (!err && bare->weights)
		err = value_set_int(record, "weights", bare->weights);
	if (err)
		return err;
	return bare->card ? 0 : 1;
}

static const struct stage *stage_named(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(stages); i++)
		if (!strcmp(stages[i].name, name))
			return &stages[i];
	return NULL;
}

/* The stage asked for, or the first that there is. */
static int pick_stage(const struct value *record, const char *asked,
		      struct buf *why, const char **ret_name,
		      const struct value **ret_stage)
{
	const struct value *all = value_find(record, "stages");
	const char *id = record_text(record, "id");

	if (!all || !all->count)
		return why_set(why, -EINVAL,
			       "%s has no stage: its spec neither says "
			       "serve.servable nor train.trainable",
			       id);
	if (asked && !stage_named(asked))
		return why_set(why, -EINVAL,
			       "'%s' is no stage of a model: train or serve",
			       asked);
	*ret_name = asked ? asked : all->key[0];
	*ret_stage = value_find(all, *ret_name);
	if (!*ret_stage)
		return why_set(why, -EINVAL, "%s is not %s", id,
			       stage_named(asked)->able);
	return 0;
}

static int judge_platform(const struct value *record, const struct value *stage,
			  const char *platform, struct buf *why)
{
	AUTO(buf_release) struct buf list = BUF_INIT(4096);
	const struct value *tested = value_find(stage, "platforms");

	for (size_t i = 0; platform && tested && i < tested->count; i++) {
		const char *one = value_string(tested->item[i]);

		if (one && !strcasecmp(one, platform))
			return 0;
		buf_addf(&list, "%s%s", i ? ", " : "", one ? one : "?");
	}
	if (!platform)
		return 0;
	return why_set(why, -EINVAL, "%s is not a tested platform of %s: %s",
		       platform, record_text(record, "id"),
		       list.len ? list.data : "none is");
}

static int fill_step(struct task *t, const struct value *stage,
		     const char *image)
{
	struct step *s = task_add_step(t);
	const char *command = value_find_string(stage, "command");
	int err;

	if (!s)
		return -ENOMEM;
	err = text_copy("main", &s->name);
	if (!err)
		err = text_set(&s->image, image);
	if (!err && command) {
		s->has_script = true;
		err = text_set(&s->script, command);
	}
	return err;
}

int model_get_pipeline(const struct value *record, const struct value *docs,
		       const char *stage, const char *platform, struct buf *why,
		       struct pipeline *ret_p)
{
	const struct value *fields = NULL;
	const char *name = stages[0].name;
	const char *image;
	struct task *t;
	int err = pick_stage(record, stage, why, &name, &fields);

	(void)docs;
	if (!err)
		err = judge_platform(record, fields, platform, why);
	if (err)
		return err;
	image = value_find_string(fields, "image");
	if (!image)
		return why_set(why, -EINVAL,
			       "%s: the spec says no image for stage %s: "
			       "%s.%s",
			       record_text(record, "id"), name, name,
			       stage_named(name)->image);
	t = pipeline_add_task(ret_p);
	if (!t)
		return -ENOMEM;
	t->type = TASK_STEPS;
	err = text_copy(name, &t->name);
	if (!err)
		err = text_copy(record_text(record, "id"), &ret_p->name);
	if (!err)
		err = text_copy(record_text(record, "description"),
				&ret_p->description);
	if (!err)
		err = task_set_params(ret_p, t,
				      value_find(fields, "parameters"));
	return err ? err : fill_step(t, fields, image);
}
