// SPDX-License-Identifier: Apache-2.0
/*
 * MLX's own samples (the katalog beside the project): each registers with the
 * record that MLX derives, by reference/mlx.md section 2; the three templates
 * are refused, and nothing else is. What is wanted was written from the sample
 * files and these rules by hand.
 */
#include <dirent.h>

#include "catalog_util.h"

/* A folder as `rsync -a folder/ kind/` brings it: directories first to last,
 * each file written and closed. */
static int bring(struct world *w, const char *from, const char *to,
		 unsigned int *ret_refused)
{
	struct dirent **names;
	int count = scandir(from, &names, NULL, alphasort);
	int err = count < 0 ? -errno : 0;

	for (int i = 0; i < count; i++) {
		char source[1024], target[1024];
		struct stat s;
		size_t len;

		snprintf(source, sizeof(source), "%s/%s", from,
			 names[i]->d_name);
		snprintf(target, sizeof(target), "%s/%s", to, names[i]->d_name);
		if (names[i]->d_name[0] == '.' || stat(source, &s) || err) {
			free(names[i]);
			continue;
		}
		free(names[i]);
		if (S_ISDIR(s.st_mode)) {
			if (!make_dir(w, target))
				err = -EIO;
			else
				err = bring(w, source, target, ret_refused);
			continue;
		}
		AUTO(free_text) char *text = unit_read_file(source, &len);

		if (!text)
			err = -EIO;
		else if (put_bytes(w, target, text, len))
			++*ret_refused;
	}
	free(names);
	return err;
}

struct want {
	const char *path, *field, *value;
};

