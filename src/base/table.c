// SPDX-License-Identifier: Apache-2.0
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

int table_init(struct table *t, size_t slots, table_hash_fn *hash)
{
	*t = (struct table){ .slots = slots, .hash = hash };
	t->slot = memory_new(slots, sizeof(struct table_link *));
	if (t->slot)
		return 0;
	t->slots = 0;
	return -ENOMEM;
}

void table_release(struct table *t, void (*end)(struct table_link *link))
{
	for (size_t i = 0; end && i < t->slots; i++)
		for (struct table_link *at = t->slot[i], *next; at; at = next) {
			next = at->next;
			end(at);
		}
	free(t->slot);
	*t = (struct table){ 0 };
}

void table_free(struct table_link *link)
{
	free(link);
}

static struct table_link **slot_of(const struct table *t,
				   const struct table_link *link)
{
	return &t->slot[t->hash(link) & (t->slots - 1)];
}

static void link_in(struct table *t, struct table_link *link)
{
	struct table_link **slot = slot_of(t, link);

	link->next = *slot;
	*slot = link;
}

static void grow(struct table *t, size_t slots)
{
	struct table bigger;

	if (table_init(&bigger, slots, t->hash))
		return;
	bigger.count = t->count;
	for (size_t i = 0; i < t->slots; i++)
		for (struct table_link *at = t->slot[i], *next; at; at = next) {
			next = at->next;
			link_in(&bigger, at);
		}
	free(t->slot);
	*t = bigger;
}

void table_expect(struct table *t, size_t count)
{
	size_t slots = t->slots;

	while (slots < count && slots <= SIZE_MAX / 4)
		slots *= 2;
	if (slots > t->slots)
		grow(t, slots);
}

void table_add(struct table *t, struct table_link *link)
{
	table_expect(t, ++t->count);
	link_in(t, link);
}

void table_drop(struct table *t, struct table_link *link)
{
	struct table_link **at = slot_of(t, link);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	t->count--;
}

struct table_link *table_next(const struct table *t,
			      const struct table_link *link)
{
	struct table_link **slot = t->slot;

	if (link && link->next)
		return link->next;
	if (link)
		slot = slot_of(t, link) + 1;
	while (slot < t->slot + t->slots && !*slot)
		slot++;
	return slot < t->slot + t->slots ? *slot : NULL;
}
