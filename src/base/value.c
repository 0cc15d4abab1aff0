// SPDX-License-Identifier: Apache-2.0
#include "base/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static struct value *make(enum value_type type, const char *text)
{
	struct value *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->type = type;
	v->text = text ? strdup(text) : NULL;
	if (text && !v->text) {
		free(v);
		return NULL;
	}
	return v;
}

struct value *value_new_null(void)
{
	return make(VALUE_NULL, NULL);
}

struct value *value_new_bool(bool truth)
{
	struct value *v = make(VALUE_BOOL, NULL);

	if (v)
		v->truth = truth;
	return v;
}

struct value *value_new_int(int64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, n);
	return make(VALUE_INT, text);
}

struct value *value_new_real(double n)
{
	char text[40];
	size_t len;

	if (!isfinite(n))
		return make(VALUE_NULL, NULL);
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text) - 2, "%.*g", digits, n);
		if (strtod(text, NULL) == n)
			break;
	}
	len = strlen(text);
	if (!strpbrk(text, ".e"))
		snprintf(text + len, sizeof(text) - len, ".0");
	return make(VALUE_REAL, text);
}

struct value *value_new_string(const char *text)
{
	return make(VALUE_STRING, text ? text : "");
}

struct value *value_new_list(void)
{
	return make(VALUE_LIST, NULL);
}

struct value *value_new_map(void)
{
	return make(VALUE_MAP, NULL);
}

struct value *value_new_number(enum value_type type, const char *text)
{
	return make(type, text);
}

void value_free(struct value *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++) {
		value_free(v->item[i]);
		if (v->key)
			free(v->key[i]);
	}
	free(v->item);
	free(v->key);
	free(v->slot);
	free(v->text);
	free(v);
}

void value_release(struct value **v)
{
	value_free(*v);
	*v = NULL;
}

static int grow(struct value *v)
{
	size_t cap = v->cap ? v->cap * 2 : 4;
	struct value **item;

	if (v->count < v->cap)
		return 0;
	item = realloc(v->item, cap * sizeof(*item));
	if (!item)
		return -ENOMEM;
	v->item = item;
	if (v->type == VALUE_MAP) {
		char **key = realloc(v->key, cap * sizeof(*key));

		if (!key)
			return -ENOMEM;
		v->key = key;
	}
	v->cap = cap;
	return 0;
}

int value_add(struct value *list, struct value *take_item)
{
	AUTO(value_release) struct value *item = take_item;

	if (!item || !list || grow(list))
		return -ENOMEM;
	list->item[list->count++] = TAKE(item);
	return 0;
}

/* ---- keys: searched one by one, or by hash from INDEX_FROM on ---- */

#define INDEX_FROM 16

static size_t hash(const char *key)
{
	size_t h = 14695981039346656037u;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return h ^ h >> 29;
}

/* The slot that holds key, or the free one where it belongs. */
static uint32_t *slot_of(const struct value *map, const char *key)
{
	size_t i = hash(key) & (map->slots - 1);

	while (map->slot[i] && strcmp(map->key[map->slot[i] - 1], key) != 0)
		i = (i + 1) & (map->slots - 1);
	return &map->slot[i];
}

static void drop_index(struct value *map)
{
	free(map->slot);
	map->slot = NULL;
	map->slots = 0;
}

/* The last key is new. Without memory for an index the search is slow. */
static void index_last(struct value *map)
{
	if (map->slots >= 2 * map->count) {
		*slot_of(map, map->key[map->count - 1]) = (uint32_t)map->count;
		return;
	}
	if (map->count < INDEX_FROM)
		return;
	drop_index(map);
	map->slots = INDEX_FROM * 4;
	while (map->slots < 4 * map->count)
		map->slots *= 2;
	map->slot = calloc(map->slots, sizeof(*map->slot));
	if (!map->slot)
		map->slots = 0;
	for (size_t i = 0; map->slot && i < map->count; i++)
		*slot_of(map, map->key[i]) = (uint32_t)i + 1;
}

/* Where key is, or map->count. */
static size_t place(const struct value *map, const char *key)
{
	size_t i = 0;

	if (map->slot) {
		uint32_t at = *slot_of(map, key);

		return at ? at - 1 : map->count;
	}
	while (i < map->count && strcmp(map->key[i], key) != 0)
		i++;
	return i;
}

int value_set(struct value *map, const char *key, struct value *take_item)
{
	AUTO(value_release) struct value *item = take_item;
	size_t at;

	if (!item || !map)
		return -ENOMEM;
	at = place(map, key);
	if (at < map->count) {
		value_free(map->item[at]);
		map->item[at] = TAKE(item);
		return 0;
	}
	if (grow(map))
		return -ENOMEM;
	map->key[at] = strdup(key);
	if (!map->key[at])
		return -ENOMEM;
	map->item[at] = TAKE(item);
	map->count++;
	index_last(map);
	return 0;
}

