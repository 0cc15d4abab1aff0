// SPDX-License-Identifier: Apache-2.0
/*
 * Looking at a directory without a spec (bare.h). Limits: LOOK_MOST entries of
 * the whole tree are counted, the README's first READ_MOST bytes are read, a
 * notebook of at most BUF_MAX bytes.
 *
 * The card is what Hugging Face calls the YAML between two lines of "---" at
 * the beginning of README.md (huggingface.co/docs/hub/model-cards).
 */
#include "bare.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/json.h"
#include "ext/yaml.h"
#include "license.h"
#include "listing.h"
#include "pipeline/format.h"
#include "spec.h"
#include "store/file.h"

#define LOOK_MOST 20000
#define DIRECT_MOST 4096
#define READ_MOST (256 << 10)
#define SUMMARY_MOST 500
#define FORMATS_MOST 32

/* ---- reading ---- */

/* The first bytes of a file; what cannot be read is nothing. */
static void read_start(struct store *st, uint64_t ino, size_t most,
		       struct buf *out)
{
	AUTO(content_release) struct content *content = NULL;
	char *room;
	ssize_t got;

	if (content_open(st, ino, O_RDONLY, &content))
		return;
	room = buf_reserve(out, most);
	if (!room)
		return;
	got = content_read(content, room, most, 0);
	if (got <= 0)
		return;
	out->len += (size_t)got;
	out->data[out->len] = 0;
	if (strlen(out->data) != out->len || !name_is_utf8(out->data, out->len))
		buf_clear(out);
}

/* Step back to the beginning of a character. */
static size_t utf8_cut(const char *text, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

static const char *next_line(const char *text)
{
	text += line_length(text);
	return *text ? text + 1 : text;
}

static bool is_rule(const char *line)
{
	return !strncmp(line, "---", 3) &&
	       strspn(line + 3, " \t\r") == line_length(line) - 3;
}

/* The card in front, if there is one; returns where the text goes on. */
static const char *read_card(const char *text, struct value **ret_card)
{
	const char *end;

	if (line_length(text) < 3 || !is_rule(text))
		return text;
	for (end = next_line(text); *end; end = next_line(end)) {
		const char *begin = next_line(text);
		AUTO(value_release) struct value *card = NULL;

		if (line_length(end) < 3 || !is_rule(end))
			continue;
		if (!yaml_read(begin, (size_t)(end - begin), &yaml_spec_limits,
			       NULL, &card) &&
		    value_is(card, VALUE_MAP))
			*ret_card = TAKE(card);
		return next_line(end);
	}
	return text;
}

/* "# Title #" -> "Title". NULL: no heading, or no memory. */
static char *heading(const char *line)
{
	size_t level = strspn(line, "#");
	size_t len = line_length(line);

	if (!level || level > 2 || line[level] != ' ')
		return NULL;
	line += level;
	len -= level;
	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	while (len &&
	       (isspace((unsigned char)line[len - 1]) || line[len - 1] == '#'))
		len--;
	return len ? strndup(line, utf8_cut(line, len, NAME_LIMIT)) : NULL;
}

static bool is_prose(const char *line)
{
	return line_length(line) && !strchr("#!<|>-*=`[:+\r\t \n", line[0]);
}

/* The lines of a paragraph as one. */
static char *paragraph(const char *text)
{
	AUTO(buf_release) struct buf out = BUF_INIT(READ_MOST);

	for (; is_prose(text); text = next_line(text)) {
		size_t len = line_length(text);

		while (len && isspace((unsigned char)text[len - 1]))
			len--;
		if (out.len)
			buf_putc(&out, ' ');
		buf_add(&out, text, len);
	}
	if (out.err)
		return NULL;
	return strndup(out.data, utf8_cut(out.data, out.len, SUMMARY_MOST));
}

static void read_prose(const char *text, struct bare *b)
{
	bool code = false;

	for (; *text && !b->summary; text = next_line(text)) {
		if (!strncmp(text, "```", 3))
			code = !code;
		else if (!code && !b->title && *text == '#')
			b->title = heading(text);
		else if (!code && is_prose(text))
			b->summary = paragraph(text);
	}
}

static void read_readme(struct store *st, const struct listing_entry *e,
			struct bare *b)
{
	AUTO(buf_release) struct buf text = BUF_INIT(READ_MOST);

	read_start(st, e->attr.ino, READ_MOST, &text);
	if (!text.err)
		read_prose(read_card(text.data, &b->card), b);
}

static void read_license(struct store *st, const struct listing_entry *e,
			 struct bare *b)
{
	AUTO(buf_release) struct buf text = BUF_INIT(READ_MOST);

	read_start(st, e->attr.ino, 16384, &text);
	if (!text.err && !b->license)
		b->license = license_find_text(text.data);
}

static void read_notebook(struct store *st, const struct listing_entry *e,
			  struct bare *b)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *doc = NULL;

	free(b->notebook);
	b->notebook = strdup(e->name);
	if (file_read(st, e->attr.ino, &text) ||
	    json_read(text.data, text.len, BUF_MAX, NULL, &doc))
		return;
	if (value_is(value_find(doc, "cells"), VALUE_LIST))
		b->notebook_doc = TAKE(doc);
}

