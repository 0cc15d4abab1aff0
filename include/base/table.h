// SPDX-License-Identifier: Apache-2.0
/*
 * A hash table of things that carry their link: most often as their first
 * member, so that the one's address is the other's.
 *
 * It compares nothing: whoever looks for one goes along the chain of its hash.
 * Once it is made nothing fails, since a table that cannot grow still works,
 * with longer chains.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_link {
	struct table_link *next;
};

/* Of what carries the link; the low bits count. */
typedef uint64_t table_hash_fn(const struct table_link *link);

struct table {
	struct table_link **slot;
	size_t slots; /* a power of two */
	size_t count;
	table_hash_fn *hash;
};

/* slots: a power of two. -ENOMEM. */
int table_init(struct table *t, size_t slots, table_hash_fn *hash);
/* end: called with each that is in it, or NULL. */
void table_release(struct table *t, void (*end)(struct table_link *link));
/* An `end` for what is one piece of memory that begins with its link. */
void table_free(struct table_link *link);
/* Slots for so many, if there is memory. */
void table_expect(struct table *t, size_t count);
void table_add(struct table *t, struct table_link *link);
/* One that is in it. */
void table_drop(struct table *t, struct table_link *link);
/* The one after `link`, in no order; NULL: the first; NULL: there are no more.
 */
struct table_link *table_next(const struct table *t,
			      const struct table_link *link);

/* The first of those that may have this hash, or NULL. */
static inline struct table_link *table_chain(const struct table *t,
					     uint64_t hash)
{
	return t->slot[hash & (t->slots - 1)];
}

#endif
