// SPDX-License-Identifier: Apache-2.0
/*
 * Looking at an asset: what its record and its files say now. The answer is
 * kept while the tree does not change (node_get_tree's counter).
 *
 * A spec is judged when its writer closes it, not here: what is being written
 * is nobody's business. Here it is judged only when the asset came, moved or
 * lost a file without our knowing what is in it (stale).
 */
#include <errno.h>
#include <string.h>

#include "bare.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"
#include "spec.h"
#include "state.h"
#include "store/record.h"

struct look {
	struct catalog *c;
	uint64_t ino;
	const struct kind *kind;
	struct buf name; /* of the directory */
	struct node_attr attr;
	struct node_tree tree;
	struct value *rec;
	struct value *view;
	struct bare bare;
	bool stale;
	bool dirty; /* rec is to be saved */
};

static void look_release(struct look *l)
{
	buf_release(&l->name);
	value_free(l->rec);
	value_free(l->view);
	bare_release(&l->bare);
}

static bool is_known(const struct value *rec, const struct spec_file *f)
{
	const struct value *spec = value_find(rec, "spec");

	return spec && stored_int(spec, "ino") == (int64_t)f->attr.ino &&
	       stored_int(spec, "ctime") == f->attr.ctime &&
	       stored_int(spec, "size") == (int64_t)f->attr.size &&
	       !strcmp(value_find_string(spec, "file"), f->name);
}

/* The record of what is no longer so. An error where there is no spec is that
 * of a rename that was refused (rsync's first upload): it stays. */
static void drop_spec(struct look *l)
{
	if (!value_find(l->rec, "spec") && !value_find(l->rec, "fields"))
		return;
	l->dirty = true;
	value_drop(l->rec, "spec");
	value_drop(l->rec, "fields");
	value_drop(l->rec, "error");
	if (l->kind->needs_spec)
		record_drop(l->c->st, RECORD_SPEC, l->ino);
}

/* The spec of the directory, judged if it has to be. */
static int look_at_spec(struct look *l)
{
	AUTO(spec_file_release) struct spec_file f = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct writer by = { l->attr.uid, l->tree.changed };
	const char *in_force;
	int found;

	if (strcmp(value_find_string(l->rec, "kind"), l->kind->name) != 0)
		drop_spec(l);
	in_force = value_string(value_path(l->rec, "spec.file"));
	/* names that come by being written are judged when they are closed */
	if (in_force && !l->stale)
		return 0;
	found = spec_file_find(l->c, l->ino, l->kind, in_force, NULL, NULL, &f);
	if (found < 0)
		return found;
	if (found && is_known(l->rec, &f))
		return 0;
	if (found) {
		found = asset_judge(l->c, l->ino, l->kind, &f, &by, &why,
				    l->rec);
		if (found == -ENOMEM || found == -ESTALE)
			return found;
		l->dirty = true;
	}
	if (found == 1 || !f.name)
		drop_spec(l);
	return 0;
}

/* The name of the .ipynb that the spec means: the last part of its source. */
static const char *source_name(const struct value *fields)
{
	const char *source = record_text(fields, "source");
	const char *slash = source ? strrchr(source, '/') : NULL;

	return slash ? slash + 1 : source;
}

/* The view's fields by spec, or by what is there; and the state. */
static int look_at_files(struct look *l, enum asset_state *ret_state)
{
	const struct value *fields = value_find(l->rec, "fields");
	unsigned int what = fields ? 0 : BARE_TEXTS | BARE_TREE | BARE_NOTEBOOK;
	int err;

	if (fields && l->kind->file_suffix)
		what |= BARE_NOTEBOOK;
	if (fields && !value_find(fields, "license"))
		what |= BARE_TEXTS;
	err = bare_read(l->c->st, l->ino, l->name.data, source_name(fields),
			what, &l->bare);
	if (err)
		return err;
	l->view = fields ? value_copy(fields) : value_new_map();
	if (!l->view)
		return -ENOMEM;
	*ret_state = STATE_REGISTERED;
	if (fields && l->kind->file_suffix)
		return bare_copy_notebook(&l->bare, l->view);
	if (fields)
		return 0;
	err = l->kind->read_bare(&l->bare, l->view);
	if (err < 0)
		return err;
	*ret_state = value_find(l->rec, "error") ? STATE_INVALID
		     : err			 ? STATE_DRAFT
						 : STATE_REGISTERED;
	return value_set_string(l->view, "id", l->name.data);
}

