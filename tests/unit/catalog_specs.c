// SPDX-License-Identifier: Apache-2.0
/* The kinds' spec readers: what they take, what they make of it, and the
 * sentence for each thing that is wrong. */
#include "catalog_util.h"

/* The errno of a text as a spec of a kind; its record as JSON and the sentence
 * in the buffers. */
static int judge(const char *kind, const char *text, struct buf *json,
		 struct buf *why)
{
	AUTO(value_release) struct value *docs = NULL;
	AUTO(value_release) struct value *record = value_new_map();
	int err = yaml_read_all(text, strlen(text), &yaml_spec_limits, why,
				&docs);

	buf_clear(json);
	if (!record)
		return -ENOMEM;
	if (!err)
		err = kind_find(kind)->read_spec(docs, record, why);
	if (!err)
		json_write_line(record, json);
	return err ? err : json->err;
}

struct wrong {
	const char *kind, *text;
	int err;
	const char *sentence;
};

static const struct wrong wrongs[] = {
	/* datasets */
	{ "dataset", "", -EINVAL, "expected a dataset's description" },
	{ "dataset", "- a\n", -EINVAL, "found a list" },
	{ "dataset", DATASET("rain") "---\na: b\n", -EINVAL,
	  "line 9: a second document" },
	{ "dataset", "name: Rain\n", -EINVAL, "line 1: 'id' is missing" },
	{ "dataset", "id: Rain\n", -EINVAL, "line 1: 'id': 'Rain' is no id" },
	{ "dataset", "\nid: a_b\n", -EINVAL, "line 2: 'id': 'a_b' is no id" },
	{ "dataset", "id: a/../b\n", -EINVAL, "is no id" },
	{ "dataset", "id: -a\n", -EINVAL, "is no id" },
	{ "dataset", "id: \xe2\x80\x93\n", -EINVAL, "is no id" },
	{ "dataset", "id: [1, 2]\n", -EINVAL,
	  "line 1: 'id': expected a string, found a list" },
	{ "dataset", "id:\n", -EINVAL, "'id' is empty" },
	{ "dataset", "id: ''\n", -EINVAL, "'id' is empty" },
	{ "dataset", "id: <dataset id>\n", -EINVAL, "placeholder" },
	{ "dataset",
	  "id: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffff\n",
	  -EINVAL, "at most 57" },
	{ "dataset", "id: a\nname: {a: b}\n", -EINVAL,
	  "line 2: 'name': expected a string, found a map" },
	{ "dataset", "id: a\nname: b\n", -EINVAL, "'description' is missing" },
	{ "dataset", "id: a\nname: b\ndescription: c\n", -EINVAL,
	  "'version' is missing" },
	{ "dataset", "id: a\nname: b\ndescription: c\nversion: 1\n", -EINVAL,
	  "'license.name' is missing" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense:\n  url: x\n",
	  -EINVAL, "line 6: 'license.name' is missing" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense: {name: MIT}\n",
	  -EINVAL, "'format' is missing: expected a list" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense: {name: MIT}\n"
	  "format: CSV\n",
	  -EINVAL, "line 6: 'format': expected a list, found a string" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense: {name: MIT}\n"
	  "format: [CSV]\n",
	  -EINVAL, "'format': expected a list of maps, found a string" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense: {name: MIT}\n"
	  "format: []\n",
	  -EINVAL, "'format' is an empty list" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense: {name: MIT}\n"
	  "format: [{url: x}]\n",
	  -EINVAL, "'type' is missing" },
	{ "dataset",
	  "id: a\nname: b\ndescription: c\nversion: 1\nlicense: {name: MIT}\n"
	  "format: [{type: CSV}]\ncontent: [{records: 5k}]\n",
	  -EINVAL,
	  "'content.records': expected a count (an integer), found a "
	  "string" },
	{ "dataset", DATASET("a") "created: yesterday\n", -EINVAL,
	  "line 8: 'created': expected a date" },
	{ "dataset", DATASET("a") "updated: 2020-7-1\n", -EINVAL, "date" },
	{ "dataset", DATASET("a") "repository: {sha_512: abc}\n", -EINVAL,
	  "128 hexadecimal digits" },
	{ "dataset", DATASET("a") "repository: text\n", -EINVAL,
	  "'repository': expected a map" },
	{ "dataset", DATASET("a") "metadata: {labels: [a]}\n", -EINVAL,
	  "'metadata.labels': expected a map" },
	{ "dataset", DATASET("a") "metadata: {tags: {a: b}}\n", -EINVAL,
	  "'metadata.tags': expected a list of strings" },
	{ "dataset", DATASET("a") "metadata: {tags: [[a]]}\n", -EINVAL,
	  "'metadata.tags': expected a list of strings" },
	{ "dataset", DATASET("a") "related_assets: notebooks/x\n", -EINVAL,
	  "'related_assets': expected a list" },

	/* models */
	{ "model", "name: a\n", -EINVAL, "'model_identifier' is missing" },
	{ "model", "model_identifier: a\nname: b\ndescription: c\n", -EINVAL,
	  "'framework' is missing" },
	{ "model",
	  "model_identifier: a\nname: b\ndescription: c\nframework: sklearn\n",
	  -EINVAL, "line 4: 'framework': expected a map" },
	{ "model",
	  "model_identifier: a\nname: b\ndescription: c\n"
	  "framework: {version: 1}\n",
	  -EINVAL, "'framework.name' is missing" },
	{ "model", MODEL("a") "labels: [a]\n", -EINVAL,
	  "'labels': expected a map, found a list" },
	{ "model", MODEL("a") "train: [yes]\n", -EINVAL,
	  "'train': expected a map" },
	{ "model", MODEL("a") "train: {trainable: maybe}\n", -EINVAL,
	  "'trainable': expected true or false" },
	{ "model", MODEL("a") "train: {trainable: true, input_params: [a]}\n",
	  -EINVAL, "'input_params': expected a list of maps" },
	{ "model",
	  MODEL("a") "train: {trainable: true, tested_platforms: {a: b}}\n",
	  -EINVAL, "'tested_platforms': expected a list of strings" },

	/* notebooks */
	{ "notebook", "id: a\nname: b\ndescription: c\n", -EINVAL,
	  "'implementation.github.source' is missing" },
	{ "notebook",
	  "id: a\nname: b\ndescription: c\n"
	  "implementation: {github: {source: 'file:///etc/passwd'}}\n",
	  -EINVAL, "expected the http or https URL" },
	{ "notebook",
	  "id: a\nname: b\ndescription: c\n"
	  "implementation: {github: {source: ../x.ipynb}}\n",
	  -EINVAL, "line 4" },
	{ "notebook",
	  "id: a\nname: b\ndescription: c\n"
	  "implementation: {github: {source: 'http://h/a b.ipynb'}}\n",
	  -EINVAL, "URL" },
	{ "notebook", NOTEBOOK_SPEC("A"), -EINVAL, "'id'" },

	/* components */
	{ "component", "inputs: []\n", -EINVAL, "'name' is missing" },
	{ "component", "name: <Component Name>\n", -EINVAL, "placeholder" },
	{ "component", "name: \xe3\x83\x87\xe3\x83\xbc\xe3\x82\xbf\n", -EINVAL,
	  "no id can be made" },
	{ "component", "name: a\n", -EINVAL, "'implementation' is missing" },
	{ "component",
	  "name: a\ninputs: {a: b}\nimplementation: {container: "
	  "{image: x}}\n",
	  -EINVAL, "inputs" },

	/* pipelines */
	{ "pipeline", "a: b\n", -EINVAL, "this is no pipeline" },
	{ "pipeline", COMPONENT, -EINVAL, "components/ is the place" },
	{ "pipeline", "apiVersion: v1\nkind: Pod\n", -EOPNOTSUPP, "(v1)" },
	{ "pipeline", "apiVersion: tekton.dev/v1\nkind: Pod\n", -EINVAL,
	  "'kind'" },
	{ "pipeline", "apiVersion: tekton.dev/v1\nkind: PipelineRun\n", -EINVAL,
	  "" },
	{ "pipeline",
	  "apiVersion: tekton.dev/v1\nkind: PipelineRun\n"
	  "spec: text\n",
	  -EINVAL, "spec" },
};

