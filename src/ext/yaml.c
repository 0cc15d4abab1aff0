// SPDX-License-Identifier: Apache-2.0
/*
 * Reading YAML: libyaml's events, one after the other, become values.
 *
 * The events come while the text is scanned, so counting depth and events as
 * they come bounds the time as well: libyaml alone takes half a minute for
 * 200 KB of '['. Only directives are handled before the first event, and in
 * quadratic time; they are counted beforehand.
 *
 * Aliases are copies. What they copy counts against the limits of events and
 * of bytes, so that nothing grows beyond twice what the limits allow.
 */
#include "ext/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "yaml_scalar.h"

#define TAG_PREFIX "tag:yaml.org,2002:"
#define DIRECTIVES_MOST 64
#define BUCKETS 256

const struct yaml_limits yaml_spec_limits = {
	.bytes = (size_t)1 << 20,
	.depth = 64,
	.events = 50000,
};

struct anchor {
	char *name;
	const struct value *value; /* lent; NULL while it is being read */
	struct anchor *next;
};

struct reader {
	yaml_parser_t parser;
	const char *text;
	const struct yaml_limits *limits;
	size_t depth;
	size_t events;
	size_t copied; /* bytes, by aliases */
	struct anchor *bucket[BUCKETS];
	struct value *kept; /* a list: values with anchors that are in no
			     * document, as keys and merged maps */
	struct buf *why;
};

static int read_node(struct reader *r, const yaml_event_t *event,
		     struct value **ret_v);

static int line_of(const yaml_event_t *event)
{
	return (int)event->start_mark.line + 1;
}

static int no_memory(const void *p)
{
	return p ? 0 : -ENOMEM;
}

/* ---- events ---- */

static size_t lines_before(const char *text, size_t offset)
{
	size_t lines = 0;

	for (size_t i = 0; i < offset; i++)
		lines += text[i] == '\n';
	return lines;
}

/* libyaml's own words, and the line that they are about. */
static int refuse(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "no YAML";
	size_t line = p->problem_mark.line;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR)
		line = lines_before(r->text, p->problem_offset);
	if (p->context && p->context_mark.line != line)
		return why_set(r->why, -EINVAL,
			       "line %zu: %s (%s that begins on line %zu)",
			       line + 1, problem, p->context,
			       p->context_mark.line + 1);
	if (p->context)
		return why_set(r->why, -EINVAL, "line %zu: %s (%s)", line + 1,
			       problem, p->context);
	return why_set(r->why, -EINVAL, "line %zu: %s", line + 1, problem);
}

static int count_event(struct reader *r, int line)
{
	if (++r->events <= r->limits->events)
		return 0;
	return why_set(r->why, -EFBIG,
		       "line %d: more than %zu values and keys, those that "
		       "aliases repeat included",
		       line, r->limits->events);
}

static int check_depth(struct reader *r, size_t depth, int line)
{
	if (depth <= r->limits->depth)
		return 0;
	return why_set(r->why, -EFBIG, "line %d: nested deeper than %zu", line,
		       r->limits->depth);
}

static int next(struct reader *r, yaml_event_t *event)
{
	yaml_event_delete(event);
	if (!yaml_parser_parse(&r->parser, event))
		return refuse(r);
	return count_event(r, line_of(event));
}

/* ---- anchors and aliases ---- */

static struct anchor **bucket_of(struct reader *r, const char *name)
{
	unsigned int h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return &r->bucket[h % BUCKETS];
}

static void drop_anchors(struct reader *r)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (r->bucket[i]) {
			struct anchor *a = r->bucket[i];

			r->bucket[i] = a->next;
			free(a->name);
			free(a);
		}
	}
	value_release(&r->kept);
}

/* The newest anchor of a name counts, already while its node is being read. */
static int open_anchor(struct reader *r, const char *name,
		       struct anchor **ret_anchor)
{
	struct anchor **first = bucket_of(r, name);
	struct anchor *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->name = strdup(name);
	if (!a->name) {
		free(a);
		return -ENOMEM;
	}
	a->next = *first;
	*first = a;
	*ret_anchor = a;
	return 0;
}

static int find_anchor(struct reader *r, const yaml_event_t *event,
		       const struct value **ret_v)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *a = *bucket_of(r, name);

	while (a && strcmp(a->name, name) != 0)
		a = a->next;
	if (!a)
		return why_set(r->why, -EINVAL,
			       "line %d: no anchor &%s stands before its alias",
			       line_of(event), name);
	if (!a->value)
		return why_set(r->why, -EINVAL,
			       "line %d: the alias *%s is inside of what it "
			       "stands for",
			       line_of(event), name);
	*ret_v = a->value;
	return 0;
}

