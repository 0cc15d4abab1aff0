// SPDX-License-Identifier: Apache-2.0
/* What readers of documents share: sentences with lines, checked look-ups,
 * texts of one reference. */
#ifndef PIPELINE_READ_H
#define PIPELINE_READ_H

#include "pipeline/pipeline.h"

/* "line N: …" where the value knows its line. Returns err. */
int refuse(struct buf *why, const struct value *at, int err, const char *fmt,
	   ...) __attribute__((format(printf, 4, 5)));
/* A copy of text to *slot, whose old text is freed; NULL stays NULL.
 * 0 or -ENOMEM. */
int set_text(char **slot, const char *text);
/* A member of a map. Absent or null: 0 and *ret NULL. Another type than the
 * expected: -EINVAL, "line N: key: expected a list, found …", and *ret NULL, so
 * that a loop over a list may look at it before the error. */
int find_typed(const struct value *map, const char *key, enum value_type type,
	       struct buf *why, const struct value **ret);
/* The same of a string, copied; absent leaves *slot as it is. */
int read_text(const struct value *map, const char *key, struct buf *why,
	      char **slot);
/* A name that must be there, not empty, and no template's "<…>". Lent. */
int need_name(const struct value *map, const char *key, const char *what,
	      struct buf *why, const char **ret_name);
/* A sentence for pipeline.ignored. */
int ignore(struct pipeline *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Append a reference (task and key may be NULL) or plain text (none when
 * empty). 0 or -ENOMEM. */
int text_refer(struct text *t, enum segment_type type, const char *name,
	       const char *task, const char *key);
int text_append(struct text *t, const char *plain, size_t len);
/* Append a copy of all of another's segments. */
int text_extend(struct text *t, const struct text *from);
/* A copy of a parameter, at the end of an array. */
int param_copy(const struct param *from, struct param **array, size_t *count);
/* Free the words of a command line. */
void args_free(struct arg *args, size_t count);

#endif
