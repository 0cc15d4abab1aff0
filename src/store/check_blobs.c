// SPDX-License-Identifier: Apache-2.0
/* fsck: each file's bytes are there, as many as it says, and the same that were
 * digested; no blob has two files that do not know of it, or none. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "checking.h"
#include "ext/digest.h"
#include "opening.h"

struct owned {
	uint64_t blob, ino;
	bool shared;
};

struct blobs {
	struct checking *c;
	struct owned *owned; /* sorted by blob, then by inode */
	size_t count;
};

/* ---- what a file says of itself ---- */

struct claim {
	uint64_t blob, size;
	bool has_digest, shared;
	char hex[DIGEST_HEX];
};

static bool get_claim(struct checking *c, uint64_t ino, struct claim *ret_claim)
{
	HOLD_READ(&c->st->lock);
	const struct inode *i = inode_find(&c->st->names, ino);

	if (!i || !inode_is_file(i))
		return false;
	*ret_claim = (struct claim){
		.blob = i->blob,
		.size = i->size,
		.has_digest = i->flags & INODE_DIGEST,
		.shared = i->flags & INODE_SHARED,
	};
	digest_hex(i->digest, sizeof(i->digest), ret_claim->hex);
	return true;
}

/* The blob's size and times are right; the digest is not that of them. */
static int take_blob(struct checking *c, uint64_t ino, const struct stat *s)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, ino);
	uint64_t size = i->size;

	inode_take_stat(i, s);
	i->flags &= (uint16_t) ~(INODE_DIGEST | INODE_WRITING);
	tree_note_inode(i, (int64_t)(i->size - size));
	return checking_put_inode(c, i);
}

static int forget_blob(struct checking *c, uint64_t ino)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, ino);

	tree_note_inode(i, -(int64_t)i->size);
	shares_leave(&c->st->shares, i);
	i->blob = i->size = i->blocks = 0;
	i->flags &= (uint16_t) ~(INODE_DIGEST | INODE_WRITING);
	return checking_put_inode(c, i);
}

static int forget_digest(struct checking *c, uint64_t ino)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, ino);

	i->flags &= (uint16_t)~INODE_DIGEST;
	return checking_put_inode(c, i);
}

/* ---- one file ---- */

static int miss_blob(struct checking *c, uint64_t ino,
		     const struct claim *claim)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	int err;

	checking_put_path(c, ino, &path);
	checking_say(c,
		     "%s: its %" PRIu64 " bytes are missing (blob %016" PRIx64
		     ")",
		     path.data, claim->size, claim->blob);
	if (!c->repair)
		return 0;
	err = forget_blob(c, ino);
	/* an empty file has lost nothing */
	if (!err && claim->size)
		err = checking_move_away(c, ino);
	return checking_repaired(c, err);
}

static int check_digest(struct checking *c, uint64_t ino,
			const struct claim *claim, int fd)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	int err = 0;

	/* files that share a blob come one after another */
	if (c->digested != claim->blob)
		err = digest_fd(DIGEST_SHA256, fd, claim->size, c->hex);
	c->digested = err ? 0 : claim->blob;
	if (!err && !strcmp(c->hex, claim->hex))
		return 0;
	checking_put_path(c, ino, &path);
	if (err)
		checking_say(c, "%s: cannot be read: %s", path.data,
			     strerror(-err));
	else
		checking_say(c,
			     "%s: its bytes are not those that were "
			     "digested",
			     path.data);
	if (!c->repair)
		return 0;
	err = forget_digest(c, ino);
	if (!err)
		err = checking_move_away(c, ino);
	return checking_repaired(c, err);
}

static int check_size(struct checking *c, uint64_t ino,
		      const struct claim *claim, const struct stat *s)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

	checking_put_path(c, ino, &path);
	checking_say(c, "%s: has %" PRIu64 " bytes, not %" PRIu64, path.data,
		     (uint64_t)s->st_size, claim->size);
	return c->repair ? checking_repaired(c, take_blob(c, ino, s)) : 0;
}

static int check_file(struct checking *c, uint64_t ino)
{
	AUTO(close_fd) int fd = -1;
	struct claim claim;
	struct stat s;
	int err;

	if (!get_claim(c, ino, &claim) || !claim.blob)
		return 0;
	err = blob_open(c->st->blobs, claim.blob, O_RDONLY, &fd);
	if (err == -EIO || err == -ELOOP)
		return miss_blob(c, ino, &claim);
	if (!err && fstat(fd, &s))
		err = -errno;
	if (err)
		return err;
	if ((uint64_t)s.st_size != claim.size)
		return check_size(c, ino, &claim, &s);
	return claim.has_digest ? check_digest(c, ino, &claim, fd) : 0;
}

