// SPDX-License-Identifier: Apache-2.0
/*
 * The catalog: opening it, where names stand, finding assets, and what file
 * operations tell (catalog.h, state.h).
 */
#include "catalog/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"
#include "state.h"
#include "store/record.h"

/* ---- opening ---- */

static int make_dir(struct catalog *c, const char *name, struct buf *why,
		    uint64_t *ret_ino)
{
	/* many users share a kind's directory as they share /tmp */
	mode_t mode = geteuid() == 0 ? 01777 : 0755;
	struct owner owner = { geteuid(), getegid() };
	struct node_attr attr;
	int err = node_find(c->st, STORE_ROOT, name, &attr);

	if (!err && !S_ISDIR(attr.mode))
		return why_set(why, -EUCLEAN,
			       "%s in the root is no directory; run "
			       "fsck.mlxfs",
			       name);
	if (!err)
		*ret_ino = attr.ino;
	if (err == -ENOENT)
		err = file_make_dir(c->st, STORE_ROOT, name, mode, &owner,
				    ret_ino);
	return err ? why_set(why, err, "cannot make the directory %s: %s", name,
			     strerror(-err))
		   : 0;
}

static int make_dirs(struct catalog *c, struct buf *why)
{
	int err = 0;

	for (size_t i = 0; !err && kinds[i].name; i++)
		err = make_dir(c, kinds[i].dir, why, &c->kind_dir[i]);
	return err ? err : make_dir(c, "runs", why, &c->runs_dir);
}

/* A list of inodes. */
struct numbers {
	uint64_t *at;
	size_t count, cap;
};

static int numbers_add(struct numbers *n, uint64_t ino)
{
	if (n->count == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 256;
		uint64_t *more = realloc(n->at, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		n->at = more;
		n->cap = cap;
	}
	n->at[n->count++] = ino;
	return 0;
}

static void numbers_release(struct numbers *n)
{
	free(n->at);
	*n = (struct numbers){ 0 };
}

struct loading {
	struct catalog *c;
	struct numbers seen; /* whose record is there */
	int err;
};

static int load_one(struct loading *l, uint64_t ino, const char *text,
		    size_t len)
{
	/* kind, id and state are within the first bytes */
	char head[512];
	const char *kind;
	const char *id;
	const char *state;
	const struct kind *k;
	struct asset *a;

	if (len >= sizeof(head))
		len = sizeof(head) - 1;
	memcpy(head, text, len);
	head[len] = 0;
	a = index_get(&l->c->index, ino);
	if (!a)
		return -ENOMEM;
	if (!stored_peek(head, &kind, &id, &state))
		return 0;
	k = kind_find(kind);
	a->state = k ? state_named(state) : STATE_UNKNOWN;
	return k && *id ? index_set_text(&l->c->index, a, BY_ID, k, id) : 0;
}

static int note_record(void *arg, uint64_t key, const char *text, size_t len)
{
	struct loading *l = arg;

	l->err = numbers_add(&l->seen, key);
	if (!l->err)
		l->err = load_one(l, key, text, len);
	return l->err;
}

static void forget_gone(struct catalog *c, uint64_t ino)
{
	{
		HOLD(&c->lock);
		struct asset *a = index_find(&c->index, ino);

		if (a)
			index_drop(&c->index, a);
	}
	record_drop(c->st, RECORD_ASSET, ino);
	record_drop(c->st, RECORD_SPEC, ino);
}

static bool is_gone(struct catalog *c, uint64_t ino)
{
	struct node_attr attr;

	return node_get(c->st, ino, &attr) != 0 || !attr.nlink || !attr.parent;
}

static int load(struct catalog *c)
{
	struct loading l = { .c = c };
	int err = record_each(c->st, RECORD_ASSET, note_record, &l);

	if (!err)
		err = l.err;
	for (size_t i = 0; !err && i < l.seen.count; i++)
		if (is_gone(c, l.seen.at[i]))
			forget_gone(c, l.seen.at[i]);
	numbers_release(&l.seen);
	return err;
}

int catalog_open(struct store *st, struct buf *why,
		 struct catalog **ret_catalog)
{
	AUTO(catalog_release) struct catalog *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->st = st;
	c->opened = clock_now();
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->unclaimed, NULL);
	err = index_init(&c->index);
	if (!err)
		err = make_dirs(c, why);
	if (!err)
		err = load(c);
	if (!err)
		*ret_catalog = TAKE(c);
	return err;
}

