// SPDX-License-Identifier: Apache-2.0
/*
 * JSON by cJSON, which is lenient where RFC 8259 is not, keeps numbers as
 * doubles only, and cuts strings at \u0000. So a pass before it judges the
 * characters, the numbers and the depth, and blanks every number but for one
 * digit; where cJSON then finds a number, the next one of the text is meant.
 */
#include "ext/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"

#define DEPTH_MOST 64
#define DIGITS "0123456789"

struct reader {
	const char *text; /* as it came; len bytes */
	size_t len;
	char *copy; /* what cJSON reads: numbers blanked, a NUL at its end */
	size_t depth;
	size_t at;     /* the next byte to be judged */
	size_t number; /* where the search for the next number begins */
	struct buf *why;
};

/* ---- cJSON's memory ---- */

/* cJSON does not tell a lack of memory from an error of syntax. */
static __thread bool starved;

static void *allocate(size_t n)
{
	void *p = malloc(n);

	starved = starved || !p;
	return p;
}

static void set_up(void)
{
	cJSON_Hooks hooks = { .malloc_fn = allocate, .free_fn = free };

	cJSON_InitHooks(&hooks);
}

static void tree_release(cJSON **tree)
{
	cJSON_Delete(*tree);
}

/* ---- the pass before ---- */

static int refuse(struct reader *r, const char *problem)
{
	return why_set(r->why, -EINVAL, "byte %zu: %s", r->at + 1, problem);
}

static int judge_string(struct reader *r)
{
	for (r->at++; r->at < r->len; r->at++) {
		const char *at = r->text + r->at;

		if (*at == '"') {
			r->at++;
			return 0;
		}
		if ((unsigned char)*at < 0x20)
			return refuse(r, "a control character in a string");
		if (*at != '\\')
			continue;
		if (r->len - r->at >= 6 && !memcmp(at, "\\u0000", 6))
			return refuse(r, "a string with a NUL in it");
		r->at++; /* what is escaped, were it a quote */
	}
	return refuse(r, "a string without an end");
}

/* The length of a number at text (NUL-terminated), or 0. */
static size_t number_length(const char *text)
{
	const char *at = text + (*text == '-');
	size_t whole = strspn(at, DIGITS);

	if (!whole || (whole > 1 && *at == '0'))
		return 0;
	at += whole;
	if (*at == '.') {
		whole = strspn(++at, DIGITS);
		if (!whole)
			return 0;
		at += whole;
	}
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '-' || at[1] == '+');
		whole = strspn(at, DIGITS);
		if (!whole)
			return 0;
		at += whole;
	}
	return (size_t)(at - text);
}

static int judge_number(struct reader *r)
{
	size_t len = number_length(r->text + r->at);
	const char *after = r->text + r->at + len;

	if (!len || (*after && strchr("+-.eE" DIGITS, *after)))
		return refuse(r, "no number of JSON's");
	memset(r->copy + r->at, ' ', len);
	r->copy[r->at] = '0';
	r->at += len;
	return 0;
}

static int judge_other(struct reader *r)
{
	char c = r->text[r->at];

	if (strchr("[{", c) && ++r->depth > DEPTH_MOST)
		return why_set(r->why, -EFBIG,
			       "byte %zu: nested deeper than %d", r->at + 1,
			       DEPTH_MOST);
	if (strchr("]}", c) && r->depth)
		r->depth--;
	if (!strchr("[]{}:, \t\r\ntruefalsn", c))
		return refuse(r, "nothing of JSON's begins so");
	r->at++;
	return 0;
}

static int judge(struct reader *r)
{
	int err = 0;

	if (!name_is_utf8(r->text, r->len))
		return why_set(r->why, -EINVAL,
			       "not valid UTF-8, or a NUL in it");
	while (!err && r->at < r->len) {
		char c = r->text[r->at];

		if (c == '"')
			err = judge_string(r);
		else if (c == '-' || (c >= '0' && c <= '9'))
			err = judge_number(r);
		else
			err = judge_other(r);
	}
	return err;
}

/* ---- cJSON's tree into values ---- */

/* Numbers stand where the copy has its only digits outside of strings. */
static void find_number(struct reader *r)
{
	while (r->copy[r->number] != '0') {
		if (r->copy[r->number++] != '"')
			continue;
		while (r->copy[r->number] != '"')
			r->number += 1 + (r->copy[r->number] == '\\');
		r->number++;
	}
}

static struct value *take_number(struct reader *r)
{
	AUTO(free_text) char *text = NULL;
	size_t len;

	find_number(r);
	len = number_length(r->text + r->number);
	text = strndup(r->text + r->number, len);
	r->number += len;
	if (!text)
		return NULL;
	return value_new_number(strpbrk(text, ".eE") ? VALUE_REAL : VALUE_INT,
				text);
}

static struct value *convert(struct reader *r, const cJSON *item);

static struct value *convert_nested(struct reader *r, const cJSON *item)
{
	bool is_list = cJSON_IsArray(item);
	AUTO(value_release)
	struct value *v = is_list ? value_new_list() : value_new_map();
	int err = v ? 0 : -ENOMEM;

