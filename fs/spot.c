// SPDX-License-Identifier: Apache-2.0
/*
 * The rules, by place (DESIGN sections 3 and 7):
 *
 *	root    fixed, but for .Trash-UID, made by UID or root, and for
 *Jupyter's .ipynb_checkpoints runs/   the engine makes runs; a finished one may
 *be removed or moved to the trash, and back; .ipynb_checkpoints as in the root
 *	a run   its owner's, but while it runs what stands directly in it stays
 *	views   scratch names only; generated names can be "removed", which does
 *		nothing, so that tools which clean up are content
 *
 * Scratch names of views are real entries of the hidden directory
 *	/.mlx-scratch/<number of the view's directory>/
 */
#include "spot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "engine/run.h"
#include "home.h"
#include "store/file.h"

#define SCRATCH_NAME ".mlx-scratch"
#define TRASH_PREFIX ".Trash-"

bool spot_is_hidden(uint64_t dir, const char *name)
{
	return dir == STORE_ROOT && !strcmp(name, SCRATCH_NAME);
}

static void scratch_name(uint64_t view, char name[32])
{
	snprintf(name, 32, "%llx", (unsigned long long)view);
}

uint64_t spot_scratch_dir(struct fs *fs, uint64_t view)
{
	struct node_attr attr;
	char name[32];

	scratch_name(view, name);
	if (node_find(fs->store, STORE_ROOT, SCRATCH_NAME, &attr) ||
	    node_find(fs->store, attr.ino, name, &attr))
		return 0;
	return attr.ino;
}

static int make_scratch_dir(struct fs *fs, uint64_t view, uint64_t *ret_dir)
{
	struct owner root = { 0, 0 };
	uint64_t dir;
	char name[32];
	int err = file_make_dir(fs->store, STORE_ROOT, SCRATCH_NAME, 0700,
				&root, &dir);

	scratch_name(view, name);
	return err ? err
		   : file_make_dir(fs->store, dir, name, 0700, &root, ret_dir);
}

void spot_clean(struct fs *fs, const struct spot *spot)
{
	struct node_attr attr;
	char name[32];

	if (spot->type != SPOT_SCRATCH)
		return;
	scratch_name(spot->parent, name);
	if (!node_find(fs->store, STORE_ROOT, SCRATCH_NAME, &attr))
		node_rmdir(fs->store, attr.ino, name);
}

static void ghost_name(uint64_t number, char name[32])
{
	snprintf(name, 32, "ghost-%llu", (unsigned long long)number);
}

int spot_make_ghost(struct fs *fs, const struct node_new *n,
		    struct spot *ret_spot, struct node_attr *ret_attr)
{
	static _Atomic uint64_t count;
	struct owner root = { 0, 0 };
	struct spot spot = { .type = SPOT_SCRATCH,
			     .ino = atomic_fetch_add(&count, 1) };
	char name[32];
	int err = file_make_dir(fs->store, STORE_ROOT, SCRATCH_NAME, 0700,
				&root, &spot.dir);

	ghost_name(spot.ino, name);
	if (!err)
		err = node_make(fs->store, spot.dir, name, n, ret_attr);
	if (!err)
		*ret_spot = spot;
	return err;
}

void spot_drop_ghost(struct fs *fs, const struct spot *ghost)
{
	char name[32];

	ghost_name(ghost->ino, name);
	node_unlink(fs->store, ghost->dir, name);
}

static void find_in_view(struct fs *fs, struct spot *spot)
{
	struct view dir;

	spot->type = SPOT_NONE;
	if (view_get(fs, spot->parent, &dir) || !view_is_dir(&dir))
		return;
	if (!view_find(fs, &dir, spot->name, &spot->ino)) {
		spot->type = SPOT_VIEW;
	} else if (name_is_scratch(spot->name)) {
		spot->type = SPOT_SCRATCH;
		spot->dir = spot_scratch_dir(fs, spot->parent);
	}
}

/* A dropped file's name leads to the directory that it was given. While that is
 * there, the name can also be made anew (an editor's way to save). */
static void follow_alias(struct fs *fs, struct spot *spot)
{
	struct place_info info;
	uint64_t home;

	if (spot->place != PLACE_KIND ||
	    node_alias_get(fs->store, spot->dir, spot->name, &home))
		return;
	catalog_locate(fs->catalog, home, &info);
	if (info.place != PLACE_ASSET) {
		node_alias_drop(fs->store, spot->dir, spot->name);
		return;
	}
	spot->dir = home;
	spot->alias = true;
}

