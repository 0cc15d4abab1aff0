// SPDX-License-Identifier: Apache-2.0
/* The assets in memory: one struct each, in three hash tables (state.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "state.h"

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

static struct asset **slot_of(struct index *x, const struct asset *a,
			      enum by by)
{
	uint64_t h = by == BY_INO ? hash_ino(a->ino)
				  : hash_text(a->kind, text_of(a, by));

	return &x->slot[by][h & (x->slots - 1)];
}

static bool is_in(const struct asset *a, enum by by)
{
	return by == BY_INO || (a->kind && text_of(a, by));
}

static void link_in(struct index *x, struct asset *a, enum by by)
{
	struct asset **slot;

	if (!is_in(a, by))
		return;
	slot = slot_of(x, a, by);
	a->next[by] = *slot;
	*slot = a;
}

static void unlink_from(struct index *x, struct asset *a, enum by by)
{
	struct asset **at;

	if (!is_in(a, by))
		return;
	at = slot_of(x, a, by);
	while (*at != a)
		at = &(*at)->next[by];
	*at = a->next[by];
	a->next[by] = NULL;
}

static int resize(struct index *x)
{
	struct index bigger = { .slots = x->slots ? x->slots * 2 : 64,
				.count = x->count,
				.views = x->views };

	for (int by = 0; by < 3; by++)
		bigger.slot[by] = calloc(bigger.slots, sizeof(struct asset *));
	if (!bigger.slot[BY_INO] || !bigger.slot[BY_ID] ||
	    !bigger.slot[BY_NAME]) {
		for (int by = 0; by < 3; by++)
			free(bigger.slot[by]);
		return -ENOMEM;
	}
	for (size_t i = 0; i < x->slots; i++)
		for (struct asset *a = x->slot[BY_INO][i], *next; a; a = next) {
			next = a->next[BY_INO];
			for (int by = 0; by < 3; by++)
				link_in(&bigger, a, (enum by)by);
		}
	for (int by = 0; by < 3; by++)
		free(x->slot[by]);
	*x = bigger;
	return 0;
}

struct asset *index_find(struct index *x, uint64_t ino)
{
	struct asset *a;

	if (!x->slots)
		return NULL;
	a = x->slot[BY_INO][hash_ino(ino) & (x->slots - 1)];
	while (a && a->ino != ino)
		a = a->next[BY_INO];
	return a;
}

struct asset *index_find_text(struct index *x, enum by by,
			      const struct kind *kind, const char *text,
			      struct asset *after)
{
	struct asset *a;

	if (!x->slots)
		return NULL;
	a = after ? after->next[by]
		  : x->slot[by][hash_text(kind, text) & (x->slots - 1)];
	while (a && (a->kind != kind || strcmp(text_of(a, by), text) != 0))
		a = a->next[by];
	return a;
}

struct asset *index_get(struct index *x, uint64_t ino)
{
	struct asset *a = index_find(x, ino);

	if (a)
		return a;
	if (x->count >= x->slots && resize(x))
		return NULL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->ino = ino;
	a->stale = true;
	link_in(x, a, BY_INO);
	x->count++;
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
	for (size_t i = 0; i < x->slots; i++)
		for (struct asset *a = x->slot[BY_INO][i]; a;
		     a = a->next[BY_INO])
			drop_view(x, a);
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

void index_drop(struct index *x, struct asset *a)
{
	for (int by = 0; by < 3; by++)
		unlink_from(x, a, (enum by)by);
	drop_view(x, a);
	x->count--;
	free(a->id);
	free(a->name);
	free(a);
}

void index_release(struct index *x)
{
	for (size_t i = 0; i < x->slots; i++)
		while (x->slot[BY_INO][i])
			index_drop(x, x->slot[BY_INO][i]);
	for (int by = 0; by < 3; by++)
		free(x->slot[by]);
	*x = (struct index){ 0 };
}