/* ---- what is directly in it ---- */

static bool is_yaml(const char *name)
{
	return name_has_suffix(name, ".yaml") || name_has_suffix(name, ".yml");
}

/* How good a README a name is: 0 none, else the higher the better. */
static int readme_rank(const char *name, const char *directory)
{
	size_t len = strlen(directory);

	if (!strcasecmp(name, "README.md"))
		return 4;
	if (!strcasecmp(name, "README") || !strcasecmp(name, "README.txt") ||
	    !strcasecmp(name, "README.rst"))
		return 3;
	if (!name_has_suffix(name, ".md"))
		return 0;
	return !strncmp(name, directory, len) && name[len] == '.' ? 2 : 1;
}

static bool is_license(const char *name)
{
	return !strncasecmp(name, "LICENSE", 7) ||
	       !strncasecmp(name, "LICENCE", 7) ||
	       !strncasecmp(name, "COPYING", 7);
}

/* A page, a description, a hidden file are none. */
static bool is_data(const char *name)
{
	return name[0] != '.' && !name_has_suffix(name, ".md") &&
	       !is_yaml(name) && !is_license(name);
}

struct found {
	const struct listing_entry *readme;
	const struct listing_entry *license;
	const struct listing_entry *notebook;
	int rank;
};

static void note(const struct listing_entry *e, const char *prefer,
		 struct bare *b, struct found *f)
{
	int rank = readme_rank(e->name, b->directory);

	if (!S_ISREG(e->attr.mode))
		return;
	b->others += name_is_scratch(e->name) || !is_data(e->name);
	if (name_is_scratch(e->name))
		return;
	if (rank > f->rank) {
		f->readme = e;
		f->rank = rank;
	}
	if (is_license(e->name) && !f->license)
		f->license = e;
	if (is_yaml(e->name) && e->name[0] != '.')
		b->specs++;
	if (!name_has_suffix(e->name, ".ipynb"))
		return;
	b->notebooks++;
	if (!f->notebook || (prefer && !strcmp(e->name, prefer)))
		f->notebook = e;
}

static int read_direct(struct store *st, uint64_t dir, const char *prefer,
		       unsigned int what, struct bare *b)
{
	AUTO(listing_release) struct listing l = LISTING_INIT(DIRECT_MOST);
	struct found f = { 0 };
	int err = listing_read(st, dir, &l);

	if (err)
		return err;
	listing_sort(&l);
	for (size_t i = 0; i < l.count; i++)
		note(&l.entry[i], prefer, b, &f);
	b->has_license = f.license != NULL;
	if (f.readme)
		b->readme = strdup(f.readme->name);
	if (f.readme && what & BARE_TEXTS)
		read_readme(st, f.readme, b);
	if (f.license && what & BARE_TEXTS)
		read_license(st, f.license, b);
	if (f.notebook && what & BARE_NOTEBOOK)
		read_notebook(st, f.notebook, b);
	return 0;
}

/* ---- what kinds of files there are ---- */

/* "csv", "tar.gz"; NULL: none, or no data (a page, a hidden file). */
static const char *suffix_of(const char *name)
{
	static const char *const packed[] = { ".gz", ".bz2", ".xz", ".zst" };
	const char *dot = strrchr(name, '.');
	const char *before = NULL;

	if (!dot || dot == name || !dot[1] || strlen(dot) > 12 ||
	    !is_data(name))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (!strcasecmp(dot, packed[i]))
			before = memrchr(name, '.', (size_t)(dot - name));
	if (before && before != name && dot - before <= 6)
		dot = before;
	return dot + 1;
}