static const struct want wanted[] = {
	/* components */
	{ "components/create-secret", "id", "create-kubernetes-secret" },
	{ "components/create-secret", "name", "Create Kubernetes Secret" },
	{ "components/create-secret", "description",
	  "Creates a secret to store pipeline credentials on a Kubernetes "
	  "Cluster" },
	{ "components/create-secret", "parameters",
	  "[{\"name\":\"token\",\"type\":\"String\",\"description\":\"Required."
	  " "
	  "GitHub token to access private repositories\",\"required\":true},"
	  "{\"name\":\"url\",\"type\":\"String\",\"description\":\"Required. "
	  "GitHub raw URL to access the credentials file\",\"required\":true},"
	  "{\"name\":\"name\",\"type\":\"String\",\"description\":\"Required. "
	  "Secret Name to be stored in Kubernetes\",\"required\":true}]" },
	{ "components/create-secret", "image",
	  "docker.io/aipipeline/wml-config:latest" },
	{ "components/dax-to-dlf", "id", "generate-dataset-metadata" },
	{ "components/dax-to-dlf", "name", "Generate Dataset Metadata" },
	{ "components/dax-to-dlf", "parameters",
	  "[{\"name\":\"DAX YAML\",\"type\":\"String\",\"description\":\"DAX "
	  "Dataset YAML, string-serialized or URL to YAML file\","
	  "\"required\":true}]" },
	{ "components/dlf", "id", "create-dataset-volume" },
	{ "components/dlf", "name", "Create Dataset Volume" },
	{ "components/dlf", "description",
	  "Manage Dataset Lifecycle Framework datasets" },
	{ "components/dlf", "parameters",
	  "[{\"name\":\"Action\",\"type\":\"String\",\"default\":\"create\","
	  "\"description\":\"Action to execute on Kubernetes\",\"required\":"
	  "false},{\"name\":\"Dataset YAML\",\"type\":\"String\",\"default\":"
	  "\"{}\",\"description\":\"Raw Dataset serialized YAML for "
	  "deployment\",\"required\":false},{\"name\":\"Namespace\",\"type\":"
	  "\"String\",\"default\":\"default\",\"description\":\"Kubernetes "
	  "namespace for deployment\",\"required\":false}]" },
	{ "components/echo", "id", "echo-sample" },
	{ "components/echo", "name", "Echo Sample" },
	{ "components/echo", "description",
	  "A simple component with input and output parameter" },
	{ "components/echo", "parameters",
	  "[{\"name\":\"input_text\",\"type\":\"String\",\"default\":\"Hello "
	  "World\",\"description\":\"Optional text "
	  "input\",\"required\":false}]" },
	{ "components/kube-model-deployment", "id",
	  "deploy-model-on-kubernetes" },
	{ "components/kube-model-deployment", "description",
	  "Deploy AI models using Kubernetes deployment." },
	{ "components/kube-model-deployment", "annotations",
	  "{\"platform\":\"OpenSource\"}" },
	{ "components/model-config", "id", "create-model-config" },
	{ "components/model-config", "parameters",
	  "[{\"name\":\"secret_name\",\"type\":\"String\",\"default\":"
	  "\"e2e-creds\",\"description\":\"Secret name to generate for model "
	  "training/deployment\",\"required\":false},{\"name\":\"model_id\","
	  "\"type\":\"String\",\"default\":\"sampleid\",\"description\":\"MLX "
	  "Model ID\",\"required\":false}]" },

	/* datasets */
	{ "datasets/codenet", "id", "codenet" },
	{ "datasets/codenet", "name", "CodeNet" },
	{ "datasets/codenet", "version", "1.0.0" },
	{ "datasets/codenet", "domain", "Solutions to Programming Problems" },
	{ "datasets/codenet", "format",
	  "C++, Java, Python, other programming languages, csv, text" },
	{ "datasets/codenet", "size", "9G" },
	{ "datasets/codenet", "number_of_records", "13916868" },
	{ "datasets/codenet", "license", "CDLA-Permissive-2.0" },
	{ "datasets/codenet", "license_name", "CDLA Permissive v2.0" },
	{ "datasets/codenet", "related_assets", "" },
	{ "datasets/codenet", "repository.sha_512", "" },
	{ "datasets/codenet", "tags",
	  "[\"Solutions to Programming Problems\",\"Text\"]" },
	{ "datasets/codenet", "created", "2021-05-05" },
	{ "datasets/codenet_langclass", "id", "codenet-langclass" },
	{ "datasets/codenet_langclass", "name",
	  "CodeNet - Language Classification" },
	{ "datasets/codenet_langclass", "number_of_records", "2198" },
	{ "datasets/codenet_langclass", "related_assets",
	  "[\"notebooks/project-codenet-language-classification\"]" },
	{ "datasets/codenet_mlm", "id", "codenet-mlm" },
	{ "datasets/codenet_mlm", "format", "C" },
	{ "datasets/codenet_mlm", "related_assets",
	  "[\"notebooks/project-codenet-mlm\"]" },
	{ "datasets/fpb", "id", "finance-proposition-bank" },
	{ "datasets/fpb", "version", "1.0.2" },
	{ "datasets/fpb", "license", "CDLA-Sharing-1.0" },
	{ "datasets/fpb", "license_name", "CDLA-Sharing" },
	{ "datasets/fpb", "number_of_records", "0" },
	{ "datasets/fpb", "size", "3M" },
	{ "datasets/fpb", "filter_categories",
	  "{\"domain\":\"NLP\",\"format\":\"text\",\"sector\":\"finance\"}" },
	{ "datasets/fpb", "source", "IBM Research" },
	{ "datasets/gmb", "id", "groningen-meaning-bank-modified" },
	{ "datasets/gmb", "name", "Groningen Meaning Bank" },
	{ "datasets/gmb", "number_of_records", "1314115" },
	{ "datasets/jfk", "id", "noaa-weather-data-jfk-airport" },
	{ "datasets/jfk", "name", "NOAA Weather Data - JFK Airport" },
	{ "datasets/jfk", "description",
	  "Local climatological data originally collected at JFK airport." },
	{ "datasets/jfk", "version", "1.1.4" },
	{ "datasets/jfk", "domain", "Time Series" },
	{ "datasets/jfk", "format", "CSV" },
	{ "datasets/jfk", "size", "30M" },
	{ "datasets/jfk", "number_of_records", "114546" },
	{ "datasets/jfk", "tags", "[\"weather\",\"time series\"]" },
	{ "datasets/jfk", "created", "2019-07-19" },
	{ "datasets/jfk", "updated", "2020-07-19" },
	{ "datasets/jfk", "related_assets",
	  "[\"notebooks/jfk-airport-analysis\"]" },
	{ "datasets/jfk", "repository.mime_type", "application/x-tar" },
	{ "datasets/jfk", "repository.sha_512",
	  "e3f27a8fcc0db5289df356e3f48aef6df56236798d5b3ae3889d358489ec6609d2d"
	  "797e4c4932b86016d2ce4a379ac0a0749b6fb2c293ebae4e585ea1c8422ac" },
	{ "datasets/jfk", "spec_file", "jfk.yaml" },
	{ "datasets/jfk", "readme", "jfk.md" },
	{ "datasets/publaynet", "license", "CDLA-Permissive-1.0" },
	{ "datasets/publaynet", "formats", "[\"JPG\",\"JSON\"]" },
	{ "datasets/publaynet", "number_of_records", "0" },
	{ "datasets/publaynet", "size", "" },
	{ "datasets/pubtabnet", "version", "2.0.0" },
	{ "datasets/pubtabnet", "license", "CDLA-Permissive-1.0" },
	{ "datasets/thematic_clustering", "id",
	  "thematic-clustering-of-sentences" },
	{ "datasets/thematic_clustering", "name",
	  "IBM Debater\xc2\xae Thematic Clustering of Sentences" },
	{ "datasets/thematic_clustering", "license", "CC-BY-SA-3.0" },
	{ "datasets/tsc", "id", "tensorflow-speech-commands" },
	{ "datasets/tsc", "license", "CC-BY-4.0" },
	{ "datasets/tsc", "number_of_records", "0" },
	{ "datasets/tsc", "size", "" },
	{ "datasets/tsc", "format", "WAV" },

	/* models */
	{ "models/codenet-language-classification", "framework",
	  "{\"name\":\"tensorflow\",\"version\":\"2.5\"}" },
	{ "models/codenet-language-classification", "stages.serve.image",
	  "codait/codenet-language-classifier" },
	{ "models/max-human-pose-estimator", "filter_categories",
	  "{\"domain\":\"image-recognition\",\"platform\":[\"kubernetes\","
	  "\"kfserving\"],\"language\":\"python\"}" },
	{ "models/max-human-pose-estimator", "domain",
	  "Human Pose Estimation" },
	{ "models/max-image-caption-generator", "framework",
	  "{\"name\":\"tensorflow\"}" },
	{ "models/max-image-resolution-enhancer", "domain",
	  "Super-Resolution" },
	{ "models/max-named-entity-tagger", "name", "Named Entity Tagger" },
	{ "models/max-object-detector", "framework.version", "1.5.0" },
	{ "models/max-ocr", "id", "max-ocr" },
	{ "models/max-ocr", "name", "Optical Character Recognition" },
	{ "models/max-ocr", "description", "Identifies text in an image" },
	{ "models/max-ocr", "framework",
	  "{\"name\":\"N/A\",\"version\":\"N/A\"}" },
	{ "models/max-ocr", "license", "Apache-2.0" },
	{ "models/max-ocr", "license_name", "Apache 2.0" },
	{ "models/max-ocr", "domain", "Optical Character Recognition" },
	{ "models/max-ocr", "stages",
	  "{\"serve\":{\"platforms\":[\"kubernetes\",\"kfserving\"],"
	  "\"credentials_required\":false,\"image\":"
	  "\"quay.io/codait/max-ocr:latest\",\"port\":\"5000\"}}" },
	{ "models/max-question-answering", "domain", "Question and Answer" },
	{ "models/max-recommender", "name", "Recommender System" },
	{ "models/max-text-sentiment-classifier", "domain",
	  "Sentiment Analysis" },
	{ "models/max-toxic-comment-classifier", "framework",
	  "{\"name\":\"pytorch\",\"version\":\"1.0.1\"}" },
	{ "models/max-weather-forecaster", "framework",
	  "{\"name\":\"keras\"}" },

	/* notebooks: dropped files, so directories by id */
	{ "notebooks/jfk-airport-analysis", "name",
	  "JFK Airport Weather Analysis" },
	{ "notebooks/jfk-airport-analysis", "image",
	  "tensorflow/tensorflow:2.7.0" },
	{ "notebooks/jfk-airport-analysis", "requirements",
	  "[\"pandas==1.3.5\",\"scikit-learn==1.0.1\",\"seaborn==0.11.2\","
	  "\"statsmodels==0.13.1\"]" },
	{ "notebooks/jfk-airport-analysis", "annotations",
	  "{\"platform\":\"OpenSource\"}" },
	{ "notebooks/jfk-airport-analysis", "parameters", "[]" },
	{ "notebooks/jfk-airport-analysis", "source_url",
	  "https://raw.githubusercontent.com/machine-learning-exchange/katalog/"
	  "main/notebook-samples/src/dlf-notebooks/JFK_Data.ipynb" },
	{ "notebooks/aif360-bias-detection", "name", "AIF360 Bias Detection" },
	{ "notebooks/art-detector-model", "image",
	  "tensorflow/tensorflow:2.3.0" },
	{ "notebooks/art-poisoning-attack", "spec_file", "art-poison.yaml" },
	{ "notebooks/project-codenet-language-classification", "name",
	  "CodeNet Language Classification" },
	{ "notebooks/project-codenet-mlm", "name",
	  "CodeNet Masked Language Model" },
	{ "notebooks/qiskit-quantum-kernel-machine-learning", "name",
	  "Qiskit Quantum Machine Learning" },
	{ "notebooks/qiskit-neural-network-classifier-and-regressor", "id",
	  "qiskit-neural-network-classifier-and-regressor" },

	/* pipelines: dropped files too */
	{ "pipelines/calculation-pipeline", "name", "calculation-pipeline" },
	{ "pipelines/calculation-pipeline", "title", "Calculation Pipeline" },
	{ "pipelines/calculation-pipeline", "description",
	  "A toy pipeline that performs arithmetic calculations." },
	{ "pipelines/calculation-pipeline", "spec_format", "tekton" },
	{ "pipelines/conditional-execution-pipeline", "title",
	  "Conditional Execution Pipeline" },
	{ "pipelines/conditional-execution-pipeline", "description",
	  "Shows how to use dsl.Condition()." },
	{ "pipelines/conditional-execution-pipeline", "parameters", "[]" },
	{ "pipelines/conditional-execution-pipeline", "spec_file",
	  "flip-coin-pipeline.yaml" },
	{ "pipelines/launch-katib-early-stopping-experiment", "title",
	  "Katib Early-Stopping Experiment" },
	{ "pipelines/download-and-save-most-frequent", "description",
	  "Download and Get Most Frequent Word and Save to GCS" },
	{ "pipelines/launch-trusted-ai-pipeline", "description",
	  "An example for trusted-ai integration." },
	{ "pipelines/kfp-on-wml-training", "name", "kfp-on-wml-training" },
};

