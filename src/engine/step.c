// SPDX-License-Identifier: Apache-2.0
/*
 * Starting a step: the daemon has many threads, so it must not fork; it spawns
 * this same program under another name (keeper.c) once, and asks that one, the
 * nursery, to fork a keeper for each step: to load all libraries of the program
 * anew would take longer than all the rest.
 */
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/engine.h"

/* Ends that the nursery gets are moved above these, so that no dup2 of the
 * spawn hits one that is still needed. */
enum { FD_ABOVE = 10 };

static int judge_words(const char *const *word, size_t count, const char *what,
		       struct buf *why)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(word[i]);

		if (len >= STEP_WORD_LIMIT)
			return why_set(why, -E2BIG,
				       "%s %zu of the step has %zu bytes; this "
				       "system takes at most %d in one",
				       what, i, len, STEP_WORD_LIMIT - 1);
	}
	return 0;
}

static void put_text(struct buf *out, const char *text)
{
	buf_add(out, text, strlen(text) + 1);
}

static int write_spec(const struct step_spec *spec, struct buf *out)
{
	struct step_header head = {
		.argc = spec->argc,
		.env_count = spec->env_count,
		.has_cwd = spec->cwd != NULL,
		.has_file = spec->file != NULL,
		.uid = spec->uid,
		.gid = spec->gid,
		.limits = spec->limits,
	};

	buf_add(out, &head, sizeof(head));
	put_text(out, spec->dir);
	if (spec->cwd)
		put_text(out, spec->cwd);
	if (spec->file) {
		put_text(out, spec->file);
		put_text(out, spec->text);
	}
	for (size_t i = 0; i < spec->argc; i++)
		put_text(out, spec->argv[i]);
	for (size_t i = 0; i < spec->env_count; i++)
		put_text(out, spec->env[i]);
	return out->err;
}

/* Make *fd one above FD_ABOVE. */
static int lift(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_ABOVE);

	if (high < 0)
		return -errno;
	close(*fd);
	*fd = high;
	return 0;
}

