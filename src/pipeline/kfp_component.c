// SPDX-License-Identifier: Apache-2.0
/*
 * The container components: a task's steps as dsl.ContainerSpec.
 *
 * A component of KFP is one command in one container. Where a task asks for
 * more (several steps, a script, an input in a file, outputs that may stay
 * unwritten), RUN is the command: a few lines of POSIX shell that take what is
 * to be done as words, so that no value is ever part of a program's text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kfp.h"
#include "pipeline/format.h"
#include "walk.h"

static const char run_program[] =
	"# --touch FILE: make it, empty, if it is absent\n"
	"# --file FILE TEXT, --program FILE TEXT: write it\n"
	"# --step COUNT KEEP WORD...: run COUNT words, go on (KEEP: whatever)\n"
	"# --run WORD...: run all that is left\n"
	"set -e\n"
	"step() {\n"
	"  n=$1\n"
	"  shift\n"
	"  all=$#\n"
	"  i=0\n"
	"  while [ \"$i\" -lt \"$n\" ]; do\n"
	"    set -- \"$@\" \"$1\"\n"
	"    shift\n"
	"    i=$((i + 1))\n"
	"  done\n"
	"  shift $((all - n))\n"
	"  \"$@\"\n"
	"}\n"
	"while [ $# -gt 0 ]; do\n"
	"  case \"$1\" in\n"
	"  --touch)\n"
	"    mkdir -p \"${2%/*}\"\n"
	"    : >> \"$2\"\n"
	"    shift 2\n"
	"    ;;\n"
	"  --file | --program)\n"
	"    mkdir -p \"${2%/*}\"\n"
	"    printf %s \"$3\" > \"$2\"\n"
	"    if [ \"$1\" = --program ]; then chmod +x \"$2\"; fi\n"
	"    shift 3\n"
	"    ;;\n"
	"  --step)\n"
	"    count=$2\n"
	"    keep=$3\n"
	"    shift 3\n"
	"    (step \"$count\" \"$@\") || { code=$?; $keep || exit $code; }\n"
	"    shift \"$count\"\n"
	"    ;;\n"
	"  --run)\n"
	"    shift\n"
	"    exec \"$@\"\n"
	"    ;;\n"
	"  esac\n"
	"done\n";

static const char choice_program[] = "result=$1\n"
				     "shift\n"
				     "answer=false\n"
				     "for value; do\n"
				     "  if [ \"$value\" = \"$0\" ]; then\n"
				     "    answer=true\n"
				     "  fi\n"
				     "done\n"
				     "mkdir -p \"${result%/*}\"\n"
				     "printf %s \"$answer\" > \"$result\"\n";

/* ---- what a task needs ---- */

static bool is_static(const struct text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->segment[i].type != SEGMENT_TEXT &&
		    t->segment[i].type != SEGMENT_CONTEXT)
			return false;
	return true;
}

bool kfp_env_is_static(const struct task *t)
{
	if (t->steps_count != 1)
		return false;
	for (size_t i = 0; i < t->steps[0].env_count; i++)
		if (!is_static(&t->steps[0].env[i].value))
			return false;
	return true;
}

static int is_text_file(void *arg, const struct segment *s, enum text_role role)
{
	const struct kfp_task *kt = arg;

	(void)role;
	return s->type == SEGMENT_INPUT_PATH &&
	       kfp_find_slot(kt, SLOT_INPUT, s->text)->type != TYPE_ARTIFACT;
}

static bool has_program(const struct step *s)
{
	return s->command_count || s->has_script;
}

/* May an output stay unwritten: KFP fails the task then, unless there is an
 * empty file. */
static bool needs_touch(const struct kfp_task *kt)
{
	const struct task *t = kt->t;

	if (t->missing_output_fails || !has_program(&t->steps[0]))
		return false;
	for (size_t i = 0; i < t->outputs_count; i++)
		if (t->outputs[i].type != TYPE_ARTIFACT)
			return true;
	return false;
}

static bool needs_run(const struct kfp_task *kt)
{
	const struct task *t = kt->t;

	if (t->type != TASK_STEPS)
		return false;
	return t->steps_count > 1 || t->steps[0].has_script ||
	       t->steps[0].ignore_failure || needs_touch(kt) ||
	       task_walk(t, is_text_file, (void *)kt);
}

bool kfp_needs_run(const struct kfp *k)
{
	for (size_t i = 0; i < k->p->tasks_count; i++)
		if (needs_run(&k->tasks[i]))
			return true;
	return false;
}

