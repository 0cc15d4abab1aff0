// SPDX-License-Identifier: Apache-2.0
/*
 * Archives dropped into the catalog: looking for the spec in one, and making
 * files of its members. What is unsafe is refused by ext/archive; here a name
 * is looked up component by component below one directory, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/archive.h"
#include "ext/yaml.h"
#include "state.h"

/* An asset is a description and a few files beside it: data comes by a run. */
static const struct archive_limits look_limits = {
	.bytes = UINT64_C(64) << 20,
	.members = 10000,
	.ratio = 200,
	.depth = 32,
};
static const struct archive_limits unpack_limits = {
	.bytes = UINT64_C(4) << 30,
	.members = 100000,
	.ratio = 200,
	.depth = 32,
};

static int unpack(struct catalog *c, uint64_t ino, const char *name,
		  const struct archive_limits *limits,
		  const struct archive_sink *sink, struct buf *why)
{
	AUTO(content_release) struct content *content = NULL;
	int err = content_open_steady(c->st, ino, &content);

	if (err)
		return why_set(why, err, "it cannot be opened");
	return archive_unpack(content_fd(content), name, limits, sink, why);
}

/* ---- looking for the spec ---- */

struct finding {
	const struct kind *kind;
	struct buf *text;
	struct buf *member;
	bool looking; /* the member that comes now may be it */
	bool found;
};

static int find_directory(void *arg, const char *path, mode_t mode)
{
	(void)arg;
	(void)path;
	(void)mode;
	return 0;
}

/* "spec.yaml" or "folder/spec.yaml". */
static int find_file(void *arg, const char *path, mode_t mode, int64_t mtime,
		     int64_t size)
{
	struct finding *f = arg;
	const char *slash = strchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	(void)mode;
	(void)mtime;
	(void)size;
	f->looking = !strchr(name, '/') && spec_file_is_name(name);
	if (!f->looking)
		return 0;
	buf_clear(f->text);
	buf_clear(f->member);
	buf_puts(f->member, path);
	return f->member->err;
}

static int find_data(void *arg, const void *bytes, size_t len)
{
	struct finding *f = arg;

	if (f->looking)
		buf_add(f->text, bytes, len);
	return 0;
}

/* The first YAML file is the spec where nothing goes without one; elsewhere it
 * has to look like one. -ECANCELED ends the search. */
static int find_end(void *arg)
{
	struct finding *f = arg;
	AUTO(value_release) struct value *docs = NULL;
	int err = 0;

	if (!f->looking)
		return 0;
	if (!f->kind->needs_spec) {
		if (f->text->err == -EFBIG)
			return 0;
		err = yaml_read_all(f->text->data, f->text->len,
				    &yaml_spec_limits, NULL, &docs);
		if (err == -ENOMEM)
			return err;
		if (err || !docs->count || !f->kind->accepts(docs->item[0]))
			return 0;
	}
	f->found = true;
	return -ECANCELED;
}

int unpack_find_spec(struct catalog *c, const struct kind *kind, uint64_t ino,
		     const char *name, struct buf *why, struct buf *ret_text,
		     struct buf *ret_member)
{
	struct finding f = {
		.kind = kind,
		.text = ret_text,
		.member = ret_member,
	};
	struct archive_sink sink = {
		.directory = find_directory,
		.file = find_file,
		.data = find_data,
		.file_end = find_end,
		.arg = &f,
	};
	int err = unpack(c, ino, name, &look_limits, &sink, why);

	if (f.found && ret_text->err)
		return why_set(why, ret_text->err,
			       "%s in it has more than %zu bytes",
			       ret_member->data, ret_text->max);
	if (f.found)
		return 0;
	/* too large for an asset, or no archive at all: some other file */
	return !err || err == -EFBIG || err == -ENOTSUP ? 1 : err;
}

/* ---- making the files ---- */

struct making {
	struct store *st;
	const char *folder; /* "echo/", or "" */
	size_t folder_len;
	uint64_t top;
	const struct owner *owner;
	struct content *content; /* the file that is being written, or NULL */
	uint64_t ino;
	uint64_t at;
	int64_t mtime;
};

/* The member's name below the folder; NULL: it is not in there, or its name is
 * one that the mount keeps for itself. */
static const char *inside(const struct making *m, const char *path)
{
	if (strncmp(path, m->folder, m->folder_len) != 0)
		return NULL;
	path += m->folder_len;
	if (!*path || !strcmp(path, "_mlx") || !strncmp(path, "_mlx/", 5))
		return NULL;
	return path;
}

static int make_directory(void *arg, const char *path, mode_t mode)
{
	struct making *m = arg;
	const char *name;
	uint64_t dir;
	int err;

	path = inside(m, path);
	if (!path)
		return 0;
	err = file_find_parent(m->st, m->top, path, &dir, &name);
	return err ? err
		   : file_make_dir(m->st, dir, name, mode & 0777, m->owner,
				   NULL);
}

static int make_file(void *arg, const char *path, mode_t mode, int64_t mtime,
		     int64_t size)
{
	struct making *m = arg;
	struct node_attr attr;
	const char *name;
	uint64_t dir;
	int err;

	(void)size;
	path = inside(m, path);
	if (!path)
		return 0;
	err = file_find_parent(m->st, m->top, path, &dir, &name);
	if (!err)
		err = file_put(m->st, dir, name, mode & 0777, m->owner, "", 0);
	if (!err)
		err = node_find(m->st, dir, name, &attr);
	if (err)
		return err;
	m->ino = attr.ino;
	m->at = 0;
	m->mtime = mtime;
	return content_open(m->st, attr.ino, O_WRONLY, &m->content);
}

static int make_data(void *arg, const void *bytes, size_t len)
{
	struct making *m = arg;
	ssize_t wrote;

	if (!m->content)
		return 0;
	wrote = content_write(m->content, bytes, len, m->at, false);
	if (wrote < 0)
		return (int)wrote;
	m->at += (uint64_t)wrote;
	return 0;
}

static int make_end(void *arg)
{
	struct making *m = arg;
	struct node_change change = { .what = CHANGE_MTIME, .mtime = m->mtime };
	struct node_attr attr;
	int err;

	if (!m->content)
		return 0;
	err = content_flush(m->content);
	content_release(&m->content);
	if (err < 0 || m->mtime <= 0)
		return err < 0 ? err : 0;
	return node_set(m->st, m->ino, &change, &attr);
}

int unpack_into(struct catalog *c, uint64_t ino, const char *name,
		const char *member, uint64_t dir, const struct owner *owner,
		struct buf *why)
{
	const char *slash = strrchr(member, '/');
	struct making m = {
		.st = c->st,
		.folder = member,
		.folder_len = slash ? (size_t)(slash + 1 - member) : 0,
		.top = dir,
		.owner = owner,
	};
	struct archive_sink sink = {
		.directory = make_directory,
		.file = make_file,
		.data = make_data,
		.file_end = make_end,
		.arg = &m,
	};
	int err = unpack(c, ino, name, &unpack_limits, &sink, why);

	content_release(&m.content);
	return err;
}
