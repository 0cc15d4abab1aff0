// SPDX-License-Identifier: Apache-2.0
/* Components: KFP v1 component YAML (mlx.md 2.1). The pipeline layer's reader
 * judges it; the record says what MLX keeps of it. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "kind_rows.h"
#include "pipeline/format.h"
#include "spec.h"

/* It has no apiVersion (that would be a cluster's object), and says how it is
 * implemented by a container or a graph. */
bool component_accepts(const struct value *doc)
{
	const struct value *how = value_find(doc, "implementation");

	if (value_find(doc, "apiVersion") || !value_is(doc, VALUE_MAP))
		return false;
	if (value_find(how, "container") || value_find(how, "graph"))
		return true;
	return value_find(doc, "name") &&
	       (value_is(value_find(doc, "inputs"), VALUE_LIST) ||
		value_is(value_find(doc, "outputs"), VALUE_LIST));
}

int record_set_title_id(struct value *record, const char *title, int line,
			const char *path, struct buf *why)
{
	AUTO(buf_release) struct buf id = BUF_INIT(NAME_LIMIT);

	name_put_id(title, &id);
	if (id.err)
		return id.err;
	if (!id.len)
		return why_set(why, -EINVAL,
			       "line %d: '%s': no id can be made of '%s': "
			       "letters a-z or digits are needed",
			       line, path, title);
	return value_set_string(record, "id", id.data);
}

static int read_identity(const struct value *doc, struct value *record,
			 struct buf *why)
{
	AUTO(free_text) char *name = NULL;
	int err = spec_get_text(doc, "name", SPEC_REQUIRED, why, &name);

	if (!err)
		err = record_set_title_id(record, name,
					  value_find(doc, "name")->line, "name",
					  why);
	if (!err)
		err = value_set_string(record, "name", name);
	if (!err)
		err = value_set_string(record, "description", name);
	if (!err)
		err = spec_copy_text(doc, "description", SPEC_OPTIONAL, record,
				     "description", why);
	return err;
}

/* What the outputs are called, and what they are. */
static int set_outputs(struct value *record, const struct pipeline *p)
{
	const struct task *t = p->tasks_count ? &p->tasks[0] : NULL;
	int err;

	if (!t || !t->outputs_count)
		return 0;
	err = record_set_params(record, "outputs", t->outputs,
				t->outputs_count);
	for (size_t i = 0; !err && i < t->outputs_count; i++)
		value_drop(value_find(record, "outputs")->item[i], "required");
	return err;
}

int component_read_spec(const struct value *docs, struct value *record,
			struct buf *why)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	const struct pipeline_reader *reader = reader_get("component");
	const struct value *doc;
	int err = spec_only_doc(docs, "a component", why, &doc);

	if (!err)
		err = read_identity(doc, record, why);
	if (!err && !value_is(spec_find(doc, "implementation"), VALUE_MAP))
		err = spec_missing(doc, "implementation",
				   "a map with 'container'", why);
	if (!err)
		err = reader ? reader->read(docs, why, &p) : -EOPNOTSUPP;
	if (!err)
		err = spec_copy_common(doc, record, why);
	if (!err)
		err = spec_copy_license(doc, "license", SPEC_OPTIONAL, record,
					why);
	if (!err)
		err = spec_copy_text(doc, "version", SPEC_OPTIONAL, record,
				     "version", why);
	if (!err)
		err = spec_copy_text(doc, "implementation.container.image",
				     SPEC_OPTIONAL, record, "image", why);
	if (!err)
		err = record_set_params(record, "parameters", p.params,
					p.params_count);
	if (!err)
		err = set_outputs(record, &p);
	return err ? err
		   : value_set_string(record, "spec_format", "kfp-component");
}

int draft_read_bare(const struct bare *bare, struct value *record)
{
	int err = bare_copy_basics(bare, record);

	return err ? err : 1;
}

int component_get_pipeline(const struct value *record, const struct value *docs,
			   const char *stage, const char *platform,
			   struct buf *why, struct pipeline *ret_p)
{
	const struct pipeline_reader *reader;

	if (!docs)
		return why_set(why, -EINVAL,
			       "there is no valid component.yaml yet");
	if (stage || platform)
		return why_set(why, -EINVAL,
			       "%s is a component: it has no stage and no "
			       "platform",
			       record_text(record, "id"));
	reader = reader_get("component");
	return reader ? reader->read(docs, why, ret_p) : -EOPNOTSUPP;
}