void kfp_put_run(struct kfp *k)
{
	buf_puts(k->out, "\n# The command of components that are more than one "
			 "command.\n_RUN = ");
	python_put_lines(run_program, 0, k->out);
	buf_putc(k->out, '\n');
}

/* ---- texts inside a component ---- */

struct words {
	struct kfp *k;
	const struct kfp_task *kt;
	struct buf *out;
	int indent;  /* -1: all in one line */
	bool given;  /* inside of an IfPresent: what it asks for is there */
	bool joined; /* inside of a Concat: a choice is between single texts */
};

static const struct kfp_slot *slot_of(const struct words *w,
				      const struct segment *s)
{
	const struct kfp_slot *slot =
		s->type == SEGMENT_OUTPUT
			? NULL
			: kfp_find_slot(w->kt, SLOT_INPUT, s->text);

	return slot ? slot : kfp_find_direct(w->kt, s);
}

static int put_input(struct words *w, const struct segment *s)
{
	const struct kfp_slot *slot = slot_of(w, s);

	if (s->key)
		return kfp_refuse(w->k, w->kt->t, "a member of %s", s->text);
	if (slot->absent)
		return kfp_refuse(w->k, w->kt->t, "a text with an absent %s",
				  s->text);
	if (slot->type == TYPE_ARTIFACT)
		return kfp_refuse(w->k, w->kt->t, "the text of the file %s",
				  s->text);
	buf_puts(w->out, slot->id);
	return 0;
}

static int put_input_path(struct words *w, const struct segment *s)
{
	const struct kfp_slot *slot = slot_of(w, s);

	if (slot->absent)
		return kfp_refuse(w->k, w->kt->t, "the file of an absent %s",
				  s->text);
	if (slot->type == TYPE_ARTIFACT)
		buf_addf(w->out, "%s.path", slot->id);
	else /* where KFP's version 1 had it */
		buf_addf(w->out, "'/tmp/inputs/%s/data'", slot->id);
	return 0;
}

static int put_one(struct words *w, const struct segment *s)
{
	const struct kfp_slot *slot;

	switch (s->type) {
	case SEGMENT_TEXT:
		python_put_lines(s->text, w->indent, w->out);
		return 0;
	case SEGMENT_PARAM:
	case SEGMENT_OUTPUT:
		return put_input(w, s);
	case SEGMENT_INPUT_PATH:
		return put_input_path(w, s);
	case SEGMENT_OUTPUT_PATH:
		slot = kfp_find_slot(w->kt, SLOT_OUTPUT, s->text);
		buf_addf(w->out, slot->type == TYPE_ARTIFACT ? "%s.path" : "%s",
			 slot->id);
		return 0;
	case SEGMENT_CONTEXT:
		return kfp_put_context(w->k, w->kt->t, s, w->out);
	case SEGMENT_STATUS:
		break;
	}
	return kfp_refuse(w->k, w->kt->t, "the state of a task in a text");
}

static int put_text(struct words *w, const struct text *t)
{
	int err = 0;

	if (!t->count)
		buf_puts(w->out, "''");
	if (t->count == 1)
		return put_one(w, t->segment);
	for (size_t i = 0; i < t->count && !err; i++) {
		bool plain = t->segment[i].type == SEGMENT_TEXT;

		buf_puts(w->out, i ? " + " : "");
		buf_puts(w->out, plain ? "" : "str(");
		err = put_one(w, &t->segment[i]);
		buf_puts(w->out, plain ? "" : ")");
	}
	return err;
}

/* ---- words ---- */

static int put_words(struct words *w, const struct arg *args, size_t count);
static int put_joined(struct words *w, const struct arg *args, size_t count);

static void begin_word(struct words *w)
{
	if (w->indent >= 0)
		python_indent(w->indent, w->out);
}

static void end_word(struct words *w)
{
	buf_puts(w->out, w->indent >= 0 ? ",\n" : ", ");
}

static void put_plain_word(struct words *w, const char *text)
{
	begin_word(w);
	python_put_lines(text, w->indent, w->out);
	end_word(w);
}

/* The slot of a word that is one reference to an input which may be absent. */
static const struct kfp_slot *maybe(const struct words *w, const struct arg *a)
{
	const struct segment *s = kfp_lone(&a->text);

	return a->type == ARG_TEXT && s && s->type == SEGMENT_PARAM
		       ? slot_of(w, s)
		       : NULL;
}

