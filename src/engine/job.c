// SPDX-License-Identifier: Apache-2.0
#include "job.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "fetch.h"
#include "ledger.h"
#include "scratch.h"

#define GRACE (2 * NS_PER_S) /* from SIGTERM to SIGKILL */
#define READS_AT_ONCE 16 /* of a log that does not end, before the others' */

/* ---- the beginning ---- */

static int name_dir(struct job *job)
{
	AUTO(buf_release) struct buf name = BUF_INIT(1024);
	const struct pipeline *p = &job->run->pipeline;

	put_component(job->task->name, &name);
	if (job->attempt > 1) {
		/* another task may have that very name */
		do
			buf_putc(&name, '.');
		while (!name.err && pipeline_find_task(p, name.data));
		buf_addf(&name, "%d", job->attempt);
		while (!name.err && pipeline_find_task(p, name.data))
			buf_putc(&name, '_');
	}
	job->dir = buf_take(&name);
	return job->dir ? 0 : -ENOMEM;
}

static int make_dirs(struct job *job)
{
	const struct run *r = job->run;
	int err = name_dir(job);

	if (!err)
		err = file_make_dir(r->st, r->steps_dir, job->dir, 0755,
				    &r->owner, &job->dir_ino);
	if (!err)
		err = file_make_dir(r->st, job->dir_ino, "inputs", 0755,
				    &r->owner, &job->inputs_ino);
	if (!err)
		err = file_make_dir(r->st, job->dir_ino, "outputs", 0755,
				    &r->owner, &job->outputs_ino);
	if (!err)
		err = file_put(r->st, job->dir_ino, "status", 0644, &r->owner,
			       "RUNNING\n", 8);
	if (!err)
		err = file_put(r->st, job->dir_ino, "log", 0644, &r->owner, "",
			       0);
	return err;
}

static int make_scratch(struct job *job)
{
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	int err = scratch_make(job->run, &job->message);

	if (err)
		return err;
	buf_addf(&path, "%s/%s", job->run->scratch, job->dir);
	job->scratch = buf_take(&path);
	return job->scratch ? 0 : -ENOMEM;
}

static int prepare(struct job *job)
{
	int err = make_dirs(job);

	if (!err)
		err = job_set_inputs(job);
	if (!err && job->task->type != TASK_FETCH)
		err = make_scratch(job);
	return err ? why_set(&job->message, err, "it cannot be prepared: %s",
			     strerror(-err))
		   : 0;
}

/* ---- one process or transfer after the other ---- */

static int start_process(struct job *job,
			 int (*make_spec)(struct job *job,
					  struct owned_spec *spec))
{
	AUTO(owned_spec_release) struct owned_spec o = { 0 };
	int err = make_spec(job, &o);

	if (!err)
		err = step_start(&o.spec, &job->message, &job->process);
	if (err)
		return why_set(&job->message, err, "it cannot be started: %s",
			       strerror(-err));
	job->step_end = o.timeout_ns ? clock_monotonic() + o.timeout_ns : 0;
	return 0;
}

static int start_fetch(struct job *job, const struct fetch_what *what)
{
	int err = fetcher_start(job->run, what, &job->fetcher);

	return err ? why_set(&job->message, err,
			     "cannot start the transfer: %s", strerror(-err))
		   : 0;
}

/* 1: something was started; 0: there is nothing more to do. */
static int start_next(struct job *job)
{
	const struct task *t = job->task;
	int err = 0;

	if (t->type == TASK_STEPS) {
		if (job->step >= t->steps_count)
			return 0;
		err = start_process(job, job_make_spec);
	} else if (t->type == TASK_FETCH) {
		const struct fetch_what what = {
			.url = t->fetch.url,
			.sha512 = t->fetch.sha512,
			.dir = job->run->asset,
			.unpack = true,
		};

		if (job->step)
			return 0;
		err = start_fetch(job, &what);
	} else {
		const struct fetch_what what = {
			.url = t->notebook.url,
			.dir = job->inputs_ino,
			.name = NOTEBOOK_NAME,
		};

		if (job->step)
			return 0;
		if (!t->notebook.file && !job->has_notebook)
			err = start_fetch(job, &what);
		else
			err = start_process(job, notebook_make_spec);
	}
	return err ? err : 1;
}

static const char *step_name(const struct job *job)
{
	if (job->task->type == TASK_NOTEBOOK)
		return "notebook";
	return job->task->steps[job->step].name;
}

/* ---- what became of it ---- */

static enum job_state failed(struct job *job)
{
	job_log_end(job);
	return JOB_FAILED;
}

static const char *ending_name(const struct job *job)
{
	return job->ending == ENDING_STEP   ? "the step"
	       : job->ending == ENDING_TASK ? "the task"
					    : "the run";
}

