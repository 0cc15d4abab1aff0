// SPDX-License-Identifier: Apache-2.0
/*
 * A document: what YAML and JSON both say, without either library.
 *
 * ext/yaml and ext/json read text into values and write values as text; all
 * other layers know values only. Numbers keep the text that they were written
 * with, since 2^53 + 1 and 1.10 must come out as they went in.
 *
 * Ownership: a map or a list owns its children. `value_find` and friends lend;
 * a `take_` parameter is consumed whether or not the call succeeds, so that
 *	err = value_set(map, "name", value_new_string("x"));
 * needs no check of the inner call: a NULL child makes it -ENOMEM.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,    /* text: decimal digits with an optional sign */
	VALUE_REAL,   /* text: as JSON writes a number with . or e */
	VALUE_STRING, /* text: UTF-8 without NUL */
	VALUE_LIST,
	VALUE_MAP, /* keys are unique and keep their order */
};

struct value {
	enum value_type type;
	int line;     /* where it began in its source, from 1; 0: nowhere */
	bool truth;   /* BOOL */
	char *text;   /* INT, REAL, STRING; owned */
	size_t count; /* LIST, MAP: children */
	size_t cap;   /* LIST, MAP: slots allocated */
	char **key;   /* MAP: count keys, owned */
	struct value **item; /* LIST, MAP: count children, owned */
	/* MAP with many keys, else NULL: a hash table of `slots` places, each 0
	 * or the number of a key counted from 1. value.c's own. */
	uint32_t *slot;
	size_t slots;
};

/* Each returns NULL when out of memory. */
struct value *value_new_null(void);
struct value *value_new_bool(bool truth);
struct value *value_new_int(int64_t n);
struct value *value_new_real(double n); /* shortest text that reads back */
struct value *value_new_string(const char *text);
struct value *value_new_list(void);
struct value *value_new_map(void);
/* A number from its own text; the caller has checked the grammar. */
struct value *value_new_number(enum value_type type, const char *text);
struct value *value_copy(const struct value *v);
void value_free(struct value *v);     /* NULL is fine */
void value_release(struct value **v); /* for AUTO() */

/* 0 or -ENOMEM. value_set replaces the child of an existing key. */
int value_add(struct value *list, struct value *take_item);
int value_set(struct value *map, const char *key, struct value *take_item);
int value_set_string(struct value *map, const char *key, const char *text);
int value_set_int(struct value *map, const char *key, int64_t n);
int value_set_bool(struct value *map, const char *key, bool truth);
/* Drop a key; nothing happens when it is absent. */
void value_drop(struct value *map, const char *key);

/* The child of a map, or NULL: also when v is NULL or no map. */
struct value *value_find(const struct value *v, const char *key);
/* The same along a dotted path of plain keys: "license.name". */
struct value *value_path(const struct value *v, const char *path);
/* The text of a STRING, or NULL for anything else (NULL included). */
const char *value_string(const struct value *v);
const char *value_find_string(const struct value *map, const char *key);
/* -EINVAL: not such a number, or out of range. */
int value_int(const struct value *v, int64_t *ret_n);
int value_real(const struct value *v, double *ret_n);	    /* INT or REAL */
bool value_is(const struct value *v, enum value_type type); /* NULL: false */
/* "a string", "a list", …: for sentences. "nothing" for NULL. */
const char *value_type_name(const struct value *v);
/* Order of keys aside; 1e3 and 1.0e+3 are the same, 1.10 and 1.1 are not. */
bool value_equal(const struct value *a, const struct value *b);
/* The text of an INT or REAL as JSON, YAML 1.1 and Python all read it: an
 * exponent gets a point before it and a sign. 1e3 becomes 1.0e+3. */
void value_put_number(const struct value *v, struct buf *out);
/* A scalar as a person writes it: true, 3, abc; nothing for NULL, lists and
 * maps (write those with ext/json). */
void value_put_scalar(const struct value *v, struct buf *out);

#endif
