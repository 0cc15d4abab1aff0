// SPDX-License-Identifier: Apache-2.0
/*
 * Starting a step: the daemon has many threads, so it must not fork; it spawns
 * this same program under another name (keeper.c), and hands everything over in
 * a memfd.
 */
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/engine.h"

/* Ends that the keeper gets are moved above these, so that no dup2 of the
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
	err = lift(&fd);
	if (err)
		return err;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* The keeper's descriptors, in the order of their numbers. */
struct ends {
	int null, log, spec, control;
};

static void ends_release(struct ends *e)
{
	close_fd(&e->null);
	close_fd(&e->log);
	close_fd(&e->spec);
	close_fd(&e->control);
}

static int make_pipes(struct ends *e, struct step_process *p)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	p->log = pair[0];
	e->log = pair[1];
	if (fcntl(p->log, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	p->control = pair[0];
	e->control = pair[1];
	e->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return e->null < 0 ? -errno : 0;
}

static int make_ends(const struct step_spec *spec, struct ends *e,
		     struct step_process *p)
{
	int err = make_pipes(e, p);

	if (!err)
		err = make_spec_fd(spec, &e->spec);
	if (!err)
		err = lift(&e->null);
	if (!err)
		err = lift(&e->log);
	if (!err)
		err = lift(&e->control);
	return err;
}

/* Each of these is 0 or a positive errno, as posix_spawn's family has it. */
static int place_ends(posix_spawn_file_actions_t *fa, const struct ends *e)
{
	const int from[] = { e->null, e->log, e->log, e->spec, e->control };
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(from); i++)
		err = posix_spawn_file_actions_adddup2(fa, from[i], (int)i);
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(
			fa, STEP_FD_CONTROL + 1);
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

static int spawn(const struct ends *e, pid_t *ret_pid)
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
	err = place_ends(&fa, e);
	if (!err)
		err = set_signals(&attr);
	if (!err)
		err = posix_spawn(ret_pid, "/proc/self/exe", &fa, &attr, argv,
				  environ);
	return -err;
}

int step_start(const struct step_spec *spec, struct buf *why,
	       struct step_process *ret_process)
{
	AUTO(ends_release) struct ends e = { -1, -1, -1, -1 };
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
		err = spawn(&e, &p.keeper);
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

void step_end(struct step_process *p, bool wait)
{
	close_fd(&p->control);
	close_fd(&p->log);
	p->control = p->log = -1;
	if (p->keeper)
		while (waitpid(p->keeper, NULL, wait ? 0 : WNOHANG) < 0 &&
		       errno == EINTR)
			;
	p->keeper = 0;
}
