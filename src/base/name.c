// SPDX-License-Identifier: Apache-2.0
#include "base/name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

size_t name_utf8_step(const char *at, size_t left)
{
	const unsigned char *text = (const unsigned char *)at;
	unsigned char c = left ? text[0] : 0;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (!c || (c >= 0x80 && c < 0xc2) || c > 0xf4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) ||
	    (c == 0xf0 && text[1] < 0x90) || (c == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

bool name_is_utf8(const char *text, size_t len)
{
	while (len) {
		size_t step = name_utf8_step(text, len);

		if (!step)
			return false;
		text += step;
		len -= step;
	}
	return true;
}

bool name_has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name);
	size_t s = strlen(suffix);

	return n >= s && strcasecmp(name + n - s, suffix) == 0;
}

static bool alnum_run(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]))
			return false;
	return true;
}

/* .name.XXXXXX: rsync's temporary name. */
static bool is_rsync_temp(const char *name)
{
	size_t len = strlen(name);

	return name[0] == '.' && len > 8 && name[len - 7] == '.' &&
	       alnum_run(name + len - 6, 6);
}

bool name_is_checkpoints(const char *name, size_t len)
{
	static const char own[] = ".ipynb_checkpoints";

	return len == sizeof(own) - 1 && !memcmp(name, own, len);
}

bool name_is_scratch(const char *name)
{
	static const char *const whole[] = {
		"4913",
		".DS_Store",
		".rsync-filter",
	};
	static const char *const prefix[] = { ".~", ".#", ".nfs", "._" };
	static const char *const suffix[] = {
		"~", ".swp", ".swo", ".swx", ".swpx", ".part", ".tmp",
	};
	size_t len = strlen(name);

	if (name_is_checkpoints(name, len))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (!strcmp(name, whole[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefix); i++)
		if (!strncmp(name, prefix[i], strlen(prefix[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(suffix); i++)
		if (name_has_suffix(name, suffix[i]))
			return true;
	if (len == 9 && !strncmp(name, "sed", 3) && alnum_run(name + 3, 6))
		return true;
	if (len > 2 && name[0] == '#' && name[len - 1] == '#')
		return true;
	return is_rsync_temp(name);
}

void name_put_id(const char *title, struct buf *out)
{
	char id[ID_LIMIT + 1];
	size_t len = 0;

	for (; *title; title++) {
		unsigned char c = (unsigned char)*title;

		if (c < 0x80 && isalnum(c))
			c = (unsigned char)tolower(c);
		else if (len && id[len - 1] != '-')
			c = '-';
		else
			continue;
		if (len == ID_LIMIT)
			break;
		id[len++] = (char)c;
	}
	while (len && id[len - 1] == '-')
		len--;
	buf_add(out, id, len);
}

bool name_is_id(const char *text)
{
	size_t len = strlen(text);

	if (!len || len > ID_LIMIT || text[0] == '-' || text[len - 1] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

void name_put_shown(const char *name, struct buf *out)
{
	size_t left = strlen(name);

	while (left) {
		size_t step = name_utf8_step(name, left);
		unsigned char c = (unsigned char)*name;

		if (step && (c >= 0x20 && c != 0x7f)) {
			buf_add(out, name, step);
		} else {
			buf_addf(out, "\\x%02x", c);
			step = 1;
		}
		name += step;
		left -= step;
	}
}
