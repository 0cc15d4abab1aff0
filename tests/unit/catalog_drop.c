// SPDX-License-Identifier: Apache-2.0
/* Files dropped into a kind's directory: what becomes an asset, what stays, and
 * what is refused. */
#include "catalog_util.h"

/* The bytes of a file by its path from the root; an alias is followed. */
static char *bytes(struct world *w, const char *dir, const char *name)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	struct node_attr attr;
	uint64_t ino = at(w, dir);
	uint64_t home;

	if (!node_alias_get(w->st, ino, name, &home))
		ino = home;
	if (node_find(w->st, ino, name, &attr) ||
	    file_read(w->st, attr.ino, &out))
		return NULL;
	return buf_take(&out);
}

TEST(a_spec_moves_in)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *text = NULL;
	uint64_t home;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "datasets/x.yaml", DATASET("rain")), 0);
	CHECK_FIELD(&w, "datasets/rain", "id", "rain");
	CHECK_FIELD(&w, "datasets/rain", "state", "registered");
	CHECK_FIELD(&w, "datasets/rain", "spec_file", "x.yaml");
	CHECK_FIELD(&w, "datasets/rain", "owner", "1000");
	CHECK(!at(&w, "datasets/x.yaml"));
	CHECK(at(&w, "datasets/rain/x.yaml"));
	CHECK_INT(node_alias_get(w.st, at(&w, "datasets"), "x.yaml", &home), 0);
	CHECK_INT(home, at(&w, "datasets/rain"));
	text = bytes(&w, "datasets", "x.yaml");
	CHECK_STR(text, DATASET("rain"));
	/* a flush more, and a close by the dropped name: nothing to do */
	CHECK_INT(catalog_closed(w.c, at(&w, "datasets"), "x.yaml", 1000), 0);
	CHECK_INT(catalog_closed(w.c, home, "x.yaml", 1000), 0);
	CHECK_FIELD(&w, "datasets/rain", "state", "registered");
}

TEST(written_again_in_place)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *errors = NULL;
	AUTO(free_text) char *none = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "datasets/x.yaml", DATASET("rain")), 0);
	CHECK_INT(put(&w, "datasets/rain/x.yaml",
		      DATASET("rain") "domain: Weather\n"),
		  0);
	CHECK_FIELD(&w, "datasets/rain", "domain", "Weather");
	/* wrong: the bytes stay, the record too */
	CHECK_INT(put(&w, "datasets/rain/x.yaml", "id: [1]\n"), -EINVAL);
	CHECK_FIELD(&w, "datasets/rain", "domain", "Weather");
	CHECK_FIELD(&w, "datasets/rain", "state", "registered");
	errors = show(&w, "datasets/rain", asset_put_errors);
	CHECK_HAS(errors, "datasets/rain/x.yaml: line 1: 'id': expected a "
			  "string, found a list (Invalid argument)");
	CHECK_HAS(errors, "The last valid spec stays in force");
	/* what does not parse is no less wrong */
	CHECK_INT(put(&w, "datasets/rain/x.yaml", "a: [\n"), -EINVAL);
	CHECK_INT(put(&w, "datasets/rain/x.yaml", DATASET("rain")), 0);
	none = show(&w, "datasets/rain", asset_put_errors);
	CHECK_STR(none, "");
	CHECK_FIELD(&w, "datasets/rain", "domain", "");
}

TEST(the_same_name_dropped_again)
{
	AUTO(world_close) struct world w = { 0 };

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "models/m.yaml", MODEL("guess")), 0);
	/* the alias was lost; the file comes as a new one */
	node_alias_drop(w.st, at(&w, "models"), "m.yaml");
	CHECK_INT(put(&w, "models/m.yaml", MODEL("guess") "domain: Rain\n"), 0);
	CHECK_FIELD(&w, "models/guess", "domain", "Rain");
	CHECK(!at(&w, "models/m.yaml"));
	/* another file of this id */
	CHECK_INT(put(&w, "models/n.yaml", MODEL("guess")), -EEXIST);
	CHECK(at(&w, "models/n.yaml"));
	CHECK(!at(&w, "models/guess/n.yaml"));
	CHECK_FIELD(&w, "models/guess", "domain", "Rain");
}

TEST(a_taken_id)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *said = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "models/first"));
	CHECK_INT(put(&w, "models/first/model.yaml", MODEL("guess")), 0);
	CHECK_INT(put(&w, "models/m.yaml", MODEL("guess")), -EEXIST);
	CHECK(make_dir(&w, "models/second"));
	CHECK_INT(put(&w, "models/second/model.yaml", MODEL("guess")), -EEXIST);
	CHECK_FIELD(&w, "models/second", "state", "invalid");
	said = refusals(&w);
	CHECK_HAS(said, "models/m.yaml: the id 'guess' is taken by "
			"models/first (File exists)");
	CHECK_HAS(said, "models/second/model.yaml: the id");
	/* of another kind it is free */
	CHECK_INT(put(&w, "datasets/guess.yaml", DATASET("guess")), 0);
	/* and when the first one goes */
	CHECK_INT(drop(&w, "models/first"), 0);
	CHECK_INT(put(&w, "models/second/model.yaml", MODEL("guess")), 0);
	CHECK_FIELD(&w, "models/second", "id", "guess");
	CHECK_FIELD(&w, "models/second", "state", "registered");
}

