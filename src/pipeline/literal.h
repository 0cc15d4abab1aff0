// SPDX-License-Identifier: Apache-2.0
/* Assignments of literals in Python source. */
#ifndef PIPELINE_LITERAL_H
#define PIPELINE_LITERAL_H

#include "pipeline/pipeline.h"

/*
 * Each top-level `name = literal` or `name: type = literal` of a piece of
 * Python source, in order, the last one of a name counting. What assigns
 * anything else, and what is no assignment, is passed over. A value of None
 * is a null. 0 or -ENOMEM.
 */
int literals_read(const char *source, struct value *map);

#endif