static int make_spec_fd(const struct step_spec *spec, int *ret_fd)
{
	AUTO(buf_release) struct buf text = BUF_INIT(STEP_SPEC_LIMIT);
	AUTO(close_fd) int fd = -1;
	int err = write_spec(spec, &text);

	if (err)
		return err;
	fd = memfd_create("step", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < text.len;) {
		ssize_t n = pwrite(fd, text.data + done, text.len - done,
				   (off_t)done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* What a keeper gets, in the order of enum step_gift. */
struct ends {
	int fd[STEP_GIFTS];
};
#define ENDS_INIT                                                              \
	{                                                                      \
		{                                                              \
			-1, -1, -1                                             \
		}                                                              \
	}

static void ends_release(struct ends *e)
{
	for (size_t i = 0; i < STEP_GIFTS; i++)
		close_fd(&e->fd[i]);
}

static int make_ends(const struct step_spec *spec, struct ends *e,
		     struct step_process *p)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	p->log = pair[0];
	e->fd[GIFT_LOG] = pair[1];
	if (fcntl(p->log, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	p->control = pair[0];
	e->fd[GIFT_CONTROL] = pair[1];
	return make_spec_fd(spec, &e->fd[GIFT_SPEC]);
}

/* ---- the nursery ---- */

/*
 * Started once; its socket is written to by any thread. The lock is held while
 * it is started anew, too, which takes a millisecond and happens when somebody
 * killed it.
 */
static struct {
	pthread_mutex_t lock;
	pid_t pid;  /* under lock; 0: none */
	int socket; /* under lock */
} nursery = { .lock = PTHREAD_MUTEX_INITIALIZER, .socket = -1 };

/* Each of these is 0 or a positive errno, as posix_spawn's family has it. */
static int place_fds(posix_spawn_file_actions_t *fa, int null, int socket)
{
	int err = posix_spawn_file_actions_adddup2(fa, null, 0);

	if (!err)
		err = posix_spawn_file_actions_adddup2(fa, null, 1);
	if (!err)
		err = posix_spawn_file_actions_adddup2(fa, socket,
						       STEP_FD_NURSERY);
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(
			fa, STEP_FD_NURSERY + 1);
	return err;
}

static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
							 POSIX_SPAWN_SETSIGDEF);

	sigemptyset(&none);
	sigfillset(&all);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attr, &all);
	return err;
}

static void actions_release(posix_spawn_file_actions_t **fa)
{
	posix_spawn_file_actions_destroy(*fa);
}

static void attr_release(posix_spawnattr_t **attr)
{
	posix_spawnattr_destroy(*attr);
}

static int spawn(int null, int socket, pid_t *ret_pid)
{
	char name[] = MLXFS_STEP_NAME;
	char *argv[] = { name, NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int err = posix_spawn_file_actions_init(&fa);

	if (err)
		return -err;
	AUTO(actions_release)
	__attribute__((unused)) posix_spawn_file_actions_t *fa_held = &fa;
	err = posix_spawnattr_init(&attr);
	if (err)
		return -err;
	AUTO(attr_release)
	__attribute__((unused)) posix_spawnattr_t *attr_held = &attr;
	err = place_fds(&fa, null, socket);
	if (!err)
		err = set_signals(&attr);
	if (!err)
		err = posix_spawn(ret_pid, "/proc/self/exe", &fa, &attr, argv,
				  environ);
	return -err;
}

static void end_nursery(void)
{
	close_fd(&nursery.socket);
	nursery.socket = -1;
	while (nursery.pid && waitpid(nursery.pid, NULL, 0) < 0 &&
	       errno == EINTR)
		;
	nursery.pid = 0;
}

static int start_nursery(void)
{
	AUTO(close_fd) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO(close_fd) int theirs = -1;
	int pair[2], err;

	if (nursery.pid)
		return 0;
	if (null < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	nursery.socket = pair[0];
	theirs = pair[1];
	err = lift(&null);
	if (!err)
		err = lift(&theirs);
	if (!err)
		err = spawn(null, theirs, &nursery.pid);
	if (err)
		end_nursery();
	return err;
}

static int send_ends(const struct ends *e)
{
	char byte = 0;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(e->fd))];
	} control = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(e->fd));
	memcpy(CMSG_DATA(head), e->fd, sizeof(e->fd));
	return sendmsg(nursery.socket, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Once more when the nursery turns out to be gone. */
static int give(const struct ends *e)
{
	HOLD(&nursery.lock);
	int err = start_nursery();

	if (!err)
		err = send_ends(e);
	if (err != -EPIPE && err != -ECONNRESET && err != -ENOTCONN)
		return err;
	end_nursery();
	err = start_nursery();
	return err ? err : send_ends(e);
}

int step_warm_up(void)
{
	HOLD(&nursery.lock);

	return start_nursery();
}

void step_cool_down(void)
{
	HOLD(&nursery.lock);

	end_nursery();
}

/* ---- one step ---- */

int step_start(const struct step_spec *spec, struct buf *why,
	       struct step_process *ret_process)
{
	AUTO(ends_release) struct ends e = ENDS_INIT;
	struct step_process p = STEP_PROCESS_INIT;
	int err;

	if (!spec->argc)
		return why_set(why, -EINVAL, "the step has no command");
	err = judge_words(spec->argv, spec->argc, "word", why);
	if (!err)
		err = judge_words(spec->env, spec->env_count,
				  "environment variable", why);
	if (err)
		return err;
	err = make_ends(spec, &e, &p);
	if (!err)
		err = give(&e);
	if (err) {
		close_fd(&p.log);
		close_fd(&p.control);
		return why_set(why, err, "cannot start a process: %s",
			       strerror(-err));
	}
	*ret_process = p;
	return 0;
}

void step_order(struct step_process *p, enum step_order order)
{
	char byte = (char)order;

	if (p->control >= 0)
		send(p->control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int step_hear(struct step_process *p, struct step_report *ret_report)
{
	struct step_report r = { .event = STEP_LOST };
	ssize_t n = recv(p->control, &r, sizeof(r), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n != sizeof(r))
		r = (struct step_report){ .event = STEP_LOST };
	*ret_report = r;
	return 0;
}

void step_end(struct step_process *p)
{
	close_fd(&p->control);
	close_fd(&p->log);
	p->control = p->log = -1;
}
