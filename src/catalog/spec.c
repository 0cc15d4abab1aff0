// SPDX-License-Identifier: Apache-2.0
/* Reading the fields of a spec (spec.h). */
#include "spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "license.h"

int spec_only_doc(const struct value *docs, const char *what, struct buf *why,
		  const struct value **ret_doc)
{
	const struct value *doc = docs->count ? docs->item[0] : NULL;

	if (!value_is(doc, VALUE_MAP))
		return why_set(why, -EINVAL,
			       "line %d: expected %s, which is a map; found %s",
			       doc && doc->line ? doc->line : 1, what,
			       value_is(doc, VALUE_NULL)
				       ? "nothing"
				       : value_type_name(doc));
	if (docs->count > 1)
		return why_set(why, -EINVAL,
			       "line %d: a second document begins; %s is one",
			       docs->item[1]->line, what);
	*ret_doc = doc;
	return 0;
}

const struct value *spec_find(const struct value *doc, const char *path)
{
	const struct value *field = value_path(doc, path);

	return value_is(field, VALUE_NULL) ? NULL : field;
}

/* The line of the deepest map on the way to a missing field. */
static int line_of(const struct value *doc, const char *path)
{
	char prefix[128];
	int line = doc->line;

	for (const char *dot = strchr(path, '.'); dot;
	     dot = strchr(dot + 1, '.')) {
		size_t len = (size_t)(dot - path);
		const struct value *on_way;

		if (len >= sizeof(prefix))
			break;
		memcpy(prefix, path, len);
		prefix[len] = 0;
		on_way = value_path(doc, prefix);
		if (on_way && on_way->line)
			line = on_way->line;
	}
	return line ? line : 1;
}

int spec_missing(const struct value *doc, const char *path, const char *what,
		 struct buf *why)
{
	const struct value *field = value_path(doc, path);
	int line = field && field->line ? field->line : line_of(doc, path);

	return why_set(why, -EINVAL, "line %d: '%s' is %s: expected %s", line,
		       path, field ? "empty" : "missing", what);
}

int spec_wrong(const struct value *field, const char *path, const char *what,
	       struct buf *why)
{
	return why_set(why, -EINVAL, "line %d: '%s': expected %s, found %s",
		       field->line ? field->line : 1, path, what,
		       value_type_name(field));
}

static bool is_placeholder(const char *text)
{
	size_t len = strlen(text);

	return len > 2 && text[0] == '<' && text[len - 1] == '>' &&
	       !memchr(text + 1, '<', len - 1);
}

/* A scalar's text without the blanks around it. */
static char *trimmed(const struct value *field)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const char *start;
	size_t len;

	value_put_scalar(field, &text);
	if (text.err)
		return NULL;
	start = text.data;
	while (isspace((unsigned char)*start))
		start++;
	len = strlen(start);
	while (len && isspace((unsigned char)start[len - 1]))
		len--;
	return strndup(start, len);
}

static bool is_scalar(const struct value *v)
{
	return v && v->type != VALUE_LIST && v->type != VALUE_MAP;
}

int spec_get_text(const struct value *doc, const char *path,
		  enum spec_need need, struct buf *why, char **ret_text)
{
	AUTO(free_text) char *text = NULL;
	const struct value *field = spec_find(doc, path);

	if (!field && need == SPEC_REQUIRED)
		return spec_missing(doc, path, "a text", why);
	*ret_text = NULL;
	if (!field)
		return 0;
	if (!is_scalar(field))
		return spec_wrong(field, path, "a string", why);
	text = trimmed(field);
	if (!text)
		return -ENOMEM;
	if (need == SPEC_REQUIRED && !*text)
		return spec_missing(doc, path, "a text", why);
	if (need == SPEC_REQUIRED && is_placeholder(text))
		return why_set(why, -EINVAL,
			       "line %d: '%s': '%s' is a template's "
			       "placeholder; put the real one in its place",
			       field->line, path, text);
	if (*text)
		*ret_text = TAKE(text);
	return 0;
}

int spec_get_bool(const struct value *doc, const char *path, bool fallback,
		  struct buf *why, bool *ret_truth)
{
	const struct value *field = spec_find(doc, path);

	*ret_truth = fallback;
	if (!field)
		return 0;
	if (field->type != VALUE_BOOL)
		return spec_wrong(field, path, "true or false", why);
	*ret_truth = field->truth;
	return 0;
}

int spec_copy_text(const struct value *doc, const char *path,
		   enum spec_need need, struct value *record, const char *key,
		   struct buf *why)
{
	AUTO(free_text) char *text = NULL;
	int err = spec_get_text(doc, path, need, why, &text);

	if (err || !text)
		return err;
	return value_set_string(record, key, text);
}

int spec_copy_id(const struct value *doc, const char *path,
		 struct value *record, struct buf *why)
{
	AUTO(free_text) char *id = NULL;
	const struct value *field = spec_find(doc, path);
	int err = spec_get_text(doc, path, SPEC_REQUIRED, why, &id);

