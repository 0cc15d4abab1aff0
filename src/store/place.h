// SPDX-License-Identifier: Apache-2.0
/*
 * Where a store's files are: this start of this machine, this mount of the
 * disk, this directory. As long as it is the same, everything that was written
 * is seen, on the disk or not; after a power cut, or on a copy, it is another
 * one.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <stdint.h>

/* A number for it, above 0; 0: the kernel does not tell (before Linux 6.8). */
int64_t place_of(int dir);

#endif
