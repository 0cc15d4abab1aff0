// SPDX-License-Identifier: Apache-2.0
/* The engines' tokens, for the list in engines.c. */
#ifndef SRC_ENGINE_ENGINES_H
#define SRC_ENGINE_ENGINES_H

#include "engine/engine.h"

extern const struct engine engine_local;

#endif
