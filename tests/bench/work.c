// SPDX-License-Identifier: Apache-2.0
/*
 * The inner loops of the benchmark, where a shell command would measure the
 * start of processes:
 *
 *	work stat DIR          lstat of each file below DIR, once
 *	work open DIR          open, read 4 KiB, close of each
 *	work create DIR COUNT  COUNT new files of 4 KiB in DIR
 *	work request DIR COUNT a byte is written, then fstat: with passthrough a
 *			       daemon is asked by the second, and each time
 *	work random FILE COUNT [direct]   4 KiB reads at random places
 *	work readers FILE COUNT           whole FILE by COUNT threads at once
 *
 * Prints the seconds that the loop took; finding the names is not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define CHUNK (1 << 20)

static char **names;
static size_t name_count;

static void die(const char *what)
{
	fprintf(stderr, "work: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int collect(const char *path, const struct stat *s, int type,
		   struct FTW *ftw)
{
	(void)s, (void)ftw;
	if (type != FTW_F)
		return 0;
	names = realloc(names, (name_count + 1) * sizeof(*names));
	names[name_count++] = strdup(path);
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stat_all(void)
{
	struct stat s;

	for (size_t i = 0; i < name_count; i++)
		if (lstat(names[i], &s))
			die(names[i]);
}

static void open_all(void)
{
	char page[PAGE];

	for (size_t i = 0; i < name_count; i++) {
		int fd = open(names[i], O_RDONLY);

		if (fd < 0 || read(fd, page, PAGE) < 0)
			die(names[i]);
		close(fd);
	}
}

static void create(const char *dir, long count)
{
	static char page[PAGE];
	char path[4096];

	memset(page, 'x', PAGE);
	for (long i = 0; i < count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/f%06ld", dir, i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || write(fd, page, PAGE) != PAGE || close(fd))
			die(path);
	}
}

static void request(const char *dir, long count)
{
	char path[4096];
	struct stat s;
	int fd;

	snprintf(path, sizeof(path), "%s/request", dir);
	fd = open(path, O_RDWR | O_CREAT, 0644);
	for (long i = 0; i < count; i++)
		if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || fstat(fd, &s))
			die(path);
	close(fd);
}

static void read_random(const char *path, long count, int flags)
{
	int fd = open(path, O_RDONLY | flags);
	struct stat s;
	void *page;
	unsigned int seed = 1;

	if (fd < 0 || fstat(fd, &s) || posix_memalign(&page, PAGE, PAGE))
		die(path);
	for (long i = 0; i < count; i++) {
		uint64_t at = (uint64_t)rand_r(&seed) << 31 | rand_r(&seed);

		at = at % (uint64_t)(s.st_size / PAGE) * PAGE;
		if (pread(fd, page, PAGE, (off_t)at) != PAGE)
			die(path);
	}
	close(fd);
}

static void *read_whole(void *path)
{
	char *chunk = malloc(CHUNK);
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path);
	while (read(fd, chunk, CHUNK) > 0)
		;
	close(fd);
	free(chunk);
	return NULL;
}

static void readers(char *path, long count)
{
	pthread_t *thread = calloc((size_t)count, sizeof(*thread));

	for (long i = 0; i < count; i++)
		pthread_create(&thread[i], NULL, read_whole, path);
	for (long i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	free(thread);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long count = argc > 3 ? atol(argv[3]) : 0;
	double start;

	if (!strcmp(what, "stat") || !strcmp(what, "open"))
		nftw(argv[2], collect, 32, FTW_PHYS);
	/* the walk warmed the caches: a cold run is asked for by a signal */
	if (argc > 3 && !strcmp(argv[3], "wait")) {
		puts("ready");
		fflush(stdout);
		getchar();
	}
	start = now();
	if (!strcmp(what, "stat"))
		stat_all();
	else if (!strcmp(what, "open"))
		open_all();
	else if (!strcmp(what, "create"))
		create(argv[2], count);
	else if (!strcmp(what, "request"))
		request(argv[2], count);
	else if (!strcmp(what, "random"))
		read_random(argv[2], count,
			    argc > 4 && !strcmp(argv[4], "direct") ? O_DIRECT
								   : 0);
	else if (!strcmp(what, "readers"))
		readers(argv[2], count);
	else
		return 2;
	printf("%.6f\n", now() - start);
	return 0;
}
