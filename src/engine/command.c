// SPDX-License-Identifier: Apache-2.0
/*
 * From a step of a pipeline to a process: words resolved, a script made a file,
 * a small clean environment, and a note of all that in steps/TASK/command.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ledger.h"
#include "view.h"

/* What Tekton puts before a script that does not say what runs it. */
#define SHEBANG "#!/bin/sh\nset -e\n"

void owned_spec_release(struct owned_spec *o)
{
	words_free(o->argv.word, o->argv.count);
	words_free(o->env.word, o->env.count);
	free(o->file);
	free(o->text);
	free(o->cwd);
	free(o->image);
	*o = (struct owned_spec){ 0 };
}

int words_add(struct words *w, const char *word)
{
	return names_add(&w->word, &w->count, word);
}

/* Set NAME=value; the last one counts. */
static int env_set(struct words *env, const char *name, const char *value)
{
	AUTO(buf_release) struct buf both = BUF_INIT(BUF_MAX);
	size_t len;

	buf_addf(&both, "%s=", name);
	len = both.len;
	buf_puts(&both, value);
	if (both.err)
		return both.err;
	for (size_t i = 0; i < env->count; i++) {
		if (strncmp(env->word[i], both.data, len) != 0)
			continue;
		free(env->word[i]);
		env->word[i] = buf_take(&both);
		if (env->word[i])
			return 0;
		env->count--;
		memmove(&env->word[i], &env->word[i + 1],
			(env->count - i) * sizeof(*env->word));
		return -ENOMEM;
	}
	return words_add(env, both.data);
}

static int env_set_user(struct words *env, uid_t uid)
{
	char number[24], names[4096];
	struct passwd pw, *found = NULL;
	const char *name = number;

	snprintf(number, sizeof(number), "%u", uid);
	if (getpwuid_r(uid, &pw, names, sizeof(names), &found) == 0 && found)
		name = pw.pw_name;
	return env_set(env, "USER", name);
}

static int env_set_datasets(struct words *env, const struct run *r)
{
	const struct value *datasets = value_find(r->record, "datasets");
	int err = 0;

	for (size_t i = 0; !err && datasets && i < datasets->count; i++) {
		AUTO(buf_release) struct buf path = BUF_INIT(8192);

		buf_addf(&path, "%s/%s", r->mountpoint,
			 value_string(datasets->item[i]));
		err = path.err ? path.err
			       : env_set(env, datasets->key[i], path.data);
	}
	return err;
}

static int env_begin(struct words *env, const struct job *job)
{
	AUTO(buf_release) struct buf path = BUF_INIT(65536);
	const struct run *r = job->run;
	int err;

	buf_addf(&path, "%s:%s/bin", r->settings->path, r->scratch);
	err = path.err ? path.err : env_set(env, "PATH", path.data);
	if (!err)
		err = env_set(env, "HOME", job->scratch);
	if (!err)
		err = env_set(env, "TMPDIR", job->scratch);
	if (!err)
		err = env_set(env, "LANG", "C.UTF-8");
	if (!err)
		err = env_set_user(env, r->owner.uid);
	if (!err)
		err = env_set(env, "MLXFS_RUN", r->name);
	if (!err)
		err = env_set(env, "MLXFS_STEP", job->dir);
	if (!err)
		err = env_set(env, "MLXFS_MOUNT", r->mountpoint);
	return err ? err : env_set_datasets(env, r);
}

void spec_lend(struct job *job, struct owned_spec *o)
{
	o->spec = (struct step_spec){
		.argv = (const char *const *)o->argv.word,
		.argc = o->argv.count,
		.env = (const char *const *)o->env.word,
		.env_count = o->env.count,
		.dir = job->scratch,
		.cwd = o->cwd,
		.file = o->file,
		.text = o->text,
		.uid = job->run->owner.uid,
		.gid = job->run->owner.gid,
		.limits = job->run->settings->step,
	};
}

int spec_begin(struct job *job, struct owned_spec *o)
{
	return env_begin(&o->env, job);
}

/* ---- the note ---- */

static void put_quoted(const char *word, struct buf *out)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-+=./,:@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		buf_puts(out, word);
		return;
	}
	buf_putc(out, '\'');
	for (const char *c = word; *c; c++)
		if (*c == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *c);
	buf_putc(out, '\'');
}

int spec_note(struct job *job, const char *name, const struct owned_spec *o)
{
	AUTO(buf_release) struct buf note = BUF_INIT(STEP_SPEC_LIMIT);
	const struct run *r = job->run;

	buf_addf(&note, "# step %s%s%s\n", name, o->image ? ", image " : "",
		 o->image ? o->image : "");
	for (size_t i = 0; i < o->argv.count; i++) {
		if (i)
			buf_putc(&note, ' ');
		put_quoted(o->argv.word[i], &note);
	}
	buf_putc(&note, '\n');
	if (o->text) {
		buf_addf(&note, "# with the script\n%s", o->text);
		if (note.len && note.data[note.len - 1] != '\n')
			buf_putc(&note, '\n');
	}
	return note.err ? note.err
			: file_append(r->st, job->dir_ino, "command", 0644,
				      &r->owner, note.data, note.len);
}

/* ---- a step ---- */

static int wrong(struct job *job, const struct step *s, const char *what,
		 int err)
{
	return why_set(&job->message, err,
		       "step %s: its %s cannot be resolved "
		       "(%s)",
		       s->name, what, strerror(-err));
}