/* Are the words known to be there, each of them? */
static bool has_if(const struct words *w, const struct arg *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct kfp_slot *slot = maybe(w, &args[i]);

		if ((slot && !w->given && (slot->optional || slot->absent)) ||
		    args[i].type == ARG_IF ||
		    has_if(w, args[i].then, args[i].then_count))
			return true;
	}
	return false;
}

/* a + b + …: the words as one text */
static int put_joined(struct words *w, const struct arg *args, size_t count)
{
	int err = 0;

	if (!count)
		buf_puts(w->out, "''");
	for (size_t i = 0; i < count && !err; i++) {
		const struct arg *part = &args[i];
		bool plain =
			part->type == ARG_TEXT && text_is_plain(&part->text);

		buf_puts(w->out, i ? " + " : "");
		if (part->type == ARG_CONCAT) {
			err = put_joined(w, part->then, part->then_count);
			continue;
		}
		buf_puts(w->out, plain ? "" : "str(");
		err = put_text(w, &part->text);
		buf_puts(w->out, plain ? "" : ")");
	}
	return err;
}

static int put_list(struct words *w, const struct arg *args, size_t count)
{
	int err;

	buf_putc(w->out, '[');
	err = put_words(w, args, count);
	/* the last ", " of the line */
	if (!w->out->err && count && w->out->data[w->out->len - 1] == ' ')
		w->out->data[w->out->len -= 2] = 0;
	buf_putc(w->out, ']');
	return err;
}

static int put_branch(struct words *w, const struct arg *args, size_t count)
{
	if (!w->joined)
		return put_list(w, args, count);
	if (has_if(w, args, count))
		return kfp_refuse(w->k, w->kt->t,
				  "a choice inside a choice inside a text");
	return put_joined(w, args, count);
}

/* An IfPresent, in one line. */
static int put_if_present(struct words *w, const struct kfp_slot *slot,
			  const struct arg *a)
{
	bool lone = a->type == ARG_TEXT;
	struct words inside = *w;
	int err;

	inside.indent = -1;
	inside.given = true;
	begin_word(w);
	buf_puts(w->out, "dsl.IfPresentPlaceholder(input_name=");
	python_put_string(slot->id, w->out);
	buf_puts(w->out, ", then=");
	err = put_branch(&inside, lone ? a : a->then, lone ? 1 : a->then_count);
	if (!err && a->other_count) {
		buf_puts(w->out, ", else_=");
		err = put_branch(&inside, a->other, a->other_count);
	}
	buf_puts(w->out, ")");
	end_word(w);
	return err;
}

static const struct value *constant_of(const struct kfp_slot *slot)
{
	if (slot->kind != SLOT_INPUT)
		return NULL;
	return slot->binding ? slot->binding->constant : slot->param->fallback;
}

/* Which words of an IF it will be; NULL: that shows when it runs. */
static const struct kfp_slot *open_choice(const struct words *w,
					  const struct arg *a, bool *ret_then)
{
	const struct kfp_slot *slot = kfp_find_slot(w->kt, SLOT_INPUT, a->name);
	const struct value *constant = constant_of(slot);

	*ret_then = !slot->absent;
	if (slot->absent)
		return NULL;
	if (a->truth && value_is(constant, VALUE_BOOL)) {
		*ret_then = constant->truth;
		return NULL;
	}
	return a->truth || slot->optional ? slot : NULL;
}

static int put_if(struct words *w, const struct arg *a)
{
	bool then;
	const struct kfp_slot *slot = open_choice(w, a, &then);

	if (slot && a->truth)
		return kfp_refuse(w->k, w->kt->t,
				  "words that depend on the value of %s",
				  a->name);
	if (slot)
		return put_if_present(w, slot, a);
	return then ? put_words(w, a->then, a->then_count)
		    : put_words(w, a->other, a->other_count);
}

static int put_concat(struct words *w, const struct arg *a)
{
	struct words inside = *w;
	int err;

	inside.indent = -1;
	inside.joined = true;
	begin_word(w);
	if (!has_if(w, a->then, a->then_count)) {
		err = put_joined(&inside, a->then, a->then_count);
	} else {
		buf_puts(w->out, "dsl.ConcatPlaceholder(");
		err = put_list(&inside, a->then, a->then_count);
		buf_puts(w->out, ")");
	}
	end_word(w);
	return err;
}

