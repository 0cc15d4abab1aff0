// SPDX-License-Identifier: Apache-2.0
#include "pipeline/format.h"

#include <string.h>

#include "formats.h"

#define ROW_(name) &name##_reader,

static const struct pipeline_reader *const readers[] = { PIPELINE_READERS(
	ROW_) };

#define READERS (sizeof(readers) / sizeof(readers[0]))

const struct pipeline_reader *reader_find(const struct value *docs)
{
	if (!value_is(docs, VALUE_LIST) || !docs->count)
		return NULL;
	for (size_t i = 0; i < READERS; i++)
		if (readers[i]->accepts(docs->item[0]))
			return readers[i];
	return NULL;
}

const struct pipeline_reader *reader_get(const char *name)
{
	for (size_t i = 0; i < READERS; i++)
		if (strcmp(readers[i]->name, name) == 0)
			return readers[i];
	return NULL;
}
