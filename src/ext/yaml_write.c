// SPDX-License-Identifier: Apache-2.0
/*
 * Writing YAML as a person would: blocks, plain scalars where every reader
 * takes them for what they are, quotes where not, literal blocks for lines.
 */
#include "ext/yaml.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "yaml_scalar.h"

#define STEP 2
/* YAML allows a key before its ':' to be so long (1024); others need a '?'. */
#define KEY_MOST 1000

static void put_node(const struct value *v, int indent, struct buf *out);

/* ---- what a text can be written as ---- */

/* The code point of the character of `step` bytes at text. */
static unsigned int code_of(const char *text, size_t step)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned int code = (unsigned char)text[0] & mask[step];

	for (size_t i = 1; i < step; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

/* YAML's printable characters, without its breaks, tabs and the BOM. */
static bool is_printable(unsigned int code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	return code != 0x2028 && code != 0x2029 && code != 0xfeff &&
	       code != 0xfffe && code != 0xffff;
}

/* Are all characters printable, or one of `others`? */
static bool is_plain_text(const char *text, const char *others)
{
	size_t left = strlen(text);

	while (left) {
		size_t step = name_utf8_step(text, left);

		if (!step)
			return false;
		if (!is_printable(code_of(text, step)) &&
		    (step > 1 || !strchr(others, *text)))
			return false;
		text += step;
		left -= step;
	}
	return true;
}

/* - ? : begin a scalar where no blank follows them. */
static bool begins_plain(const char *text)
{
	if (strchr("-?:", text[0]))
		return text[1] && !strchr(" ,[]{}", text[1]);
	return !strchr(",[]{}#&*!|>'\"%@`", text[0]);
}

static bool is_plain(const char *text)
{
	size_t len = strlen(text);

	if (!len || text[0] == ' ' || text[len - 1] == ' ' ||
	    text[len - 1] == ':')
		return false;
	if (!strncmp(text, "---", 3) || !strncmp(text, "...", 3))
		return false;
	return begins_plain(text) && is_plain_text(text, "") &&
	       !strstr(text, ": ") && !strstr(text, " #") &&
	       !yaml_scalar_is_special(text);
}

/* ---- quoted ---- */

static void put_escaped(const char *text, size_t step, struct buf *out)
{
	static const char plain[] = "\n\t\r\"\\";
	static const char letter[] = "ntr\"\\";
	unsigned int code = step ? code_of(text, step) : 0xfffd;
	const char *at = code && code < 0x80 ? strchr(plain, (int)code) : NULL;

	if (at)
		buf_addf(out, "\\%c", letter[at - plain]);
	else if (is_printable(code) && step)
		buf_add(out, text, step);
	else if (code < 0x100)
		buf_addf(out, "\\x%02x", code);
	else
		buf_addf(out, "\\u%04x", code);
}

static void put_double(const char *text, struct buf *out)
{
	size_t left = strlen(text);

	buf_putc(out, '"');
	while (left) {
		size_t step = name_utf8_step(text, left);

		put_escaped(text, step, out);
		text += step ? step : 1;
		left -= step ? step : 1;
	}
	buf_putc(out, '"');
}

static void put_single(const char *text, struct buf *out)
{
	buf_putc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_putc(out, '\'');
		buf_putc(out, *text);
	}
	buf_putc(out, '\'');
}

static void put_line(const char *text, struct buf *out)
{
	if (is_plain(text))
		buf_puts(out, text);
	else if (is_plain_text(text, "") && !strchr(text, '\''))
		put_single(text, out);
	else
		put_double(text, out);
}

/* ---- literal blocks ---- */

static bool is_literal(const char *text)
{
	return strchr(text, '\n') && text[strspn(text, "\n")] &&
	       is_plain_text(text, "\n\t");
}

/* Indentation is found by the first line that holds something, unless that
 * begins with a blank itself; then it must be told. */
static void put_header(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	buf_putc(out, '|');
	if (strchr(" \t", text[strspn(text, "\n")]))
		buf_addf(out, "%d", STEP);
	if (text[len - 1] != '\n')
		buf_putc(out, '-');
	else if (text[len - 2] == '\n')
		buf_putc(out, '+');
	buf_putc(out, '\n');
}

static void put_literal(const char *text, int indent, struct buf *out)
{
	put_header(text, out);
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			buf_addf(out, "%*s", indent, "");
		buf_add(out, text, len);
		buf_putc(out, '\n');
		text += len + (text[len] == '\n');
	}
}

/* ---- nodes ---- */

static bool is_block(const struct value *v)
{
	return (v->type == VALUE_LIST || v->type == VALUE_MAP) && v->count;
}

/* To the end of its line, that included. Lines of a literal block are indented
 * by indent. */
static void put_scalar(const struct value *v, int indent, struct buf *out)
{
	if (v->type == VALUE_STRING && is_literal(v->text)) {
		put_literal(v->text, indent, out);
		return;
	}
	if (v->type == VALUE_STRING)
		put_line(v->text, out);
	else if (v->type == VALUE_NULL)
		buf_puts(out, "null");
	else if (v->type == VALUE_BOOL)
		buf_puts(out, v->truth ? "true" : "false");
	else if (v->type == VALUE_LIST || v->type == VALUE_MAP)
		buf_puts(out, v->type == VALUE_LIST ? "[]" : "{}");
	else
		value_put_number(v, out);
	buf_putc(out, '\n');
}

static void put_key(const char *key, int indent, struct buf *out)
{
	AUTO(buf_release) struct buf text = BUF_INIT(out->max);

	put_line(key, &text);
	if (text.err && !out->err)
		out->err = text.err;
	if (text.len > KEY_MOST)
		buf_addf(out, "? %s\n%*s:", text.data, indent, "");
	else
		buf_addf(out, "%s:", text.data);
}

/* Where the cursor is, a list or map goes on at once; its further lines are
 * indented by indent. */
static void put_items(const struct value *v, int indent, struct buf *out)
{
	for (size_t i = 0; i < v->count && !out->err; i++) {
		const struct value *item = v->item[i];

		if (i)
			buf_addf(out, "%*s", indent, "");
		if (v->type == VALUE_LIST) {
			buf_puts(out, "- ");
			put_node(item, indent + STEP, out);
			continue;
		}
		put_key(v->key[i], indent, out);
		if (is_block(item))
			buf_addf(out, "\n%*s", indent + STEP, "");
		else
			buf_putc(out, ' ');
		put_node(item, indent + STEP, out);
	}
}

static void put_node(const struct value *v, int indent, struct buf *out)
{
	if (is_block(v))
		put_items(v, indent, out);
	else
		put_scalar(v, indent, out);
}

void yaml_write(const struct value *v, struct buf *out)
{
	if (is_block(v))
		put_items(v, 0, out);
	else
		put_scalar(v, STEP, out);
}
