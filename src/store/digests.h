// SPDX-License-Identifier: Apache-2.0
/* Digests, for the janitor. */
#ifndef STORE_DIGESTS_H
#define STORE_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

struct store;

/* A hasher's thread; arg: the store. Ends when the pipe of jobs is closed. */
void *digests_hash(void *arg);
/* A job of the files that wait longest: how many of them were taken off the
 * queue for it. 0: none is due now. */
size_t digests_send(struct store *st);
/* Take one result off the pipe: how many files it was. */
size_t digests_receive(struct store *st);

#endif
