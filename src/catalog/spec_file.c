// SPDX-License-Identifier: Apache-2.0
/*
 * Which file of a directory is its spec (DESIGN section 4):
 *
 *	<kind>.yaml, else <directory>.yaml, else the spec in force, else the
 *	only YAML file there
 *
 * and each ending .yml as well. The last is a guess: a data directory may hold
 * YAML of its own. So it counts only if it looks like a spec of the kind,
 * unless the kind is nothing without one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/yaml.h"
#include "state.h"

#define DEPTH_MOST 40	/* of a record's fields: they are kept as JSON */
#define NAMES_MOST 4096 /* of a directory, where its spec is looked for */

/* Most names are none by their ends, which are looked at before all rules of
 * scratch names are. */
bool spec_file_is_name(const char *name)
{
	return (name_has_suffix(name, ".yaml") ||
		name_has_suffix(name, ".yml")) &&
	       name[0] != '.' && !name_is_scratch(name);
}

/* Is it `stem` with .yaml or .yml behind it? */
static bool is_stem(const char *name, const char *stem, size_t len)
{
	return !strncmp(name, stem, len) && name[len] == '.' &&
	       (!strcmp(name + len, ".yaml") || !strcmp(name + len, ".yml"));
}

enum rank { RANK_OTHER, RANK_IN_FORCE, RANK_DIRECTORY, RANK_KIND };

struct search {
	const struct kind *kind;
	const char *directory;
	const char *in_force;
	const char *extra; /* is judged by other attributes */
	size_t left;	   /* names that are looked at */
	size_t count;	   /* of YAML files */
	enum rank rank;	   /* of the best so far: */
	char name[NAME_LIMIT + 1];
	struct node_attr attr;
};

static enum rank rank_of(const struct search *s, const char *name)
{
	if (is_stem(name, s->kind->name, strlen(s->kind->name)))
		return RANK_KIND;
	if (is_stem(name, s->directory, strlen(s->directory)))
		return RANK_DIRECTORY;
	if (s->in_force && !strcmp(name, s->in_force))
		return RANK_IN_FORCE;
	return RANK_OTHER;
}

/* Of several of one rank the first by name. */
static void consider(struct search *s, const char *name,
		     const struct node_attr *attr)
{
	enum rank rank;

	if (!S_ISREG(attr->mode) || !spec_file_is_name(name))
		return;
	rank = rank_of(s, name);
	if (s->count++ &&
	    (rank < s->rank || (rank == s->rank && strcmp(name, s->name) >= 0)))
		return;
	s->rank = rank;
	s->attr = *attr;
	snprintf(s->name, sizeof(s->name), "%s", name);
}

static int consider_entry(void *arg, const char *name,
			  const struct node_attr *attr, uint64_t cookie)
{
	struct search *s = arg;

	(void)cookie;
	if (!s->left--)
		return 1;
	if (!s->extra || strcmp(name, s->extra) != 0)
		consider(s, name, attr);
	return 0;
}

int spec_file_find(struct catalog *c, uint64_t dir, const struct kind *kind,
		   const char *in_force, const char *extra,
		   const struct node_attr *extra_attr,
		   struct spec_file *ret_file)
{
	AUTO(buf_release) struct buf directory = BUF_INIT(NAME_LIMIT);
	struct search s = { .kind = kind,
			    .in_force = in_force,
			    .extra = extra,
			    .left = NAMES_MOST };
	int err = catalog_name_of(c, dir, &directory);

	s.directory = directory.data;
	if (!err)
		err = node_each(c->st, dir, 0, consider_entry, &s);
	if (err)
		return err;
	if (extra)
		consider(&s, extra, extra_attr);
	if (!s.count || (s.rank == RANK_OTHER && s.count > 1))
		return 0;
	ret_file->name = strdup(s.name);
	ret_file->attr = s.attr;
	ret_file->strict = s.rank != RANK_OTHER || kind->needs_spec;
	return ret_file->name ? 1 : -ENOMEM;
}

void spec_file_release(struct spec_file *f)
{
	free(f->name);
	*f = (struct spec_file){ 0 };
}

/* How deep a document nests; no more than `most` is looked at. */
static unsigned int depth_of(const struct value *v, unsigned int most)
{
	unsigned int deepest = 0;

	for (size_t i = 0; most && i < v->count; i++) {
		unsigned int d = depth_of(v->item[i], most - 1);

		if (d > deepest)
			deepest = d;
	}
	return deepest + 1;
}

int spec_text_judge(const struct kind *kind, const char *text, size_t len,
		    bool strict, struct buf *why, struct value **ret_fields)
{
	AUTO(value_release) struct value *docs = NULL;
	AUTO(value_release) struct value *fields = value_new_map();
	int err = yaml_read_all(text, len, &yaml_spec_limits,
				strict ? why : NULL, &docs);

	if (!fields)
		return -ENOMEM;
	if (err)
		return strict || err == -ENOMEM ? err : 1;
	if (!strict && (!docs->count || !kind->accepts(docs->item[0])))
		return 1;
	err = kind->read_spec(docs, fields, why);
	if (err)
		return why_set(why, err, "it cannot be read as a %s",
			       kind->name);
	if (depth_of(fields, DEPTH_MOST + 1) > DEPTH_MOST)
		return why_set(why, -EFBIG,
			       "it nests deeper than %d levels of maps and "
			       "lists",
			       DEPTH_MOST);
	*ret_fields = TAKE(fields);
	return 0;
}

int spec_file_judge(struct catalog *c, const struct kind *kind,
		    const struct spec_file *f, struct buf *why,
		    struct buf *text, struct value **ret_fields)
{
	size_t most = yaml_spec_limits.bytes;
	int err = 0;

	if (f->attr.size > most)
		err = -EFBIG;
	buf_clear(text);
	text->max = most;
	if (!err)
		err = file_read(c->st, f->attr.ino, text);
	if (err == -EFBIG && f->strict)
		return why_set(why, err,
			       "it has %llu bytes; a spec has at most %zu",
			       (unsigned long long)f->attr.size, most);
	if (err == -EFBIG)
		return 1;
	if (err)
		return why_set(why, err, "it cannot be read");
	return spec_text_judge(kind, text->data, text->len, f->strict, why,
			       ret_fields);
}
