// SPDX-License-Identifier: Apache-2.0
#include "batch.h"

#include <errno.h>
#include <stdlib.h>

void batch_release(struct batch *b)
{
	free(b->row);
	free(b->slot);
	*b = (struct batch){ 0 };
}

static size_t hash_row(const struct row *r)
{
	uint64_t h = r->key * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ (h >> 29) ^ (r->key2 << 2) ^ r->type) *
	    UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(h >> 32);
}

static uint32_t *find_slot(const struct batch *b, const struct row *r)
{
	size_t at = hash_row(r) & (b->slots - 1);

	for (; b->slot[at]; at = (at + 1) & (b->slots - 1)) {
		const struct row *have = &b->row[b->slot[at] - 1];

		if (have->key == r->key && have->key2 == r->key2 &&
		    have->type == r->type)
			break;
	}
	return &b->slot[at];
}

static int grow(struct batch *b)
{
	size_t cap = b->cap ? b->cap * 2 : 1024;
	struct row *row = realloc(b->row, cap * sizeof(*row));
	uint32_t *slot;

	if (!row)
		return -ENOMEM;
	b->row = row;
	slot = calloc(cap * 2, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(b->slot);
	b->slot = slot;
	b->slots = cap * 2;
	b->cap = cap;
	for (size_t i = 0; i < b->count; i++)
		*find_slot(b, &b->row[i]) = (uint32_t)i + 1;
	return 0;
}

static int add_row(struct batch *b, const struct row *r)
{
	uint32_t *slot;
	int err = b->count == b->cap ? grow(b) : 0;

	if (err)
		return err;
	slot = find_slot(b, r);
	if (!*slot) {
		b->count++;
		*slot = (uint32_t)b->count;
	}
	b->row[*slot - 1] = *r;
	return 0;
}

int batch_add(struct batch *b, const unsigned char *data, size_t len)
{
	struct row row;
	size_t at = 0;
	int err;

	while ((err = rows_next(data, len, &at, &row)) == 1) {
		err = add_row(b, &row);
		if (err)
			return err;
	}
	return err;
}

bool batch_has(const struct batch *b, enum row_type type, uint64_t key,
	       uint64_t key2)
{
	struct row row = { .type = type, .key = key, .key2 = key2 };

	return b->count && *find_slot(b, &row);
}
