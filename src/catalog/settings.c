// SPDX-License-Identifier: Apache-2.0
/*
 * What a user sets beside the spec, a value a line as in sysfs: tags, featured,
 * published. Tags that were written stand before the spec's own.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"
#include "state.h"

#define TAGS_MOST 256

struct setting {
	const char *key;
	struct value *value; /* consumed */
};

static int apply(struct value *rec, void *arg)
{
	struct setting *s = arg;
	bool same = value_equal(value_find(rec, s->key), s->value);
	int err;

	if (same && !value_find(rec, "control_error"))
		return 0;
	value_drop(rec, "control_error");
	err = value_set(rec, s->key, TAKE(s->value));
	if (!err && !same)
		err = value_set_int(rec, "changed", clock_now());
	return err ? err : 1;
}

static int set(struct catalog *c, uint64_t asset, const char *key,
	       struct value *take_value)
{
	AUTO(value_release) struct value *value = take_value;
	struct setting s = { .key = key };
	int err;

	if (!value)
		return -ENOMEM;
	if (!catalog_kind_of(c, asset))
		return -ENOENT;
	/* so that there is a record to be changed */
	err = asset_refresh(c, asset);
	if (err)
		return err;
	s.value = TAKE(value);
	err = asset_change(c, asset, apply, &s);
	value_free(s.value);
	return err;
}

/* A line without the blanks around it; the caller frees. */
static int trim(const char *text, size_t len, char **ret_text)
{
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	*ret_text = strndup(text, len);
	return *ret_text ? 0 : -ENOMEM;
}

static int judge_tag(const char *tag, size_t number, struct buf *why)
{
	if (strlen(tag) > NAME_LIMIT)
		return why_set(why, -EINVAL,
			       "tag %zu has %zu bytes; at most %d are allowed",
			       number, strlen(tag), NAME_LIMIT);
	if (number > TAGS_MOST)
		return why_set(why, -EINVAL, "there are more than %d tags",
			       TAGS_MOST);
	for (const char *c = tag; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return why_set(why, -EINVAL,
				       "tag %zu has a control character in it",
				       number);
	return 0;
}

static int add_tag(struct value *list, const char *line, size_t len,
		   struct buf *why)
{
	AUTO(free_text) char *tag = NULL;
	int err = trim(line, len, &tag);

	if (err || !*tag)
		return err;
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->item[i]->text, tag))
			return 0;
	err = judge_tag(tag, list->count + 1, why);
	return err ? err : value_add(list, value_new_string(tag));
}

int asset_set_tags(struct catalog *c, uint64_t asset, const char *text,
		   size_t len, struct buf *why)
{
	AUTO(value_release) struct value *list = value_new_list();
	int err = list ? 0 : -ENOMEM;

	if (!name_is_utf8(text, len))
		return why_set(why, -EINVAL,
			       "tags must be UTF-8 text, a tag a line");
	for (size_t at = 0; !err && at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line = end ? (size_t)(end - text) - at : len - at;

		err = add_tag(list, text + at, line, why);
		at += line + 1;
	}
	return err ? err : set(c, asset, "tags", TAKE(list));
}

static int set_flag(struct catalog *c, uint64_t asset, const char *key,
		    const char *text, size_t len, struct buf *why)
{
	static const char *const yes[] = { "1", "yes", "true", "on", "y" };
	static const char *const no[] = { "0", "no", "false", "off", "n" };
	AUTO(buf_release) struct buf shown = BUF_INIT(4096);
	AUTO(free_text) char *word = NULL;
	int err = trim(text, len < 1024 ? len : 1024, &word);

	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(word, yes[i]))
			return set(c, asset, key, value_new_bool(true));
		if (!strcasecmp(word, no[i]))
			return set(c, asset, key, value_new_bool(false));
	}
	word[strnlen(word, 64)] = 0;
	name_put_shown(word, &shown);
	return why_set(why, -EINVAL, "%s: expected 1 or 0, found '%s'", key,
		       shown.data);
}

int asset_set_featured(struct catalog *c, uint64_t asset, const char *text,
		       size_t len, struct buf *why)
{
	return set_flag(c, asset, "featured", text, len, why);
}

int asset_set_published(struct catalog *c, uint64_t asset, const char *text,
			size_t len, struct buf *why)
{
	return set_flag(c, asset, "published", text, len, why);
}

int catalog_set_fetched(struct catalog *c, uint64_t asset,
			const struct value *fetched)
{
	return set(c, asset, "fetched", value_copy(fetched));
}

/* ---- reading them ---- */

int asset_put_tags(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed)
{
	AUTO(value_release) struct value *view = NULL;
	const struct value *tags;
	int err = asset_look(c, asset, &view, ret_changed);

	if (err)
		return err;
	tags = value_find(view, "tags");
	for (size_t i = 0; tags && i < tags->count; i++) {
		value_put_scalar(tags->item[i], out);
		buf_putc(out, '\n');
	}
	/* without a spec they may be a card's, which is one of the files */
	if (view_has_spec(view))
		*ret_changed = stored_int(view, ".changed");
	return out->err;
}

static int put_flag(struct catalog *c, uint64_t asset, const char *key,
		    struct buf *out, int64_t *ret_changed)
{
	AUTO(value_release) struct value *view = NULL;
	const struct value *flag;
	int err = asset_look(c, asset, &view, ret_changed);

	if (err)
		return err;
	flag = value_find(view, key);
	buf_puts(out,
		 value_is(flag, VALUE_BOOL) && flag->truth ? "1\n" : "0\n");
	*ret_changed = stored_int(view, ".changed");
	return out->err;
}

int asset_put_featured(struct catalog *c, uint64_t asset, struct buf *out,
		       int64_t *ret_changed)
{
	return put_flag(c, asset, "featured", out, ret_changed);
}

int asset_put_published(struct catalog *c, uint64_t asset, struct buf *out,
			int64_t *ret_changed)
{
	return put_flag(c, asset, "published", out, ret_changed);
}
