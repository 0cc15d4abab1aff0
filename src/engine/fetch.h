// SPDX-License-Identifier: Apache-2.0
/*
 * A transfer into a directory of the tree, in a thread of its own: the run's
 * loop must go on. Nothing appears under its own name before all of it is
 * there, is what its digest says, and is safe to unpack.
 *
 *	.NAME.part        what came so far; kept after a failure of the network,
 *	                  so that the next run goes on from there
 *	.NAME.etag.part   the ETag it came with
 *	.NAME.new.part/   unpacked, before it is moved to its place
 */
#ifndef SRC_ENGINE_FETCH_H
#define SRC_ENGINE_FETCH_H

#include "run.h"

struct fetch_what {
	const char *url;
	const char *sha512; /* or NULL */
	uint64_t dir;	    /* where to */
	const char *name;   /* NULL: the URL's last component */
	bool unpack;	    /* when it is an archive */
};

struct fetch_news {
	bool is_done;
	uint64_t bytes, total; /* total: 0 while unknown */
	double rate;	       /* bytes a second */
	/* when done: */
	int err;
	const char *why;    /* lent till fetcher_free; "" when all is well */
	const char *sha512; /* of what came; "" unless it was computed */
	bool verified;
};

struct fetcher;

/* `what` is copied. */
int fetcher_start(const struct run *r, const struct fetch_what *what,
		  struct fetcher **ret_fetcher);
/* Readable when there is news. */
int fetcher_fd(const struct fetcher *f);
void fetcher_hear(struct fetcher *f, struct fetch_news *ret_news);
void fetcher_cancel(struct fetcher *f); /* it ends soon */
void fetcher_free(struct fetcher *f);	/* waits for its end; NULL is fine */

#endif
