// SPDX-License-Identifier: Apache-2.0
/* Assets on a real store: with a spec and without, their generated files, moved
 * about, looked at after a new start, and by many at once. */
#include <pthread.h>

#include "catalog_util.h"

TEST(the_fixed_tree)
{
	AUTO(world_close) struct world w = { 0 };
	struct place_info place;
	uint64_t asset;

	CHECK_INT(world_open(&w), 0);
	for (size_t i = 0; kinds[i].name; i++) {
		CHECK_INT(catalog_kind_dir(w.c, &kinds[i]),
			  at(&w, kinds[i].dir));
		catalog_locate(w.c, at(&w, kinds[i].dir), &place);
		CHECK_INT(place.place, PLACE_KIND);
		CHECK(place.kind == &kinds[i]);
	}
	CHECK_INT(catalog_runs_dir(w.c), at(&w, "runs"));
	CHECK(kind_find("model") == kind_find_dir("models"));
	CHECK(!kind_find("models"));
	CHECK(!kind_find(""));
	asset = make_dir(&w, "models/a");
	CHECK(make_dir(&w, "models/a/b"));
	CHECK(make_dir(&w, "runs/r"));
	CHECK(make_dir(&w, "runs/r/s"));
	catalog_locate(w.c, STORE_ROOT, &place);
	CHECK_INT(place.place, PLACE_ROOT);
	catalog_locate(w.c, asset, &place);
	CHECK_INT(place.place, PLACE_ASSET);
	CHECK_INT(place.top, asset);
	catalog_locate(w.c, at(&w, "models/a/b"), &place);
	CHECK_INT(place.place, PLACE_IN_ASSET);
	CHECK_INT(place.top, asset);
	CHECK(place.kind == kind_find("model"));
	catalog_locate(w.c, at(&w, "runs/r"), &place);
	CHECK_INT(place.place, PLACE_RUN);
	catalog_locate(w.c, at(&w, "runs/r/s"), &place);
	CHECK_INT(place.place, PLACE_IN_RUN);
	CHECK_INT(place.top, at(&w, "runs/r"));
	catalog_locate(w.c, 123456, &place);
	CHECK_INT(place.place, PLACE_OTHER);
	CHECK(catalog_kind_of(w.c, asset) == kind_find("model"));
	CHECK(!catalog_kind_of(w.c, at(&w, "models/a/b")));
}

TEST(what_it_cares_for)
{
	AUTO(world_close) struct world w = { 0 };
	uint64_t models, notebooks, asset, deeper;

	CHECK_INT(world_open(&w), 0);
	models = at(&w, "models");
	notebooks = at(&w, "notebooks");
	asset = make_dir(&w, "models/a");
	deeper = make_dir(&w, "models/a/b");
	CHECK(catalog_cares(w.c, models, "x.yaml"));
	CHECK(catalog_cares(w.c, models, "x.YML"));
	CHECK(catalog_cares(w.c, models, "x.tgz"));
	CHECK(catalog_cares(w.c, models, "x.tar.gz"));
	CHECK(!catalog_cares(w.c, models, "x.ipynb"));
	CHECK(catalog_cares(w.c, notebooks, "x.ipynb"));
	CHECK(!catalog_cares(w.c, models, "x.gz"));
	CHECK(!catalog_cares(w.c, models, ".x.yaml.AbCdEf"));
	CHECK(!catalog_cares(w.c, models, ".x.yaml"));
	CHECK(catalog_cares(w.c, asset, "x.yaml"));
	CHECK(!catalog_cares(w.c, asset, "x.tgz"));
	CHECK(!catalog_cares(w.c, asset, "README.md"));
	CHECK(!catalog_cares(w.c, deeper, "model.yaml"));
	CHECK(!catalog_cares(w.c, at(&w, "runs"), "x.yaml"));
	CHECK(!catalog_cares(w.c, STORE_ROOT, "x.yaml"));
}

