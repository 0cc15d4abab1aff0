// SPDX-License-Identifier: Apache-2.0
/*
 * The log: a ring of recent events, served as .mlx/log, and the same lines on
 * stderr (in the foreground) or to syslog. Only fs/ and the runner write here;
 * everything below returns its errors.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_ERROR };

/* Where lines go beside the ring. The default is stderr, from INFO on. */
void log_setup(bool to_syslog, enum log_level lowest);
void log_event(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)

/* The ring's lines, oldest first: "2026-11-24T07:53:27Z text\n".
 * ret_changed: time of the newest line, ns. */
void log_put_recent(struct buf *out, int64_t *ret_changed);

#endif
