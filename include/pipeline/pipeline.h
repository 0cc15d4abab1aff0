// SPDX-License-Identifier: Apache-2.0
/*
 * One model of a pipeline. Readers (component YAML, Tekton, notebooks, …) make
 * it, writers (Kubeflow Pipelines' Python, …) and engines take it; nobody above
 * knows which format it came from.
 *
 * A pipeline has typed parameters, tasks and outputs. A task has inputs that
 * are bound to texts with references, outputs, and something to execute. Tasks
 * are named uniquely; edges are `after` (order only) and the references to
 * other tasks' outputs (data). All of it is owned by the pipeline:
 * pipeline_release frees it, half-built ones included.
 *
 * A reference is recognised once, when a reader parses a text into segments;
 * what is put in its place later is never looked at again, so a value that
 * holds "$(…)" stays what it is.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"

enum data_type {
	TYPE_STRING,
	TYPE_INTEGER,
	TYPE_REAL,
	TYPE_BOOLEAN,
	TYPE_LIST,
	TYPE_STRUCT,
	TYPE_ARTIFACT, /* a file or a directory, passed by path */
};

struct param {
	char *name;
	enum data_type type;
	char *schema; /* of an artifact: "system.Dataset", …; else NULL */
	char *description;	/* or NULL */
	struct value *fallback; /* default, of the type; NULL: none */
	bool optional;		/* may be absent even without a default */
};

enum segment_type {
	SEGMENT_TEXT,	     /* text: as it stands */
	SEGMENT_PARAM,	     /* name: input of this task, else parameter of the
			      * pipeline; `key` picks a member, an index or "*" */
	SEGMENT_OUTPUT,	     /* task, name: an output of another task; key */
	SEGMENT_INPUT_PATH,  /* name: a file that holds the input */
	SEGMENT_OUTPUT_PATH, /* name: where this task writes the output */
	SEGMENT_STATUS,	     /* task: its state, in a `finally` task; a NULL
			      * task: of all tasks */
	SEGMENT_CONTEXT, /* name: "run.name", "run.id", "task.name", "attempt"
			  * (0 at first), "pipeline.name", "namespace" */
};

struct segment {
	enum segment_type type;
	char *text; /* TEXT: the text; else the name */
	char *task; /* OUTPUT, STATUS */
	char *key;  /* PARAM, OUTPUT: member, "3", "*"; or NULL */
};

/* A text with references: its segments one after another. */
struct text {
	struct segment *segment;
	size_t count;
};

/* An element of a command line. */
enum arg_type {
	ARG_TEXT,   /* one word */
	ARG_SPLICE, /* text is one reference to a list: a word an element */
	ARG_CONCAT, /* the words of `then` as one */
	ARG_IF,	    /* the words of `then` when input `name` is present, else
		     * those of `other`; with `truth` set: when its value is
		     * "true" (any case) */
};

struct arg {
	enum arg_type type;
	struct text text;
	char *name; /* ARG_IF: an input of the task */
	bool truth; /* ARG_IF */
	struct arg *then;
	size_t then_count;
	struct arg *other;
	size_t other_count;
};

struct env {
	char *name;
	struct text value;
};

/* One process; the steps of a task share its files and run one after another.
 */
struct step {
	char *name; /* "main"; unique in the task */
	struct text image;
	struct arg *command; /* with no command the image's own is meant */
	size_t command_count;
	struct arg *args;
	size_t args_count;
	bool has_script; /* then it is the program and `args` its words */
	struct text script;
	struct env *env;
	size_t env_count;
	struct text workdir; /* no segments: the engine's choice */
	int64_t timeout_ns;  /* 0: none */
	bool ignore_failure;
};

/* What a task's input is bound to. Its references to parameters mean the
 * pipeline's (an input may have the name of the parameter it is bound to). */
struct binding {
	char *name;
	struct text value;	/* used when constant is NULL */
	struct value *constant; /* a value as it stands; or NULL */
};

enum when_operator { WHEN_IN, WHEN_NOT_IN };

struct when {
	struct text input;
	enum when_operator operator;
	struct text *values;
	size_t count;
};

enum task_type {
	TASK_STEPS,    /* steps */
	TASK_NOTEBOOK, /* notebook */
	TASK_FETCH,    /* fetch */
};

struct notebook_task {
	char *file;	     /* name in the asset's directory; or NULL: */
	char *url;	     /* where it is to be had */
	char *image;	     /* or NULL */
	char **requirements; /* pip's specifiers */
	size_t requirements_count;
};

struct fetch_task {
	char *url;
	char *mime_type; /* or NULL */
	char *sha512;	 /* 128 hex digits, lower case; or NULL */
};

