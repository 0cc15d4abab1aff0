// SPDX-License-Identifier: Apache-2.0
/* A directory's entries, copied, so that the namespace's lock is not held while
 * they are looked at. */
#ifndef CATALOG_LISTING_H
#define CATALOG_LISTING_H

#include "store/node.h"

struct listing_entry {
	char *name;
	struct node_attr attr;
};

struct listing {
	struct listing_entry *entry;
	size_t count;
	size_t cap;
	size_t max; /* no more than so many; the rest is left out */
	bool cut;   /* there were more */
};

#define LISTING_INIT(most)                                                     \
	{                                                                      \
		.max = (most)                                                  \
	}

/* Add the entries of `dir`. -ENOMEM, node_each's. */
int listing_read(struct store *st, uint64_t dir, struct listing *l);
void listing_sort(struct listing *l); /* by name, bytewise */
void listing_release(struct listing *l);

#endif
