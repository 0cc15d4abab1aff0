// SPDX-License-Identifier: Apache-2.0
/*
 * Formats in and out. A format is one file here that ends in its row; readers
 * are recognised by content, never by name. To add one: the file, and one token
 * in the list in format.c.
 */
#ifndef PIPELINE_FORMAT_H
#define PIPELINE_FORMAT_H

#include "pipeline/pipeline.h"

struct pipeline_reader {
	const char *name; /* "tekton", "component", … */
	bool (*accepts)(const struct value *doc);
	/* -EINVAL: wrong, with "line N: …"; -EOPNOTSUPP: right, but not
	 * supported. `docs`: all documents of the file, at least one. */
	int (*read)(const struct value *docs, struct buf *why,
		    struct pipeline *ret_p);
};

/* The reader that accepts the first of the documents, or NULL. */
const struct pipeline_reader *reader_find(const struct value *docs);
const struct pipeline_reader *reader_get(const char *name);

/*
 * A notebook (nbformat 4 JSON) as a pipeline of one task. Parameters are the
 * assignments of literals in the cell tagged "parameters" (Papermill's rule).
 */
int notebook_read(const struct value *doc, struct buf *why,
		  struct pipeline *ret_p);
bool notebook_has_tag(const struct value *cell, const char *tag);

/*
 * Kubeflow Pipelines v2 SDK source (verified with 2.17) that compiles as it
 * stands, without the network:
 *	python3 pipeline.py [OUTPUT.yaml]
 * Every text of an asset is written as an escaped literal, every name as a
 * checked identifier.
 */
int kfp_python_write(const struct pipeline *p, struct buf *out,
		     struct buf *why);

/* Append a Python string literal; None for NULL. And any value. */
void python_put_string(const char *text, struct buf *out);
void python_put_value(const struct value *v, struct buf *out);
/* An identifier for a name: [a-z_][a-z0-9_]*, no keyword. */
void python_put_identifier(const char *name, struct buf *out);

#endif
