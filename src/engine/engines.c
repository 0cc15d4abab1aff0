// SPDX-License-Identifier: Apache-2.0
/* The list of engines; the first one is the default. */
#include <string.h>

#include "engine/engine.h"
#include "engines.h"

const struct engine *const engines[] = {
	&engine_local,
	NULL,
};

const struct engine *engine_find(const char *name)
{
	for (const struct engine *const *e = engines; *e; e++)
		if (strcmp((*e)->name, name) == 0)
			return *e;
	return NULL;
}
