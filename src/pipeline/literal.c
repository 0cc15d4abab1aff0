// SPDX-License-Identifier: Apache-2.0
/*
 * A reader of Python's literals: numbers, strings (prefixes r, u; quotes of one
 * and of three), True, False, None, lists, tuples (which become lists) and
 * dicts with keys that are strings. Not read, so left out: f-strings and bytes,
 * complex numbers, arithmetic beyond a sign, names, calls.
 *
 * Grammar: Python's reference, sections 2.4 and 2.5 (lexical analysis).
 */
#include "literal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"

#define DEPTH_MOST 32

struct reader {
	const char *s;
	int depth; /* of brackets: line ends are white space inside them */
};

/* Spaces, comments, continued lines; line ends too inside brackets. */
static void skip_space(struct reader *r)
{
	for (;;) {
		if (*r->s == ' ' || *r->s == '\t' || *r->s == '\f' ||
		    *r->s == '\r')
			r->s++;
		else if (*r->s == '\\' && r->s[1] == '\n')
			r->s += 2;
		else if (*r->s == '#')
			r->s += strcspn(r->s, "\n");
		else if (*r->s == '\n' && r->depth)
			r->s++;
		else
			return;
	}
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static bool take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(r->s, word, len) != 0 || is_word_char(r->s[len]))
		return false;
	r->s += len;
	return true;
}

/* ---- strings ---- */

static void put_utf8(uint32_t c, struct buf *out)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* digits of base 8 or 16 at r->s, at most `most`; false: fewer than least */
static bool take_code(struct reader *r, int base, size_t least, size_t most,
		      struct buf *out)
{
	const char *digits = base == 8 ? "01234567" : "0123456789abcdefABCDEF";
	char text[9] = { 0 };
	size_t len = strspn(r->s, digits);
	unsigned long c;

	if (len > most)
		len = most;
	if (len < least)
		return false;
	memcpy(text, r->s, len);
	c = strtoul(text, NULL, base);
	if (!c || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	put_utf8((uint32_t)c, out);
	r->s += len;
	return true;
}

/* r->s is behind a backslash */
static bool take_escape(struct reader *r, struct buf *out)
{
	static const char from[] = "\\'\"abfnrtv";
	static const char to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *known = *r->s ? strchr(from, *r->s) : NULL;

	if (known) {
		buf_putc(out, to[known - from]);
		r->s++;
		return true;
	}
	if (*r->s >= '0' && *r->s <= '7')
		return take_code(r, 8, 1, 3, out);
	switch (*r->s) {
	case '\n':
		r->s++;
		return true;
	case 'x':
		r->s++;
		return take_code(r, 16, 2, 2, out);
	case 'u':
		r->s++;
		return take_code(r, 16, 4, 4, out);
	case 'U':
		r->s++;
		return take_code(r, 16, 8, 8, out);
	case 'N':
		return false;
	default: /* an unknown escape stays as it is */
		buf_putc(out, '\\');
		return true;
	}
}

static bool take_quoted(struct reader *r, bool raw, struct buf *out)
{
	char quote = *r->s;
	bool three = r->s[1] == quote && r->s[2] == quote;

	r->s += three ? 3 : 1;
	while (*r->s) {
		if (*r->s == quote &&
		    (!three || (r->s[1] == quote && r->s[2] == quote))) {
			r->s += three ? 3 : 1;
			return true;
		}
		if (*r->s == '\n' && !three)
			return false;
		if (*r->s != '\\') {
			buf_putc(out, *r->s++);
			continue;
		}
		r->s++;
		if (!raw && !take_escape(r, out))
			return false;
		if (raw) {
			buf_putc(out, '\\');
			if (*r->s)
				buf_putc(out, *r->s++);
		}
	}
	return false;
}

/* The length of a prefix of a string that we read, or -1: no string. */
static int prefix(const char *s, bool *ret_raw)
{
	*ret_raw = false;
	if (*s == '\'' || *s == '"')
		return 0;
	if (*s && strchr("rRuU", *s) && (s[1] == '\'' || s[1] == '"')) {
		*ret_raw = tolower((unsigned char)*s) == 'r';
		return 1;
	}
	return -1;
}

/* Strings that stand one after another are one. */
static int read_string(struct reader *r, struct value **ret)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	bool raw;

