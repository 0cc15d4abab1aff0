// SPDX-License-Identifier: Apache-2.0
/* STORE/manifest.txt: see manifest.c for its format. */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct store;

/* Written anew when anything changed since the last time, or `always`. */
int manifest_write(struct store *st, bool always);
/* A path or another text with what cannot stand in a line as \xNN. */
void manifest_put_text(const char *text, size_t len, bool is_path,
		       struct buf *out);

#endif
