// SPDX-License-Identifier: Apache-2.0
/* What the tests of the store share. */
#ifndef TESTS_STORE_HELP_H
#define TESTS_STORE_HELP_H

#include <stdint.h>

#include "store/node.h"
#include "store/store.h"

/* A path in the test's directory, fresh for each test; lent. */
const char *help_path(const char *name);
/* The store there, made when absent, with a small journal; NULL on failure. */
struct store *help_open(const char *path);
/* Close and open again. */
void help_reopen(struct store **st);
int help_make(struct store *st, uint64_t dir, const char *name, mode_t mode,
	      struct node_attr *ret_attr);
/* A new directory; a new file with this text. The number, or 0. */
uint64_t help_dir(struct store *st, uint64_t dir, const char *name);
uint64_t help_file(struct store *st, uint64_t dir, const char *name,
		   const char *text);
/* Entries that are listed; -1 on failure. */
int help_count(struct store *st, uint64_t dir);
/* The file's content is this text. */
bool help_is(struct store *st, const char *path, const char *text);
/* What this does to the store is left as after kill -9, in the journal only. 0;
 * -1: it did not go well. */
int help_kill(const char *path, int (*work)(struct store *st));
/* Wait, a minute at most, till all digests are there. */
bool help_digests(struct store *st);

#endif
