// SPDX-License-Identifier: Apache-2.0
/*
 * Operations on names. Each mutation is: look and judge; get all memory and
 * the room in the journal; then change memory and write the rows, which cannot
 * fail any more.
 *
 * Times move as ext4 moves them.
 */
#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/name.h"
#include "names.h"
#include "opening.h"

#define LINKS_MOST 65000 /* as ext4 */

/* ---- small things that others use ---- */

/* A ctime goes back only where the clock was really set back. */
int64_t node_now(struct store *st, struct rows *rows, const struct inode *i)
{
	if (!rows->now)
		rows->now = stamp_now(st->stamps);
	if (i->ctime == rows->now)
		rows->now = stamp_now(st->stamps);
	if (i->ctime >= rows->now && i->ctime - rows->now < 20 * NS_PER_MS)
		return i->ctime + 1;
	return rows->now;
}

bool node_take_stat(struct inode *i, const struct stat *s)
{
	uint64_t size = i->size;

	if (!inode_take_stat(i, s))
		return false;
	tree_note_inode(i, (int64_t)(i->size - size));
	return true;
}

bool node_catch_up(struct inode *i)
{
	struct stat s;

	if (!inode_is_file(i) || !i->opening || !i->opening->writers ||
	    opening_stat(i->opening, i, &s) || !node_take_stat(i, &s))
		return false;
	opening_set_changed(i->opening);
	return true;
}

void node_changed(struct store *st, struct rows *rows, struct inode *i)
{
	node_catch_up(i);
	i->ctime = node_now(st, rows, i);
}

void node_fill_caught_up(const struct inode *i, struct node_attr *ret_attr)
{
	const struct opening *o = inode_is_file(i) ? i->opening : NULL;
	const struct inode *parent = inode_is_dir(i) ? inode_parent(i) : NULL;

	*ret_attr = (struct node_attr){
		.ino = i->ino,
		.mode = i->mode,
		.nlink = i->nlink,
		.uid = i->uid,
		.gid = i->gid,
		.size = i->size,
		.blocks = i->blocks,
		.atime = i->atime,
		.mtime = i->mtime,
		.ctime = i->ctime,
		.writers = o ? o->writers : 0,
		.parent = parent ? parent->ino : 0,
	};
}

void node_fill(const struct inode *i, struct node_attr *ret_attr)
{
	/* not all of it: others count lookups in it meanwhile */
	struct inode now = { .size = i->size,
			     .mtime = i->mtime,
			     .ctime = i->ctime };
	struct stat s;

	node_fill_caught_up(i, ret_attr);
	if (!ret_attr->writers || opening_stat(i->opening, i, &s))
		return;
	inode_take_stat(&now, &s);
	ret_attr->size = now.size;
	ret_attr->blocks = now.blocks;
	ret_attr->mtime = now.mtime;
	ret_attr->ctime = now.ctime;
}

int node_check_name(const char *name)
{
	if (!*name)
		return -ENOENT;
	if (strlen(name) > NAME_LIMIT)
		return -ENAMETOOLONG;
	if (!strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return -EINVAL;
	return 0;
}

void node_drop_blob(struct store *st, struct inode *i, uint64_t sequence)
{
	if (i->blob && shares_leave(&st->shares, i))
		janitor_bury(st, i->blob, sequence);
	i->blob = 0;
}

void node_reap(struct store *st, struct inode *i, uint64_t sequence)
{
	if (i->nlink || __atomic_load_n(&i->lookups, __ATOMIC_RELAXED) ||
	    (inode_is_file(i) && i->opening))
		return;
	node_drop_blob(st, i, sequence);
	inode_drop(&st->names, i);
}

int names_dir(const struct names *n, uint64_t ino, struct inode **ret_dir)
{
	struct inode *dir = inode_find(n, ino);

	if (!dir || !dir->nlink)
		return -ENOENT;
	if (!inode_is_dir(dir))
		return -ENOTDIR;
	*ret_dir = dir;
	return 0;
}

int names_entry(const struct names *n, uint64_t ino, const char *name,
		struct inode **ret_dir, struct entry **ret_entry)
{
	int err = node_check_name(name);

	if (!err)
		err = names_dir(n, ino, ret_dir);
	if (!err)
		*ret_entry = entry_find(n, *ret_dir, name);
	return err;
}

void names_touch(struct store *st, struct rows *rows, struct inode *dir)
{
	dir->mtime = dir->ctime = node_now(st, rows, dir);
	rows_put_inode(rows, dir);
	tree_note(dir, 0, 0, dir->ctime);
}

void names_drop_alias(struct store *st, struct rows *rows, struct entry *e)
{
	rows_drop_entry(rows, e->dir->ino, e->slot);
	entry_drop(&st->names, e);
}

size_t names_alias_room(const struct inode *dir)
{
	const struct places *p = &dir->dir;

	return (size_t)(p->len - p->dropped - p->live) * 32;
}

/* ---- looking ---- */

int node_get(struct store *st, uint64_t ino, struct node_attr *ret_attr)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	if (!i)
		return -ESTALE;
	node_fill(i, ret_attr);
	return 0;
}

