// SPDX-License-Identifier: Apache-2.0
/*
 * The local engine: a run's tasks as processes on this machine. One thread, the
 * run's own, waits for all of them with poll(); what it decides comes from
 * schedule.c, what a task does from job.c.
 *
 * `steps_at_once` counts the tasks of one run that run at a time.
 *
 * A canceled run ends as Tekton's "Cancelled" does: what runs is ended, and its
 * finally tasks are not started. The same holds when the timeout of the whole
 * run has passed; such a run is FAILED.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engines.h"
#include "job.h"
#include "ledger.h"
#include "scratch.h"
#include "view.h"

struct local {
	struct run *run;
	struct schedule schedule;
	struct job **job; /* count of them are running */
	size_t count;
	struct pollfd *fds; /* 2 for each job, and stop_fd */
	int64_t run_end;    /* monotonic; 0: no timeout */
	enum job_ending ending;
	struct buf message; /* the first failure */
};

static void local_release(struct local *l)
{
	for (size_t i = 0; i < l->count; i++) {
		job_close(l->job[i]);
		free(l->job[i]);
	}
	free(l->job);
	free(l->fds);
	schedule_release(&l->schedule);
	buf_release(&l->message);
}

static int local_init(struct local *l, struct run *r)
{
	size_t most = r->settings->steps_at_once;
	int err = schedule_init(&l->schedule, &r->pipeline);

	l->run = r;
	buf_init(&l->message, 8192);
	l->job = calloc(most, sizeof(struct job *));
	l->fds = calloc(2 * most + 1, sizeof(*l->fds));
	if (r->pipeline.timeout_ns)
		l->run_end = clock_monotonic() + r->pipeline.timeout_ns;
	return !err && l->job && l->fds ? 0 : -ENOMEM;
}

static int holds(void *arg, size_t task, struct buf *why)
{
	struct local *l = arg;
	struct view v = { l->run, &l->schedule, NULL, false, why };

	return view_holds(&v, &l->run->pipeline.tasks[task]);
}

/* ---- what is recorded of a task ---- */

static void save(struct run *r)
{
	ledger_count(r->record);
	ledger_save(r->st, r->ino, r->record);
}

static int note_job(struct value *map, const struct job *job)
{
	AUTO(buf_release) struct buf dir = BUF_INIT(1024);
	int err;

	buf_addf(&dir, "steps/%s", job->dir ? job->dir : "");
	err = dir.err ? dir.err : value_set_string(map, "directory", dir.data);
	if (!err)
		err = value_set_int(map, "attempts", job->attempt);
	if (!err && job->image)
		err = value_set_string(map, "image", job->image);
	if (!err && job->exit_code >= 0)
		err = value_set_int(map, "exit_code", job->exit_code);
	return err;
}

/* A task that has come to its end, and the file that says so. */
static void put_end(struct local *l, size_t task, const char *dir,
		    enum task_state state, const char *message)
{
	const struct run *r = l->run;
	const char *word = task_state_name(state);
	AUTO(buf_release) struct buf line = BUF_INIT(64);
	uint64_t dir_ino;

	ledger_enter_task(ledger_task(r->record, task), word, message);
	buf_addf(&line, "%s\n", word);
	if (file_make_dir(r->st, r->steps_dir, dir, 0755, &r->owner,
			  &dir_ino) == 0)
		file_put(r->st, dir_ino, "status", 0644, &r->owner, line.data,
			 line.len);
}

/* The first failure that counts is the run's message. */
static void note_failure(struct local *l, const struct task *t,
			 const char *message)
{
	run_say(l->run, "%s failed%s: %s", t->name,
		t->ignore_failure ? " (which is ignored)" : "", message);
	if (!t->ignore_failure && !l->message.len)
		buf_addf(&l->message, "%s failed: %s", t->name, message);
}

static void put_undone(struct local *l, size_t task, enum task_state state,
		       const char *why)
{
	AUTO(buf_release) struct buf dir = BUF_INIT(1024);
	const struct task *t = &l->run->pipeline.tasks[task];

	put_component(t->name, &dir);
	put_end(l, task, dir.data, state, why);
	if (state == TASK_FAILED)
		note_failure(l, t, why);
}

/* ---- jobs ---- */

static void job_ended(struct local *l, struct job *job, enum job_state state);