/* The list behind a splice, when it is known now. */
static const struct value *known_list(const struct words *w,
				      const struct arg *a)
{
	const struct segment *s = a->text.segment;
	const struct kfp_slot *slot =
		s->type == SEGMENT_PARAM ? slot_of(w, s) : NULL;
	const struct value *list = slot ? constant_of(slot) : NULL;

	return value_is(list, VALUE_LIST) ? list : NULL;
}

/* A list that is known can be written out; KFP itself splices none. */
static int put_splice(struct words *w, const struct arg *a)
{
	const struct value *list = known_list(w, a);

	if (!list)
		return kfp_refuse(w->k, w->kt->t, "a word for each item of %s",
				  a->text.segment[0].text);
	for (size_t i = 0; i < list->count; i++) {
		AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

		if (list->item[i]->type >= VALUE_LIST)
			return kfp_refuse(w->k, w->kt->t,
					  "a list of lists as words");
		value_put_scalar(list->item[i], &text);
		if (text.err)
			return text.err;
		put_plain_word(w, text.data);
	}
	return 0;
}

static int put_word(struct words *w, const struct arg *a)
{
	const struct kfp_slot *slot = maybe(w, a);
	int err;

	if (a->type == ARG_IF)
		return put_if(w, a);
	if (a->type == ARG_CONCAT)
		return put_concat(w, a);
	if (a->type == ARG_SPLICE)
		return put_splice(w, a);
	if (slot && slot->absent)
		return 0;
	if (slot && slot->optional && !w->given)
		return put_if_present(w, slot, a);
	begin_word(w);
	err = put_text(w, &a->text);
	end_word(w);
	return err;
}

static int put_words(struct words *w, const struct arg *args, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = put_word(w, &args[i]);
	return err;
}

static long count_words(const struct words *w, const struct arg *args,
			size_t count);

static long count_word(const struct words *w, const struct arg *a)
{
	const struct kfp_slot *slot = maybe(w, a);
	bool then;

	if (a->type == ARG_SPLICE)
		return known_list(w, a) ? (long)known_list(w, a)->count : -1;
	if (a->type != ARG_IF)
		return slot && slot->optional ? -1 : !(slot && slot->absent);
	if (open_choice(w, a, &then))
		return -1;
	return then ? count_words(w, a->then, a->then_count)
		    : count_words(w, a->other, a->other_count);
}

/* How many words there will be, or -1: that shows only when it runs. */
static long count_words(const struct words *w, const struct arg *args,
			size_t count)
{
	long sum = 0;

	for (size_t i = 0; i < count && sum >= 0; i++) {
		long n = count_word(w, &args[i]);

		sum = n < 0 ? n : sum + n;
	}
	return sum;
}

/* ---- steps ---- */

/* 'NAME=' + str(value) */
static int put_variable(struct words *w, const struct env *e)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	bool plain = text_is_plain(&e->value);
	int err;

	buf_addf(&text, "%s=%s", e->name,
		 plain && e->value.count == 1 ? e->value.segment[0].text : "");
	python_put_string(text.data, w->out);
	if (text.err || (plain && e->value.count <= 1))
		return text.err;
	buf_puts(w->out, e->value.count > 1 ? " + " : " + str(");
	err = put_text(w, &e->value);
	buf_puts(w->out, e->value.count > 1 ? "" : ")");
	return err;
}

/* `env NAME=VALUE …` before the program's words; how many words. */
static int put_env(struct words *w, const struct step *s)
{
	int err = 0;

	if (!s->env_count || kfp_env_is_static(w->kt->t))
		return 0;
	put_plain_word(w, "env");
	for (size_t i = 0; i < s->env_count && !err; i++) {
		begin_word(w);
		err = put_variable(w, &s->env[i]);
		end_word(w);
	}
	return err;
}

static size_t env_words(const struct words *w, const struct step *s)
{
	return s->env_count && !kfp_env_is_static(w->kt->t) ? s->env_count + 1
							    : 0;
}

#define WORKDIR_WORDS 4

static int put_workdir(struct words *w, const struct step *s)
{
	int err;

	if (!s->workdir.count)
		return 0;
	put_plain_word(w, "sh");
	put_plain_word(w, "-c");
	put_plain_word(w, "cd \"$0\" && exec \"$@\"");
	begin_word(w);
	err = put_text(w, &s->workdir);
	end_word(w);
	return err;
}