TEST(which_file_is_the_spec)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *errors = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "datasets/d"));
	/* the only one, if it looks like one */
	CHECK_INT(put(&w, "datasets/d/conf.yaml", "a: b\n"), 0);
	CHECK_FIELD(&w, "datasets/d", "spec_file", "");
	CHECK_INT(put(&w, "datasets/d/conf.yaml", "a: [\n"), 0);
	CHECK_INT(put(&w, "datasets/d/conf.yaml", DATASET("only")), 0);
	CHECK_FIELD(&w, "datasets/d", "id", "only");
	/* it stays in force when others come */
	CHECK_INT(put(&w, "datasets/d/more.yaml", "a: b\n"), 0);
	CHECK_FIELD(&w, "datasets/d", "id", "only");
	CHECK_INT(put(&w, "datasets/d/conf.yaml", "a: b\n"), -EINVAL);
	CHECK_FIELD(&w, "datasets/d", "id", "only");
	/* the directory's name before it, the kind's before that */
	CHECK_INT(put(&w, "datasets/d/d.yml", DATASET("by-dir")), 0);
	CHECK_FIELD(&w, "datasets/d", "id", "by-dir");
	CHECK_INT(put(&w, "datasets/d/dataset.yaml", DATASET("by-kind")), 0);
	CHECK_FIELD(&w, "datasets/d", "id", "by-kind");
	CHECK_INT(put(&w, "datasets/d/d.yml", "wrong: yes\n"), 0);
	CHECK_FIELD(&w, "datasets/d", "id", "by-kind");
	/* scratch names never count, nor what is deeper */
	CHECK_INT(put(&w, "datasets/d/.dataset.yaml.AbCdEf", "a: [\n"), 0);
	CHECK(make_dir(&w, "datasets/d/deep"));
	CHECK_INT(put(&w, "datasets/d/deep/dataset.yaml", "a: [\n"), 0);
	CHECK_FIELD(&w, "datasets/d", "id", "by-kind");
	/* and back again as they go */
	CHECK_INT(drop(&w, "datasets/d/dataset.yaml"), 0);
	/* what is the spec now is wrong: the last valid one stays in force */
	CHECK_FIELD(&w, "datasets/d", "id", "by-kind");
	errors = show(&w, "datasets/d", asset_put_errors);
	CHECK_HAS(errors, "datasets/d/d.yml: line 1: 'id' is missing");
	CHECK_INT(drop(&w, "datasets/d/d.yml"), 0);
	CHECK_INT(drop(&w, "datasets/d/more.yaml"), 0);
	CHECK_FIELD(&w, "datasets/d", "state", "registered");
	CHECK_FIELD(&w, "datasets/d", "spec_file", "");
	/* where nothing goes without a spec, the only YAML is it */
	CHECK(make_dir(&w, "components/c"));
	CHECK_INT(put(&w, "components/c/any.yaml", "a: b\n"), -EINVAL);
	CHECK_FIELD(&w, "components/c", "state", "invalid");
}

TEST(without_a_spec)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *checks = NULL;
	struct catalog_counts counts;

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "datasets/My Data"));
	CHECK_FIELD(&w, "datasets/My Data", "state", "draft");
	CHECK(make_dir(&w, "datasets/My Data/train"));
	CHECK_INT(put(&w, "datasets/My Data/train/a.csv", "1,2\n"), 0);
	CHECK_INT(put(&w, "datasets/My Data/train/b.csv", "3,4\n"), 0);
	CHECK_INT(put(&w, "datasets/My Data/labels.JSON", "[]"), 0);
	CHECK_INT(put(&w, "datasets/My Data/LICENSE",
		      "MIT License\n\nPermission is hereby granted\n"),
		  0);
	CHECK_FIELD(&w, "datasets/My Data", "state", "registered");
	CHECK_FIELD(&w, "datasets/My Data", "id", "My Data");
	CHECK_FIELD(&w, "datasets/My Data", "name", "My Data");
	CHECK_FIELD(&w, "datasets/My Data", "license", "MIT");
	CHECK_FIELD(&w, "datasets/My Data", "format", "csv");
	CHECK_FIELD(&w, "datasets/My Data", "files", "4");
	CHECK_FIELD(&w, "datasets/My Data", "file_formats",
		    "[{\"suffix\": \"csv\", \"files\": 2, \"bytes\": 8}, "
		    "{\"suffix\": \"json\", \"files\": 1, \"bytes\": 2}]");
	checks = show(&w, "datasets/My Data", asset_put_checks);
	CHECK_HAS(checks, "there is no spec");
	/* a model's card */
	CHECK(make_dir(&w, "models/bert"));
	CHECK_INT(put(&w, "models/bert/w.safetensors", "x"), 0);
	CHECK_FIELD(&w, "models/bert", "state", "draft");
	CHECK_INT(put(&w, "models/bert/README.md",
		      "---\nlicense: apache-2.0\ntags: [fill-mask, 7]\n"
		      "library_name: transformers\npipeline_tag: fill-mask\n"
		      "datasets: wikipedia\nlanguage:\n- en\n---\n\n"
		      "<!-- comment -->\n# Tiny BERT #\n\n![x](y)\n\nIt fills\n"
		      "the mask.\n\nMore.\n"),
		  0);
	CHECK_FIELD(&w, "models/bert", "state", "registered");
	CHECK_FIELD(&w, "models/bert", "name", "Tiny BERT");
	CHECK_FIELD(&w, "models/bert", "description", "It fills the mask.");
	CHECK_FIELD(&w, "models/bert", "license", "Apache-2.0");
	CHECK_FIELD(&w, "models/bert", "tags", "[\"fill-mask\", \"7\"]");
	CHECK_FIELD(&w, "models/bert", "framework",
		    "{\"name\": \"transformers\"}");
	CHECK_FIELD(&w, "models/bert", "trained_on", "[\"wikipedia\"]");
	/* a notebook's directory; a component's */
	CHECK(make_dir(&w, "notebooks/n"));
	CHECK_INT(put(&w, "notebooks/n/x.ipynb", NOTEBOOK), 0);
	CHECK_FIELD(&w, "notebooks/n", "state", "registered");
	CHECK_FIELD(&w, "notebooks/n", "id", "n");
	CHECK_FIELD(&w, "notebooks/n", "name", "Rain by *month*");
	CHECK(make_dir(&w, "components/c"));
	CHECK_FIELD(&w, "components/c", "state", "draft");
	catalog_count(w.c, &counts);
	CHECK_INT(counts.assets[0], 0); /* a draft */
	CHECK_INT(counts.assets[1], 1);
	CHECK_INT(counts.assets[2], 1);
	CHECK_INT(counts.assets[3], 1);
	CHECK_INT(counts.drafts, 1);
	CHECK_INT(counts.invalid, 0);
}

