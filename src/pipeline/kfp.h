// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of the writer of Kubeflow Pipelines' Python: a plan first (names,
 * what each task takes, under which conditions it stands), then text.
 */
#ifndef PIPELINE_KFP_H
#define PIPELINE_KFP_H

#include "pipeline/pipeline.h"
#include "python.h"

enum slot_kind {
	SLOT_INPUT,  /* a declared input */
	SLOT_DIRECT, /* what steps refer to without declaring it */
	SLOT_OUTPUT,
};

/* A parameter of a component's function. */
struct kfp_slot {
	enum slot_kind kind;
	const struct param *param;     /* INPUT, OUTPUT */
	const struct binding *binding; /* INPUT; or NULL */
	const struct segment *segment; /* DIRECT */
	enum data_type type;
	const char *schema; /* of an artifact */
	bool optional;	    /* may be absent when it runs */
	bool absent;	    /* never given: not in the signature */
	char *id;
};

struct kfp_task {
	const struct task *t;
	char *function, *variable;
	struct kfp_slot *slots;
	size_t count;
	size_t group;
};

/* A `with dsl.If(condition):`; group 0 is the pipeline's own body, group 1 the
 * body of the finally function. */
struct kfp_group {
	size_t parent;
	size_t depth;
	char *condition; /* of Python */
	/* "in" with several values: a component tells whether it is so */
	const struct when *choice;
	char *function, *variable, *operand;
};

struct kfp_param {
	char *id;
	char *artifact; /* variable of its importer, or NULL */
	bool dropped;	/* an artifact that need not be given */
};

struct kfp {
	const struct pipeline *p;
	struct buf *why;
	struct buf *out;
	struct value *names; /* of the module and of the functions' bodies */
	size_t *order;
	struct kfp_param *params; /* as p->params */
	struct kfp_task *tasks;	  /* as p->tasks */
	struct kfp_group *groups;
	size_t groups_count;
	char *finally; /* function of the finally tasks, or NULL */
};

#define KFP_BODY 0
#define KFP_FINALLY 1

/* kfp_plan.c: fills all of k but out. */
int kfp_plan(struct kfp *k);
void kfp_release(struct kfp *k);
/* -EOPNOTSUPP with a sentence about a task (may be NULL). */
int kfp_refuse(struct kfp *k, const struct task *t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const struct kfp_slot *kfp_find_slot(const struct kfp_task *kt,
				     enum slot_kind kind, const char *name);
const struct kfp_slot *kfp_find_direct(const struct kfp_task *kt,
				       const struct segment *s);
/* Python for a text outside of components: "x", task.outputs['y'], … */
int kfp_put_text(struct kfp *k, const struct task *t, const struct text *text,
		 struct buf *out);
int kfp_put_segment(struct kfp *k, const struct task *t,
		    const struct segment *s, struct buf *out);
/* "run.name" as KFP's placeholder. */
int kfp_put_context(struct kfp *k, const struct task *t,
		    const struct segment *s, struct buf *out);
/* One reference that stands alone, without a key; or NULL. */
const struct segment *kfp_lone(const struct text *text);
const char *kfp_type(enum data_type type); /* "str", …; NULL: artifact */
/* "dsl.Dataset" for "system.Dataset". */
const char *kfp_artifact_class(const char *schema);
/* May a value be written as a constant: no null inside. */
bool kfp_is_constant(const struct value *v);
/* A value as a literal of the type (KFP tells 5 from 5.0). */
void kfp_put_constant(enum data_type type, const struct value *v,
		      struct buf *out);

/* kfp_component.c: the functions above the pipeline's. */
int kfp_put_component(struct kfp *k, const struct kfp_task *kt);
/* `def name(parameters, more):`; more: lines of parameters, or NULL. */
void kfp_put_signature(struct kfp *k, const struct kfp_task *kt,
		       const char *more);
void kfp_put_choice(struct kfp *k, const struct kfp_group *g);
void kfp_put_choice_program(struct kfp *k);
/* Does any component need RUN, the little shell program? */
bool kfp_needs_run(const struct kfp *k);
void kfp_put_run(struct kfp *k);
/* Are the step's variables set by task.set_env_variable? */
bool kfp_env_is_static(const struct task *t);

/* kfp_stage.c: components whose program is ours. */
int kfp_put_fetch(struct kfp *k, const struct kfp_task *kt);
int kfp_put_notebook(struct kfp *k, const struct kfp_task *kt);
/* What notebooks' components use of the module; nothing without notebooks. */
void kfp_put_notebook_parts(struct kfp *k);
bool kfp_embeds_notebook(const struct kfp *k);

#endif
