// SPDX-License-Identifier: Apache-2.0
/* The assets in memory: one struct each, in three hash tables (state.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "state.h"

#define FIRST_SLOTS 64

/* FNV-1a. */
static uint64_t hash_text(const struct kind *kind, const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)kind;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

/* splitmix64's mixer: inode numbers are dense. */
static uint64_t hash_ino(uint64_t ino)
{
	ino = (ino ^ ino >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return ino ^ ino >> 27;
}

static const char *text_of(const struct asset *a, enum by by)
{
	return by == BY_ID ? a->id : a->name;
}

/* The three links of an asset are its first member. */
static struct asset *asset_of(const struct table_link *link, enum by by)
{
	return link ? (struct asset *)(link - by) : NULL;
}

static uint64_t hash_by_ino(const struct table_link *link)
{
	return hash_ino(asset_of(link, BY_INO)->ino);
}

static uint64_t hash_by_id(const struct table_link *link)
{
	const struct asset *a = asset_of(link, BY_ID);

	return hash_text(a->kind, a->id);
}

static uint64_t hash_by_name(const struct table_link *link)
{
	const struct asset *a = asset_of(link, BY_NAME);

	return hash_text(a->kind, a->name);
}

int index_init(struct index *x)
{
	int err = table_init(&x->by[BY_INO], FIRST_SLOTS, hash_by_ino);

	if (!err)
		err = table_init(&x->by[BY_ID], FIRST_SLOTS, hash_by_id);
	return err ? err
		   : table_init(&x->by[BY_NAME], FIRST_SLOTS, hash_by_name);
}

static bool is_in(const struct asset *a, enum by by)
{
	return by == BY_INO || (a->kind && text_of(a, by));
}

static void link_in(struct index *x, struct asset *a, enum by by)
{
	if (is_in(a, by))
		table_add(&x->by[by], &a->link[by]);
}

static void unlink_from(struct index *x, struct asset *a, enum by by)
{
	if (is_in(a, by))
		table_drop(&x->by[by], &a->link[by]);
}

static struct asset *next(const struct asset *a, enum by by)
{
	return asset_of(a->link[by].next, by);
}

struct asset *index_find(struct index *x, uint64_t ino)
{
	struct asset *a =
		asset_of(table_chain(&x->by[BY_INO], hash_ino(ino)), BY_INO);

	while (a && a->ino != ino)
		a = next(a, BY_INO);
	return a;
}

struct asset *index_find_text(struct index *x, enum by by,
			      const struct kind *kind, const char *text,
			      struct asset *after)
{
	struct asset *a =
		after ? next(after, by)
		      : asset_of(table_chain(&x->by[by], hash_text(kind, text)),
				 by);

	while (a && (a->kind != kind || strcmp(text_of(a, by), text) != 0))
		a = next(a, by);
	return a;
}

struct asset *index_get(struct index *x, uint64_t ino)
{
	struct asset *a = index_find(x, ino);

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->ino = ino;
	a->stale = true;
	link_in(x, a, BY_INO);
	return a;
}

int index_set_text(struct index *x, struct asset *a, enum by by,
		   const struct kind *kind, const char *text)
{
	char **field = by == BY_ID ? &a->id : &a->name;
	char *copy;

	if (a->kind == kind && *field && text && !strcmp(*field, text))
		return 0;
	copy = text ? strdup(text) : NULL;
	if (text && !copy)
		return -ENOMEM;
	/* a kind is part of both keys */
	unlink_from(x, a, BY_ID);
	unlink_from(x, a, BY_NAME);
	free(*field);
	*field = copy;
	a->kind = kind;
	link_in(x, a, BY_ID);
	link_in(x, a, BY_NAME);
	return 0;
}

static void drop_view(struct index *x, struct asset *a)
{
	x->views -= a->view != NULL;
	value_free(a->view);
	a->view = NULL;
}

static void drop_all_views(struct index *x)
{
	const struct table *t = &x->by[BY_INO];

	for (const struct table_link *at = table_next(t, NULL); at;
	     at = table_next(t, at))
		drop_view(x, asset_of(at, BY_INO));
}

void index_set_view(struct index *x, struct asset *a, struct value *take_view,
		    uint64_t changes, int64_t changed)
{
	drop_view(x, a);
	if (take_view && x->views >= VIEWS_MOST)
		drop_all_views(x);
	a->view = take_view;
	a->changes = changes;
	a->changed = changed;
	x->views += take_view != NULL;
}

static void asset_free(struct table_link *link)
{
	struct asset *a = asset_of(link, BY_INO);

	value_free(a->view);
	free(a->id);
	free(a->name);
	free(a);
}

void index_drop(struct index *x, struct asset *a)
{
	for (int by = 0; by < 3; by++)
		unlink_from(x, a, (enum by)by);
	x->views -= a->view != NULL;
	asset_free(&a->link[BY_INO]);
}

void index_release(struct index *x)
{
	table_release(&x->by[BY_ID], NULL);
	table_release(&x->by[BY_NAME], NULL);
	table_release(&x->by[BY_INO], asset_free);
	x->views = 0;
}
