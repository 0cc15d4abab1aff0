// SPDX-License-Identifier: Apache-2.0
/*
 * Views: generated directories and the files in them.
 *
 * A directory of views is a table (struct view_dir); a file is one row of it
 * beside its function. To add a file, add a row at the end of its table: the
 * row's place is part of the inode number.
 *
 * Inode numbers of views: bit 62 is set, then
 *	bits 58-61  the table (enum view_id)
 *	bits  8-57  the object: the inode number of the real directory that the
 *	            view is of
 *	bits  0-7   0: the directory itself; else the row's place, from 1
 * The kernel asks for each name of a view anew, and with it for its attributes,
 * which it then believes for the moment that opening and reading takes; so a
 * view needs no invalidation. What an open descriptor reads was rendered once,
 * for its open, and is read past the page cache, which is the file's and not
 * the descriptor's.
 */
#ifndef FS_VIEW_H
#define FS_VIEW_H

#include <sys/stat.h>

#include "fs.h"

enum view_id {
	VIEW_ROOT = 1,	 /* what stands beside the kinds in the root */
	VIEW_HOME,	 /* _mlx in an asset's or a run's directory */
	VIEW_TOP,	 /* .mlx/ */
	VIEW_KIND,	 /* .mlx/models/ */
	VIEW_ASSET,	 /* .mlx/models/max-ocr/ */
	VIEW_ASSET_RUNS, /* .mlx/models/max-ocr/runs/ */
	VIEW_RUN_LINK,	 /* the links in there, the object is the run */
	VIEW_RUNS,	 /* .mlx/runs/ */
	VIEW_RUN,	 /* .mlx/runs/max-ocr-0007/ */
	VIEW_IDS
};

struct view {
	enum view_id table;
	uint64_t object;
	unsigned int row; /* 0: the directory */
};

/* What was written to a control file, and by whom. */
struct control_text {
	const char *text; /* NUL-terminated */
	size_t len;
	uid_t uid;
	gid_t gid;
};

struct view_row {
	const char *name;
	mode_t mode;	    /* with the type */
	enum view_id below; /* of a directory */
	bool waits;	    /* reading blocks: wait.c */
	bool once;	    /* one open acts once at most: `run` */
	/* The content, or a link's target, appended; and when it last changed.
	 * One of the two: the second is the catalog's or the engine's. */
	int (*put)(struct fs *fs, uint64_t object, struct buf *out,
		   int64_t *ret_changed);
	int (*render)(struct catalog *c, uint64_t object, struct buf *out,
		      int64_t *ret_changed);
	/* Does rendering need nothing but memory now? NULL: never known. */
	bool (*is_known)(struct catalog *c, uint64_t object);
	/* (blocks) Act on new content; `answer` is what the writer's own
	 * descriptor reads afterwards, where the row is `once`. */
	int (*set)(struct fs *fs, uint64_t object,
		   const struct control_text *text, struct buf *why,
		   struct buf *answer);
};

/* Non-zero stops. name is lent. */
typedef int view_each_fn(void *arg, const char *name, const struct view *v,
			 uint64_t cookie);

struct view_dir {
	const struct view_row *rows; /* ends with a row without a name */
	/* Is there such a directory (still)? */
	bool (*is_alive)(struct fs *fs, uint64_t object);
	void (*get_parent)(struct fs *fs, uint64_t object, struct view *ret_v);
	/* Names beside the rows; both may be NULL. Cookies grow, from 1. */
	int (*find)(struct fs *fs, uint64_t object, const char *name,
		    struct view *ret_v);
	int (*each)(struct fs *fs, uint64_t object, uint64_t cookie,
		    view_each_fn *fn, void *arg);
};

extern const struct view_dir view_root, view_home, view_top, view_kind,
	view_asset, view_asset_runs, view_run_link, view_runs, view_run;

/* What several tables use. */
enum place view_place(struct fs *fs, uint64_t dir);
extern const struct view_row view_no_rows[];
void view_get_top(struct fs *fs, uint64_t object, struct view *ret_v);
/* `find` and `each` of a view that has one view for each directory in its
 * object. */
int view_find_dir(struct fs *fs, uint64_t object, const char *name,
		  enum view_id below, struct view *ret_v);
int view_each_dir(struct fs *fs, uint64_t object, uint64_t cookie,
		  enum view_id below, view_each_fn *fn, void *arg);

#define VIEW_BIT (UINT64_C(1) << 62)
static inline bool view_is(uint64_t ino)
{
	return ino & VIEW_BIT;
}

uint64_t view_ino(const struct view *v);
/* -ENOENT: no such view (any more). */
int view_get(struct fs *fs, uint64_t ino, struct view *ret_v);
/* NULL for a directory itself. */
const struct view_row *view_row_of(const struct view *v);
bool view_is_dir(const struct view *v);

/* A name in a directory of views: -ENOENT. ret_ino of ".." may be a real one's.
 */
int view_find(struct fs *fs, const struct view *dir, const char *name,
	      uint64_t *ret_ino);
/* A name of the table VIEW_ROOT: what stands in the real root. */
int view_find_root(struct fs *fs, const char *name, uint64_t *ret_ino);
/* The number of `_mlx` in an asset's or a run's directory. It depends on the
 * path, since the kernel keeps what a link said. */
int view_home_ino(struct fs *fs, uint64_t dir, uint64_t *ret_ino);
int view_each(struct fs *fs, const struct view *dir, uint64_t cookie,
	      view_each_fn *fn, void *arg);
/* Sizes are exact: a file is rendered for it. -ENOENT. */
int view_get_stat(struct fs *fs, uint64_t ino, struct stat *ret_stat);
/* How long the kernel may believe the name and the attributes, in seconds. */
double view_name_for(uint64_t ino);
double view_attr_for(uint64_t ino);
/* Is asking for its attributes, or for a name in it, a matter of memory only?
 */
bool view_is_quick(struct fs *fs, uint64_t ino);
bool view_finds_quickly(struct fs *fs, uint64_t dir, const char *name);
/* "models/max-ocr/_mlx/run", for messages. */
void view_put_path(struct fs *fs, const struct view *v, struct buf *out);

/*
 * Shots: what a generated file said at one moment, shared by the requests of
 * one reader (stat, open, read) so that they agree and render once.
 */
struct shot {
	_Atomic unsigned int users;
	int err;	 /* of rendering; then empty */
	int64_t changed; /* ns */
	size_t len;
	char text[];
};
int shots_init(struct fs *fs);
void shots_release(struct fs *fs);
/* -ENOMEM, -ENOENT. */
int shot_get(struct fs *fs, const struct view *v, struct shot **ret_shot);
/* Would shot_get render nothing? */
bool shot_is_kept(struct fs *fs, uint64_t ino);
void shot_release(struct shot **shot);
/* Answers a READ from it. */
void shot_reply(struct shot *shot, fuse_req_t req, size_t size, off_t off);

#endif
