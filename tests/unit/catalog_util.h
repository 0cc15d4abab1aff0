// SPDX-License-Identifier: Apache-2.0
/* What tests of the catalog share: a store with a catalog in the test's own
 * directory, files written as file operations would, and small specs. */
#ifndef TESTS_CATALOG_UTIL_H
#define TESTS_CATALOG_UTIL_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/catalog.h"
#include "ext/json.h"
#include "ext/yaml.h"
#include "unit.h"

struct world {
	struct store *st;
	struct catalog *c;
	char path[256]; /* of the store; made at the first opening */
};

static inline void world_close(struct world *w)
{
	catalog_release(&w->c);
	store_release(&w->st);
}

static inline int world_open(struct world *w)
{
	static const struct store_options options;
	int err;

	if (!w->path[0])
		snprintf(w->path, sizeof(w->path), "%s/store", unit_dir());
	err = store_open(w->path, &options, NULL, &w->st);
	return err ? err : catalog_open(w->st, NULL, &w->c);
}

/* The inode at a path from the root, or 0. */
static inline uint64_t at(struct world *w, const char *path)
{
	struct node_attr attr;

	return node_walk(w->st, path, &attr) ? 0 : attr.ino;
}

static inline uint64_t make_dir(struct world *w, const char *path)
{
	char parent[512];
	const char *slash = strrchr(path, '/');
	uint64_t dir, ino = 0;

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	dir = at(w, parent);
	if (file_make_dir(w->st, dir, slash + 1, 0755, NULL, &ino))
		return 0;
	catalog_changed(w->c, dir, slash + 1);
	return ino;
}

/* Write a file without closing it; the directory must be there. */
static inline int put_quietly(struct world *w, const char *path,
			      const void *data, size_t len)
{
	char parent[512];
	const char *slash = strrchr(path, '/');

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	return file_put(w->st, at(w, parent), slash + 1, 0644, NULL, data, len);
}

/* Write and close it: what the catalog says. */
static inline int put_bytes(struct world *w, const char *path, const void *data,
			    size_t len)
{
	char parent[512];
	const char *slash = strrchr(path, '/');
	int err = put_quietly(w, path, data, len);

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	return err ? err : catalog_closed(w->c, at(w, parent), slash + 1, 1000);
}

static inline int put(struct world *w, const char *path, const char *text)
{
	return put_bytes(w, path, text, strlen(text));
}

/* mv, as the file system does it. */
static inline int move(struct world *w, const char *from, const char *to)
{
	char a[512], b[512];
	const char *x = strrchr(from, '/') + 1, *y = strrchr(to, '/') + 1;
	uint64_t dir, new_dir;
	int err;

	snprintf(a, sizeof(a), "%.*s", (int)(x - 1 - from), from);
	snprintf(b, sizeof(b), "%.*s", (int)(y - 1 - to), to);
	dir = at(w, a);
	new_dir = at(w, b);
	err = node_rename(w->st, dir, x, new_dir, y, 0);
	catalog_changed(w->c, dir, x);
	catalog_changed(w->c, new_dir, y);
	return err;
}

static inline int drop(struct world *w, const char *path)
{
	char parent[512];
	const char *slash = strrchr(path, '/');
	uint64_t dir;
	int err;

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	dir = at(w, parent);
	err = file_remove(w->st, dir, slash + 1);
	catalog_changed(w->c, dir, slash + 1);
	return err;
}

typedef int put_fn(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed);

/* A generated file as text (the caller frees), or NULL. */
static inline char *show(struct world *w, const char *path, put_fn *fn)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	int64_t changed = -1;

	if (fn(w->c, at(w, path), &out, &changed) || changed <= 0)
		return NULL;
	return buf_take(&out);
}

static inline int64_t changed_of(struct world *w, const char *path, put_fn *fn)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	int64_t changed = -1;

	return fn(w->c, at(w, path), &out, &changed) ? -1 : changed;
}

/* A field of metadata.json: a scalar's text, or the JSON of a list or map. The
 * caller frees. "" when absent, NULL when there is no such asset. */
static inline char *field(struct world *w, const char *path, const char *key)
{
	AUTO(free_text) char *text = show(w, path, asset_put_metadata);
	AUTO(value_release) struct value *doc = NULL;
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	const struct value *v;

	if (!text || json_read(text, strlen(text), BUF_MAX, NULL, &doc))
		return NULL;
	v = value_path(doc, key);
	if (v && (v->type == VALUE_LIST || v->type == VALUE_MAP))
		json_write_line(v, &out);
	else
		value_put_scalar(v, &out);
	return buf_take(&out);
}

/* Is a field what is wanted: a text, or JSON for lists and maps. */
static inline bool is_field(const char *is, const char *want)
{
	AUTO(value_release) struct value *a = NULL;
	AUTO(value_release) struct value *b = NULL;

	if (!is || (*want != '[' && *want != '{'))
		return is && !strcmp(is, want);
	return !json_read(is, strlen(is), BUF_MAX, NULL, &a) &&
	       !json_read(want, strlen(want), BUF_MAX, NULL, &b) &&
	       value_equal(a, b);
}