static int count_copied(struct reader *r, const char *text, int line)
{
	r->copied += text ? strlen(text) : 0;
	if (r->copied <= r->limits->bytes)
		return 0;
	return why_set(r->why, -EFBIG,
		       "line %d: aliases repeat more than %zu bytes", line,
		       r->limits->bytes);
}

/* May v be copied to `depth`? As if it were read again. */
static int count_copy(struct reader *r, const struct value *v, size_t depth,
		      int line)
{
	bool nested = v->type == VALUE_LIST || v->type == VALUE_MAP;
	int err = count_event(r, line);

	if (!err)
		err = count_copied(r, v->text, line);
	if (!err && nested)
		err = check_depth(r, depth + 1, line);
	for (size_t i = 0; !err && i < v->count; i++) {
		if (v->key)
			err = count_event(r, line);
		if (!err && v->key)
			err = count_copied(r, v->key[i], line);
		if (!err)
			err = count_copy(r, v->item[i], depth + 1, line);
	}
	return err;
}

static int read_alias(struct reader *r, const yaml_event_t *event,
		      struct value **ret_v)
{
	const struct value *v = NULL;
	int err = find_anchor(r, event, &v);

	if (!err)
		err = count_copy(r, v, r->depth, line_of(event));
	if (err)
		return err;
	*ret_v = value_copy(v);
	return no_memory(*ret_v);
}

/* ---- scalars ---- */

static int refuse_tag(struct reader *r, const yaml_event_t *event,
		      const char *tag)
{
	return why_set(r->why, -EINVAL, "line %d: the tag %s is not known here",
		       line_of(event), tag);
}

static int read_tagged(struct reader *r, const yaml_event_t *event,
		       const char *tag, const char *text, struct value **ret_v)
{
	static const struct {
		const char *name;
		enum value_type type;
	} types[] = {
		{ "null", VALUE_NULL },	 { "bool", VALUE_BOOL },
		{ "int", VALUE_INT },	 { "float", VALUE_REAL },
		{ "str", VALUE_STRING }, { "timestamp", VALUE_STRING },
	};
	size_t prefix = strlen(TAG_PREFIX);
	size_t i = 0;
	int err = -EINVAL;

	if (strncmp(tag, TAG_PREFIX, prefix) != 0)
		return refuse_tag(r, event, tag);
	while (i < ARRAY_SIZE(types) && strcmp(tag + prefix, types[i].name))
		i++;
	if (i == ARRAY_SIZE(types))
		return refuse_tag(r, event, tag);
	if (types[i].type == VALUE_STRING) {
		*ret_v = value_new_string(text);
		return no_memory(*ret_v);
	}
	if (types[i].type == VALUE_REAL)
		err = yaml_scalar_float(text, ret_v);
	else if (yaml_scalar_type(text) == types[i].type)
		err = yaml_scalar_value(text, ret_v);
	if (err == -EINVAL)
		return why_set(r->why, err, "line %d: this is no !!%s",
			       line_of(event), types[i].name);
	return err;
}

static int check_text(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) == event->data.scalar.length)
		return 0;
	return why_set(r->why, -EINVAL, "line %d: a string with a NUL in it",
		       line_of(event));
}

static int read_scalar(struct reader *r, const yaml_event_t *event,
		       struct value **ret_v)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	int err = check_text(r, event);

	if (err)
		return err;
	if (tag && strcmp(tag, "!") != 0)
		return read_tagged(r, event, tag, text, ret_v);
	if (tag || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
		*ret_v = value_new_string(text);
		return no_memory(*ret_v);
	}
	err = yaml_scalar_value(text, ret_v);
	if (err == -EINVAL)
		return why_set(r->why, err,
			       "line %d: a number without digits, or with too "
			       "many",
			       line_of(event));
	return err;
}

/* ---- lists and maps ---- */

static int check_tag(struct reader *r, const yaml_event_t *event,
		     const yaml_char_t *tag, const char *allowed)
{
	const char *text = (const char *)tag;

	if (!text || !strcmp(text, "!") || !strcmp(text, allowed))
		return 0;
	return refuse_tag(r, event, text);
}

static int read_list(struct reader *r, const yaml_event_t *event,
		     struct value *list)
{
	AUTO(yaml_event_delete) yaml_event_t item = { 0 };
	int err = check_tag(r, event, event->data.sequence_start.tag,
			    TAG_PREFIX "seq");

