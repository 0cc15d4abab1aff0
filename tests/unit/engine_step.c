// SPDX-License-Identifier: Apache-2.0
/* The keeper: what a step's processes get, tell and leave behind. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/engine/step.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "unit.h"

/* This program is its own keeper, as mlxfs is: before any test runs. */
__attribute__((constructor(101))) static void keep(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], MLXFS_STEP_NAME) == 0)
		_exit(step_main(argc, argv));
}

struct result {
	struct buf out;
	struct step_report last;
	pid_t command;
};

/* Read log and reports till the last report, at most 20 s. */
static int follow(struct step_process *p, struct result *r)
{
	int64_t end = clock_monotonic() + 20 * NS_PER_S;
	bool done = false;

	while (clock_monotonic() < end) {
		struct pollfd fds[] = { { p->log, POLLIN, 0 },
					{ p->control, POLLIN, 0 } };
		char bytes[4096];
		ssize_t n;

		if (!done)
			poll(fds, 2, 100);
		while ((n = read(p->log, bytes, sizeof(bytes))) > 0)
			buf_add(&r->out, bytes, (size_t)n);
		if (done)
			return 0;
		if (step_hear(p, &r->last))
			continue;
		if (r->last.event == STEP_STARTED)
			r->command = r->last.value;
		else
			done = true;
	}
	return -ETIMEDOUT;
}

static const char *plain_env[] = { "PATH=/usr/bin:/bin", "WHAT=it works" };

static struct step_spec spec_of(const char **argv, size_t argc)
{
	return (struct step_spec){
		.argv = argv,
		.argc = argc,
		.env = plain_env,
		.env_count = ARRAY_SIZE(plain_env),
		.dir = unit_dir(),
		.uid = getuid(),
		.gid = getgid(),
	};
}

static void result_release(struct result *r)
{
	buf_release(&r->out);
}

static int run(const struct step_spec *spec, struct result *r)
{
	struct step_process p = STEP_PROCESS_INIT;
	int err = step_start(spec, NULL, &p);

	if (err)
		return err;
	err = follow(&p, r);
	step_end(&p);
	return err;
}

#define RESULT_INIT                                                            \
	{                                                                      \
		.out = BUF_INIT(1 << 20)                                       \
	}

TEST(step_gives_output_and_exit_code)
{
	const char *argv[] = { "sh", "-c", "echo \"$WHAT\"; pwd >&2; exit 7" };
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_spec spec = spec_of(argv, 3);
	char want[4200];

	CHECK_INT(run(&spec, &r), 0);
	CHECK_INT(r.last.event, STEP_EXITED);
	CHECK_INT(WEXITSTATUS(r.last.value), 7);
	snprintf(want, sizeof(want), "it works\n%s\n", spec.dir);
	CHECK_STR(r.out.data, want);
}

TEST(step_inherits_nothing)
{
	static const char script[] = "ls /proc/self/fd | wc -l; env | wc -l; "
				     "read x; echo $?; umask";
	const char *argv[] = { "sh", "-c", script };
	AUTO(result_release) struct result r = RESULT_INIT;
	AUTO(close_fd) int leak = open("/dev/null", O_RDONLY);
	struct step_spec spec = spec_of(argv, 3);

	/* 0, 1, 2 and ls's own; PATH, WHAT, PWD and the shell's _ or SHLVL */
	CHECK(leak >= 0);
	CHECK_INT(run(&spec, &r), 0);
	CHECK(strncmp(r.out.data, "4\n", 2) == 0);
	CHECK(strtol(r.out.data + 2, NULL, 10) <= 5);
	CHECK(strstr(r.out.data, "\n1\n0022\n"));
}

TEST(step_tells_what_is_not_there)
{
	const char *argv[] = { "no-such-command-here" };
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_spec spec = spec_of(argv, 1);

	CHECK_INT(run(&spec, &r), 0);
	CHECK_INT(r.last.event, STEP_FAILED);
	CHECK_INT(r.last.stage, STAGE_EXEC);
	CHECK_INT(r.last.value, ENOENT);
}

TEST(step_writes_its_program)
{
	char path[4200];
	const char *argv[] = { path };
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_spec spec = spec_of(argv, 1);

	snprintf(path, sizeof(path), "%s/program", spec.dir);
	spec.file = path;
	spec.text = "#!/bin/sh\nset -e\necho from a file\nfalse\necho never\n";
	CHECK_INT(run(&spec, &r), 0);
	CHECK_STR(r.out.data, "from a file\n");
	CHECK_INT(WEXITSTATUS(r.last.value), 1);
	/* it never writes through a name that is there already */
	CHECK_INT(run(&spec, &r), 0);
	CHECK_INT(r.last.event, STEP_FAILED);
	CHECK_INT(r.last.stage, STAGE_FILE);
	CHECK_INT(r.last.value, EEXIST);
}