static bool is_weights(const char *name)
{
	static const char *const suffix[] = {
		".safetensors", ".onnx",    ".pt",   ".pth",	  ".h5",
		".keras",	".tflite",  ".gguf", ".ckpt",	  ".pb",
		".joblib",	".mlmodel", ".pmml", "model.bin", ".pkl",
	};

	for (size_t i = 0; i < ARRAY_SIZE(suffix); i++)
		if (name_has_suffix(name, suffix[i]))
			return true;
	return false;
}

static int add_to(struct value *map, const char *key, uint64_t more)
{
	int64_t now = 0;

	if (value_find(map, key))
		value_int(value_find(map, key), &now);
	return value_set_int(map, key, now + (int64_t)more);
}

static int count_suffix(struct value *formats, const char *suffix,
			uint64_t bytes)
{
	char low[16] = "";
	struct value *one = NULL;
	int err = 0;

	for (size_t i = 0; i < sizeof(low) - 1 && suffix[i]; i++)
		low[i] = (char)tolower((unsigned char)suffix[i]);
	for (size_t i = 0; i < formats->count && !one; i++)
		if (!strcmp(value_find_string(formats->item[i], "suffix"), low))
			one = formats->item[i];
	if (!one && formats->count == FORMATS_MOST)
		return 0;
	if (!one) {
		AUTO(value_release) struct value *made = value_new_map();

		one = made;
		err = made ? value_set_string(made, "suffix", low) : -ENOMEM;
		if (!err)
			err = value_add(formats, TAKE(made));
	}
	if (!err)
		err = add_to(one, "files", 1);
	return err ? err : add_to(one, "bytes", bytes);
}

static int count_entry(const struct listing_entry *e, struct bare *b)
{
	const char *suffix = suffix_of(e->name);

	if (!S_ISREG(e->attr.mode) || name_is_scratch(e->name))
		return 0;
	if (!b->oldest || e->attr.mtime < b->oldest)
		b->oldest = e->attr.mtime;
	b->weights += is_weights(e->name);
	return suffix ? count_suffix(b->formats, suffix, e->attr.size) : 0;
}

/* All below: the listing grows at its end while its directories are read. */
static int read_below(struct store *st, uint64_t dir, struct bare *b)
{
	AUTO(listing_release) struct listing l = LISTING_INIT(LOOK_MOST);
	int err = listing_read(st, dir, &l);

	for (size_t i = 0; !err && i < l.count; i++) {
		const struct listing_entry *e = &l.entry[i];

		if (!S_ISDIR(e->attr.mode))
			err = count_entry(e, b);
		else if (e->name[0] != '.')
			err = listing_read(st, e->attr.ino, &l);
		/* removed meanwhile */
		if (err == -ESTALE || err == -ENOENT)
			err = 0;
	}
	return err;
}

static int by_files(const void *a, const void *b)
{
	const struct value *x = *(struct value *const *)a;
	const struct value *y = *(struct value *const *)b;
	int64_t m = 0;
	int64_t n = 0;

	value_int(value_find(x, "files"), &m);
	value_int(value_find(y, "files"), &n);
	if (m != n)
		return m < n ? 1 : -1;
	return strcmp(value_find_string(x, "suffix"),
		      value_find_string(y, "suffix"));
}

int bare_read(struct store *st, uint64_t dir, const char *directory,
	      const char *prefer, unsigned int what, struct bare *ret_bare)
{
	AUTO(bare_release) struct bare b = { 0 };
	int err;

	b.directory = strdup(directory);
	b.formats = value_new_list();
	if (!b.directory || !b.formats)
		return -ENOMEM;
	err = read_direct(st, dir, prefer, what, &b);
	if (!err && what & BARE_TREE)
		err = read_below(st, dir, &b);
	if (err)
		return err;
	if (b.formats->count)
		qsort(b.formats->item, b.formats->count,
		      sizeof(*b.formats->item), by_files);
	*ret_bare = b;
	b = (struct bare){ 0 };
	return 0;
}

void bare_release(struct bare *b)
{
	free(b->directory);
	free(b->readme);
	free(b->title);
	free(b->summary);
	free(b->notebook);
	value_free(b->card);
	value_free(b->formats);
	value_free(b->notebook_doc);
	*b = (struct bare){ 0 };
}

/* ---- into a record ---- */

int bare_copy_basics(const struct bare *b, struct value *record)
{
	int err = value_set_string(record, "name",
				   b->title ? b->title : b->directory);

	if (!err && b->summary)
		err = value_set_string(record, "description", b->summary);
	if (!err && b->license)
		err = value_set_string(record, "license", b->license);
	return err;
}

