// SPDX-License-Identifier: Apache-2.0
/*
 * metadata.json: the record as users see it. Its keys come in the order of the
 * table, what a kind adds beside it after them; absent is what is not known.
 * `tags` and `parameters` are there even when empty.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "state.h"

static const char *const order[] = {
	"kind",		  "id",		 "name",
	"title",	  "directory",	 "state",
	"description",	  "version",	 "license",
	"license_name",	  "license_url", "domain",
	"framework",	  "tags",	 "parameters",
	"annotations",	  "labels",	 "filter_categories",
	"related_assets", "stages",	 "format",
	"formats",	  "size",	 "number_of_records",
	"repository",	  "source",	 "source_url",
	"provider",	  "author",	 "website",
	"readme_url",
};
static const char *const last[] = {
	"fetched",  "spec_format", "spec_file", "readme",
	"featured", "published",   "owner",	"created",
	"updated",  "files",	   "bytes",
};

static bool is_in(const char *const *keys, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static int add_keys(const struct value *view, const char *const *keys,
		    size_t count, struct value *to)
{
	for (size_t i = 0; i < count; i++) {
		const struct value *v = value_find(view, keys[i]);

		if (v && value_set(to, keys[i], value_copy(v)))
			return -ENOMEM;
	}
	return 0;
}

static int add_others(const struct value *view, struct value *to)
{
	for (size_t i = 0; i < view->count; i++) {
		const char *key = view->key[i];

		if (key[0] == '.' || is_in(order, ARRAY_SIZE(order), key) ||
		    is_in(last, ARRAY_SIZE(last), key))
			continue;
		if (value_set(to, key, value_copy(view->item[i])))
			return -ENOMEM;
	}
	return 0;
}

int asset_put_metadata(struct catalog *c, uint64_t asset, struct buf *out,
		       int64_t *ret_changed)
{
	AUTO(value_release) struct value *view = NULL;
	AUTO(value_release) struct value *shown = value_new_map();
	int err = asset_look(c, asset, &view, ret_changed);

	if (!err && !shown)
		err = -ENOMEM;
	if (!err && !value_find(view, "tags"))
		err = value_set(view, "tags", value_new_list());
	if (!err && !value_find(view, "parameters"))
		err = value_set(view, "parameters", value_new_list());
	if (!err)
		err = add_keys(view, order, ARRAY_SIZE(order), shown);
	if (!err)
		err = add_others(view, shown);
	if (!err)
		err = add_keys(view, last, ARRAY_SIZE(last), shown);
	if (err)
		return err;
	json_write(shown, out);
	return out->err;
}