/* Parameters by name and default; the pipelines' values, as text. */
static const struct {
	const char *path, *names, *third;
} parameters[] = {
	{ "pipelines/calculation-pipeline", "a b c", "17.0" },
	{ "pipelines/download-and-save-most-frequent", "outputpath url", NULL },
	{ "pipelines/launch-trusted-ai-pipeline",
	  "clip_values favorable_label feature_testset_path "
	  "fgsm_attack_epsilon input_shape label_testset_path loss_fn "
	  "model_class_file model_class_name namespace nb_classes optimizer "
	  "privileged_groups protected_label_testset_path unfavorable_label "
	  "unprivileged_groups",
	  "processed_data/X_test.npy" },
	{ "pipelines/kfp-on-wml-training",
	  "CONFIG_FILE_URL GITHUB_TOKEN compute_name compute_nodes "
	  "execution_command framework framework_version model_name "
	  "run_definition run_name runtime runtime_version scoring_payload "
	  "train_code",
	  "k80" },
	{ "components/kube-model-deployment",
	  "model_serving_image deployment_name container_port cleanup",
	  "5000" },
};

static void check_parameters(struct world *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		AUTO(free_text)
		char *text = field(w, parameters[i].path, "parameters");
		AUTO(value_release) struct value *list = NULL;
		AUTO(buf_release) struct buf names = BUF_INIT(4096);
		AUTO(buf_release) struct buf third = BUF_INIT(4096);

		CHECK(text);
		CHECK_INT(json_read(text, strlen(text), BUF_MAX, NULL, &list),
			  0);
		for (size_t n = 0; n < list->count; n++)
			buf_addf(&names, "%s%s", n ? " " : "",
				 value_find_string(list->item[n], "name"));
		CHECK_STR(names.data, parameters[i].names);
		if (!parameters[i].third)
			continue;
		value_put_scalar(value_find(list->item[2], "default"), &third);
		CHECK_STR(third.data, parameters[i].third);
	}
}

