// SPDX-License-Identifier: Apache-2.0
/*
 * The types of plain scalars. The grammar is that of https://yaml.org/type/
 * with PyYAML's differences, since that is what reads most such files: y and n
 * are strings, a real has a point and a signed exponent, .5 has no sign.
 */
#include "yaml_scalar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define DECIMAL "0123456789"
#define HEX DECIMAL "abcdefABCDEF"
/* Converting takes time by the square of the length. */
#define CONVERTED_MOST 256

/* ---- grammar ---- */

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static bool is_null(const char *text)
{
	static const char *const words[] = { "",     "~",    "null",
					     "Null", "NULL", NULL };

	return one_of(text, words);
}

static bool is_true(const char *text)
{
	static const char *const words[] = { "yes",  "Yes",  "YES", "true",
					     "True", "TRUE", "on",  "On",
					     "ON",   NULL };

	return one_of(text, words);
}

static bool is_false(const char *text)
{
	static const char *const words[] = { "no",    "No",    "NO",  "false",
					     "False", "FALSE", "off", "Off",
					     "OFF",   NULL };

	return one_of(text, words);
}

static const char *skip_sign(const char *text)
{
	return text + (*text == '-' || *text == '+');
}

static bool all_of(const char *text, const char *set)
{
	return *text && !text[strspn(text, set)];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Behind (:[0-5]?[0-9])+, or NULL. */
static const char *skip_sixties(const char *text)
{
	if (*text != ':')
		return NULL;
	while (*text == ':') {
		size_t digits = strspn(++text, DECIMAL);

		if (!digits || digits > 2 || (digits == 2 && *text > '5'))
			return NULL;
		text += digits;
	}
	return text;
}

static bool is_int(const char *text)
{
	text = skip_sign(text);
	if (!strncmp(text, "0b", 2))
		return all_of(text + 2, "01_");
	if (!strncmp(text, "0x", 2))
		return all_of(text + 2, HEX "_");
	if (*text == '0')
		return !text[1] || all_of(text + 1, "01234567_");
	if (!is_digit(*text))
		return false;
	text += strspn(text, DECIMAL "_");
	if (*text)
		text = skip_sixties(text);
	return text && !*text;
}

static bool is_exponent_or_end(const char *text)
{
	if (!*text)
		return true;
	return (*text == 'e' || *text == 'E') &&
	       (text[1] == '+' || text[1] == '-') && all_of(text + 2, DECIMAL);
}

static bool is_real(const char *text)
{
	const char *sixties;

	if (text[0] == '.')
		return is_digit(text[1]) &&
		       is_exponent_or_end(text + 1 +
					  strspn(text + 1, DECIMAL "_"));
	text = skip_sign(text);
	if (!is_digit(*text))
		return false;
	text += strspn(text, DECIMAL "_");
	if (*text == '.') {
		text++;
		return is_exponent_or_end(text + strspn(text, DECIMAL "_"));
	}
	sixties = skip_sixties(text);
	return sixties && *sixties == '.' &&
	       !sixties[1 + strspn(sixties + 1, DECIMAL "_")];
}

enum value_type yaml_scalar_type(const char *text)
{
	if (is_null(text))
		return VALUE_NULL;
	if (is_true(text) || is_false(text))
		return VALUE_BOOL;
	if (is_real(text))
		return VALUE_REAL;
	return is_int(text) ? VALUE_INT : VALUE_STRING;
}

/* ---- integers of other bases, into decimal ---- */

struct decimal {
	size_t len;				 /* digits in use */
	unsigned char digit[CONVERTED_MOST * 2]; /* the lowest first */
};

/* CONVERTED_MOST characters of base 60 or less make fewer digits than that. */
static void decimal_step(struct decimal *d, unsigned int times,
			 unsigned int plus)
{
	unsigned int carry = plus;

	for (size_t i = 0; i < d->len || carry; i++) {
		carry += (i < d->len ? d->digit[i] : 0) * times;
		d->digit[i] = (unsigned char)(carry % 10);
		carry /= 10;
		if (i >= d->len)
			d->len = i + 1;
	}
}

static unsigned int digit_of(char c)
{
	if (is_digit(c))
		return (unsigned int)(c - '0');
	return (unsigned int)((c | 0x20) - 'a') + 10;
}

static void convert(struct decimal *d, const char *text, unsigned int base)
{
	d->len = 0;
	for (; *text; text++)
		if (*text != '_')
			decimal_step(d, base, digit_of(*text));
}

static void convert_sixties(struct decimal *d, const char *text)
{
	size_t first = strcspn(text, ":");

	d->len = 0;
	for (size_t i = 0; i < first; i++)
		if (text[i] != '_')
			decimal_step(d, 10, digit_of(text[i]));
	for (text += first; *text; text += strcspn(text, ":"))
		decimal_step(d, 60, (unsigned int)strtoul(++text, NULL, 10));
}

static void put_decimal(const struct decimal *d, struct buf *out)
{
	size_t i = d->len;

	while (i && !d->digit[i - 1])
		i--;
	if (!i)
		buf_putc(out, '0');
	while (i)
		buf_putc(out, (char)('0' + d->digit[--i]));
}

static void put_without_underscores(const char *text, size_t len,
				    struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '_')
			buf_putc(out, text[i]);
}