	for (;;) {
		int skip = prefix(r->s, &raw);

		if (skip < 0)
			break;
		r->s += skip;
		if (!take_quoted(r, raw, &text))
			return -EINVAL;
		skip_space(r);
	}
	if (text.err)
		return text.err;
	if (!name_is_utf8(text.data, text.len))
		return -EINVAL;
	*ret = value_new_string(text.data);
	return *ret ? 0 : -ENOMEM;
}

/* ---- numbers ---- */

/* Digits without their underscores, up to what cannot be of a number. */
static bool take_number(struct reader *r, struct buf *text)
{
	size_t len = 0;

	while (is_word_char(r->s[len]) || r->s[len] == '.' ||
	       (len && strchr("+-", r->s[len]) && strchr("eE", r->s[len - 1]) &&
		strncasecmp(r->s, "0x", 2)))
		len++;
	for (size_t i = 0; i < len; i++) {
		if (r->s[i] != '_')
			buf_putc(text, r->s[i]);
		else if (!i || !isxdigit((unsigned char)r->s[i - 1]) ||
			 !isxdigit((unsigned char)r->s[i + 1]))
			return false;
	}
	r->s += len;
	return true;
}

static int based_integer(const char *digits, int base, bool minus,
			 struct value **ret)
{
	char *end;
	intmax_t n;

	errno = 0;
	n = strtoimax(digits, &end, base);
	if (errno || *end || !isxdigit((unsigned char)*digits))
		return -EINVAL;
	*ret = value_new_int(minus ? -n : n);
	return *ret ? 0 : -ENOMEM;
}

static int real(const char *text, struct value **ret)
{
	char *end;
	double n;

	if (strspn(text, "-0123456789.eE+") != strlen(text))
		return -EINVAL;
	n = strtod(text, &end);
	if (*end || !isfinite(n))
		return -EINVAL;
	*ret = value_new_real(n);
	return *ret ? 0 : -ENOMEM;
}

static int read_number(struct reader *r, struct value **ret)
{
	AUTO(buf_release) struct buf text = BUF_INIT(4096);
	bool minus = *r->s == '-';
	const char *digits;

	r->s += *r->s == '-' || *r->s == '+';
	skip_space(r);
	if (minus)
		buf_putc(&text, '-');
	if (!take_number(r, &text) || text.err)
		return text.err == -ENOMEM ? -ENOMEM : -EINVAL;
	digits = text.data + minus;
	if (!strncasecmp(digits, "0x", 2))
		return based_integer(digits + 2, 16, minus, ret);
	if (!strncasecmp(digits, "0o", 2))
		return based_integer(digits + 2, 8, minus, ret);
	if (!strncasecmp(digits, "0b", 2))
		return based_integer(digits + 2, 2, minus, ret);
	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return real(text.data, ret);
	/* Python knows no leading zeros */
	if (digits[0] == '0' && strspn(digits, "0") != strlen(digits))
		return -EINVAL;
	*ret = value_new_number(VALUE_INT, digits[0] == '0' ? "0" : text.data);
	return *ret ? 0 : -ENOMEM;
}

/* ---- values ---- */

static int read_value(struct reader *r, struct value **ret);

static int read_items(struct reader *r, char end, struct value **ret)
{
	AUTO(value_release) struct value *list = value_new_list();
	bool comma = true;

	if (!list)
		return -ENOMEM;
	for (skip_space(r); *r->s != end; skip_space(r)) {
		struct value *item = NULL;
		int err = comma ? read_value(r, &item) : -EINVAL;

		if (!err)
			err = value_add(list, item);
		if (err)
			return err;
		comma = *r->s == ',';
		r->s += comma;
	}
	/* (x) is x */
	if (end == ')' && list->count == 1 && !comma) {
		*ret = value_copy(list->item[0]);
		r->s++;
		return *ret ? 0 : -ENOMEM;
	}
	r->s++;
	*ret = TAKE(list);
	return 0;
}

