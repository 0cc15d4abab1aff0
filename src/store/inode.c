// SPDX-License-Identifier: Apache-2.0
/*
 * The tables of the namespace: inodes by number, entries by (directory, name),
 * and each directory's entries by slot.
 */
#include "inode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_SLOTS 1024
#define FEW_PLACES 4

/* ---- tables ---- */

/* Numbers are given out one after another, so those of one directory lie in
 * neighbouring slots; a crash skips a million (writer.c), and what follows must
 * not fall on the same slots again. */
static uint64_t hash_ino(uint64_t ino)
{
	return ino + (ino >> 20) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ (h >> 32);
}

static uint32_t hash_name(const struct names *n, uint64_t dir, const char *name,
			  size_t len)
{
	uint64_t h = mix(n->seed, dir);

	for (; len >= 8; name += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, name, 8);
		h = mix(h, word);
	}
	if (len) {
		uint64_t word = len;

		memcpy(&word, name, len);
		h = mix(h, word ^ ((uint64_t)len << 56));
	}
	return (uint32_t)mix(h, len);
}

static struct inode *inode_of(struct table_link *link)
{
	return (struct inode *)link;
}

static struct entry *entry_of(struct table_link *link)
{
	return (struct entry *)link;
}

static uint64_t hash_of_inode(const struct table_link *link)
{
	return hash_ino(((const struct inode *)link)->ino);
}

static uint64_t hash_of_entry(const struct table_link *link)
{
	return ((const struct entry *)link)->hash;
}

int names_init(struct names *n)
{
	int err;

	*n = (struct names){ 0 };
	err = table_init(&n->inodes, FIRST_SLOTS, hash_of_inode);
	if (!err)
		err = table_init(&n->entries, FIRST_SLOTS, hash_of_entry);
	if (err) {
		names_release(n);
		return err;
	}
	if (getrandom(&n->seed, sizeof(n->seed), GRND_NONBLOCK) < 0)
		n->seed = (uint64_t)(uintptr_t)n;
	return 0;
}

void names_expect(struct names *n, size_t inodes, size_t entries)
{
	table_expect(&n->inodes, inodes);
	table_expect(&n->entries, entries);
}

static void free_inode(struct table_link *link)
{
	inode_free(inode_of(link));
}

static void free_entry(struct table_link *link)
{
	entry_free(entry_of(link));
}

void names_release(struct names *n)
{
	table_release(&n->entries, free_entry);
	table_release(&n->inodes, free_inode);
	slab_release(&n->slab);
	*n = (struct names){ 0 };
}

/* ---- inodes ---- */

static void begin_inode(struct inode *i, uint64_t ino, mode_t mode)
{
	i->ino = ino;
	i->mode = (uint16_t)mode;
	i->nlink = S_ISDIR(mode) ? 2 : 0;
}

struct inode *inode_new(uint64_t ino, mode_t mode)
{
	struct inode *i = calloc(1, sizeof(*i));

	if (i)
		begin_inode(i, ino, mode);
	return i;
}

struct inode *inode_load(struct names *n, uint64_t ino, mode_t mode)
{
	struct inode *i = slab_get(&n->slab, sizeof(*i));

	if (!i)
		return NULL;
	begin_inode(i, ino, mode);
	i->flags = INODE_LOADED;
	return i;
}

void inode_free(struct inode *i)
{
	if (!i)
		return;
	if (i->flags & INODE_RETIRED)
		entry_free(*inode_last(i));
	if (inode_is_dir(i)) {
		free(i->dir.at);
		if (!(i->flags & INODE_RETIRED))
			free(i->tree);
	} else if (S_ISLNK(i->mode)) {
		free(i->target);
	}
	if (!(i->flags & INODE_LOADED))
		free(i);
}

struct inode *inode_find(const struct names *n, uint64_t ino)
{
	struct inode *i = inode_of(table_chain(&n->inodes, hash_ino(ino)));

	while (i && i->ino != ino)
		i = inode_of(i->link.next);
	return i;
}

struct inode *inode_next(const struct names *n, const struct inode *i)
{
	return inode_of(table_next(&n->inodes, i ? &i->link : NULL));
}

void inode_add(struct names *n, struct inode *i)
{
	table_add(&n->inodes, &i->link);
}

void inode_drop(struct names *n, struct inode *i)
{
	table_drop(&n->inodes, &i->link);
	inode_free(i);
}

/* ---- places ---- */

static bool place_is_dropped(uint64_t place)
{
	return place & 1;
}

static struct entry *place_entry(uint64_t place)
{
	return (struct entry *)(uintptr_t)place;
}

static uint64_t place_slot(uint64_t place)
{
	return place_is_dropped(place) ? place >> 1 : place_entry(place)->slot;
}