static const char *counted(struct world *w)
{
	static char text[64];
	struct catalog_counts counts, again;

	catalog_count(w->c, &counts);
	catalog_count(w->c, &again);
	if (memcmp(&counts, &again, sizeof(counts)) != 0)
		return "two answers";
	snprintf(text, sizeof(text), "%u models, %u drafts, %u invalid",
		 counts.assets[kind_find("model") - kinds], counts.drafts,
		 counts.invalid);
	return text;
}

/* They are kept, but not beyond the next change. */
TEST(counts_follow_each_change)
{
	static const char card[] = "---\nlicense: mit\n---\n# Bert\n\nIt.\n";
	AUTO(world_close) struct world w = { 0 };
	AUTO(content_release) struct content *c = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK_STR(counted(&w), "0 models, 0 drafts, 0 invalid");
	CHECK(make_dir(&w, "models/bert"));
	CHECK_INT(put(&w, "models/bert/w.safetensors", "x"), 0);
	CHECK_INT(put(&w, "models/bert/README.md", ""), 0);
	CHECK_STR(counted(&w), "0 models, 1 drafts, 0 invalid");
	/* what a writer has written who has not closed it yet */
	CHECK_INT(content_open(w.st, at(&w, "models/bert/README.md"), O_WRONLY,
			       &c),
		  0);
	CHECK_STR(counted(&w), "0 models, 1 drafts, 0 invalid");
	CHECK_INT(content_write(c, card, strlen(card), 0, false), strlen(card));
	CHECK(node_catch_up_all(w.st) > 0);
	CHECK_STR(counted(&w), "1 models, 0 drafts, 0 invalid");
	content_release(&c);
	CHECK_STR(counted(&w), "1 models, 0 drafts, 0 invalid");
	CHECK_INT(move(&w, "models/bert", "datasets/bert"), 0);
	CHECK_STR(counted(&w), "0 models, 0 drafts, 0 invalid");
	CHECK_INT(move(&w, "datasets/bert", "models/bert"), 0);
	CHECK_INT(put(&w, "models/bert/model.yaml", "a: [\n"), -EINVAL);
	CHECK_STR(counted(&w), "0 models, 0 drafts, 1 invalid");
	CHECK_INT(drop(&w, "models/bert/model.yaml"), 0);
	CHECK_INT(drop(&w, "models/bert/README.md"), 0);
	CHECK_STR(counted(&w), "0 models, 1 drafts, 0 invalid");
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	CHECK_STR(counted(&w), "0 models, 1 drafts, 0 invalid");
}

TEST(a_spec_and_a_notebook)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(pipeline_release) struct pipeline remote = { 0 };
	uint64_t asset;

	CHECK_INT(world_open(&w), 0);
	asset = make_dir(&w, "notebooks/m");
	CHECK_INT(put(&w, "notebooks/m/notebook.yaml", NOTEBOOK_SPEC("months")),
		  0);
	CHECK_INT(catalog_get_pipeline(w.c, asset, NULL, NULL, NULL, &remote),
		  0);
	CHECK_STR(remote.tasks[0].notebook.url,
		  "https://raw.githubusercontent.com/o/r/main/a/months.ipynb");
	CHECK(!remote.tasks[0].notebook.file);
	CHECK_INT(put(&w, "notebooks/m/a.ipynb", NOTEBOOK), 0);
	CHECK_INT(put(&w, "notebooks/m/months.ipynb", NOTEBOOK), 0);
	CHECK_FIELD(&w, "notebooks/m", "name", "Months");
	CHECK_FIELD(&w, "notebooks/m", "notebook_file", "months.ipynb");
	CHECK_INT(catalog_get_pipeline(w.c, asset, NULL, NULL, NULL, &p), 0);
	CHECK_INT(p.tasks_count, 1);
	CHECK_INT(p.tasks[0].type, TASK_NOTEBOOK);
	CHECK_STR(p.tasks[0].notebook.file, "months.ipynb");
	CHECK_INT(p.tasks[0].notebook.requirements_count, 3);
	CHECK_INT(p.params_count, 1);
	CHECK_STR(p.params[0].name, "month");
	CHECK_INT(pipeline_judge(&p, NULL, NULL), 0);
}