static int check_bare(struct checking *c, uint64_t ino)
{
	struct claim claim;

	if (!get_claim(c, ino, &claim) || claim.blob || !claim.size)
		return 0;
	return miss_blob(c, ino, &claim);
}

/* ---- blobs and their owners ---- */

static int compare(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;

	if (x->blob != y->blob)
		return x->blob < y->blob ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int list_owned(struct blobs *b)
{
	struct checking *c = b->c;
	struct claim claim;

	free(b->owned);
	b->count = 0;
	b->owned = malloc((c->ino_count + 1) * sizeof(*b->owned));
	if (!b->owned)
		return -ENOMEM;
	for (size_t i = 0; i < c->ino_count; i++)
		if (get_claim(c, c->inos[i], &claim) && claim.blob)
			b->owned[b->count++] =
				(struct owned){ claim.blob, c->inos[i],
						claim.shared };
	qsort(b->owned, b->count, sizeof(*b->owned), compare);
	return 0;
}

static int copy_bytes(int from, int to)
{
	char chunk[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(from, chunk, sizeof(chunk), at)) > 0) {
		if (pwrite(to, chunk, (size_t)got, at) != got)
			return errno ? -errno : -EIO;
		at += got;
	}
	return got < 0 ? -errno : 0;
}

static int point_at(struct checking *c, uint64_t ino, uint64_t blob)
{
	HOLD_WRITE(&c->st->lock);
	struct inode *i = inode_find(&c->st->names, ino);

	shares_leave(&c->st->shares, i);
	i->blob = blob;
	return checking_put_inode(c, i);
}

/* The second owner gets bytes of its own: whoever opens a file for writing that
 * does not know of others writes into the blob. */
static int part(struct checking *c, const struct owned *second)
{
	AUTO(close_fd) int from = -1;
	AUTO(close_fd) int to = -1;
	uint64_t blob;
	int err = blob_open(c->st->blobs, second->blob, O_RDONLY, &from);

	if (!err)
		err = pool_take_plain(c->st, &blob, &to);
	if (!err)
		err = copy_bytes(from, to);
	return err ? err : point_at(c, second->ino, blob);
}

static int check_shared(struct blobs *b)
{
	int err = 0;

	for (size_t i = 1; i < b->count && !err; i++) {
		AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);

		if (b->owned[i].blob != b->owned[i - 1].blob ||
		    (b->owned[i].shared && b->owned[i - 1].shared))
			continue;
		checking_put_path(b->c, b->owned[i].ino, &path);
		checking_say(b->c,
			     "%s: has its bytes in common with inode %" PRIu64,
			     path.data, b->owned[i - 1].ino);
		if (b->c->repair)
			err = checking_repaired(b->c, part(b->c, &b->owned[i]));
	}
	return err;
}

static bool is_owned(const struct blobs *b, uint64_t blob)
{
	size_t low = 0, high = b->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->owned[middle].blob == blob)
			return true;
		if (b->owned[middle].blob < blob)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* After a crash blobs of nobody are no fault: the next mount sweeps them. Those
 * that the pool has just made are none either. */
static int check_orphan(void *arg, uint64_t blob, const char *name)
{
	struct blobs *b = arg;
	struct store *st = b->c->st;

	if (!blob) {
		checking_say(b->c, "blobs: '%s' is no blob", name);
		return 0;
	}
	if (blob >= st->first || is_owned(b, blob) || !st->was_clean)
		return 0;
	checking_say(b->c, "blob %016" PRIx64 " belongs to no file", blob);
	if (!b->c->repair)
		return 0;
	return checking_repaired(b->c, blob_remove(st->blobs, blob));
}

int checking_blobs(struct checking *c)
{
	struct blobs b = { .c = c };
	int err = list_owned(&b);

	if (!err)
		err = check_shared(&b);
	if (!err)
		err = list_owned(&b);
	for (size_t i = 0; i < b.count && !err; i++)
		err = check_file(c, b.owned[i].ino);
	for (size_t i = 0; i < c->ino_count && !err; i++)
		err = check_bare(c, c->inos[i]);
	if (!err)
		err = list_owned(&b);
	if (!err)
		err = blob_each(c->st->blobs, check_orphan, &b);
	free(b.owned);
	return err;
}
