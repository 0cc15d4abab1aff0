// SPDX-License-Identifier: Apache-2.0
/*
 * Pipelines, in whatever format the pipeline layer reads (mlx.md 2.5: Tekton
 * PipelineRuns; Kubeflow's own IR). MLX gives a pipeline a random id; here it
 * is made of its name.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "kind_rows.h"
#include "pipeline/format.h"
#include "spec.h"

bool pipeline_accepts(const struct value *doc)
{
	return value_is(doc, VALUE_MAP) &&
	       (value_find(doc, "pipelineInfo") ||
		(value_find(doc, "apiVersion") && value_find(doc, "kind")));
}

/* What compilers leave in annotations for themselves. */
static bool is_machine_made(const char *key)
{
	static const char *const prefix[] = { "tekton.dev/",
					      "pipelines.kubeflow.org/",
					      "sidecar.istio.io/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefix); i++)
		if (!strncmp(key, prefix[i], strlen(prefix[i])))
			return true;
	return false;
}

static int drop_machine_made(struct value *record, const char *key)
{
	AUTO(value_release) struct value *kept = NULL;
	const struct value *map = value_find(record, key);

	if (!map)
		return 0;
	kept = value_new_map();
	for (size_t i = 0; kept && i < map->count; i++)
		if (!is_machine_made(map->key[i]) &&
		    value_set(kept, map->key[i], value_copy(map->item[i])))
			return -ENOMEM;
	if (!kept)
		return -ENOMEM;
	if (kept->count)
		return value_set(record, key, TAKE(kept));
	value_drop(record, key);
	return 0;
}

/*
 * kfp-tekton's annotation pipeline_spec is a JSON text with what the author
 * called the pipeline and said of it. One that cannot be read is as none.
 */
static int read_annotation(const struct value *doc, struct value *record)
{
	AUTO(value_release) struct value *said = NULL;
	const char *text =
		value_find_string(value_path(doc, "metadata.annotations"),
				  "pipelines.kubeflow.org/pipeline_spec");
	const char *name;
	const char *description;
	int err = 0;

	if (!text || json_read(text, strlen(text), 1 << 20, NULL, &said))
		return 0;
	name = value_find_string(said, "name");
	description = value_find_string(said, "description");
	if (name)
		err = value_set_string(record, "title", name);
	if (!err && description)
		err = value_set_string(record, "description", description);
	return err;
}

static int read_identity(const struct value *doc, const struct pipeline *p,
			 struct value *record, struct buf *why)
{
	const char *path = value_find(doc, "pipelineInfo") ? "pipelineInfo.name"
							   : "metadata.name";
	AUTO(free_text) char *name = NULL;
	int err;

	if (!spec_find(doc, path) && value_path(doc, "metadata.generateName"))
		path = "metadata.generateName";
	err = spec_get_text(doc, path, SPEC_REQUIRED, why, &name);
	if (!err)
		err = record_set_title_id(
			record, name, spec_find(doc, path)->line, path, why);
	if (!err)
		err = value_set_string(record, "name", name);
	if (!err)
		err = value_set_string(record, "description",
				       p->description ? p->description : name);
	return err ? err : read_annotation(doc, record);
}

static int set_tasks(struct value *record, const struct pipeline *p)
{
	AUTO(value_release) struct value *list = value_new_list();

	for (size_t i = 0; list && i < p->tasks_count; i++)
		if (value_add(list, value_new_string(p->tasks[i].name)))
			return -ENOMEM;
	return value_set(record, "tasks", TAKE(list));
}

/* What can be said of a cluster's object whatever its reader says. */
static int judge_object(const struct value *doc, const char *api,
			struct buf *why)
{
	const struct value *kind = spec_find(doc, "kind");
	const struct value *spec = spec_find(doc, "spec");

	if (strncmp(api, "tekton.dev/", 11) != 0)
		return 0;
	if (!value_string(kind))
		return spec_missing(doc, "kind", "PipelineRun", why);
	if (strcmp(kind->text, "PipelineRun") != 0 &&
	    strcmp(kind->text, "Pipeline") != 0 &&
	    strcmp(kind->text, "Task") != 0)
		return why_set(why, -EINVAL,
			       "line %d: 'kind': expected PipelineRun, "
			       "Pipeline or Task, found '%s'",
			       kind->line, kind->text);
	if (!spec)
		return spec_missing(doc, "spec", "a map", why);
	return spec->type == VALUE_MAP ? 0
				       : spec_wrong(spec, "spec", "a map", why);
}

static int find_reader(const struct value *docs, struct buf *why,
		       const struct pipeline_reader **ret_reader)
{
	const struct value *doc = docs->count ? docs->item[0] : NULL;
	const char *api = value_find_string(doc, "apiVersion");
	int line = doc && doc->line ? doc->line : 1;
	int err = api ? judge_object(doc, api, why) : 0;

	if (err)
		return err;
	*ret_reader = reader_find(docs);
	if (*ret_reader && !strcmp((*ret_reader)->name, "component"))
		return why_set(why, -EINVAL,
			       "line %d: this is a component; components/ is "
			       "the place for it",
			       line);
	if (*ret_reader)
		return 0;
	if (api || value_find(doc, "pipelineInfo"))
		return why_set(why, -EOPNOTSUPP,
			       "line %d: pipelines of this format (%s) are not "
			       "supported",
			       line, api ? api : "pipelineInfo");
	return why_set(why, -EINVAL,
		       "line %d: this is no pipeline: expected a Tekton "
		       "PipelineRun (apiVersion: tekton.dev/…) or Kubeflow's "
		       "compiled form (pipelineInfo: …)",
		       line);
}

int pipeline_read_spec(const struct value *docs, struct value *record,
		       struct buf *why)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	const struct pipeline_reader *reader;
	const struct value *doc = docs->count ? docs->item[0] : NULL;
	int err = find_reader(docs, why, &reader);

	if (!err)
		err = reader->read(docs, why, &p);
	if (!err)
		err = pipeline_judge(&p, why, NULL);
	if (!err)
		err = read_identity(doc, &p, record, why);
	if (!err)
		err = spec_copy_common(doc, record, why);
	if (!err)
		err = drop_machine_made(record, "annotations");
	if (!err)
		err = drop_machine_made(record, "labels");
	if (!err)
		err = record_set_params(record, "parameters", p.params,
					p.params_count);
	if (!err)
		err = set_tasks(record, &p);
	return err ? err
		   : value_set_string(record, "spec_format", reader->name);
}

int pipeline_get_pipeline(const struct value *record, const struct value *docs,
			  const char *stage, const char *platform,
			  struct buf *why, struct pipeline *ret_p)
{
	const struct pipeline_reader *reader;
	int err;

	if (!docs)
		return why_set(why, -EINVAL,
			       "there is no valid pipeline.yaml yet");
	if (stage || platform)
		return why_set(why, -EINVAL,
			       "%s is a pipeline: it has no stage and no "
			       "platform",
			       record_text(record, "id"));
	err = find_reader(docs, why, &reader);
	return err ? err : reader->read(docs, why, ret_p);
}