static int read_dict(struct reader *r, struct value **ret)
{
	AUTO(value_release) struct value *map = value_new_map();
	bool comma = true, raw;

	if (!map)
		return -ENOMEM;
	for (skip_space(r); *r->s != '}'; skip_space(r)) {
		AUTO(value_release) struct value *key = NULL;
		struct value *item = NULL;
		int err = comma && prefix(r->s, &raw) >= 0
				  ? read_string(r, &key)
				  : -EINVAL;

		if (!err && *r->s != ':')
			err = -EINVAL;
		if (!err) {
			r->s++;
			err = read_value(r, &item);
		}
		if (!err)
			err = value_set(map, key->text, item);
		if (err)
			return err;
		comma = *r->s == ',';
		r->s += comma;
	}
	r->s++;
	*ret = TAKE(map);
	return 0;
}

static int read_bracket(struct reader *r, struct value **ret)
{
	char open = *r->s++;
	int err;

	if (++r->depth > DEPTH_MOST)
		return -EINVAL;
	if (open == '{')
		err = read_dict(r, ret);
	else
		err = read_items(r, open == '[' ? ']' : ')', ret);
	r->depth--;
	return err;
}

static int read_atom(struct reader *r, struct value **ret)
{
	bool raw;

	if (*r->s && strchr("[({", *r->s))
		return read_bracket(r, ret);
	if (prefix(r->s, &raw) >= 0)
		return read_string(r, ret);
	if (take_word(r, "True"))
		*ret = value_new_bool(true);
	else if (take_word(r, "False"))
		*ret = value_new_bool(false);
	else if (take_word(r, "None"))
		*ret = value_new_null();
	else if (*r->s && strchr("+-.0123456789", *r->s))
		return read_number(r, ret);
	else
		return -EINVAL;
	return *ret ? 0 : -ENOMEM;
}

static int read_value(struct reader *r, struct value **ret)
{
	int err;

	skip_space(r);
	err = read_atom(r, ret);
	if (!err)
		skip_space(r);
	return err;
}

/* ---- statements ---- */

/* `name =` or `name: type =`, at the left edge. Bytes of the name, or 0: it is
 * none. */
static size_t take_target(struct reader *r)
{
	const char *start = r->s;
	size_t len = 0;

	while (is_word_char(start[len]))
		len++;
	if (!len || isdigit((unsigned char)start[0]))
		return 0;
	r->s += len;
	skip_space(r);
	if (*r->s == ':')
		r->s += strcspn(r->s, "=\n");
	if (*r->s != '=' || r->s[1] == '=')
		return 0;
	r->s++;
	return len;
}

/* Steps over what it read: a literal, or a text on its own (a docstring may
 * have lines that look like assignments). */
static int read_statement(const char **line, struct value *map)
{
	struct reader r = { .s = *line };
	AUTO(value_release) struct value *v = NULL;
	AUTO(free_text) char *name = NULL;
	bool raw, text = prefix(r.s, &raw) >= 0;
	size_t len = text ? 0 : take_target(&r);
	int err;

	if (!text && !len)
		return 0;
	name = len ? strndup(*line, len) : NULL;
	if (len && !name)
		return -ENOMEM;
	err = read_value(&r, &v);
	if (err == -ENOMEM)
		return err;
	if (!err)
		*line = r.s;
	if (!name)
		return 0;
	/* the statement must end with the literal */
	if (err || (*r.s && *r.s != '\n' && *r.s != ';')) {
		value_drop(map, name);
		return 0;
	}
	return value_set(map, name, TAKE(v));
}

int literals_read(const char *source, struct value *map)
{
	int err = 0;

	while (*source && !err) {
		err = read_statement(&source, map);
		source += strcspn(source, "\n");
		source += *source == '\n';
	}
	return err;
}
