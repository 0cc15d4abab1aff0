// SPDX-License-Identifier: Apache-2.0
/*
 * Trees: each directory of the second level (models/max-ocr) carries totals of
 * what is below it, and a clock of its changes. Found by walking up from the
 * directory that changed, which is a few steps; kept up by differences.
 *
 * A file counts once for each of its names, but not below .ipynb_checkpoints:
 * that somebody looks at an asset with Jupyter is no change of its files.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/name.h"
#include "state.h"

/* The root's child, and that one's child, above or at `dir`. */
static int climb(const struct inode *dir, const struct inode **ret_second)
{
	const struct inode *first = NULL, *second = NULL;
	int level = 0;

	while (dir->ino != STORE_ROOT) {
		second = first;
		first = dir;
		dir = inode_parent(dir);
		if (!dir)
			return -1;
		level++;
	}
	*ret_second = second;
	return level;
}

int tree_level(const struct inode *dir)
{
	const struct inode *second;

	return climb(dir, &second);
}

struct tree *tree_of(const struct inode *dir)
{
	const struct inode *second = NULL;

	return climb(dir, &second) >= 2 ? second->tree : NULL;
}

static bool keeps_checkpoints(const struct entry *e)
{
	return name_is_checkpoints(e->name, e->len);
}

/* Does what stands in `dir` count in the tree around it? */
static bool is_counted(const struct inode *dir)
{
	const struct inode *top = NULL;

	climb(dir, &top);
	for (; dir && dir != top; dir = inode_parent(dir))
		if (dir->names && keeps_checkpoints(dir->names))
			return false;
	return true;
}

void tree_note(const struct inode *dir, int64_t files, int64_t bytes,
	       int64_t when)
{
	struct tree *t = tree_of(dir);

	if (!t)
		return;
	t->changes++;
	if (!is_counted(dir))
		return;
	t->files += (uint64_t)files;
	t->bytes += (uint64_t)bytes;
	if (when > t->changed)
		t->changed = when;
}

void tree_note_inode(const struct inode *i, int64_t bytes)
{
	if (inode_is_dir(i)) {
		tree_note(i, 0, 0, i->ctime);
		return;
	}
	for (const struct entry *e = i->names; e; e = e->other)
		tree_note(e->dir, 0, bytes, i->ctime);
}

static void add(struct tree *sum, const struct inode *i)
{
	if (i->ctime > sum->changed)
		sum->changed = i->ctime;
	if (!inode_is_file(i))
		return;
	sum->files++;
	sum->bytes += i->size;
}

/* Below `dir` in depth, without recursion: up is inode_parent, and the place to
 * go on from there is the slot just left. */
void tree_sum(const struct inode *dir, struct tree *ret_sum)
{
	struct tree sum = { .changed = dir->ctime };
	const struct inode *at = dir;
	uint64_t cookie = 0;

	for (;;) {
		uint32_t place;
		const struct entry *e = entry_first(at, cookie, &place);

		if (!e && at == dir)
			break;
		if (!e) {
			cookie = at->names->slot;
			at = inode_parent(at);
			continue;
		}
		cookie = e->slot;
		if (e->alias || (inode_is_dir(e->node) && keeps_checkpoints(e)))
			continue;
		add(&sum, e->node);
		if (inode_is_dir(e->node)) {
			at = e->node;
			cookie = 0;
		}
	}
	*ret_sum = sum;
}

/* Without memory for it a directory goes without: its totals are then computed
 * when somebody asks. */
static int load_tree(struct inode *dir)
{
	if (!dir->tree)
		dir->tree = malloc(sizeof(*dir->tree));
	if (dir->tree)
		tree_sum(dir, dir->tree);
	return 0;
}

static int load_below(const struct inode *dir, int (*each)(struct inode *))
{
	uint32_t place;
	int err = 0;

	for (struct entry *e = entry_first(dir, 0, &place); e && !err;
	     e = entry_next(dir, &place))
		if (!e->alias && inode_is_dir(e->node))
			err = each(e->node);
	return err;
}

static int load_trees_of(struct inode *dir)
{
	return load_below(dir, load_tree);
}

void tree_load(struct names *n)
{
	(void)load_below(inode_find(n, STORE_ROOT), load_trees_of);
}

/* ---- a directory that moves ---- */

void tree_leave(const struct inode *dir)
{
	struct tree sum;

	if (tree_level(dir) < 3 || !is_counted(dir))
		return;
	tree_sum(dir, &sum);
	tree_note(inode_parent(dir), -(int64_t)sum.files, -(int64_t)sum.bytes,
		  0);
}

static int drop_tree(struct inode *dir)
{
	free(dir->tree);
	dir->tree = NULL;
	return 0;
}

void tree_enter(struct inode *dir)
{
	int level = tree_level(dir);
	struct tree sum;

	if (level != 1)
		load_below(dir, drop_tree);
	if (level != 2)
		drop_tree(dir);
	else if (!dir->tree)
		(void)load_tree(dir);
	if (level == 1)
		(void)load_trees_of(dir);
	if (level < 3 || !is_counted(dir))
		return;
	tree_sum(dir, &sum);
	tree_note(inode_parent(dir), (int64_t)sum.files, (int64_t)sum.bytes,
		  sum.changed);
}

/* The clock of what has none of its own: that of the tree around it, or of the
 * whole store. */
static uint64_t changes_around(struct store *st, const struct inode *dir)
{
	struct tree *t = tree_of(dir);

	return t ? t->changes : journal_appended(&st->journal);
}

int node_get_tree(struct store *st, uint64_t dir, struct node_tree *ret_tree)
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, dir);
	struct tree sum;

	if (!i)
		return -ESTALE;
	if (!inode_is_dir(i))
		return -ENOTDIR;
	if (i->tree && i->nlink) {
		sum = *i->tree;
	} else {
		tree_sum(i, &sum);
		sum.changes = changes_around(st, i);
	}
	*ret_tree = (struct node_tree){ sum.files, sum.bytes, sum.changed,
					sum.changes };
	return 0;
}