static int put_program_name(struct words *w, const struct step *s)
{
	AUTO(buf_release) struct buf path = BUF_INIT(512);

	if (!s->has_script)
		return 0;
	buf_addf(&path, "/tmp/scripts/%zu", (size_t)(s - w->kt->t->steps));
	if (path.err)
		return path.err;
	put_plain_word(w, path.data);
	return 0;
}

static int put_command(struct words *w, const struct step *s)
{
	int err = put_env(w, s);

	if (!err)
		err = put_workdir(w, s);
	if (!err)
		err = put_program_name(w, s);
	return err ? err : put_words(w, s->command, s->command_count);
}

/* --program, and --step or --run with the words. */
static int put_step(struct words *w, const struct step *s, bool last)
{
	AUTO(buf_release) struct buf number = BUF_INIT(64);
	long command = count_words(w, s->command, s->command_count);
	long args = count_words(w, s->args, s->args_count);
	int err = 0;

	if (!has_program(s))
		return kfp_refuse(w->k, w->kt->t,
				  "to run the image's own program among "
				  "others");
	if (s->has_script) {
		put_plain_word(w, "--program");
		err = put_program_name(w, s);
		begin_word(w);
		if (!err)
			err = put_text(w, &s->script);
		end_word(w);
	}
	if (err)
		return err;
	if (last && !s->ignore_failure) {
		put_plain_word(w, "--run");
	} else if (command < 0 || args < 0) {
		return kfp_refuse(w->k, w->kt->t,
				  "a step of an unknown number of words "
				  "before others");
	} else {
		buf_addf(&number, "%zu",
			 (size_t)(command + args) + env_words(w, s) +
				 (s->workdir.count ? WORKDIR_WORDS : 0) +
				 s->has_script);
		put_plain_word(w, "--step");
		put_plain_word(w, number.data);
		put_plain_word(w, s->ignore_failure ? "true" : "false");
	}
	err = put_command(w, s);
	return err ? err : put_words(w, s->args, s->args_count);
}

/* Is this input used by path, as a text in a file? */
struct file_use {
	const char *name;
};

static int is_file_of(void *arg, const struct segment *s, enum text_role role)
{
	const struct file_use *use = arg;

	(void)role;
	return s->type == SEGMENT_INPUT_PATH && !strcmp(s->text, use->name);
}

static void put_touch(struct words *w, const struct kfp_slot *slot)
{
	put_plain_word(w, "--touch");
	begin_word(w);
	buf_puts(w->out, slot->id);
	end_word(w);
}

/* Outputs that may stay unwritten, inputs that are wanted in files. */
static int put_files(struct words *w)
{
	for (size_t i = 0; i < w->kt->count; i++) {
		const struct kfp_slot *slot = &w->kt->slots[i];
		struct file_use use = { slot->param ? slot->param->name : "" };

		if (slot->type == TYPE_ARTIFACT)
			continue;
		if (slot->kind == SLOT_OUTPUT && needs_touch(w->kt))
			put_touch(w, slot);
		if (slot->kind != SLOT_INPUT || slot->absent ||
		    !task_walk(w->kt->t, is_file_of, &use))
			continue;
		if (slot->optional)
			return kfp_refuse(w->k, w->kt->t,
					  "a file of %s, which may be absent",
					  use.name);
		begin_word(w);
		buf_addf(w->out, "'--file', '/tmp/inputs/%s/data', %s",
			 slot->id, slot->id);
		end_word(w);
	}
	return 0;
}

static int same_images(struct words *w)
{
	const struct task *t = w->kt->t;

	for (size_t i = 1; i < t->steps_count; i++) {
		const struct text *a = &t->steps[0].image;
		const struct text *b = &t->steps[i].image;

		if (a->count != 1 || b->count != 1 || !text_is_plain(a) ||
		    !text_is_plain(b) ||
		    strcmp(a->segment[0].text, b->segment[0].text) != 0)
			return kfp_refuse(w->k, t,
					  "steps of different images that "
					  "share their files");
	}
	return 0;
}

static int put_run_call(struct words *w)
{
	const struct task *t = w->kt->t;
	int err = same_images(w);

	if (err)
		return err;
	buf_puts(w->out, "        command=['sh', '-c', _RUN, 'sh'],\n"
			 "        args=[\n");
	err = put_files(w);
	for (size_t i = 0; i < t->steps_count && !err; i++)
		err = put_step(w, &t->steps[i], i + 1 == t->steps_count);
	buf_puts(w->out, "        ],\n");
	return err;
}