/* A card's licence may be a list; "other" then has a license_name. */
static int copy_card_license(const struct bare *b, struct value *record)
{
	const struct value *license = value_find(b->card, "license");
	const char *text = value_string(license);
	const char *spdx;
	int err;

	if (value_is(license, VALUE_LIST) && license->count)
		text = value_string(license->item[0]);
	if (text && !strcmp(text, "other") &&
	    value_find_string(b->card, "license_name"))
		text = value_find_string(b->card, "license_name");
	if (!text || !*text)
		return 0;
	spdx = license_find(text);
	err = value_set_string(record, "license", spdx ? spdx : text);
	return err ? err : value_set_string(record, "license_name", text);
}

/* A wrong type in a card makes no refusal: the field is left out. */
static int lenient(int err)
{
	return err == -EINVAL ? 0 : err;
}

int bare_copy_card(const struct bare *b, struct value *record)
{
	static const struct {
		const char *from;
		const char *to;
	} texts[] = { { "pretty_name", "name" },
		      { "model_name", "name" },
		      { "pipeline_tag", "domain" },
		      { "version", "version" },
		      { "license_link", "license_url" },
		      { "homepage", "website" } },
	  lists[] = {
		  { "tags", "tags" },		{ "language", "languages" },
		  { "datasets", "trained_on" }, { "base_model", "base_models" },
		  { "metrics", "metrics" },	{ "task_categories", "tasks" }
	  };
	int err;

	if (!b->card)
		return 0;
	err = value_set_string(record, "spec_format", "hugging-face-card");
	for (size_t i = 0; !err && i < ARRAY_SIZE(texts); i++)
		err = lenient(spec_copy_text(b->card, texts[i].from,
					     SPEC_OPTIONAL, record, texts[i].to,
					     NULL));
	for (size_t i = 0; !err && i < ARRAY_SIZE(lists); i++)
		err = lenient(spec_copy_texts(b->card, lists[i].from, record,
					      lists[i].to, NULL));
	return err ? err : copy_card_license(b, record);
}

/* A cell's source: a text, or a list of lines. */
static int put_source(const struct value *cell, struct buf *out)
{
	const struct value *source = value_find(cell, "source");

	if (value_string(source))
		buf_puts(out, source->text);
	for (size_t i = 0; value_is(source, VALUE_LIST) && i < source->count;
	     i++)
		if (value_string(source->item[i]))
			buf_puts(out, source->item[i]->text);
	return out->err;
}

/* The first heading of the notebook's text cells, and the first paragraph. */
static int read_cells(const struct value *doc, struct bare *told)
{
	const struct value *cells = value_find(doc, "cells");

	for (size_t i = 0; i < cells->count && !told->summary; i++) {
		AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
		const char *type =
			value_find_string(cells->item[i], "cell_type");
		int err;

		if (!type || strcmp(type, "markdown") != 0)
			continue;
		err = put_source(cells->item[i], &text);
		if (err)
			return err;
		read_prose(text.data, told);
	}
	return 0;
}

static int copy_prose(const struct value *doc, struct value *record)
{
	AUTO(bare_release) struct bare told = { 0 };
	int err = read_cells(doc, &told);

	if (!err && told.title)
		err = value_set_string(record, "name", told.title);
	if (!err && told.summary && !value_find(record, "description"))
		err = value_set_string(record, "description", told.summary);
	return err ? err : value_set_string(record, "spec_format", "nbformat");
}

static int copy_kernel(const struct value *doc, struct value *record)
{
	const char *kernel =
		value_string(value_path(doc, "metadata.kernelspec.name"));
	const char *language =
		value_string(value_path(doc, "metadata.language_info.name"));
	int err = 0;

	if (!language)
		language = value_string(
			value_path(doc, "metadata.kernelspec.language"));
	if (kernel)
		err = value_set_string(record, "kernel", kernel);
	if (!err && language)
		err = value_set_string(record, "language", language);
	return err;
}

int bare_copy_notebook(const struct bare *b, struct value *record)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	int err;

	if (!b->notebook || !b->notebook_doc)
		return 0;
	err = value_set_string(record, "notebook_file", b->notebook);
	if (!err)
		err = copy_kernel(b->notebook_doc, record);
	if (!err && !value_find(record, "spec_format"))
		err = copy_prose(b->notebook_doc, record);
	if (err || notebook_read(b->notebook_doc, NULL, &p))
		return err == -ENOMEM ? err : 0;
	return record_set_params(record, "parameters", p.params,
				 p.params_count);
}
