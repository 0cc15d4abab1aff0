// SPDX-License-Identifier: Apache-2.0
/*
 * Files dropped into a kind's directory (DESIGN section 4): a spec, a file that
 * is an asset by itself (a notebook), or an archive with a spec in it. Such a
 * file moves into a directory that is named after its id, and an alias keeps
 * its dropped name reachable.
 *
 *	judge -> make the directory -> unpack -> move -> alias -> judge in place
 *
 * What fails before the move leaves nothing behind but the file where it was.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/json.h"
#include "ext/yaml.h"
#include "spec.h"
#include "state.h"

enum drop_type { DROP_SPEC, DROP_FILE, DROP_ARCHIVE };

struct drop {
	enum drop_type type;
	struct buf id;
	struct buf member; /* ARCHIVE: the spec's name in it */
};

static void drop_release(struct drop *d)
{
	buf_release(&d->id);
	buf_release(&d->member);
}

#define DROP_INIT                                                              \
	{                                                                      \
		.id = BUF_INIT(NAME_LIMIT), .member = BUF_INIT(4096)           \
	}

static bool is_archive(const char *name)
{
	return name_has_suffix(name, ".tgz") ||
	       name_has_suffix(name, ".tar.gz");
}

static bool is_file(const struct kind *kind, const char *name)
{
	return kind->file_suffix && name_has_suffix(name, kind->file_suffix);
}

bool drop_is_name(const struct kind *kind, const char *name)
{
	if (name_is_scratch(name) || name[0] == '.')
		return false;
	return spec_file_is_name(name) || is_archive(name) ||
	       is_file(kind, name);
}

/* ---- what is it? ---- */

static int take_id(const struct kind *kind, const char *text, size_t len,
		   struct buf *why, struct drop *d)
{
	AUTO(value_release) struct value *fields = NULL;
	int err = spec_text_judge(kind, text, len, true, why, &fields);

	if (err)
		return err;
	buf_puts(&d->id, value_find_string(fields, "id"));
	return d->id.err;
}

static int inspect_spec(struct catalog *c, const struct kind *kind,
			const struct node_attr *attr, struct buf *why,
			struct drop *d)
{
	AUTO(buf_release) struct buf text = BUF_INIT(yaml_spec_limits.bytes);
	int err = attr->size > text.max ? -EFBIG
					: file_read(c->st, attr->ino, &text);

	d->type = DROP_SPEC;
	if (err == -EFBIG)
		return why_set(why, err,
			       "it has %llu bytes; a spec has at most %zu",
			       (unsigned long long)attr->size, text.max);
	if (err)
		return why_set(why, err, "it cannot be read");
	return take_id(kind, text.data, text.len, why, d);
}

/* A notebook: its id is made of its name. */
static int inspect_file(struct catalog *c, const struct kind *kind,
			const struct node_attr *attr, const char *name,
			struct buf *why, struct drop *d)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf stem = BUF_INIT(NAME_LIMIT);
	AUTO(value_release) struct value *doc = NULL;
	int err = file_read(c->st, attr->ino, &text);

	d->type = DROP_FILE;
	if (!err)
		err = json_read(text.data, text.len, BUF_MAX, why, &doc);
	if (err)
		return why_set(why, err, "it cannot be read as a %s",
			       kind->name);
	if (!value_is(value_find(doc, "cells"), VALUE_LIST))
		return why_set(why, -EINVAL,
			       "it is no %s: expected a map with 'cells'",
			       kind->name);
	buf_add(&stem, name, strlen(name) - strlen(kind->file_suffix));
	name_put_id(stem.data, &d->id);
	if (!d->id.len)
		return why_set(why, -EINVAL,
			       "no id can be made of its name: letters a-z or "
			       "digits are needed");
	return d->id.err ? d->id.err : stem.err;
}

/*
 * An archive without a spec is a file like any other. One that is broken or
 * unsafe is refused where nothing but an asset can be meant; of data and models
 * people keep archives that are none of our business.
 */
static int inspect_archive(struct catalog *c, const struct kind *kind,
			   const struct node_attr *attr, const char *name,
			   struct buf *why, struct drop *d)
{
	AUTO(buf_release) struct buf text = BUF_INIT(yaml_spec_limits.bytes);
	AUTO(buf_release) struct buf broken = WHY_INIT;
	int err = unpack_find_spec(c, kind, attr->ino, name, &broken, &text,
				   &d->member);

	d->type = DROP_ARCHIVE;
	if (err == -EINVAL && !kind->needs_spec && !kind->file_suffix)
		return 1;
	if (err < 0)
		return why_set(why, err, "%s",
			       broken.len ? broken.data : "it cannot be read");
	if (err)
		return 1;
	err = take_id(kind, text.data, text.len, &broken, d);
	if (err)
		why_set(why, err, "%s in it: %s", d->member.data, broken.data);
	return err;
}

