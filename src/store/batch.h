// SPDX-License-Identifier: Apache-2.0
/* Entries of the journal as one change: of each row only the last put or drop,
 * which is what matters of several. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "rows.h"

struct batch {
	struct row *row; /* in the order in which each key came first */
	size_t count, cap;
	uint32_t *slot; /* index + 1 of a row, by hash; 0: free */
	size_t slots;	/* a power of two, at least twice cap */
};

void batch_release(struct batch *b); /* for AUTO(); it begins as { 0 } */
/* The rows of one entry; their data stay where they are. -EUCLEAN, -ENOMEM. */
int batch_add(struct batch *b, const unsigned char *data, size_t len);
/* Has it a put or a drop of this row? */
bool batch_has(const struct batch *b, enum row_type type, uint64_t key,
	       uint64_t key2);

#endif