static int find_dots(const struct inode *dir, const char *name,
		     struct node_attr *ret_attr)
{
	if (!strcmp(name, "..") && dir->ino != STORE_ROOT)
		dir = inode_parent(dir);
	node_fill(dir, ret_attr);
	return 0;
}

int node_find(struct store *st, uint64_t dir, const char *name,
	      struct node_attr *ret_attr)
{
	HOLD_READ(&st->lock);
	struct inode *i;
	struct entry *e;
	int err = names_dir(&st->names, dir, &i);

	if (err)
		return err;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return find_dots(i, name, ret_attr);
	if (strlen(name) > NAME_LIMIT)
		return -ENAMETOOLONG;
	e = entry_find(&st->names, i, name);
	if (!e || e->alias)
		return -ENOENT;
	node_fill(e->node, ret_attr);
	return 0;
}

int node_read_link(struct store *st, uint64_t ino, struct buf *out)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	if (!i)
		return -ESTALE;
	if (!S_ISLNK(i->mode))
		return -EINVAL;
	buf_puts(out, i->target);
	return out->err;
}

int node_each(struct store *st, uint64_t dir, uint64_t cookie, node_each_fn *fn,
	      void *arg)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, dir);
	uint32_t at;

	if (!i)
		return -ESTALE;
	if (!inode_is_dir(i))
		return -ENOTDIR;
	for (struct entry *e = entry_first(i, cookie, &at); e;
	     e = entry_next(i, &at)) {
		struct node_attr attr;

		if (e->alias)
			continue;
		node_fill(e->node, &attr);
		if (fn(arg, e->name, &attr, e->slot))
			break;
	}
	return 0;
}

static void put_names(const struct entry *e, struct buf *out)
{
	const struct entry *up[PATH_MAX / 2];
	size_t depth = 0;

	for (; e && depth < ARRAY_SIZE(up); e = e->dir->names)
		up[depth++] = e;
	while (depth) {
		buf_puts(out, up[--depth]->name);
		if (depth)
			buf_putc(out, '/');
	}
}

int node_put_path(struct store *st, uint64_t ino, struct buf *out)
{
	HOLD_READ(&st->lock);
	struct inode *i = inode_find(&st->names, ino);

	if (!i)
		return -ESTALE;
	if (i->nlink) {
		put_names(i->names, out);
	} else {
		buf_puts(out, "(deleted) ");
		if (i->flags & INODE_RETIRED)
			buf_puts(out, (*inode_last(i))->name);
	}
	return out->err;
}

int node_get_name(struct store *st, uint64_t ino, uint64_t *ret_dir,
		  char ret_name[NAME_LIMIT + 1])
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	if (!i || !i->nlink || !i->names)
		return -ENOENT;
	*ret_dir = i->names->dir->ino;
	strcpy(ret_name, i->names->name);
	return 0;
}

int node_walk(struct store *st, const char *path, struct node_attr *ret_attr)
{
	struct node_attr attr;
	int err = node_get(st, STORE_ROOT, &attr);

	while (*path && !err) {
		size_t len = strcspn(path, "/");
		char name[NAME_LIMIT + 1];

		if (len > NAME_LIMIT)
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = 0;
		path += len + (path[len] == '/');
		if (len)
			err = node_find(st, attr.ino, name, &attr);
	}
	if (!err)
		*ret_attr = attr;
	return err;
}

/* ---- making ---- */

static int check_new(const struct node_new *n)
{
	switch (n->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	case S_IFLNK:
		if (!n->target || !*n->target)
			return -ENOENT;
		return strlen(n->target) < PATH_MAX ? 0 : -ENAMETOOLONG;
	default:
		return -EPERM;
	}
}

