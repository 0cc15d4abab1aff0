// SPDX-License-Identifier: Apache-2.0
/*
 * A disk with a cache that a power cut empties: a FUSE file system with one
 * file, `disk`, for a loop device to sit on.
 *
 *	disk IMAGE MOUNTPOINT CONTROL
 *
 * The loop device writes through, and turns each flush of the block layer into
 * an fsync of the file. Writes are kept in memory till then; an fsync brings
 * them into IMAGE. So IMAGE is at all times what the platters of a disk with a
 * volatile cache are sure to hold.
 *
 * Commands, a line each, come by the FIFO CONTROL:
 *
 *	cut AFTER SEED	the power goes when AFTER more writes have come (0:
 *now): of what was not flushed, each 4 KiB block reaches IMAGE or does not, by
 *SEED (0: none does). From then on everything fails with EIO, and nothing
 *changes IMAGE.
 *
 * Each command and each cut is answered with a line on standard output.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096

static const char *const disk_path = "/disk";

static struct {
	pthread_mutex_t lock;
	int image;
	off_t size;
	unsigned char **cached; /* by number of the block; NULL: as in IMAGE */
	bool off;		/* the power is */
	bool armed;
	uint64_t after, seed;
	uint64_t writes, flushes, lost, kept;
	const char *control;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

/* ---- all with the lock held ---- */

static void settle(size_t block)
{
	if (pwrite(disk.image, disk.cached[block], BLOCK,
		   (off_t)block * BLOCK) != BLOCK)
		die("image");
}

static void forget(size_t block)
{
	free(disk.cached[block]);
	disk.cached[block] = NULL;
}

static void flush_all(void)
{
	for (size_t b = 0; b < (size_t)disk.size / BLOCK; b++) {
		if (!disk.cached[b])
			continue;
		settle(b);
		forget(b);
	}
	disk.flushes++;
}

static void cut(void)
{
	uint64_t state = disk.seed * 2654435769u + 1;

	for (size_t b = 0; b < (size_t)disk.size / BLOCK; b++) {
		if (!disk.cached[b])
			continue;
		if (disk.seed && draw(&state) % 2) {
			settle(b);
			disk.kept++;
		} else {
			disk.lost++;
		}
		forget(b);
	}
	disk.off = true;
	printf("cut after %" PRIu64 " writes, %" PRIu64 " flushes: %" PRIu64
	       " blocks lost, %" PRIu64 " kept\n",
	       disk.writes, disk.flushes, disk.lost, disk.kept);
	fflush(stdout);
}

static int load(size_t block, unsigned char *to)
{
	ssize_t got;

	if (disk.cached[block]) {
		memcpy(to, disk.cached[block], BLOCK);
		return 0;
	}
	got = pread(disk.image, to, BLOCK, (off_t)block * BLOCK);
	return got == BLOCK ? 0 : -EIO;
}

static int put(size_t block, size_t at, const char *from, size_t len)
{
	if (!disk.cached[block]) {
		unsigned char *fresh = malloc(BLOCK);

		if (!fresh || load(block, fresh)) {
			free(fresh);
			return -EIO;
		}
		disk.cached[block] = fresh;
	}
	memcpy(disk.cached[block] + at, from, len);
	return 0;
}

/* ---- the file ---- */

static int is_disk(const char *path)
{
	return strcmp(path, disk_path) ? -ENOENT : 0;
}

static int get_attr(const char *path, struct stat *s, struct fuse_file_info *fi)
{
	(void)fi;
	*s = (struct stat){ .st_nlink = 1 };
	if (!strcmp(path, "/")) {
		s->st_mode = S_IFDIR | 0700;
		s->st_nlink = 2;
		return 0;
	}
	s->st_mode = S_IFREG | 0600;
	s->st_size = disk.size;
	s->st_blocks = disk.size / 512;
	s->st_blksize = BLOCK;
	return is_disk(path);
}

static int open_disk(const char *path, struct fuse_file_info *fi)
{
	fi->direct_io = 1; /* the cache is ours */
	return is_disk(path);
}

static int read_disk(const char *path, char *to, size_t len, off_t off,
		     struct fuse_file_info *fi)
{
	unsigned char block[BLOCK];
	size_t done = 0;
	int err = 0;

