// SPDX-License-Identifier: Apache-2.0
/*
 * References in Tekton's texts (docs/variables.md of tektoncd/pipeline), and
 * what happens to a text on its way into a container: Tekton replaces exact
 * keys in one pass; in command, args and env Kubernetes then expands $(NAME) of
 * the container's environment and makes $ of $$, but leaves what it does not
 * know as it stands.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "read.h"
#include "tekton.h"

#define BODY_MOST 1024 /* bytes of a key; longer ones are none */
#define RESULTS_DIR "/tekton/results/"

struct parse {
	const struct tekton_scope *scope;
	const struct value *at; /* for sentences */
	struct text *t;
	struct buf plain; /* text not yet made a segment */
};

static int flush(struct parse *w)
{
	int err = w->plain.err;

	if (!err)
		err = text_append(w->t, w->plain.data, w->plain.len);
	buf_clear(&w->plain);
	return err;
}

static int refer(struct parse *w, enum segment_type type, const char *name,
		 const char *task, const char *key)
{
	int err = flush(w);

	return err ? err : text_refer(w->t, type, name, task, key);
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool is_name(const char *s)
{
	if (!*s)
		return false;
	while (is_name_char(*s))
		s++;
	return !*s;
}

/* Bytes between "$(" and its ")", or 0: no key has other characters. */
static size_t body_length(const char *s)
{
	size_t len = 0;

	while (len < BODY_MOST && s[len] && s[len] != ')') {
		if (s[len] == '[' &&
		    (s[len + 1] == '\'' || s[len + 1] == '"')) {
			const char end[] = { s[len + 1], ']' };
			const char *name = s + len + 2;
			const char *close =
				memmem(name, strnlen(name, NAME_LIMIT), end, 2);

			if (!close)
				return 0;
			len = (size_t)(close - s) + 2;
		} else if (is_name_char(s[len]) || strchr("[]*", s[len])) {
			len++;
		} else {
			return 0;
		}
	}
	return len < BODY_MOST && s[len] ? len : 0;
}

/* ".name", ".name[*]", ".name.member", "['name'][3]", …: cut apart in place. */
struct accessor {
	char *name;
	char *key; /* or NULL */
	bool quoted;
};

static bool take_index(char *s, char **ret_key)
{
	size_t len = strlen(s);

	if (!len) {
		*ret_key = NULL;
		return true;
	}
	if (s[0] == '.' && is_name(s + 1)) {
		*ret_key = s + 1;
		return true;
	}
	if (s[0] != '[' || s[len - 1] != ']' || len < 3)
		return false;
	s[len - 1] = 0;
	*ret_key = s + 1;
	return !strcmp(s + 1, "*") ||
	       (strspn(s + 1, "0123456789") == len - 2 && len < 12);
}

static bool take_accessor(char *s, struct accessor *ret)
{
	char *end;

	*ret = (struct accessor){ 0 };
	if (s[0] == '[' && (s[1] == '\'' || s[1] == '"')) {
		ret->name = s + 2;
		ret->quoted = true;
		end = strchr(s + 2, s[1]);
		if (!end || end[1] != ']')
			return false;
		*end = 0;
		return *ret->name && take_index(end + 2, &ret->key);
	}
	if (s[0] != '.')
		return false;
	ret->name = s + 1;
	end = strchr(s, '[');
	if (end) {
		char *index = end;

		if (!take_index(index, &ret->key))
			return false;
		*end = 0;
	}
	return is_name(ret->name);
}

/* ---- each family of keys: 1 it was one, 0 it is none, else -errno ---- */

static bool has_param(const struct tekton_scope *scope, const char *name)
{
	const struct pipeline *p = scope->k->p;
	const struct task *t = scope->t;

	if (t && param_find(t->inputs, t->inputs_count, name))
		return true;
	return (!t || scope->embedded) &&
	       param_find(p->params, p->params_count, name);
}

static int read_param(struct parse *w, char *rest)
{
	struct accessor a;
	char *dot;
	int err;

	if (!take_accessor(rest, &a))
		return 0;
	dot = a.quoted || a.key ? NULL : strrchr(a.name, '.');
	if (!has_param(w->scope, a.name) && dot) {
		*dot = 0;
		if (has_param(w->scope, a.name))
			a.key = dot + 1;
		else
			*dot = '.';
	}
	if (!has_param(w->scope, a.name))
		return refuse(w->scope->k->why, w->at, -EINVAL,
			      "$(params.%s): there is no such parameter",
			      a.name);
	err = refer(w, SEGMENT_PARAM, a.name, NULL, a.key);
	return err ? err : 1;
}

static int read_tasks(struct parse *w, char *rest)
{
	struct buf *why = w->scope->k->why;
	char *task = rest + 1;
	char *what = rest[0] == '.' ? strchr(task, '.') : NULL;
	struct accessor a;
	int err;

	if (strcmp(rest, ".status") == 0) {
		err = refer(w, SEGMENT_STATUS, "", NULL, NULL);
		return err ? err : 1;
	}
	if (!what)
		return 0;
	*what++ = 0;
	if (strcmp(what, "status") == 0) {
		err = refer(w, SEGMENT_STATUS, "", task, NULL);
		return err ? err : 1;
	}
	if (strcmp(what, "reason") == 0)
		return refuse(why, w->at, -EOPNOTSUPP,
			      "$(tasks.%s.reason) is not supported", task);
	if (strncmp(what, "results", 7) != 0 || !take_accessor(what + 7, &a))
		return 0;
	err = refer(w, SEGMENT_OUTPUT, a.name, task, a.key);
	return err ? err : 1;
}

static int read_result(struct parse *w, char *rest)
{
	const struct task *t = w->scope->t;
	size_t len = strlen(rest);
	struct accessor a;
	int err;

	if (!t || len < 6 || strcmp(rest + len - 5, ".path") != 0)
		return 0;
	rest[len - 5] = 0;
	if (!take_accessor(rest, &a) || a.key)
		return 0;
	if (!param_find(t->outputs, t->outputs_count, a.name))
		return refuse(w->scope->k->why, w->at, -EINVAL,
			      "$(results.%s.path): there is no such result",
			      a.name);
	err = refer(w, SEGMENT_OUTPUT_PATH, a.name, NULL, NULL);
	return err ? err : 1;
}

static int read_context(struct parse *w, char *rest)
{
	static const struct {
		const char *key, *name, *second;
	} known[] = {
		{ ".pipelineRun.name", "run.name", NULL },
		{ ".pipelineRun.uid", "run.id", NULL },
		{ ".pipelineRun.namespace", "namespace", NULL },
		{ ".pipeline.name", "pipeline.name", NULL },
		{ ".taskRun.name", "run.name", "task.name" },
		{ ".taskRun.uid", "run.id", "task.name" },
		{ ".taskRun.namespace", "namespace", NULL },
		{ ".task.name", "task.name", NULL },
		{ ".task.retry-count", "attempt", NULL },
	};
	int err;

	if (strcmp(rest, ".pipelineTask.retries") == 0 && w->scope->t) {
		buf_addf(&w->plain, "%d", w->scope->t->retries);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(rest, known[i].key) != 0)
			continue;
		err = refer(w, SEGMENT_CONTEXT, known[i].name, NULL, NULL);
		if (!err && known[i].second) {
			buf_putc(&w->plain, '-');
			err = refer(w, SEGMENT_CONTEXT, known[i].second, NULL,
				    NULL);
		}
		return err ? err : 1;
	}
	return refuse(w->scope->k->why, w->at, -EINVAL,
		      "$(context%s): there is no such variable", rest);
}

