// SPDX-License-Identifier: Apache-2.0
/* The list of readers, in the order in which they are asked; one token each. */
#ifndef PIPELINE_FORMATS_H
#define PIPELINE_FORMATS_H

#include "pipeline/format.h"

#define PIPELINE_READERS(X) X(tekton) X(component)

#define PIPELINE_DECLARE_(name)                                                \
	extern const struct pipeline_reader name##_reader;
PIPELINE_READERS(PIPELINE_DECLARE_)

#endif
