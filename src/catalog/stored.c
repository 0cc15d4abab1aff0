// SPDX-License-Identifier: Apache-2.0
/* An asset's record as the store keeps it (state.h). */
#include <errno.h>
#include <stdlib.h>
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

/* ---- a record's members, one after another ---- */

struct member {
	char *key;   /* as it stands between its quotes */
	char *value; /* its text, not ended */
	size_t len;
};

/* Behind the string that begins at `text`; NULL: it has no end. */
static char *string_end(char *text)
{
	for (text++; *text && *text != '"'; text++)
		text += *text == '\\' && text[1];
	return *text ? text + 1 : NULL;
}

/* The comma or bracket behind a value; NULL: there is none. */
static char *value_end(char *text)
{
	int depth = 0;

	while (text && *text) {
		if (!depth && (*text == ',' || *text == '}'))
			return text;
		depth += *text == '{' || *text == '[';
		depth -= *text == '}' || *text == ']';
		text = *text == '"' ? string_end(text) : text + 1;
	}
	return NULL;
}

/* *at moves behind it; false: there is none, and *at is where one would be. */
static bool next_member(char **at, struct member *m)
{
	char *end;

	*at = skip(*at);
	end = **at == '"' ? string_end(*at) : NULL;
	if (!end)
		return false;
	m->key = *at + 1;
	m->value = skip(end);
	end[-1] = 0;
	end = value_end(m->value);
	if (!end)
		return false;
	m->len = (size_t)(end - m->value);
	*at = end;
	return true;
}

/* A string without escapes, or NULL. */
static const char *member_text(const struct member *m)
{
	char *end = m->value + m->len - 1;

	if (m->len < 2 || *m->value != '"' || *end != '"' ||
	    memchr(m->value, '\\', m->len))
		return NULL;
	*end = 0;
	return m->value + 1;
}

static int64_t member_int(const struct member *m)
{
	return strtoll(m->value, NULL, 10);
}

static bool peek_file(const struct member *spec, struct stored_spec *s)
{
	char *at = spec->value + 1;
	struct member m;

	if (*spec->value != '{')
		return false;
	while (next_member(&at, &m)) {
		if (!strcmp(m.key, "file"))
			s->file = member_text(&m);
		else if (!strcmp(m.key, "ino"))
			s->ino = (uint64_t)member_int(&m);
		else if (!strcmp(m.key, "ctime"))
			s->ctime = member_int(&m);
		else if (!strcmp(m.key, "size"))
			s->size = (uint64_t)member_int(&m);
	}
	return *at == '}' && s->file && s->ino;
}

bool stored_peek_spec(char *text, struct stored_spec *ret_spec)
{
	struct stored_spec s = { 0 };
	struct member m;
	bool has_fields = false, has_spec = false, has_owner = false;
	char *at = text + 1;

	if (*text != '{')
		return false;
	while (next_member(&at, &m)) {
		if (!strcmp(m.key, "kind"))
			s.kind = member_text(&m);
		else if (!strcmp(m.key, "id"))
			s.id = member_text(&m);
		else if (!strcmp(m.key, "state"))
			s.state = member_text(&m);
		else if (!strcmp(m.key, "changed"))
			s.changed = member_int(&m);
		else if (!strcmp(m.key, "spec"))
			has_spec = peek_file(&m, &s);
		has_owner = has_owner || !strcmp(m.key, "owner");
		has_fields = has_fields || !strcmp(m.key, "fields");
	}
	*ret_spec = s;
	return *at == '}' && !at[1] && s.kind && s.id && s.state && s.changed &&
	       has_spec && has_owner && has_fields;
}