static int read_missing(struct parse *w, char *rest)
{
	return refuse(w->scope->k->why, w->at, -EOPNOTSUPP,
		      "a reference to \"…%s\": workspaces, results of steps "
		      "and credentials are not supported",
		      rest);
}

static const struct {
	const char *head;
	int (*read)(struct parse *w, char *rest);
} families[] = {
	{ "params", read_param },	 { "inputs.params", read_param },
	{ "tasks", read_tasks },	 { "results", read_result },
	{ "context", read_context },	 { "workspaces", read_missing },
	{ "steps", read_missing },	 { "step.results", read_missing },
	{ "credentials", read_missing },
};

static int read_key(struct parse *w, char *body)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		size_t len = strlen(families[i].head);

		if (strncmp(body, families[i].head, len) != 0 ||
		    (body[len] != '.' && body[len] != '['))
			continue;
		return families[i].read(w, body + len);
	}
	return 0;
}

/* A variable of the container's environment. */
static int read_variable(struct parse *w, const char *name)
{
	const struct step *s = w->scope->environment;
	int err;

	for (size_t i = 0; s && i < s->env_count; i++) {
		if (strcmp(s->env[i].name, name) != 0)
			continue;
		err = flush(w);
		if (!err)
			err = text_extend(w->t, &s->env[i].value);
		return err ? err : 1;
	}
	return 0;
}