TEST(wrong_specs)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		AUTO(buf_release) struct buf json = BUF_INIT(BUF_MAX);
		AUTO(buf_release) struct buf why = WHY_INIT;
		int err = judge(wrongs[i].kind, wrongs[i].text, &json, &why);

		if (err != wrongs[i].err ||
		    !strstr(why.data, wrongs[i].sentence) || !why.len)
			unit_fail(__FILE__, __LINE__,
				  "%s\nis %d (%s), not %d with '%s'",
				  wrongs[i].text, err, why.data, wrongs[i].err,
				  wrongs[i].sentence);
	}
}

/* What a record has to hold. */
static void check_record(const char *kind, const char *text, const char *key,
			 const char *want)
{
	AUTO(buf_release) struct buf json = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf is = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *record = NULL;
	const struct value *v;

	if (judge(kind, text, &json, &why)) {
		unit_fail(__FILE__, __LINE__, "%s\nis refused: %s", text,
			  why.data);
		return;
	}
	CHECK_INT(json_read(json.data, json.len, BUF_MAX, NULL, &record), 0);
	v = value_path(record, key);
	if (v && (v->type == VALUE_LIST || v->type == VALUE_MAP))
		json_write_line(v, &is);
	else
		value_put_scalar(v, &is);
	if (!is_field(is.data, want))
		unit_fail(__FILE__, __LINE__, "%s of\n%s\nis %s, not %s", key,
			  text, is.data, want);
}