int value_set_string(struct value *map, const char *key, const char *text)
{
	return value_set(map, key, value_new_string(text));
}

int value_set_int(struct value *map, const char *key, int64_t n)
{
	return value_set(map, key, value_new_int(n));
}

int value_set_bool(struct value *map, const char *key, bool truth)
{
	return value_set(map, key, value_new_bool(truth));
}

void value_drop(struct value *map, const char *key)
{
	size_t at = place(map, key);
	size_t rest;

	if (at == map->count)
		return;
	free(map->key[at]);
	value_free(map->item[at]);
	rest = map->count - at - 1;
	memmove(map->key + at, map->key + at + 1, rest * sizeof(*map->key));
	memmove(map->item + at, map->item + at + 1, rest * sizeof(*map->item));
	map->count--;
	drop_index(map); /* the numbers in it are wrong now */
}

struct value *value_copy(const struct value *v)
{
	AUTO(value_release) struct value *copy = make(v->type, v->text);

	if (!copy)
		return NULL;
	copy->truth = v->truth;
	copy->line = v->line;
	for (size_t i = 0; i < v->count; i++) {
		struct value *child = value_copy(v->item[i]);
		int err = v->type == VALUE_MAP
				  ? value_set(copy, v->key[i], child)
				  : value_add(copy, child);

		if (err)
			return NULL;
	}
	return TAKE(copy);
}

struct value *value_find(const struct value *v, const char *key)
{
	size_t at;

	if (!value_is(v, VALUE_MAP))
		return NULL;
	at = place(v, key);
	return at < v->count ? v->item[at] : NULL;
}

struct value *value_path(const struct value *v, const char *path)
{
	char key[128];

	while (v) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = 0;
		v = value_find(v, key);
		if (!path[len])
			return (struct value *)v;
		path += len + 1;
	}
	return NULL;
}

const char *value_string(const struct value *v)
{
	return value_is(v, VALUE_STRING) ? v->text : NULL;
}

const char *value_find_string(const struct value *map, const char *key)
{
	return value_string(value_find(map, key));
}

int value_int(const struct value *v, int64_t *ret_n)
{
	char *end;
	intmax_t n;

	if (!value_is(v, VALUE_INT))
		return -EINVAL;
	errno = 0;
	n = strtoimax(v->text, &end, 10);
	if (errno || *end || end == v->text)
		return -EINVAL;
	*ret_n = n;
	return 0;
}

int value_real(const struct value *v, double *ret_n)
{
	char *end;
	double n;

	if (!value_is(v, VALUE_INT) && !value_is(v, VALUE_REAL))
		return -EINVAL;
	n = strtod(v->text, &end);
	if (*end || end == v->text || !isfinite(n))
		return -EINVAL;
	*ret_n = n;
	return 0;
}

bool value_is(const struct value *v, enum value_type type)
{
	return v && v->type == type;
}

const char *value_type_name(const struct value *v)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",	     [VALUE_BOOL] = "a boolean",
		[VALUE_INT] = "an integer",  [VALUE_REAL] = "a number",
		[VALUE_STRING] = "a string", [VALUE_LIST] = "a list",
		[VALUE_MAP] = "a map",
	};

	return v ? names[v->type] : "nothing";
}

void value_put_number(const struct value *v, struct buf *out)
{
	size_t mantissa = strcspn(v->text, "eE");
	const char *exponent = v->text + mantissa;

	buf_add(out, v->text, mantissa);
	if (!*exponent)
		return;
	if (!memchr(v->text, '.', mantissa))
		buf_puts(out, ".0");
	buf_putc(out, 'e');
	exponent++;
	if (*exponent != '+' && *exponent != '-')
		buf_putc(out, '+');
	buf_puts(out, exponent);
}

static bool same_real(const struct value *a, const struct value *b)
{
	AUTO(buf_release) struct buf left = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf right = BUF_INIT(BUF_MAX);

	if (!strcmp(a->text, b->text))
		return true;
	if (!strpbrk(a->text, "eE") || !strpbrk(b->text, "eE"))
		return false;
	value_put_number(a, &left);
	value_put_number(b, &right);
	return !left.err && !right.err && !strcmp(left.data, right.data);
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (!a || !b || a->type != b->type)
		return a == b;
	if (a->type == VALUE_BOOL)
		return a->truth == b->truth;
	if (a->type == VALUE_REAL)
		return same_real(a, b);
	if (a->text)
		return strcmp(a->text, b->text) == 0;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct value *other =
			a->key ? value_find(b, a->key[i]) : b->item[i];

		if (!value_equal(a->item[i], other))
			return false;
	}
	return true;
}

void value_put_scalar(const struct value *v, struct buf *out)
{
	if (!v)
		return;
	if (v->type == VALUE_BOOL)
		buf_puts(out, v->truth ? "true" : "false");
	else if (v->text)
		buf_puts(out, v->text);
}
