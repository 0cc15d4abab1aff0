// SPDX-License-Identifier: Apache-2.0
/* The functions that the rows of kinds.c are made of, one file a kind. */
#ifndef CATALOG_KIND_ROWS_H
#define CATALOG_KIND_ROWS_H

#include "bare.h"
#include "catalog/kind.h"

#define KIND_FUNCTIONS(name)                                                   \
	bool name##_accepts(const struct value *doc);                          \
	int name##_read_spec(const struct value *docs, struct value *record,   \
			     struct buf *why);                                 \
	int name##_get_pipeline(const struct value *record,                    \
				const struct value *docs, const char *stage,   \
				const char *platform, struct buf *why,         \
				struct pipeline *ret_p)

KIND_FUNCTIONS(component);
KIND_FUNCTIONS(dataset);
KIND_FUNCTIONS(model);
KIND_FUNCTIONS(notebook);
KIND_FUNCTIONS(pipeline);

int dataset_read_bare(const struct bare *bare, struct value *record);
int model_read_bare(const struct bare *bare, struct value *record);
int notebook_read_bare(const struct bare *bare, struct value *record);
/* Of kinds that are nothing without a spec. */
int draft_read_bare(const struct bare *bare, struct value *record);

/* The id that is made of a title; -EINVAL when nothing is left of it. */
int record_set_title_id(struct value *record, const char *title, int line,
			const char *path, struct buf *why);

#endif
