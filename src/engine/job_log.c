// SPDX-License-Identifier: Apache-2.0
/* What a task's processes say, in its own log and in the run's; and the names
 * of its files. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "job.h"

void put_component(const char *name, struct buf *out)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_.";
	size_t begin = out->len;

	for (const char *c = name; *c; c++)
		if ((unsigned char)*c >= 0x80 ||
		    (strchr(plain, *c) && !(c == name && *c == '.')))
			buf_putc(out, *c);
		else
			buf_addf(out, "%%%02X", (unsigned char)*c);
	/* names come with at most 255 bytes; escaped they may be too long */
	if (out->len - begin > 255) {
		uint32_t hash = 2166136261u; /* FNV-1a */

		for (const char *c = name; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 16777619u;
		out->len = begin;
		buf_addf(out, "%%%08" PRIX32, hash);
	}
}

void job_put_path(const struct job *job, const char *below, const char *name,
		  struct buf *out)
{
	buf_addf(out, "%s/runs/%s/steps/%s/%s/", job->run->mountpoint,
		 job->run->name, job->dir, below);
	put_component(name, out);
}

static void put_prefixed(struct job *job, const char *line, size_t len)
{
	AUTO(buf_release) struct buf text = BUF_INIT(LINE_LIMIT + 1024);

	buf_addf(&text, "[%s] ", job->task->name);
	buf_add(&text, line, len);
	if (!len || line[len - 1] != '\n')
		buf_putc(&text, '\n');
	run_append(job->run, text.data, text.len);
}

/* The run's log gets whole lines, so that those of tasks at the same time do
 * not mix; one that is endless is cut. */
static void put_lines(struct job *job, const char *text, size_t len)
{
	AUTO(buf_release) struct buf lines = BUF_INIT(BUF_MAX);

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : len;

		if (!end && job->line.len + n < LINE_LIMIT) {
			buf_add(&job->line, text, n);
			break;
		}
		buf_addf(&lines, "[%s] ", job->task->name);
		buf_add(&lines, job->line.data, job->line.len);
		buf_add(&lines, text, n);
		if (!end)
			buf_putc(&lines, '\n');
		buf_clear(&job->line);
		text += n;
		len -= n;
	}
	if (lines.len)
		run_append(job->run, lines.data, lines.len);
}

void job_log_end(struct job *job)
{
	if (job->line.len)
		put_prefixed(job, job->line.data, job->line.len);
	buf_clear(&job->line);
}

static void append(struct job *job, const char *text, size_t len)
{
	run_append_in(job->run, job->dir_ino, &job->log_bytes, text, len);
}

void job_log(struct job *job, const char *text, size_t len)
{
	append(job, text, len);
	put_lines(job, text, len);
}

void job_say(struct job *job, const char *fmt, ...)
{
	AUTO(buf_release) struct buf line = BUF_INIT(8192);
	va_list ap;

	buf_puts(&line, "[mlxfs] ");
	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	buf_putc(&line, '\n');
	job_log_end(job);
	append(job, line.data, line.len);
	put_prefixed(job, line.data, line.len);
}