TEST(dataset_fields)
{
	check_record("dataset", DATASET("rain"), "id", "rain");
	/* a number is kept as it was written */
	check_record("dataset", DATASET("rain"), "version", "1.10");
	check_record("dataset", DATASET("rain"), "license", "CC-BY-4.0");
	check_record("dataset", DATASET("rain"), "license_name", "CC BY 4.0");
	check_record("dataset", DATASET("rain"), "number_of_records", "12");
	check_record("dataset", DATASET("rain") "domain:\nsource: ~\n",
		     "domain", "");
	/* metadata.tags before seo_tags; both may be "a, b" */
	check_record("dataset", DATASET("a") "seo_tags: [x, 3]\n", "tags",
		     "[\"x\", \"3\"]");
	check_record("dataset",
		     DATASET("a") "seo_tags: [x]\nmetadata: {tags: 'y, z'}\n",
		     "tags", "[\"y\", \"z\"]");
	check_record("dataset", DATASET("a") "created: 2020-01-02\n", "created",
		     "2020-01-02");
	/* only what MLX calls its own is related */
	check_record("dataset",
		     DATASET("a") "related_assets:\n"
				  "- {name: a, application: {name: MLX, "
				  "asset_id: notebooks/a}}\n"
				  "- {name: b, application: {name: Other, "
				  "asset_id: notebooks/b}}\n"
				  "- {name: c, url: http://c}\n",
		     "related_assets", "[\"notebooks/a\"]");
	check_record("dataset", DATASET("a") "repository: {sha_512: }\n",
		     "repository", "{}");
}

TEST(licences)
{
	static const char *const names[][2] = {
		{ "Apache 2.0", "Apache-2.0" },
		{ "Apache License, Version 2.0", "Apache-2.0" },
		{ "apache-2.0", "Apache-2.0" },
		{ "CDLA Permissive v2.0", "CDLA-Permissive-2.0" },
		{ "CDLA-Permissive", "CDLA-Permissive-1.0" },
		{ "CDLA-Sharing", "CDLA-Sharing-1.0" },
		{ "CC-BY-SA 3.0", "CC-BY-SA-3.0" },
		{ "CC BY 4.0", "CC-BY-4.0" },
		{ "MIT License", "MIT" },
		{ "BSD 3-Clause", "BSD-3-Clause" },
		{ "BSD-3-Clause License", "BSD-3-Clause" },
		{ "GPLv3", "GPL-3.0-only" },
		{ "The Unlicense", "Unlicense" },
		{ "My Own 1.0", "My Own 1.0" },
		{ "Proprietary", "Proprietary" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			 "model_identifier: a\nname: b\ndescription: c\n"
			 "framework: {name: d}\nlicense: '%s'\n",
			 names[i][0]);
		check_record("model", text, "license", names[i][1]);
		check_record("model", text, "license_name", names[i][0]);
	}
}

