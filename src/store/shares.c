// SPDX-License-Identifier: Apache-2.0
#include "shares.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inode.h"
#include "opening.h"

#define FIRST_SLOTS 64

static struct share *share_of(struct table_link *link)
{
	return (struct share *)link;
}

static uint64_t hash_blob(uint64_t blob)
{
	return blob * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

static uint64_t hash_of(const struct table_link *link)
{
	return hash_blob(((const struct share *)link)->blob);
}

int shares_init(struct shares *s)
{
	return table_init(&s->by_blob, FIRST_SLOTS, hash_of);
}

static void share_free(struct table_link *link)
{
	struct share *e = share_of(link);

	free(e->member);
	free(e);
}

void shares_release(struct shares *s)
{
	table_release(&s->by_blob, share_free);
	free(s->twin);
	*s = (struct shares){ 0 };
}

/* ---- by blob ---- */

static struct share *find(const struct shares *s, uint64_t blob)
{
	struct share *e = share_of(table_chain(&s->by_blob, hash_blob(blob)));

	while (e && e->blob != blob)
		e = share_of(e->link.next);
	return e;
}

static struct share *find_of(const struct shares *s, const struct inode *i)
{
	return i->flags & INODE_SHARED ? find(s, i->blob) : NULL;
}

static struct share *make(struct shares *s, uint64_t blob)
{
	struct share *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->blob = blob;
	table_add(&s->by_blob, &e->link);
	return e;
}

static void drop(struct shares *s, struct share *e)
{
	table_drop(&s->by_blob, &e->link);
	share_free(&e->link);
}

struct share *shares_of(const struct shares *s, const struct inode *i)
{
	struct share *e = find_of(s, i);

	return e && (e->count > 1 || e->haunted) ? e : NULL;
}

struct inode *shares_any(const struct shares *s, uint64_t blob)
{
	const struct share *e = find(s, blob);

	return e && e->count ? e->member[0] : NULL;
}

int shares_reserve(struct shares *s, uint64_t blob, uint32_t more)
{
	struct share *e = find(s, blob);
	struct inode **member;
	uint32_t cap;

	if (!e)
		e = make(s, blob);
	if (!e)
		return -ENOMEM;
	if (e->cap - e->count >= more)
		return 0;
	cap = e->cap * 2 > e->count + more ? e->cap * 2 : e->count + more;
	member = realloc(e->member, cap * sizeof(struct inode *));
	if (!member)
		return -ENOMEM;
	e->member = member;
	e->cap = cap;
	return 0;
}

void shares_cancel(struct shares *s, uint64_t blob)
{
	struct share *e = find(s, blob);

	if (e && !e->count)
		drop(s, e);
}

static bool is_lent(const struct inode *i)
{
	return i->opening && i->opening->mode == OPENING_LENT;
}

void shares_add(struct shares *s, struct inode *i, uint64_t blob)
{
	struct share *e = find(s, blob);

	i->blob = blob;
	i->flags |= INODE_SHARED;
	e->member[e->count++] = i;
	if (is_lent(i))
		e->holder = i;
}

static size_t start_of(const struct inode *i, size_t slots)
{
	uint64_t first;

	memcpy(&first, i->digest, sizeof(first));
	return (size_t)first & (slots - 1);
}

/* The file that is found by this content was the one that leaves: one of those
 * that stay is, then. */
static void find_another(struct shares *s, const struct share *e, uint64_t left)
{
	const struct inode *i = NULL;
	size_t at;

	for (uint32_t n = 0; n < e->count && !i; n++)
		if (e->member[n]->flags & INODE_DIGEST)
			i = e->member[n];
	if (!i || !s->twin_slots)
		return;
	at = start_of(i, s->twin_slots);
	while (s->twin[at] && s->twin[at] != left)
		at = (at + 1) & (s->twin_slots - 1);
	if (s->twin[at] == left)
		s->twin[at] = i->ino;
}

void shares_find_instead(struct shares *s, uint64_t blob, uint64_t ino)
{
	const struct share *e = find(s, blob);

	if (e)
		find_another(s, e, ino);
}

bool shares_leave(struct shares *s, struct inode *i)
{
	struct share *e = find_of(s, i);
	uint32_t at = e ? e->count : 0;

	i->flags &= (uint16_t)~INODE_SHARED;
	if (!e)
		return true;
	while (at-- && e->member[at] != i)
		;
	e->member[at] = e->member[--e->count];
	if (e->holder == i) {
		e->holder = NULL;
		e->haunted = true;
	}
	if (e->count) {
		find_another(s, e, i->ino);
		return false;
	}
	drop(s, e);
	return true;
}

int shares_join(struct shares *s, struct inode *i, struct inode *twin,
		bool *ret_gone)
{
	int err = shares_reserve(s, twin->blob, 2);

	if (err)
		return err;
	if (!(twin->flags & INODE_SHARED)) {
		shares_add(s, twin, twin->blob);
		shares_hold(s, twin);
	}
	*ret_gone = shares_leave(s, i);
	shares_add(s, i, twin->blob);
	i->blocks = twin->blocks;
	return 0;
}

bool shares_hold(struct shares *s, struct inode *i)
{
	struct share *e = find_of(s, i);

	if (!e)
		return true;
	if (e->haunted || (e->holder && e->holder != i))
		return false;
	e->holder = i;
	e->holds++;
	return true;
}

bool shares_is_holder(const struct shares *s, const struct inode *i)
{
	const struct share *e = find_of(s, i);

	return e && e->holder == i;
}

void shares_haunt(struct shares *s, uint64_t blob)
{
	find(s, blob)->haunted = true;
}

static bool may_be_free(const struct share *e)
{
	return e && (e->haunted || (e->holder && !e->holder->opening));
}

bool shares_may_be_free(const struct shares *s, const struct inode *i,
			uint32_t *ret_holds)
{
	const struct share *e = find_of(s, i);

	if (!may_be_free(e))
		return false;
	*ret_holds = e->holds;
	return true;
}

void shares_free(struct shares *s, uint64_t blob, uint32_t holds)
{
	struct share *e = find(s, blob);

	if (!may_be_free(e) || e->holds != holds)
		return;
	e->holder = NULL;
	e->haunted = false;
}

/* ---- by digest ---- */

static struct inode *twin_of(const struct names *n, uint64_t ino)
{
	struct inode *i = inode_find(n, ino);

	if (!i || !i->nlink || !i->blob || !inode_is_file(i) ||
	    !(i->flags & INODE_DIGEST))
		return NULL;
	return i;
}

static size_t count_twins(const struct shares *s, const struct names *n)
{
	size_t count = 0;

	for (size_t at = 0; at < s->twin_slots; at++)
		count += s->twin[at] && twin_of(n, s->twin[at]);
	return count;
}

/* What is out of date is left behind. */
static int grow_twins(struct shares *s, const struct names *n)
{
	bool grows = count_twins(s, n) * 2 >= s->twin_slots;
	size_t slots = grows ? s->twin_slots * 2 : s->twin_slots;
	uint64_t *table;

	if (!slots)
		slots = 256;
	table = calloc(slots, sizeof(*table));
	if (!table)
		return -ENOMEM;
	s->twin_used = 0;
	for (size_t from = 0; from < s->twin_slots; from++) {
		const struct inode *i =
			s->twin[from] ? twin_of(n, s->twin[from]) : NULL;
		size_t at = i ? start_of(i, slots) : 0;

		if (!i)
			continue;
		while (table[at])
			at = (at + 1) & (slots - 1);
		table[at] = i->ino;
		s->twin_used++;
	}
	free(s->twin);
	s->twin = table;
	s->twin_slots = slots;
	return 0;
}

bool shares_is_full(const struct shares *s, const struct inode *i)
{
	const struct share *e = find_of(s, i);

	return e && e->count >= SHARE_MOST;
}

/* All of a content go to the blob of the first file that is listed, so that
 * they come to one blob: a file that is the first, though others have another
 * blob, goes to those, and is not the first any more. */
struct inode *shares_find_twin(struct shares *s, const struct names *n,
			       struct inode *i)
{
	uint64_t *own = NULL; /* by a content that it had before, maybe */
	size_t at;

	if (s->twin_used * 4 >= s->twin_slots * 3 && grow_twins(s, n))
		return NULL;
	at = start_of(i, s->twin_slots);
	for (; s->twin[at]; at = (at + 1) & (s->twin_slots - 1)) {
		struct inode *twin = twin_of(n, s->twin[at]);

		if (twin == i && !own)
			own = &s->twin[at];
		if (twin == i || !twin || twin->size != i->size ||
		    memcmp(twin->digest, i->digest, sizeof(i->digest)))
			continue;
		if (twin->blob == i->blob)
			return NULL;
		if (shares_is_full(s, twin)) {
			s->twin[at] = i->ino;
			return NULL;
		}
		if (own)
			*own = twin->ino;
		return twin;
	}
	if (own)
		return NULL;
	s->twin[at] = i->ino;
	s->twin_used++;
	return NULL;
}
