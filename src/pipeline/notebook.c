// SPDX-License-Identifier: Apache-2.0
/*
 * A Jupyter notebook (nbformat 4) as a pipeline of one task. Papermill's rule
 * makes the parameters: they are what the first cell tagged "parameters"
 * assigns; a value given to a run is injected in a cell behind it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "literal.h"
#include "pipeline/format.h"
#include "read.h"

#define TITLE_MOST 200 /* bytes of a heading that can be a title */

bool notebook_has_tag(const struct value *cell, const char *tag)
{
	const struct value *tags = value_path(cell, "metadata.tags");

	for (size_t i = 0; value_is(tags, VALUE_LIST) && i < tags->count; i++) {
		const char *text = value_string(tags->item[i]);

		if (text && strcmp(text, tag) == 0)
			return true;
	}
	return false;
}

/* nbformat has a text as a string, or as a list of its lines. */
static int put_source(const struct value *cell, struct buf *out)
{
	const struct value *source = value_find(cell, "source");

	if (value_is(source, VALUE_STRING))
		buf_puts(out, source->text);
	for (size_t i = 0; value_is(source, VALUE_LIST) && i < source->count;
	     i++)
		if (value_is(source->item[i], VALUE_STRING))
			buf_puts(out, source->item[i]->text);
	return out->err;
}

static bool is_type(const struct value *cell, const char *type)
{
	const char *is = value_find_string(cell, "cell_type");

	return is && strcmp(is, type) == 0;
}

static enum data_type type_of(const struct value *v)
{
	static const enum data_type types[] = {
		[VALUE_NULL] = TYPE_STRING,   [VALUE_BOOL] = TYPE_BOOLEAN,
		[VALUE_INT] = TYPE_INTEGER,   [VALUE_REAL] = TYPE_REAL,
		[VALUE_STRING] = TYPE_STRING, [VALUE_LIST] = TYPE_LIST,
		[VALUE_MAP] = TYPE_STRUCT,
	};

	return types[v->type];
}

static int add_param(struct pipeline *p, const char *name,
		     const struct value *v)
{
	struct param *param = param_add(&p->params, &p->params_count);
	struct task *t = &p->tasks[0];
	struct param *in;
	struct binding *b;

	if (!param || set_text(&param->name, name))
		return -ENOMEM;
	param->type = type_of(v);
	/* None says nothing of a type: the notebook's own None stays then */
	param->optional = v->type == VALUE_NULL;
	if (!param->optional)
		param->fallback = value_copy(v);
	if (!param->optional && !param->fallback)
		return -ENOMEM;
	in = param_add(&t->inputs, &t->inputs_count);
	b = task_add_binding(t);
	if (!in || !b || set_text(&in->name, name) || set_text(&b->name, name))
		return -ENOMEM;
	in->type = param->type;
	in->optional = param->optional;
	return text_refer(&b->value, SEGMENT_PARAM, name, NULL, NULL);
}

static int read_params(struct pipeline *p, const struct value *cells)
{
	AUTO(buf_release) struct buf source = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *map = value_new_map();
	size_t i = 0;
	int err;

	if (!map)
		return -ENOMEM;
	while (i < cells->count &&
	       !(is_type(cells->item[i], "code") &&
		 notebook_has_tag(cells->item[i], "parameters")))
		i++;
	if (i == cells->count)
		return 0;
	err = put_source(cells->item[i], &source);
	if (!err)
		err = literals_read(source.data, map);
	for (size_t j = 0; j < map->count && !err; j++)
		err = add_param(p, map->key[j], map->item[j]);
	return err;
}

/* The first heading of the first text cell. */
static int read_title(struct pipeline *p, const struct value *doc,
		      const struct value *cells)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const char *title = value_string(value_path(doc, "metadata.title"));
	size_t i = 0, len;
	int err;

	while (!title && i < cells->count &&
	       !is_type(cells->item[i], "markdown"))
		i++;
	if (!title && i < cells->count) {
		const char *heading;

		err = put_source(cells->item[i], &text);
		if (err)
			return err == -ENOMEM ? err : 0;
		heading = text.data + strspn(text.data, "# \t\r\n");
		len = strcspn(heading, "\r\n");
		if (text.data[0] == '#' && len && len < TITLE_MOST) {
			text.data[heading - text.data + (ptrdiff_t)len] = 0;
			title = heading;
		}
	}
	return set_text(&p->name, title && *title ? title : "Notebook");
}

static int read_description(struct pipeline *p, const struct value *doc)
{
	AUTO(buf_release) struct buf text = BUF_INIT(1024);
	const struct value *metadata = value_find(doc, "metadata");
	const char *language =
		value_string(value_path(metadata, "kernelspec.language"));
	const char *kernel =
		value_string(value_path(metadata, "kernelspec.display_name"));

	if (!language)
		language = value_string(
			value_path(metadata, "language_info.name"));
	if (!kernel)
		kernel = value_string(value_path(metadata, "kernelspec.name"));
	if (!language && !kernel)
		return 0;
	buf_addf(&text, "A notebook in %.100s",
		 language ? language : "an unknown language");
	if (kernel)
		buf_addf(&text, ", for the kernel %.100s", kernel);
	if (text.err)
		return text.err;
	return set_text(&p->description, text.data);
}

static int need_version(const struct value *doc, struct buf *why)
{
	int64_t format = 0;

	if (value_int(value_find(doc, "nbformat"), &format))
		return refuse(why, doc, -EINVAL,
			      "no notebook: it has no nbformat");
	if (format == 4)
		return 0;
	return refuse(why, doc, -EOPNOTSUPP,
		      "a notebook of nbformat %lld is not supported; `jupyter "
		      "nbconvert --to notebook` makes one of nbformat 4",
		      (long long)format);
}

static int read_notebook(struct pipeline *p, const struct value *doc,
			 struct buf *why)
{
	const struct value *cells;
	struct task *t;
	int err = need_version(doc, why);

	if (!err)
		err = find_typed(doc, "cells", VALUE_LIST, why, &cells);
	if (err)
		return err;
	if (!cells)
		return refuse(why, doc, -EINVAL, "the notebook has no cells");
	t = pipeline_add_task(p);
	if (!t || set_text(&t->name, "notebook"))
		return -ENOMEM;
	t->type = TASK_NOTEBOOK;
	err = read_title(p, doc, cells);
	if (!err)
		err = read_description(p, doc);
	if (!err)
		err = read_params(p, cells);
	return err;
}

int notebook_read(const struct value *doc, struct buf *why,
		  struct pipeline *ret_p)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	int err = read_notebook(&p, doc, why);

	if (!err)
		err = pipeline_judge(&p, why, NULL);
	if (err)
		return err;
	*ret_p = p;
	p = (struct pipeline){ 0 };
	return 0;
}