/* At a '$': bytes that were read (0: it is no reference), or -errno. */
static int read_reference(struct parse *w, const char *s, bool keys_only)
{
	AUTO(free_text) char *body = NULL;
	size_t len;
	int got;

	len = s[1] == '(' ? body_length(s + 2) : 0;
	if (!len)
		return 0;
	body = strndup(s + 2, len);
	if (!body)
		return -ENOMEM;
	got = read_key(w, body);
	if (!got && !keys_only)
		got = read_variable(w, body);
	return got > 0 ? (int)len + 3 : got;
}

/* /tekton/results/NAME of a declared result: a local engine has the file
 * elsewhere, and so it is a reference. Bytes that were read, or -errno. */
static int read_path(struct parse *w, const char *s)
{
	const struct task *t = w->scope->t;
	const char *name = s + strlen(RESULTS_DIR);
	size_t best = 0;
	int err;

	if (strncmp(s, RESULTS_DIR, strlen(RESULTS_DIR)) != 0)
		return 0;
	for (size_t i = 0; i < t->outputs_count; i++) {
		size_t len = strlen(t->outputs[i].name);

		if (len > best && !strncmp(name, t->outputs[i].name, len) &&
		    (!is_name_char(name[len]) ||
		     (name[len] == '.' && !is_name_char(name[len + 1]))))
			best = len;
	}
	if (!best)
		return 0;
	err = flush(w);
	if (!err) {
		AUTO(free_text) char *copy = strndup(name, best);

		err = copy ? text_refer(w->t, SEGMENT_OUTPUT_PATH, copy, NULL,
					NULL)
			   : -ENOMEM;
	}
	return err ? err : (int)(strlen(RESULTS_DIR) + best);
}

/* At any place: bytes that were read, 0 (a plain character), or -errno. */
static int read_one(struct parse *w, const char *s)
{
	int got;

	if (*s == '/' && w->scope->paths)
		return read_path(w, s);
	if (*s != '$')
		return 0;
	if (s[1] != '$' || !w->scope->environment)
		return read_reference(w, s, false);
	/* "$$" is "$"; but Tekton came first: "$$(params.x)" is "$" and the
	 * value */
	buf_putc(&w->plain, '$');
	got = read_reference(w, s + 1, true);
	if (got < 0)
		return got;
	return got ? got + 1 : 2;
}

int tekton_text(const struct tekton_scope *scope, const struct value *at,
		const char *source, struct text *t)
{
	struct parse w = {
		.scope = scope, .at = at, .t = t, .plain = BUF_INIT(BUF_MAX)
	};
	int got = 0;

	while (*source && got >= 0) {
		got = read_one(&w, source);
		if (got > 0)
			source += got;
		else if (!got)
			buf_putc(&w.plain, *source++);
	}
	if (got >= 0)
		got = flush(&w);
	buf_release(&w.plain);
	return got;
}

int tekton_scalar(const struct tekton_scope *scope, const struct value *v,
		  const char *what, struct text *t)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

	if (!v || v->type == VALUE_LIST || v->type == VALUE_MAP ||
	    v->type == VALUE_NULL)
		return refuse(scope->k->why, v, -EINVAL,
			      "%s: expected a text, found %s", what,
			      value_type_name(v));
	value_put_scalar(v, &text);
	return text.err ? text.err : tekton_text(scope, v, text.data, t);
}

bool tekton_is_list(const struct text *t)
{
	return t->count == 1 && t->segment[0].key &&
	       strcmp(t->segment[0].key, "*") == 0;
}