	if (!err)
		err = next(r, &item);
	while (!err && item.type != YAML_SEQUENCE_END_EVENT) {
		struct value *v = NULL;

		err = read_node(r, &item, &v);
		if (!err)
			err = value_add(list, v);
		if (!err)
			err = next(r, &item);
	}
	return err;
}

/* A value that is in no document, but that an alias may still name. */
static int keep(struct reader *r, struct value *take_v)
{
	return value_add(r->kept, take_v);
}

static int read_alias_key(struct reader *r, const yaml_event_t *event,
			  char **ret_key)
{
	const struct value *v = NULL;
	int err = find_anchor(r, event, &v);

	if (err)
		return err;
	if (!value_is(v, VALUE_STRING))
		return why_set(r->why, -EINVAL,
			       "line %d: a key that is no string",
			       line_of(event));
	err = count_copied(r, v->text, line_of(event));
	if (err)
		return err;
	*ret_key = strdup(v->text);
	return no_memory(*ret_key);
}

/* A key is its text as it is written, whatever a plain scalar would mean. */
static int read_key(struct reader *r, const yaml_event_t *event, char **ret_key)
{
	int err = 0;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias_key(r, event, ret_key);
	if (event->type != YAML_SCALAR_EVENT)
		return why_set(r->why, -EINVAL,
			       "line %d: a key that is a list or a map",
			       line_of(event));
	if (event->data.scalar.anchor || event->data.scalar.tag) {
		struct value *v = NULL;

		err = read_node(r, event, &v);
		if (!err)
			err = keep(r, v);
	} else {
		err = check_text(r, event);
	}
	if (err)
		return err;
	*ret_key = strdup((const char *)event->data.scalar.value);
	return no_memory(*ret_key);
}

static int put_entry(struct reader *r, struct value *map, const char *key,
		     int line, struct value *take_v)
{
	AUTO(value_release) struct value *v = take_v;

	if (value_find(map, key))
		return why_set(r->why, -EINVAL,
			       "line %d: the key %s is there already", line,
			       key);
	return value_set(map, key, TAKE(v));
}

static bool is_merge(const yaml_event_t *key)
{
	return key->type == YAML_SCALAR_EVENT &&
	       key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       !strcmp((const char *)key->data.scalar.value, "<<");
}

/* Entries of a merged map yield to those that the map has itself. */
static int merge(struct reader *r, struct value *map, struct value *take_from)
{
	const struct value *from = take_from;
	int err = keep(r, take_from);

	for (size_t i = 0; !err && i < from->count; i++)
		if (!value_find(map, from->key[i]))
			err = value_set(map, from->key[i],
					value_copy(from->item[i]));
	return err;
}

static int read_entry(struct reader *r, const yaml_event_t *key_event,
		      struct value *map, struct value **merged)
{
	AUTO(yaml_event_delete) yaml_event_t event = { 0 };
	AUTO(value_release) struct value *v = NULL;
	AUTO(free_text) char *key = NULL;
	int line = line_of(key_event);
	int err = read_key(r, key_event, &key);

	if (!err)
		err = next(r, &event);
	if (!err)
		err = read_node(r, &event, &v);
	if (err)
		return err;
	if (!is_merge(key_event))
		return put_entry(r, map, key, line, TAKE(v));
	if (*merged || !value_is(v, VALUE_MAP))
		return why_set(r->why, -EINVAL,
			       "line %d: << can merge one map only", line);
	*merged = TAKE(v);
	return 0;
}

static int read_map(struct reader *r, const yaml_event_t *event,
		    struct value *map)
{
	AUTO(yaml_event_delete) yaml_event_t key = { 0 };
	AUTO(value_release) struct value *merged = NULL;
	int err = check_tag(r, event, event->data.mapping_start.tag,
			    TAG_PREFIX "map");

	if (!err)
		err = next(r, &key);
	while (!err && key.type != YAML_MAPPING_END_EVENT) {
		err = read_entry(r, &key, map, &merged);
		if (!err)
			err = next(r, &key);
	}
	if (!err && merged)
		err = merge(r, map, TAKE(merged));
	return err;
}

static int read_nested(struct reader *r, const yaml_event_t *event,
		       struct value **ret_v)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	AUTO(value_release)
	struct value *v = is_list ? value_new_list() : value_new_map();
	int err = no_memory(v);

	r->depth++;
	if (!err)
		err = check_depth(r, r->depth, line_of(event));
	if (!err)
		err = is_list ? read_list(r, event, v) : read_map(r, event, v);
	r->depth--;
	if (!err)
		*ret_v = TAKE(v);
	return err;
}

