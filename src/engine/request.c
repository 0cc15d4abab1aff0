// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/yaml.h"

static const struct yaml_limits limits = { REQUEST_LIMIT, 32, 5000 };

static const char known_keys[] =
	"name, engine, stage, platform, parameters, datasets";

void request_release(struct request *r)
{
	value_free(r->doc);
	value_free(r->parameters);
	value_free(r->datasets);
	*r = (struct request){ 0 };
}

static int read_text(const struct value *v, const char *key, struct buf *why,
		     const char **ret_text)
{
	const char *text = value_string(v);

	if (!text || !*text)
		return why_set(why, -EINVAL,
			       "line %d: %s: expected a text, found %s",
			       v->line, key,
			       text ? "an empty one" : value_type_name(v));
	*ret_text = text;
	return 0;
}

/* The run's directory: one name, which no tool takes for its scratch. */
static int judge_name(const struct value *v, struct buf *why)
{
	const char *name = v->text;
	size_t len = strlen(name);

	if (len > NAME_LIMIT)
		return why_set(why, -EINVAL,
			       "line %d: name: %zu bytes are more than %d",
			       v->line, len, NAME_LIMIT);
	for (const char *c = name; *c; c++)
		if (*c == '/' || (unsigned char)*c < ' ' || *c == 127)
			return why_set(why, -EINVAL,
				       "line %d: name: \"/\" and control "
				       "characters cannot be part of it",
				       v->line);
	if (!name_is_utf8(name, len) || name[0] == '.' ||
	    name_is_scratch(name) || strcmp(name, "_mlx") == 0)
		return why_set(why, -EINVAL,
			       "line %d: name: \"%s\" cannot be the name of a "
			       "run's directory",
			       v->line, name);
	return 0;
}

static int read_map(const struct value *v, const char *key, struct buf *why)
{
	if (value_is(v, VALUE_MAP))
		return 0;
	return why_set(why, -EINVAL,
		       "line %d: %s: expected a map (NAME: VALUE), found %s",
		       v->line, key, value_type_name(v));
}

static int read_key(struct request *r, const char *key, const struct value *v,
		    struct buf *why)
{
	int err;

	if (value_is(v, VALUE_NULL))
		return 0;
	if (strcmp(key, "name") == 0) {
		err = read_text(v, key, why, &r->name);
		return err ? err : judge_name(v, why);
	}
	if (strcmp(key, "engine") == 0)
		return read_text(v, key, why, &r->engine_name);
	if (strcmp(key, "stage") == 0)
		return read_text(v, key, why, &r->stage);
	if (strcmp(key, "platform") == 0)
		return read_text(v, key, why, &r->platform);
	return read_map(v, key, why);
}

