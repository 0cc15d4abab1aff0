// SPDX-License-Identifier: Apache-2.0
/*
 * After a life that did not end in order: blobs that were made for an inode
 * that never got its row, or whose inode is gone, are removed. Those of this
 * life have higher numbers and are left alone.
 */
#include "sweep.h"

#include <errno.h>
#include <stdlib.h>

#include "blob.h"
#include "state.h"

struct in_use {
	struct store *st;
	uint64_t *blob; /* sorted */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int list_in_use(struct in_use *u)
{
	HOLD_READ(&u->st->lock);
	const struct names *n = &u->st->names;

	u->blob = malloc((n->inodes.count + 1) * sizeof(*u->blob));
	if (!u->blob)
		return -ENOMEM;
	for (const struct inode *i = inode_next(n, NULL); i;
	     i = inode_next(n, i))
		if (i->blob)
			u->blob[u->count++] = i->blob;
	return 0;
}

static int sweep_one(void *arg, uint64_t blob, const char *name)
{
	struct in_use *u = arg;

	(void)name;
	if (blob && blob < u->st->first &&
	    !bsearch(&blob, u->blob, u->count, sizeof(blob), compare))
		(void)blob_remove(u->st->blobs, blob);
	return janitor_is_stopped(&u->st->janitor);
}

void sweep_blobs(struct store *st)
{
	struct in_use u = { .st = st };

	if (!list_in_use(&u)) {
		qsort(u.blob, u.count, sizeof(*u.blob), compare);
		if (blob_each(st->blobs, sweep_one, &u))
			janitor_keep_unclean(st);
	} else {
		janitor_keep_unclean(st);
	}
	free(u.blob);
}