static int bring_all(struct world *w, unsigned int *ret_refused)
{
	static const char *const folders[][2] = {
		{ "katalog/component-samples", "components" },
		{ "katalog/dataset-samples", "datasets" },
		{ "katalog/model-samples", "models" },
		{ "katalog/notebook-samples", "notebooks" },
		{ "katalog/pipeline-samples", "pipelines" },
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(folders); i++)
		err = bring(w, unit_shared(folders[i][0]), folders[i][1],
			    ret_refused);
	return err;
}

/* Each of the samples is in the table. */
static void check_table(const unsigned int want[5])
{
	for (size_t i = 0; kinds[i].name; i++) {
		unsigned int assets = 0;

		for (size_t n = 0; n < ARRAY_SIZE(wanted); n++) {
			bool again = n && !strcmp(wanted[n].path,
						  wanted[n - 1].path);

			assets +=
				!again && !strncmp(wanted[n].path, kinds[i].dir,
						   strlen(kinds[i].dir));
		}
		CHECK_INT(assets, want[i]);
	}
}

TEST(katalog_registers)
{
	static const unsigned int want[] = { 6, 10, 12, 8, 6 };
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *said = NULL;
	struct catalog_counts counts;
	unsigned int refused = 0;

	if (!unit_shared("katalog")) {
		unit_skip("the folder of real samples is not here");
		return;
	}
	CHECK_INT(world_open(&w), 0);
	CHECK_INT(bring_all(&w, &refused), 0);
	said = refusals(&w);
	/* the three templates, each with a sentence */
	CHECK_INT(refused, 3);
	CHECK_HAS(said, "components/template.yaml: line 5: 'name'");
	CHECK_HAS(said, "models/template.yaml: line 42: 'labels': expected a "
			"map");
	CHECK_HAS(said, "notebooks/template.yaml: line 5: 'id'");
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		CHECK_FIELD(&w, wanted[i].path, "state", "registered");
		CHECK_FIELD(&w, wanted[i].path, wanted[i].field,
			    wanted[i].value);
	}
	check_parameters(&w);
	check_table(want);
	/* nothing else: two folders of other things are drafts */
	catalog_count(w.c, &counts);
	CHECK_INT(counts.assets[0], 6);
	CHECK_INT(counts.assets[1], 10);
	CHECK_INT(counts.assets[2], 12);
	CHECK_INT(counts.assets[3], 8);
	CHECK_INT(counts.assets[4], 6);
	CHECK_INT(counts.drafts, 2); /* src/ and kfp-notebook/ */
	CHECK_INT(counts.invalid, 0);
}

/* All of them again after a new start, and the code of each. */
TEST(katalog_stays_and_runs)
{
	AUTO(world_close) struct world w = { 0 };
	unsigned int refused = 0;

	if (!unit_shared("katalog")) {
		unit_skip("the folder of real samples is not here");
		return;
	}
	CHECK_INT(world_open(&w), 0);
	CHECK_INT(bring_all(&w, &refused), 0);
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		CHECK_FIELD(&w, wanted[i].path, wanted[i].field,
			    wanted[i].value);
		if (i && !strcmp(wanted[i].path, wanted[i - 1].path))
			continue;
		if (catalog_get_pipeline(w.c, at(&w, wanted[i].path), NULL,
					 NULL, &why, &p))
			unit_fail(__FILE__, __LINE__, "%s: %s", wanted[i].path,
				  why.data);
		CHECK_INT(pipeline_judge(&p, &why, NULL), 0);
	}
}
