// SPDX-License-Identifier: Apache-2.0
/*
 * The plan of the Python: names, slots, and the nesting of conditions.
 *
 * KFP lets nothing outside of a `with dsl.If` refer to a task inside. So a task
 * that uses what a conditional task makes is put into the same block (which is
 * also what skips it when its source is skipped), and its own conditions nest
 * in there. No task then depends on one in a block that it is not in itself,
 * except by order alone; so a block's tasks can be written first and the blocks
 * in it afterwards.
 */
#include "kfp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pipeline/format.h"
#include "read.h"
#include "walk.h"

#define DEPTH_MOST 16 /* Python allows 20 blocks inside each other */

int kfp_refuse(struct kfp *k, const struct task *t, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return why_set(k->why, -EOPNOTSUPP,
		       "%s%s%sKubeflow Pipelines cannot say this: %s",
		       t ? "task " : "", t ? t->name : "", t ? ": " : "", text);
}

/* ---- small things ---- */

const struct segment *kfp_lone(const struct text *text)
{
	const struct segment *s = text->segment;

	return text->count == 1 && s->type != SEGMENT_TEXT && !s->key ? s
								      : NULL;
}

const char *kfp_type(enum data_type type)
{
	static const char *const names[] = {
		[TYPE_STRING] = "str",	[TYPE_INTEGER] = "int",
		[TYPE_REAL] = "float",	[TYPE_BOOLEAN] = "bool",
		[TYPE_LIST] = "list",	[TYPE_STRUCT] = "dict",
		[TYPE_ARTIFACT] = NULL,
	};

	return names[type];
}

const char *kfp_artifact_class(const char *schema)
{
	static const char *const known[] = {
		"Dataset",
		"Model",
		"Metrics",
		"ClassificationMetrics",
		"SlicedClassificationMetrics",
		"HTML",
		"Markdown",
	};
	static const char *const classes[] = {
		"dsl.Dataset",
		"dsl.Model",
		"dsl.Metrics",
		"dsl.ClassificationMetrics",
		"dsl.SlicedClassificationMetrics",
		"dsl.HTML",
		"dsl.Markdown",
	};

	for (size_t i = 0; schema && i < ARRAY_SIZE(known); i++)
		if (!strncmp(schema, "system.", 7) &&
		    !strcmp(schema + 7, known[i]))
			return classes[i];
	return "dsl.Artifact";
}

bool kfp_is_constant(const struct value *v)
{
	if (!v || v->type == VALUE_NULL)
		return false;
	for (size_t i = 0; i < v->count; i++)
		if (!kfp_is_constant(v->item[i]))
			return false;
	return true;
}

void kfp_put_constant(enum data_type type, const struct value *v,
		      struct buf *out)
{
	python_put_value(v, out);
	if (type == TYPE_REAL && value_is(v, VALUE_INT))
		buf_puts(out, ".0");
}