	if (err)
		return err;
	if (!name_is_id(id))
		return why_set(why, -EINVAL,
			       "line %d: '%s': '%s' is no id: only lower case "
			       "letters, digits and '-' inside, at most %d of "
			       "them",
			       field->line, path, id, ID_LIMIT);
	return value_set_string(record, "id", id);
}

int spec_copy_fields(const struct value *doc, const struct spec_field *fields,
		     struct value *record, struct buf *why)
{
	int err = 0;

	for (; fields->path && !err; fields++)
		err = spec_copy_text(doc, fields->path, fields->need, record,
				     fields->key, why);
	return err;
}

int spec_copy_head(const struct value *docs, const char *what,
		   const char *id_path, struct value *record, struct buf *why,
		   const struct value **ret_doc)
{
	static const struct spec_field fields[] = {
		{ "name", SPEC_REQUIRED, "name" },
		{ "description", SPEC_REQUIRED, "description" },
		{ 0 },
	};
	int err = spec_only_doc(docs, what, why, ret_doc);

	if (!err)
		err = spec_copy_id(*ret_doc, id_path, record, why);
	return err ? err : spec_copy_fields(*ret_doc, fields, record, why);
}

/* Append a text to a list. */
static int add_text(struct value *list, const char *text, size_t len)
{
	AUTO(free_text) char *copy = NULL;

	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (!len)
		return 0;
	copy = strndup(text, len);
	return copy ? value_add(list, value_new_string(copy)) : -ENOMEM;
}

static int add_split(struct value *list, const char *text)
{
	int err = 0;

	while (!err) {
		size_t len = strcspn(text, ",");

		err = add_text(list, text, len);
		if (!text[len])
			break;
		text += len + 1;
	}
	return err;
}

static int add_items(const struct value *field, const char *path,
		     struct value *list, struct buf *why)
{
	for (size_t i = 0; i < field->count; i++) {
		AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
		int err;

		if (!is_scalar(field->item[i]))
			return spec_wrong(field->item[i], path,
					  "a list of strings", why);
		value_put_scalar(field->item[i], &text);
		err = text.err ? text.err : add_text(list, text.data, text.len);
		if (err)
			return err;
	}
	return 0;
}

int spec_copy_texts(const struct value *doc, const char *path,
		    struct value *record, const char *key, struct buf *why)
{
	AUTO(value_release) struct value *list = NULL;
	const struct value *field = spec_find(doc, path);
	int err;

	if (!field)
		return 0;
	list = value_new_list();
	if (!list)
		return -ENOMEM;
	if (field->type == VALUE_STRING)
		err = add_split(list, field->text);
	else if (field->type == VALUE_LIST)
		err = add_items(field, path, list, why);
	else
		return spec_wrong(field, path, "a list of strings", why);
	if (err || !list->count)
		return err;
	return value_set(record, key, TAKE(list));
}

int spec_copy_map(const struct value *doc, const char *path,
		  struct value *record, const char *key, struct buf *why)
{
	AUTO(value_release) struct value *map = NULL;
	const struct value *field = spec_find(doc, path);

	if (!field)
		return 0;
	if (field->type != VALUE_MAP)
		return spec_wrong(field, path, "a map", why);
	map = value_new_map();
	for (size_t i = 0; map && i < field->count; i++) {
		const struct value *item = field->item[i];
		AUTO(free_text) char *text = NULL;
		int err;

		if (item->type == VALUE_NULL)
			continue;
		text = is_scalar(item) ? trimmed(item) : NULL;
		if (is_scalar(item) && !text)
			return -ENOMEM;
		err = text ? value_set_string(map, field->key[i], text)
			   : value_set(map, field->key[i], value_copy(item));
		if (err)
			return err;
	}
	if (map && !map->count)
		return 0;
	return value_set(record, key, TAKE(map));
}

/* 2020-07-19, then the end or what begins a time. */
static bool is_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; form[i]; i++) {
		bool digit = isdigit((unsigned char)text[i]) != 0;

		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return false;
	}
	return !text[10] || text[10] == 'T' || text[10] == ' ';
}

int spec_copy_date(const struct value *doc, const char *path,
		   struct value *record, const char *key, struct buf *why)
{
	AUTO(free_text) char *text = NULL;
	const struct value *field = spec_find(doc, path);
	int err = spec_get_text(doc, path, SPEC_OPTIONAL, why, &text);

	if (err || !text)
		return err;
	if (!is_date(text))
		return why_set(why, -EINVAL,
			       "line %d: '%s': expected a date as 2020-07-19, "
			       "found '%s'",
			       field->line, path, text);
	return value_set_string(record, key, text);
}

int spec_copy_license(const struct value *doc, const char *path,
		      enum spec_need need, struct value *record,
		      struct buf *why)
{
	AUTO(free_text) char *name = NULL;
	const char *spdx;
	int err = spec_get_text(doc, path, need, why, &name);

	if (err || !name)
		return err;
	spdx = license_find(name);
	err = value_set_string(record, "license", spdx ? spdx : name);
	if (err)
		return err;
	return value_set_string(record, "license_name", name);
}

