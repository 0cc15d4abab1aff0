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
#include "base/name.h"
#include "state.h"
#include "store/record.h"

/* Has the asset still a spec, which may have given it an id? The lock is not
 * held. */
static bool has_spec(struct catalog *c, uint64_t ino, const struct id_wish *w)
{
	AUTO(spec_file_release) struct spec_file f = { 0 };
	AUTO(value_release) struct value *rec = NULL;
	int found = stored_read(c, ino, &rec);

	if (!found)
		found = spec_file_find(
			c, ino, w->kind,
			value_string(value_path(rec, "spec.file")), NULL, NULL,
			&f);
	return found < 0 ||
	       (found && (f.attr.ino != w->move.ino || f.attr.nlink > 1));
}

/* Is it (still, or again) an asset of the kind, and the id its own? What it was
 * last time it was looked at need not be so any more. Without the lock. */
static bool is_holder(struct catalog *c, uint64_t ino, const struct id_wish *w)
{
	AUTO(buf_release) struct buf name = BUF_INIT(NAME_LIMIT);
	struct place_info place;

	catalog_locate(c, ino, &place);
	if (place.place != PLACE_ASSET || place.kind != w->kind ||
	    ino == w->move.goes)
		return false;
	return catalog_name_of(c, ino, &name) || !strcmp(name.data, w->id) ||
	       has_spec(c, ino, w);
}

/* A directory called as the id is that asset by its name, as long as nothing
 * else is known of its id. */
static uint64_t named_so(struct catalog *c, const struct id_wish *w)
{
	struct node_attr attr;
	struct asset *a;

	if (node_find(c->st, catalog_kind_dir(c, w->kind), w->id, &attr) ||
	    !attr.parent || attr.ino == w->asset || attr.ino == w->move.goes)
		return 0;
	{
		HOLD(&c->lock);

		a = index_find(&c->index, attr.ino);
		if (a && a->id && strcmp(a->id, w->id) != 0)
			return 0;
	}
	return attr.ino;
}

/* Another asset that the index has under the id, after the first `skip`: 1 and
 * which; 0: none, and the id is ours from now on. */
static int holder_of(struct catalog *c, const struct id_wish *w, size_t skip,
		     uint64_t *ret_ino)
{
	HOLD(&c->lock);
	struct asset *a = NULL;

	do {
		a = index_find_text(&c->index, BY_ID, w->kind, w->id, a);
	} while (a && (a->ino == w->asset || skip--));
	if (a) {
		*ret_ino = a->ino;
		return 1;
	}
	if (w->only_ask)
		return 0;
	a = index_get(&c->index, w->asset);
	return a ? index_set_text(&c->index, a, BY_ID, w->kind, w->id)
		 : -ENOMEM;
}

/* It is no asset any more, in the trash, or without its spec: its id is free.
 * It is looked at again before it is next told of. */
static void free_id(struct catalog *c, uint64_t ino)
{
	HOLD(&c->lock);
	struct asset *a = index_find(&c->index, ino);

	if (!a)
		return;
	a->stale = true;
	index_set_text(&c->index, a, BY_ID, a->kind, NULL);
}

int asset_reserve_id(struct catalog *c, const struct id_wish *w,
		     struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(4096);
	uint64_t other = named_so(c, w);
	size_t skip = 0;

	while (!other) {
		int err = holder_of(c, w, skip, &other);

		if (err <= 0)
			return err;
		if (is_holder(c, other, w))
			break;
		if (w->only_ask)
			skip++;
		else
			free_id(c, other);
		other = 0;
	}
	asset_put_path(c, other, NULL, &path);
	return why_set(why, -EEXIST, "the id '%s' is taken by %s", w->id,
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
	struct id_wish wish = { .asset = ino, .kind = kind };
	int err = spec_file_judge(c, kind, f, why, &text, &fields);

	if (err == 1 || err == -ENOMEM || err == -ESTALE)
		return err;
	if (note_file(rec, f))
		return -ENOMEM;
	if (!err) {
		wish.id = value_find_string(fields, "id");
		err = asset_reserve_id(c, &wish, why);
	}
	if (!err && kind->needs_spec)
		err = record_put(c->st, RECORD_SPEC, ino, text.data, text.len);
	if (err == -ENOMEM)
		return err;
	if (err)
		return note_error(c, ino, err, f, by, why, rec);
	return set_valid(rec, kind, TAKE(fields), by);
}