struct task {
	char *name;	   /* unique in the pipeline; fit for a file name */
	char *title;	   /* for people; or NULL */
	char *description; /* or NULL */
	enum task_type type;
	struct param *inputs;
	size_t inputs_count;
	struct binding *bindings; /* of inputs; unbound: default, or absent */
	size_t bindings_count;
	struct param *outputs;
	size_t outputs_count;
	char **after; /* names of tasks: order only */
	size_t after_count;
	struct when *when; /* all must hold, else the task is SKIPPED */
	size_t when_count;
	bool finally; /* runs when all other tasks are final, whatever came */
	bool ignore_failure;
	bool missing_output_fails; /* else a missing output is a warning: a
				    * Tekton result, and an output of a v1
				    * component that has no type, promise no
				    * file */
	int retries;		   /* attempts after the first */
	int64_t timeout_ns;	   /* of an attempt; 0: none */
	struct step *steps;	   /* TASK_STEPS */
	size_t steps_count;
	struct notebook_task notebook; /* TASK_NOTEBOOK */
	struct fetch_task fetch;       /* TASK_FETCH */
};

/* What the pipeline returns. */
struct output {
	char *name;
	enum data_type type;
	struct text value;
};

struct pipeline {
	char *name;
	char *description; /* or NULL */
	struct param *params;
	size_t params_count;
	struct task *tasks;
	size_t tasks_count;
	struct output *outputs;
	size_t outputs_count;
	int64_t timeout_ns; /* of the whole run; 0: none */
	char **ignored;	    /* what the source asks for and we leave out, a
			     * sentence each ("nodeSelector of task a: …") */
	size_t ignored_count;
};

void pipeline_release(struct pipeline *p); /* zeroes it */

/* Growing the arrays: a zeroed new element at the end, or NULL. Pointers to
 * other elements of the same array are not valid afterwards. */
struct param *param_add(struct param **array, size_t *count);
struct task *pipeline_add_task(struct pipeline *p);
struct output *pipeline_add_output(struct pipeline *p);
struct step *task_add_step(struct task *t);
struct binding *task_add_binding(struct task *t);
struct when *task_add_when(struct task *t);
struct env *step_add_env(struct step *s);
struct arg *arg_add(struct arg **array, size_t *count);
struct segment *text_add(struct text *t);
int names_add(char ***array, size_t *count, const char *name);

void text_release(struct text *t);
int text_set(struct text *t, const char *plain); /* one TEXT segment */
bool text_is_plain(const struct text *t);	 /* no references */

const struct param *param_find(const struct param *array, size_t count,
			       const char *name);
struct task *pipeline_find_task(const struct pipeline *p, const char *name);
const struct binding *task_find_binding(const struct task *t,
					const char *input);

/* "String", "Integer", "Float", "Boolean", "List", "Dict", "Artifact". */
const char *data_type_name(enum data_type type);

/*
 * Is it a pipeline that can be started: names unique, references and `after`
 * exist, no cycles, finally tasks not depended on, each input bound, defaulted
 * or optional. -EINVAL with a sentence.
 * ret_order (may be NULL): tasks_count indices, each after what it needs and
 * the finally tasks last; the caller frees it.
 */
int pipeline_judge(const struct pipeline *p, struct buf *why,
		   size_t **ret_order);
/* Does task `t` need `other` before it: by order, by data or by `when`. */
bool task_follows(const struct task *t, const char *other);
bool task_uses(const struct task *t, const char *other); /* data or when */

/* A user's value made fit for a parameter, much as KFP's driver does: "5", 5
 * and 5.0 for an integer, any scalar's text for a string, "true" or "1" for a
 * boolean, JSON text for lists and structs; null fits nothing.
 * -EINVAL: "epochs: expected an integer, found a list"; -ENOMEM. */
int param_convert(const struct param *p, const struct value *v, struct buf *why,
		  struct value **ret_value);

/* ---- references resolved (resolve.c) ---- */

struct scope {
	/* Append what a segment stands for. *ret_list (when asked for, may be
	 * NULL) is filled instead for "*": a list to splice. -ENOENT: absent
	 * (an optional input without a value); other errnos end the work. */
	int (*look_up)(void *arg, const struct segment *s, struct buf *out,
		       struct value **ret_list);
	/* Is an input given (IF)? */
	bool (*is_present)(void *arg, const char *input);
	void *arg;
};

/* -ENOENT: a reference is absent; what look_up returned; out's error. */
int text_resolve(const struct text *t, const struct scope *scope,
		 struct buf *out);
/*
 * Words of a command line, each a new string in *ret_words, which ends with a
 * NULL beyond ret_count. A word that is nothing but a reference to an absent
 * input is left out (KFP v1's rule); an absent one inside a word is -ENOENT.
 * Items of a spliced list are words as they stand, those that are no scalars
 * as JSON. A value with a NUL byte is -EINVAL.
 */
int args_resolve(const struct arg *args, size_t count,
		 const struct scope *scope, char ***ret_words,
		 size_t *ret_count);
void words_free(char **words, size_t count);

#endif
