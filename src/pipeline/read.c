// SPDX-License-Identifier: Apache-2.0
#include "read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_MOST 1000 /* bytes; texts of users can be of any length */

/* Cut before a character that vsnprintf cut in two. */
static void whole_characters(char *text, size_t len)
{
	while (len && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
		len--;
	if (len && ((unsigned char)text[len - 1] & 0xc0) == 0xc0)
		text[len - 1] = 0;
}

__attribute__((format(printf, 2, 0))) static void print_sentence(
	char text[SENTENCE_MOST], const char *fmt, va_list ap)
{
	int len = vsnprintf(text, SENTENCE_MOST, fmt, ap);

	if (len >= SENTENCE_MOST)
		whole_characters(text, SENTENCE_MOST - 1);
}

int refuse(struct buf *why, const struct value *at, int err, const char *fmt,
	   ...)
{
	char text[SENTENCE_MOST];
	va_list ap;

	va_start(ap, fmt);
	print_sentence(text, fmt, ap);
	va_end(ap);
	if (at && at->line)
		return why_set(why, err, "line %d: %s", at->line, text);
	return why_set(why, err, "%s", text);
}

int set_text(char **slot, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*slot);
	*slot = copy;
	return 0;
}

static const char *type_word(enum value_type type)
{
	const struct value v = { .type = type };

	return value_type_name(&v);
}

int find_typed(const struct value *map, const char *key, enum value_type type,
	       struct buf *why, const struct value **ret)
{
	const struct value *v = value_find(map, key);

	*ret = NULL;
	if (value_is(v, VALUE_NULL))
		v = NULL;
	if (v && v->type != type)
		return refuse(why, v, -EINVAL, "%s: expected %s, found %s", key,
			      type_word(type), value_type_name(v));
	*ret = v;
	return 0;
}

int read_text(const struct value *map, const char *key, struct buf *why,
	      char **slot)
{
	const struct value *v;
	int err = find_typed(map, key, VALUE_STRING, why, &v);

	return err || !v ? err : set_text(slot, v->text);
}

static bool is_template(const char *text)
{
	size_t len = strlen(text);

	return len > 2 && text[0] == '<' && text[len - 1] == '>' &&
	       !strchr(text, '\n');
}

int need_name(const struct value *map, const char *key, const char *what,
	      struct buf *why, const char **ret_name)
{
	const struct value *v;
	int err = find_typed(map, key, VALUE_STRING, why, &v);

	if (err)
		return err;
	if (!v || !v->text[0])
		return refuse(why, map, -EINVAL, "%s has no %s", what, key);
	if (is_template(v->text))
		return refuse(why, v, -EINVAL,
			      "%s: \"%s\" is a template's placeholder; put "
			      "the %s of %s there",
			      key, v->text, key, what);
	*ret_name = v->text;
	return 0;
}

int ignore(struct pipeline *p, const char *fmt, ...)
{
	char text[SENTENCE_MOST];
	va_list ap;

	va_start(ap, fmt);
	print_sentence(text, fmt, ap);
	va_end(ap);
	return names_add(&p->ignored, &p->ignored_count, text);
}

int text_refer(struct text *t, enum segment_type type, const char *name,
	       const char *task, const char *key)
{
	struct segment *s = text_add(t);
	int err;

	if (!s)
		return -ENOMEM;
	s->type = type;
	err = set_text(&s->text, name ? name : "");
	if (!err)
		err = set_text(&s->task, task);
	if (!err)
		err = set_text(&s->key, key);
	return err;
}

int text_append(struct text *t, const char *plain, size_t len)
{
	struct segment *s;

	if (!len)
		return 0;
	s = text_add(t);
	if (!s)
		return -ENOMEM;
	s->text = strndup(plain, len);
	return s->text ? 0 : -ENOMEM;
}

int text_extend(struct text *t, const struct text *from)
{
	int err = 0;

	for (size_t i = 0; i < from->count && !err; i++)
		err = text_refer(t, from->segment[i].type,
				 from->segment[i].text, from->segment[i].task,
				 from->segment[i].key);
	return err;
}

int param_copy(const struct param *from, struct param **array, size_t *count)
{
	struct param *to = param_add(array, count);
	int err;

	if (!to)
		return -ENOMEM;
	to->type = from->type;
	to->optional = from->optional;
	err = set_text(&to->name, from->name);
	if (!err)
		err = set_text(&to->schema, from->schema);
	if (!err)
		err = set_text(&to->description, from->description);
	if (!err && from->fallback) {
		to->fallback = value_copy(from->fallback);
		err = to->fallback ? 0 : -ENOMEM;
	}
	return err;
}