static int put_plain_call(struct words *w)
{
	const struct step *s = &w->kt->t->steps[0];
	bool before = env_words(w, s) || s->workdir.count;
	int err = 0;

	if (before && !s->command_count)
		return kfp_refuse(w->k, w->kt->t,
				  "variables or a directory for the image's "
				  "own program");
	if (s->command_count) {
		buf_puts(w->out, "        command=[\n");
		err = put_command(w, s);
		buf_puts(w->out, "        ],\n");
	}
	if (!err && s->args_count) {
		buf_puts(w->out, "        args=[\n");
		err = put_words(w, s->args, s->args_count);
		buf_puts(w->out, "        ],\n");
	}
	return err;
}

/* ---- components ---- */

static void put_parameter(struct kfp *k, const struct kfp_slot *slot)
{
	const char *type = kfp_type(slot->type);
	bool output = slot->kind == SLOT_OUTPUT;

	buf_addf(k->out, "    %s: ", slot->id);
	if (slot->optional)
		buf_puts(k->out, "Optional[");
	if (!type)
		buf_addf(k->out, output ? "dsl.Output[%s]" : "dsl.Input[%s]",
			 kfp_artifact_class(slot->schema));
	else
		buf_addf(k->out, output ? "dsl.OutputPath(%s)" : "%s", type);
	buf_puts(k->out, slot->optional ? "] = None,\n" : ",\n");
}

void kfp_put_signature(struct kfp *k, const struct kfp_task *kt,
		       const char *more)
{
	buf_addf(k->out, "def %s(", kt->function);
	if (kt->count || more)
		buf_puts(k->out, "\n");
	for (int optional = 0; optional < 2; optional++) {
		for (size_t i = 0; i < kt->count; i++)
			if (!kt->slots[i].absent &&
			    kt->slots[i].optional == (bool)optional)
				put_parameter(k, &kt->slots[i]);
		if (!optional && more)
			buf_puts(k->out, more);
	}
	buf_puts(k->out, "):\n");
}

static int put_steps(struct kfp *k, const struct kfp_task *kt)
{
	struct words w = { .k = k, .kt = kt, .out = k->out, .indent = 3 };
	bool lone;
	int err;

	buf_puts(k->out, "@dsl.container_component\n");
	kfp_put_signature(k, kt, NULL);
	/* KFP wants a text, where a reference alone is a placeholder */
	lone = kfp_lone(&kt->t->steps[0].image) != NULL;
	buf_addf(k->out, "    return dsl.ContainerSpec(\n        image=%s",
		 lone ? "str(" : "");
	err = put_text(&w, &kt->t->steps[0].image);
	buf_puts(k->out, lone ? ")" : "");
	buf_puts(k->out, ",\n");
	if (!err)
		err = needs_run(kt) ? put_run_call(&w) : put_plain_call(&w);
	buf_puts(k->out, "    )\n");
	return err;
}

int kfp_put_component(struct kfp *k, const struct kfp_task *kt)
{
	buf_puts(k->out, "\n\n");
	if (kt->t->title)
		python_put_comment(kt->t->title, 0, k->out);
	if (kt->t->description)
		python_put_comment(kt->t->description, 0, k->out);
	switch (kt->t->type) {
	case TASK_STEPS:
		return put_steps(k, kt);
	case TASK_NOTEBOOK:
		return kfp_put_notebook(k, kt);
	case TASK_FETCH:
		return kfp_put_fetch(k, kt);
	}
	return -EINVAL;
}

void kfp_put_choice(struct kfp *k, const struct kfp_group *g)
{
	buf_addf(k->out,
		 "\n\n# Is the value one of these? (There is no \"or\" in a "
		 "condition.)\n"
		 "@dsl.container_component\n"
		 "def %s(value: str, result: dsl.OutputPath(str)):\n"
		 "    return dsl.ContainerSpec(\n"
		 "        image='busybox:1.36',\n"
		 "        command=['sh', '-c', _CHOICE, value, result],\n"
		 "        args=[\n",
		 g->function);
	for (size_t i = 0; i < g->choice->count; i++) {
		const struct text *t = &g->choice->values[i];

		python_indent(3, k->out);
		python_put_string(t->count ? t->segment[0].text : "", k->out);
		buf_puts(k->out, ",\n");
	}
	buf_puts(k->out, "        ],\n    )\n");
}

void kfp_put_choice_program(struct kfp *k)
{
	buf_puts(k->out, "\n_CHOICE = ");
	python_put_lines(choice_program, 0, k->out);
	buf_putc(k->out, '\n');
}
