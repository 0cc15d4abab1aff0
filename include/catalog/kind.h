// SPDX-License-Identifier: Apache-2.0
/*
 * The kinds of assets, a row of data each (src/catalog/kinds.c). To add one:
 * a row, and its spec reader; no other file names a kind.
 */
#ifndef CATALOG_KIND_H
#define CATALOG_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "pipeline/pipeline.h"

#define KIND_MOST 16

struct bare; /* what a directory without a spec can tell (src/catalog) */

struct kind {
	const char *name;    /* "model": as written in records */
	const char *dir;     /* "models": as seen in the root */
	const char *summary; /* one line */
	const char *spec;    /* "model.yaml" */
	/* A file with this suffix is an asset by itself (".ipynb"), or NULL. */
	const char *file_suffix;
	/* Without a spec it is but a draft: so the only YAML file of a
	 * directory is taken for the spec whatever it looks like; and the text
	 * of the last valid one is kept, since a run reads it again. */
	bool needs_spec;
	/* Does this document look like a spec of the kind at all? */
	bool (*accepts)(const struct value *doc);
	/* Judge a spec and fill the record's fields that come from it.
	 * -EINVAL, -EOPNOTSUPP with "line N: …". */
	int (*read_spec)(const struct value *docs, struct value *record,
			 struct buf *why);
	/* Fill a record without a spec. 0: it is one; 1: a draft. */
	int (*read_bare)(const struct bare *bare, struct value *record);
	/* The pipeline that runs it. docs is NULL for a bare asset. */
	int (*get_pipeline)(const struct value *record,
			    const struct value *docs, const char *stage,
			    const char *platform, struct buf *why,
			    struct pipeline *ret_p);
};

/* The table; ends with a row without a name. */
extern const struct kind kinds[];
const struct kind *kind_find(const char *name);	   /* "model" */
const struct kind *kind_find_dir(const char *dir); /* "models" */

#endif
