// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE ((size_t)4 << 20)
#define PAGE ((uintptr_t)4096)

/* A wish: without huge pages all goes on as well. */
static void advise(char *at, size_t len)
{
	size_t before = -(uintptr_t)at & (PAGE - 1);
	size_t whole = (len - before) & ~(PAGE - 1);

	(void)madvise(at + before, whole, MADV_HUGEPAGE);
}

void *memory_new(size_t count, size_t size)
{
	void *at = calloc(count, size);

	if (at && count * size >= LARGE)
		advise(at, count * size);
	return at;
}
