// SPDX-License-Identifier: Apache-2.0
/* Copies of directories (listing.h). */
#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(void *arg, const char *name, const struct node_attr *attr,
	       uint64_t cookie)
{
	struct listing *l = arg;

	(void)cookie;
	if (l->count == l->max) {
		l->cut = true;
		return 1;
	}
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct listing_entry *more =
			realloc(l->entry, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->entry = more;
		l->cap = cap;
	}
	l->entry[l->count].name = strdup(name);
	if (!l->entry[l->count].name)
		return -ENOMEM;
	l->entry[l->count++].attr = *attr;
	return 0;
}

int listing_read(struct store *st, uint64_t dir, struct listing *l)
{
	int err = node_each(st, dir, 0, add, l);

	return err < 0 ? err : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct listing_entry *x = a;
	const struct listing_entry *y = b;

	return strcmp(x->name, y->name);
}

void listing_sort(struct listing *l)
{
	if (l->count)
		qsort(l->entry, l->count, sizeof(*l->entry), by_name);
}

void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->entry[i].name);
	free(l->entry);
	*l = (struct listing)LISTING_INIT(l->max);
}
