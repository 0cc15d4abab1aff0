// SPDX-License-Identifier: Apache-2.0
#include "mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* An ordinary user unmounts through fuse's own helper. */
static int run_fusermount(const char *mountpoint)
{
	const char *argv[] = { "fusermount3", "-u",	  "-z", "-q",
			       "--",	      mountpoint, NULL };
	int status;
	pid_t pid;
	int err =
		posix_spawnp(&pid, argv[0], NULL, NULL, (char **)argv, environ);

	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EPERM;
}

int mountpoint_detach(const char *mountpoint)
{
	if (!umount2(mountpoint, MNT_DETACH))
		return 0;
	return errno == EPERM ? run_fusermount(mountpoint) : -errno;
}

/* The kernel may know attributes by heart; this it always asks the daemon. */
static bool is_dead(const char *mountpoint)
{
	struct statvfs st;

	return statvfs(mountpoint, &st) &&
	       (errno == ENOTCONN || errno == ECONNABORTED);
}

int mountpoint_abort(dev_t dev)
{
	char path[64];
	ssize_t done;
	int fd;

	/* the kernel names connections by the device number's 32-bit form */
	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort",
		 minor(dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, "1", 1);
	close(fd);
	return done == 1 ? 0 : -EIO;
}

int mountpoint_clear(const char *mountpoint, struct buf *why)
{
	struct stat st;
	int err;

	while (is_dead(mountpoint)) {
		err = mountpoint_detach(mountpoint);
		if (err)
			return why_set(why, err,
				       "%s: a dead mount is there and can't be "
				       "taken away: %s",
				       mountpoint, strerror(-err));
	}
	err = stat(mountpoint, &st) ? -errno : 0;
	if (!err && !S_ISDIR(st.st_mode))
		err = -ENOTDIR;
	return err ? why_set(why, err, "%s: %s", mountpoint, strerror(-err))
		   : 0;
}

bool mountpoint_serves(const char *store)
{
	FILE *table = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	bool found = false;

	if (!table)
		return false;
	while (!found && (entry = getmntent(table)))
		found = !strncmp(entry->mnt_type, "fuse", 4) &&
			!strcmp(entry->mnt_fsname, store);
	endmntent(table);
	return found;
}