/* It ended because we wanted it to. */
static enum job_state ended(struct job *job)
{
	job_log_end(job);
	buf_clear(&job->message);
	if (job->ending == ENDING_CANCEL) {
		buf_puts(&job->message, "canceled");
		return JOB_CANCELED;
	}
	if (job->ending == ENDING_DAEMON) {
		buf_puts(&job->message, DIED_WITH_DAEMON);
		return JOB_FAILED;
	}
	buf_setf(&job->message, "%s: it was ended at the timeout of %s",
		 job->task->type == TASK_FETCH ? "transfer" : step_name(job),
		 ending_name(job));
	return JOB_FAILED;
}

static enum job_state next(struct job *job)
{
	int err = start_next(job);

	if (err > 0)
		return JOB_RUNNING;
	if (!err)
		err = job_collect(job);
	if (err)
		why_set(&job->message, err, "%s", strerror(-err));
	job_log_end(job);
	return err ? JOB_FAILED : JOB_SUCCEEDED;
}

static void not_here(struct job *job, const char *what)
{
	if (job->image)
		why_set(&job->message, 0,
			"step %s: %s is not on this machine; the step wants "
			"the image %s: run it on an engine with containers "
			"(podman, Kubernetes)",
			step_name(job), what, job->image);
	else
		why_set(&job->message, 0, "step %s: %s is not on this machine",
			step_name(job), what);
}

static void not_started(struct job *job, const struct step_report *r)
{
	static const char *const what[] = {
		[STAGE_SPEC] = "its process cannot be set up",
		[STAGE_OWNER] = "it cannot become its owner",
		[STAGE_DIR] = "its scratch directory cannot be made",
		[STAGE_FILE] = "its script cannot be written",
		[STAGE_CWD] = "its working directory cannot be entered",
		[STAGE_EXEC] = "its command cannot be executed",
	};
	unsigned int stage = (unsigned int)r->stage;

	if (stage >= ARRAY_SIZE(what))
		stage = STAGE_SPEC;
	why_set(&job->message, 0, "step %s: %s: %s", step_name(job),
		what[stage], strerror(r->value));
}

/* The command's name, for a sentence: from the note that was made of it. */
static void put_command_name(const struct job *job, struct buf *out)
{
	buf_addf(out, "'%s'", job->command ? job->command : "the command");
}

static void exited(struct job *job, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	job->exit_code = code;
	if (code == 127 && job->image) {
		not_here(job, "a command that it calls");
		return;
	}
	if (code >= 0)
		why_set(&job->message, 0, "step %s: exit code %d",
			step_name(job), code);
	else
		why_set(&job->message, 0, "step %s: killed by signal %d (%s)",
			step_name(job), WTERMSIG(status),
			strsignal(WTERMSIG(status)));
}

static bool is_ignored(const struct job *job)
{
	return job->task->type == TASK_STEPS &&
	       job->task->steps[job->step].ignore_failure;
}

static enum job_state process_ended(struct job *job,
				    const struct step_report *r)
{
	AUTO(buf_release) struct buf name = BUF_INIT(8192);
	const bool good = r->event == STEP_EXITED && r->value == 0;

	step_end(&job->process);
	if (job->task->type == TASK_NOTEBOOK)
		notebook_link_result(job);
	job->exit_code = good ? 0 : -1;
	if (job->ending)
		return ended(job);
	put_command_name(job, &name);
	if (r->event == STEP_EXITED && !good)
		exited(job, r->value);
	else if (r->event == STEP_FAILED && r->stage == STAGE_EXEC &&
		 r->value == ENOENT)
		not_here(job, name.data);
	else if (r->event == STEP_FAILED)
		not_started(job, r);
	else if (r->event == STEP_LOST)
		why_set(&job->message, 0, "step %s: its keeper was killed",
			step_name(job));
	if (!good && is_ignored(job)) {
		job_say(job, "%s; the next step follows all the same",
			job->message.data);
		buf_clear(&job->message);
	} else if (!good) {
		return failed(job);
	}
	job->step++;
	return next(job);
}

static void read_log(struct job *job, bool to_end)
{
	char bytes[65536];

	for (int i = 0; job->process.log >= 0; i++) {
		ssize_t n;

		if (!to_end && i >= READS_AT_ONCE)
			return;
		n = read(job->process.log, bytes, sizeof(bytes));
		if (n < 0)
			return;
		if (n > 0) {
			job_log(job, bytes, (size_t)n);
			continue;
		}
		/* closed by all who had it, or poll would never rest */
		close_fd(&job->process.log);
		job->process.log = -1;
	}
}

static enum job_state hear_process(struct job *job)
{
	struct step_report r;

	read_log(job, false);
	while (step_hear(&job->process, &r) == 0) {
		if (r.event == STEP_STARTED)
			continue;
		/* nobody is left who could write more into the pipe */
		read_log(job, true);
		return process_ended(job, &r);
	}
	return JOB_RUNNING;
}

