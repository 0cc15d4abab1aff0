// SPDX-License-Identifier: Apache-2.0
/*
 * Datasets: DAX descriptors (mlx.md 2.2). Required are the fields that MLX
 * cannot do without; `repository` is read too, since a run fetches it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "kind_rows.h"
#include "spec.h"

bool dataset_accepts(const struct value *doc)
{
	static const char *const marks[] = { "repository", "content", "license",
					     "format", "provider" };
	unsigned int seen = 0;

	if (value_find(doc, "apiVersion") || value_find(doc, "implementation"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		seen += value_find(doc, marks[i]) != NULL;
	return seen >= 2 || (seen && value_find(doc, "id"));
}

/* The list at `path`, which must have a map as its first item. */
static int first_of(const struct value *doc, const char *path, struct buf *why,
		    const struct value **ret_item)
{
	const struct value *list = spec_find(doc, path);

	if (!list)
		return spec_missing(doc, path, "a list", why);
	if (list->type != VALUE_LIST)
		return spec_wrong(list, path, "a list", why);
	if (!list->count)
		return why_set(why, -EINVAL, "line %d: '%s' is an empty list",
			       list->line, path);
	for (size_t i = 0; i < list->count; i++)
		if (list->item[i]->type != VALUE_MAP)
			return spec_wrong(list->item[i], path, "a list of maps",
					  why);
	*ret_item = list->item[0];
	return 0;
}

/* format[].type: the first is the record's `format`, all are its `formats`. */
static int read_formats(const struct value *doc, struct value *record,
			struct buf *why)
{
	AUTO(value_release) struct value *all = value_new_list();
	const struct value *first = NULL;
	int err = first_of(doc, "format", why, &first);

	if (!err)
		err = spec_copy_text(first, "type", SPEC_REQUIRED, record,
				     "format", why);
	for (size_t i = 0; !err && i < spec_find(doc, "format")->count; i++) {
		AUTO(free_text) char *type = NULL;

		err = spec_get_text(spec_find(doc, "format")->item[i], "type",
				    SPEC_OPTIONAL, why, &type);
		if (!err && type)
			err = value_add(all, value_new_string(type));
	}
	return err ? err : value_set(record, "formats", TAKE(all));
}

/* content[0].size is a text, content[0].records a count (0 when absent). */
static int read_content(const struct value *doc, struct value *record,
			struct buf *why)
{
	const struct value *first = NULL;
	const struct value *records;
	int64_t count = 0;
	int err = first_of(doc, "content", why, &first);

	if (!err)
		err = spec_copy_text(first, "size", SPEC_OPTIONAL, record,
				     "size", why);
	if (err)
		return err;
	records = spec_find(first, "records");
	if (records && (value_int(records, &count) || count < 0))
		return spec_wrong(records, "content.records",
				  "a count (an integer)", why);
	return value_set_int(record, "number_of_records", count);
}

/* The digest, if given: 128 hexadecimal digits, kept in lower case. */
static int read_digest(const struct value *doc, struct value *repository,
		       struct buf *why)
{
	AUTO(free_text) char *hex = NULL;
	const char *path = "repository.sha_512";
	int err = spec_get_text(doc, path, SPEC_OPTIONAL, why, &hex);

	if (err || !hex)
		return err;
	if (strlen(hex) != 128 || strspn(hex, "0123456789abcdefABCDEF") != 128)
		return why_set(why, -EINVAL,
			       "line %d: '%s': expected the 128 hexadecimal "
			       "digits of a SHA-512",
			       spec_find(doc, path)->line, path);
	for (char *c = hex; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return value_set_string(repository, "sha_512", hex);
}

static const struct spec_field repository[] = {
	{ "repository.type", SPEC_OPTIONAL, "type" },
	{ "repository.url", SPEC_OPTIONAL, "url" },
	{ "repository.mime_type", SPEC_OPTIONAL, "mime_type" },
	{ "repository.size", SPEC_OPTIONAL, "size" },
	{ 0 },
};

static int read_repository(const struct value *doc, struct value *record,
			   struct buf *why)
{
	AUTO(value_release) struct value *to = NULL;
	const struct value *field = spec_find(doc, "repository");
	int err;

