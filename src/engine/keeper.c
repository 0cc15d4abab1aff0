// SPDX-License-Identifier: Apache-2.0
/*
 * The keeper of one step (step.h says how it is started and what it tells), and
 * the nursery that forks them.
 *
 * Both have one thread, so here fork() is safe. They keep the daemon's own
 * user, so that the command, which runs as the run's owner, cannot end them;
 * only the forked child drops to the owner, for good and without a way back
 * (PR_SET_NO_NEW_PRIVS). As a child subreaper the keeper becomes the parent of
 * every descendant whose own parent died, however it detached itself: killing
 * its children until there are none ends them all.
 *
 * The daemon's death is seen as the end of the control socket. (A parent-death
 * signal would follow the daemon's thread, not the daemon.) The keeper's own
 * death, which only its own user can bring about, takes the command along by
 * such a signal.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "step.h"

static int control = -1; /* of a keeper: to and from the daemon */

static void tell(enum step_event event, int value, enum step_stage stage)
{
	struct step_report r = { event, value, stage };

	send(control, &r, sizeof(r), MSG_NOSIGNAL);
}

/* ---- the spec ---- */

static const char *next_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = memchr(text, 0, (size_t)(end - text));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

static const char **next_texts(const char **at, const char *end, size_t count)
{
	const char **array = calloc(count + 1, sizeof(*array));

	for (size_t i = 0; array && i < count; i++) {
		array[i] = next_text(at, end);
		if (!array[i])
			return NULL;
	}
	return array;
}

/* What is allocated here lives as long as the keeper. */
static int read_spec(int spec_fd, struct step_spec *ret_spec)
{
	static struct buf text = BUF_INIT(STEP_SPEC_LIMIT);
	struct step_header head;
	struct step_spec spec = { 0 };
	const char *at, *end;

	if (lseek(spec_fd, 0, SEEK_SET) < 0 || buf_read_fd(&text, spec_fd) ||
	    text.len < sizeof(head))
		return -EINVAL;
	memcpy(&head, text.data, sizeof(head));
	at = text.data + sizeof(head);
	end = text.data + text.len;
	spec.dir = next_text(&at, end);
	spec.cwd = head.has_cwd ? next_text(&at, end) : NULL;
	spec.file = head.has_file ? next_text(&at, end) : NULL;
	spec.text = head.has_file ? next_text(&at, end) : NULL;
	spec.argc = head.argc;
	spec.argv = next_texts(&at, end, head.argc);
	spec.env_count = head.env_count;
	spec.env = next_texts(&at, end, head.env_count);
	spec.uid = head.uid;
	spec.gid = head.gid;
	spec.limits = head.limits;
	if (!spec.dir || !spec.argv || !spec.env || !spec.argc)
		return -EINVAL;
	*ret_spec = spec;
	return 0;
}

/* ---- the child, between fork and exec ---- */

static int become(uid_t uid, gid_t gid)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return uid == geteuid() ? 0 : -EPERM;
	pw = getpwuid(uid);
	if (pw ? initgroups(pw->pw_name, gid) : setgroups(1, &gid))
		return -errno;
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static void limit(int what, uint64_t most)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)what, &r))
		return;
	if (r.rlim_max != RLIM_INFINITY && r.rlim_max < most)
		most = r.rlim_max;
	r.rlim_cur = most;
	if (what != RLIMIT_NOFILE)
		r.rlim_max = most;
	setrlimit((__rlimit_resource_t)what, &r);
}

static void set_limits(const struct step_limits *l)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, l->open_files ? l->open_files : 1024);
	if (l->memory_bytes)
		limit(RLIMIT_AS, l->memory_bytes);
	if (l->file_bytes)
		limit(RLIMIT_FSIZE, l->file_bytes);
	if (l->processes)
		limit(RLIMIT_NPROC, l->processes);
}

static int write_program(const char *path, const char *text)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0700);
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return close(fd) ? -errno : 0;
}

static int prepare(const struct step_spec *spec, enum step_stage *ret_stage)
{
	int err = become(spec->uid, spec->gid);

	*ret_stage = STAGE_OWNER;
	if (err)
		return err;
	umask(022);
	*ret_stage = STAGE_DIR;
	if (mkdir(spec->dir, 0700) && errno != EEXIST)
		return -errno;
	*ret_stage = STAGE_FILE;
	if (spec->file) {
		err = write_program(spec->file, spec->text);
		if (err)
			return err;
	}
	*ret_stage = STAGE_CWD;
	return chdir(spec->cwd ? spec->cwd : spec->dir) ? -errno : 0;
}

/* Does not return; what failed goes through the pipe. */
static void child_main(const struct step_spec *spec, pid_t keeper, int tell_fd)
{
	enum step_stage stage;
	struct step_report r = { .event = STEP_FAILED };
	sigset_t none;
	int err;

	setsid();
	err = prepare(spec, &stage);
	if (!err) {
		/* after the change of user, which clears it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (getppid() != keeper)
			_exit(127);
		set_limits(&spec->limits);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		environ = (char **)spec->env;
		execvpe(spec->argv[0], (char *const *)spec->argv, environ);
		err = -errno;
		stage = STAGE_EXEC;
	}
	r.value = -err;
	r.stage = stage;
	if (write(tell_fd, &r, sizeof(r)) < 0)
		_exit(126);
	_exit(127);
}

/* ---- the keeper ---- */

struct keeper {
	pid_t child;
	int signals;
	bool exited; /* the command; its status: */
	int status;
};

/* "pid (name) state ppid …", and a name may hold ")". 0: it is gone. */
static long parent_of(long pid)
{
	char path[64], line[512];
	const char *paren;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	paren = strrchr(line, ')');
	if (!paren || strlen(paren) < 5)
		return 0;
	return strtol(paren + 4, NULL, 10);
}

/* Send SIGKILL to every process whose parent we are. */
static void kill_children(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0 && parent_of(pid) == getpid())
			kill((pid_t)pid, SIGKILL);
	}
	if (proc)
		closedir(proc);
}