/* Start an attempt. It may be over at once, and then be retried. */
static void start(struct local *l, size_t task, int attempt)
{
	struct value *map = ledger_task(l->run->record, task);
	struct job *job = malloc(sizeof(*job));
	enum job_state state;

	if (!job) {
		schedule_ended(&l->schedule, task, TASK_FAILED);
		put_undone(l, task, TASK_FAILED, strerror(ENOMEM));
		return;
	}
	ledger_enter_task(map, "RUNNING", NULL);
	state = job_open(job, l->run, &l->schedule, task, attempt);
	note_job(map, job);
	if (state == JOB_RUNNING) {
		l->job[l->count++] = job;
		save(l->run);
		return;
	}
	job_ended(l, job, state);
}

static bool is_to_be_retried(const struct local *l, const struct job *job,
			     enum job_state state)
{
	return state == JOB_FAILED && job->attempt <= job->task->retries &&
	       !l->ending && !run_is_canceled(l->run);
}

/* The job is no longer among the running ones; it is freed here. */
static void job_ended(struct local *l, struct job *job, enum job_state state)
{
	static const enum task_state final[] = {
		[JOB_SUCCEEDED] = TASK_SUCCEEDED,
		[JOB_FAILED] = TASK_FAILED,
		[JOB_CANCELED] = TASK_CANCELED,
	};
	const bool again = is_to_be_retried(l, job, state);
	const int attempt = job->attempt;
	const size_t task = job->index;

	note_job(ledger_task(l->run->record, task), job);
	put_end(l, task, job->dir ? job->dir : job->task->name, final[state],
		job->message.data);
	if (again)
		run_say(l->run, "%s failed: %s; attempt %d of %d follows",
			job->task->name, job->message.data, attempt + 1,
			job->task->retries + 1);
	else if (state == JOB_FAILED)
		note_failure(l, job->task, job->message.data);
	if (!again)
		schedule_ended(&l->schedule, task, final[state]);
	job_close(job);
	free(job);
	if (again)
		start(l, task, attempt + 1);
	else
		save(l->run);
}

/* ---- the loop ---- */

/* Decide all that can be decided now. False: everything is final. */
static bool start_ready(struct local *l)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	enum verdict verdict = VERDICT_RUN;
	size_t task;

	while (l->count < l->run->settings->steps_at_once) {
		verdict = schedule_next(&l->schedule, holds, l, &task, &why);
		if (verdict == VERDICT_WAIT || verdict == VERDICT_DONE)
			break;
		if (verdict == VERDICT_RUN)
			start(l, task, 1);
		else
			put_undone(l, task,
				   verdict == VERDICT_SKIP ? TASK_SKIPPED
							   : TASK_FAILED,
				   why.data);
	}
	return verdict != VERDICT_DONE || l->count > 0;
}

static void end_all(struct local *l, enum job_ending ending)
{
	int64_t now = clock_monotonic();

	l->ending = ending;
	l->schedule.canceled = true;
	for (size_t i = 0; i < l->count; i++)
		job_end(l->job[i], ending, now);
}

static void look_at_stop(struct local *l)
{
	enum run_stop stop = run_stopping(l->run);

	if (stop == RUN_DAEMON_ENDS && l->ending < ENDING_DAEMON) {
		end_all(l, ENDING_DAEMON);
	} else if (stop == RUN_CANCEL && l->ending < ENDING_CANCEL) {
		run_enter(l->run, "CANCELING", NULL);
		end_all(l, ENDING_CANCEL);
	} else if (l->run_end && clock_monotonic() >= l->run_end &&
		   !l->ending) {
		end_all(l, ENDING_RUN);
	}
}

