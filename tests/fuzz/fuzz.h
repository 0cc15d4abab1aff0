// SPDX-License-Identifier: Apache-2.0
/*
 * A fuzz target is a file that defines this one function. What must hold is
 * said with REQUIRE, which ends the program; what crashes, leaks, hangs (10 s)
 * or eats memory (1 GiB) is found without words.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(expr)                                                          \
	do {                                                                   \
		if (!(expr)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
				#expr);                                        \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
