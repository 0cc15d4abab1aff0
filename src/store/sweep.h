// SPDX-License-Identifier: Apache-2.0
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

struct store;

/* Remove the blobs of an earlier life that no inode has. */
void sweep_blobs(struct store *st);

#endif