/* Kind, id and state into the record, if they are other ones now. */
static int settle(struct look *l, enum asset_state state)
{
	const char *now[][2] = {
		{ "kind", l->kind->name },
		{ "id", value_find_string(l->view, "id") },
		{ "state", state_name(state) },
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(now); i++) {
		const char *was = value_find_string(l->rec, now[i][0]);

		if (was && !strcmp(was, now[i][1]))
			continue;
		l->dirty = true;
		err = value_set_string(l->rec, now[i][0], now[i][1]);
	}
	if (!err && (!value_find(l->rec, "changed") ||
		     (l->dirty && !value_find(l->rec, "fields"))))
		err = value_set_int(l->rec, "changed", l->tree.changed);
	if (!err && !value_find(l->rec, "owner"))
		err = value_set_int(l->rec, "owner", l->attr.uid);
	return err;
}

static int set_time(struct value *view, const char *key, int64_t ns)
{
	AUTO(buf_release) struct buf text = BUF_INIT(64);

	if (value_find(view, key))
		return 0;
	clock_put(ns, &text);
	return text.err ? text.err : value_set_string(view, key, text.data);
}

static int64_t newest(const struct look *l)
{
	int64_t changed = stored_int(l->rec, "changed");

	return changed > l->tree.changed ? changed : l->tree.changed;
}

/* What users set beside the spec. */
static int add_settings(struct look *l)
{
	static const char *const keys[] = { "tags", "featured", "published",
					    "fetched" };
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(keys); i++) {
		const struct value *v = value_find(l->rec, keys[i]);

		if (v)
			err = value_set(l->view, keys[i], value_copy(v));
		else if (i == 1 || i == 2)
			err = value_set_bool(l->view, keys[i], false);
	}
	return err;
}

static int add_times(struct look *l)
{
	bool bare = !value_find(l->rec, "fields");
	int64_t registered = stored_int(l->rec, "registered");
	int64_t created = bare && l->bare.oldest ? l->bare.oldest
			  : registered		 ? registered
						 : l->tree.changed;
	int err = set_time(l->view, "created", created);

	return err ? err
		   : set_time(l->view, "updated",
			      bare ? newest(l) : stored_int(l->rec, "changed"));
}

/* What only the checks and the other files of _mlx need: the names begin with a
 * dot, and are no part of metadata.json. */
static int add_hidden(struct look *l)
{
	struct value *v = l->view;
	const struct value *error = value_find(l->rec, "error");
	int64_t data = (int64_t)l->tree.files - l->bare.others;
	int err = value_set_int(v, ".changed", stored_int(l->rec, "changed"));

	if (!err)
		err = value_set_int(v, ".data_files", data);
	if (!err)
		err = value_set_int(v, ".yaml_files", l->bare.specs);
	if (!err)
		err = value_set_bool(v, ".license_file", l->bare.has_license);
	if (!err)
		err = value_set_bool(v, ".has_spec",
				     value_find(l->rec, "fields") != NULL);
	if (!err && error)
		err = value_set(v, ".error", value_copy(error));
	return err;
}