void catalog_close(struct catalog *c)
{
	if (!c)
		return;
	index_release(&c->index);
	for (size_t i = 0; i < REFUSALS_MOST; i++)
		free(c->refusal[i].line);
	pthread_cond_destroy(&c->unclaimed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void catalog_release(struct catalog **c)
{
	catalog_close(*c);
	*c = NULL;
}

struct store *catalog_store(struct catalog *c)
{
	return c->st;
}

/* ---- claims ---- */

static bool is_claimed(const struct catalog *c, uint64_t ino)
{
	for (const struct claim *at = c->claims; at; at = at->next)
		if (at->ino == ino)
			return true;
	return false;
}

void claim_take(struct catalog *c, uint64_t ino, struct claim *ret_claim)
{
	HOLD(&c->lock);

	while (is_claimed(c, ino))
		pthread_cond_wait(&c->unclaimed, &c->lock);
	ret_claim->c = c;
	ret_claim->ino = ino;
	ret_claim->next = c->claims;
	c->claims = ret_claim;
}

void claim_release(struct claim *claim)
{
	struct catalog *c = claim->c;

	if (!c)
		return;
	{
		HOLD(&c->lock);
		struct claim **at = &c->claims;

		while (*at != claim)
			at = &(*at)->next;
		*at = claim->next;
		claim->c = NULL;
	}
	pthread_cond_broadcast(&c->unclaimed);
}

/* ---- where a name stands ---- */

size_t kind_number(const struct kind *kind)
{
	return (size_t)(kind - kinds);
}

uint64_t catalog_kind_dir(struct catalog *c, const struct kind *kind)
{
	return c->kind_dir[kind_number(kind)];
}

uint64_t catalog_runs_dir(struct catalog *c)
{
	return c->runs_dir;
}

static const struct kind *kind_of_dir(const struct catalog *c, uint64_t dir)
{
	for (size_t i = 0; kinds[i].name; i++)
		if (c->kind_dir[i] == dir)
			return &kinds[i];
	return NULL;
}

/* A directory of the root that is none of the fixed ones. */
static enum place place_in_root(struct catalog *c, uint64_t dir)
{
	AUTO(buf_release) struct buf path = BUF_INIT(4096);

	if (!node_put_path(c->st, dir, &path) &&
	    !strncmp(path.data, ".Trash-", 7))
		return PLACE_TRASH;
	return PLACE_OTHER;
}

bool catalog_is_asset_name(const char *name)
{
	return name[0] != '.' && !name_is_scratch(name) &&
	       strcmp(name, "lost+found") != 0;
}

static bool is_asset(struct catalog *c, uint64_t dir)
{
	AUTO(buf_release) struct buf name = BUF_INIT(NAME_LIMIT);

	return catalog_name_of(c, dir, &name) ||
	       catalog_is_asset_name(name.data);
}

/* `top` is the directory of the root, `below` the one in it on the way to
 * `dir`, or 0 when dir is top itself. */
static void place_below(struct catalog *c, uint64_t dir, uint64_t top,
			uint64_t below, struct place_info *info)
{
	info->kind = kind_of_dir(c, top);
	if (info->kind && !below) {
		info->place = PLACE_KIND;
	} else if (info->kind && !is_asset(c, below)) {
		info->kind = NULL;
	} else if (info->kind) {
		info->place = below == dir ? PLACE_ASSET : PLACE_IN_ASSET;
		info->top = below;
	} else if (top == c->runs_dir && !below) {
		info->place = PLACE_RUNS;
	} else if (top == c->runs_dir && !is_asset(c, below)) {
		info->place = PLACE_OTHER;
	} else if (top == c->runs_dir) {
		info->place = below == dir ? PLACE_RUN : PLACE_IN_RUN;
		info->top = below;
	} else {
		info->place = place_in_root(c, top);
	}
}

void catalog_locate(struct catalog *c, uint64_t dir,
		    struct place_info *ret_info)
{
	uint64_t below = 0;
	uint64_t at = dir;
	struct node_attr attr;

	*ret_info = (struct place_info){ .place = PLACE_OTHER };
	if (dir == STORE_ROOT) {
		ret_info->place = PLACE_ROOT;
		return;
	}
	for (;;) {
		if (node_get(c->st, at, &attr) || !S_ISDIR(attr.mode) ||
		    !attr.nlink || !attr.parent)
			return;
		if (attr.parent == STORE_ROOT)
			break;
		below = at;
		at = attr.parent;
	}
	place_below(c, dir, at, below, ret_info);
}

const struct kind *catalog_kind_of(struct catalog *c, uint64_t asset)
{
	struct place_info place;

	catalog_locate(c, asset, &place);
	return place.place == PLACE_ASSET ? place.kind : NULL;
}

int catalog_name_of(struct catalog *c, uint64_t asset, struct buf *out)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	const char *slash;
	int err = node_put_path(c->st, asset, &path);

	if (!err)
		err = path.err;
	if (err)
		return err;
	slash = strrchr(path.data, '/');
	buf_puts(out, slash ? slash + 1 : path.data);
	return out->err;
}

void asset_put_path(struct catalog *c, uint64_t dir, const char *name,
		    struct buf *out)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

	if (node_put_path(c->st, dir, &path))
		buf_puts(&path, "(deleted)");
	if (name)
		buf_addf(&path, "/%s", name);
	name_put_shown(path.data, out);
}

