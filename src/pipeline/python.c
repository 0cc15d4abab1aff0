// SPDX-License-Identifier: Apache-2.0
/*
 * Literals, identifiers and comments of Python, such that no text of an asset
 * can be anything else than what it is written as. (Python's reference, 2.1.3
 * and 2.4; an invisible character that could reorder what a reader sees is
 * escaped as well.)
 */
#include "python.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "pipeline/format.h"

/* ---- strings ---- */

/* The next character of valid UTF-8; its length. */
static size_t take_char(const char *s, uint32_t *ret_c)
{
	unsigned char first = (unsigned char)*s;
	size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t c = len == 1 ? first : first & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	*ret_c = c;
	return len;
}

static bool is_hidden(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff0 && c <= 0xffff) || c >= 0xe0000;
}

static void put_char(const char *s, size_t len, uint32_t c, struct buf *out)
{
	if (c == '\n')
		buf_puts(out, "\\n");
	else if (c == '\\' || c == '\'')
		buf_addf(out, "\\%c", (char)c);
	else if (!is_hidden(c))
		buf_add(out, s, len);
	else if (c < 0x100)
		buf_addf(out, "\\x%02x", (unsigned int)c);
	else if (c < 0x10000)
		buf_addf(out, "\\u%04x", (unsigned int)c);
	else
		buf_addf(out, "\\U%08x", (unsigned int)c);
}

/* Bytes of the first character of text, or 0: it is no UTF-8. */
static size_t next_char(const char *text, size_t len, uint32_t *ret_c)
{
	size_t room = len < 4 ? len : 4;

	/* the shortest valid beginning is one character */
	for (size_t one = 1; one <= room; one++)
		if (name_is_utf8(text, one))
			return take_char(text, ret_c);
	return 0;
}

static void put_part(const char *text, size_t len, struct buf *out)
{
	buf_putc(out, '\'');
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t one = next_char(text + i, len - i, &c);

		if (one)
			put_char(text + i, one, c, out);
		else
			buf_puts(out, "\\ufffd");
		i += one ? one : 1;
	}
	buf_putc(out, '\'');
}

bool python_is_plain(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t one = next_char(text + i, len - i, &c);

		if (!one || is_hidden(c))
			return false;
		i += one;
	}
	return true;
}

int python_put_prose(const char *text, int indent, struct buf *out)
{
	AUTO(buf_release) struct buf prose = BUF_INIT(BUF_MAX);
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t one = next_char(text + i, len - i, &c);

		if (one && (c == '\n' || !is_hidden(c)))
			buf_add(&prose, text + i, one);
		else if (c != '\r' || text[i + 1] != '\n')
			buf_putc(&prose, ' ');
		i += one ? one : 1;
	}
	python_put_lines(prose.data, indent, out);
	return prose.err;
}

void python_put_string(const char *text, struct buf *out)
{
	if (text)
		put_part(text, strlen(text), out);
	else
		buf_puts(out, "None");
}

void python_indent(int indent, struct buf *out)
{
	while (indent-- > 0)
		buf_puts(out, "    ");
}

void python_put_lines(const char *text, int indent, struct buf *out)
{
	const char *end = strchr(text, '\n');

	if (!end || !end[1]) {
		python_put_string(text, out);
		return;
	}
	buf_puts(out, "(");
	while (*text) {
		size_t len = strcspn(text, "\n");

		len += text[len] == '\n';
		buf_putc(out, '\n');
		python_indent(indent + 1, out);
		put_part(text, len, out);
		text += len;
	}
	buf_puts(out, ")");
}

void python_put_comment(const char *text, int indent, struct buf *out)
{
	python_indent(indent, out);
	buf_puts(out, "# ");
	name_put_shown(text, out);
	buf_putc(out, '\n');
}

/* ---- values ---- */

static void put_children(const struct value *v, struct buf *out)
{
	bool map = v->type == VALUE_MAP;

	buf_putc(out, map ? '{' : '[');
	for (size_t i = 0; i < v->count; i++) {
		buf_puts(out, i ? ", " : "");
		if (map) {
			python_put_string(v->key[i], out);
			buf_puts(out, ": ");
		}
		python_put_value(v->item[i], out);
	}
	buf_putc(out, map ? '}' : ']');
}

void python_put_value(const struct value *v, struct buf *out)
{
	switch (v ? v->type : VALUE_NULL) {
	case VALUE_NULL:
		buf_puts(out, "None");
		break;
	case VALUE_BOOL:
		buf_puts(out, v->truth ? "True" : "False");
		break;
	case VALUE_INT:
	case VALUE_REAL:
		buf_puts(out, v->text);
		break;
	case VALUE_STRING:
		python_put_string(v->text, out);
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		put_children(v, out);
		break;
	}
}

/* ---- identifiers ---- */

/* Keywords, and the names that generated code uses itself. */
static const char *const reserved[] = {
	"and",	  "as",	      "assert", "async",  "await",    "break",
	"class",  "continue", "def",	"del",	  "elif",     "else",
	"except", "finally",  "for",	"from",	  "global",   "if",
	"import", "in",	      "is",	"lambda", "match",    "case",
	"type",	  "nonlocal", "not",	"or",	  "pass",     "raise",
	"return", "try",      "while",	"with",	  "yield",    "str",
	"int",	  "float",    "bool",	"list",	  "dict",     "dsl",
	"kfp",	  "typing",   "sys",	"json",	  "compiler", "print",
	"self",	  "pipeline", "len",	"open",	  "os",	      "none",
	"true",	  "false",
};

static bool is_reserved(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcmp(reserved[i], id) == 0)
			return true;
	return false;
}

#define ID_MOST 100 /* bytes; room for a suffix within what KFP allows */

void python_put_identifier(const char *name, struct buf *out)
{
	char id[ID_MOST + 4];
	size_t len = 0;
	bool gap = false;

	for (; *name && len < ID_MOST; name++) {
		unsigned char c = (unsigned char)tolower((unsigned char)*name);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
			gap = len > 0;
			continue;
		}
		if (!len && c >= '0' && c <= '9')
			id[len++] = 'n';
		if (gap)
			id[len++] = '_';
		gap = false;
		id[len++] = (char)c;
	}
	if (!len)
		id[len++] = 'n';
	id[len] = 0;
	buf_puts(out, id);
	if (is_reserved(id))
		buf_putc(out, '_');
}

/* taken: identifier -> the number that its next namesake gets. Counting on from
 * there keeps many equal names from costing their square. */
int python_take_name(struct value *taken, const char *name, const char *suffix,
		     char **ret_id)
{
	AUTO(buf_release) struct buf base = BUF_INIT(1024);
	AUTO(buf_release) struct buf id = BUF_INIT(1024);
	int64_t n = 2;

	python_put_identifier(name, &base);
	if (suffix && base.len && base.data[base.len - 1] == '_')
		buf_puts(&base, suffix);
	else if (suffix)
		buf_addf(&base, "_%s", suffix);
	buf_puts(&id, base.data);
	value_int(value_find(taken, base.data), &n);
	while (!id.err && value_find(taken, id.data))
		buf_setf(&id, "%s_%lld", base.data, (long long)n++);
	if (base.err || id.err || value_set_int(taken, id.data, 2) ||
	    (id.len != base.len && value_set_int(taken, base.data, n)))
		return -ENOMEM;
	*ret_id = buf_take(&id);
	return *ret_id ? 0 : -ENOMEM;
}
