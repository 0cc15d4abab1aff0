// SPDX-License-Identifier: Apache-2.0
/* An asset's record as the store keeps it (state.h). */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "state.h"
#include "store/record.h"

static const char *const state_names[] = {
	[STATE_UNKNOWN] = "unknown",
	[STATE_REGISTERED] = "registered",
	[STATE_DRAFT] = "draft",
	[STATE_INVALID] = "invalid",
};

enum asset_state state_named(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(state_names); i++)
		if (!strcmp(name, state_names[i]))
			return (enum asset_state)i;
	return STATE_UNKNOWN;
}

const char *state_name(enum asset_state state)
{
	return state_names[state];
}

int64_t stored_int(const struct value *rec, const char *key)
{
	int64_t n = 0;

	value_int(value_find(rec, key), &n);
	return n;
}

/* The three members that come first. */
static int begin(struct value *rec)
{
	int err = value_set_string(rec, "kind", "");

	if (!err)
		err = value_set_string(rec, "id", "");
	return err ? err : value_set_string(rec, "state", "unknown");
}

int stored_read(struct catalog *c, uint64_t ino, struct value **ret_rec)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *rec = NULL;
	int err = record_get(c->st, RECORD_ASSET, ino, &text);

	if (!err)
		err = json_read(text.data, text.len, BUF_MAX, NULL, &rec);
	if (err && err != -ENOENT && err != -EINVAL)
		return err;
	if (!err && value_is(rec, VALUE_MAP)) {
		*ret_rec = TAKE(rec);
		return 0;
	}
	/* none yet; or one that nobody can read any more: as none */
	value_release(&rec);
	rec = value_new_map();
	err = rec ? begin(rec) : -ENOMEM;
	if (!err)
		*ret_rec = TAKE(rec);
	return err;
}

int stored_save(struct catalog *c, uint64_t ino, struct value *rec)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

	json_write_line(rec, &text);
	if (text.err)
		return text.err;
	return record_put(c->st, RECORD_ASSET, ino, text.data, text.len);
}

static char *skip(char *text)
{
	return text + strspn(text, " ,:");
}

/* `"key": "text"` with no escape in it; *at moves behind it. */
static bool peek(char **at, const char *key, const char **ret_text)
{
	size_t len = strlen(key);
	char *text = skip(*at);
	char *end;

	if (*text != '"' || strncmp(text + 1, key, len) != 0 ||
	    text[1 + len] != '"')
		return false;
	text = skip(text + len + 2);
	if (*text++ != '"')
		return false;
	end = strpbrk(text, "\"\\");
	if (!end || *end != '"')
		return false;
	*end = 0;
	*ret_text = text;
	*at = end + 1;
	return true;
}

bool stored_peek(char *text, const char **ret_kind, const char **ret_id,
		 const char **ret_state)
{
	if (*text++ != '{')
		return false;
	return peek(&text, "kind", ret_kind) && peek(&text, "id", ret_id) &&
	       peek(&text, "state", ret_state);
}