#define CHECK_FIELD(w, path, key, want)                                        \
	do {                                                                   \
		AUTO(free_text) char *is__ = field(w, path, key);              \
		if (!is_field(is__, want)) {                                   \
			unit_fail(__FILE__, __LINE__,                          \
				  "%s of %s is\n%s\nnot\n%s", key, path,       \
				  is__ ? is__ : "(no asset)", want);           \
			return;                                                \
		}                                                              \
	} while (0)
#define CHECK_HAS(text, part)                                                  \
	do {                                                                   \
		const char *text__ = (text);                                   \
		if (!text__ || !strstr(text__, part)) {                        \
			unit_fail(__FILE__, __LINE__, "no '%s' in\n%s", part,  \
				  text__ ? text__ : "(null)");                 \
			return;                                                \
		}                                                              \
	} while (0)

/* The refusals so far. */
static inline char *refusals(struct world *w)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	int64_t changed;

	catalog_put_refusals(w->c, &out, &changed);
	return buf_take(&out);
}

/* ---- small specs ---- */

#define COMPONENT                                                              \
	"name: Count Words\n"                                                  \
	"description: Counts words\n"                                          \
	"inputs:\n"                                                            \
	"- {name: text, type: String, description: what to count}\n"           \
	"- {name: least, type: Integer, default: '3'}\n"                       \
	"outputs:\n"                                                           \
	"- {name: count, type: Integer}\n"                                     \
	"implementation:\n"                                                    \
	"  container:\n"                                                       \
	"    image: alpine:3\n"                                                \
	"    command: [sh, -c, 'echo \"$0\" | wc -w > \"$1\"']\n"              \
	"    args: [{inputValue: text}, {outputPath: count}, "                 \
	"{inputValue: least}]\n"
#define DATASET(id)                                                            \
	"id: " id "\n"                                                         \
	"name: Rain\n"                                                         \
	"description: How much it rained\n"                                    \
	"version: 1.10\n"                                                      \
	"format: [{type: CSV}]\n"                                              \
	"license: {name: CC BY 4.0}\n"                                         \
	"content: [{pattern: rain.csv, records: 12, size: 1K}]\n"
#define MODEL(id)                                                              \
	"model_identifier: " id "\n"                                           \
	"name: Guess\n"                                                        \
	"description: Guesses\n"                                               \
	"framework: {name: sklearn, version: 1.0}\n"                           \
	"license: Apache 2.0\n"                                                \
	"serve:\n"                                                             \
	"  servable: true\n"                                                   \
	"  tested_platforms: [kubernetes, kserve]\n"                           \
	"  serving_container_image: {container_image_url: 'guess:1', "         \
	"container_port: '5000'}\n"
#define NOTEBOOK_SPEC(id)                                                      \
	"id: " id "\n"                                                         \
	"name: Months\n"                                                       \
	"description: Rain by month\n"                                         \
	"implementation:\n"                                                    \
	"  github:\n"                                                          \
	"    source: https://github.com/o/r/blob/main/a/months.ipynb\n"        \
	"    requirements: 'pandas==1.3.5,aif360[all,x]==0.4.0,b>=1, <2'\n"
#define NOTEBOOK                                                               \
	"{\"cells\":[{\"cell_type\":\"markdown\",\"metadata\":{},"             \
	"\"source\":[\"# Rain by *month*\\n\",\"more\"]},"                     \
	"{\"cell_type\":\"code\",\"metadata\":{\"tags\":[\"parameters\"]},"    \
	"\"source\":\"month = 3\\n\",\"outputs\":[],"                          \
	"\"execution_count\":null}],"                                          \
	"\"metadata\":{\"kernelspec\":{\"name\":\"python3\","                  \
	"\"language\":\"python\",\"display_name\":\"Python 3\"}},"             \
	"\"nbformat\":4,\"nbformat_minor\":5}"
#define PIPELINE(name)                                                         \
	"apiVersion: tekton.dev/v1\n"                                          \
	"kind: PipelineRun\n"                                                  \
	"metadata: {name: " name "}\n"                                         \
	"spec:\n"                                                              \
	"  params: [{name: who, value: world}]\n"                              \
	"  pipelineSpec:\n"                                                    \
	"    params: [{name: who, default: you}]\n"                            \
	"    tasks:\n"                                                         \
	"    - name: greet\n"                                                  \
	"      params: [{name: who, value: $(params.who)}]\n"                  \
	"      taskSpec:\n"                                                    \
	"        params: [{name: who}]\n"                                      \
	"        steps:\n"                                                     \
	"        - {name: main, image: alpine, command: [echo], "              \
	"args: [$(params.who)]}\n"

#endif