/* ---- finding ---- */

static int find_by_id(struct catalog *c, const struct kind *kind,
		      const char *id, uint64_t *ret_asset)
{
	uint64_t seen[8];
	size_t count = 0;

	{
		HOLD(&c->lock);
		struct asset *a = NULL;

		while (count < ARRAY_SIZE(seen) &&
		       (a = index_find_text(&c->index, BY_ID, kind, id, a)))
			seen[count++] = a->ino;
	}
	for (size_t i = 0; i < count; i++)
		if (catalog_kind_of(c, seen[i]) == kind) {
			*ret_asset = seen[i];
			return 0;
		}
	return -ENOENT;
}

struct asset_list {
	struct numbers of;
	int err;
};

static int note_dir(void *arg, const char *name, const struct node_attr *attr,
		    uint64_t cookie)
{
	struct asset_list *l = arg;

	(void)name;
	(void)cookie;
	if (S_ISDIR(attr->mode))
		l->err = numbers_add(&l->of, attr->ino);
	return l->err;
}

/* The directories of a kind; the caller releases them. */
static int list_dirs(struct catalog *c, size_t number, struct numbers *ret_dirs)
{
	struct asset_list l = { 0 };
	int err = node_each(c->st, c->kind_dir[number], 0, note_dir, &l);

	*ret_dirs = l.of;
	return err ? err : l.err;
}

static bool lacks_id(struct catalog *c, uint64_t ino)
{
	HOLD(&c->lock);
	const struct asset *a = index_find(&c->index, ino);

	return !a || (a->stale && !a->id);
}

/* Look at those of a kind that nobody looked at since they came or changed. */
static int look_at_stale(struct catalog *c, const struct kind *kind)
{
	AUTO(numbers_release) struct numbers dirs = { 0 };
	int err = list_dirs(c, kind_number(kind), &dirs);

	for (size_t i = 0; !err && i < dirs.count; i++) {
		if (lacks_id(c, dirs.at[i]))
			err = asset_refresh(c, dirs.at[i]);
		if (err == -ENOENT)
			err = 0;
	}
	return err;
}

int catalog_find(struct catalog *c, const struct kind *kind, const char *name,
		 uint64_t *ret_asset)
{
	struct node_attr attr;
	int err = node_find(c->st, catalog_kind_dir(c, kind), name, &attr);

	if (!err && S_ISDIR(attr.mode) && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0) {
		*ret_asset = attr.ino;
		return 0;
	}
	if (!name_is_id(name))
		return -ENOENT;
	err = find_by_id(c, kind, name, ret_asset);
	if (err != -ENOENT)
		return err;
	err = look_at_stale(c, kind);
	return err ? err : find_by_id(c, kind, name, ret_asset);
}

int catalog_find_reference(struct catalog *c, const char *reference,
			   uint64_t *ret_asset)
{
	const char *slash = strchr(reference, '/');
	char dir[64];
	const struct kind *kind;

	if (!slash || (size_t)(slash - reference) >= sizeof(dir) || !slash[1] ||
	    strchr(slash + 1, '/'))
		return -EINVAL;
	memcpy(dir, reference, (size_t)(slash - reference));
	dir[slash - reference] = 0;
	kind = kind_find_dir(dir);
	if (!kind)
		return -EINVAL;
	return catalog_find(c, kind, slash + 1, ret_asset);
}

/* ---- what file operations tell and ask ---- */

