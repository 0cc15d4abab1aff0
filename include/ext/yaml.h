// SPDX-License-Identifier: Apache-2.0
/*
 * YAML 1.1 as PyYAML's loaders read it, by libyaml's events (its document API
 * is quadratic in anchors, and a walk of it expands aliases without end).
 *
 * What a user wrote is hostile until it is read: every reader takes limits.
 */
#ifndef EXT_YAML_H
#define EXT_YAML_H

#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"

struct yaml_limits {
	size_t bytes;  /* of the text; more is -EFBIG */
	size_t depth;  /* of nesting; more is -EFBIG */
	size_t events; /* of the parser, copies made for aliases included; more
			* is -EFBIG */
};

/* 1 MiB, depth 64, 50 000 events: DESIGN section 4. */
extern const struct yaml_limits yaml_spec_limits;

/*
 * Read one document. Plain scalars become null, booleans, integers, reals or
 * strings by YAML 1.1's rules as PyYAML applies them: yes/on/true, but not y;
 * 0b, 0x, leading-0, 1_000 and 1:30 integers in their decimal form; 1.0e+3 is a
 * real, 1e3 a string. Dates, .inf and .nan stay strings, since JSON has
 * neither. Quoted scalars are strings. The tags of these types (!!str, !!int,
 * …) hold, others are refused. A key is the text that it was written with.
 *
 * Aliases are copied within the limits (their bytes have limits->bytes for
 * themselves); a self-reference is refused. `<<: *map` is merged. Refused too:
 * duplicate keys, keys that are no scalars, other merges, invalid UTF-8, NUL.
 * An empty text is a null value.
 *
 * 0, -EINVAL (the sentence in `why` tells "line N: what"), -EFBIG, -ENOMEM.
 */
int yaml_read(const char *text, size_t len, const struct yaml_limits *limits,
	      struct buf *why, struct value **ret_doc);
/* All documents of a stream, as a list. yaml_read refuses a second document. */
int yaml_read_all(const char *text, size_t len,
		  const struct yaml_limits *limits, struct buf *why,
		  struct value **ret_docs);

/* Append v as block YAML that yaml_read reads back as the same value; strings
 * of several lines as literal blocks. Quoted is what any YAML (1.1, 1.2) would
 * not take for a string. What is no UTF-8 comes out as U+FFFD. */
void yaml_write(const struct value *v, struct buf *out);

#endif