/* 0: an asset; 1: some other file; -errno with a sentence. */
static int inspect(struct catalog *c, const struct kind *kind,
		   const struct node_attr *attr, const char *name,
		   struct buf *why, struct drop *d)
{
	if (spec_file_is_name(name))
		return inspect_spec(c, kind, attr, why, d);
	if (is_file(kind, name))
		return inspect_file(c, kind, attr, name, why, d);
	return inspect_archive(c, kind, attr, name, why, d);
}

/* ---- where does it go? ---- */

/* The directory, if it is there: then a file of that name must be in it, which
 * is the one that is written again. *ret_home 0: there is none yet. */
static int find_home(struct catalog *c, const struct kind *kind,
		     const struct drop *d, const struct catalog_move *move,
		     const char *name, struct buf *why, uint64_t *ret_home)
{
	struct id_wish wish = {
		.kind = kind, .id = d->id.data, .only_ask = true, .move = *move
	};
	struct node_attr home;
	struct node_attr old;
	int err =
		node_find(c->st, catalog_kind_dir(c, kind), d->id.data, &home);

	*ret_home = 0;
	if (err == -ENOENT)
		return asset_reserve_id(c, &wish, why);
	if (err)
		return err;
	if (!S_ISDIR(home.mode) || node_find(c->st, home.ino, name, &old))
		return why_set(why, -EEXIST,
			       "%s/%s is there already, and it was not made "
			       "from a file of this name",
			       kind->dir, d->id.data);
	*ret_home = home.ino;
	return 0;
}

int drop_judge(struct catalog *c, const struct kind *kind,
	       const struct catalog_move *move, const char *name,
	       struct buf *why)
{
	AUTO(drop_release) struct drop d = DROP_INIT;
	struct node_attr attr;
	uint64_t home;
	int err = node_get(c->st, move->ino, &attr);

	if (!err)
		err = inspect(c, kind, &attr, name, why, &d);
	if (!err)
		err = find_home(c, kind, &d, move, name, why, &home);
	return err > 0 ? 0 : err;
}

/* ---- moving in ---- */

/* Everything up to the move; a directory that was made goes again when it
 * fails. */
static int move_in(struct catalog *c, const struct kind *kind,
		   const struct node_attr *attr, const char *name,
		   const struct drop *d, struct buf *why, uint64_t *ret_home)
{
	struct owner owner = { attr->uid, attr->gid };
	struct catalog_move there = { 0 };
	uint64_t dir = catalog_kind_dir(c, kind);
	bool made = false;
	int err = find_home(c, kind, d, &there, name, why, ret_home);

	if (err)
		return err;
	if (!*ret_home) {
		err = file_make_dir(c->st, dir, d->id.data, 0755, &owner,
				    ret_home);
		made = !err;
	}
	if (!err && d->type == DROP_ARCHIVE)
		err = unpack_into(c, attr->ino, name, d->member.data, *ret_home,
				  &owner, why);
	if (!err)
		err = file_move(c->st, dir, name, *ret_home, name);
	if (err && made)
		file_remove(c->st, dir, d->id.data);
	if (err)
		return why_set(why, err,
			       "it cannot be made the asset %s/%s: %s",
			       kind->dir, d->id.data, strerror(-err));
	asset_forget(c, *ret_home, true);
	/* it is where it belongs, even if it cannot have its old name */
	node_alias_put(c->st, dir, name, *ret_home);
	return 0;
}

/* The file whose close makes the asset: the spec, wherever it came from. */
static const char *spec_of(const struct drop *d, const char *name)
{
	const char *slash;

	if (d->type != DROP_ARCHIVE)
		return name;
	slash = strrchr(d->member.data, '/');
	return slash ? slash + 1 : d->member.data;
}

int drop_closed(struct catalog *c, const struct kind *kind, const char *name,
		uid_t uid)
{
	AUTO(drop_release) struct drop d = DROP_INIT;
	AUTO(buf_release) struct buf why = WHY_INIT;
	uint64_t dir = catalog_kind_dir(c, kind);
	AUTO(claim_release) struct claim claim = { 0 };
	struct node_attr attr;
	uint64_t home;
	int err;

	claim_take(c, dir, &claim);
	err = node_find(c->st, dir, name, &attr);
	if (err || !S_ISREG(attr.mode))
		return 0;
	err = inspect(c, kind, &attr, name, &why, &d);
	if (err > 0)
		return 0;
	if (!err)
		err = move_in(c, kind, &attr, name, &d, &why, &home);
	if (err) {
		refuse_file(c, dir, name, err, &why);
		return err;
	}
	if (d.type == DROP_FILE)
		return asset_refresh(c, home);
	return asset_closed(c, home, kind, spec_of(&d, name), uid);
}