bool catalog_cares(struct catalog *c, uint64_t dir, const char *name)
{
	struct place_info place;

	if (name_is_scratch(name) || name[0] == '.')
		return false;
	catalog_locate(c, dir, &place);
	if (place.place == PLACE_ASSET)
		return spec_file_is_name(name);
	return place.place == PLACE_KIND && drop_is_name(place.kind, name);
}

void refuse_file(struct catalog *c, uint64_t dir, const char *name, int err,
		 const struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

	asset_put_path(c, dir, name, &path);
	catalog_refuse(c, 0, path.data, err, why->len ? why->data : "refused");
}

/* The asset is claimed by us. */
static int judge_closed(struct catalog *c, uint64_t dir,
			const struct kind *kind, const char *name, uid_t uid,
			struct buf *why)
{
	AUTO(spec_file_release) struct spec_file f = { 0 };
	AUTO(value_release) struct value *rec = NULL;
	struct writer by = { uid, clock_now() };
	int found;
	int err = stored_read(c, dir, &rec);

	if (err)
		return err;
	if (strcmp(value_find_string(rec, "kind"), kind->name) != 0)
		value_drop(rec, "fields");
	found = spec_file_find(c, dir, kind,
			       value_string(value_path(rec, "spec.file")), NULL,
			       NULL, &f);
	if (found <= 0 || strcmp(f.name, name) != 0)
		return found < 0 ? found : 0;
	err = asset_judge(c, dir, kind, &f, &by, why, rec);
	if (err == 1)
		return 0;
	if (err != -ENOMEM && err != -ESTALE) {
		int failed = stored_save(c, dir, rec);

		if (!err && failed)
			return why_set(why, failed, "it cannot be kept: %s",
				       strerror(-failed));
	}
	return err == -ESTALE ? 0 : err;
}

int asset_closed(struct catalog *c, uint64_t dir, const struct kind *kind,
		 const char *name, uid_t uid)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	int err;

	{
		AUTO(claim_release) struct claim claim = { 0 };

		claim_take(c, dir, &claim);
		err = judge_closed(c, dir, kind, name, uid, &why);
		/* right or wrong, the next answer is another one; what was
		 * judged here need not be judged again, if it could be kept */
		asset_forget(c, dir,
			     err == -ENOMEM || err == -ENOSPC || err == -EIO);
	}
	if (err)
		refuse_file(c, dir, name, err, &why);
	return err;
}

int catalog_closed(struct catalog *c, uint64_t dir, const char *name, uid_t uid)
{
	struct place_info place;
	struct node_attr attr;
	uint64_t home;

	if (!catalog_cares(c, dir, name))
		return 0;
	if (node_find(c->st, dir, name, &attr) == -ENOENT &&
	    !node_alias_get(c->st, dir, name, &home))
		dir = home;
	catalog_locate(c, dir, &place);
	if (place.place == PLACE_KIND)
		return drop_closed(c, place.kind, name, uid);
	if (place.place != PLACE_ASSET)
		return 0;
	return asset_closed(c, dir, place.kind, name, uid);
}

struct judgement {
	const char *error;
};

static int note_error(struct value *rec, void *arg)
{
	const struct judgement *j = arg;
	int err = value_set_string(rec, "error", j->error);

	if (!err)
		err = value_set_int(rec, "refused", clock_now());
	return err ? err : 1;
}

/* Would it be right as a spec of the asset? */
static int judge_in_asset(struct catalog *c, uint64_t dir,
			  const struct kind *kind, const char *name,
			  const struct node_attr *attr,
			  const struct catalog_move *move, struct buf *why)
{
	struct id_wish wish = {
		.asset = dir, .kind = kind, .only_ask = true, .move = *move
	};
	AUTO(spec_file_release) struct spec_file f = { 0 };
	AUTO(value_release) struct value *rec = NULL;
	AUTO(value_release) struct value *fields = NULL;
	AUTO(buf_release) struct buf text = BUF_INIT(0);
	int err = stored_read(c, dir, &rec);

	if (err)
		return err;
	err = spec_file_find(c, dir, kind,
			     value_string(value_path(rec, "spec.file")), name,
			     attr, &f);
	if (err <= 0 || strcmp(f.name, name) != 0)
		return err < 0 ? err : 0;
	err = spec_file_judge(c, kind, &f, why, &text, &fields);
	if (err)
		return err < 0 ? err : 0;
	wish.id = value_find_string(fields, "id");
	return asset_reserve_id(c, &wish, why);
}

