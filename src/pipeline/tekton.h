// SPDX-License-Identifier: Apache-2.0
/* The parts of the reader of Tekton's documents (tekton.dev/v1 and v1beta1). */
#ifndef PIPELINE_TEKTON_H
#define PIPELINE_TEKTON_H

#include "pipeline/pipeline.h"

struct tekton {
	const struct value *docs; /* all of the file */
	struct pipeline *p;
	struct buf *why;
};

/* Where a text stands: what may be referred to in it, and by whom it would be
 * read on a cluster. */
struct tekton_scope {
	struct tekton *k;
	const struct task *t; /* of a step's texts; NULL: of the pipeline's */
	bool embedded;	      /* t may use the pipeline's parameters */
	/* Kubernetes expands $(NAME) of the environment and $$ in command,
	 * args and env, after Tekton: the environment so far; else NULL. */
	const struct step *environment;
	bool paths; /* /tekton/results/NAME is a path of a result */
};

/*
 * A text with Tekton's references. Only exact keys are references; all else,
 * "$(mktemp)" too, stays text. -EINVAL: a reference to what is not declared;
 * -EOPNOTSUPP: to what we do not have (workspaces, …).
 */
int tekton_text(const struct tekton_scope *scope, const struct value *at,
		const char *source, struct text *t);
/* The same of a scalar of a document. */
int tekton_scalar(const struct tekton_scope *scope, const struct value *v,
		  const char *what, struct text *t);
/* Is it one reference to a whole list? */
bool tekton_is_list(const struct text *t);

/* "1h30m", "525600m", "0": Go's durations. Absent: *ret_ns stays. */
int tekton_duration(struct tekton *k, const struct value *map, const char *key,
		    int64_t *ret_ns);
/* Declarations of parameters (Pipeline and Task have the same). */
int tekton_params(struct tekton *k, const struct value *spec,
		  struct param **array, size_t *count);
/* The type that a value of a param has: string, array or object. */
enum data_type tekton_type_of(const struct value *v);
/* A default or value as the fallback of a parameter. */
int tekton_fallback(struct tekton *k, struct param *param,
		    const struct value *v);

/* A task of a pipeline (an element of tasks or finally). */
int tekton_task(struct tekton *k, const struct value *doc, bool finally);
/* A Task's spec into a task that has its name. */
int tekton_task_spec(struct tekton *k, struct task *t, const struct value *spec,
		     bool embedded);
/* What of a map is not among the known keys (ends with NULL) is noted as
 * ignored; empty values are not worth a note. */
int tekton_note(struct tekton *k, const struct value *map,
		const char *const *known, const char *of);

#endif
