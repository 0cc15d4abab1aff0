// SPDX-License-Identifier: Apache-2.0
/*
 * A notebook as a process of its owner's. papermill where it is there; else
 * nbclient with a copy of the notebook into which the parameters were put
 * already, by papermill's rule: a cell tagged "injected-parameters" behind the
 * one tagged "parameters", or at the top. Which of them there is only its owner
 * can tell, so a small script chooses; and the copy is made in any case.
 *
 *	$1 the notebook   $2 the result   $3 parameters as JSON   $4 the copy
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "base/cleanup.h"
#include "ext/json.h"
#include "job.h"
#include "ledger.h"
#include "pipeline/format.h"
#include "view.h"

#define NOTEBOOK_LIMIT ((size_t)64 << 20)
#define COPY_NAME "with-parameters.ipynb"

/* The result is written after a failure, too: it shows where. */
static const char script[] =
	"if command -v papermill >/dev/null 2>&1; then\n"
	"	set -- papermill \"$@\"\n"
	"elif python3 -c 'import papermill' 2>/dev/null; then\n"
	"	set -- 'python3 -m papermill' \"$@\"\n"
	"elif python3 -c 'import nbclient, ipykernel' 2>/dev/null; then\n"
	"	exec python3 - \"$4\" \"$2\" <<'END'\n"
	"import sys\n"
	"import nbformat\n"
	"from nbclient import NotebookClient\n"
	"book = nbformat.read(sys.argv[1], as_version=4)\n"
	"try:\n"
	"    NotebookClient(book, timeout=None).execute()\n"
	"finally:\n"
	"    nbformat.write(book, sys.argv[2])\n"
	"    for cell in book.cells:\n"
	"        for output in cell.get('outputs', []):\n"
	"            print(output.get('text', ''), end='')\n"
	"END\n"
	"else\n"
	"	echo 'Notebooks need papermill, or nbclient and ipykernel:' "
	"\\\n"
	"		'python3 -m pip install papermill ipykernel' >&2\n"
	"	exit 69\n"
	"fi\n"
	"exec $1 \"$2\" \"$3\" -y \"$4\" --no-progress-bar --log-output\n";

/* ---- the copy with parameters ---- */

static int put_source(const struct value *parameters, struct buf *out)
{
	buf_puts(out, "# Parameters\n");
	for (size_t i = 0; i < parameters->count; i++) {
		python_put_identifier(parameters->key[i], out);
		buf_puts(out, " = ");
		python_put_value(parameters->item[i], out);
		buf_putc(out, '\n');
	}
	return out->err;
}

static int set_metadata(struct value *cell)
{
	struct value *metadata = value_new_map(), *tags = value_new_list();
	int err = value_set(cell, "metadata", metadata);

	if (err) {
		value_free(tags);
		return err;
	}
	err = value_set(metadata, "tags", tags);
	return err ? err
		   : value_add(tags, value_new_string("injected-parameters"));
}

static int make_cell(const struct value *book, const struct value *parameters,
		     struct value *cell)
{
	AUTO(buf_release) struct buf source = BUF_INIT(BUF_MAX);
	int64_t minor = 0;
	int err = put_source(parameters, &source);

	if (!err)
		err = value_set_string(cell, "cell_type", "code");
	if (!err)
		err = set_metadata(cell);
	if (!err)
		err = value_set(cell, "execution_count", value_new_null());
	if (!err)
		err = value_set(cell, "outputs", value_new_list());
	if (!err)
		err = value_set_string(cell, "source", source.data);
	/* cells have ids from nbformat 4.5 on, and must not have them before */
	if (!err && !value_int(value_find(book, "nbformat_minor"), &minor) &&
	    minor >= 5)
		err = value_set_string(cell, "id", "injected-parameters");
	return err;
}

/* The cells again, with the new one in its place and an old one left out. */
static int inject(struct value *book, struct value *take_cell)
{
	AUTO(value_release) struct value *cell = take_cell;
	const struct value *cells = value_find(book, "cells");
	AUTO(value_release) struct value *again = value_new_list();
	bool tagged = false;
	int err = again && cell ? 0 : -ENOMEM;

	for (size_t i = 0; i < cells->count; i++)
		tagged = tagged ||
			 notebook_has_tag(cells->item[i], "parameters");
	if (!err && !tagged)
		err = value_add(again, TAKE(cell));
	for (size_t i = 0; !err && i < cells->count; i++) {
		if (notebook_has_tag(cells->item[i], "injected-parameters"))
			continue;
		err = value_add(again, value_copy(cells->item[i]));
		if (!err && cell &&
		    notebook_has_tag(cells->item[i], "parameters"))
			err = value_add(again, TAKE(cell));
	}
	return err ? err : value_set(book, "cells", TAKE(again));
}

static int put_copy(struct job *job, struct value *book,
		    const struct value *parameters)
{
	AUTO(buf_release) struct buf text = BUF_INIT(NOTEBOOK_LIMIT);
	AUTO(value_release) struct value *cell = value_new_map();
	const struct run *r = job->run;
	int err = cell ? 0 : -ENOMEM;

	if (!err && parameters->count) {
		err = make_cell(book, parameters, cell);
		if (!err)
			err = inject(book, TAKE(cell));
	}
	if (err)
		return err;
	json_write(book, &text);
	return text.err ? text.err
			: file_put(r->st, job->inputs_ino, COPY_NAME, 0644,
				   &r->owner, text.data, text.len);
}

