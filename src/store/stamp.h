// SPDX-License-Identifier: Apache-2.0
/*
 * The clock that changes are stamped with.
 *
 * A file's times come from two hands: writes are stamped by the kernel, in the
 * blob, all else by us. What happened later must not look older, so we ask the
 * kernel's clock of files too, by stamping a file of our own. Since Linux 6.13
 * that is a coarse clock, but for a file whose last time somebody has read it
 * gives a fine one, and nothing on the machine is then stamped with less. Ours
 * is read each time, so each stamp is later than the last one; it may be equal
 * to the latest one of a blob, and a second one is not.
 *
 * Where the store's disk has no such times, its files have those of the coarse
 * clock, and so has what we stamp.
 */
#ifndef STORE_STAMP_H
#define STORE_STAMP_H

#include <stdint.h>

/* The descriptor of our own file, or -1: the coarse clock. `probe` is a file on
 * the store's disk, or -1. */
int stamp_open(int probe);
/* ns since 1970. */
int64_t stamp_now(int fd);
/* Later than any that a file has by now, and earlier than any to come: a second
 * one is fine, and nothing is then stamped with less. */
int64_t stamp_between(int fd);

#endif
