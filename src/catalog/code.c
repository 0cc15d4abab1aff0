// SPDX-License-Identifier: Apache-2.0
/* What runs an asset: its pipeline, and the Python that stands for it. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/yaml.h"
#include "pipeline/format.h"
#include "spec.h"
#include "state.h"
#include "store/record.h"

/* The documents of the last valid spec, where its kind needs them again. */
static int read_docs(struct catalog *c, uint64_t asset, struct buf *why,
		     struct value **ret_docs)
{
	AUTO(buf_release) struct buf text = BUF_INIT(yaml_spec_limits.bytes);
	int err = record_get(c->st, RECORD_SPEC, asset, &text);

	if (err)
		return err;
	return yaml_read_all(text.data, text.len, &yaml_spec_limits, why,
			     ret_docs);
}

bool view_has_spec(const struct value *view)
{
	const struct value *v = value_find(view, ".has_spec");

	return value_is(v, VALUE_BOOL) && v->truth;
}

int view_get_pipeline(struct catalog *c, uint64_t asset,
		      const struct value *view, const char *stage,
		      const char *platform, struct buf *why,
		      struct pipeline *ret_p)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(value_release) struct value *docs = NULL;
	const struct kind *kind = kind_find(record_text(view, "kind"));
	int err = 0;

	if (kind->needs_spec && view_has_spec(view))
		err = read_docs(c, asset, why, &docs);
	if (!err)
		err = kind->get_pipeline(view, docs, stage, platform, why, &p);
	if (err)
		return why_set(why, err, "%s cannot be run: %s",
			       record_text(view, "id"), strerror(-err));
	*ret_p = p;
	p = (struct pipeline){ 0 };
	return 0;
}

int catalog_get_pipeline(struct catalog *c, uint64_t asset, const char *stage,
			 const char *platform, struct buf *why,
			 struct pipeline *ret_p)
{
	AUTO(value_release) struct value *view = NULL;
	int err = asset_look(c, asset, &view, NULL);

	if (err)
		return why_set(why, err, "there is no such asset");
	return view_get_pipeline(c, asset, view, stage, platform, why, ret_p);
}

int64_t view_code_changed(const struct value *view, int64_t changed)
{
	if (!view_has_spec(view) || value_find(view, "notebook_file"))
		return changed;
	return stored_int(view, ".changed");
}

/* Lines of a comment, whatever is in the text. */
static void put_comment(const char *text, struct buf *out)
{
	buf_puts(out, "# ");
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (ch == '\n')
			buf_puts(out, "\n# ");
		else
			buf_putc(out, ch < ' ' ? ' ' : (char)ch);
	}
	buf_putc(out, '\n');
}

int asset_put_code(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed)
{
	AUTO(value_release) struct value *view = NULL;
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;
	int64_t changed;
	int err = asset_look(c, asset, &view, &changed);

	if (err)
		return err;
	*ret_changed = view_code_changed(view, changed);
	err = view_get_pipeline(c, asset, view, NULL, NULL, &why, &p);
	if (!err)
		err = kfp_python_write(&p, &code, &why);
	if (err == -ENOMEM || err == -EIO)
		return err;
	if (!err) {
		buf_add(out, code.data, code.len);
		return code.err ? code.err : out->err;
	}
	/* a file that says why there is no code is still Python */
	put_comment("There is no code to run this asset yet:", out);
	put_comment(why.len ? why.data : strerror(-err), out);
	return out->err;
}