/* The first place whose slot is above `slot`. */
static uint32_t place_after(const struct places *p, uint64_t slot)
{
	uint32_t low = 0, high = p->len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (place_slot(p->at[middle]) > slot)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void compact(struct places *p)
{
	uint32_t to = 0;

	for (uint32_t i = 0; i < p->len; i++)
		if (!place_is_dropped(p->at[i]))
			p->at[to++] = p->at[i];
	p->len = to;
	p->dropped = 0;
}

int entry_room(struct inode *dir)
{
	struct places *p = &dir->dir;
	uint32_t cap = p->cap ? p->cap * 2 : FEW_PLACES;
	uint64_t *at;

	if (p->len < p->cap)
		return 0;
	if (p->dropped > p->len / 2) {
		compact(p);
		return 0;
	}
	at = realloc(p->at, cap * sizeof(*at));
	if (!at)
		return -ENOMEM;
	p->at = at;
	p->cap = cap;
	return 0;
}

static void place_add(struct inode *dir, struct entry *e, uint64_t slot)
{
	struct places *p = &dir->dir;
	uint32_t at = p->len;

	e->slot = slot ? slot : p->last_slot + 1;
	if (e->slot <= p->last_slot)
		at = place_after(p, e->slot);
	else
		p->last_slot = e->slot;
	p->live += !e->alias;
	/* a name that comes back to the place that it has just left */
	if (at && p->at[at - 1] == (((uint64_t)e->slot << 1) | 1)) {
		p->at[at - 1] = (uint64_t)(uintptr_t)e;
		p->dropped--;
		return;
	}
	memmove(p->at + at + 1, p->at + at, (p->len - at) * sizeof(*p->at));
	p->at[at] = (uint64_t)(uintptr_t)e;
	p->len++;
}

static void place_drop(struct inode *dir, struct entry *e)
{
	struct places *p = &dir->dir;
	uint32_t at = place_after(p, e->slot) - 1;

	p->live -= !e->alias;
	p->at[at] = ((uint64_t)e->slot << 1) | 1;
	p->dropped++;
	while (p->len && place_is_dropped(p->at[p->len - 1])) {
		p->len--;
		p->dropped--;
	}
	if (p->dropped > 32 && p->dropped > p->len / 2)
		compact(p);
}

struct entry *entry_next(const struct inode *dir, uint32_t *at)
{
	const struct places *p = &dir->dir;

	while (++*at < p->len)
		if (!place_is_dropped(p->at[*at]))
			return place_entry(p->at[*at]);
	return NULL;
}

struct entry *entry_first(const struct inode *dir, uint64_t cookie,
			  uint32_t *at)
{
	*at = place_after(&dir->dir, cookie) - 1;
	return entry_next(dir, at);
}

struct entry *entry_at(const struct inode *dir, uint64_t slot)
{
	uint32_t at;
	struct entry *e = entry_first(dir, slot - 1, &at);

	return e && e->slot == slot ? e : NULL;
}

/* ---- entries ---- */

static size_t entry_size(size_t len)
{
	size_t size = offsetof(struct entry, name) + len + 1;

	return size < sizeof(struct entry) ? sizeof(struct entry) : size;
}

static void begin_entry(struct entry *e, const char *name, size_t len)
{
	e->len = (uint8_t)len;
	memcpy(e->name, name, len);
}

struct entry *entry_new(const char *name, size_t len)
{
	struct entry *e = calloc(1, entry_size(len));

	if (e)
		begin_entry(e, name, len);
	return e;
}

struct entry *entry_load(struct names *n, const char *name, size_t len)
{
	struct entry *e = slab_get(&n->slab, entry_size(len));

	if (!e)
		return NULL;
	begin_entry(e, name, len);
	e->loaded = 1;
	return e;
}

void entry_free(struct entry *e)
{
	if (e && !e->loaded)
		free(e);
}

struct entry *entry_find(const struct names *n, const struct inode *dir,
			 const char *name)
{
	size_t len = strlen(name);
	uint32_t hash = hash_name(n, dir->ino, name, len);
	struct entry *e = entry_of(table_chain(&n->entries, hash));

	while (e && (e->hash != hash || e->dir != dir || e->len != len ||
		     memcmp(e->name, name, len)))
		e = entry_of(e->link.next);
	return e;
}

static void chain_name(struct inode *node, struct entry *e)
{
	e->node = node;
	e->other = node->names;
	node->names = e;
}

static void unchain_name(struct entry *e)
{
	struct entry **at = &e->node->names;

	while (*at != e)
		at = &(*at)->other;
	*at = e->other;
}

void entry_add(struct names *n, struct entry *e, struct inode *dir,
	       struct inode *node, uint64_t slot)
{
	e->dir = dir;
	e->alias = !node;
	e->hash = hash_name(n, dir->ino, e->name, e->len);
	table_add(&n->entries, &e->link);
	place_add(dir, e, slot);
	if (node)
		chain_name(node, e);
}

static void take_out(struct names *n, struct entry *e)
{
	table_drop(&n->entries, &e->link);
	if (!e->alias)
		unchain_name(e);
	place_drop(e->dir, e);
}

void entry_drop(struct names *n, struct entry *e)
{
	take_out(n, e);
	entry_free(e);
}

void entry_retire(struct names *n, struct entry *e)
{
	struct inode *i = e->node;

	take_out(n, e);
	if (i->names) {
		entry_free(e);
		return;
	}
	i->nlink = 0;
	i->flags &= (uint16_t)~INODE_DIGEST;
	i->flags |= INODE_RETIRED;
	if (inode_is_dir(i))
		free(i->tree);
	*inode_last(i) = e;
}

void entry_point(struct entry *e, struct inode *node)
{
	unchain_name(e);
	chain_name(node, e);
}
