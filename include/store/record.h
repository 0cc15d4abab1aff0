// SPDX-License-Identifier: Apache-2.0
/*
 * Records: what is known beside the namespace. A record is a text (JSON, as a
 * rule) under a class and a number; put and drop are journaled and committed as
 * names are, read from memory, and told to the listener (EVENT_RECORD).
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdint.h>

#include "store/store.h"

enum record_class {
	RECORD_ASSET = 1, /* key: inode of the asset's directory (catalog/) */
	RECORD_RUN = 2,	  /* key: inode of the run's directory (engine/) */
	RECORD_WISH = 3, /* key: the run's: what a user asked of it (engine/) */
	RECORD_SETTING = 4, /* key: small fixed numbers, see their users */
	RECORD_SPEC = 5,    /* key: an asset: the text of its last valid spec,
			     * where a    run needs it (catalog/) */
	RECORD_CLASSES
};

int record_put(struct store *st, enum record_class class, uint64_t key,
	       const char *text, size_t len);
/* Appends to out. -ENOENT. */
int record_get(struct store *st, enum record_class class, uint64_t key,
	       struct buf *out);
int record_drop(struct store *st, enum record_class class, uint64_t key);
/* `fn` must only copy, as with node_each; non-zero stops. */
typedef int record_each_fn(void *arg, uint64_t key, const char *text,
			   size_t len);
int record_each(struct store *st, enum record_class class, record_each_fn *fn,
		void *arg);
/* Wait till any record of the class changes after *seq (0 at first: returns at
 * once with the current one), at most timeout_ms (-1: without end).
 * 0, -ETIMEDOUT, -ECANCELED (record_wake). */
int record_wait(struct store *st, enum record_class class, uint64_t *seq,
		int timeout_ms);
/* End all waits, now and later: the daemon stops. */
void record_wake(struct store *st);

#endif