TEST(stages_and_platforms)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(free_text) char *template = NULL;
	uint64_t asset;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "models/m.yaml", MODEL("guess")), 0);
	asset = at(&w, "models/guess");
	CHECK_INT(catalog_get_pipeline(w.c, asset, NULL, "KServe", &why, &p),
		  0);
	CHECK_STR(p.tasks[0].name, "serve");
	CHECK_STR(p.tasks[0].steps[0].image.segment[0].text, "guess:1");
	CHECK_INT(
		catalog_get_pipeline(w.c, asset, "serve", "knative", &why, &p),
		-EINVAL);
	CHECK_STR(why.data, "knative is not a tested platform of guess: "
			    "kubernetes, kserve");
	buf_clear(&why);
	CHECK_INT(catalog_get_pipeline(w.c, asset, "train", NULL, &why, &p),
		  -EINVAL);
	CHECK_STR(why.data, "guess is not trainable");
	buf_clear(&why);
	CHECK_INT(catalog_get_pipeline(w.c, asset, "x", NULL, &why, &p),
		  -EINVAL);
	CHECK_HAS(why.data, "'x' is no stage");
	template = show(&w, "models/guess", asset_put_run_template);
	CHECK_HAS(template, "#stage: serve\n#platform: kubernetes\n");
}

TEST(no_pipeline)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(free_text) char *code = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "pipelines/p"));
	CHECK_INT(catalog_get_pipeline(w.c, at(&w, "pipelines/p"), NULL, NULL,
				       &why, &p),
		  -EINVAL);
	CHECK_HAS(why.data, "no valid pipeline.yaml");
	code = show(&w, "pipelines/p", asset_put_code);
	CHECK_HAS(code, "# There is no code");
	/* the last valid spec runs while the file is wrong */
	CHECK_INT(put(&w, "pipelines/p/pipeline.yaml", PIPELINE("hello")), 0);
	CHECK_INT(put(&w, "pipelines/p/pipeline.yaml", "a: b\n"), -EINVAL);
	CHECK_INT(catalog_get_pipeline(w.c, at(&w, "pipelines/p"), NULL, NULL,
				       &why, &p),
		  0);
	CHECK_STR(p.tasks[0].name, "greet");
	buf_clear(&why);
	CHECK(make_dir(&w, "datasets/d"));
	CHECK_INT(put(&w, "datasets/d/dataset.yaml",
		      DATASET("d") "repository: {url: 'file:///etc/shadow'}\n"),
		  0);
	CHECK_INT(catalog_get_pipeline(w.c, at(&w, "datasets/d"), NULL, NULL,
				       &why, &p),
		  -EINVAL);
	CHECK_HAS(why.data, "no http or https URL");
}

TEST(metadata_is_stable)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *one = NULL;
	AUTO(free_text) char *two = NULL;
	AUTO(free_text) char *three = NULL;
	int64_t changed;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "datasets/x.yaml", DATASET("rain")), 0);
	one = show(&w, "datasets/rain", asset_put_metadata);
	changed = changed_of(&w, "datasets/rain", asset_put_metadata);
	usleep(2000);
	two = show(&w, "datasets/rain", asset_put_metadata);
	CHECK_STR(one, two);
	CHECK_INT(changed_of(&w, "datasets/rain", asset_put_metadata), changed);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	three = show(&w, "datasets/rain", asset_put_metadata);
	CHECK_STR(three, one);
	CHECK_INT(changed_of(&w, "datasets/rain", asset_put_metadata), changed);
	/* the order of the keys is documented */
	CHECK(strstr(one, "\"kind\"") < strstr(one, "\"id\""));
	CHECK(strstr(one, "\"id\"") < strstr(one, "\"name\""));
	CHECK(strstr(one, "\"created\"") < strstr(one, "\"bytes\""));
	CHECK(!strstr(one, "\".changed\""));
	/* the same again: the spec's own times do not move */
	changed = changed_of(&w, "datasets/rain", asset_put_tags);
	CHECK_INT(put(&w, "datasets/rain/x.yaml", DATASET("rain")), 0);
	CHECK_INT(changed_of(&w, "datasets/rain", asset_put_tags), changed);
	/* another file moves the record, but not the code */
	changed = changed_of(&w, "datasets/rain", asset_put_code);
	CHECK_INT(put(&w, "datasets/rain/a.csv", "1"), 0);
	CHECK_FIELD(&w, "datasets/rain", "files", "2");
	CHECK(changed_of(&w, "datasets/rain", asset_put_metadata) > changed);
	CHECK_INT(changed_of(&w, "datasets/rain", asset_put_code), changed);
}

