// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STARVE_MOST 5000 /* allocations of one test that are made to fail */

static struct {
	struct unit_test *first;
	atomic_bool failed, skipped;
	atomic_long
		countdown; /* 0: off; n: the nth allocation from now fails */
	atomic_bool starved;
	char dir[64];
} unit;

/* ---- allocations that fail on demand ---- */

static bool starve(void)
{
	if (!unit.countdown || --unit.countdown)
		return false;
	unit.starved = true;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

void *__wrap_malloc(size_t n)
{
	return starve() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return starve() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return starve() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *text)
{
	return starve() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
	return starve() ? NULL : __real_strndup(text, n);
}

bool unit_was_starved(void)
{
	return unit.starved;
}

/* ---- what tests use ---- */

void unit_add(struct unit_test *test)
{
	test->next = unit.first;
	unit.first = test;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	unit.countdown = 0;
	unit.failed = true;
	printf("%s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void unit_skip(const char *reason)
{
	unit.skipped = true;
	printf("skip: %s\n", reason);
}

static int remove_one(const char *path, const struct stat *s, int type,
		      struct FTW *ftw)
{
	(void)s, (void)type, (void)ftw;
	return remove(path);
}

static void drop_dir(void)
{
	if (unit.dir[0])
		nftw(unit.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unit.dir[0] = 0;
}

const char *unit_dir(void)
{
	drop_dir();
	strcpy(unit.dir, "/var/tmp/mlxfs-unit-XXXXXX");
	return mkdtemp(unit.dir);
}

const char *unit_shared(const char *below)
{
	static char path[4096];
	const char *shared = getenv("MLXFS_SHARED");

	snprintf(path, sizeof(path), "%s/%s", shared ? shared : "../shared",
		 below);
	return access(path, R_OK) ? NULL : path;
}

char *unit_read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	struct stat s;
	char *text;

	if (!f || fstat(fileno(f), &s))
		return NULL;
	text = __real_malloc((size_t)s.st_size + 1);
	*ret_len = fread(text, 1, (size_t)s.st_size, f);
	text[*ret_len] = 0;
	fclose(f);
	return text;
}

/* ---- running them ---- */

static void run_once(const struct unit_test *test, long countdown)
{
	unit.starved = false;
	unit.countdown = countdown;
	test->run();
	unit.countdown = 0;
	drop_dir();
}

static void run_test(const struct unit_test *test)
{
	long nth = 1;

	unit.failed = unit.skipped = false;
	run_once(test, 0);
	while (test->starved && !unit.failed && nth <= STARVE_MOST) {
		run_once(test, nth++);
		if (!unit.starved)
			break;
	}
	if (unit.failed && nth > 1)
		printf("with allocation %ld failing\n", nth - 1);
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0, skipped = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct unit_test *t = unit.first; t; t = t->next) {
		if (argc > 1 && !strstr(t->name, argv[1]))
			continue;
		run_test(t);
		passed += !unit.failed && !unit.skipped;
		failed += unit.failed;
		skipped += unit.skipped && !unit.failed;
		if (unit.failed)
			printf("FAIL %s\n", t->name);
	}
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}
