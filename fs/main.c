// SPDX-License-Identifier: Apache-2.0
/*
 * mlxfs STORE MOUNTPOINT [-f] [-d] [-o OPTION,...]
 *
 * Also what mount(8) calls, as mount.fuse.mlxfs or through mount.fuse: then
 * with -n, -s, -v, -t TYPE, and with options meant for mount(8) itself.
 *
 * In the background, the process that was called stays until the mount is
 * served or has failed, and gives the child's word as its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "mountpoint.h"
#include "session.h"

enum { EXIT_MOUNT = 1, EXIT_USAGE = 2 };

struct arguments {
	const char *store, *mountpoint;
	bool foreground, debug, read_only, allow_other, has_subtype;
	struct buf options; /* for libfuse */
};

static const char usage[] =
	"usage: mlxfs STORE MOUNTPOINT [-f] [-d] [-o OPTION,...]\n"
	"Mount the catalog in STORE, which is made if absent, on MOUNTPOINT.\n"
	"\n"
	"  -f            stay in the foreground, log to standard error\n"
	"  -d            as -f, and print every request of the kernel\n"
	"  -o ro         read only\n"
	"  -o OPTION     as mount(8) has them; allow_other, subtype=NAME\n"
	"  --version     print the version\n"
	"  --help        print this\n"
	"\n"
	"Unmount with: umount MOUNTPOINT, or fusermount3 -u MOUNTPOINT\n";

/* ---- options ---- */

/* For mount(8), fstab and systemd, not for us; suid and dev are never granted;
 * what we set ourselves. */
static const char *const ignored[] = {
	"rw",	  "defaults", "auto",
	"noauto", "user",     "nouser",
	"users",  "owner",    "group",
	"nofail", "_netdev",  "suid",
	"nosuid", "dev",      "nodev",
	"async",  "nonempty", "default_permissions",
};

static bool is_ignored(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		if (!strcmp(option, ignored[i]))
			return true;
	}
	return !strncmp(option, "x-", 2) || !strncmp(option, "X-", 2) ||
	       !strncmp(option, "comment=", 8) ||
	       !strncmp(option, "uhelper=", 8);
}

static void add_option(struct arguments *a, const char *option)
{
	if (!*option || is_ignored(option))
		return;
	if (!strcmp(option, "ro"))
		a->read_only = true;
	if (!strcmp(option, "allow_other"))
		a->allow_other = true;
	if (!strncmp(option, "subtype=", 8))
		a->has_subtype = true;
	/* never: a mount point that suddenly looks empty makes mirroring
	 * programs spread the loss */
	if (!strcmp(option, "auto_unmount"))
		return;
	buf_addf(&a->options, "%s%s", a->options.len ? "," : "", option);
}

static int add_options(struct arguments *a, const char *list)
{
	AUTO(free_text) char *copy = strdup(list);
	char *rest = copy, *option;

	if (!copy)
		return -ENOMEM;
	while ((option = strsep(&rest, ",")))
		add_option(a, option);
	return 0;
}

/* A comma or backslash in the store's path would end the option. */
static void add_source(struct arguments *a)
{
	buf_addf(&a->options, "%sfsname=", a->options.len ? "," : "");
	for (const char *c = a->store; *c; c++) {
		if (*c == ',' || *c == '\\')
			buf_putc(&a->options, '\\');
		buf_putc(&a->options, *c);
	}
	buf_puts(&a->options, ",default_permissions");
	if (!a->has_subtype)
		buf_puts(&a->options, ",subtype=mlxfs");
	if (geteuid() == 0 && !a->allow_other)
		buf_puts(&a->options, ",allow_other");
}

static int show(const char *text)
{
	fputs(text, stdout);
	return fflush(stdout) ? EXIT_MOUNT : 0;
}

/* -1: go on; else the exit status. */
static int take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'f':
		a->foreground = true;
		return -1;
	case 'd':
		a->foreground = a->debug = true;
		return -1;
	case 'o':
		return add_options(a, optarg) ? EXIT_MOUNT : -1;
	case 'n':
	case 's':
	case 'v':
	case 't':
		return -1; /* of mount(8) */
	case 'V':
		return show("mlxfs " MLXFS_VERSION "\n");
	case 'h':
		return show(usage);
	default:
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
}

static int parse(struct arguments *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ "foreground", no_argument, NULL, 'f' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "fdo:nsvt:Vh", longs, NULL)) !=
	       -1) {
		int status = take_option(a, option);

		if (status >= 0)
			return status;
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	a->store = argv[optind];
	a->mountpoint = argv[optind + 1];
	return -1;
}

/* ---- paths ---- */

/* Absolute, also of a store that is not there yet. */
static char *absolute(const char *path)
{
	char *real = realpath(path, NULL);
	AUTO(free_text) char *cwd = NULL;
	char *joined;

	if (real)
		return real;
	if (*path == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&joined, "%s/%s", cwd, path) < 0)
		return NULL;
	return joined;
}

/* ---- the background ---- */

static void say(const char *sentence)
{
	fprintf(stderr, "mlxfs: %s\n", sentence);
}

/* The parent: wait for the word of the child. */
static int wait_for_word(int fd, pid_t child)
{
	int status;
	char byte;
	ssize_t got;

	do {
		got = read(fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1)
		return 0;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_MOUNT;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
							: EXIT_MOUNT;
}

/* The pipe's writing end is the only descriptor that tells: when it is closed
 * without a byte, the child has failed. */
static int go_to_background(int *ret_ready_fd, int *ret_status)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child) {
		close(ends[1]);
		*ret_status = wait_for_word(ends[0], child);
		return 1;
	}
	close(ends[0]);
	setsid();
	*ret_ready_fd = ends[1];
	return 0;
}

static int serve(struct arguments *a, int ready_fd)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct session_options options = {
		.store = a->store,
		.mountpoint = a->mountpoint,
		.mount_options = a->options.data,
		.read_only = a->read_only,
		.debug = a->debug,
		.ready_fd = ready_fd,
	};
	int err = mountpoint_clear(a->mountpoint, &why);

	if (!err && a->options.err)
		err = a->options.err;
	if (!err)
		err = session_run(&options, &why);
	if (err)
		say(why.len ? why.data : strerror(-err));
	return err ? EXIT_MOUNT : 0;
}

static int start(struct arguments *a)
{
	int ready_fd = -1, status = EXIT_MOUNT;

	if (!a->foreground) {
		int err = go_to_background(&ready_fd, &status);

		if (err < 0)
			say(strerror(-err));
		if (err)
			return err < 0 ? EXIT_MOUNT : status;
		openlog("mlxfs", LOG_PID, LOG_DAEMON);
		log_setup(true, LOG_LEVEL_INFO);
	}
	umask(0);
	if (chdir("/"))
		return EXIT_MOUNT;
	return serve(a, ready_fd);
}

static bool is_step(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, MLXFS_STEP_NAME);
}

int main(int argc, char **argv)
{
	struct arguments a = { .options = BUF_INIT(BUF_MAX) };
	AUTO(free_text) char *store = NULL;
	AUTO(free_text) char *mountpoint = NULL;
	int status;

	if (argc && is_step(argv[0]))
		return step_main(argc, argv);
	status = parse(&a, argc, argv);
	if (status < 0) {
		a.store = store = absolute(a.store);
		a.mountpoint = mountpoint = absolute(a.mountpoint);
		if (!store || !mountpoint) {
			say(strerror(errno));
			status = EXIT_MOUNT;
		} else {
			add_source(&a);
			status = start(&a);
		}
	}
	buf_release(&a.options);
	return status;
}