TEST(tags_and_flags)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(free_text) char *tags = NULL;
	AUTO(free_text) char *flag = NULL;
	char many[6000];
	uint64_t a;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "datasets/x.yaml", DATASET("rain") "seo_tags: [s]\n"),
		  0);
	a = at(&w, "datasets/rain");
	CHECK_FIELD(&w, "datasets/rain", "tags", "[\"s\"]");
	CHECK_FIELD(&w, "datasets/rain", "featured", "false");
	CHECK_INT(asset_set_tags(w.c, a, " wet \n\ncold\nwet", 15, &why), 0);
	CHECK_INT(asset_set_featured(w.c, a, "yes\n", 4, &why), 0);
	CHECK_INT(asset_set_published(w.c, a, "1", 1, &why), 0);
	/* they outlive a new spec and a new start */
	CHECK_INT(put(&w, "datasets/rain/x.yaml", DATASET("rain")), 0);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	tags = show(&w, "datasets/rain", asset_put_tags);
	CHECK_STR(tags, "wet\ncold\n");
	flag = show(&w, "datasets/rain", asset_put_featured);
	CHECK_STR(flag, "1\n");
	CHECK_FIELD(&w, "datasets/rain", "tags", "[\"wet\", \"cold\"]");
	CHECK_FIELD(&w, "datasets/rain", "published", "true");
	CHECK_INT(asset_set_featured(w.c, a, "perhaps", 7, &why), -EINVAL);
	CHECK_STR(why.data, "featured: expected 1 or 0, found 'perhaps'");
	CHECK_INT(asset_set_featured(w.c, a, "", 0, NULL), -EINVAL);
	memset(many, 't', sizeof(many));
	CHECK_INT(asset_set_tags(w.c, a, many, sizeof(many), NULL), -EINVAL);
	CHECK_INT(asset_set_tags(w.c, a, "a\x01z", 3, NULL), -EINVAL);
	CHECK_INT(asset_set_tags(w.c, a, "a\0z", 3, NULL), -EINVAL);
	CHECK_INT(asset_set_tags(w.c, a, "\xff", 1, NULL), -EINVAL);
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 4 == 3 ? '\n' : (char)('a' + i / 4 / 26 % 26);
	for (size_t i = 0; i + 4 < sizeof(many); i += 4)
		snprintf(many + i, 4, "%03zx", i / 4), many[i + 3] = '\n';
	CHECK_INT(asset_set_tags(w.c, a, many, sizeof(many), NULL), -EINVAL);
	CHECK_FIELD(&w, "datasets/rain", "tags", "[\"wet\", \"cold\"]");
	CHECK_INT(asset_set_tags(w.c, a, "", 0, NULL), 0);
	CHECK_FIELD(&w, "datasets/rain", "tags", "[]");
	CHECK_INT(asset_set_tags(w.c, 999999, "a", 1, NULL), -ENOENT);
	/* a bare one has them, too */
	CHECK(make_dir(&w, "models/bare"));
	CHECK_INT(asset_set_featured(w.c, at(&w, "models/bare"), "on", 2, NULL),
		  0);
	CHECK_FIELD(&w, "models/bare", "featured", "true");
}