/* Reap what ended: > 0: one did; 0: none; < 0: no child is left. */
static int reap(struct keeper *k)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid > 0 && pid == k->child) {
		k->exited = true;
		k->status = status;
	}
	return pid;
}

/* Till there is no child left. A child that dies hands its own children to us,
 * so this goes round once a generation. */
static void kill_all(struct keeper *k)
{
	struct pollfd ended = { k->signals, POLLIN, 0 };
	struct signalfd_siginfo info;
	int left;

	for (;;) {
		while ((left = reap(k)) > 0)
			;
		if (left < 0)
			return;
		kill_children();
		if (poll(&ended, 1, 50) > 0 &&
		    read(k->signals, &info, sizeof(info)) < 0 &&
		    errno != EAGAIN)
			return;
	}
}

static int start_child(const struct step_spec *spec, struct keeper *k)
{
	struct step_report r;
	pid_t self = getpid();
	int pair[2];
	ssize_t n;

	if (pipe2(pair, O_CLOEXEC))
		return -errno;
	k->child = fork();
	if (k->child < 0)
		return -errno;
	if (!k->child)
		child_main(spec, self, pair[1]);
	close(pair[1]);
	n = read(pair[0], &r, sizeof(r));
	close(pair[0]);
	if (n == sizeof(r)) {
		tell(r.event, r.value, r.stage);
		return -ECANCELED;
	}
	tell(STEP_STARTED, k->child, 0);
	return 0;
}

/* One byte of the daemon's; false at its end: the daemon is gone. */
static bool obey(struct keeper *k)
{
	char order;
	ssize_t n = recv(control, &order, 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	if (order == STEP_TERMINATE && !k->exited)
		kill(-k->child, SIGTERM);
	if (order == STEP_KILL)
		kill_all(k);
	return true;
}

static void watch(struct keeper *k)
{
	struct pollfd fds[] = { { k->signals, POLLIN, 0 },
				{ control, POLLIN, 0 } };
	struct signalfd_siginfo info;

	while (!k->exited) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents &&
		    read(k->signals, &info, sizeof(info)) < 0 &&
		    errno != EAGAIN)
			break;
		while (!k->exited && reap(k) > 0)
			;
		if (fds[1].revents && !obey(k))
			break;
	}
	kill_all(k);
}

static int set_up(struct keeper *k)
{
	sigset_t set;

	prctl(PR_SET_NAME, MLXFS_STEP_NAME);
	setsid();
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM); /* and stays pending: orders come otherwise */
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	sigdelset(&set, SIGTERM);
	k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k->signals < 0)
		return -errno;
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
}

/* Does not return. */
static void keeper_main(const int gift[STEP_GIFTS])
{
	struct step_spec spec = { 0 };
	struct keeper k = { 0 };
	int err;

	control = gift[GIFT_CONTROL];
	close(STEP_FD_NURSERY);
	err = read_spec(gift[GIFT_SPEC], &spec);
	close(gift[GIFT_SPEC]);
	if (!err &&
	    (dup2(gift[GIFT_LOG], 1) < 0 || dup2(gift[GIFT_LOG], 2) < 0))
		err = -errno;
	close(gift[GIFT_LOG]);
	if (!err)
		err = set_up(&k);
	if (!err)
		err = start_child(&spec, &k);
	if (err == -ECANCELED)
		_exit(0);
	if (err) {
		tell(STEP_FAILED, -err, STAGE_SPEC);
		_exit(0);
	}
	watch(&k);
	tell(STEP_EXITED, k.status, 0);
	_exit(0);
}

/* ---- the nursery ---- */

/* 1: three descriptors; 0: the daemon is gone; -EAGAIN: neither. */
static int receive(int ret_gift[STEP_GIFTS])
{
	char byte;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(STEP_GIFTS * sizeof(int))];
	} room;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room.room,
		.msg_controllen = sizeof(room.room),
	};
	ssize_t n = recvmsg(STEP_FD_NURSERY, &msg, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head;

	if (n < 0)
		return errno == EINTR ? -EAGAIN : 0;
	if (!n)
		return 0;
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS ||
	    head->cmsg_len != CMSG_LEN(STEP_GIFTS * sizeof(int)))
		return -EAGAIN;
	memcpy(ret_gift, CMSG_DATA(head), STEP_GIFTS * sizeof(int));
	return 1;
}

/* Look a name up once, so that what the C library loads for it is there. */
static void warm_up(void)
{
	const struct passwd *pw = getpwuid(geteuid());
	gid_t group[1];
	int count = 1;

	if (pw)
		getgrouplist(pw->pw_name, pw->pw_gid, group, &count);
}

int step_main(int argc, char **argv)
{
	int gift[STEP_GIFTS], got;

	(void)argc;
	(void)argv;
	prctl(PR_SET_NAME, MLXFS_STEP_NAME);
	setsid();
	signal(SIGCHLD, SIG_IGN); /* keepers need no reaping */
	if (chdir("/"))
		_exit(1);
	warm_up();
	while ((got = receive(gift))) {
		if (got < 0)
			continue;
		/* without a keeper the daemon sees the end of its socket */
		if (fork() == 0)
			keeper_main(gift);
		for (size_t i = 0; i < STEP_GIFTS; i++)
			close(gift[i]);
	}
	_exit(0);
}
