// SPDX-License-Identifier: Apache-2.0
/* What a task wrote, read back through the store (never through the mount: a
 * thread of the daemon must not wait for the daemon). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "job.h"

static int set_artifact(struct job *job, const struct param *p,
			struct product *product)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);

	job_put_path(job, "outputs", p->name, &path);
	product->text = buf_take(&path);
	product->is_there = product->text != NULL;
	return product->text ? 0 : -ENOMEM;
}

static int set_value(struct job *job, const struct param *p,
		     const struct node_attr *attr, struct product *product)
{
	AUTO(buf_release) struct buf text = BUF_INIT(OUTPUT_LIMIT);
	int err;

	if (!S_ISREG(attr->mode))
		return why_set(&job->message, -EINVAL,
			       "output %s is no regular file", p->name);
	if (attr->size > OUTPUT_LIMIT)
		return why_set(&job->message, -EFBIG,
			       "output %s has %llu bytes; a value has at most "
			       "%zu",
			       p->name, (unsigned long long)attr->size,
			       OUTPUT_LIMIT);
	err = file_read(job->run->st, attr->ino, &text);
	if (err)
		return why_set(&job->message, err, "output %s: %s", p->name,
			       strerror(-err));
	if (text.len > OUTPUT_PORTABLE)
		job_say(job,
			"output %s has %zu bytes: more than the %d that a "
			"Tekton cluster takes",
			p->name, text.len, OUTPUT_PORTABLE);
	product->is_there = true;
	if (memchr(text.data, 0, text.len))
		return 0; /* without a text: only a reference to it fails */
	product->text = text.len ? buf_take(&text) : strdup("");
	return product->text ? 0 : -ENOMEM;
}

/* What a fetch brought is in the asset's directory, and outputs/NAME a link to
 * it, relative, from runs/NAME/steps/TASK/outputs. */
static int set_fetched(struct job *job, const struct param *p,
		       struct product *product)
{
	const struct run *r = job->run;
	const char *asset = value_find_string(r->record, "asset");
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	AUTO(buf_release) struct buf target = BUF_INIT(8192);
	AUTO(buf_release) struct buf name = BUF_INIT(1024);

	buf_addf(&path, "%s/%s", r->mountpoint, asset);
	buf_addf(&target, "../../../../../%s", asset);
	put_component(p->name, &name);
	if (path.err || target.err || name.err)
		return -ENOMEM;
	free(product->text);
	*product = (struct product){ true, buf_take(&path) };
	if (!product->text)
		return -ENOMEM;
	return file_link(r->st, job->outputs_ino, name.data, target.data,
			 &r->owner);
}

static int collect(struct job *job, const struct param *p,
		   struct product *product)
{
	AUTO(buf_release) struct buf name = BUF_INIT(1024);
	struct node_attr attr;
	int err;

	free(product->text); /* of an attempt before */
	*product = (struct product){ 0 };
	put_component(p->name, &name);
	err = name.err ? name.err
		       : node_find(job->run->st, job->outputs_ino, name.data,
				   &attr);
	if (err == -ENOENT || err == -ESTALE) {
		if (job->task->missing_output_fails && !p->optional)
			return why_set(&job->message, -ENOENT,
				       "it did not write its output %s",
				       p->name);
		job_say(job, "output %s was not written", p->name);
		return 0;
	}
	if (err)
		return err;
	return p->type == TYPE_ARTIFACT ? set_artifact(job, p, product)
					: set_value(job, p, &attr, product);
}

int job_collect(struct job *job)
{
	struct product *product = job->run->product[job->index];
	int err = 0;

	for (size_t i = 0; !err && i < job->task->outputs_count; i++)
		err = (job->task->type == TASK_FETCH ? set_fetched : collect)(
			job, &job->task->outputs[i], &product[i]);
	return err;
}
