// SPDX-License-Identifier: Apache-2.0
/* Memory that is touched everywhere: tables, and pieces of many objects. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* As calloc, for free(). Where it is large the kernel may back it with huge
 * pages, since the first touch of each small one is a good part of filling it.
 */
void *memory_new(size_t count, size_t size);

#endif
