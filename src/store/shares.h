// SPDX-License-Identifier: Apache-2.0
/*
 * Blobs that several files have, and which files have equal contents. All of it
 * is kept in memory, under the namespace lock, and comes from the rows: those
 * of files that share (or did once) carry INODE_SHARED.
 *
 * A blob that more than one file has is never written. Who opens one of these
 * files for writing parts first (part.c):
 *
 *	nobody reads the file by kernel passthrough: it gets a copy, and leaves
 *	somebody does: he would not follow; so it is the others that move, all
 *	    of them, to a copy that they share
 *
 * That is possible since only one of the files is ever passed through: the
 * holder. Whoever opens another one meanwhile reads by way of the daemon, which
 * can put another blob behind a descriptor at any time (opening.h).
 *
 * A mapping outlives the open file, and with passthrough the kernel does not
 * tell of its end. So the holder stays the holder, and where it is removed
 * somebody unknown is (`haunted`: then not even the last of the files writes
 * the blob), until the blob is seen to be unused: blob_is_unused.
 */
#ifndef STORE_SHARES_H
#define STORE_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"

struct inode;
struct names;

#define SHARE_LEAST 65536 /* bytes: smaller contents are not looked for */
#define SHARE_MOST 1024	  /* files of one blob */

struct share {
	struct table_link link;
	uint64_t blob;
	struct inode **member;
	uint32_t count, cap;
	struct inode *holder; /* passed through, now or once, or NULL */
	bool haunted;	/* the holder is nobody that we know; or none is */
	uint32_t holds; /* grows with each that holds it */
};

struct shares {
	struct table by_blob;
	/* a file of each content: by digest, open addressing. What is in there
	 * may be out of date. */
	uint64_t *twin;
	size_t twin_slots, twin_used;
};

int shares_init(struct shares *s);
void shares_release(struct shares *s);
/* The files that have the blob of this one, itself included; NULL: it is the
 * only one, and may write it. */
struct share *shares_of(const struct shares *s, const struct inode *i);
/* One of the files that have this blob, or NULL. */
struct inode *shares_any(const struct shares *s, uint64_t blob);
/* Room for `more` files to take this blob: shares_add cannot fail then. */
int shares_reserve(struct shares *s, uint64_t blob, uint32_t more);
/* The room was not needed, should nobody have the blob. */
void shares_cancel(struct shares *s, uint64_t blob);
/* No more files are to have the blob of this one. */
bool shares_is_full(const struct shares *s, const struct inode *i);
/* i has this blob from now on, and may have company. */
void shares_add(struct shares *s, struct inode *i, uint64_t blob);
/* i gets the blob of another file, in place of its own: that is *ret_gone when
 * nobody has it now. -ENOMEM. */
int shares_join(struct shares *s, struct inode *i, struct inode *twin,
		bool *ret_gone);
/* i gives its blob up, which is for the caller to set. True: nobody has that
 * now. */
bool shares_leave(struct shares *s, struct inode *i);
/* If inode `ino` is the one that is found by its content, then one of this
 * blob's is from now on. */
void shares_find_instead(struct shares *s, uint64_t blob, uint64_t ino);
/* May i be passed through? It is the holder from then on. */
bool shares_hold(struct shares *s, struct inode *i);
bool shares_is_holder(const struct shares *s, const struct inode *i);
/* What an earlier life left may be mapped. */
void shares_haunt(struct shares *s, uint64_t blob);
/* Is there a holder that may be gone, though he is not known to be? Then
 * *ret_holds is for shares_free, when the blob was seen to be unused
 * afterwards. */
bool shares_may_be_free(const struct shares *s, const struct inode *i,
			uint32_t *ret_holds);
void shares_free(struct shares *s, uint64_t blob, uint32_t holds);

/* Another file with the content of this one, which has a digest, and with
 * another blob; NULL: there is none. */
struct inode *shares_find_twin(struct shares *s, const struct names *n,
			       struct inode *i);

#endif