static int set_env(struct job *job, const struct step *s,
		   const struct scope *scope, struct owned_spec *o)
{
	int err = spec_begin(job, o);

	for (size_t i = 0; !err && i < s->env_count; i++) {
		AUTO(buf_release) struct buf value = BUF_INIT(BUF_MAX);
		const char *name = s->env[i].name;

		if (!name || !*name || strchr(name, '='))
			return why_set(&job->message, -EINVAL,
				       "step %s: \"%s\" cannot be the name of "
				       "an environment variable",
				       s->name, name ? name : "");
		err = text_resolve(&s->env[i].value, scope, &value);
		if (err == -ENOENT)
			err = 0; /* absent: an empty one */
		if (!err)
			err = env_set(&o->env, name, value.data);
	}
	return err ? wrong(job, s, "environment", err) : 0;
}

static int set_image(const struct step *s, const struct scope *scope,
		     struct owned_spec *o)
{
	AUTO(buf_release) struct buf image = BUF_INIT(4096);
	int err = text_resolve(&s->image, scope, &image);

	if (err || !image.len)
		return err == -ENOMEM ? err : 0;
	o->image = buf_take(&image);
	return o->image ? 0 : -ENOMEM;
}

/* Without "#!" the shell is called by name: that works where the scratch
 * directory must not hold programs (noexec), too. */
static int set_script(struct job *job, const struct step *s,
		      const struct scope *scope, struct owned_spec *o)
{
	AUTO(buf_release) struct buf text = BUF_INIT(STEP_SPEC_LIMIT);
	AUTO(buf_release) struct buf path = BUF_INIT(8192);
	const bool own = s->script.count && s->script.segment[0].text &&
			 strncmp(s->script.segment[0].text, "#!", 2) == 0;
	int err;

	if (!own)
		buf_puts(&text, SHEBANG);
	err = text_resolve(&s->script, scope, &text);
	if (err)
		return wrong(job, s, "script", err);
	buf_addf(&path, "%s/.script-%zu", job->scratch, job->step);
	o->text = buf_take(&text);
	o->file = buf_take(&path);
	if (!o->text || !o->file)
		return -ENOMEM;
	err = own ? 0 : words_add(&o->argv, "/bin/sh");
	return err ? err : words_add(&o->argv, o->file);
}

static int add_args(struct job *job, const struct step *s,
		    const struct arg *args, size_t count,
		    const struct scope *scope, struct owned_spec *o)
{
	char **word;
	size_t n;
	int err = args_resolve(args, count, scope, &word, &n);

	if (err)
		return wrong(job, s, "command", err);
	for (size_t i = 0; !err && i < n; i++)
		err = words_add(&o->argv, word[i]);
	words_free(word, n);
	return err;
}

static int set_cwd(struct job *job, const struct step *s,
		   const struct scope *scope, struct owned_spec *o)
{
	AUTO(buf_release) struct buf dir = BUF_INIT(8192);
	AUTO(buf_release) struct buf below = BUF_INIT(8192);
	int err = text_resolve(&s->workdir, scope, &dir);

	if (err)
		return wrong(job, s, "working directory", err);
	if (!dir.len)
		return 0;
	if (dir.data[0] != '/')
		buf_addf(&below, "%s/", job->scratch);
	buf_puts(&below, dir.data);
	o->cwd = buf_take(&below);
	return o->cwd ? 0 : -ENOMEM;
}

/* A step that only names an image means what that image runs. */
static int no_command(struct job *job, const struct step *s,
		      const struct owned_spec *o)
{
	if (!o->image)
		return why_set(&job->message, -EINVAL,
			       "step %s has nothing to execute", s->name);
	return why_set(&job->message, -EOPNOTSUPP,
		       "step %s names no command: it wants what the image %s "
		       "runs by itself, on an engine with containers (podman, "
		       "Kubernetes)",
		       s->name, o->image);
}

static int fill(struct job *job, const struct step *s,
		const struct scope *scope, struct owned_spec *o)
{
	int err = set_image(s, scope, o);

	if (!err)
		err = set_env(job, s, scope, o);
	if (!err)
		err = set_cwd(job, s, scope, o);
	if (!err)
		err = s->has_script ? set_script(job, s, scope, o)
				    : add_args(job, s, s->command,
					       s->command_count, scope, o);
	if (!err && !o->argv.count)
		err = no_command(job, s, o);
	if (!err)
		err = add_args(job, s, s->args, s->args_count, scope, o);
	return err;
}

int job_make_spec(struct job *job, struct owned_spec *ret_spec)
{
	AUTO(owned_spec_release) struct owned_spec o = { 0 };
	const struct step *s = &job->task->steps[job->step];
	struct view v = { job->run, job->schedule, job, true, &job->message };
	const struct scope scope = view_scope(&v);
	int err = fill(job, s, &scope, &o);

	o.timeout_ns = s->timeout_ns;
	free(job->image);
	job->image = o.image ? strdup(o.image) : NULL;
	free(job->command);
	job->command = o.argv.count ? strdup(o.argv.word[0]) : NULL;
	if (!err)
		err = spec_note(job, s->name, &o);
	if (err)
		return err;
	spec_lend(job, &o);
	*ret_spec = o;
	o = (struct owned_spec){ 0 };
	return 0;
}
