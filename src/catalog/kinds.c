// SPDX-License-Identifier: Apache-2.0
/* The table of kinds. */
#include <string.h>

#include "kind_rows.h"

const struct kind kinds[] = {
	{
		.name = "component",
		.dir = "components",
		.summary = "steps to build pipelines of",
		.spec = "component.yaml",
		.needs_spec = true,
		.accepts = component_accepts,
		.read_spec = component_read_spec,
		.read_bare = draft_read_bare,
		.get_pipeline = component_get_pipeline,
	},
	{
		.name = "dataset",
		.dir = "datasets",
		.summary = "data, here or to be fetched",
		.spec = "dataset.yaml",
		.accepts = dataset_accepts,
		.read_spec = dataset_read_spec,
		.read_bare = dataset_read_bare,
		.get_pipeline = dataset_get_pipeline,
	},
	{
		.name = "model",
		.dir = "models",
		.summary = "models, to train and to serve",
		.spec = "model.yaml",
		.accepts = model_accepts,
		.read_spec = model_read_spec,
		.read_bare = model_read_bare,
		.get_pipeline = model_get_pipeline,
	},
	{
		.name = "notebook",
		.dir = "notebooks",
		.summary = "Jupyter notebooks, to read and to run",
		.spec = "notebook.yaml",
		.file_suffix = ".ipynb",
		.accepts = notebook_accepts,
		.read_spec = notebook_read_spec,
		.read_bare = notebook_read_bare,
		.get_pipeline = notebook_get_pipeline,
	},
	{
		.name = "pipeline",
		.dir = "pipelines",
		.summary = "workflows of several steps",
		.spec = "pipeline.yaml",
		.needs_spec = true,
		.accepts = pipeline_accepts,
		.read_spec = pipeline_read_spec,
		.read_bare = draft_read_bare,
		.get_pipeline = pipeline_get_pipeline,
	},
	{ .name = NULL },
};

const struct kind *kind_find(const char *name)
{
	for (const struct kind *k = kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

const struct kind *kind_find_dir(const char *dir)
{
	for (const struct kind *k = kinds; k->name; k++)
		if (!strcmp(k->dir, dir))
			return k;
	return NULL;
}