/* A number of base 2, 8, 16 or 60; 0 for decimal ones. */
static unsigned int base_of(const char *digits)
{
	if (digits[0] == '0' && digits[1])
		return digits[1] == 'b' ? 2 : digits[1] == 'x' ? 16 : 8;
	return strchr(digits, ':') ? 60 : 0;
}

static int put_int(const char *text, struct buf *out)
{
	const char *digits = skip_sign(text);
	unsigned int base = base_of(digits);
	struct decimal d;

	if (*text == '-')
		buf_putc(out, '-');
	if (!base) {
		put_without_underscores(digits, strlen(digits), out);
		return 0;
	}
	if (strlen(digits) > CONVERTED_MOST)
		return -EINVAL;
	if (base == 2 || base == 16)
		digits += 2;
	if (!digits[strspn(digits, "_")])
		return -EINVAL;
	if (base == 60)
		convert_sixties(&d, digits);
	else
		convert(&d, digits, base);
	put_decimal(&d, out);
	return 0;
}

/* ---- reals ---- */

static int value_of_sixties(const char *text, struct value **ret_v)
{
	AUTO(buf_release) struct buf plain = BUF_INIT(BUF_MAX);
	const char *at;
	double n = 0;

	put_without_underscores(text, strlen(text), &plain);
	if (plain.err)
		return plain.err;
	for (at = skip_sign(plain.data); at; at = strchr(at, ':')) {
		at += *at == ':';
		n = n * 60 + strtod(at, NULL);
	}
	*ret_v = value_new_real(*text == '-' ? -n : n);
	return *ret_v ? 0 : -ENOMEM;
}

/* Digits before the point without leading zeros, digits behind it, exponent. */
static void put_real(const char *text, struct buf *out)
{
	const char *digits = skip_sign(text);
	size_t whole = strspn(digits, DECIMAL "_");
	const char *rest = digits + whole;

	while (whole > 1 && (*digits == '0' || *digits == '_')) {
		digits++;
		whole--;
	}
	if (*text == '-')
		buf_putc(out, '-');
	if (!whole || *digits == '_')
		buf_putc(out, '0');
	put_without_underscores(digits, whole, out);
	if (*rest != '.') {
		buf_puts(out, *rest ? "" : ".0");
		buf_puts(out, rest);
		return;
	}
	buf_putc(out, '.');
	whole = strspn(++rest, DECIMAL "_");
	if (strspn(rest, "_") == whole)
		buf_putc(out, '0');
	put_without_underscores(rest, whole, out);
	buf_puts(out, rest + whole);
}

/* ---- values ---- */

static int number(enum value_type type, const char *text, struct value **ret_v)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	int err = 0;

	if (type == VALUE_REAL)
		put_real(text, &out);
	else
		err = put_int(text, &out);
	if (err || out.err)
		return err ? err : out.err;
	*ret_v = value_new_number(type, out.data);
	return *ret_v ? 0 : -ENOMEM;
}

int yaml_scalar_value(const char *text, struct value **ret_v)
{
	enum value_type type = yaml_scalar_type(text);

	if (type == VALUE_REAL && strchr(text, ':'))
		return value_of_sixties(text, ret_v);
	if (type == VALUE_INT || type == VALUE_REAL)
		return number(type, text, ret_v);
	if (type == VALUE_NULL)
		*ret_v = value_new_null();
	else if (type == VALUE_BOOL)
		*ret_v = value_new_bool(is_true(text));
	else
		*ret_v = value_new_string(text);
	return *ret_v ? 0 : -ENOMEM;
}

/* [-+]? digits [.digits] [e[-+]?digits]: what C, Python and YAML 1.2 read. */
static bool is_float(const char *text)
{
	size_t whole, fraction = 0;

	text = skip_sign(text);
	whole = strspn(text, DECIMAL);
	text += whole;
	if (*text == '.') {
		fraction = strspn(++text, DECIMAL);
		text += fraction;
	}
	if (!whole && !fraction)
		return false;
	if (*text != 'e' && *text != 'E')
		return !*text;
	return all_of(skip_sign(text + 1), DECIMAL);
}

int yaml_scalar_float(const char *text, struct value **ret_v)
{
	if (is_real(text))
		return yaml_scalar_value(text, ret_v);
	return is_float(text) ? number(VALUE_REAL, text, ret_v) : -EINVAL;
}

/* Dates: digits in groups, which begin with a year. */
static bool is_date_like(const char *text)
{
	return strspn(text, DECIMAL) == 4 && text[4] == '-' &&
	       all_of(text, DECIMAL "-+:.tTzZ ");
}

bool yaml_scalar_is_special(const char *text)
{
	static const char *const words[] = { "y",    "Y",    "n",    "N",
					     "=",    "<<",   ".inf", ".Inf",
					     ".INF", ".nan", ".NaN", ".NAN",
					     NULL };

	if (yaml_scalar_type(text) != VALUE_STRING || one_of(text, words))
		return true;
	if (*text == '-' || *text == '+') {
		text++;
		if (one_of(text, words + 6))
			return true;
	}
	if (!strncmp(text, "0o", 2))
		return all_of(text + 2, DECIMAL "_");
	return is_float(text) || is_date_like(text) ||
	       all_of(text, DECIMAL "_");
}