/* All that is neither the spec's nor the kind's. */
static int finish(struct look *l, enum asset_state state)
{
	struct value *v = l->view;
	const char *file = value_string(value_path(l->rec, "spec.file"));
	int err = value_set_string(v, "kind", l->kind->name);

	if (!err)
		err = value_set_string(v, "state", state_name(state));
	if (!err)
		err = value_set_string(v, "directory", l->name.data);
	if (!err)
		err = value_set_int(v, "owner", stored_int(l->rec, "owner"));
	if (!err)
		err = value_set_int(v, "files", (int64_t)l->tree.files);
	if (!err)
		err = value_set_int(v, "bytes", (int64_t)l->tree.bytes);
	if (!err && file)
		err = value_set_string(v, "spec_file", file);
	if (!err && l->bare.readme)
		err = value_set_string(v, "readme", l->bare.readme);
	if (!err && l->bare.license && !value_find(v, "license"))
		err = value_set_string(v, "license", l->bare.license);
	if (!err)
		err = add_settings(l);
	if (!err)
		err = add_times(l);
	return err ? err : add_hidden(l);
}

static int remember(struct look *l, enum asset_state state, const char *id,
		    struct value *take_view, int64_t changed)
{
	AUTO(value_release) struct value *view = take_view;
	HOLD(&l->c->lock);
	struct index *x = &l->c->index;
	struct asset *a = index_get(x, l->ino);
	int err;

	if (!a)
		return -ENOMEM;
	err = index_set_text(x, a, BY_ID, l->kind, id);
	if (!err)
		err = index_set_text(x, a, BY_NAME, l->kind, l->name.data);
	if (err)
		return err;
	a->state = state;
	a->stale = false;
	a->looked = true;
	index_set_view(x, a, TAKE(view), l->tree.changes, changed);
	return 0;
}

static bool was_stale(struct catalog *c, uint64_t ino)
{
	HOLD(&c->lock);
	struct asset *a = index_find(&c->index, ino);

	return !a || a->stale;
}

/* Is the file that was judged still the spec, as it was then? */
static int is_as_judged(struct look *l, const struct stored_spec *s)
{
	AUTO(spec_file_release) struct spec_file f = { 0 };
	int found;

	if (!l->stale)
		return 1;
	found = spec_file_find(l->c, l->ino, l->kind, s->file, NULL, NULL, &f);
	if (found <= 0)
		return found;
	return f.attr.ino == s->ino && f.attr.ctime == s->ctime &&
	       f.attr.size == s->size && !strcmp(f.name, s->file);
}

/*
 * The asset is claimed, and only its state is asked for. Where a spec is in
 * force that is in the record, and holds as long as the spec does: neither the
 * record has to be parsed nor files to be looked at. After mounting that goes
 * for all assets at once (catalog_count). 1: it was so; 0: look.
 */
static int glance(struct look *l, int64_t *ret_changed)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	struct stored_spec s;
	int err = record_get(l->c->st, RECORD_ASSET, l->ino, &text);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (!stored_peek_spec(text.data, &s) ||
	    strcmp(s.kind, l->kind->name) != 0 ||
	    state_named(s.state) != STATE_REGISTERED)
		return 0;
	err = is_as_judged(l, &s);
	if (err <= 0)
		return err;
	*ret_changed =
		s.changed > l->tree.changed ? s.changed : l->tree.changed;
	err = remember(l, STATE_REGISTERED, s.id, NULL, *ret_changed);
	return err ? err : 1;
}

/* The asset is claimed. */
static int look(struct look *l, int64_t *ret_changed)
{
	enum asset_state state = STATE_UNKNOWN;
	struct value *view;
	int err = node_get(l->c->st, l->ino, &l->attr);

	if (!err)
		err = stored_read(l->c, l->ino, &l->rec);
	if (!err)
		err = look_at_spec(l);
	if (!err)
		err = look_at_files(l, &state);
	if (!err)
		err = settle(l, state);
	if (!err)
		err = finish(l, state);
	if (!err && l->dirty) {
		err = stored_save(l->c, l->ino, l->rec);
		/* what cannot be kept can be looked at again */
		if (err == -EROFS || err == -ENOSPC)
			err = 0;
	}
	if (err)
		return err;
	view = value_copy(l->view);
	if (!view)
		return -ENOMEM;
	*ret_changed = newest(l);
	return remember(l, state, value_find_string(view, "id"), view,
			*ret_changed);
}

