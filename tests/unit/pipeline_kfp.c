// SPDX-License-Identifier: Apache-2.0
/*
 * The Python that is written for Kubeflow Pipelines, compiled by the real SDK
 * where it is installed: ${MLXFS_VENVS:-/var/tmp/mlxfs-venvs}/kfp.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline_util.h"

extern char **environ;

/* Compiles each *.py of a folder in one process (importing kfp takes a second)
 * to *.yaml, and tells what went wrong. */
static const char driver[] =
	"import glob, os, runpy, sys, traceback\n"
	"bad = 0\n"
	"for path in sorted(glob.glob(os.path.join(sys.argv[1], '*.py'))):\n"
	"    sys.argv = [path, path[:-3] + '.yaml']\n"
	"    try:\n"
	"        runpy.run_path(path, run_name='__main__')\n"
	"    except BaseException:\n"
	"        print('==', path)\n"
	"        print(open(path).read())\n"
	"        traceback.print_exc(limit=-1, file=sys.stdout)\n"
	"        bad = 1\n"
	"sys.exit(bad)\n";

/* What is asked of an interpreter, 0 when it is content. */
static int ask_python(const char *python, const char *program, const char *arg)
{
	char *argv[] = { (char *)python,
			 (char *)"-W",
			 (char *)"ignore",
			 (char *)"-c",
			 (char *)program,
			 (char *)arg,
			 NULL };
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if (posix_spawnp(&pid, python, NULL, NULL, argv, environ))
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The interpreter of the environment with kfp, or NULL. */
static const char *kfp_python(void)
{
	static char path[4096];
	const char *venvs = getenv("MLXFS_VENVS");

	snprintf(path, sizeof(path), "%s/kfp/bin/python",
		 venvs ? venvs : "/var/tmp/mlxfs-venvs");
	return access(path, X_OK) ? NULL : path;
}

static int put_file(const char *dir, const char *name, const struct buf *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fwrite(text->data, 1, text->len, f);
	return fclose(f) ? -errno : 0;
}

/* Code for a document, as NAME.py in a folder. */
static int put_code(const char *dir, const char *name, const char *yaml,
		    struct buf *why)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	char file[256];
	int err = read_yaml(yaml, why, &p);

	if (!err)
		err = kfp_python_write(&p, &code, why);
	snprintf(file, sizeof(file), "%s.py", name);
	return err ? err : put_file(dir, file, &code);
}

static int put_code_of_file(const char *dir, const char *name, const char *path,
			    struct buf *why)
{
	size_t len;
	AUTO(free_text) char *text = unit_read_file(path, &len);

	return text ? put_code(dir, name, text, why) : -ENOENT;
}

/* ---- the samples ---- */

static int put_samples(const char *dir, struct buf *why)
{
	static const char *const samples[] = {
		"component-samples/create-secret/component.yaml",
		"component-samples/dax-to-dlf/component.yaml",
		"component-samples/dlf/component.yaml",
		"component-samples/echo/component.yaml",
		"component-samples/kube-model-deployment/component.yaml",
		"component-samples/model-config/component.yaml",
		"pipeline-samples/calculation-pipeline.yaml",
		"pipeline-samples/flip-coin-pipeline.yaml",
		"pipeline-samples/katib-pipeline.yaml",
		"pipeline-samples/nested-pipeline.yaml",
		"pipeline-samples/trusted-ai-pipeline.yaml",
		"pipeline-samples/wml-pipeline.yaml",
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(samples) && !err; i++) {
		char path[256], name[32];

		snprintf(path, sizeof(path), "katalog/%s", samples[i]);
		snprintf(name, sizeof(name), "s%02zu", i);
		err = put_code_of_file(dir, name, unit_shared(path), why);
		if (err)
			puts(samples[i]);
	}
	return err;
}

TEST(kfp_compiles_the_samples)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	const char *dir = unit_dir();

	if (!unit_shared("katalog")) {
		unit_skip("no katalog samples here");
		return;
	}
	if (put_samples(dir, &why))
		CHECK_STR(why.data, "");
	if (!kfp_python()) {
		unit_skip("no kfp in $MLXFS_VENVS/kfp");
		return;
	}
	CHECK_INT(ask_python(kfp_python(), driver, dir), 0);
}
