// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define RING_LINES 256
#define LINE_MAX 512

static struct {
	pthread_mutex_t lock;
	bool to_syslog;
	enum log_level lowest;
	size_t next;			 /* under lock: lines ever written */
	int64_t changed;		 /* under lock */
	char line[RING_LINES][LINE_MAX]; /* under lock */
} ring = { .lock = PTHREAD_MUTEX_INITIALIZER, .lowest = LOG_LEVEL_INFO };

void log_setup(bool to_syslog, enum log_level lowest)
{
	HOLD(&ring.lock);
	ring.to_syslog = to_syslog;
	ring.lowest = lowest;
}

static void remember(const char *text)
{
	AUTO(buf_release) struct buf line = BUF_INIT(LINE_MAX - 1);

	ring.changed = clock_now();
	clock_put(ring.changed, &line);
	buf_addf(&line, " %.*s", (int)(LINE_MAX - 32), text);
	memcpy(ring.line[ring.next++ % RING_LINES], line.data, line.len + 1);
}

/* Names of users come to be in lines: one event stays one line. */
static void make_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20)
			*text = ' ';
}

/* Is the line wanted, and where? */
static bool keep(enum log_level level, const char *text, bool *ret_to_syslog)
{
	HOLD(&ring.lock);

	if (level < ring.lowest)
		return false;
	remember(text);
	*ret_to_syslog = ring.to_syslog;
	return true;
}

void log_event(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX];
	bool to_syslog;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_one_line(text);
	if (!keep(level, text, &to_syslog))
		return;
	/* may block, so not under the lock */
	if (to_syslog)
		syslog(level == LOG_LEVEL_ERROR ? LOG_ERR : LOG_INFO, "%s",
		       text);
	else
		fprintf(stderr, "mlxfs: %s\n", text);
}

void log_put_recent(struct buf *out, int64_t *ret_changed)
{
	HOLD(&ring.lock);
	size_t first = ring.next > RING_LINES ? ring.next - RING_LINES : 0;

	for (size_t i = first; i < ring.next; i++)
		buf_addf(out, "%s\n", ring.line[i % RING_LINES]);
	*ret_changed = ring.changed;
}
