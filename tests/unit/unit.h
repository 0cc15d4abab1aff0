// SPDX-License-Identifier: Apache-2.0
/*
 * Unit tests: TEST(name) { … } registers itself; a failed CHECK ends its test.
 *
 * TEST_STARVED(name) is the same, and is then run again with its first, second,
 * third, … allocation failing, until a run gets by without a failure: the code
 * must return -ENOMEM, not crash and not leak (under AddressSanitizer). In such
 * a test use ENOUGH(expr) for calls that may report -ENOMEM: it leaves the test
 * quietly then (AUTO() variables release).
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct unit_test {
	const char *name;
	void (*run)(void);
	bool starved;
	struct unit_test *next;
};

void unit_add(struct unit_test *test);
void unit_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* True once an allocation of the running test was made to fail. */
bool unit_was_starved(void);
/* A fresh empty directory, removed after the test; lent. */
const char *unit_dir(void);
/* The folder of real samples beside the project, or NULL: then say so with
 * unit_skip and return. */
const char *unit_shared(const char *below);
void unit_skip(const char *reason);
/* A whole file, NUL-terminated; the caller frees it. */
char *unit_read_file(const char *path, size_t *ret_len);

#define UNIT_REGISTER_(fn, is_starved)                                         \
	static void fn(void);                                                  \
	__attribute__((constructor)) static void fn##_register(void)           \
	{                                                                      \
		static struct unit_test test = { #fn, fn, is_starved, NULL };  \
		unit_add(&test);                                               \
	}                                                                      \
	static void fn(void)
#define TEST(fn) UNIT_REGISTER_(fn, false)
#define TEST_STARVED(fn) UNIT_REGISTER_(fn, true)

#define CHECK(expr)                                                            \
	do {                                                                   \
		if (!(expr)) {                                                 \
			unit_fail(__FILE__, __LINE__, "%s", #expr);            \
			return;                                                \
		}                                                              \
	} while (0)
#define CHECK_INT(got, want)                                                   \
	do {                                                                   \
		long long got__ = (long long)(got),                            \
			  want__ = (long long)(want);                          \
		if (got__ != want__) {                                         \
			unit_fail(__FILE__, __LINE__, "%s is %lld, not %lld",  \
				  #got, got__, want__);                        \
			return;                                                \
		}                                                              \
	} while (0)
#define CHECK_STR(got, want)                                                   \
	do {                                                                   \
		const char *got__ = (got), *want__ = (want);                   \
		if (!got__ || strcmp(got__, want__) != 0) {                    \
			unit_fail(__FILE__, __LINE__, "%s is\n%s\nnot\n%s",    \
				  #got, got__ ? got__ : "(null)", want__);     \
			return;                                                \
		}                                                              \
	} while (0)
#define ENOUGH(expr)                                                           \
	do {                                                                   \
		int err__ = (expr);                                            \
		if (unit_was_starved() && err__ == -ENOMEM)                    \
			return;                                                \
		CHECK_INT(err__, 0);                                           \
	} while (0)

#endif