	(void)path, (void)fi;
	pthread_mutex_lock(&disk.lock);
	while (!err && done < len && off + (off_t)done < disk.size) {
		size_t at = (size_t)(off + (off_t)done) % BLOCK;
		size_t part = BLOCK - at < len - done ? BLOCK - at : len - done;

		err = disk.off ? -EIO
			       : load((size_t)(off + (off_t)done) / BLOCK,
				      block);
		memcpy(to + done, block + at, part);
		done += part;
	}
	pthread_mutex_unlock(&disk.lock);
	return err ? err : (int)done;
}

static void count_write(void)
{
	disk.writes++;
	if (disk.armed && disk.writes >= disk.after) {
		disk.armed = false;
		cut();
	}
}

static int write_disk(const char *path, const char *from, size_t len, off_t off,
		      struct fuse_file_info *fi)
{
	size_t done = 0;
	int err = 0;

	(void)path, (void)fi;
	if (off + (off_t)len > disk.size)
		return -ENOSPC;
	pthread_mutex_lock(&disk.lock);
	if (!disk.off)
		count_write();
	while (!err && done < len) {
		size_t at = (size_t)(off + (off_t)done) % BLOCK;
		size_t part = BLOCK - at < len - done ? BLOCK - at : len - done;

		err = disk.off ? -EIO
			       : put((size_t)(off + (off_t)done) / BLOCK, at,
				     from + done, part);
		done += part;
	}
	pthread_mutex_unlock(&disk.lock);
	return err ? err : (int)len;
}

static int sync_disk(const char *path, int data_only, struct fuse_file_info *fi)
{
	int err = 0;

	(void)path, (void)data_only, (void)fi;
	pthread_mutex_lock(&disk.lock);
	if (disk.off)
		err = -EIO;
	else
		flush_all();
	pthread_mutex_unlock(&disk.lock);
	return err;
}

/* ---- commands ---- */

static void obey(const char *line)
{
	uint64_t after, seed;

	if (sscanf(line, "cut %" SCNu64 " %" SCNu64, &after, &seed) != 2) {
		printf("what is '%s'?\n", line);
		fflush(stdout);
		return;
	}
	pthread_mutex_lock(&disk.lock);
	disk.seed = seed;
	disk.after = disk.writes + after;
	disk.armed = after && !disk.off;
	printf("at %" PRIu64 " writes\n", disk.writes);
	fflush(stdout);
	if (!after && !disk.off)
		cut();
	pthread_mutex_unlock(&disk.lock);
}

static void *listen_to(void *arg)
{
	char line[128];

	(void)arg;
	for (;;) {
		FILE *f = fopen(disk.control, "r");

		if (!f)
			die(disk.control);
		while (fgets(line, sizeof(line), f)) {
			line[strcspn(line, "\n")] = 0;
			obey(line);
		}
		fclose(f);
	}
	return NULL;
}

/* After the fork, if there is one. */
static void *begin(struct fuse_conn_info *conn, struct fuse_config *config)
{
	pthread_t thread;

	(void)conn;
	config->nullpath_ok = 1;
	if (pthread_create(&thread, NULL, listen_to, NULL))
		die("thread");
	pthread_detach(thread);
	return NULL;
}

static const struct fuse_operations operations = {
	.init = begin,
	.getattr = get_attr,
	.open = open_disk,
	.read = read_disk,
	.write = write_disk,
	.fsync = sync_disk,
};

int main(int argc, char **argv)
{
	char *args[] = { argv[0], argc > 2 ? argv[2] : NULL, "-f", "-s", NULL };
	struct stat s;

	if (argc != 4) {
		fprintf(stderr, "usage: disk IMAGE MOUNTPOINT CONTROL\n");
		return 2;
	}
	disk.image = open(argv[1], O_RDWR | O_CLOEXEC);
	if (disk.image < 0 || fstat(disk.image, &s))
		die(argv[1]);
	disk.size = s.st_size / BLOCK * BLOCK;
	disk.cached = calloc((size_t)disk.size / BLOCK, sizeof(*disk.cached));
	disk.control = argv[3];
	if (!disk.cached)
		die("memory");
	return fuse_main(4, args, &operations, NULL);
}