static bool is_known(const char *key)
{
	static const char *const keys[] = {
		"name", "engine", "stage", "platform", "parameters", "datasets"
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static int read_keys(struct request *r, struct buf *why)
{
	const struct value *doc = r->doc;
	int err = 0;

	if (!value_is(doc, VALUE_MAP))
		return why_set(why, -EINVAL,
			       "line %d: expected a map of %s; found %s",
			       doc->line, known_keys, value_type_name(doc));
	for (size_t i = 0; !err && i < doc->count; i++) {
		if (!is_known(doc->key[i]))
			return why_set(why, -EINVAL,
				       "line %d: unknown key \"%s\"; there are "
				       "%s",
				       doc->item[i]->line, doc->key[i],
				       known_keys);
		err = read_key(r, doc->key[i], doc->item[i], why);
	}
	return err;
}

int request_read(const char *text, size_t len, struct buf *why,
		 struct request *ret_request)
{
	AUTO(request_release) struct request r = { 0 };
	int err = yaml_read(text, len, &limits, why, &r.doc);

	if (!err && value_is(r.doc, VALUE_NULL)) {
		value_free(r.doc);
		r.doc = NULL;
	}
	if (!err && r.doc)
		err = read_keys(&r, why);
	if (err)
		return err;
	*ret_request = r;
	r = (struct request){ 0 };
	return 0;
}

/* ---- parameters ---- */

static int unknown_parameter(const struct pipeline *p, const char *name,
			     int line, struct buf *why)
{
	AUTO(buf_release) struct buf known = BUF_INIT(2048);

	for (size_t i = 0; i < p->params_count; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", p->params[i].name);
	return why_set(why, -EINVAL,
		       "line %d: there is no parameter \"%s\"; %s%s", line,
		       name, known.len ? "there are " : "there are none",
		       known.data);
}

static int set_parameter(struct request *r, const struct param *p,
			 const struct value *v, struct buf *why)
{
	AUTO(buf_release) struct buf reason = WHY_INIT;
	struct value *value;
	int err = param_convert(p, v, &reason, &value);

	if (err)
		return why_set(why, err, "line %d: %s", v->line, reason.data);
	return value_set(r->parameters, p->name, value);
}

static int set_parameters(struct request *r, const struct pipeline *p,
			  const struct value *given, struct buf *missing,
			  struct buf *why)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->params_count; i++) {
		const struct param *param = &p->params[i];
		const struct value *v = value_find(given, param->name);

		if (v && !value_is(v, VALUE_NULL))
			err = set_parameter(r, param, v, why);
		else if (param->fallback)
			err = value_set(r->parameters, param->name,
					value_copy(param->fallback));
		else if (!param->optional)
			buf_addf(missing, "%s%s", missing->len ? ", " : "",
				 param->name);
	}
	return err;
}

int request_set_parameters(struct request *r, const struct pipeline *p,
			   struct buf *why)
{
	AUTO(buf_release) struct buf missing = BUF_INIT(2048);
	const struct value *given = value_find(r->doc, "parameters");
	int err;

	r->parameters = value_new_map();
	if (!r->parameters)
		return -ENOMEM;
	for (size_t i = 0; value_is(given, VALUE_MAP) && i < given->count; i++)
		if (!param_find(p->params, p->params_count, given->key[i]))
			return unknown_parameter(p, given->key[i],
						 given->item[i]->line, why);
	err = set_parameters(r, p, given, &missing, why);
	if (err)
		return err;
	if (missing.len)
		return why_set(why, -EINVAL,
			       "a value is needed for the parameters: %s",
			       missing.data);
	return 0;
}

/* ---- datasets ---- */

static bool is_environment_name(const char *name)
{
	if (!*name || (*name >= '0' && *name <= '9'))
		return false;
	for (const char *c = name; *c; c++)
		if (!(*c == '_' || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
			return false;
	return true;
}

static int set_dataset(struct request *r, struct catalog *c, const char *name,
		       const struct value *v, struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	const char *reference = value_string(v);
	uint64_t asset;
	int err;

	if (!is_environment_name(name))
		return why_set(why, -EINVAL,
			       "line %d: datasets: \"%s\" cannot be the name "
			       "of an environment variable",
			       v->line, name);
	if (!reference || catalog_find_reference(c, reference, &asset))
		return why_set(why, -EINVAL,
			       "line %d: %s: there is no asset \"%s\"; "
			       "expected one such as datasets/NAME",
			       v->line, name,
			       reference ? reference : value_type_name(v));
	err = node_put_path(catalog_store(c), asset, &path);
	if (!err)
		err = path.err;
	return err ? err : value_set_string(r->datasets, name, path.data);
}

int request_set_datasets(struct request *r, struct catalog *c, struct buf *why)
{
	const struct value *given = value_find(r->doc, "datasets");
	int err = 0;

	r->datasets = value_new_map();
	if (!r->datasets)
		return -ENOMEM;
	for (size_t i = 0;
	     !err && value_is(given, VALUE_MAP) && i < given->count; i++)
		err = set_dataset(r, c, given->key[i], given->item[i], why);
	return err;
}
