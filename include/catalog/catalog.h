// SPDX-License-Identifier: Apache-2.0
/*
 * The catalog: which directories are assets, what their specs say, and whether
 * they are right (DESIGN sections 4 and 5).
 *
 * An asset is a directory in a kind's directory; its number is the directory's
 * inode number. Its record (a JSON map, see record.md in the manual page) is
 * kept under RECORD_ASSET: what the last valid spec said, who wrote it, why the
 * last upload was refused. What depends on the files themselves (sizes, counts,
 * what a bare directory can tell) is computed when it is asked for, and kept
 * while the tree does not change.
 *
 * Locks: one of the catalog's own, never held while calling the store's
 * blocking functions or the listener. All functions may be called from any
 * thread; those marked (blocks) read files and must not run on a request thread
 * of the ring.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "catalog/kind.h"
#include "pipeline/pipeline.h"
#include "store/file.h"

struct catalog;

/* Makes the fixed directories of the root where they are absent, loads all
 * records. `why` as store_open. */
int catalog_open(struct store *st, struct buf *why,
		 struct catalog **ret_catalog);
void catalog_close(struct catalog *c);
void catalog_release(struct catalog **c);
/* The store that it was opened on; lent. */
struct store *catalog_store(struct catalog *c);

/* ---- where a name stands ---- */

enum place {
	PLACE_ROOT,	/* the root itself */
	PLACE_KIND,	/* models/ */
	PLACE_ASSET,	/* models/max-ocr/: an asset's directory */
	PLACE_IN_ASSET, /* deeper */
	PLACE_RUNS,	/* runs/ */
	PLACE_RUN,	/* runs/NAME/ */
	PLACE_IN_RUN,
	PLACE_TRASH, /* .Trash-UID and all below */
	PLACE_OTHER, /* the root's other fixed directories; deleted ones */
};

struct place_info {
	enum place place;
	const struct kind *kind; /* KIND, ASSET, IN_ASSET; else NULL */
	uint64_t top; /* ASSET, IN_ASSET: the asset; RUN, IN_RUN: the run */
};

/* May a directory of this name in a kind's directory be an asset? Hidden and
 * scratch names, which tools keep there, are none (PLACE_OTHER), and neither is
 * fsck's lost+found. */
bool catalog_is_asset_name(const char *name);
/* Of a directory. Cheap: some hash look-ups. */
void catalog_locate(struct catalog *c, uint64_t dir,
		    struct place_info *ret_info);
uint64_t catalog_kind_dir(struct catalog *c, const struct kind *kind);
uint64_t catalog_runs_dir(struct catalog *c);

/* ---- what file operations tell and ask ---- */

/*
 * Could closing or renaming to `name` in `dir` mean that a spec has to be
 * judged, or a dropped file to become an asset? Cheap; false for scratch names.
 */
bool catalog_cares(struct catalog *c, uint64_t dir, const char *name);

/*
 * (blocks) A writer closed `name` in `dir`, or it was renamed there: judge it.
 * Right: the record is made anew; a dropped file has moved into its own
 * directory, with an alias in place. Wrong: an errno as in DESIGN section 4,
 * and the sentence in the asset's errors and in the recent refusals.
 * 0 too where there is nothing to judge.
 */
int catalog_closed(struct catalog *c, uint64_t dir, const char *name,
		   uid_t uid);
/* A rename that has yet to happen. */
struct catalog_move {
	uint64_t ino;  /* of the file */
	uint64_t goes; /* an asset that goes when it has left; 0: none */
};
/* (blocks) Would that file be right as `name` in `dir`? Nothing but the refusal
 * is recorded. An id that is an asset's by this file alone is free. */
int catalog_judge(struct catalog *c, const struct catalog_move *move,
		  uint64_t dir, const char *name);
/*
 * A name came, went or moved by mkdir, rename, unlink or rmdir (after it): the
 * asset of `dir`, or the asset `name` in a kind's directory, is looked at anew
 * when it is next asked for. Cheap.
 */
void catalog_changed(struct catalog *c, uint64_t dir, const char *name);
/* A directory was removed: what is recorded of it goes, if it was an asset.
 * Cheap. */
