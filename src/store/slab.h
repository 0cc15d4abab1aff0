// SPDX-License-Identifier: Apache-2.0
/*
 * Memory for what is loaded at the start and mostly stays till the end: objects
 * lie one behind the other, in large pieces that the kernel may back with huge
 * pages. Touching small pages for the first time is a good part of loading a
 * large store. Nothing is given back one by one.
 */
#ifndef STORE_SLAB_H
#define STORE_SLAB_H

#include <stddef.h>

struct slab_piece;

struct slab {
	struct slab_piece *pieces;
	char *at;
	size_t left, total; /* bytes */
};

/* Zeroed, for any object of at most 4096 bytes; NULL: no memory. */
void *slab_get(struct slab *s, size_t len);
void slab_release(struct slab *s);

#endif