const struct kfp_slot *kfp_find_slot(const struct kfp_task *kt,
				     enum slot_kind kind, const char *name)
{
	for (size_t i = 0; i < kt->count; i++)
		if (kt->slots[i].kind == kind &&
		    !strcmp(kt->slots[i].param->name, name))
			return &kt->slots[i];
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

const struct kfp_slot *kfp_find_direct(const struct kfp_task *kt,
				       const struct segment *s)
{
	for (size_t i = 0; i < kt->count; i++) {
		const struct segment *own = kt->slots[i].segment;

		if (own && own->type == s->type && same(own->text, s->text) &&
		    same(own->task, s->task))
			return &kt->slots[i];
	}
	return NULL;
}

static size_t task_index(const struct kfp *k, const char *name)
{
	return (size_t)(pipeline_find_task(k->p, name) - k->p->tasks);
}

static size_t param_index(const struct kfp *k, const char *name)
{
	return (size_t)(param_find(k->p->params, k->p->params_count, name) -
			k->p->params);
}

/* ---- texts ---- */

int kfp_put_context(struct kfp *k, const struct task *t,
		    const struct segment *s, struct buf *out)
{
	static const struct {
		const char *name, *python;
	} known[] = {
		{ "run.name", "dsl.PIPELINE_JOB_NAME_PLACEHOLDER" },
		{ "run.id", "dsl.PIPELINE_JOB_ID_PLACEHOLDER" },
		{ "task.name", "dsl.PIPELINE_TASK_NAME_PLACEHOLDER" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, s->text)) {
			buf_puts(out, known[i].python);
			return 0;
		}
	if (strcmp(s->text, "pipeline.name") != 0)
		return kfp_refuse(k, t, "the %s of a run", s->text);
	python_put_string(k->p->name ? k->p->name : "", out);
	return 0;
}

static int put_param(struct kfp *k, const struct task *t,
		     const struct segment *s, struct buf *out)
{
	const struct kfp_param *kp = &k->params[param_index(k, s->text)];

	if (kp->dropped)
		return kfp_refuse(k, t, "a file %s that need not be given",
				  s->text);
	buf_puts(out, kp->artifact ? kp->artifact : kp->id);
	if (kp->artifact)
		buf_puts(out, ".output");
	return 0;
}

int kfp_put_segment(struct kfp *k, const struct task *t,
		    const struct segment *s, struct buf *out)
{
	const struct kfp_task *of;

	if (s->key)
		return kfp_refuse(k, t, "a member of %s", s->text);
	switch (s->type) {
	case SEGMENT_TEXT:
		python_put_string(s->text, out);
		return 0;
	case SEGMENT_PARAM:
		return put_param(k, t, s, out);
	case SEGMENT_OUTPUT:
		of = &k->tasks[task_index(k, s->task)];
		if (t && t->finally)
			return kfp_refuse(k, t,
					  "an output of %s in a finally task",
					  s->task);
		buf_addf(out, "%s.outputs['%s']", of->variable,
			 kfp_find_slot(of, SLOT_OUTPUT, s->text)->id);
		return 0;
	case SEGMENT_CONTEXT:
		return kfp_put_context(k, t, s, out);
	case SEGMENT_STATUS:
		return kfp_refuse(k, t, "the state of a task in a text");
	case SEGMENT_INPUT_PATH:
	case SEGMENT_OUTPUT_PATH:
		break;
	}
	return kfp_refuse(k, t, "a path outside of a step");
}

static bool is_file(const struct kfp *k, const struct segment *s)
{
	const struct task *of;

	if (s->type == SEGMENT_PARAM)
		return param_find(k->p->params, k->p->params_count, s->text)
			       ->type == TYPE_ARTIFACT;
	if (s->type != SEGMENT_OUTPUT)
		return false;
	of = pipeline_find_task(k->p, s->task);
	return param_find(of->outputs, of->outputs_count, s->text)->type ==
	       TYPE_ARTIFACT;
}

int kfp_put_text(struct kfp *k, const struct task *t, const struct text *text,
		 struct buf *out)
{
	int err = 0;