static void inode_release(struct inode **i)
{
	inode_free(*i);
}

static void entry_release(struct entry **e)
{
	entry_free(*e);
}

/* A group that sticks to a directory is handed on, and the bit with it. */
static void set_owner(struct inode *i, const struct inode *dir,
		      const struct node_new *n)
{
	i->uid = n->uid;
	i->gid = n->gid;
	if (!(dir->mode & S_ISGID))
		return;
	i->gid = dir->gid;
	if (inode_is_dir(i))
		i->mode |= S_ISGID;
}

struct inode *names_new_inode(struct store *st, const struct inode *dir,
			      const struct node_new *n)
{
	mode_t mode = n->mode & (S_IFMT | 07777);
	AUTO(inode_release) struct inode *i = inode_new(0, mode);

	if (!i)
		return NULL;
	set_owner(i, dir, n);
	if (S_ISLNK(mode)) {
		i->mode = S_IFLNK | 0777;
		i->target = strdup(n->target);
		i->size = strlen(n->target);
		if (!i->target)
			return NULL;
	} else if (S_ISDIR(mode)) {
		i->size = 4096;
		i->blocks = 8;
		if (tree_level(dir) == 1)
			i->tree = calloc(1, sizeof(*i->tree));
	}
	i->ino = store_next(st);
	return TAKE(i);
}

void name_give(struct store *st, struct rows *rows, struct inode *dir,
	       struct inode *i, struct entry *e, uint64_t slot)
{
	entry_add(&st->names, e, dir, i, slot);
	node_changed(st, rows, i);
	if (inode_is_dir(i))
		dir->nlink++;
	else
		i->nlink++;
	rows_put_inode(rows, i);
	rows_put_entry(rows, e);
	tree_note(dir, inode_is_file(i), inode_is_file(i) ? i->size : 0,
		  i->ctime);
	names_touch(st, rows, dir);
}

int node_make(struct store *st, uint64_t dir_ino, const char *name,
	      const struct node_new *n, struct node_attr *ret_attr)
{
	HOLD_WRITE(&st->lock);
	AUTO(entry_release) struct entry *e = NULL;
	AUTO(inode_release) struct inode *i = NULL;
	struct inode *dir, *made;
	struct entry *old;
	struct rows rows;
	int err = names_entry(&st->names, dir_ino, name, &dir, &old);

	if (!err)
		err = old && !old->alias ? -EEXIST : check_new(n);
	if (err)
		return err;
	e = entry_new(name, strlen(name));
	i = names_new_inode(st, dir, n);
	if (!e || !i || entry_room(dir))
		return -ENOMEM;
	err = journal_begin(&st->journal, ROW_TARGET_ROOM + 4 * ROW_ROOM,
			    &rows);
	if (err)
		return err;
	if (old)
		names_drop_alias(st, &rows, old);
	/* its first write will be later: the blob is not asked for that */
	if (inode_is_file(i))
		rows.now = stamp_between(st->stamps);
	i->atime = i->mtime = node_now(st, &rows, i);
	made = TAKE(i);
	inode_add(&st->names, made);
	name_give(st, &rows, dir, made, TAKE(e), 0);
	if (inode_is_dir(made) && made->tree)
		made->tree->changed = made->ctime;
	journal_end(&st->journal, &rows);
	node_fill(made, ret_attr);
	return 0;
}

static int check_link(const struct inode *i)
{
	if (!i)
		return -ESTALE;
	if (inode_is_dir(i))
		return -EPERM;
	if (!i->nlink)
		return -ENOENT;
	return i->nlink >= LINKS_MOST ? -EMLINK : 0;
}

int node_link(struct store *st, uint64_t ino, uint64_t dir_ino,
	      const char *name, struct node_attr *ret_attr)
{
	HOLD_WRITE(&st->lock);
	AUTO(entry_release) struct entry *e = NULL;
	struct inode *i = inode_find(&st->names, ino);
	struct inode *dir;
	struct entry *old;
	struct rows rows;
	int err = names_entry(&st->names, dir_ino, name, &dir, &old);

	if (!err)
		err = old && !old->alias ? -EEXIST : check_link(i);
	if (err)
		return err;
	e = entry_new(name, strlen(name));
	if (!e || entry_room(dir))
		return -ENOMEM;
	err = journal_begin(&st->journal, ROW_TARGET_ROOM + 4 * ROW_ROOM,
			    &rows);
	if (err)
		return err;
	if (old)
		names_drop_alias(st, &rows, old);
	name_give(st, &rows, dir, i, TAKE(e), 0);
	journal_end(&st->journal, &rows);
	node_fill(i, ret_attr);
	return 0;
}

