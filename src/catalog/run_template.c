// SPDX-License-Identifier: Apache-2.0
/*
 * What reading `run` gives (DESIGN section 6): every key that may be written,
 * with this asset's parameters and defaults, all of it commented. So it is
 * valid YAML as it stands, and means the defaults; taking away the '#' before a
 * key says that key.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/yaml.h"
#include "spec.h"
#include "state.h"

/* Length of what ends a line in YAML 1.1 (spec section 5.4: CR, LF, NEL, LS,
 * PS; and what other readers take for it) at text, or 0. */
static size_t line_break(const char *text)
{
	if (*text && strchr("\n\r\v\f", *text))
		return 1;
	if (!strncmp(text, "\xc2\x85", 2))
		return 2;
	if (!strncmp(text, "\xe2\x80\xa8", 3) ||
	    !strncmp(text, "\xe2\x80\xa9", 3))
		return 3;
	return 0;
}

/* Each line of `text` behind `prefix`: nothing of it leaves the comment. */
static void put_lines(const char *prefix, const char *text, struct buf *out)
{
	while (*text) {
		buf_puts(out, prefix);
		for (; *text && !line_break(text); text++)
			buf_putc(out, *text);
		buf_putc(out, '\n');
		while (line_break(text))
			text += line_break(text);
	}
}

/* "name: default", as YAML writes it, behind the prefix. */
static int put_pair(const char *prefix, const char *name,
		    const struct value *fallback, struct buf *out)
{
	AUTO(value_release) struct value *pair = value_new_map();
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	int err = pair ? value_set(pair, name,
				   fallback ? value_copy(fallback)
					    : value_new_null())
		       : -ENOMEM;

	if (err)
		return err;
	yaml_write(pair, &text);
	put_lines(prefix, text.data, out);
	return text.err;
}

static int put_param(const struct value *one, struct buf *out)
{
	const char *name = value_find_string(one, "name");
	const char *type = value_find_string(one, "type");
	const char *description = value_find_string(one, "description");
	const struct value *required = value_find(one, "required");

	if (!name)
		return 0;
	buf_addf(out, "#  # %s%s\n", type ? type : "String",
		 value_is(required, VALUE_BOOL) && required->truth
			 ? ", required"
			 : "");
	if (description)
		put_lines("#  # ", description, out);
	return put_pair("#  ", name, value_find(one, "default"), out);
}

static int put_params(const struct value *view, struct buf *out)
{
	const struct value *params = value_find(view, "parameters");
	int err = 0;

	if (!params || !params->count) {
		buf_puts(out, "# (there are no parameters)\n");
		return 0;
	}
	buf_puts(out, "#parameters:\n");
	for (size_t i = 0; !err && i < params->count; i++)
		err = put_param(params->item[i], out);
	return err;
}

static void put_list(const struct value *list, struct buf *out)
{
	for (size_t i = 0; list && i < list->count; i++) {
		AUTO(buf_release) struct buf text = BUF_INIT(4096);

		value_put_scalar(list->item[i], &text);
		buf_puts(out, i ? ", " : "");
		name_put_shown(text.data, out);
	}
}

/* The stages that there are, and the platforms of each. */
static int put_stages(const struct value *view, struct buf *out)
{
	const struct value *stages = value_find(view, "stages");
	const struct value *platforms;

	if (!stages || !stages->count)
		return 0;
	for (size_t i = 0; i < stages->count; i++) {
		platforms = value_find(stages->item[i], "platforms");
		buf_addf(out, "# stage %s, platforms: ", stages->key[i]);
		put_list(platforms, out);
		buf_putc(out, '\n');
	}
	buf_addf(out, "#stage: %s\n", stages->key[0]);
	platforms = value_find(stages->item[0], "platforms");
	if (!platforms || !platforms->count)
		return 0;
	return put_pair("#", "platform", platforms->item[0], out);
}

int asset_put_run_template(struct catalog *c, uint64_t asset, struct buf *out,
			   int64_t *ret_changed)
{
	AUTO(value_release) struct value *view = NULL;
	AUTO(buf_release) struct buf path = BUF_INIT(4096);
	const char *engine = value_find_string(store_config(c->st), "engine");
	int64_t changed;
	int err = asset_look(c, asset, &view, &changed);

	if (err)
		return err;
	asset_put_path(c, asset, NULL, &path);
	buf_addf(out, "# Write YAML to this file to start a run of %s.\n",
		 path.data);
	buf_puts(out, "# Every key may be left out: `echo > run` starts one "
		      "with the defaults.\n");
	buf_puts(out, "#name: ");
	name_put_shown(record_text(view, "directory"), out);
	buf_puts(out, "-nightly\n");
	buf_addf(out, "#engine: %s\n", engine ? engine : "local");
	err = put_stages(view, out);
	if (!err)
		err = put_params(view, out);
	buf_puts(out, "# a dataset's path for the steps, by the name of an "
		      "environment variable\n#datasets: {DATA_DIR: "
		      "datasets/NAME}\n");
	*ret_changed = view_code_changed(view, changed);
	return err ? err : out->err;
}
