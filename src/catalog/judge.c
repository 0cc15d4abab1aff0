// SPDX-License-Identifier: Apache-2.0
/*
 * Judging a spec and what becomes of the record.
 *
 *	right:	the record's fields are the new ones, the error goes
 *	wrong:	the fields stay (the last valid spec stays in force), the error
 *		is noted; an asset that never had a valid one is invalid
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "state.h"
#include "store/record.h"

/* Is it (still, or again) an asset of the kind? Without the lock. */
static bool is_alive(struct catalog *c, uint64_t ino, const struct kind *kind)
{
	struct place_info place;

	catalog_locate(c, ino, &place);
	return place.place == PLACE_ASSET && place.kind == kind;
}

/* A directory called as the id is that asset by its name, as long as nothing
 * else is known of its id. */
static uint64_t named_so(struct catalog *c, uint64_t self,
			 const struct kind *kind, const char *id)
{
	struct node_attr attr;
	struct asset *a;

	if (node_find(c->st, catalog_kind_dir(c, kind), id, &attr) ||
	    !attr.parent || attr.ino == self)
		return 0;
	{
		HOLD(&c->lock);

		a = index_find(&c->index, attr.ino);
		if (a && a->id && strcmp(a->id, id) != 0)
			return 0;
	}
	return attr.ino;
}

/* Another asset that the index has under the id: 1 and which; 0: none, and the
 * id is ours from now on. */
static int holder_of(struct catalog *c, uint64_t self, const struct kind *kind,
		     const char *id, bool only_ask, uint64_t *ret_ino)
{
	HOLD(&c->lock);
	struct asset *a = NULL;

	do {
		a = index_find_text(&c->index, BY_ID, kind, id, a);
	} while (a && a->ino == self);
	if (a) {
		*ret_ino = a->ino;
		return 1;
	}
	if (only_ask)
		return 0;
	a = index_get(&c->index, self);
	return a ? index_set_text(&c->index, a, BY_ID, kind, id) : -ENOMEM;
}

/* It is no asset any more, or in the trash: its id is free. Should it come
 * back, it is looked at again. */
static void free_id(struct catalog *c, uint64_t ino)
{
	HOLD(&c->lock);
	struct asset *a = index_find(&c->index, ino);

	if (!a)
		return;
	a->stale = true;
	index_set_text(&c->index, a, BY_ID, a->kind, NULL);
}

int asset_reserve_id(struct catalog *c, uint64_t ino, const struct kind *kind,
		     const char *id, bool only_ask, struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(4096);
	uint64_t other = named_so(c, ino, kind, id);

	while (!other) {
		int err = holder_of(c, ino, kind, id, only_ask, &other);

		if (err <= 0)
			return err;
		if (is_alive(c, other, kind))
			break;
		free_id(c, other);
		other = 0;
	}
	asset_put_path(c, other, NULL, &path);
	return why_set(why, -EEXIST, "the id '%s' is taken by %s", id,
		       path.data);
}

static int note_file(struct value *rec, const struct spec_file *f)
{
	AUTO(value_release) struct value *spec = value_new_map();
	int err = spec ? value_set_string(spec, "file", f->name) : -ENOMEM;

	if (!err)
		err = value_set_int(spec, "ino", (int64_t)f->attr.ino);
	if (!err)
		err = value_set_int(spec, "ctime", f->attr.ctime);
	if (!err)
		err = value_set_int(spec, "size", (int64_t)f->attr.size);
	return err ? err : value_set(rec, "spec", TAKE(spec));
}

/* err with its sentence, into the record. Returns err. */
static int note_error(struct catalog *c, uint64_t ino, int err,
		      const struct spec_file *f, const struct writer *by,
		      const struct buf *why, struct value *rec)
{
	AUTO(buf_release) struct buf line = BUF_INIT(8192);
	bool had = value_find(rec, "fields") != NULL;

	asset_put_path(c, ino, f->name, &line);
	buf_addf(&line, ": %s (%s)", why->len ? why->data : "refused",
		 strerror(-err));
	if (value_set_string(rec, "error", line.data) ||
	    value_set_int(rec, "refused", by->when))
		return -ENOMEM;
	if (had)
		return err;
	if (value_set_string(rec, "state", state_name(STATE_INVALID)) ||
	    value_set_int(rec, "changed", by->when))
		return -ENOMEM;
	return err;
}

static bool is_same(const struct value *rec, const struct value *fields)
{
	const char *state = value_find_string(rec, "state");

	return state && !strcmp(state, state_name(STATE_REGISTERED)) &&
	       value_equal(value_find(rec, "fields"), fields);
}

static int set_valid(struct value *rec, const struct kind *kind,
		     struct value *take_fields, const struct writer *by)
{
	AUTO(value_release) struct value *fields = take_fields;
	const char *id = value_find_string(fields, "id");
	bool same = is_same(rec, fields);
	int err = value_set_string(rec, "kind", kind->name);

	if (!err)
		err = value_set_string(rec, "id", id ? id : "");
	if (!err)
		err = value_set_string(rec, "state",
				       state_name(STATE_REGISTERED));
	if (!err && !same)
		err = value_set_int(rec, "changed", by->when);
	if (!err && !value_find(rec, "registered"))
		err = value_set_int(rec, "registered", by->when);
	if (!err && !value_find(rec, "owner"))
		err = value_set_int(rec, "owner", by->uid);
	if (!err &&
	    (value_find(rec, "error") || value_find(rec, "control_error")))
		err = value_set_int(rec, "refused", by->when);
	value_drop(rec, "error");
	value_drop(rec, "control_error");
	return err ? err : value_set(rec, "fields", TAKE(fields));
}

int asset_judge(struct catalog *c, uint64_t ino, const struct kind *kind,
		const struct spec_file *f, const struct writer *by,
		struct buf *why, struct value *rec)
{
	AUTO(value_release) struct value *fields = NULL;
	AUTO(buf_release) struct buf text = BUF_INIT(0);
	int err = spec_file_judge(c, kind, f, why, &text, &fields);

	if (err == 1 || err == -ENOMEM || err == -ESTALE)
		return err;
	if (note_file(rec, f))
		return -ENOMEM;
	if (!err)
		err = asset_reserve_id(c, ino, kind,
				       value_find_string(fields, "id"), false,
				       why);
	if (!err && kind->needs_spec)
		err = record_put(c->st, RECORD_SPEC, ino, text.data, text.len);
	if (err == -ENOMEM)
		return err;
	if (err)
		return note_error(c, ino, err, f, by, why, rec);
	return set_valid(rec, kind, TAKE(fields), by);
}
