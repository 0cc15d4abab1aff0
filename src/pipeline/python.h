// SPDX-License-Identifier: Apache-2.0
/* Python source, beyond what format.h offers. */
#ifndef PIPELINE_PYTHON_H
#define PIPELINE_PYTHON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/value.h"

/* An identifier for a name (and "_suffix", if any) that is not taken yet, and
 * is from now on. taken: a map of a scope's identifiers, empty at first. */
int python_take_name(struct value *taken, const char *name, const char *suffix,
		     char **ret_id);
/* A text of several lines as one literal a line, at an indentation. */
void python_put_lines(const char *text, int indent, struct buf *out);
/* The same of a text for people: characters that show nothing are spaces. */
int python_put_prose(const char *text, int indent, struct buf *out);
/* One line without characters that show nothing or end it? */
bool python_is_plain(const char *text);
/* A comment of one line: what could end it is written as \xNN. */
void python_put_comment(const char *text, int indent, struct buf *out);
void python_indent(int indent, struct buf *out); /* four spaces each */

#endif
