// SPDX-License-Identifier: Apache-2.0
/*
 * kills: a program at work on a mount, and the death of the daemon at one of
 *its system calls.
 *
 *	kills MOUNT DAEMON POINT LOG COMMAND...		runs the command
 *	kills MOUNT DAEMON POINT LOG -p PID COMMAND...	COMMAND asks process
 *PID, which works, for it
 *
 * Counted are system calls that touch MOUNT by a path or a descriptor, each
 *with three points: before it, while it is done, and after it. At POINT the
 *process DAEMON gets SIGKILL, and the program goes on to its errors. POINT 0:
 *nobody dies. LOG gets a line each:
 *
 *	closed BYTES PATH	close() of a descriptor open for writing
 *returned 0 renamed OLD<TAB>NEW, removed PATH, made PATH (a directory) killed
 *POINT	from here on nothing is acknowledged points N	at the end: how many
 *there were
 *
 * For x86-64 and others where PTRACE_GET_SYSCALL_INFO tells arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* after sys/ptrace.h, whose names it makes macros */
#include <linux/ptrace.h>

#define THREADS 256
#define TEXT (2 * PATH_MAX)

enum take { NOTHING, PATH, AT_PATH, TWO_PATHS, TWO_AT_PATHS, FD, FD_OUT };

/* What is counted, and where its path or descriptor stands. */
static const struct call {
	long number;
	enum take take;
} calls[] = {
#ifdef SYS_open
	{ SYS_open, PATH },
	{ SYS_creat, PATH },
	{ SYS_mkdir, PATH },
	{ SYS_rmdir, PATH },
	{ SYS_unlink, PATH },
	{ SYS_rename, TWO_PATHS },
	{ SYS_link, TWO_PATHS },
	{ SYS_symlink, TWO_PATHS },
	{ SYS_chmod, PATH },
	{ SYS_chown, PATH },
	{ SYS_lchown, PATH },
#endif
	{ SYS_openat, AT_PATH },
	{ SYS_mkdirat, AT_PATH },
	{ SYS_unlinkat, AT_PATH },
	{ SYS_renameat, TWO_AT_PATHS },
	{ SYS_renameat2, TWO_AT_PATHS },
	{ SYS_linkat, TWO_AT_PATHS },
	{ SYS_fchmodat, AT_PATH },
	{ SYS_fchownat, AT_PATH },
	{ SYS_utimensat, AT_PATH },
	{ SYS_write, FD },
	{ SYS_pwrite64, FD },
	{ SYS_writev, FD },
	{ SYS_ftruncate, FD },
	{ SYS_fallocate, FD },
	{ SYS_fchmod, FD },
	{ SYS_fchown, FD },
	{ SYS_fsync, FD },
	{ SYS_fdatasync, FD },
	{ SYS_close, FD },
	{ SYS_copy_file_range, FD_OUT },
};

struct thread {
	pid_t tid;
	bool in_call;
	bool counted; /* the call that it is in */
	bool writing; /* a close of a descriptor open for writing */
	long long size;
	long number;
	char path[TEXT], second[TEXT];
};

static struct thread threads[THREADS];
static const char *mount_point;
static size_t mount_len;
static pid_t daemon_pid;
static long points, point;
static FILE *out;
static bool dead;

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static struct thread *thread_of(pid_t tid)
{
	struct thread *unused = NULL;

	for (size_t i = 0; i < THREADS; i++) {
		if (threads[i].tid == tid)
			return &threads[i];
		if (!threads[i].tid && !unused)
			unused = &threads[i];
	}
	if (!unused) {
		fprintf(stderr, "kills: too many threads\n");
		exit(3);
	}
	*unused = (struct thread){ .tid = tid };
	return unused;
}

/* ---- where a call leads ---- */