static void find_in_real(struct fs *fs, struct spot *spot)
{
	struct place_info info;

	spot->dir = spot->parent;
	catalog_locate(fs->catalog, spot->dir, &info);
	spot->place = info.place;
	spot->top = info.top;
	if (info.place == PLACE_ROOT &&
	    !view_find_root(fs, spot->name, &spot->ino))
		spot->type = SPOT_VIEW;
	else if (spot_is_hidden(spot->dir, spot->name))
		spot->type = SPOT_NONE;
	else if ((info.place == PLACE_ASSET || info.place == PLACE_RUN) &&
		 !strcmp(spot->name, HOME_LINK) &&
		 !view_home_ino(fs, spot->dir, &spot->ino))
		spot->type = SPOT_HOME;
	else
		follow_alias(fs, spot);
}

void spot_find(struct fs *fs, uint64_t parent, const char *name,
	       struct spot *ret_spot)
{
	struct spot spot = { .type = SPOT_REAL,
			     .name = name,
			     .parent = parent,
			     .place = PLACE_OTHER };

	if (view_is(parent))
		find_in_view(fs, &spot);
	else
		find_in_real(fs, &spot);
	*ret_spot = spot;
}

static bool is_trash_of(const char *name, mode_t type, uid_t uid)
{
	size_t len = strlen(TRASH_PREFIX);
	char *end;
	unsigned long owner;

	if (!S_ISDIR(type) || strncmp(name, TRASH_PREFIX, len) != 0 ||
	    name[len] < '0' || name[len] > '9')
		return false;
	owner = strtoul(name + len, &end, 10);
	return !*end && (uid == 0 || owner == uid);
}

/* Jupyter makes this directory beside whatever it opens or deletes, and takes a
 * refusal for one of the deed itself. */
static bool is_checkpoints(const char *name)
{
	return name_is_checkpoints(name, strlen(name));
}

/* What a user may make in the root or in runs/. */
static bool may_be_made(const struct spot *spot, mode_t type, uid_t uid)
{
	return (S_ISDIR(type) && is_checkpoints(spot->name)) ||
	       (spot->place == PLACE_ROOT &&
		is_trash_of(spot->name, type, uid));
}

/* The name of an asset stands in JSON, YAML and Python: it has to be text. */
static int refuse_name(struct fs *fs, const struct spot *spot)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	struct place_info info;

	catalog_locate(fs->catalog, spot->dir, &info);
	if (info.kind)
		buf_addf(&path, "%s/", info.kind->dir);
	buf_puts(&path, spot->name);
	catalog_refuse(fs->catalog, 0, path.data, -EILSEQ,
		       "the name of an asset has to be UTF-8 text");
	return -EILSEQ;
}

int spot_may_make(struct fs *fs, struct spot *spot, mode_t type, uid_t uid)
{
	if (fs->read_only)
		return -EROFS;
	switch (spot->type) {
	case SPOT_VIEW:
	case SPOT_HOME:
		return -EEXIST;
	case SPOT_NONE:
		return -EPERM;
	case SPOT_SCRATCH:
		return spot->dir
			       ? 0
			       : make_scratch_dir(fs, spot->parent, &spot->dir);
	case SPOT_REAL:
		break;
	}
	if (spot->place == PLACE_ROOT || spot->place == PLACE_RUNS)
		return may_be_made(spot, type, uid) ? 0 : -EPERM;
	if (spot->place == PLACE_KIND &&
	    !name_is_utf8(spot->name, strlen(spot->name)))
		return refuse_name(fs, spot);
	return 0;
}

/* 0 for what is no run, or is over. */
static int may_remove_run(struct fs *fs, uint64_t run)
{
	int err = run_may_remove(fs->catalog, run);

	return err == -EBUSY ? err : 0;
}

int spot_may_remove(struct fs *fs, const struct spot *spot)
{
	struct node_attr attr;

	if (fs->read_only)
		return -EROFS;
	if (spot->type == SPOT_NONE ||
	    (spot->type == SPOT_SCRATCH && !spot->dir))
		return -ENOENT;
	if (spot->type == SPOT_VIEW)
		return view_is(spot->parent) ? 0 : -EPERM;
	if (spot->type != SPOT_REAL)
		return 0;
	if (spot->place == PLACE_ROOT)
		return is_checkpoints(spot->name) ||
				       !strncmp(spot->name, TRASH_PREFIX,
						strlen(TRASH_PREFIX))
			       ? 0
			       : -EPERM;
	if (spot->place == PLACE_RUN)
		return may_remove_run(fs, spot->top);
	if (spot->place == PLACE_RUNS &&
	    !node_find(fs->store, spot->dir, spot->name, &attr))
		return may_remove_run(fs, attr.ino);
	return 0;
}

double spot_absent_for(const struct spot *spot)
{
	/* names that come from inside, and those that only seem absent */
	if (spot->type != SPOT_REAL || spot->place == PLACE_KIND ||
	    spot->place == PLACE_RUNS || !strcmp(spot->name, HOME_LINK))
		return 0;
	return FOREVER;
}
