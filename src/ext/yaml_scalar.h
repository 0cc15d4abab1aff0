// SPDX-License-Identifier: Apache-2.0
/* What plain scalars mean in YAML 1.1, for the reader and the writer. */
#ifndef EXT_YAML_SCALAR_H
#define EXT_YAML_SCALAR_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/value.h"

/* What a plain scalar is: NULL, BOOL, INT, REAL or STRING. */
enum value_type yaml_scalar_type(const char *text);
/* Numbers come out in decimal, as JSON would have them. -EINVAL: a number of
 * that form that has no digits, or too many to be converted; -ENOMEM. */
int yaml_scalar_value(const char *text, struct value **ret_v);
/* The same for a scalar that is tagged !!float, which need not have a point. */
int yaml_scalar_float(const char *text, struct value **ret_v);
/* Would any reader in use (YAML 1.1 or 1.2) take this plain scalar for
 * something else than a string? */
bool yaml_scalar_is_special(const char *text);

#endif