static int judge(struct world *w, uint64_t ino, uint64_t dir, const char *name)
{
	struct catalog_move move = { .ino = ino };

	return catalog_judge(w->c, &move, dir, name);
}

/* Nobody has looked at the assets that lose them. */
TEST(an_id_goes_with_the_spec)
{
	AUTO(world_close) struct world w = { 0 };
	uint64_t a, b, c, ino;
	struct node_attr attr;

	CHECK_INT(world_open(&w), 0);
	a = make_dir(&w, "models/a");
	b = make_dir(&w, "models/b");
	c = make_dir(&w, "models/guess");
	CHECK_INT(put(&w, "models/a/model.yaml", MODEL("rain")), 0);
	CHECK_INT(put(&w, "models/b/model.yaml", MODEL("rain")), -EEXIST);
	CHECK_INT(drop(&w, "models/a/model.yaml"), 0);
	CHECK_INT(put(&w, "models/b/model.yaml", MODEL("rain")), 0);
	/* another name of the spec, which it is still */
	CHECK_INT(node_rename(w.st, b, "model.yaml", b, "b.yaml", 0), 0);
	CHECK_INT(put(&w, "models/a/model.yaml", MODEL("rain")), -EEXIST);
	CHECK_INT(drop(&w, "models/a/model.yaml"), 0);
	/* a rename that is asked for */
	ino = at(&w, "models/b/b.yaml");
	CHECK_INT(judge(&w, ino, a, "model.yaml"), 0);
	CHECK_INT(node_link(w.st, ino, b, "model.yaml", &attr), 0);
	CHECK_INT(judge(&w, ino, a, "model.yaml"), -EEXIST);
	CHECK_INT(node_unlink(w.st, b, "model.yaml"), 0);
	CHECK_INT(node_rename(w.st, b, "b.yaml", a, "model.yaml", 0), 0);
	CHECK_INT(catalog_closed(w.c, a, "model.yaml", 1000), 0);
	CHECK_FIELD(&w, "models/a", "id", "rain");
	CHECK_FIELD(&w, "models/b", "id", "b");
	/* the directory's own name stays, unless it goes */
	CHECK_INT(put(&w, "models/guess/model.yaml", MODEL("guess")), 0);
	ino = at(&w, "models/guess/model.yaml");
	CHECK_INT(judge(&w, ino, b, "model.yaml"), -EEXIST);
	CHECK_INT(catalog_judge(w.c, &(struct catalog_move){ ino, c }, b,
				"model.yaml"),
		  0);
}

TEST(a_wrong_drop_stays_a_file)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *said = NULL;

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "components/template.yaml",
		      "name: <Component Name>\nimplementation: {}\n"),
		  -EINVAL);
	CHECK_INT(put(&w, "components/list.yml", "- a\n"), -EINVAL);
	CHECK_INT(put(&w, "pipelines/c.yaml", COMPONENT), -EINVAL);
	CHECK_INT(put(&w, "notebooks/n.ipynb", "not json"), -EINVAL);
	CHECK_INT(put(&w, "notebooks/o.ipynb", "{\"a\": 1}"), -EINVAL);
	CHECK_INT(put(&w, "notebooks/\xe3\x83\x87.ipynb", NOTEBOOK), -EINVAL);
	CHECK(at(&w, "components/template.yaml"));
	CHECK(at(&w, "notebooks/n.ipynb"));
	said = refusals(&w);
	CHECK_HAS(said, " components/template.yaml: line 1: 'name'");
	CHECK_HAS(said, " components/list.yml: line 1: expected a component, "
			"which is a map; found a list");
	CHECK_HAS(said, "notebooks/n.ipynb: byte ");
	CHECK_HAS(said, "expected a map with 'cells'");
	/* once it is right it moves in */
	CHECK_INT(put(&w, "components/template.yaml", COMPONENT), 0);
	CHECK_FIELD(&w, "components/count-words", "state", "registered");
}

