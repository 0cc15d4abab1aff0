// SPDX-License-Identifier: Apache-2.0
#include "mountpoint.h"

#include <errno.h>
#include <mntent.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* An ordinary user unmounts through fuse's own helper. */
static int run_fusermount(const char *mountpoint, bool lazily)
{
	const char *argv[] = { "fusermount3", lazily ? "-uqz" : "-uq", "--",
			       mountpoint, NULL };
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
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EBUSY;
}

int mountpoint_unmount(const char *mountpoint, bool lazily)
{
	if (!umount2(mountpoint, lazily ? MNT_DETACH : 0))
		return 0;
	return errno == EPERM ? run_fusermount(mountpoint, lazily) : -errno;
}

/* The kernel may know attributes by heart; the first it always asks the daemon,
 * which, killed just now, may be gone for the second only. */
static int look(const char *mountpoint, struct stat *st)
{
	struct statvfs asked;

	return statvfs(mountpoint, &asked) || stat(mountpoint, st) ? -errno : 0;
}

/* -ECANCELED: asked by way of a ring whose thread is ending. */
static bool is_dead(int err)
{
	return err == -ENOTCONN || err == -ECONNABORTED || err == -ECANCELED;
}

int mountpoint_clear(const char *mountpoint, struct buf *why)
{
	struct stat st = { 0 };
	int err;

	while (is_dead(err = look(mountpoint, &st))) {
		err = mountpoint_unmount(mountpoint, true);
		if (err)
			return why_set(why, err,
				       "%s: a dead mount is there and can't be "
				       "taken away: %s",
				       mountpoint, strerror(-err));
	}
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
