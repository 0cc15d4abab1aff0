// SPDX-License-Identifier: Apache-2.0
/* The names of types that Kubeflow's documents use. */
#ifndef PIPELINE_DATA_TYPE_H
#define PIPELINE_DATA_TYPE_H

#include "pipeline/pipeline.h"

/*
 * "Integer", "JsonObject", "Dataset", "system.Model", … in any case (the
 * table of kfp's type_utils). False: not one of them. ret_schema: of an
 * artifact, a constant text; may be NULL.
 */
bool data_type_find(const char *name, enum data_type *ret_type,
		    const char **ret_schema);

#endif
