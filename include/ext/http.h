// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP by libcurl. A URL from an asset is never trusted: only http and https,
 * redirects included; loopback, link-local and private addresses are refused
 * unless allowed, checked on the address that is really connected to (so DNS
 * rebinding does not help). Where they are allowed, so is a file: URL, but not
 * as a redirect.
 *
 * A proxy that the environment names (http_proxy, https_proxy, all_proxy,
 * no_proxy) is used, and may have a private address; what it connects to then
 * is for the proxy to judge.
 */
#ifndef EXT_HTTP_H
#define EXT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct http_limits {
	bool private_hosts;  /* may connect to private, loopback, link-local */
	uint64_t bytes;	     /* of the whole body; 0: no limit */
	int stalled_s;	     /* give up when nothing came for so long; 0: 60 */
	const char *ca_file; /* NULL: the system's */
};

/* A download into an open descriptor, from `offset` on. */
struct http_fetch {
	const char *url;
	int fd;
	uint64_t offset; /* bytes that are there already; resumed by Range */
	/* The ETag they came with: when it is no longer the file's, or is one
	 * that cannot tell ("", a weak one), all comes anew. NULL: take what is
	 * there for the same file. */
	const char *if_range;
	struct http_limits limits;
	/* Called now and then, off any lock; a non-zero return ends the
	 * transfer with -ECANCELED. total is 0 while unknown. */
	int (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct http_result {
	long status;	/* HTTP status; 0 for file: */
	bool resumed;	/* false: the server sent all, the descriptor was
			 * truncated first */
	uint64_t size;	/* bytes in the descriptor afterwards */
	char etag[128]; /* "" when there is none */
};

/*
 * 0; -EINVAL (scheme or address refused), -ENOENT (404, 410), -EACCES (401,
 * 403), -EFBIG, -ETIMEDOUT, -EHOSTUNREACH (resolve, connect), -EPROTO (TLS,
 * malformed), -EIO (5xx or a transfer cut off: what came is kept, a resume may
 * go on; 408 and 429 as well), -ECANCELED, -ENOSPC, -ENOMEM.
 * ret_result is filled whatever comes out: a resume needs its size and etag.
 */
int http_fetch(const struct http_fetch *f, struct buf *why,
	       struct http_result *ret_result);

int http_setup(void); /* once, before threads */

#endif