	if (!field)
		return 0;
	if (field->type != VALUE_MAP)
		return spec_wrong(field, "repository", "a map", why);
	to = value_new_map();
	if (!to)
		return -ENOMEM;
	err = spec_copy_fields(doc, repository, to, why);
	if (!err)
		err = read_digest(doc, to, why);
	return err ? err : value_set(record, "repository", TAKE(to));
}

static const struct spec_field rest[] = {
	{ "domain", SPEC_OPTIONAL, "domain" },
	{ "license.url", SPEC_OPTIONAL, "license_url" },
	{ "provider.name", SPEC_OPTIONAL, "provider" },
	{ "source.name", SPEC_OPTIONAL, "source" },
	{ "source.url", SPEC_OPTIONAL, "source_url" },
	{ 0 },
};

static int read_rest(const struct value *doc, struct value *record,
		     struct buf *why)
{
	int err = spec_copy_common(doc, record, why);

	if (!err && !value_find(record, "tags"))
		err = spec_copy_texts(doc, "seo_tags", record, "tags", why);
	if (!err)
		err = spec_copy_date(doc, "created", record, "created", why);
	if (!err)
		err = spec_copy_date(doc, "updated", record, "updated", why);
	if (!err)
		err = spec_copy_fields(doc, rest, record, why);
	return err;
}

int dataset_read_spec(const struct value *docs, struct value *record,
		      struct buf *why)
{
	const struct value *doc;
	int err = spec_copy_head(docs, "a dataset's description", "id", record,
				 why, &doc);

	if (!err)
		err = spec_copy_text(doc, "version", SPEC_REQUIRED, record,
				     "version", why);
	if (!err)
		err = spec_copy_license(doc, "license.name", SPEC_REQUIRED,
					record, why);
	if (!err)
		err = read_formats(doc, record, why);
	if (!err)
		err = read_content(doc, record, why);
	if (!err)
		err = read_repository(doc, record, why);
	if (!err)
		err = read_rest(doc, record, why);
	return err ? err : value_set_string(record, "spec_format", "dax");
}

/* Any directory with something in it is a dataset. */
int dataset_read_bare(const struct bare *bare, struct value *record)
{
	int err = bare_copy_basics(bare, record);

	if (!err)
		err = bare_copy_card(bare, record);
	if (!err && bare->formats && bare->formats->count) {
		const char *most =
			value_find_string(bare->formats->item[0], "suffix");

		err = value_set(record, "file_formats",
				value_copy(bare->formats));
		if (!err && most)
			err = value_set_string(record, "format", most);
	}
	if (err)
		return err;
	return bare->oldest ? 0 : 1;
}

/* What a fetch makes: the data, a directory. */
static int add_output(struct task *t)
{
	struct param *out = param_add(&t->outputs, &t->outputs_count);
	int err = out ? text_copy("data", &out->name) : -ENOMEM;

	if (err)
		return err;
	out->type = TYPE_ARTIFACT;
	out->optional = true;
	return text_copy("system.Dataset", &out->schema);
}

int dataset_get_pipeline(const struct value *record, const struct value *docs,
			 const char *stage, const char *platform,
			 struct buf *why, struct pipeline *ret_p)
{
	const char *url = record_text(record, "repository.url");
	const char *id = record_text(record, "id");
	struct task *t;
	int err;

	(void)docs;
	if (stage || platform)
		return why_set(why, -EINVAL,
			       "%s is a dataset: it has no stage and no "
			       "platform",
			       id);
	if (!url)
		return why_set(why, -EINVAL,
			       "%s says no 'repository.url' to fetch its data "
			       "from",
			       id);
	if (!spec_is_url(url))
		return why_set(why, -EINVAL,
			       "%s: 'repository.url' is no http or https URL",
			       id);
	t = pipeline_add_task(ret_p);
	if (!t)
		return -ENOMEM;
	t->type = TASK_FETCH;
	err = text_copy("fetch", &t->name);
	if (!err)
		err = add_output(t);
	if (!err)
		err = text_copy(id, &ret_p->name);
	if (!err)
		err = text_copy(record_text(record, "description"),
				&ret_p->description);
	if (!err)
		err = text_copy(url, &t->fetch.url);
	if (!err)
		err = text_copy(record_text(record, "repository.mime_type"),
				&t->fetch.mime_type);
	return err ? err
		   : text_copy(record_text(record, "repository.sha_512"),
			       &t->fetch.sha512);
}
