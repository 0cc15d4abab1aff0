// SPDX-License-Identifier: Apache-2.0
/* A run in its thread: taken from the record, and its states told. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "asset.h"
#include "base/cleanup.h"
#include "ledger.h"
#include "run.h"

static int read_pipeline(struct run *r, struct buf *why)
{
	const struct value *internal = value_find(r->record, "internal");
	const char *wanted = value_find_string(r->record, "digest");
	char digest[65];
	int err = asset_get_digest(r->c, r->asset, digest);

	if (!err && wanted && strcmp(wanted, digest) != 0)
		return why_set(why, -ESTALE,
			       "%s changed before the run could begin: ask for "
			       "it again",
			       value_find_string(r->record, "asset"));
	if (!err)
		err = catalog_get_pipeline(
			r->c, r->asset, value_find_string(internal, "stage"),
			value_find_string(internal, "platform"), why,
			&r->pipeline);
	return err;
}

static int make_products(struct run *r)
{
	const struct pipeline *p = &r->pipeline;

	r->product = calloc(p->tasks_count + 1, sizeof(*r->product));
	for (size_t i = 0; r->product && i < p->tasks_count; i++) {
		r->product[i] = calloc(p->tasks[i].outputs_count + 1,
				       sizeof(**r->product));
		if (!r->product[i])
			return -ENOMEM;
	}
	return r->product ? 0 : -ENOMEM;
}

static int find_dirs(struct run *r)
{
	struct node_attr attr;
	int err = file_make_dir(r->st, r->ino, "steps", 0755, &r->owner,
				&r->steps_dir);

	if (!err)
		err = file_make_dir(r->st, r->ino, "outputs", 0755, &r->owner,
				    &r->outputs_dir);
	if (!err && node_find(r->st, r->ino, "log", &attr) == 0)
		r->log_bytes = attr.size;
	return err;
}

static int find_name(struct run *r)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	int err = node_put_path(r->st, r->ino, &path);
	const char *slash = strrchr(path.data, '/');

	if (err || path.err)
		return err ? err : path.err;
	r->name = strdup(slash ? slash + 1 : path.data);
	return r->name ? 0 : -ENOMEM;
}

int run_open(struct run *r, uint64_t ino, struct buf *why)
{
	int err = ledger_load(r->st, ino, &r->record);

	if (err)
		return why_set(why, err, "its record is gone");
	r->ino = ino;
	r->asset = (uint64_t)ledger_number(r->record, "asset");
	r->owner.uid = (uid_t)ledger_number(r->record, "uid");
	r->owner.gid = (gid_t)ledger_number(r->record, "gid");
	err = find_name(r);
	if (!err)
		err = read_pipeline(r, why);
	if (!err)
		err = pipeline_judge(&r->pipeline, why, NULL);
	if (!err)
		err = make_products(r);
	if (!err)
		err = find_dirs(r);
	return err ? why_set(why, err, "it cannot be read again: %s",
			     strerror(-err))
		   : 0;
}

static void free_products(struct run *r)
{
	for (size_t i = 0; r->product && i < r->pipeline.tasks_count; i++) {
		const struct task *t = &r->pipeline.tasks[i];

		for (size_t j = 0; r->product[i] && j < t->outputs_count; j++)
			free(r->product[i][j].text);
		free(r->product[i]);
	}
	free(r->product);
	r->product = NULL;
}

void run_close(struct run *r)
{
	free_products(r);
	pipeline_release(&r->pipeline);
	value_free(r->record);
	r->record = NULL;
	free(r->scratch);
	free(r->name);
	r->scratch = r->name = NULL;
}

enum run_stop run_stopping(struct run *r)
{
	return (enum run_stop)atomic_load(&r->stop);
}

void run_stop(struct run *r, enum run_stop how)
{
	uint64_t one = 1;

	if (atomic_load(&r->stop) < (int)how)
		atomic_store(&r->stop, (int)how);
	/* can only fail when it is readable already */
	if (write(r->stop_fd, &one, sizeof(one)) < 0)
		return;
}

int run_enter(struct run *r, const char *state, const char *message)
{
	AUTO(buf_release) struct buf line = BUF_INIT(64);
	int err = ledger_enter(r->record, state, message);
	int other;

	buf_addf(&line, "%s\n", state);
	if (!err)
		err = ledger_count(r->record);
	/* the file first: who waits for the record may read it next */
	other = file_put(r->st, r->ino, "status", 0644, &r->owner, line.data,
			 line.len);
	if (!err)
		err = ledger_save(r->st, r->ino, r->record);
	return err ? err : other;
}

void run_append_in(const struct run *r, uint64_t dir, uint64_t *bytes,
		   const char *text, size_t len)
{
	uint64_t most = r->settings->log_bytes;

	if (*bytes > most)
		return;
	if (*bytes + len > most) {
		text = "[mlxfs] the log is full; what follows is left out\n";
		len = strlen(text);
		*bytes = most;
	}
	if (file_append(r->st, dir, "log", 0644, &r->owner, text, len) == 0)
		*bytes += len;
}

void run_append(struct run *r, const char *text, size_t len)
{
	run_append_in(r, r->ino, &r->log_bytes, text, len);
}

void run_say(struct run *r, const char *fmt, ...)
{
	AUTO(buf_release) struct buf line = BUF_INIT(8192);
	va_list ap;

	buf_puts(&line, "[mlxfs] ");
	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	buf_putc(&line, '\n');
	run_append(r, line.data, line.len);
}
