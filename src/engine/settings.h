// SPDX-License-Identifier: Apache-2.0
/* What STORE/config.yaml says about runs; see settings.c for its keys. */
#ifndef SRC_ENGINE_SETTINGS_H
#define SRC_ENGINE_SETTINGS_H

#include "ext/archive.h"
#include "ext/http.h"
#include "step.h"

struct settings {
	const char *engine; /* default engine, or NULL; lent by the store */
	unsigned int runs_at_once;
	unsigned int steps_at_once; /* of one run */
	uint64_t log_bytes;	    /* of one log file */
	const char *path;	    /* PATH of the steps; lent, never NULL */
	struct step_limits step;
	struct http_limits http;
	struct archive_limits archive;
};

struct store;
void settings_read(const struct store *st, struct settings *ret_settings);

#endif
