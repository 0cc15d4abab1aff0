// SPDX-License-Identifier: Apache-2.0
/* JSON (RFC 8259), by cJSON. */
#ifndef EXT_JSON_H
#define EXT_JSON_H

#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"

/* Deeper than 64 or larger than max_len bytes is -EFBIG. Duplicate keys: the
 * last counts. A string with \u0000 in it is refused.
 * 0, -EINVAL with a sentence ("byte N: …"), -EFBIG, -ENOMEM. */
int json_read(const char *text, size_t len, size_t max_len, struct buf *why,
	      struct value **ret_doc);

/* Append v: indented by two spaces with a final newline, or on one line
 * without. Numbers come out with the text that they came in with; what is no
 * UTF-8 as U+FFFD. */
void json_write(const struct value *v, struct buf *out);
void json_write_line(const struct value *v, struct buf *out);
/* Append text as a JSON string literal, quotes included. */
void json_write_string(const char *text, struct buf *out);

#endif