/* The ids of MLX's own assets that a spec names as related: those whose
 * application is MLX (mlx.md 2.2). */
static int copy_related(const struct value *doc, struct value *record,
			struct buf *why)
{
	AUTO(value_release) struct value *list = value_new_list();
	const struct value *field = spec_find(doc, "related_assets");

	if (!list)
		return -ENOMEM;
	if (!field)
		return 0;
	if (field->type != VALUE_LIST)
		return spec_wrong(field, "related_assets", "a list", why);
	for (size_t i = 0; i < field->count; i++) {
		const struct value *one = field->item[i];
		const char *name =
			value_string(value_path(one, "application.name"));
		const char *id =
			value_string(value_path(one, "application.asset_id"));

		if (!name || !id || !strstr(name, "MLX"))
			continue;
		if (value_add(list, value_new_string(id)))
			return -ENOMEM;
	}
	return list->count ? value_set(record, "related_assets", TAKE(list))
			   : 0;
}

int spec_copy_common(const struct value *doc, struct value *record,
		     struct buf *why)
{
	int err = spec_copy_map(doc, "metadata.annotations", record,
				"annotations", why);

	if (!err)
		err = spec_copy_map(doc, "metadata.labels", record, "labels",
				    why);
	if (!err)
		err = spec_copy_texts(doc, "metadata.tags", record, "tags",
				      why);
	if (!err)
		err = spec_copy_map(doc, "filter_categories", record,
				    "filter_categories", why);
	if (!err)
		err = spec_copy_text(doc, "readme_url", SPEC_OPTIONAL, record,
				     "readme_url", why);
	if (!err)
		err = spec_copy_text(doc, "website", SPEC_OPTIONAL, record,
				     "website", why);
	return err ? err : copy_related(doc, record, why);
}

static int set_param(struct value *one, const struct param *p)
{
	int err = value_set_string(one, "name", p->name);

	if (!err)
		err = value_set_string(one, "type", data_type_name(p->type));
	if (!err && p->fallback)
		err = value_set(one, "default", value_copy(p->fallback));
	if (!err && p->description)
		err = value_set_string(one, "description", p->description);
	if (!err)
		err = value_set_bool(one, "required",
				     !p->fallback && !p->optional);
	return err;
}

int record_set_params(struct value *record, const char *key,
		      const struct param *params, size_t count)
{
	AUTO(value_release) struct value *list = value_new_list();

	for (size_t i = 0; list && i < count; i++) {
		AUTO(value_release) struct value *one = value_new_map();
		int err = one ? set_param(one, &params[i]) : -ENOMEM;

		if (!err)
			err = value_add(list, TAKE(one));
		if (err)
			return err;
	}
	return value_set(record, key, TAKE(list));
}

const char *record_text(const struct value *record, const char *path)
{
	return value_string(value_path(record, path));
}

int text_copy(const char *text, char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return text && !*ret_copy ? -ENOMEM : 0;
}

static enum data_type type_named(const char *name)
{
	for (int t = TYPE_STRING; t <= TYPE_ARTIFACT; t++)
		if (name && !strcmp(name, data_type_name((enum data_type)t)))
			return (enum data_type)t;
	return TYPE_STRING;
}

static int fill_param(struct param *p, const struct value *one)
{
	const struct value *fallback = value_find(one, "default");
	const struct value *required = value_find(one, "required");
	int err;

	if (!p)
		return -ENOMEM;
	err = text_copy(value_find_string(one, "name"), &p->name);
	if (!err)
		err = text_copy(value_find_string(one, "description"),
				&p->description);
	p->type = type_named(value_find_string(one, "type"));
	p->optional = value_is(required, VALUE_BOOL) && !required->truth;
	if (!err && fallback) {
		p->fallback = value_copy(fallback);
		err = p->fallback ? 0 : -ENOMEM;
	}
	return err;
}

static int bind_param(struct task *t, const char *name)
{
	struct binding *b = task_add_binding(t);
	struct segment *s = b ? text_add(&b->value) : NULL;
	int err;

	if (!s)
		return -ENOMEM;
	s->type = SEGMENT_PARAM;
	err = text_copy(name, &b->name);
	return err ? err : text_copy(name, &s->text);
}

int task_set_params(struct pipeline *p, struct task *t,
		    const struct value *params)
{
	for (size_t i = 0; params && i < params->count; i++) {
		const struct value *one = params->item[i];
		const char *name = value_find_string(one, "name");
		int err;

		if (!name)
			continue;
		err = fill_param(param_add(&p->params, &p->params_count), one);
		if (!err)
			err = fill_param(
				param_add(&t->inputs, &t->inputs_count), one);
		if (!err)
			err = bind_param(t, name);
		if (err)
			return err;
	}
	return 0;
}

bool spec_is_url(const char *text)
{
	size_t scheme = strncasecmp(text, "https://", 8) == 0  ? 8
			: strncasecmp(text, "http://", 7) == 0 ? 7
							       : 0;

	if (!scheme || !isalnum((unsigned char)text[scheme]))
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f ||
		    strchr("\"<>\\^`{|}", *text))
			return false;
	return true;
}