/* ---- nodes and documents ---- */

static const char *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static int read_node(struct reader *r, const yaml_event_t *event,
		     struct value **ret_v)
{
	const char *name = anchor_of(event);
	struct anchor *anchor = NULL;
	struct value *v = NULL;
	int err = name ? open_anchor(r, name, &anchor) : 0;

	if (err)
		return err;
	if (event->type == YAML_ALIAS_EVENT)
		err = read_alias(r, event, &v);
	else if (event->type == YAML_SCALAR_EVENT)
		err = read_scalar(r, event, &v);
	else
		err = read_nested(r, event, &v);
	if (err)
		return err;
	v->line = line_of(event);
	if (anchor)
		anchor->value = v;
	*ret_v = v;
	return 0;
}

/* From behind the start of a document to behind its end. */
static int read_document(struct reader *r, struct value **ret_doc)
{
	AUTO(yaml_event_delete) yaml_event_t event = { 0 };
	AUTO(value_release) struct value *doc = NULL;
	int err = next(r, &event);

	r->kept = value_new_list();
	if (!err)
		err = no_memory(r->kept);
	if (!err)
		err = read_node(r, &event, &doc);
	drop_anchors(r);
	if (!err)
		err = next(r, &event);
	if (!err)
		*ret_doc = TAKE(doc);
	return err;
}

static int read_stream(struct reader *r, size_t most, struct value *docs)
{
	AUTO(yaml_event_delete) yaml_event_t event = { 0 };
	int err = next(r, &event);

	while (!err && event.type != YAML_STREAM_END_EVENT) {
		struct value *doc = NULL;

		if (event.type == YAML_DOCUMENT_START_EVENT) {
			if (docs->count == most)
				return why_set(r->why, -EINVAL,
					       "line %d: a second document "
					       "begins, only one is expected",
					       line_of(&event));
			err = read_document(r, &doc);
			if (!err)
				err = value_add(docs, doc);
		}
		if (!err)
			err = next(r, &event);
	}
	return err;
}

/* As libyaml sees them: behind any of YAML's breaks, of which NEL, LS and PS
 * end in the bytes 85, a8 and a9. */
static bool is_directive(const char *text, size_t len, const char *at)
{
	return len - (size_t)(at - text) >= 4 && !memcmp(at, "%TAG", 4) &&
	       (at == text || strchr("\n\r\x85\xa8\xa9", at[-1]));
}

static int check_before(const char *text, size_t len,
			const struct yaml_limits *limits, struct buf *why)
{
	const char *at = text;
	size_t directives = 0;

	if (len > limits->bytes)
		return why_set(why, -EFBIG, "%zu bytes, more than %zu", len,
			       limits->bytes);
	while ((at = memchr(at, '%', len - (size_t)(at - text)))) {
		directives += is_directive(text, len, at);
		at++;
	}
	if (directives > DIRECTIVES_MOST)
		return why_set(why, -EFBIG, "more than %d %%TAG lines",
			       DIRECTIVES_MOST);
	return 0;
}

static int read_text(const char *text, size_t len, size_t most,
		     const struct yaml_limits *limits, struct buf *why,
		     struct value **ret_docs)
{
	AUTO(value_release) struct value *docs = value_new_list();
	struct reader r = { .text = text, .limits = limits, .why = why };
	int err = docs ? check_before(text, len, limits, why) : -ENOMEM;

	if (err)
		return err;
	if (!yaml_parser_initialize(&r.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text,
				     len);
	err = read_stream(&r, most, docs);
	yaml_parser_delete(&r.parser);
	if (!err)
		*ret_docs = TAKE(docs);
	return err;
}

int yaml_read(const char *text, size_t len, const struct yaml_limits *limits,
	      struct buf *why, struct value **ret_doc)
{
	AUTO(value_release) struct value *docs = NULL;
	int err = read_text(text, len, 1, limits, why, &docs);

	if (err)
		return err;
	if (docs->count) {
		*ret_doc = docs->item[0];
		docs->count = 0;
		return 0;
	}
	*ret_doc = value_new_null();
	return no_memory(*ret_doc);
}

int yaml_read_all(const char *text, size_t len,
		  const struct yaml_limits *limits, struct buf *why,
		  struct value **ret_docs)
{
	return read_text(text, len, SIZE_MAX, limits, why, ret_docs);
}