TEST(moved_about)
{
	AUTO(world_close) struct world w = { 0 };
	uint64_t found = 0;
	uint64_t asset;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "datasets/x.yaml", DATASET("rain")), 0);
	asset = at(&w, "datasets/rain");
	CHECK_INT(asset_set_featured(w.c, asset, "1", 1, NULL), 0);
	/* another name: the same asset */
	CHECK_INT(move(&w, "datasets/rain", "datasets/snow"), 0);
	CHECK_FIELD(&w, "datasets/snow", "id", "rain");
	CHECK_FIELD(&w, "datasets/snow", "directory", "snow");
	CHECK_FIELD(&w, "datasets/snow", "featured", "true");
	CHECK_INT(catalog_find(w.c, kind_find("dataset"), "rain", &found), 0);
	CHECK_INT(found, asset);
	CHECK_INT(catalog_find_reference(w.c, "datasets/snow", &found), 0);
	CHECK_INT(found, asset);
	CHECK_INT(catalog_find_reference(w.c, "datasets/rain", &found), 0);
	CHECK_INT(catalog_find_reference(w.c, "models/rain", &found), -ENOENT);
	CHECK_INT(catalog_find_reference(w.c, "dataset:rain", &found), -EINVAL);
	CHECK_INT(catalog_find_reference(w.c, "datasets/", &found), -EINVAL);
	CHECK_INT(catalog_find_reference(w.c, "datasets/a/b", &found), -EINVAL);
	CHECK_INT(catalog_find_reference(w.c, "x/rain", &found), -EINVAL);
	CHECK_INT(catalog_find_reference(w.c, "datasets/..", &found), -ENOENT);
	/* to the trash and back */
	CHECK_INT(file_make_dir(w.st, STORE_ROOT, ".Trash-1000", 0700, NULL,
				NULL),
		  0);
	CHECK_INT(move(&w, "datasets/snow", ".Trash-1000/snow"), 0);
	CHECK(!show(&w, ".Trash-1000/snow", asset_put_metadata));
	CHECK(!catalog_kind_of(w.c, asset));
	CHECK_INT(catalog_find(w.c, kind_find("dataset"), "rain", &found),
		  -ENOENT);
	CHECK_INT(put(&w, "datasets/y.yaml", DATASET("rain")), 0);
	CHECK_INT(drop(&w, "datasets/rain"), 0);
	CHECK_INT(move(&w, ".Trash-1000/snow", "datasets/snow"), 0);
	CHECK_FIELD(&w, "datasets/snow", "id", "rain");
	CHECK_FIELD(&w, "datasets/snow", "featured", "true");
	/* to another kind: it is another thing there */
	CHECK_INT(move(&w, "datasets/snow", "models/snow"), 0);
	CHECK_FIELD(&w, "models/snow", "kind", "model");
	CHECK_FIELD(&w, "models/snow", "state", "draft");
	CHECK_INT(move(&w, "models/snow", "datasets/snow"), 0);
	CHECK_FIELD(&w, "datasets/snow", "id", "rain");
	CHECK_FIELD(&w, "datasets/snow", "state", "registered");
	/* gone is gone */
	CHECK_INT(drop(&w, "datasets/snow"), 0);
	CHECK_INT(catalog_find(w.c, kind_find("dataset"), "rain", &found),
		  -ENOENT);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	CHECK_INT(catalog_find(w.c, kind_find("dataset"), "rain", &found),
		  -ENOENT);
}

TEST(came_without_being_closed)
{
	AUTO(world_close) struct world w = { 0 };
	uint64_t found = 0;

	CHECK_INT(world_open(&w), 0);
	/* a directory that is moved in with all that is in it */
	CHECK_INT(file_make_dir(w.st, at(&w, "runs"), "out", 0755, NULL, NULL),
		  0);
	CHECK_INT(put_quietly(&w, "runs/out/model.yaml", MODEL("guess"),
			      strlen(MODEL("guess"))),
		  0);
	CHECK_INT(move(&w, "runs/out", "models/out"), 0);
	CHECK_INT(catalog_find(w.c, kind_find("model"), "guess", &found), 0);
	CHECK_INT(found, at(&w, "models/out"));
	/* one that is wrong says so when it is looked at */
	CHECK_INT(file_make_dir(w.st, at(&w, "runs"), "bad", 0755, NULL, NULL),
		  0);
	CHECK_INT(put_quietly(&w, "runs/bad/model.yaml", "a: b\n", 5), 0);
	CHECK_INT(move(&w, "runs/bad", "models/bad"), 0);
	CHECK_FIELD(&w, "models/bad", "state", "invalid");
	/* what is being written is not judged before it is closed */
	CHECK_INT(put_quietly(&w, "models/out/model.yaml", "a:", 2), 0);
	CHECK_FIELD(&w, "models/out", "id", "guess");
	CHECK_FIELD(&w, "models/out", "state", "registered");
}

TEST(sums)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *text = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "datasets/d"));
	CHECK(make_dir(&w, "datasets/d/b"));
	CHECK_INT(put(&w, "datasets/d/b/x", "abc"), 0);
	CHECK_INT(put(&w, "datasets/d/a\nb\\", "abc"), 0);
	CHECK_INT(put(&w, "datasets/d/empty", ""), 0);
	CHECK_INT(file_link(w.st, at(&w, "datasets/d"), "link", "x", NULL), 0);
	text = show(&w, "datasets/d", asset_put_sums);
	CHECK_STR(text,
		  "\\ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
		  "f20015ad  ./a\\nb\\\\\n"
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
		  "0015ad  ./b/x\n"
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78"
		  "52b855  ./empty\n");
}

static const char *result_of(const struct value *doc, const char *name)
{
	const struct value *list = value_find(doc, "checks");

	for (size_t i = 0; list && i < list->count; i++)
		if (!strcmp(value_find_string(list->item[i], "name"), name))
			return value_find_string(list->item[i], "result");
	return NULL;
}

