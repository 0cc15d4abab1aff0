// SPDX-License-Identifier: Apache-2.0
/* What tests of the pipeline layer share. */
#ifndef TESTS_PIPELINE_UTIL_H
#define TESTS_PIPELINE_UTIL_H

#include <stdlib.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "ext/yaml.h"
#include "pipeline/format.h"
#include "unit.h"

static inline int docs_from(const char *text, struct value **ret_docs)
{
	return yaml_read_all(text, strlen(text), &yaml_spec_limits, NULL,
			     ret_docs);
}

/* With the reader that accepts it; -EPROTO when none does. */
static inline int read_yaml(const char *text, struct buf *why,
			    struct pipeline *ret_p)
{
	AUTO(value_release) struct value *docs = NULL;
	const struct pipeline_reader *reader;
	int err = yaml_read_all(text, strlen(text), &yaml_spec_limits, why,
				&docs);

	if (err)
		return err;
	reader = reader_find(docs);
	return reader ? reader->read(docs, why, ret_p) : -EPROTO;
}

static inline int read_file(const char *path, struct buf *why,
			    struct pipeline *ret_p)
{
	size_t len;
	AUTO(free_text) char *text = unit_read_file(path, &len);

	return text ? read_yaml(text, why, ret_p) : -ENOENT;
}

static inline struct value *json_from(const char *text)
{
	struct value *v = NULL;

	json_read(text, strlen(text), 1 << 20, NULL, &v);
	return v;
}

/* Texts written back, so that a test can compare them:
 * "a<param x>b<out t.r[key]>". */
static inline void put_text(const struct text *t, struct buf *out)
{
	static const char *const names[] = {
		[SEGMENT_PARAM] = "param",
		[SEGMENT_OUTPUT] = "out",
		[SEGMENT_INPUT_PATH] = "inpath",
		[SEGMENT_STATUS] = "status",
		[SEGMENT_OUTPUT_PATH] = "outpath",
		[SEGMENT_CONTEXT] = "context",
	};

	for (size_t i = 0; i < t->count; i++) {
		const struct segment *s = &t->segment[i];

		if (s->type == SEGMENT_TEXT) {
			buf_puts(out, s->text);
			continue;
		}
		buf_addf(out, "<%s %s%s%s", names[s->type],
			 s->task ? s->task : "", s->task ? "." : "", s->text);
		if (s->key)
			buf_addf(out, "[%s]", s->key);
		buf_putc(out, '>');
	}
}

static inline void put_args(const struct arg *args, size_t count,
			    struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct arg *a = &args[i];

		buf_puts(out, i ? " " : "");
		if (a->type == ARG_TEXT || a->type == ARG_SPLICE)
			buf_puts(out, a->type == ARG_SPLICE ? "*" : "");
		put_text(&a->text, out);
		if (a->type == ARG_CONCAT || a->type == ARG_IF) {
			buf_addf(out, "%s%s%s(",
				 a->type == ARG_IF ? "if " : "concat",
				 a->name ? a->name : "", a->truth ? "!" : "");
			put_args(a->then, a->then_count, out);
			buf_puts(out, a->other_count ? ")else(" : "");
			put_args(a->other, a->other_count, out);
			buf_putc(out, ')');
		}
	}
}

#endif
