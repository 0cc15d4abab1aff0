// SPDX-License-Identifier: Apache-2.0
/* Licences: what people write, and the SPDX id that it stands for. */
#ifndef CATALOG_LICENSE_H
#define CATALOG_LICENSE_H

#include <stdbool.h>

/* The SPDX id that a name clearly means ("Apache 2.0" -> "Apache-2.0"), or
 * NULL. */
const char *license_find(const char *name);
/* Is it, letter by letter, an SPDX id that we know, or an expression of such
 * ("MIT OR Apache-2.0")? */
bool license_is_spdx(const char *text);
/* The SPDX id of a licence's own text, by its first lines, or NULL. */
const char *license_find_text(const char *text);

#endif