/* Milliseconds till the next deadline, for poll. */
static int time_left(const struct local *l)
{
	int64_t first = l->ending ? 0 : l->run_end;
	int64_t ms;

	for (size_t i = 0; i < l->count; i++) {
		int64_t at = job_deadline(l->job[i]);

		if (at && (!first || at < first))
			first = at;
	}
	if (!first)
		return -1;
	ms = (first - clock_monotonic()) / NS_PER_MS + 1;
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static void wait_for_news(struct local *l)
{
	for (size_t i = 0; i < l->count; i++)
		job_poll_fds(l->job[i], &l->fds[2 * i]);
	/* it stays readable: only till it was seen */
	l->fds[2 * l->count] = (struct pollfd){
		.fd = l->ending >= ENDING_CANCEL ? -1 : l->run->stop_fd,
		.events = POLLIN,
	};
	if (poll(l->fds, 2 * l->count + 1, time_left(l)) < 0)
		return; /* EINTR: look at everything all the same */
}

static void go_on(struct local *l)
{
	int64_t now = clock_monotonic();

	for (size_t i = 0; i < l->count;) {
		struct job *job = l->job[i];
		enum job_state state = job_go_on(job, now);

		if (state == JOB_RUNNING) {
			i++;
			continue;
		}
		l->job[i] = l->job[--l->count];
		job_ended(l, job, state);
	}
}

/* The daemon stops: it cannot wait for processes that may wait for it. */
static void abandon(struct local *l)
{
	int64_t end = clock_monotonic() + 2 * NS_PER_S;

	while (l->count && clock_monotonic() < end) {
		for (size_t i = 0; i < l->count; i++)
			job_poll_fds(l->job[i], &l->fds[2 * i]);
		poll(l->fds, 2 * l->count, 200);
		go_on(l);
	}
	while (l->count) {
		struct job *job = l->job[--l->count];

		buf_setf(&job->message, DIED_WITH_DAEMON);
		job_ended(l, job, JOB_FAILED);
	}
}

static void loop(struct local *l)
{
	for (;;) {
		look_at_stop(l);
		if (l->ending == ENDING_DAEMON)
			abandon(l);
		if (!start_ready(l))
			return;
		wait_for_news(l);
		go_on(l);
	}
}

/* ---- the end ---- */

static int put_artifact(const struct run *r, const char *name, const char *path)
{
	AUTO(buf_release) struct buf target = BUF_INIT(8192);
	AUTO(buf_release) struct buf here = BUF_INIT(8192);

	/* within the run, so that a copy of its directory is whole */
	buf_addf(&here, "%s/runs/%s/", r->mountpoint, r->name);
	if (here.err)
		return here.err;
	if (strncmp(path, here.data, here.len) == 0)
		buf_addf(&target, "../%s", path + here.len);
	else
		buf_puts(&target, path);
	return target.err ? target.err
			  : file_link(r->st, r->outputs_dir, name, target.data,
				      &r->owner);
}

static int put_output(struct local *l, const struct output *o)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf name = BUF_INIT(1024);
	struct view v = { l->run, &l->schedule, NULL, false, &why };
	const struct scope scope = view_scope(&v);
	int err = text_resolve(&o->value, &scope, &text);

	put_component(o->name, &name);
	if (err == -ENOENT) {
		run_say(l->run, "the pipeline's output %s is absent: %s",
			o->name, why.data);
		return 0;
	}
	if (err)
		return err;
	if (o->type == TYPE_ARTIFACT)
		return put_artifact(l->run, name.data, text.data);
	return file_put(l->run->st, l->run->outputs_dir, name.data, 0644,
			&l->run->owner, text.data, text.len);
}

static void put_outputs(struct local *l)
{
	const struct pipeline *p = &l->run->pipeline;

	for (size_t i = 0; i < p->outputs_count; i++) {
		int err = put_output(l, &p->outputs[i]);

		if (err)
			run_say(l->run, "output %s: %s", p->outputs[i].name,
				strerror(-err));
	}
}

static int finish(struct local *l)
{
	struct run *r = l->run;

	if (r->scratch)
		scratch_remove(r->scratch, &r->owner);
	if (l->ending == ENDING_DAEMON)
		return run_enter(r, "FAILED", DIED_WITH_DAEMON);
	if (l->ending == ENDING_CANCEL)
		return run_enter(r, "CANCELED", "canceled");
	if (l->ending == ENDING_RUN)
		return run_enter(r, "FAILED",
				 "it was ended at the timeout of the run");
	if (l->schedule.failed)
		return run_enter(r, "FAILED", l->message.data);
	put_outputs(l);
	return run_enter(r, "SUCCEEDED", NULL);
}

static int execute(struct run *r)
{
	AUTO(local_release) struct local l = { 0 };
	int err = local_init(&l, r);

	if (err)
		return err;
	err = run_enter(r, "RUNNING", NULL);
	if (err)
		return err;
	for (size_t i = 0; i < r->pipeline.ignored_count; i++)
		run_say(r, "left out: %s", r->pipeline.ignored[i]);
	loop(&l);
	return finish(&l);
}

/* What a task needs is seen when it runs: a branch that needs a container may
 * never be taken. */
static int accepts(const struct pipeline *p, struct buf *why)
{
	(void)p;
	(void)why;
	return 0;
}

static int resume(struct run *r)
{
	(void)r;
	return -ECANCELED; /* its processes went with the daemon */
}

static int probe(struct buf *why)
{
	(void)why;
	return 0;
}

const struct engine engine_local = {
	.name = "local",
	.accepts = accepts,
	.execute = execute,
	.resume = resume,
	.probe = probe,
};
