// SPDX-License-Identifier: Apache-2.0
/*
 * Notebooks: MLX's notebook YAML (mlx.md 2.4), which names an .ipynb by URL; or
 * an .ipynb in the directory itself, with or without the YAML.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "kind_rows.h"
#include "spec.h"

#define DEFAULT_IMAGE "tensorflow/tensorflow:latest" /* MLX's */

bool notebook_accepts(const struct value *doc)
{
	return !value_find(doc, "apiVersion") &&
	       value_path(doc, "implementation.github") != NULL;
}

/* The raw file's URL for the page that shows it on GitHub:
 * https://github.com/O/R/blob/REF/PATH ->
 * raw.githubusercontent.com/O/R/REF/PATH
 */
static int put_raw_url(const char *url, struct buf *out)
{
	static const char *const pages[] = { "https://github.com/",
					     "http://github.com/",
					     "https://www.github.com/" };

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		const char *path = url + strlen(pages[i]);
		const char *blob;

		if (strncmp(url, pages[i], strlen(pages[i])) != 0)
			continue;
		blob = strstr(path, "/blob/");
		if (!blob)
			blob = strstr(path, "/raw/");
		if (!blob)
			break;
		buf_puts(out, "https://raw.githubusercontent.com/");
		buf_add(out, path, (size_t)(blob - path));
		path = strchr(blob + 1, '/');
		buf_add(out, path, strcspn(path, "?#"));
		return out->err;
	}
	buf_puts(out, url);
	return out->err;
}

/* source: a URL, or the name of an .ipynb beside the spec. */
static int read_source(const struct value *doc, struct value *record,
		       struct buf *why)
{
	const char *path = "implementation.github.source";
	AUTO(buf_release) struct buf url = BUF_INIT(BUF_MAX);
	AUTO(free_text) char *source = NULL;
	int err = spec_get_text(doc, path, SPEC_REQUIRED, why, &source);

	if (err)
		return err;
	if (!spec_is_url(source) &&
	    (strchr(source, '/') || !name_has_suffix(source, ".ipynb")))
		return why_set(why, -EINVAL,
			       "line %d: '%s': expected the http or https URL "
			       "of a notebook, or the name of an .ipynb file "
			       "beside this one; found '%s'",
			       spec_find(doc, path)->line, path, source);
	err = value_set_string(record, "source", source);
	if (err || !spec_is_url(source))
		return err;
	err = put_raw_url(source, &url);
	return err ? err : value_set_string(record, "source_url", url.data);
}

/* Where a specifier ends: at a comma outside of brackets (extras: a[b,c]) that
 * no further version follows (a>=1,<2). */
static size_t specifier_length(const char *text)
{
	size_t len = 0;
	int open = 0;

	for (; text[len]; len++) {
		open += (text[len] == '[') - (text[len] == ']');
		if (text[len] != ',' || open > 0)
			continue;
		if (!strchr("<>=!~",
			    text[len + 1 + strspn(text + len + 1, " ")]))
			break;
	}
	return len;
}

static int split_specifiers(const char *text, struct value *list)
{
	while (*text) {
		size_t len = specifier_length(text);
		size_t end = len;
		AUTO(free_text) char *one = NULL;
		size_t skip = strspn(text, " \t\n");

		while (end > skip && strchr(" \t\n", text[end - 1]))
			end--;
		one = strndup(text + skip, end > skip ? end - skip : 0);
		if (!one || (*one && value_add(list, value_new_string(one))))
			return -ENOMEM;
		text += len + (text[len] == ',');
	}
	return 0;
}

/* requirements: pip's specifiers, comma between them or as a list; or the URL
 * of a requirements.txt. */
static int read_requirements(const struct value *doc, struct value *record,
			     struct buf *why)
{
	const char *path = "implementation.github.requirements";
	const struct value *field = spec_find(doc, path);
	AUTO(value_release) struct value *list = NULL;
	int err;

	if (!value_string(field))
		return spec_copy_texts(doc, path, record, "requirements", why);
	if (spec_is_url(field->text))
		return value_set_string(record, "requirements_url",
					field->text);
	list = value_new_list();
	err = list ? split_specifiers(field->text, list) : -ENOMEM;
	return err ? err : value_set(record, "requirements", TAKE(list));
}

static const struct spec_field rest[] = {
	{ "implementation.github.image", SPEC_OPTIONAL, "image" },
	{ "version", SPEC_OPTIONAL, "version" },
	{ "domain", SPEC_OPTIONAL, "domain" },
	{ 0 },
};

static int read_rest(const struct value *doc, struct value *record,
		     struct buf *why)
{
	int err = value_set_string(record, "image", DEFAULT_IMAGE);

	if (!err)
		err = spec_copy_fields(doc, rest, record, why);
	if (!err)
		err = spec_copy_license(doc, "license", SPEC_OPTIONAL, record,
					why);
	return err ? err : spec_copy_common(doc, record, why);
}

int notebook_read_spec(const struct value *docs, struct value *record,
		       struct buf *why)
{
	const struct value *doc;
	int err = spec_copy_head(docs, "a notebook's description", "id", record,
				 why, &doc);

	if (!err)
		err = read_source(doc, record, why);
	if (!err)
		err = read_requirements(doc, record, why);
	if (!err)
		err = read_rest(doc, record, why);
	return err ? err
		   : value_set_string(record, "spec_format", "mlx-notebook");
}

int notebook_read_bare(const struct bare *bare, struct value *record)
{
	int err = bare_copy_basics(bare, record);

	if (!err && bare->card)
		err = bare_copy_card(bare, record);
	if (!err)
		err = bare_copy_notebook(bare, record);
	if (err)
		return err;
	return bare->notebook_doc ? 0 : 1;
}

static int fill_task(const struct value *record, struct task *t)
{
	const struct value *needs = value_find(record, "requirements");
	const char *file = record_text(record, "notebook_file");
	int err = text_copy("notebook", &t->name);

	t->type = TASK_NOTEBOOK;
	if (!err)
		err = text_copy(file, &t->notebook.file);
	if (!err && !file)
		err = text_copy(record_text(record, "source_url"),
				&t->notebook.url);
	if (!err)
		err = text_copy(record_text(record, "image"),
				&t->notebook.image);
	for (size_t i = 0; !err && needs && i < needs->count; i++)
		err = names_add(&t->notebook.requirements,
				&t->notebook.requirements_count,
				needs->item[i]->text);
	return err;
}

int notebook_get_pipeline(const struct value *record, const struct value *docs,
			  const char *stage, const char *platform,
			  struct buf *why, struct pipeline *ret_p)
{
	const char *id = record_text(record, "id");
	struct task *t;
	int err;

	(void)docs;
	if (stage || platform)
		return why_set(why, -EINVAL,
			       "%s is a notebook: it has no stage and no "
			       "platform",
			       id);
	if (!record_text(record, "notebook_file") &&
	    !record_text(record, "source_url"))
		return why_set(why, -EINVAL,
			       "%s: there is no readable .ipynb file in its "
			       "directory, and its spec names no URL of one",
			       id);
	t = pipeline_add_task(ret_p);
	if (!t)
		return -ENOMEM;
	err = fill_task(record, t);
	if (!err)
		err = text_copy(id, &ret_p->name);
	if (!err)
		err = text_copy(record_text(record, "description"),
				&ret_p->description);
	return err ? err
		   : task_set_params(ret_p, t,
				     value_find(record, "parameters"));
}