static void tell_progress(struct job *job, const struct fetch_news *news)
{
	struct run *r = job->run;
	struct value *progress = value_find(r->record, "progress");

	if (value_set_int(progress, "bytes_done", (int64_t)news->bytes) ||
	    value_set(progress, "bytes_total",
		      news->total ? value_new_int((int64_t)news->total)
				  : value_new_null()) ||
	    value_set_int(progress, "bytes_per_second", (int64_t)news->rate))
		return;
	ledger_save(r->st, r->ino, r->record);
}

/* For the checks of the dataset. */
static void record_fetched(struct job *job, const struct fetch_news *news)
{
	AUTO(value_release) struct value *map = value_new_map();
	const struct run *r = job->run;
	int err = map ? 0 : -ENOMEM;

	if (!err)
		err = value_set_string(map, "url", job->task->fetch.url);
	if (!err)
		err = value_set_int(map, "bytes", (int64_t)news->bytes);
	if (!err && news->sha512[0])
		err = value_set_string(map, "sha512", news->sha512);
	if (!err)
		err = value_set_bool(map, "verified", news->verified);
	if (!err)
		err = ledger_set_time(map, "time", clock_now());
	if (!err)
		err = catalog_set_fetched(r->c, r->asset, map);
	if (err)
		job_say(job, "cannot record the transfer: %s", strerror(-err));
}

static enum job_state hear_fetch(struct job *job)
{
	struct fetch_news news;
	int err;

	fetcher_hear(job->fetcher, &news);
	tell_progress(job, &news);
	if (!news.is_done)
		return JOB_RUNNING;
	err = news.err;
	if (err && !job->ending)
		why_set(&job->message, err, "%s",
			news.why[0] ? news.why : strerror(-err));
	if (!err && job->task->type == TASK_FETCH) {
		job_say(job, "%" PRIu64 " bytes from %s%s", news.bytes,
			job->task->fetch.url,
			news.verified ? ", their SHA-512 is right" : "");
		record_fetched(job, &news);
	}
	fetcher_free(job->fetcher);
	job->fetcher = NULL;
	if (err)
		return job->ending ? ended(job) : failed(job);
	if (job->task->type == TASK_NOTEBOOK)
		job->has_notebook = true;
	else
		job->step++;
	return next(job);
}

/* ---- the end, by us ---- */

void job_end(struct job *job, enum job_ending ending, int64_t now)
{
	if (job->ending >= ending)
		return;
	job->ending = ending;
	if (job->fetcher)
		fetcher_cancel(job->fetcher);
	if (ending == ENDING_DAEMON) {
		step_order(&job->process, STEP_KILL);
		return;
	}
	step_order(&job->process, STEP_TERMINATE);
	job->kill_at = now + GRACE;
}

static void keep_time(struct job *job, int64_t now)
{
	if (job->kill_at && now >= job->kill_at) {
		step_order(&job->process, STEP_KILL);
		job->kill_at = now + GRACE;
	}
	if (job->ending)
		return;
	if (job->task_end && now >= job->task_end)
		job_end(job, ENDING_TASK, now);
	else if (job->step_end && now >= job->step_end)
		job_end(job, ENDING_STEP, now);
}

/* ---- the loop's side ---- */

enum job_state job_open(struct job *job, struct run *run,
			const struct schedule *schedule, size_t index,
			int attempt)
{
	const struct task *t = &run->pipeline.tasks[index];
	int err;

	*job = (struct job){
		.run = run,
		.schedule = schedule,
		.task = t,
		.index = index,
		.attempt = attempt,
		.process = STEP_PROCESS_INIT,
		.line = BUF_INIT(LINE_LIMIT),
		.message = BUF_INIT(8192),
		.exit_code = -1,
	};
	if (t->timeout_ns)
		job->task_end = clock_monotonic() + t->timeout_ns;
	err = prepare(job);
	return err ? failed(job) : next(job);
}

void job_close(struct job *job)
{
	for (size_t i = 0; job->input && i < job->task->inputs_count; i++) {
		value_free(job->input[i].value);
		free(job->input[i].path);
	}
	free(job->input);
	fetcher_free(job->fetcher);
	step_end(&job->process);
	buf_release(&job->line);
	buf_release(&job->message);
	free(job->dir);
	free(job->scratch);
	free(job->image);
	free(job->command);
	*job = (struct job){ .process = STEP_PROCESS_INIT };
}

void job_poll_fds(const struct job *job, struct pollfd fds[2])
{
	fds[0] = (struct pollfd){ job->process.log, POLLIN, 0 };
	fds[1] = (struct pollfd){ job->process.control, POLLIN, 0 };
	if (job->fetcher)
		fds[1].fd = fetcher_fd(job->fetcher);
}

int64_t job_deadline(const struct job *job)
{
	const int64_t at[] = { job->kill_at, job->ending ? 0 : job->task_end,
			       job->ending ? 0 : job->step_end };
	int64_t first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		if (at[i] && (!first || at[i] < first))
			first = at[i];
	return first;
}

enum job_state job_go_on(struct job *job, int64_t now)
{
	keep_time(job, now);
	return job->fetcher ? hear_fetch(job) : hear_process(job);
}