TEST(other_files_stay)
{
	static const char *const names[] = {
		"datasets/README.md",  "datasets/a.csv",
		"models/x.ipynb",      "datasets/.x.yaml.AbCdEf",
		"datasets/.x.yaml",    "datasets/x.yaml~",
		"datasets/._x.yaml",   "datasets/data.tgz",
		"notebooks/sedAbCdEf",
	};
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *said = NULL;

	CHECK_INT(world_open(&w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_INT(put(&w, names[i], DATASET("rain")), 0);
		CHECK(at(&w, names[i]));
	}
	CHECK(!at(&w, "datasets/rain"));
	said = refusals(&w);
	CHECK_STR(said, "");
}

TEST(too_large)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

	CHECK_INT(world_open(&w), 0);
	buf_puts(&text, DATASET("rain") "x: ");
	while (text.len <= 1 << 20)
		buf_puts(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	CHECK_INT(put(&w, "datasets/x.yaml", text.data), -EFBIG);
	CHECK(make_dir(&w, "datasets/rain"));
	CHECK_INT(put(&w, "datasets/rain/dataset.yaml", text.data), -EFBIG);
	CHECK_FIELD(&w, "datasets/rain", "state", "invalid");
	buf_clear(&text);
	while (text.len < 200 << 10)
		buf_puts(&text, "[[[[[[[[[[[[[[[[");
	CHECK_INT(put(&w, "datasets/rain/dataset.yaml", text.data), -EFBIG);
	CHECK_INT(put(&w, "datasets/rain/dataset.yaml", DATASET("rain")), 0);
}

TEST(a_rename_is_judged_first)
{
	AUTO(world_close) struct world w = { 0 };
	AUTO(free_text) char *errors = NULL;
	uint64_t kind_dir, dir, ino;

	CHECK_INT(world_open(&w), 0);
	kind_dir = at(&w, "datasets");
	CHECK_INT(put(&w, "datasets/.x.yaml.AbCdEf", "id: A B\n"), 0);
	ino = at(&w, "datasets/.x.yaml.AbCdEf");
	CHECK_INT(judge(&w, ino, kind_dir, "x.yaml"), -EINVAL);
	/* to a name that says nothing it may go */
	CHECK_INT(judge(&w, ino, kind_dir, "x.txt"), 0);
	CHECK_INT(put(&w, "datasets/.x.yaml.AbCdEf", DATASET("rain")), 0);
	ino = at(&w, "datasets/.x.yaml.AbCdEf");
	CHECK_INT(judge(&w, ino, kind_dir, "x.yaml"), 0);
	CHECK(!at(&w, "datasets/rain"));
	CHECK_INT(node_rename(w.st, kind_dir, ".x.yaml.AbCdEf", kind_dir,
			      "x.yaml", 0),
		  0);
	CHECK_INT(catalog_closed(w.c, kind_dir, "x.yaml", 1000), 0);
	dir = at(&w, "datasets/rain");
	CHECK(dir);
	/* the same within the asset */
	CHECK_INT(put(&w, "datasets/rain/.x.yaml.AbCdEf", "id: A B\n"), 0);
	ino = at(&w, "datasets/rain/.x.yaml.AbCdEf");
	CHECK_INT(judge(&w, ino, dir, "x.yaml"), -EINVAL);
	CHECK_INT(judge(&w, ino, kind_dir, "x.yaml"), -EINVAL);
	CHECK_INT(judge(&w, ino, dir, "dataset.yaml"), -EINVAL);
	CHECK_INT(judge(&w, ino, dir, "notes.yaml"), 0);
	errors = show(&w, "datasets/rain", asset_put_errors);
	CHECK_HAS(errors, "datasets/rain/dataset.yaml: line 1");
	CHECK_FIELD(&w, "datasets/rain", "state", "registered");
}

TEST(a_notebook_moves_in)
{
	AUTO(world_close) struct world w = { 0 };

	CHECK_INT(world_open(&w), 0);
	CHECK_INT(put(&w, "notebooks/Rain by Month.ipynb", NOTEBOOK), 0);
	CHECK_FIELD(&w, "notebooks/rain-by-month", "state", "registered");
	CHECK_FIELD(&w, "notebooks/rain-by-month", "name", "Rain by *month*");
	CHECK_FIELD(&w, "notebooks/rain-by-month", "description", "more");
	CHECK_FIELD(&w, "notebooks/rain-by-month", "kernel", "python3");
	CHECK_FIELD(&w, "notebooks/rain-by-month", "language", "python");
	CHECK_FIELD(&w, "notebooks/rain-by-month", "notebook_file",
		    "Rain by Month.ipynb");
	CHECK_FIELD(&w, "notebooks/rain-by-month", "parameters",
		    "[{\"name\": \"month\", \"type\": \"Integer\", "
		    "\"default\": 3, \"required\": false}]");
	CHECK_INT(put(&w, "notebooks/rain_by-month.ipynb", NOTEBOOK), -EEXIST);
}

/* ---- archives ---- */

struct member {
	const char *name, *text; /* NULL: a symbolic link to /etc/passwd */
};

/* A tar.gz by tar itself; *ret_data is freed by the caller. */
static int pack(const struct member *m, size_t count, char **ret_data,
		size_t *ret_len)
{
	const char *dir = unit_dir();
	char command[1024], path[512];

	for (size_t i = 0; i < count; i++) {
		FILE *f;

		snprintf(command, sizeof(command),
			 "mkdir -p \"$(dirname '%s/in/%s')\"", dir, m[i].name);
		if (system(command))
			return -EIO;
		snprintf(path, sizeof(path), "%s/in/%s", dir, m[i].name);
		if (!m[i].text && symlink("/etc/passwd", path))
			return -errno;
		f = m[i].text ? fopen(path, "w") : NULL;
		if (f)
			fputs(m[i].text, f);
		if (f)
			fclose(f);
	}
	snprintf(command, sizeof(command),
		 "tar -C '%s/in' -czf '%s/a.tgz' --sort=name .", dir, dir);
	if (system(command))
		return -EIO;
	snprintf(path, sizeof(path), "%s/a.tgz", dir);
	*ret_data = unit_read_file(path, ret_len);
	return *ret_data ? 0 : -EIO;
}

static int drop_archive(struct world *w, const char *path,
			const struct member *m, size_t count)
{
	AUTO(free_text) char *data = NULL;
	size_t len;
	int err = pack(m, count, &data, &len);

	return err ? err : put_bytes(w, path, data, len);
}

/* unit_dir() makes a new directory and removes the one before: keep the
 * store elsewhere. */
static int open_apart(struct world *w)
{
	snprintf(w->path, sizeof(w->path), "/var/tmp/mlxfs-unit-store-XXXXXX");
	return mkdtemp(w->path) ? world_open(w) : -errno;
}

static void close_apart(struct world *w)
{
	char command[512];

	world_close(w);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->path);
	if (w->path[0] && system(command))
		fprintf(stderr, "%s stays\n", w->path);
}