void catalog_removed(struct catalog *c, uint64_t dir);

/* A refusal, for .mlx/errors: "path: why". Also called by fs/ for control
 * files: then it is in the errors of the asset (which may be 0) as well, till a
 * call with err 0 says that the file was written rightly since, or a spec is
 * registered. May block. */
void catalog_refuse(struct catalog *c, uint64_t asset, const char *path,
		    int err, const char *why);
/* Recent refusals, oldest first: "time path: reason (errno name)\n". */
void catalog_put_refusals(struct catalog *c, struct buf *out,
			  int64_t *ret_changed);

/* ---- assets ---- */

/* By directory name, then by id (which may block). -ENOENT. */
int catalog_find(struct catalog *c, const struct kind *kind, const char *name,
		 uint64_t *ret_asset);
/* "datasets/jfk", "dataset:jfk" is not one. -ENOENT, -EINVAL. */
int catalog_find_reference(struct catalog *c, const char *reference,
			   uint64_t *ret_asset);
const struct kind *catalog_kind_of(struct catalog *c, uint64_t asset);
int catalog_name_of(struct catalog *c, uint64_t asset, struct buf *out);

/*
 * (blocks) The asset's record: kind, id, name (title), directory, description,
 * version, licence, domain, framework, tags, parameters, annotations, related,
 * stages, created, updated, owner, state, featured, published, and the kind's
 * own (`spec_format`, …). A copy; the caller frees it. Fields whose names begin
 * with a dot are the catalog's own, and no part of metadata.json.
 * ret_changed: when what it says last changed, ns.
 */
int catalog_get(struct catalog *c, uint64_t asset, struct value **ret_record,
		int64_t *ret_changed);
/* (blocks) The pipeline that runs this asset. -EINVAL, -EOPNOTSUPP and a
 * sentence when it has none (a draft; a kind that cannot run). */
int catalog_get_pipeline(struct catalog *c, uint64_t asset, const char *stage,
			 const char *platform, struct buf *why,
			 struct pipeline *ret_p);

/* Would asset_put_metadata find all that it needs in memory? */
bool asset_is_known(struct catalog *c, uint64_t asset);
/* The generated files of section 5 (blocks). Each appends the whole file and
 * tells when its source last changed. */
int asset_put_metadata(struct catalog *c, uint64_t asset, struct buf *out,
		       int64_t *ret_changed);
int asset_put_checks(struct catalog *c, uint64_t asset, struct buf *out,
		     int64_t *ret_changed);
int asset_put_errors(struct catalog *c, uint64_t asset, struct buf *out,
		     int64_t *ret_changed);
int asset_put_sums(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed);
int asset_put_code(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed);
/* The commented template of `run`. */
int asset_put_run_template(struct catalog *c, uint64_t asset, struct buf *out,
			   int64_t *ret_changed);
int asset_put_tags(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed);
int asset_put_featured(struct catalog *c, uint64_t asset, struct buf *out,
		       int64_t *ret_changed);
int asset_put_published(struct catalog *c, uint64_t asset, struct buf *out,
			int64_t *ret_changed);
/* Whole new content. -EINVAL with a sentence. One tag a line; 0/1, yes/no,
 * true/false for the others. */
int asset_set_tags(struct catalog *c, uint64_t asset, const char *text,
		   size_t len, struct buf *why);
int asset_set_featured(struct catalog *c, uint64_t asset, const char *text,
		       size_t len, struct buf *why);
int asset_set_published(struct catalog *c, uint64_t asset, const char *text,
			size_t len, struct buf *why);

/*
 * What the last fetch of the asset's data brought, for its checks: a map
 * {url, bytes, sha512, verified (boolean: it is what the spec says), time (RFC
 * 3339)}, kept as `fetched` in the asset's record. Copied.
 */
int catalog_set_fetched(struct catalog *c, uint64_t asset,
			const struct value *fetched);

struct catalog_counts {
	/* registered ones, in the order of the table of kinds */
	unsigned int assets[KIND_MOST];
	unsigned int drafts, invalid;
};
/* (blocks): looks at those that nobody looked at since they changed. */
void catalog_count(struct catalog *c, struct catalog_counts *ret_counts);

#endif
