// SPDX-License-Identifier: Apache-2.0
/* The records in memory: a table under the namespace lock, and who waits for
 * changes under a lock of its own. */
#ifndef STORE_RECORDS_H
#define STORE_RECORDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "store/record.h"

struct record {
	struct table_link link;
	uint64_t key;
	uint32_t class;
	uint32_t len;
	char text[];
};

struct records {
	/* by class: of wishes, of which there are few, all are asked for again
	 * and again. A class that nobody knows, of a damaged database, is in
	 * one of them */
	struct table table[RECORD_CLASSES];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t seq[RECORD_CLASSES]; /* under the lock, from 1 */
	bool woken;		      /* under the lock */
};

int records_init(struct records *r);
void records_release(struct records *r);
struct record *records_find(struct records *r, int class, uint64_t key);
/* Room for it: a record with its text; NULL when out of memory. */
struct record *records_new(int class, uint64_t key, const char *text,
			   size_t len);
/* In the place of an older one. */
void records_put(struct records *r, struct record *take_record);
bool records_drop(struct records *r, int class, uint64_t key);

#endif