TEST(an_archive_moves_in)
{
	static const struct member flat[] = {
		{ "README.md", "# Guess\n\nA guess.\n" },
		{ "data/w.json", "{}" },
		{ "model.yaml", MODEL("guess") },
	};
	static const struct member folder[] = {
		{ "count/component.yaml", COMPONENT },
		{ "count/src/main.py", "print()\n" },
		{ "other/x.txt", "x" },
	};
	AUTO(close_apart) struct world w = { 0 };
	uint64_t home;

	CHECK_INT(open_apart(&w), 0);
	CHECK_INT(drop_archive(&w, "models/a.tgz", flat, 3), 0);
	CHECK_FIELD(&w, "models/guess", "state", "registered");
	CHECK_FIELD(&w, "models/guess", "files", "4");
	CHECK_FIELD(&w, "models/guess", "readme", "README.md");
	CHECK(at(&w, "models/guess/data/w.json"));
	CHECK(at(&w, "models/guess/a.tgz"));
	CHECK_INT(node_alias_get(w.st, at(&w, "models"), "a.tgz", &home), 0);
	/* a folder in it: what is in the spec's folder is the asset */
	CHECK_INT(drop_archive(&w, "components/b.tar.gz", folder, 3), 0);
	CHECK_FIELD(&w, "components/count-words", "state", "registered");
	CHECK(at(&w, "components/count-words/src/main.py"));
	CHECK(!at(&w, "components/count-words/count"));
	CHECK(!at(&w, "components/count-words/other"));
}

TEST(archives_that_are_none)
{
	static const struct member data[] = { { "a.csv", "1,2\n" },
					      { "config.yaml", "a: b\n" } };
	static const struct member evil[] = {
		{ "component.yaml", COMPONENT },
		{ "link", NULL },
	};
	static const struct member wrong[] = {
		{ "model.yaml", "model_identifier: A\nframework: {}\n" },
	};
	AUTO(close_apart) struct world w = { 0 };
	AUTO(free_text) char *said = NULL;

	CHECK_INT(open_apart(&w), 0);
	/* data without a spec is a file like any other */
	CHECK_INT(drop_archive(&w, "datasets/d.tgz", data, 2), 0);
	CHECK(at(&w, "datasets/d.tgz"));
	/* unsafe: nothing of it is left */
	CHECK_INT(drop_archive(&w, "components/e.tgz", evil, 2), -EINVAL);
	CHECK(at(&w, "components/e.tgz"));
	CHECK(!at(&w, "components/count-words"));
	CHECK_INT(drop_archive(&w, "models/w.tgz", wrong, 1), -EINVAL);
	said = refusals(&w);
	CHECK_HAS(said, "components/e.tgz: ");
	CHECK_HAS(said, "models/w.tgz: model.yaml in it: line 1: "
			"'model_identifier': 'A' is no id");
	CHECK_INT(put(&w, "pipelines/n.tgz", "no archive at all"), 0);
}