int catalog_judge(struct catalog *c, const struct catalog_move *move,
		  uint64_t dir, const char *name)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf line = BUF_INIT(8192);
	struct judgement j;
	struct place_info place;
	struct node_attr attr;
	uint64_t home;
	int err = node_get(c->st, move->ino, &attr);

	if (err || !S_ISREG(attr.mode) || !catalog_cares(c, dir, name))
		return 0;
	if (!node_alias_get(c->st, dir, name, &home))
		dir = home;
	catalog_locate(c, dir, &place);
	if (place.place == PLACE_KIND)
		err = drop_judge(c, place.kind, move, name, &why);
	else
		err = judge_in_asset(c, dir, place.kind, name, &attr, move,
				     &why);
	if (!err)
		return 0;
	refuse_file(c, dir, name, err, &why);
	if (place.place != PLACE_ASSET || err == -ENOMEM)
		return err;
	asset_put_path(c, dir, name, &line);
	buf_addf(&line, ": %s (%s)", why.len ? why.data : "refused",
		 strerror(-err));
	j.error = line.data;
	asset_change(c, dir, note_error, &j);
	return err;
}

/* An asset that stood under this name and does so no more. */
static void left(struct catalog *c, const struct kind *kind, const char *name)
{
	uint64_t ino = 0;

	{
		HOLD(&c->lock);
		struct asset *a =
			index_find_text(&c->index, BY_NAME, kind, name, NULL);

		if (a)
			ino = a->ino;
	}
	if (!ino)
		return;
	if (is_gone(c, ino))
		forget_gone(c, ino);
	else
		asset_forget(c, ino, true);
}

void catalog_changed(struct catalog *c, uint64_t dir, const char *name)
{
	struct place_info place;
	struct node_attr attr;

	catalog_locate(c, dir, &place);
	if (place.place == PLACE_ASSET) {
		if (!name || spec_file_is_name(name))
			asset_forget(c, dir, true);
		return;
	}
	if (place.place != PLACE_KIND || !name)
		return;
	left(c, place.kind, name);
	if (!node_find(c->st, dir, name, &attr) && S_ISDIR(attr.mode))
		asset_forget(c, attr.ino, true);
}

void catalog_removed(struct catalog *c, uint64_t dir)
{
	if (is_gone(c, dir))
		forget_gone(c, dir);
}

/* ---- counting ---- */

static void count_asset(struct catalog *c, size_t number, uint64_t ino,
			struct catalog_counts *counts)
{
	HOLD(&c->lock);
	const struct asset *a = index_find(&c->index, ino);

	if (!a)
		return;
	counts->assets[number] += a->state == STATE_REGISTERED;
	counts->drafts += a->state == STATE_DRAFT;
	counts->invalid += a->state == STATE_INVALID;
}

static int count_kind(struct catalog *c, size_t number,
		      struct catalog_counts *counts)
{
	AUTO(numbers_release) struct numbers dirs = { 0 };
	int err = list_dirs(c, number, &dirs);

	for (size_t i = 0; i < dirs.count; i++) {
		int failed = asset_refresh(c, dirs.at[i]);

		if (!failed)
			count_asset(c, number, dirs.at[i], counts);
		else if (failed != -ENOENT)
			err = failed;
	}
	return err;
}

static bool was_counted(struct catalog *c, uint64_t changes,
			struct catalog_counts *ret_counts)
{
	HOLD(&c->lock);

	if (!changes || changes != c->counted)
		return false;
	*ret_counts = c->counts;
	return true;
}

static void keep_counts(struct catalog *c, uint64_t changes,
			const struct catalog_counts *counts)
{
	HOLD(&c->lock);

	c->counted = changes;
	c->counts = *counts;
}

void catalog_count(struct catalog *c, struct catalog_counts *ret_counts)
{
	uint64_t changes = store_changes(c->st);
	int err = 0;

	if (was_counted(c, changes, ret_counts))
		return;
	*ret_counts = (struct catalog_counts){ 0 };
	for (size_t i = 0; kinds[i].name; i++) {
		int failed = count_kind(c, i, ret_counts);

		err = err ? err : failed;
	}
	if (!err)
		keep_counts(c, changes, ret_counts);
}

int catalog_get(struct catalog *c, uint64_t asset, struct value **ret_record,
		int64_t *ret_changed)
{
	return asset_look(c, asset, ret_record, ret_changed);
}