/* ---- the process ---- */

static int read_book(struct job *job, struct value **ret_book)
{
	AUTO(buf_release) struct buf text = BUF_INIT(NOTEBOOK_LIMIT);
	const char *file = job->task->notebook.file;
	const struct run *r = job->run;
	struct node_attr attr;
	int err = node_find(r->st, file ? r->asset : job->inputs_ino,
			    file ? file : NOTEBOOK_NAME, &attr);

	if (!err && !(owner_may(r->st, &r->owner, attr.ino, R_OK) &&
		      (!file || owner_may(r->st, &r->owner, r->asset, X_OK))))
		err = -EACCES;
	if (!err)
		err = file_read(r->st, attr.ino, &text);
	if (err)
		return why_set(&job->message, err, "the notebook %s: %s",
			       file ? file : job->task->notebook.url,
			       strerror(-err));
	err = json_read(text.data, text.len, NOTEBOOK_LIMIT, &job->message,
			ret_book);
	if (!err && !value_is(value_find(*ret_book, "cells"), VALUE_LIST)) {
		value_release(ret_book);
		err = why_set(&job->message, -EINVAL,
			      "the notebook has no cells");
	}
	return err;
}

/* Bound inputs come as texts; Python wants them with their types. */
static int collect_parameters(struct job *job, struct value *map)
{
	const struct task *t = job->task;
	int err = 0;

	for (size_t i = 0; !err && i < t->inputs_count; i++) {
		struct value *typed;

		if (!job->input[i].value)
			continue;
		err = param_convert(&t->inputs[i], job->input[i].value,
				    &job->message, &typed);
		if (!err)
			err = value_set(map, t->inputs[i].name, typed);
	}
	return err;
}

/* Where the notebook is, in the mount. */
static void put_source_path(const struct job *job, struct buf *out)
{
	const char *file = job->task->notebook.file;

	if (!file) {
		job_put_path(job, "inputs", NOTEBOOK_NAME, out);
		return;
	}
	buf_addf(out, "%s/%s/%s", job->run->mountpoint,
		 value_find_string(job->run->record, "asset"), file);
}

/* The result is called as the notebook is. */
static const char *result_name(const struct job *job)
{
	const char *file = job->task->notebook.file;

	return file ? file : NOTEBOOK_NAME;
}

void notebook_link_result(struct job *job)
{
	AUTO(buf_release) struct buf name = BUF_INIT(1024);
	AUTO(buf_release) struct buf target = BUF_INIT(4096);
	const struct run *r = job->run;
	struct node_attr attr;

	put_component(result_name(job), &name);
	buf_addf(&target, "../steps/%s/outputs/%s", job->dir, name.data);
	if (name.err || target.err ||
	    node_find(r->st, job->outputs_ino, name.data, &attr))
		return; /* it was ended before there was one */
	/* of an attempt before */
	file_remove(r->st, r->outputs_dir, name.data);
	if (file_link(r->st, r->outputs_dir, name.data, target.data, &r->owner))
		job_say(job, "outputs/%s cannot be made", name.data);
}

static int add_words(struct job *job, const struct value *parameters,
		     struct words *argv)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	static const char *const first[] = { "/bin/sh", "-c", script,
					     "notebook" };
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(first); i++)
		err = words_add(argv, first[i]);
	put_source_path(job, &text);
	if (!err)
		err = text.err ? text.err : words_add(argv, text.data);
	buf_clear(&text);
	job_put_path(job, "outputs", result_name(job), &text);
	if (!err)
		err = text.err ? text.err : words_add(argv, text.data);
	buf_clear(&text);
	json_write_line(parameters, &text);
	if (!err)
		err = text.err ? text.err : words_add(argv, text.data);
	buf_clear(&text);
	job_put_path(job, "inputs", COPY_NAME, &text);
	if (!err)
		err = text.err ? text.err : words_add(argv, text.data);
	return err;
}

/* Nothing is installed here: say what the notebook counts on. */
static void tell_requirements(struct job *job)
{
	const struct notebook_task *n = &job->task->notebook;
	AUTO(buf_release) struct buf list = BUF_INIT(4096);

	for (size_t i = 0; i < n->requirements_count; i++)
		buf_addf(&list, " %s", n->requirements[i]);
	if (list.len)
		job_say(job, "the notebook asks for%s; nothing is installed",
			list.data);
}

int notebook_make_spec(struct job *job, struct owned_spec *ret_spec)
{
	AUTO(owned_spec_release) struct owned_spec o = { 0 };
	AUTO(value_release) struct value *book = NULL;
	AUTO(value_release) struct value *parameters = value_new_map();
	int err = parameters ? read_book(job, &book) : -ENOMEM;

	if (!err)
		err = collect_parameters(job, parameters);
	if (!err)
		err = put_copy(job, book, parameters);
	if (!err)
		err = spec_begin(job, &o);
	if (!err)
		err = add_words(job, parameters, &o.argv);
	if (!err && job->task->notebook.image) {
		o.image = strdup(job->task->notebook.image);
		err = o.image ? 0 : -ENOMEM;
	}
	if (!err)
		err = spec_note(job, "notebook", &o);
	if (err)
		return err;
	tell_requirements(job);
	spec_lend(job, &o);
	*ret_spec = o;
	o = (struct owned_spec){ 0 };
	return 0;
}
