// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "unit.h"

#define COUNT 1000u

struct thing {
	struct table_link link;
	uint64_t key;
	bool seen;
};

static uint64_t hash_key(uint64_t key)
{
	return key / 3; /* some share a chain, whatever the size */
}

static uint64_t hash_of(const struct table_link *link)
{
	return hash_key(((const struct thing *)link)->key);
}

static struct thing *find(const struct table *t, uint64_t key)
{
	struct table_link *at = table_chain(t, hash_key(key));

	while (at && ((struct thing *)at)->key != key)
		at = at->next;
	return (struct thing *)at;
}

static bool add(struct table *t, uint64_t key)
{
	struct thing *thing = calloc(1, sizeof(*thing));

	if (!thing)
		return false;
	thing->key = key;
	table_add(t, &thing->link);
	return true;
}

/* Each that is in it is met once. */
static size_t count(const struct table *t)
{
	size_t met = 0;

	for (struct table_link *at = table_next(t, NULL); at;
	     at = table_next(t, at)) {
		met += !((struct thing *)at)->seen;
		((struct thing *)at)->seen = true;
	}
	return met;
}

static void end_table(struct table *t)
{
	table_release(t, table_free);
}

TEST(table_finds_what_is_in_it)
{
	AUTO(end_table) struct table t = { 0 };

	CHECK_INT(table_init(&t, 4, hash_of), 0);
	CHECK(!table_next(&t, NULL));
	for (uint64_t key = 0; key < COUNT; key++)
		CHECK(add(&t, key));
	CHECK_INT(t.count, COUNT);
	CHECK(t.slots >= COUNT);
	for (uint64_t key = 0; key < COUNT; key += 2) {
		struct thing *thing = find(&t, key);

		CHECK(thing);
		table_drop(&t, &thing->link);
		free(thing);
	}
	CHECK_INT(t.count, COUNT / 2);
	for (uint64_t key = 0; key <= COUNT; key++)
		CHECK_INT(find(&t, key) != NULL, key % 2 && key < COUNT);
	CHECK_INT(count(&t), COUNT / 2);
}

/* Where it cannot grow. */
TEST_STARVED(table_holds_more_than_its_slots)
{
	AUTO(end_table) struct table t = { 0 };
	unsigned int added = 0;

	ENOUGH(table_init(&t, 4, hash_of));
	for (uint64_t key = 0; key < 20; key++)
		added += add(&t, key);
	CHECK(added >= 19 && t.count == added);
	CHECK_INT(count(&t), added);
}

TEST(table_has_room_beforehand)
{
	AUTO(end_table) struct table t = { 0 };
	size_t slots;

	CHECK_INT(table_init(&t, 4, hash_of), 0);
	table_expect(&t, COUNT);
	slots = t.slots;
	CHECK(slots >= COUNT);
	for (uint64_t key = 0; key < COUNT; key++)
		CHECK(add(&t, key));
	CHECK_INT(t.slots, slots);
}
