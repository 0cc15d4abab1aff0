// SPDX-License-Identifier: Apache-2.0
/* Digests, for the janitor. */
#ifndef STORE_DIGESTS_H
#define STORE_DIGESTS_H

#include <stdint.h>

struct store;

/* The hasher's thread; arg: the janitor. Ends when its pipe is closed. */
void *digests_hash(void *arg);
/* 0: sent to the hasher; -EAGAIN: ask again later; else nothing to do. */
int digests_send(struct store *st, uint64_t ino);
/* Take one result off the pipe. */
void digests_receive(struct store *st);

#endif
