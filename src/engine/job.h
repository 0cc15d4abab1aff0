// SPDX-License-Identifier: Apache-2.0
/*
 * One attempt at one task, from its directory to its outputs. Of a run's loop
 * (local.c), which polls what job_poll_fds tells and calls job_go_on.
 *
 *	steps/TASK          the first attempt; steps/TASK.2, … the next ones
 *	    status log command
 *	    inputs/NAME     each input: a file with its value, or a link to the
 *	                    artifact
 *	    outputs/NAME    where the task writes
 */
#ifndef SRC_ENGINE_JOB_H
#define SRC_ENGINE_JOB_H

#include <poll.h>

#include "run.h"
#include "schedule.h"
#include "step.h"

#define OUTPUT_LIMIT ((size_t)1 << 20) /* bytes of an output as a value */
#define NOTEBOOK_NAME "notebook.ipynb" /* one that was fetched, in inputs/ */
#define OUTPUT_PORTABLE 4096	       /* of all results of a task, in Tekton */

#define LINE_LIMIT ((size_t)64 << 10) /* of the run's log; then it is cut */

struct input {
	bool is_present;
	struct value *value; /* NULL: an artifact */
	char *path;	     /* in the mount */
};

enum job_state { JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELED };

/* Why we end it ourselves. */
enum job_ending {
	ENDING_NONE,
	ENDING_STEP,
	ENDING_TASK,
	ENDING_RUN,
	ENDING_CANCEL,
	ENDING_DAEMON
};

struct fetcher; /* fetch.h */

struct job {
	struct run *run;
	const struct schedule *schedule;
	const struct task *task;
	size_t index; /* of the task */
	int attempt;  /* from 1 */
	char *dir;    /* name in steps/ */
	uint64_t dir_ino, inputs_ino, outputs_ino;
	char *scratch; /* the task's directory outside the mount */
	struct input *input;
	size_t step; /* which one is running */
	struct step_process process;
	struct fetcher *fetcher;
	bool has_notebook; /* it is here (fetched) */
	struct buf line;   /* begun, for the run's log */
	uint64_t log_bytes;
	int64_t task_end, step_end; /* monotonic; 0: no timeout */
	int64_t kill_at;	    /* when asking was not enough; 0 */
	enum job_ending ending;
	int exit_code;	    /* of the last process; -1: none */
	struct buf message; /* why it failed */
	char *image;	    /* of the last step; or NULL */
	char *command;	    /* argv[0] of it */
};

/* Make its directory and inputs and start its first process. The state, which
 * can be final at once. */
enum job_state job_open(struct job *job, struct run *run,
			const struct schedule *schedule, size_t index,
			int attempt);
void job_close(struct job *job);
/* At most 2; fd -1 where there is nothing to wait for. */
void job_poll_fds(const struct job *job, struct pollfd fds[2]);
/* When job_go_on must be called at the latest (monotonic); 0: no matter. */
int64_t job_deadline(const struct job *job);
enum job_state job_go_on(struct job *job, int64_t now);
/* End it early. Its state becomes final later, but for ENDING_DAEMON. */
void job_end(struct job *job, enum job_ending ending, int64_t now);

/* "steps/NAME/outputs/X" of the mount, as the steps see it. */
void job_put_path(const struct job *job, const char *below, const char *name,
		  struct buf *out);
/* One safe path component for any name: all but letters, digits, "-_." and
 * bytes beyond ASCII become %XX, as does a leading dot. */
void put_component(const char *name, struct buf *out);
/* A line of ours in the task's log and in the run's. */
void job_say(struct job *job, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* What the task's processes say. */
void job_log(struct job *job, const char *text, size_t len);
void job_log_end(struct job *job); /* what is left of a line */
/* outputs.c: after success. 0, or -errno with a sentence in message. */
int job_collect(struct job *job);
/* inputs.c: values of the task's inputs, and their files. */
int job_set_inputs(struct job *job);

/* A step's spec, and what it points to. */
struct words {
	char **word;
	size_t count;
};

struct owned_spec {
	struct step_spec spec;
	struct words argv, env;
	char *file, *text, *cwd, *image;
	int64_t timeout_ns; /* 0: none */
};
void owned_spec_release(struct owned_spec *o);
int words_add(struct words *w, const char *word);
/* command.c: the process of job->step, its `command` file written too.
 * -errno with a sentence in message. */
int job_make_spec(struct job *job, struct owned_spec *ret_spec);
/* notebook.c: the same for a notebook that is in inputs/ or in the asset. */
int notebook_make_spec(struct job *job, struct owned_spec *spec);
/* The executed notebook is what the run returns, after a failure too. */
void notebook_link_result(struct job *job);
/* What both begin with: owner, limits, directories, the clean environment. */
int spec_begin(struct job *job, struct owned_spec *o);
/* At the end: the spec points to what the rest owns. */
void spec_lend(struct job *job, struct owned_spec *o);
/* Record what is executed in steps/TASK/command. */
int spec_note(struct job *job, const char *name, const struct owned_spec *o);

#endif