	for (const cJSON *c = item->child; c && !err; c = c->next) {
		struct value *child = convert(r, c);

		err = is_list ? value_add(v, child)
			      : value_set(v, c->string, child);
	}
	return err ? NULL : TAKE(v);
}

static struct value *convert(struct reader *r, const cJSON *item)
{
	if (cJSON_IsNumber(item))
		return take_number(r);
	if (cJSON_IsString(item))
		return value_new_string(item->valuestring);
	if (cJSON_IsBool(item))
		return value_new_bool(cJSON_IsTrue(item));
	if (cJSON_IsNull(item))
		return value_new_null();
	return convert_nested(r, item);
}

/* cJSON tells where it gave up, not why, and at times one byte late. */
static int refuse_at(struct reader *r, size_t at)
{
	bool is_blank = r->text[strspn(r->text, " \t\r\n")] == 0;

	r->at = at < r->len ? at : r->len;
	if (at >= r->len && (r->depth || is_blank))
		return refuse(r, "the text ends too early");
	if (r->at == r->len)
		r->at--;
	return refuse(r, "this does not belong here");
}

static int parse(struct reader *r, struct value **ret_doc)
{
	AUTO(tree_release) cJSON *tree = NULL;
	const char *end = r->copy;

	starved = false;
	tree = cJSON_ParseWithLengthOpts(r->copy, r->len + 1, &end, true);
	if (!tree && starved)
		return -ENOMEM;
	if (!tree)
		return refuse_at(r, (size_t)(end - r->copy));
	*ret_doc = convert(r, tree);
	return *ret_doc ? 0 : -ENOMEM;
}

int json_read(const char *text, size_t len, size_t max_len, struct buf *why,
	      struct value **ret_doc)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	AUTO(free_text) char *own = NULL;
	AUTO(free_text) char *copy = NULL;
	struct reader r = { .len = len, .why = why };
	int err;

	pthread_once(&once, set_up);
	if (len > max_len)
		return why_set(why, -EFBIG, "%zu bytes, more than %zu", len,
			       max_len);
	/* with a NUL behind it */
	own = malloc(len + 1);
	copy = malloc(len + 1);
	if (!own || !copy)
		return -ENOMEM;
	memcpy(own, text, len);
	own[len] = 0;
	memcpy(copy, own, len + 1);
	r.text = own;
	r.copy = copy;
	err = judge(&r);
	return err ? err : parse(&r, ret_doc);
}

/* ---- writing ---- */

static void put_escaped(unsigned char c, struct buf *out)
{
	static const char plain[] = "\b\f\n\r\t\"\\";
	static const char letter[] = "bfnrt\"\\";
	const char *at = strchr(plain, c);

	if (at)
		buf_addf(out, "\\%c", letter[at - plain]);
	else
		buf_addf(out, "\\u%04x", c);
}

void json_write_string(const char *text, struct buf *out)
{
	size_t left = strlen(text);

	buf_putc(out, '"');
	while (left) {
		size_t step = name_utf8_step(text, left);
		unsigned char c = (unsigned char)*text;

		if (!step)
			buf_puts(out, "\xef\xbf\xbd"); /* U+FFFD */
		else if (c < 0x20 || c == '"' || c == '\\')
			put_escaped(c, out);
		else
			buf_add(out, text, step);
		text += step ? step : 1;
		left -= step ? step : 1;
	}
	buf_putc(out, '"');
}

/* indent < 0: on one line */
static void put_break(int indent, struct buf *out)
{
	if (indent >= 0)
		buf_addf(out, "\n%*s", indent, "");
}

static void put_value(const struct value *v, int indent, struct buf *out);

static void put_nested(const struct value *v, int indent, struct buf *out)
{
	bool is_list = v->type == VALUE_LIST;
	int deeper = indent < 0 ? indent : indent + 2;

	buf_putc(out, is_list ? '[' : '{');
	for (size_t i = 0; i < v->count && !out->err; i++) {
		if (i)
			buf_puts(out, indent < 0 ? ", " : ",");
		put_break(deeper, out);
		if (!is_list) {
			json_write_string(v->key[i], out);
			buf_puts(out, ": ");
		}
		put_value(v->item[i], deeper, out);
	}
	if (v->count)
		put_break(indent, out);
	buf_putc(out, is_list ? ']' : '}');
}

static void put_value(const struct value *v, int indent, struct buf *out)
{
	if (v->type == VALUE_LIST || v->type == VALUE_MAP)
		put_nested(v, indent, out);
	else if (v->type == VALUE_STRING)
		json_write_string(v->text, out);
	else if (v->type == VALUE_NULL)
		buf_puts(out, "null");
	else if (v->type == VALUE_BOOL)
		buf_puts(out, v->truth ? "true" : "false");
	else
		buf_puts(out, v->text);
}

void json_write(const struct value *v, struct buf *out)
{
	put_value(v, 0, out);
	buf_putc(out, '\n');
}

void json_write_line(const struct value *v, struct buf *out)
{
	put_value(v, -1, out);
}