	if (!text->count)
		buf_puts(out, "''");
	if (text->count == 1)
		return kfp_put_segment(k, t, text->segment, out);
	for (size_t i = 0; i < text->count && !err; i++) {
		const struct segment *s = &text->segment[i];
		bool plain = s->type == SEGMENT_TEXT;

		if (is_file(k, s))
			return kfp_refuse(k, t, "a file inside a text");
		buf_puts(out, i ? " + " : "");
		buf_puts(out, plain ? "" : "str(");
		err = kfp_put_segment(k, t, s, out);
		buf_puts(out, plain ? "" : ")");
	}
	return err;
}

/* ---- slots ---- */

static int add_slot(struct kfp_task *kt, const struct kfp_slot *slot)
{
	struct kfp_slot *more =
		realloc(kt->slots, (kt->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	kt->slots = more;
	kt->slots[kt->count++] = *slot;
	return 0;
}

/* The component's own types need not be the task's: texts come out of all of
 * them, and KFP wants both ends of a reference equal. */
static void type_by_source(const struct kfp *k, const struct segment *s,
			   struct kfp_slot *slot)
{
	const struct param *from = NULL;
	const struct task *of;

	if (s->type == SEGMENT_PARAM)
		from = param_find(k->p->params, k->p->params_count, s->text);
	if (s->type == SEGMENT_OUTPUT) {
		of = pipeline_find_task(k->p, s->task);
		from = param_find(of->outputs, of->outputs_count, s->text);
	}
	slot->type = from ? from->type : TYPE_STRING;
	slot->schema = from ? from->schema : NULL;
	if (s->type == SEGMENT_PARAM && from) {
		slot->optional = from->optional && !from->fallback;
		slot->absent = k->params[from - k->p->params].dropped;
	}
}

static void type_by_value(const struct value *v, struct kfp_slot *slot)
{
	static const enum data_type types[] = {
		[VALUE_NULL] = TYPE_STRING,   [VALUE_BOOL] = TYPE_BOOLEAN,
		[VALUE_INT] = TYPE_INTEGER,   [VALUE_REAL] = TYPE_REAL,
		[VALUE_STRING] = TYPE_STRING, [VALUE_LIST] = TYPE_LIST,
		[VALUE_MAP] = TYPE_STRUCT,
	};

	slot->type = types[v->type];
	slot->schema = NULL;
}

static int add_input(struct kfp *k, struct kfp_task *kt, const struct param *in)
{
	struct kfp_slot slot = {
		.kind = SLOT_INPUT,
		.param = in,
		.binding = task_find_binding(kt->t, in->name),
		.type = in->type,
		.schema = in->schema,
	};
	const struct binding *b = slot.binding;
	const struct segment *lone = b ? kfp_lone(&b->value) : NULL;

	if (b && b->constant)
		type_by_value(b->constant, &slot);
	else if (lone)
		type_by_source(k, lone, &slot);
	else if (b)
		slot.type = TYPE_STRING;
	else if (in->fallback)
		type_by_value(in->fallback, &slot);
	else
		slot.absent = true;
	if (b && !lone && slot.type == TYPE_STRING)
		slot.schema = NULL;
	return add_slot(kt, &slot);
}

struct direct {
	struct kfp *k;
	struct kfp_task *kt;
};

static int add_direct(void *arg, const struct segment *s, enum text_role role)
{
	struct direct *d = arg;
	const struct task *t = d->kt->t;
	struct kfp_slot slot = { .kind = SLOT_DIRECT, .segment = s };

	if (role != ROLE_STEP ||
	    (s->type != SEGMENT_PARAM && s->type != SEGMENT_OUTPUT))
		return 0;
	if (s->type == SEGMENT_PARAM &&
	    param_find(t->inputs, t->inputs_count, s->text))
		return 0;
	if (kfp_find_direct(d->kt, s))
		return 0;
	type_by_source(d->k, s, &slot);
	return add_slot(d->kt, &slot);
}

static int name_slots(struct kfp_task *kt)
{
	static const char *const ours[] = { "url", "sha512", "mime_type",
					    "executed" };
	AUTO(value_release) struct value *taken = value_new_map();
	int err = taken ? 0 : -ENOMEM;

	/* parameters of the components that kfp_stage.c writes */
	for (size_t i = 0; i < ARRAY_SIZE(ours) && !err; i++)
		if (kt->t->type != TASK_STEPS)
			err = value_set_int(taken, ours[i], 2);
	for (size_t i = 0; i < kt->count && !err; i++) {
		struct kfp_slot *slot = &kt->slots[i];

		err = python_take_name(taken,
				       slot->param ? slot->param->name
						   : slot->segment->text,
				       NULL, &slot->id);
	}
	return err;
}

static int plan_slots(struct kfp *k, struct kfp_task *kt)
{
	const struct task *t = kt->t;
	struct direct d = { .k = k, .kt = kt };
	int err = 0;

	for (size_t i = 0; i < t->inputs_count && !err; i++)
		err = add_input(k, kt, &t->inputs[i]);
	if (!err)
		err = task_walk(t, add_direct, &d);
	for (size_t i = 0; i < t->outputs_count && !err; i++) {
		const struct kfp_slot slot = {
			.kind = SLOT_OUTPUT,
			.param = &t->outputs[i],
			.type = t->outputs[i].type,
			.schema = t->outputs[i].schema,
		};

		err = add_slot(kt, &slot);
	}
	return err ? err : name_slots(kt);
}

/* ---- names ---- */

static int name_params(struct kfp *k)
{
	int err = 0;

	for (size_t i = 0; i < k->p->params_count && !err; i++) {
		const struct param *param = &k->p->params[i];
		struct kfp_param *kp = &k->params[i];

		kp->dropped = param->type == TYPE_ARTIFACT && param->optional &&
			      !param->fallback;
		err = python_take_name(k->names, param->name, NULL, &kp->id);
	}
	for (size_t i = 0; i < k->p->params_count && !err; i++)
		if (k->p->params[i].type == TYPE_ARTIFACT &&
		    !k->params[i].dropped)
			err = python_take_name(k->names, k->p->params[i].name,
					       "artifact",
					       &k->params[i].artifact);
	return err;
}

/* KFP names a task after its function, and a block "condition-2": when both
 * are the same it does not compile. */
static int name_function(struct kfp *k, struct kfp_task *kt)
{
	static const char *const blocks[] = { "condition", "for_loop",
					      "exit_handler" };
	AUTO(buf_release) struct buf id = BUF_INIT(1024);
	const char *suffix = NULL;

	python_put_identifier(kt->t->name, &id);
	if (id.err)
		return id.err;
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (!strncmp(id.data, blocks[i], strlen(blocks[i])))
			suffix = "op";
	return python_take_name(k->names, kt->t->name, suffix, &kt->function);
}

static int name_tasks(struct kfp *k)
{
	bool finally = false;
	int err = 0;

	for (size_t i = 0; i < k->p->tasks_count && !err; i++) {
		k->tasks[i].t = &k->p->tasks[i];
		finally |= k->tasks[i].t->finally;
		err = name_function(k, &k->tasks[i]);
	}
	for (size_t i = 0; i < k->p->tasks_count && !err; i++)
		err = python_take_name(k->names, k->tasks[i].t->name, "task",
				       &k->tasks[i].variable);
	if (!err && finally)
		err = python_take_name(k->names, "finally", "tasks",
				       &k->finally);
	return err;
}

/* ---- conditions ---- */

static bool is_within(const struct kfp *k, size_t group, size_t outer)
{
	while (group != outer && k->groups[group].depth)
		group = k->groups[group].parent;
	return group == outer;
}

static int add_group(struct kfp *k, size_t parent, size_t depth,
		     size_t *ret_group)
{
	struct kfp_group *more =
		realloc(k->groups, (k->groups_count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	k->groups = more;
	k->groups[k->groups_count] =
		(struct kfp_group){ .parent = parent, .depth = depth };
	*ret_group = k->groups_count++;
	return 0;
}

struct base {
	struct kfp *k;
	const struct task *t;
	size_t group;
	const char *reason; /* the task that it is for */
};

static int descend(void *arg, const struct segment *s, enum text_role role)
{
	struct base *b = arg;
	size_t of;

	(void)role;
	if (s->type != SEGMENT_OUTPUT || b->t->finally)
		return 0;
	of = b->k->tasks[task_index(b->k, s->task)].group;
	if (is_within(b->k, b->group, of))
		return 0;
	if (!is_within(b->k, of, b->group))
		return kfp_refuse(b->k, b->t,
				  "it uses both %s and %s, which run under "
				  "different conditions",
				  b->reason, s->task);
	b->group = of;
	b->reason = s->task;
	return 0;
}

/* A CEL literal (KFP writes what it is given between quotes). */
static int put_cel_string(const char *text, struct buf *out)
{
	AUTO(buf_release) struct buf cel = BUF_INIT(BUF_MAX);

	for (const char *c = text; *c; c++) {
		if (*c == '\\' || *c == '\'')
			buf_addf(&cel, "\\%c", *c);
		else if (*c == '\n')
			buf_puts(&cel, "\\n");
		else if (*c == '\r')
			buf_puts(&cel, "\\r");
		else
			buf_putc(&cel, *c);
	}
	python_put_string(cel.data, out);
	return cel.err;
}

static int put_operand(struct kfp *k, const struct task *t, enum data_type type,
		       const struct text *text, struct buf *out)
{
	AUTO(value_release) struct value *given = NULL;
	AUTO(value_release) struct value *v = NULL;
	const struct param as = { .name = (char *)"value", .type = type };
	const char *plain = text->count ? text->segment[0].text : "";
	int err;

	if (kfp_lone(text))
		return kfp_put_segment(k, t, text->segment, out);
	if (text->count > 1 || !text_is_plain(text))
		return kfp_refuse(k, t, "a condition on a text of parts");
	if (type == TYPE_STRING)
		return put_cel_string(plain, out);
	given = value_new_string(plain);
	if (!given)
		return -ENOMEM;
	err = param_convert(&as, given, NULL, &v);
	if (err)
		return err == -ENOMEM ? err
				      : kfp_refuse(k, t,
						   "a condition between %s and "
						   "\"%.60s\"",
						   data_type_name(type), plain);
	kfp_put_constant(type, v, out);
	return 0;
}

static const char *plain_text(const struct text *t)
{
	return t->count ? t->segment[0].text : "";
}

/* A condition that is known already: *ret_holds, else -ENOENT. */
static int settle(const struct when *w, bool *ret_holds)
{
	bool found = false;

	if (w->count && !text_is_plain(&w->input))
		return -ENOENT;
	for (size_t i = 0; i < w->count; i++) {
		if (!text_is_plain(&w->values[i]))
			return -ENOENT;
		found |= !strcmp(plain_text(&w->values[i]),
				 plain_text(&w->input));
	}
	*ret_holds = found == (WHEN_IN == w->operator);
	return 0;
}

/* KFP compares a parameter or an output with something. */
static const struct segment *channel(const struct text *text)
{
	const struct segment *s = kfp_lone(text);

	return s && (s->type == SEGMENT_PARAM || s->type == SEGMENT_OUTPUT)
		       ? s
		       : NULL;
}

/* Does one of the blocks around ask the same already? */
static bool is_asked(const struct kfp *k, size_t group, const char *condition)
{
	for (; k->groups[group].depth; group = k->groups[group].parent)
		if (!strcmp(k->groups[group].condition, condition))
			return true;
	return false;
}

static int open_group(struct kfp *k, struct base *b, const char *condition)
{
	size_t depth = k->groups[b->group].depth + 1;
	int err;

	if (depth > DEPTH_MOST)
		return kfp_refuse(k, b->t,
				  "more than %d conditions inside each other",
				  DEPTH_MOST);
	err = add_group(k, b->group, depth, &b->group);
	return err ? err : set_text(&k->groups[b->group].condition, condition);
}

/* One `with dsl.If(input == value)` inside of b->group. */
static int add_condition(struct kfp *k, struct base *b, const struct when *w,
			 const struct text *value)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const struct segment *of = channel(&w->input);
	struct kfp_slot as = { .type = TYPE_STRING };
	int err;

	if (!of)
		of = channel(value);
	if (!of)
		return kfp_refuse(k, b->t, "a condition on a text of parts");
	type_by_source(k, of, &as);
	if (as.type >= TYPE_LIST)
		return kfp_refuse(k, b->t, "a condition on a %s",
				  data_type_name(as.type));
	err = put_operand(k, b->t, as.type, &w->input, &text);
	buf_puts(&text, WHEN_IN == w->operator? " == " : " != ");
	if (!err)
		err = put_operand(k, b->t, as.type, value, &text);
	if (err || text.err)
		return err ? err : text.err;
	return is_asked(k, b->group, text.data) ? 0
						: open_group(k, b, text.data);
}

/* in [a, b]: no "or" in KFP's conditions, so a component looks */
static int add_choice(struct kfp *k, struct base *b, const struct when *w)
{
	AUTO(buf_release) struct buf text = BUF_INIT(4096);
	AUTO(free_text) char *variable = NULL;
	struct kfp_group *g;
	int err;

	for (size_t i = 0; i < w->count; i++)
		if (!text_is_plain(&w->values[i]))
			return kfp_refuse(k, b->t,
					  "a choice of values that are not "
					  "known before");
	err = python_take_name(k->names, b->t->name, "choice_task", &variable);
	if (err)
		return err;
	buf_addf(&text, "%s.outputs['result'] == 'true'", variable);
	err = text.err ? text.err : open_group(k, b, text.data);
	if (err)
		return err;
	g = &k->groups[b->group];
	g->choice = w;
	g->variable = TAKE(variable);
	buf_clear(&text);
	err = kfp_put_text(k, b->t, &w->input, &text);
	if (!err)
		err = text.err ? text.err : set_text(&g->operand, text.data);
	return err ? err
		   : python_take_name(k->names, b->t->name, "choice",
				      &g->function);
}

static int add_when(struct kfp *k, struct base *b, const struct when *w)
{
	bool holds;
	int err = 0;

	if (!settle(w, &holds))
		return holds ? 0 : kfp_refuse(k, b->t, "it never runs");
	if (w->count > 1 && WHEN_IN == w->operator)
		return add_choice(k, b, w);
	/* in one; or not in any: each a condition of its own, nested */
	for (size_t i = 0; i < w->count && !err; i++)
		err = add_condition(k, b, w, &w->values[i]);
	return err;
}

static int plan_group(struct kfp *k, struct kfp_task *kt)
{
	struct base b = {
		.k = k,
		.t = kt->t,
		.group = kt->t->finally ? KFP_FINALLY : KFP_BODY,
	};
	int err = task_walk(kt->t, descend, &b);

	for (size_t i = 0; i < kt->t->when_count && !err; i++)
		err = add_when(k, &b, &kt->t->when[i]);
	kt->group = b.group;
	return err;
}

static int plan_groups(struct kfp *k)
{
	size_t group;
	int err = add_group(k, KFP_BODY, 0, &group);

	if (!err)
		err = add_group(k, KFP_FINALLY, 0, &group);
	for (size_t i = 0; i < k->p->tasks_count && !err; i++)
		err = plan_group(k, &k->tasks[k->order[i]]);
	return err;
}

/* ---- all of it ---- */

int kfp_plan(struct kfp *k)
{
	int err = pipeline_judge(k->p, k->why, &k->order);

	if (err)
		return err;
	k->names = value_new_map();
	k->params = calloc(k->p->params_count + 1, sizeof(*k->params));
	k->tasks = calloc(k->p->tasks_count, sizeof(*k->tasks));
	if (!k->names || !k->params || !k->tasks)
		return -ENOMEM;
	err = name_params(k);
	if (!err)
		err = name_tasks(k);
	for (size_t i = 0; i < k->p->tasks_count && !err; i++)
		err = plan_slots(k, &k->tasks[i]);
	return err ? err : plan_groups(k);
}

static void release_task(struct kfp_task *kt)
{
	free(kt->function);
	free(kt->variable);
	for (size_t i = 0; i < kt->count; i++)
		free(kt->slots[i].id);
	free(kt->slots);
}

void kfp_release(struct kfp *k)
{
	value_free(k->names);
	free(k->order);
	for (size_t i = 0; k->params && i < k->p->params_count; i++) {
		free(k->params[i].id);
		free(k->params[i].artifact);
	}
	free(k->params);
	for (size_t i = 0; k->tasks && i < k->p->tasks_count; i++)
		release_task(&k->tasks[i]);
	free(k->tasks);
	for (size_t i = 0; i < k->groups_count; i++) {
		free(k->groups[i].condition);
		free(k->groups[i].function);
		free(k->groups[i].variable);
		free(k->groups[i].operand);
	}
	free(k->groups);
	free(k->finally);
}