static struct value *checks_of(struct world *w, const char *path)
{
	AUTO(free_text) char *text = show(w, path, asset_put_checks);
	struct value *doc = NULL;

	if (text)
		json_read(text, strlen(text), BUF_MAX, NULL, &doc);
	return doc;
}

#define SHA512                                                                 \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192" \
	"992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

TEST(checks)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(value_release) struct value *before = NULL;
	AUTO(value_release) struct value *after = NULL;
	AUTO(value_release) struct value *wrong = NULL;
	AUTO(value_release) struct value *draft = NULL;
	AUTO(value_release) struct value *fetched = value_new_map();
	uint64_t a;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "datasets/x.yaml",
		      DATASET("rain") "repository: {url: 'http://h/x', "
				      "sha_512: " SHA512 "}\n"),
		  0);
	a = at(&w, "datasets/rain");
	before = checks_of(&w, "datasets/rain");
	CHECK_STR(value_find_string(before, "asset"), "datasets/rain");
	CHECK_STR(result_of(before, "spec-valid"), "pass");
	CHECK_STR(result_of(before, "license"), "pass");
	CHECK_STR(result_of(before, "description"), "pass");
	CHECK_STR(result_of(before, "readme"), "warn");
	CHECK_STR(result_of(before, "provenance"), "pass");
	CHECK_STR(result_of(before, "digest"), "pass");
	CHECK_STR(result_of(before, "data-present"), "warn");
	CHECK_STR(result_of(before, "code"), "pass");
	CHECK_INT(put(&w, "datasets/rain/README.md", "# Rain\n"), 0);
	CHECK_INT(put(&w, "datasets/rain/rain.csv", "1\n"), 0);
	CHECK_INT(value_set_bool(fetched, "verified", false), 0);
	CHECK_INT(catalog_set_fetched(w.c, a, fetched), 0);
	after = checks_of(&w, "datasets/rain");
	CHECK_STR(result_of(after, "readme"), "pass");
	CHECK_STR(result_of(after, "data-present"), "pass");
	CHECK_STR(result_of(after, "digest"), "fail");
	CHECK_INT(put(&w, "datasets/rain/x.yaml", "a: [\n"), -EINVAL);
	wrong = checks_of(&w, "datasets/rain");
	CHECK_STR(result_of(wrong, "spec-valid"), "fail");
	CHECK(make_dir(&w, "models/m"));
	draft = checks_of(&w, "models/m");
	CHECK_STR(result_of(draft, "spec-valid"), "warn");
	CHECK_STR(result_of(draft, "license"), "fail");
	CHECK_STR(result_of(draft, "code"), "warn");
}

TEST(control_errors)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *errors = NULL;
	AUTO(free_text) char *none = NULL;
	AUTO(free_text) char *said = NULL;
	uint64_t a;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "models/m.yaml", MODEL("guess")), 0);
	a = at(&w, "models/guess");
	catalog_refuse(w.c, a, ".mlx/models/guess/run", -EINVAL,
		       "line 1: no such\nkey");
	errors = show(&w, "models/guess", asset_put_errors);
	CHECK_STR(errors, ".mlx/models/guess/run: line 1: no such\\x0akey "
			  "(Invalid argument)\n");
	CHECK_FIELD(&w, "models/guess", "state", "registered");
	catalog_refuse(w.c, a, "", 0, NULL);
	none = show(&w, "models/guess", asset_put_errors);
	CHECK_STR(none, "");
	for (int i = 0; i < 300; i++)
		catalog_refuse(w.c, 0, "x", -EIO, "again");
	said = refusals(&w);
	CHECK(!strstr(said, "no such"));
	CHECK_HAS(said, "Z x: again (Input/output error)\n");
}

TEST(run_template)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *text = NULL;
	AUTO(value_release) struct value *doc = NULL;
	AUTO(value_release) struct value *whole = NULL;
	AUTO(buf_release) struct buf bare = BUF_INIT(BUF_MAX);

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "components/c.yaml",
		      "name: Hostile\n"
		      "description: \"a\\nb: c\"\n"
		      "inputs:\n"
		      "- {name: text, description: \"one\\n\\x85two: "
		      "x\\u2028name: evil\"}\n"
		      "- {name: more, default: \"a\\n b: [\\n\"}\n"
		      "- {name: 'y: {', default: 'no'}\n"
		      "implementation: {container: {image: x, command: [echo, "
		      "{inputValue: text}, {inputValue: more}, {inputValue: "
		      "'y: {'}]}}\n"),
		  0);
	text = show(&w, "components/hostile", asset_put_run_template);
	CHECK(text);
	/* as it stands it means nothing but the defaults */
	CHECK_INT(yaml_read(text, strlen(text), &yaml_spec_limits, NULL, &doc),
		  0);
	CHECK(value_is(doc, VALUE_NULL));
	/* without the '#' of the keys it says them */
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		bool is_key = line[1] != ' ' || line[2] == ' ';

		if (!is_key || !strncmp(line, "#  #", 4))
			continue;
		buf_add(&bare, line + 1, strcspn(line + 1, "\n") + 1);
	}
	CHECK_INT(
		yaml_read(bare.data, bare.len, &yaml_spec_limits, NULL, &whole),
		0);
	CHECK_STR(value_find_string(whole, "engine"), "local");
	CHECK_STR(value_string(value_path(whole, "parameters.more")),
		  "a\n b: [\n");
	CHECK_STR(value_find_string(value_find(whole, "parameters"), "y: {"),
		  "no");
	CHECK_HAS(text, "#  # String, required\n");
}

