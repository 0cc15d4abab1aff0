// SPDX-License-Identifier: Apache-2.0
/*
 * A user's value made fit for a parameter. The rules are those of the Kubeflow
 * Pipelines driver and launcher (STRING takes any scalar's text, BOOLEAN what
 * Go's strconv.ParseBool takes, LIST and STRUCT take JSON text), so that a run
 * here and a run there take the same input.
 */
#include "pipeline/pipeline.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"

#define JSON_MOST ((size_t)1 << 20) /* bytes of a value given as text */

/* A copy without the white space around, or NULL. */
static char *trim(const char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return strndup(text, len);
}

static int make(struct value *take_v, struct value **ret_value)
{
	if (!take_v)
		return -ENOMEM;
	*ret_value = take_v;
	return 0;
}

/* JSON's grammar of numbers: a text that both strtod and a reader of JSON
 * take. A leading '+' is dropped before. */
static bool is_number(const char *text, bool *ret_integer)
{
	const char *c = text + (*text == '-');
	size_t digits = strspn(c, "0123456789");

	if (!digits || (digits > 1 && *c == '0'))
		return false;
	c += digits;
	*ret_integer = !*c;
	if (*c == '.') {
		digits = strspn(++c, "0123456789");
		if (!digits)
			return false;
		c += digits;
	}
	if (*c == 'e' || *c == 'E') {
		c += 1 + (c[1] == '+' || c[1] == '-');
		digits = strspn(c, "0123456789");
		if (!digits)
			return false;
		c += digits;
	}
	return !*c;
}

static int integer_from(const char *text, struct value **ret_value)
{
	AUTO(value_release) struct value *v = NULL;
	bool integer;
	double real;
	int64_t n;

	if (!is_number(text, &integer))
		return -EINVAL;
	if (integer) {
		v = value_new_number(VALUE_INT, text);
		if (!v)
			return -ENOMEM;
		if (value_int(v, &n))
			return -EINVAL;
		return make(TAKE(v), ret_value);
	}
	/* 5.0 is an integer as far as doubles are exact */
	real = strtod(text, NULL);
	if (real != floor(real) || fabs(real) > 9007199254740991.0)
		return -EINVAL;
	return make(value_new_int((int64_t)real), ret_value);
}

static int real_from(const char *text, struct value **ret_value)
{
	bool integer;

	if (!is_number(text, &integer) || !isfinite(strtod(text, NULL)))
		return -EINVAL;
	return make(value_new_number(integer ? VALUE_INT : VALUE_REAL, text),
		    ret_value);
}

static int boolean_from(const char *text, struct value **ret_value)
{
	static const char *const yes[] = { "1", "t", "true" };
	static const char *const no[] = { "0", "f", "false" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i]))
			return make(value_new_bool(!strcasecmp(text, yes[i])),
				    ret_value);
	return -EINVAL;
}

static int json_from(const char *text, enum value_type type,
		     struct value **ret_value)
{
	AUTO(value_release) struct value *v = NULL;
	int err = json_read(text, strlen(text), JSON_MOST, NULL, &v);

	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	if (!value_is(v, type))
		return -EINVAL;
	*ret_value = TAKE(v);
	return 0;
}

static int string_from(const struct value *v, struct value **ret_value)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

	if (v->type == VALUE_LIST || v->type == VALUE_MAP ||
	    v->type == VALUE_NULL)
		return -EINVAL;
	value_put_scalar(v, &text);
	if (text.err)
		return text.err;
	return make(value_new_string(text.data), ret_value);
}

static int from_text(enum data_type type, const char *given,
		     struct value **ret_value)
{
	AUTO(free_text) char *trimmed = trim(given);
	const char *text = trimmed;

	if (!text)
		return -ENOMEM;
	text += *text == '+' && isdigit((unsigned char)text[1]);
	switch (type) {
	case TYPE_INTEGER:
		return integer_from(text, ret_value);
	case TYPE_REAL:
		return real_from(text, ret_value);
	case TYPE_BOOLEAN:
		return boolean_from(trimmed, ret_value);
	case TYPE_LIST:
		return json_from(trimmed, VALUE_LIST, ret_value);
	case TYPE_STRUCT:
		return json_from(trimmed, VALUE_MAP, ret_value);
	case TYPE_STRING:
	case TYPE_ARTIFACT:
		break;
	}
	return -EINVAL;
}

static int convert(enum data_type type, const struct value *v,
		   struct value **ret_value)
{
	bool number = value_is(v, VALUE_INT) || value_is(v, VALUE_REAL);

	if (type == TYPE_STRING || type == TYPE_ARTIFACT)
		return string_from(v, ret_value);
	if ((type == TYPE_BOOLEAN && v->type == VALUE_BOOL) ||
	    (type == TYPE_LIST && v->type == VALUE_LIST) ||
	    (type == TYPE_STRUCT && v->type == VALUE_MAP))
		return make(value_copy(v), ret_value);
	if (v->type == VALUE_STRING || (number && type != TYPE_BOOLEAN))
		return from_text(type, v->text, ret_value);
	return -EINVAL;
}

static const char *expected(enum data_type type)
{
	static const char *const names[] = {
		[TYPE_STRING] = "a string",
		[TYPE_INTEGER] = "an integer",
		[TYPE_REAL] = "a number",
		[TYPE_BOOLEAN] = "a boolean",
		[TYPE_LIST] = "a list",
		[TYPE_STRUCT] = "a map",
		[TYPE_ARTIFACT] = "a path or an address",
	};

	return names[type];
}

int param_convert(const struct param *p, const struct value *v, struct buf *why,
		  struct value **ret_value)
{
	int err = v ? convert(p->type, v, ret_value) : -EINVAL;

	if (err != -EINVAL)
		return err;
	if (v && v->text)
		return why_set(why, -EINVAL,
			       "%s: expected %s, found %s \"%.60s\"", p->name,
			       expected(p->type), value_type_name(v), v->text);
	return why_set(why, -EINVAL, "%s: expected %s, found %s", p->name,
		       expected(p->type), value_type_name(v));
}