static void read_text(pid_t tid, uint64_t from, char *to)
{
	char mem[64];
	ssize_t got;
	int fd;

	snprintf(mem, sizeof(mem), "/proc/%d/mem", (int)tid);
	fd = open(mem, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : pread(fd, to, PATH_MAX - 1, (off_t)from);
	to[got > 0 ? got : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static void read_fd(pid_t tid, int fd, char *to)
{
	char link[64];
	ssize_t len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, fd);
	len = readlink(link, to, PATH_MAX - 1);
	to[len > 0 ? len : 0] = 0;
}

static void read_path(pid_t tid, int dir, uint64_t from, char *to)
{
	char name[PATH_MAX];
	size_t len;

	if (!from) { /* utimensat of a descriptor */
		read_fd(tid, dir, to);
		return;
	}
	read_text(tid, from, name);
	to[0] = 0;
	if (name[0] != '/') {
		read_fd(tid, dir, to);
		strcat(to, "/");
	}
	len = strlen(to);
	snprintf(to + len, TEXT - len, "%s", name);
	/* "dir/./name" */
	for (char *dot; (dot = strstr(to, "/./"));)
		memmove(dot, dot + 2, strlen(dot + 2) + 1);
}

static bool is_below(const char *path)
{
	return !strncmp(path, mount_point, mount_len) &&
	       (path[mount_len] == '/' || !path[mount_len]);
}

static bool is_writing(pid_t tid, int fd)
{
	char name[64], line[128];
	unsigned long flags = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", (int)tid, fd);
	f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %lo", &flags) == 1)
			break;
	if (f)
		fclose(f);
	return (flags & O_ACCMODE) != O_RDONLY;
}

static long long size_of(pid_t tid, int fd)
{
	char name[64];
	struct stat s;

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)tid, fd);
	return stat(name, &s) ? 0 : (long long)s.st_size;
}

static bool touches(struct thread *t, enum take take, const uint64_t *arg)
{
	t->path[0] = t->second[0] = 0;
	switch (take) {
	case PATH:
		read_path(t->tid, AT_FDCWD, arg[0], t->path);
		break;
	case AT_PATH:
		read_path(t->tid, (int)arg[0], arg[1], t->path);
		break;
	case TWO_PATHS:
		read_path(t->tid, AT_FDCWD, arg[0], t->path);
		read_path(t->tid, AT_FDCWD, arg[1], t->second);
		break;
	case TWO_AT_PATHS:
		read_path(t->tid, (int)arg[0], arg[1], t->path);
		read_path(t->tid, (int)arg[2], arg[3], t->second);
		break;
	case FD:
		read_fd(t->tid, (int)arg[0], t->path);
		break;
	case FD_OUT:
		read_fd(t->tid, (int)arg[2], t->path);
		break;
	case NOTHING:
		break;
	}
	return is_below(t->path) || is_below(t->second);
}

/* ---- points ---- */

static void kill_daemon(void)
{
	kill(daemon_pid, SIGKILL);
	fprintf(out, "killed %ld\n", point);
	dead = true;
}

static bool is_gone(void)
{
	char name[64], line[256];
	FILE *f;
	bool gone = true;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)daemon_pid);
	f = fopen(name, "r");
	if (f && fgets(line, sizeof(line), f)) {
		char *state = strrchr(line, ')');

		gone = !state || state[2] == 'Z' || state[2] == 'X';
	}
	if (f)
		fclose(f);
	return gone;
}

static void pass(bool wait)
{
	struct timespec moment = { 0, 1000000 };

	if (++points != point)
		return;
	kill_daemon();
	/* 'while it is done': the call and the death race */
	while (wait && !is_gone())
		nanosleep(&moment, NULL);
}

static void acknowledge(const struct thread *t)
{
	switch (t->number) {
	case SYS_close:
		if (t->writing)
			fprintf(out, "closed %lld %s\n", t->size, t->path);
		break;
#ifdef SYS_rename
	case SYS_rename:
#endif
	case SYS_renameat:
	case SYS_renameat2:
		fprintf(out, "renamed %s\t%s\n", t->path, t->second);
		break;
#ifdef SYS_unlink
	case SYS_unlink:
	case SYS_rmdir:
#endif
	case SYS_unlinkat:
		fprintf(out, "removed %s\n", t->path);
		break;
#ifdef SYS_mkdir
	case SYS_mkdir:
#endif
	case SYS_mkdirat:
		fprintf(out, "made %s\n", t->path);
		break;
	default:
		break;
	}
}