TEST(step_refuses_a_word_that_linux_refuses)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(free_text) char *word = calloc(1, STEP_WORD_LIMIT + 1);
	const char *argv[] = { "echo", word };
	struct step_process p = STEP_PROCESS_INIT;
	struct step_spec spec = spec_of(argv, 2);

	CHECK(word);
	memset(word, 'x', STEP_WORD_LIMIT);
	CHECK_INT(step_start(&spec, &why, &p), -E2BIG);
	CHECK(strstr(why.data, "131072 bytes"));
	CHECK(strstr(why.data, "131071"));
}

TEST(step_takes_the_longest_word)
{
	AUTO(free_text) char *word = calloc(1, STEP_WORD_LIMIT);
	const char *argv[] = { "sh", "-c", "echo ${#1}", "sh", word };
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_spec spec = spec_of(argv, 5);

	CHECK(word);
	memset(word, 'x', STEP_WORD_LIMIT - 1);
	CHECK_INT(run(&spec, &r), 0);
	CHECK_STR(r.out.data, "131071\n");
}

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

/* Descendants that left the session and lost their parents die with it. */
TEST(step_leaves_no_process)
{
	static const char script[] =
		"setsid sh -c '(sleep 600 & echo $!; exec >&- 2>&-; "
		"sleep 600) & sleep 0.1'; echo left";
	const char *argv[] = { "sh", "-c", script };
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_spec spec = spec_of(argv, 3);
	long stray;

	CHECK_INT(run(&spec, &r), 0);
	CHECK_INT(WEXITSTATUS(r.last.value), 0);
	CHECK(strstr(r.out.data, "left\n"));
	stray = strtol(r.out.data, NULL, 10);
	CHECK(stray > 1);
	CHECK(!is_alive((pid_t)stray));
}

TEST(step_is_terminated_then_killed)
{
	static const char script[] = "trap 'echo asked' TERM; echo up; "
				     "while :; do sleep 0.05; done";
	const char *argv[] = { "sh", "-c", script };
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_process p = STEP_PROCESS_INIT;
	struct step_spec spec = spec_of(argv, 3);
	struct pollfd fd;
	char byte;

	CHECK_INT(step_start(&spec, NULL, &p), 0);
	fd = (struct pollfd){ p.log, POLLIN, 0 };
	CHECK_INT(poll(&fd, 1, 10000), 1);
	CHECK_INT(read(p.log, &byte, 1), 1);
	step_order(&p, STEP_TERMINATE);
	usleep(300 * 1000);
	step_order(&p, STEP_KILL);
	CHECK_INT(follow(&p, &r), 0);
	step_end(&p);
	CHECK(strstr(r.out.data, "asked\n"));
	CHECK_INT(r.last.event, STEP_EXITED);
	CHECK(WIFSIGNALED(r.last.value));
	CHECK_INT(WTERMSIG(r.last.value), SIGKILL);
	CHECK(!is_alive(r.command));
}

/* The daemon's end goes away, as with kill -9: so do the processes. */
TEST(step_ends_with_the_daemon)
{
	const char *argv[] = { "sh", "-c", "sleep 600 & echo $!; wait" };
	struct step_process p = STEP_PROCESS_INIT;
	struct step_spec spec = spec_of(argv, 3);
	struct pollfd fd;
	char line[32] = "";
	long pid;

	CHECK_INT(step_start(&spec, NULL, &p), 0);
	fd = (struct pollfd){ p.log, POLLIN, 0 };
	CHECK_INT(poll(&fd, 1, 10000), 1);
	CHECK(read(p.log, line, sizeof(line) - 1) > 0);
	pid = strtol(line, NULL, 10);
	CHECK(pid > 1 && is_alive((pid_t)pid));
	step_end(&p);
	for (int i = 0; i < 200 && is_alive((pid_t)pid); i++)
		usleep(50 * 1000);
	CHECK(!is_alive((pid_t)pid));
}

TEST(step_runs_as_its_owner)
{
	const char *argv[] = {
		"sh", "-c",
		"id -u; id -g; id -G; grep NoNewPrivs "
		"/proc/self/status; kill -9 $PPID 2>/dev/null || "
		"echo kept"
	};
	AUTO(result_release) struct result r = RESULT_INIT;
	struct step_spec spec = spec_of(argv, 3);

	if (getuid() != 0) {
		unit_skip("only root can start steps for others");
		return;
	}
	spec.uid = spec.gid = 65534;
	spec.dir = "/";
	CHECK_INT(run(&spec, &r), 0);
	CHECK_STR(r.out.data, "65534\n65534\n65534\nNoNewPrivs:\t1\nkept\n");
}