/* What a life before this one left is counted by the records alone, where the
 * specs are what they were. */
TEST(counted_after_reopening)
{
	AUTO(world_close) struct world w = { 0 };
	struct catalog_counts counts;
	const char *made[] = { "same", "wrong", "other", "better", "bare" };
	char path[64];

	CHECK_INT(world_open(&w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		snprintf(path, sizeof(path), "datasets/%s", made[i]);
		CHECK(make_dir(&w, path));
	}
	CHECK_INT(put(&w, "datasets/same/same.yaml", DATASET("s")), 0);
	CHECK_INT(put(&w, "datasets/wrong/wrong.yaml", DATASET("w")), 0);
	CHECK_INT(put(&w, "datasets/other/other.yaml", DATASET("o")), 0);
	CHECK_INT(put(&w, "datasets/better/better.yaml", DATASET("b")), 0);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	/* killed before they were judged */
	CHECK_INT(put_quietly(&w, "datasets/wrong/wrong.yaml", "a: [\n", 5), 0);
	CHECK_INT(put_quietly(&w, "datasets/other/other.yaml", DATASET("p"),
			      strlen(DATASET("p"))),
		  0);
	CHECK_INT(put_quietly(&w, "datasets/better/dataset.yaml", "x: y\n", 5),
		  0);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	catalog_count(w.c, &counts);
	CHECK_INT(counts.assets[1], 4); /* the last valid ones are in force */
	CHECK_INT(counts.drafts, 1);
	CHECK(!asset_is_known(w.c, at(&w, "datasets/same")));
	CHECK_FIELD(&w, "datasets/same", "id", "s");
	CHECK_FIELD(&w, "datasets/same", "license", "CC-BY-4.0");
	CHECK(asset_is_known(w.c, at(&w, "datasets/same")));
	CHECK_FIELD(&w, "datasets/other", "id", "p");
	CHECK_FIELD(&w, "datasets/better", "id", "b");
	snprintf(path, sizeof(path), "datasets/wrong");
	for (size_t i = 0; i < 2; i++) {
		AUTO(free_text) char *errors = show(&w, path, asset_put_errors);

		CHECK(errors && *errors);
		snprintf(path, sizeof(path), "datasets/better");
	}
	/* and again, with what a record says that is no longer there */
	CHECK_INT(file_remove(w.st, at(&w, "datasets/same"), "same.yaml"), 0);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	catalog_count(w.c, &counts);
	CHECK_INT(counts.assets[1], 3);
	CHECK_INT(counts.drafts, 2);
}

/* Writers, readers and movers at once, on the same few assets. */
static void *hammer(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < 25; i++) {
		AUTO(free_text) char *metadata = NULL;
		AUTO(free_text) char *errors = NULL;
		char name[64];
		struct catalog_counts counts;
		uint64_t found;

		put(w, "datasets/d/dataset.yaml",
		    i % 3 ? DATASET("d") : "a: [\n");
		snprintf(name, sizeof(name), "datasets/x%d.yaml", i % 4);
		put(w, name, DATASET("dropped"));
		metadata = show(w, "datasets/d", asset_put_metadata);
		errors = show(w, "datasets/dropped", asset_put_errors);
		asset_set_tags(w->c, at(w, "datasets/d"), "a\nb", 3, NULL);
		catalog_find(w->c, kind_find("dataset"), "dropped", &found);
		catalog_changed(w->c, at(w, "datasets"), "d");
		catalog_count(w->c, &counts);
	}
	return NULL;
}

TEST(many_at_once)
{
	AUTO(world_close) struct world w = { 0 };
	pthread_t threads[4];

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "datasets/d"));
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, hammer, &w);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(put(&w, "datasets/d/dataset.yaml", DATASET("d")), 0);
	CHECK_FIELD(&w, "datasets/d", "state", "registered");
	CHECK_FIELD(&w, "datasets/d", "tags", "[\"a\", \"b\"]");
	CHECK_FIELD(&w, "datasets/dropped", "id", "dropped");
}
