// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a spec, field by field: what is there, what it must be, and the
 * sentence when it is not. Shared by the kinds' readers.
 *
 * Rules for all: a field that is null is absent; a number or a boolean where a
 * text is wanted counts as its text (version: 1.10); blanks around a text go; a
 * required text that is wholly "<…>" is a template's placeholder, and refused.
 */
#ifndef CATALOG_SPEC_H
#define CATALOG_SPEC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/value.h"
#include "pipeline/pipeline.h"

enum spec_need { SPEC_OPTIONAL, SPEC_REQUIRED };

/* The only document, which must be a map. -EINVAL. Lent. */
int spec_only_doc(const struct value *docs, const char *what, struct buf *why,
		  const struct value **ret_doc);
/* The field at a dotted path, or NULL when absent or null. */
const struct value *spec_find(const struct value *doc, const char *path);
/* "line N: 'path' is missing: what". Always -EINVAL. */
int spec_missing(const struct value *doc, const char *path, const char *what,
		 struct buf *why);
/* "line N: 'path': expected what, found …". Always -EINVAL. */
int spec_wrong(const struct value *field, const char *path, const char *what,
	       struct buf *why);

/* *ret_text: the text (the caller frees), or NULL when absent. */
int spec_get_text(const struct value *doc, const char *path,
		  enum spec_need need, struct buf *why, char **ret_text);
int spec_get_bool(const struct value *doc, const char *path, bool fallback,
		  struct buf *why, bool *ret_truth);

/* From the document at `path` to the record at `key`; absent: nothing. */
int spec_copy_text(const struct value *doc, const char *path,
		   enum spec_need need, struct value *record, const char *key,
		   struct buf *why);

/* The same for several: rows, the last of which has no path. */
struct spec_field {
	const char *path;
	enum spec_need need;
	const char *key;
};
int spec_copy_fields(const struct value *doc, const struct spec_field *fields,
		     struct value *record, struct buf *why);
/* What a spec of MLX's begins with: one document, its id (at `id_path`), name
 * and description. `what` as for spec_only_doc. */
int spec_copy_head(const struct value *docs, const char *what,
		   const char *id_path, struct value *record, struct buf *why,
		   const struct value **ret_doc);
/* A text that is an id as it stands. */
int spec_copy_id(const struct value *doc, const char *path,
		 struct value *record, struct buf *why);
/* A map; its texts as above, what is deeper as it stands. */
int spec_copy_map(const struct value *doc, const char *path,
		  struct value *record, const char *key, struct buf *why);
/* A list of texts; also "a, b" for one. */
int spec_copy_texts(const struct value *doc, const char *path,
		    struct value *record, const char *key, struct buf *why);
/* A date (2020-07-19), with or without a time behind it. */
int spec_copy_date(const struct value *doc, const char *path,
		   struct value *record, const char *key, struct buf *why);
/* A licence's name: `license` (SPDX or as given), `license_name`. */
int spec_copy_license(const struct value *doc, const char *path,
		      enum spec_need need, struct value *record,
		      struct buf *why);
/* What MLX reads in all kinds: metadata.{annotations,labels,tags},
 * filter_categories, readme_url, website, related_assets' ids. */
int spec_copy_common(const struct value *doc, struct value *record,
		     struct buf *why);

/* The record's `parameters` (or another key) from a pipeline's. */
int record_set_params(struct value *record, const char *key,
		      const struct param *params, size_t count);
/* A text of the record, or NULL. */
const char *record_text(const struct value *record, const char *path);
/* Fill a task's inputs, the pipeline's parameters and the bindings between them
 * from a list as record_set_params makes it (NULL: none). */
int task_set_params(struct pipeline *p, struct task *t,
		    const struct value *params);
/* http:// or https://, a host, and nothing that is no URL's: what may be handed
 * to the network. */
bool spec_is_url(const char *text);
/* strdup() for fields of a pipeline: NULL stays NULL; -ENOMEM. */
int text_copy(const char *text, char **ret_copy);

#endif
