// SPDX-License-Identifier: Apache-2.0
#include "data_type.h"

#include <string.h>

static const struct {
	const char *name;
	enum data_type type;
	const char *schema;
} types[] = {
	{ "String", TYPE_STRING, NULL },
	{ "str", TYPE_STRING, NULL },
	{ "text", TYPE_STRING, NULL },
	{ "Integer", TYPE_INTEGER, NULL },
	{ "int", TYPE_INTEGER, NULL },
	{ "Float", TYPE_REAL, NULL },
	{ "Double", TYPE_REAL, NULL },
	{ "Boolean", TYPE_BOOLEAN, NULL },
	{ "Bool", TYPE_BOOLEAN, NULL },
	{ "List", TYPE_LIST, NULL },
	{ "JsonArray", TYPE_LIST, NULL },
	{ "Dict", TYPE_STRUCT, NULL },
	{ "JsonObject", TYPE_STRUCT, NULL },
	{ "Artifact", TYPE_ARTIFACT, "system.Artifact" },
	{ "Dataset", TYPE_ARTIFACT, "system.Dataset" },
	{ "Model", TYPE_ARTIFACT, "system.Model" },
	{ "Metrics", TYPE_ARTIFACT, "system.Metrics" },
	{ "ClassificationMetrics", TYPE_ARTIFACT,
	  "system.ClassificationMetrics" },
	{ "SlicedClassificationMetrics", TYPE_ARTIFACT,
	  "system.SlicedClassificationMetrics" },
	{ "HTML", TYPE_ARTIFACT, "system.HTML" },
	{ "Markdown", TYPE_ARTIFACT, "system.Markdown" },
};

bool data_type_find(const char *name, enum data_type *ret_type,
		    const char **ret_schema)
{
	if (strncasecmp(name, "system.", 7) == 0)
		name += 7;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(name, types[i].name) != 0)
			continue;
		*ret_type = types[i].type;
		if (ret_schema)
			*ret_schema = types[i].schema;
		return true;
	}
	return false;
}