TEST(model_fields)
{
	check_record("model", MODEL("guess"), "id", "guess");
	check_record("model", MODEL("guess"), "framework",
		     "{\"name\": \"sklearn\", \"version\": \"1.0\"}");
	check_record("model", MODEL("guess"), "stages",
		     "{\"serve\": {\"platforms\": [\"kubernetes\", "
		     "\"kserve\"], \"credentials_required\": false, "
		     "\"image\": \"guess:1\", \"port\": \"5000\"}}");
	/* platforms as one text; parameters of the stage */
	check_record("model",
		     "model_identifier: a\nname: b\ndescription: c\n"
		     "framework: {name: d}\n"
		     "train: {trainable: yes, tested_platforms: 'x, y', "
		     "credentials_required: true, input_params: [{name: n, "
		     "default: 3}, {name: m}]}\n",
		     "stages.train",
		     "{\"platforms\": [\"x\", \"y\"], "
		     "\"credentials_required\": true, \"parameters\": "
		     "[{\"name\": \"n\", \"type\": \"String\", \"default\": "
		     "\"3\", \"required\": false}, {\"name\": \"m\", \"type\": "
		     "\"String\", \"required\": true}]}");
	/* neither stage is offered unless it says so */
	check_record("model",
		     "model_identifier: a\nname: b\ndescription: c\n"
		     "framework: {name: d}\nserve: {tested_platforms: [x]}\n",
		     "stages", "{}");
}

TEST(notebook_fields)
{
	check_record("notebook", NOTEBOOK_SPEC("months"), "source_url",
		     "https://raw.githubusercontent.com/o/r/main/a/"
		     "months.ipynb");
	check_record("notebook", NOTEBOOK_SPEC("months"), "requirements",
		     "[\"pandas==1.3.5\", \"aif360[all,x]==0.4.0\", "
		     "\"b>=1, <2\"]");
	check_record("notebook", NOTEBOOK_SPEC("months"), "image",
		     "tensorflow/tensorflow:latest");
	check_record("notebook",
		     "id: a\nname: b\ndescription: c\nimplementation:\n"
		     "  github: {source: x.ipynb, image: y, requirements: "
		     "'https://h/r.txt'}\n",
		     "requirements_url", "https://h/r.txt");
}

TEST(component_fields)
{
	check_record("component", COMPONENT, "id", "count-words");
	check_record("component", COMPONENT, "parameters",
		     "[{\"name\": \"text\", \"type\": \"String\", "
		     "\"description\": \"what to count\", \"required\": true}, "
		     "{\"name\": \"least\", \"type\": \"Integer\", "
		     "\"default\": 3, \"required\": false}]");
	check_record("component", COMPONENT, "outputs",
		     "[{\"name\": \"count\", \"type\": \"Integer\"}]");
	/* no description: the name */
	check_record("component",
		     "name: A b\nimplementation: {container: {image: x, "
		     "command: [true]}}\n",
		     "description", "A b");
}

TEST(pipeline_fields)
{
	check_record("pipeline", PIPELINE("Say It"), "id", "say-it");
	check_record("pipeline", PIPELINE("Say It"), "name", "Say It");
	check_record("pipeline", PIPELINE("a"), "tasks", "[\"greet\"]");
	check_record("pipeline", PIPELINE("a"), "parameters",
		     "[{\"name\": \"who\", \"type\": \"String\", \"default\": "
		     "\"world\", \"required\": false}]");
}

TEST_STARVED(specs_starved)
{
	static const char *const texts[][2] = {
		{ "component", COMPONENT },
		{ "dataset",
		  DATASET("a") "seo_tags: [x]\nrepository: {url: 'http://h/'}\n"
			       "metadata: {annotations: {a: b}}\n" },
		{ "model", MODEL("a") },
		{ "notebook", NOTEBOOK_SPEC("a") },
		{ "pipeline", PIPELINE("a") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(buf_release) struct buf json = BUF_INIT(BUF_MAX);

		ENOUGH(judge(texts[i][0], texts[i][1], &json, NULL));
	}
}

/* The pipelines of records, each allocation failing in turn. */
TEST_STARVED(pipelines_starved)
{
	static const char *const texts[][2] = {
		{ "dataset", DATASET("a") "repository: {url: 'http://h/x', "
					  "mime_type: text/csv}\n" },
		{ "model", MODEL("a") },
		{ "notebook", NOTEBOOK_SPEC("a") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(value_release) struct value *docs = NULL;
		AUTO(value_release) struct value *record = value_new_map();
		AUTO(pipeline_release) struct pipeline p = { 0 };
		const struct kind *kind = kind_find(texts[i][0]);

		ENOUGH(record ? 0 : -ENOMEM);
		ENOUGH(yaml_read_all(texts[i][1], strlen(texts[i][1]),
				     &yaml_spec_limits, NULL, &docs));
		ENOUGH(kind->read_spec(docs, record, NULL));
		ENOUGH(kind->get_pipeline(record, docs, NULL, NULL, NULL, &p));
		CHECK_INT(p.tasks_count, 1);
		ENOUGH(pipeline_judge(&p, NULL, NULL));
	}
}