static enum take take_of(long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number)
			return calls[i].take;
	return NOTHING;
}

static void enter(struct thread *t, const struct ptrace_syscall_info *info)
{
	enum take take = take_of((long)info->entry.nr);

	t->in_call = true;
	t->number = (long)info->entry.nr;
	t->counted = take != NOTHING &&
		     touches(t, take, (const uint64_t *)info->entry.args);
	if (!t->counted)
		return;
	t->writing = !dead && t->number == SYS_close &&
		     is_writing(t->tid, (int)info->entry.args[0]);
	if (t->writing)
		t->size = size_of(t->tid, (int)info->entry.args[0]);
	pass(true);
	pass(false);
}

static void leave(struct thread *t, const struct ptrace_syscall_info *info)
{
	t->in_call = false;
	if (!t->counted)
		return;
	if (info->exit.rval >= 0)
		acknowledge(t);
	pass(true);
}

static void syscall_stop(struct thread *t)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(t, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(t, &info);
}

/* ---- the traced ---- */

#define OPTIONS                                                                \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |    \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static void go_on(pid_t tid, int status)
{
	int signal = WSTOPSIG(status);

	if (signal == (SIGTRAP | 0x80)) {
		syscall_stop(thread_of(tid));
		signal = 0;
	} else if (status >> 16) { /* an event, or a stop of a group */
		if (status >> 16 == PTRACE_EVENT_STOP &&
		    (signal == SIGSTOP || signal == SIGTSTP ||
		     signal == SIGTTIN || signal == SIGTTOU)) {
			ptrace(PTRACE_LISTEN, tid, 0, 0);
			return;
		}
		signal = 0;
	}
	ptrace(PTRACE_SYSCALL, tid, 0, (long)signal);
}

static pid_t start(char **command, bool traced)
{
	int gate[2];
	pid_t pid;
	char byte;

	if (pipe2(gate, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 0)
			_exit(126);
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	close(gate[0]);
	if (traced && ptrace(PTRACE_SEIZE, pid, 0, OPTIONS))
		die("ptrace");
	if (traced && ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		die("ptrace");
	close(gate[1]);
	return pid;
}

static void seize_all(pid_t pid)
{
	char name[64];
	struct dirent *e;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/task", (int)pid);
	dir = opendir(name);
	if (!dir)
		die(name);
	while ((e = readdir(dir))) {
		pid_t tid = (pid_t)atoi(e->d_name);

		if (tid && ptrace(PTRACE_SEIZE, tid, 0, OPTIONS))
			die("ptrace");
		if (tid)
			ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	}
	closedir(dir);
}

/* Till the command has ended; of a process that was asked, the tracing ends
 * with us. */
static int follow(pid_t command)
{
	int status;

	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0)
			return errno == ECHILD ? 0 : 3;
		if (WIFSTOPPED(status)) {
			go_on(tid, status);
			continue;
		}
		thread_of(tid)->tid = 0;
		if (tid == command)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	}
}

int main(int argc, char **argv)
{
	bool asks = argc > 7 && !strcmp(argv[5], "-p");
	pid_t command;
	int status;

	if (argc < 6) {
		fprintf(stderr, "usage: kills MOUNT DAEMON POINT LOG "
				"[-p PID] COMMAND...\n");
		return 3;
	}
	mount_point = argv[1];
	mount_len = strlen(mount_point);
	daemon_pid = (pid_t)atoi(argv[2]);
	point = atol(argv[3]);
	out = fopen(argv[4], "w");
	if (!out)
		die(argv[4]);
	if (asks)
		seize_all((pid_t)atoi(argv[6]));
	command = start(asks ? argv + 7 : argv + 5, !asks);
	status = follow(command);
	fprintf(out, "points %ld\n", points);
	fclose(out);
	return dead ? 0 : status;
}
