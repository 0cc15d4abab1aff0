// SPDX-License-Identifier: Apache-2.0
/*
 * blobs/xx/ID: ID is the blob's number as 16 hex digits, xx its last two.
 */
#include "blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"

#define NAME_DIGITS 16
#define CHUNK ((size_t)64 << 10)

struct blob_path {
	char text[3 + NAME_DIGITS + 1];
};

static struct blob_path path_of(uint64_t blob)
{
	struct blob_path p;

	snprintf(p.text, sizeof(p.text), "%02x/%016" PRIx64,
		 (unsigned int)(blob % BLOB_FOLDERS), blob);
	return p;
}

/* Asks ext4 to treat what is made in here as it does the top of the tree: each
 * folder, and with it its files' inodes, in another part of the disk. Other
 * file systems do not know of it, and need not. */
static void spread(int dir)
{
	int flags;

	if (!ioctl(dir, FS_IOC_GETFLAGS, &flags)) {
		flags |= FS_TOPDIR_FL;
		(void)ioctl(dir, FS_IOC_SETFLAGS, &flags);
	}
}

static int make_folder(int dir, const char *name)
{
	return mkdirat(dir, name, 0700) && errno != EEXIST ? -errno : 0;
}

/* The last folder is made last: when it is there, all are. */
static int make_folders(int dir)
{
	struct stat s;
	int err = 0;

	if (!fstatat(dir, "ff", &s, 0))
		return 0;
	spread(dir);
	for (unsigned int i = 0; i < BLOB_FOLDERS && !err; i++) {
		char name[12];

		snprintf(name, sizeof(name), "%02x", i & 0xff);
		err = make_folder(dir, name);
	}
	return err;
}

int blob_open_dir(int store, bool read_only, int *ret_dir)
{
	int err = read_only ? 0 : make_folder(store, "blobs");
	int fd;

	if (err)
		return err;
	fd = openat(store, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!read_only)
		err = make_folders(fd);
	if (err) {
		close(fd);
		return err;
	}
	*ret_dir = fd;
	return 0;
}

int blob_make(int dir, uint64_t blob, int *ret_fd)
{
	return blob_open(dir, blob, O_RDWR | O_CREAT | O_EXCL, ret_fd);
}

int blob_open(int dir, uint64_t blob, int flags, int *ret_fd)
{
	struct blob_path p = path_of(blob);
	int fd = openat(dir, p.text, flags | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == ENOENT ? -EIO : -errno;
	*ret_fd = fd;
	return 0;
}

int blob_stat(int dir, uint64_t blob, struct stat *ret_stat)
{
	struct blob_path p = path_of(blob);

	return fstatat(dir, p.text, ret_stat, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

int blob_remove(int dir, uint64_t blob)
{
	struct blob_path p = path_of(blob);

	return unlinkat(dir, p.text, 0) && errno != ENOENT ? -errno : 0;
}

/*
 * A blob that the kernel writes by itself can be written when its file is
 * closed long since: through a mapping, which nobody tells us of. The kernel
 * knows: it gives no read lease while somebody could write. Where it has no
 * leases, we believe the close.
 */
bool blob_has_writer(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		return errno == EAGAIN;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

/* The kernel gives a write lease to the only one who has the file. */
bool blob_is_unused(int dir, uint64_t blob)
{
	AUTO(close_fd) int fd = -1;

	if (blob_open(dir, blob, O_RDONLY, &fd) ||
	    fcntl(fd, F_SETLEASE, F_WRLCK))
		return false;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return true;
}

static ssize_t copy_by_hand(int from, off_t from_off, int to, off_t to_off,
			    size_t len)
{
	AUTO(free_text) char *chunk = malloc(CHUNK);
	ssize_t got;

	if (!chunk)
		return -ENOMEM;
	got = pread(from, chunk, len < CHUNK ? len : CHUNK, from_off);
	if (got > 0)
		got = pwrite(to, chunk, (size_t)got, to_off);
	return got < 0 ? -errno : got;
}

ssize_t blob_copy(int from, off_t from_off, int to, off_t to_off, size_t len)
{
	off_t in = from_off, out = to_off;
	ssize_t got = copy_file_range(from, &in, to, &out, len, 0);

	if (got > 0)
		return got;
	if (got < 0 && (errno == EINTR || errno == ENOSPC || errno == EDQUOT ||
			errno == EIO || errno == EFBIG))
		return -errno;
	return copy_by_hand(from, from_off, to, to_off, len);
}

static int copy_part(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		ssize_t got = blob_copy(from, at, to, at, (size_t)(end - at));

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return got ? (int)got : -EIO;
		at += got;
	}
	return 0;
}

int blob_copy_all(int from, int to, off_t size)
{
	off_t at = 0;
	int err = 0;

	while (!err && at < size) {
		off_t data = lseek(from, at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			return -errno;
		at = lseek(from, data, SEEK_HOLE);
		if (at <= data)
			return at < 0 ? -errno : -EIO;
		if (data < size)
			err = copy_part(from, to, data, at < size ? at : size);
	}
	if (!err && ftruncate(to, size))
		err = -errno;
	return err;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* 0 when the name is not one that path_of makes in this folder. */
static uint64_t number_of(const char *name, unsigned int folder)
{
	uint64_t blob;
	char *end;

	if (strlen(name) != NAME_DIGITS)
		return 0;
	if (strspn(name, "0123456789abcdef") != NAME_DIGITS)
		return 0;
	blob = strtoull(name, &end, 16);
	return blob % BLOB_FOLDERS == folder ? blob : 0;
}

static int each_in(int dir, unsigned int folder,
		   int (*each)(void *arg, uint64_t blob, const char *name),
		   void *arg)
{
	AUTO(close_dir) DIR *d = NULL;
	struct dirent *e;
	char name[12];
	int err = 0;
	int fd;

	snprintf(name, sizeof(name), "%02x", folder & 0xff);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while (!err && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			err = each(arg, number_of(e->d_name, folder),
				   e->d_name);
	return err;
}

int blob_each(int dir, int (*each)(void *arg, uint64_t blob, const char *name),
	      void *arg)
{
	int err = 0;

	for (unsigned int i = 0; i < BLOB_FOLDERS && !err; i++)
		err = each_in(dir, i, each, arg);
	return err;
}

static int stop(void *arg, uint64_t blob, const char *name)
{
	(void)arg, (void)blob, (void)name;
	return 1;
}

bool blob_none(int dir)
{
	return !blob_each(dir, stop, NULL);
}
