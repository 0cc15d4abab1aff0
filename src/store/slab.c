// SPDX-License-Identifier: Apache-2.0
#include "slab.h"

#include <stdlib.h>

#include "base/memory.h"

#define LEAST ((size_t)64 << 10)
#define MOST ((size_t)32 << 20)

struct slab_piece {
	struct slab_piece *next;
	char data[];
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* Pieces grow with what was needed so far. */
static int add_piece(struct slab *s)
{
	size_t size = s->total < LEAST ? LEAST : s->total;
	struct slab_piece *piece;

	if (size > MOST)
		size = MOST;
	piece = memory_new(1, size);
	if (!piece)
		return -1;
	piece->next = s->pieces;
	s->pieces = piece;
	s->at = piece->data;
	s->left = size - sizeof(*piece);
	s->total += size;
	return 0;
}

void *slab_get(struct slab *s, size_t len)
{
	char *at;

	len = padded(len);
	if (len > s->left && add_piece(s))
		return NULL;
	at = s->at;
	s->at += len;
	s->left -= len;
	return at;
}

void slab_release(struct slab *s)
{
	for (struct slab_piece *p = s->pieces, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	*s = (struct slab){ 0 };
}