/* What is kept of it, if that still holds, or NULL. The lock is held. */
static struct asset *find_kept(struct catalog *c, uint64_t ino,
			       const struct kind *kind, uint64_t changes)
{
	struct asset *a = index_find(&c->index, ino);

	return a && !a->stale && a->looked && a->kind == kind &&
			       a->changes == changes
		       ? a
		       : NULL;
}

/* The answer that is kept, if it still holds. 1: it does. */
static int kept(struct catalog *c, uint64_t ino, const struct kind *kind,
		struct value **ret_view, int64_t *ret_changed)
{
	struct node_tree tree;
	int err = node_get_tree(c->st, ino, &tree);
	HOLD(&c->lock);
	const struct asset *a =
		err ? NULL : find_kept(c, ino, kind, tree.changes);

	if (!a || (ret_view && !a->view))
		return err;
	if (ret_view) {
		*ret_view = value_copy(a->view);
		if (!*ret_view)
			return -ENOMEM;
	}
	*ret_changed = a->changed;
	return 1;
}

/* The asset is claimed, and its place known. */
static int look_anew(struct look *l, struct value **ret_view,
		     int64_t *ret_changed)
{
	int err = node_get_tree(l->c->st, l->ino, &l->tree);

	l->stale = was_stale(l->c, l->ino);
	if (!err)
		err = catalog_name_of(l->c, l->ino, &l->name);
	if (!err && !ret_view)
		err = glance(l, ret_changed);
	if (!err)
		err = look(l, ret_changed);
	if (!err && ret_view)
		*ret_view = TAKE(l->view);
	return err < 0 ? err : 0;
}

int asset_look(struct catalog *c, uint64_t ino, struct value **ret_view,
	       int64_t *ret_changed)
{
	AUTO(look_release)
	struct look l = { .c = c, .ino = ino, .name = BUF_INIT(NAME_LIMIT) };
	AUTO(claim_release) struct claim claim = { 0 };
	struct place_info place;
	int64_t changed;
	int err;

	catalog_locate(c, ino, &place);
	if (place.place != PLACE_ASSET)
		return -ENOENT;
	l.kind = place.kind;
	err = kept(c, ino, place.kind, ret_view, &changed);
	if (!err) {
		claim_take(c, ino, &claim);
		err = kept(c, ino, place.kind, ret_view, &changed);
	}
	if (!err)
		err = look_anew(&l, ret_view, &changed);
	if (err < 0)
		return err == -ESTALE ? -ENOENT : err;
	if (ret_changed)
		*ret_changed = changed;
	return 0;
}

static bool has_view(struct catalog *c, uint64_t ino, const struct kind *kind,
		     uint64_t changes)
{
	HOLD(&c->lock);
	const struct asset *a = find_kept(c, ino, kind, changes);

	return a && a->view;
}

bool asset_is_known(struct catalog *c, uint64_t ino)
{
	struct place_info place;
	struct node_tree tree;

	catalog_locate(c, ino, &place);
	return place.place == PLACE_ASSET &&
	       !node_get_tree(c->st, ino, &tree) &&
	       has_view(c, ino, place.kind, tree.changes);
}

int asset_refresh(struct catalog *c, uint64_t ino)
{
	return asset_look(c, ino, NULL, NULL);
}

void asset_forget(struct catalog *c, uint64_t ino, bool stale)
{
	HOLD(&c->lock);
	struct asset *a =
		stale ? index_get(&c->index, ino) : index_find(&c->index, ino);

	if (!a)
		return;
	a->stale = a->stale || stale;
	a->looked = false;
	index_set_view(&c->index, a, NULL, 0, 0);
}

int asset_change(struct catalog *c, uint64_t ino, asset_change_fn *fn,
		 void *arg)
{
	AUTO(value_release) struct value *rec = NULL;
	AUTO(claim_release) struct claim claim = { 0 };
	int err;

	claim_take(c, ino, &claim);
	err = stored_read(c, ino, &rec);
	if (!err)
		err = fn(rec, arg);
	if (err <= 0)
		return err;
	err = stored_save(c, ino, rec);
	asset_forget(c, ino, false);
	return err;
}