/* ---- removing ---- */

void names_unlink(struct store *st, struct rows *rows, struct entry *e)
{
	struct inode *i = e->node, *dir = e->dir;

	node_changed(st, rows, i);
	tree_note(dir, -inode_is_file(i),
		  inode_is_file(i) ? -(int64_t)i->size : 0, i->ctime);
	rows_drop_entry(rows, dir->ino, e->slot);
	if (inode_is_dir(i))
		names_drop_aliases(st, rows, i);
	names_retire(st, rows, e);
	names_touch(st, rows, dir);
}

void names_drop_aliases(struct store *st, struct rows *rows, struct inode *dir)
{
	uint64_t cookie = 0;
	struct entry *e;
	uint32_t at;

	while ((e = entry_first(dir, cookie, &at))) {
		cookie = e->slot;
		if (e->alias)
			names_drop_alias(st, rows, e);
	}
}

/* The entry goes out of the tables, its inode has a name less. */
void names_retire(struct store *st, struct rows *rows, struct entry *e)
{
	struct inode *i = e->node;

	if (inode_is_dir(i))
		e->dir->nlink--;
	else
		i->nlink--;
	entry_retire(&st->names, e);
	if (i->nlink)
		rows_put_inode(rows, i);
	else
		rows_drop_inode(rows, i->ino);
}

static int remove_name(struct store *st, struct entry *e)
{
	size_t room = ROW_TARGET_ROOM + 4 * ROW_ROOM;
	struct inode *i = e->node;
	struct rows rows;
	uint64_t sequence;
	int err;

	if (inode_is_dir(i))
		room += names_alias_room(i);
	err = journal_begin_removal(&st->journal, room, &rows);
	if (err)
		return err;
	names_unlink(st, &rows, e);
	sequence = journal_end(&st->journal, &rows);
	node_reap(st, i, sequence);
	return 0;
}

/* A name to be removed; an alias is none. */
static int find_name(struct store *st, uint64_t dir_ino, const char *name,
		     struct entry **ret_entry)
{
	struct inode *dir;
	int err = names_entry(&st->names, dir_ino, name, &dir, ret_entry);

	if (err)
		return err;
	return !*ret_entry || (*ret_entry)->alias ? -ENOENT : 0;
}

int node_unlink(struct store *st, uint64_t dir, const char *name)
{
	HOLD_WRITE(&st->lock);
	struct entry *e;
	int err = find_name(st, dir, name, &e);

	if (err)
		return err;
	return inode_is_dir(e->node) ? -EISDIR : remove_name(st, e);
}

int node_rmdir(struct store *st, uint64_t dir, const char *name)
{
	HOLD_WRITE(&st->lock);
	struct entry *e;
	int err = find_name(st, dir, name, &e);

	if (err)
		return err;
	if (!inode_is_dir(e->node))
		return -ENOTDIR;
	return e->node->dir.live ? -ENOTEMPTY : remove_name(st, e);
}

/* ---- the kernel's lookup count ---- */

void node_remember(struct store *st, uint64_t ino)
{
	HOLD_READ(&st->lock);
	struct inode *i = inode_find(&st->names, ino);

	if (i)
		__atomic_add_fetch(&i->lookups, 1, __ATOMIC_RELAXED);
}

/* True when it was the last one of an unlinked inode. */
static bool forget(struct store *st, uint64_t ino, uint64_t times)
{
	HOLD_READ(&st->lock);
	struct inode *i = inode_find(&st->names, ino);
	uint64_t have;

	if (!i)
		return false;
	have = __atomic_load_n(&i->lookups, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(
		&i->lookups, &have, have > times ? have - times : 0, false,
		__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return have <= times && !i->nlink;
}

bool node_forget(struct store *st, uint64_t ino, uint64_t times)
{
	if (!forget(st, ino, times))
		return false;
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, ino);

	if (i)
		node_reap(st, i, journal_appended(&st->journal));
	return true;
}
