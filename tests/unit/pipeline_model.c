// SPDX-License-Identifier: Apache-2.0
/* The model itself: what is judged, how values are converted, how references
 * are resolved. */
#include "pipeline_util.h"

static int add_task(struct pipeline *p, const char *name)
{
	struct task *t = pipeline_add_task(p);
	struct step *s = t ? task_add_step(t) : NULL;
	struct param *out =
		s ? param_add(&t->outputs, &t->outputs_count) : NULL;

	if (!out)
		return -ENOMEM;
	t->name = strdup(name);
	s->name = strdup("main");
	out->name = strdup("o");
	return t->name && s->name && out->name ? 0 : -ENOMEM;
}

/* An environment variable of the task's step with one reference. */
static int refer(struct task *t, enum segment_type type, const char *task,
		 const char *name)
{
	struct env *e = step_add_env(&t->steps[0]);
	struct segment *s = e ? text_add(&e->value) : NULL;

	if (!s)
		return -ENOMEM;
	e->name = strdup("E");
	s->type = type;
	s->text = strdup(name);
	s->task = task ? strdup(task) : NULL;
	return e->name && s->text && (s->task || !task) ? 0 : -ENOMEM;
}

TEST_STARVED(pipeline_order_has_each_after_what_it_needs)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf got = BUF_INIT(256);
	size_t *order = NULL;

	ENOUGH(add_task(&p, "last"));
	ENOUGH(add_task(&p, "c"));
	ENOUGH(add_task(&p, "b"));
	ENOUGH(add_task(&p, "a"));
	p.tasks[0].finally = true;
	ENOUGH(names_add(&p.tasks[1].after, &p.tasks[1].after_count, "b"));
	ENOUGH(refer(&p.tasks[2], SEGMENT_OUTPUT, "a", "o"));
	ENOUGH(refer(&p.tasks[0], SEGMENT_STATUS, "a", ""));
	ENOUGH(pipeline_judge(&p, NULL, &order));
	for (size_t i = 0; i < p.tasks_count; i++)
		buf_puts(&got, p.tasks[order[i]].name);
	free(order);
	CHECK(got.err || !strcmp(got.data, "abclast"));
	CHECK(task_follows(&p.tasks[1], "b") && !task_uses(&p.tasks[1], "b"));
	CHECK(task_uses(&p.tasks[2], "a") && task_follows(&p.tasks[2], "a"));
	CHECK(!task_follows(&p.tasks[2], "c"));
}

/* Breaks a good pipeline of the tasks a, b, c in one way. */
static int spoil(struct pipeline *p, int how)
{
	struct task *a = &p->tasks[0], *b = &p->tasks[1], *c = &p->tasks[2];
	struct param *in;

	switch (how) {
	case 0:
		free(b->name);
		b->name = strdup("a");
		return 0;
	case 1:
		return names_add(&a->after, &a->after_count, "nobody");
	case 2:
		names_add(&a->after, &a->after_count, "b");
		refer(b, SEGMENT_OUTPUT, "c", "o");
		return names_add(&c->after, &c->after_count, "a");
	case 3:
		return refer(a, SEGMENT_OUTPUT, "a", "o");
	case 4:
		c->finally = true;
		return refer(a, SEGMENT_OUTPUT, "c", "o");
	case 5:
		c->finally = true;
		return names_add(&c->after, &c->after_count, "a");
	case 6:
		return refer(a, SEGMENT_PARAM, NULL, "p");
	case 7:
		return refer(a, SEGMENT_OUTPUT_PATH, NULL, "p");
	case 8:
		in = param_add(&a->inputs, &a->inputs_count);
		in->name = strdup("i");
		return 0;
	case 9:
		task_add_binding(a)->name = strdup("i");
		return 0;
	case 10:
		task_add_step(a)->name = strdup("main");
		return 0;
	case 11:
		param_add(&p->params, &p->params_count)->name = strdup("x");
		param_add(&p->params, &p->params_count)->name = strdup("x");
		return 0;
	case 12:
		free(a->name);
		a->name = strdup("..");
		return 0;
	case 13:
		return refer(a, SEGMENT_STATUS, "b", "");
	}
	return -EINVAL;
}

TEST(pipeline_faults_are_named)
{
	static const char *const whys[] = {
		"two tasks are named a",
		"there is no task nobody",
		"tasks wait for each other: a -> c -> b -> a",
		"tasks wait for each other: a -> a",
		"task a cannot depend on c, which is a finally task",
		"finally task: it runs after all others",
		"a: there is no parameter p",
		"a: there is no output p",
		"task a: input i has no value",
		"task a has no input i",
		"two steps are named main",
		"parameters named x",
		"\"..\" cannot be a task's name",
		"in finally tasks only",
	};

	for (size_t i = 0; i < ARRAY_SIZE(whys); i++) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		CHECK_INT(add_task(&p, "a"), 0);
		CHECK_INT(add_task(&p, "b"), 0);
		CHECK_INT(add_task(&p, "c"), 0);
		CHECK_INT(pipeline_judge(&p, &why, NULL), 0);
		CHECK_INT(spoil(&p, (int)i), 0);
		CHECK_INT(pipeline_judge(&p, &why, NULL), -EINVAL);
		if (!strstr(why.data, whys[i]))
			CHECK_STR(why.data, whys[i]);
	}
}

/* A chain of as many tasks as a spec can hold: no recursion, no square time
 * worth a word. */
TEST(pipeline_of_many_tasks_is_judged)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf why = WHY_INIT;
	char name[16];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		CHECK_INT(add_task(&p, name), 0);
		snprintf(name, sizeof(name), "t%d", i + 1);
		if (i < 2999)
			names_add(&p.tasks[i].after, &p.tasks[i].after_count,
				  name);
	}
	CHECK_INT(pipeline_judge(&p, &why, NULL), 0);
	names_add(&p.tasks[2999].after, &p.tasks[2999].after_count, "t2990");
	CHECK_INT(pipeline_judge(&p, &why, NULL), -EINVAL);
	CHECK(strstr(why.data, "t2999 -> "));
}

/* ---- values ---- */

TEST(param_values_are_converted_as_kfp_does)
{
	static const struct {
		enum data_type type;
		const char *given, *want; /* JSON; NULL: refused */
	} cases[] = {
		{ TYPE_STRING, "\"x\"", "\"x\"" },
		{ TYPE_STRING, "5", "\"5\"" },
		{ TYPE_STRING, "1.10", "\"1.10\"" },
		{ TYPE_STRING, "true", "\"true\"" },
		{ TYPE_STRING, "[1]", NULL },
		{ TYPE_STRING, "null", NULL },
		{ TYPE_INTEGER, "5", "5" },
		{ TYPE_INTEGER, "\"5\"", "5" },
		{ TYPE_INTEGER, "\" +5\\n\"", "5" },
		{ TYPE_INTEGER, "-9223372036854775808",
		  "-9223372036854775808" },
		{ TYPE_INTEGER, "9223372036854775808", NULL },
		{ TYPE_INTEGER, "5.0", "5" },
		{ TYPE_INTEGER, "5.5", NULL },
		{ TYPE_INTEGER, "\"\"", NULL },
		{ TYPE_INTEGER, "\"5x\"", NULL },
		{ TYPE_INTEGER, "\"05\"", NULL },
		{ TYPE_INTEGER, "\"+-5\"", NULL },
		{ TYPE_INTEGER, "true", NULL },
		{ TYPE_REAL, "0.5", "0.5" },
		{ TYPE_REAL, "\"7.0\"", "7.0" },
		{ TYPE_REAL, "5", "5" },
		{ TYPE_REAL, "\"1e-3\"", "1e-3" },
		{ TYPE_REAL, "\"inf\"", NULL },
		{ TYPE_REAL, "\"1e999\"", NULL },
		{ TYPE_REAL, "\"1.\"", NULL },
		{ TYPE_BOOLEAN, "true", "true" },
		{ TYPE_BOOLEAN, "\"True\"", "true" },
		{ TYPE_BOOLEAN, "\"0\"", "false" },
		{ TYPE_BOOLEAN, "1", NULL },
		{ TYPE_BOOLEAN, "\"yes\"", NULL },
		{ TYPE_LIST, "[1, \"a\"]", "[1, \"a\"]" },
		{ TYPE_LIST, "\"[1]\"", "[1]" },
		{ TYPE_LIST, "\"{}\"", NULL },
		{ TYPE_LIST, "\"a,b\"", NULL },
		{ TYPE_STRUCT, "{\"a\": 1}", "{\"a\": 1}" },
		{ TYPE_STRUCT, "\"{}\"", "{}" },
		{ TYPE_STRUCT, "[]", NULL },
		{ TYPE_ARTIFACT, "\"s3://b/k\"", "\"s3://b/k\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct param p = { .name = (char *)"p",
					 .type = cases[i].type };
		AUTO(value_release)
		struct value *given = json_from(cases[i].given);
		AUTO(value_release) struct value *got = NULL;
		AUTO(buf_release) struct buf why = WHY_INIT;
		AUTO(buf_release) struct buf text = BUF_INIT(4096);
		int err = param_convert(&p, given, &why, &got);

		if (err != (cases[i].want ? 0 : -EINVAL))
			CHECK_STR(cases[i].given, "converted or refused");
		if (err) {
			CHECK(strstr(why.data, "p: expected "));
			continue;
		}
		json_write_line(got, &text);
		CHECK_STR(text.data, cases[i].want);
	}
}

TEST(param_convert_says_what_was_found)
{
	const struct param p = { .name = (char *)"epochs",
				 .type = TYPE_INTEGER };
	AUTO(value_release) struct value *list = value_new_list();
	AUTO(value_release) struct value *got = NULL;
	AUTO(buf_release) struct buf why = WHY_INIT;

	CHECK_INT(param_convert(&p, list, &why, &got), -EINVAL);
	CHECK_STR(why.data, "epochs: expected an integer, found a list");
}

/* ---- references resolved ---- */

/* x is "1", list a list, gone absent; everything else holds references. */
static int look_up(void *arg, const struct segment *s, struct buf *out,
		   struct value **ret_list)
{
	(void)arg;
	if (!strcmp(s->text, "gone"))
		return -ENOENT;
	if (!strcmp(s->text, "list") && ret_list) {
		*ret_list = json_from("[1, \"a b\", {\"c\": [true]}, \"\"]");
		return *ret_list ? 0 : -ENOMEM;
	}
	buf_puts(out, !strcmp(s->text, "x")	 ? "1"
		      : !strcmp(s->text, "flag") ? "True"
						 : "$(params.x) {{inputs}} ");
	return 0;
}

static bool is_present(void *arg, const char *input)
{
	(void)arg;
	return strcmp(input, "gone") != 0;
}

static const struct scope scope = { look_up, is_present, NULL };

/* "t…" a text; "p:NAME" a reference; "*NAME" a splice; "c" begins a concat of
 * the next two, "?NAME" an if of the next two (then, else). */
static int add_args(const char *const *spec, struct arg **array, size_t *count)
{
	for (; *spec; spec++) {
		struct arg *a = arg_add(array, count);
		const char *name = *spec + (**spec == 'p' ? 2 : 1);
		struct segment *s;

		if (!a)
			return -ENOMEM;
		if (**spec == 'c' || **spec == '?') {
			const char *const then[] = { spec[1], NULL };
			const char *const other[] = { spec[2], NULL };
			bool concat = **spec == 'c';
			int err;

			a->type = concat ? ARG_CONCAT : ARG_IF;
			a->truth = **spec == '?' && name[0] == '!';
			a->name = concat ? NULL : strdup(name + a->truth);
			err = add_args(then, &a->then, &a->then_count);
			if (!err)
				err = concat ? add_args(other, &a->then,
							&a->then_count)
					     : add_args(other, &a->other,
							&a->other_count);
			if (err || (!concat && !a->name))
				return -ENOMEM;
			spec += 2;
			continue;
		}
		s = text_add(&a->text);
		if (!s)
			return -ENOMEM;
		a->type = **spec == '*' ? ARG_SPLICE : ARG_TEXT;
		s->type = **spec == 't' ? SEGMENT_TEXT : SEGMENT_PARAM;
		s->text = strdup(name);
		if (!s->text)
			return -ENOMEM;
	}
	return 0;
}

TEST_STARVED(args_are_resolved_in_one_pass)
{
	static const char *const spec[] = {
		"techo",  "p:x",    "p:other", "p:gone", "*list",  "c",
		"ta=",	  "p:x",    "c",       "ta",	 "p:gone", "?x",
		"tyes",	  "tno",    "?gone",   "tyes",	 "tno",	   "?!flag",
		"ttruth", "tfalse", "?!x",     "ttruth", "tfalse", NULL,
	};
	static const char *const want[] = {
		"echo",	 "1",	"$(params.x) {{inputs}} ",
		"1",	 "a b", "{\"c\": [true]}",
		"",	 "a=1", "a",
		"yes",	 "no",	"truth",
		"false",
	};
	AUTO(pipeline_release) struct pipeline p = { 0 };
	struct task *t = pipeline_add_task(&p);
	struct step *s = t ? task_add_step(t) : NULL;
	char **words = NULL;
	size_t count = 0;
	int err;

	ENOUGH(s ? 0 : -ENOMEM);
	ENOUGH(add_args(spec, &s->args, &s->args_count));
	err = args_resolve(s->args, s->args_count, &scope, &words, &count);
	ENOUGH(err);
	CHECK_INT(count, ARRAY_SIZE(want));
	CHECK(!words[count]);
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], want[i]) != 0)
			CHECK_STR(words[i], want[i]);
	words_free(words, count);
}

TEST(text_with_an_absent_part_is_enoent)
{
	static const char *const spec[] = { "ta", "p:gone", NULL };
	AUTO(pipeline_release) struct pipeline p = { 0 };
	struct step *s = task_add_step(pipeline_add_task(&p));
	AUTO(buf_release) struct buf out = BUF_INIT(64);
	char **words = NULL;
	size_t count = 0;

	/* the two words as one text */
	CHECK_INT(add_args(spec, &s->args, &s->args_count), 0);
	*text_add(&s->args[0].text) = s->args[1].text.segment[0];
	s->args[1].text.count = 0;
	CHECK_INT(text_resolve(&s->args[0].text, &scope, &out), -ENOENT);
	CHECK_INT(args_resolve(s->args, 1, &scope, &words, &count), -ENOENT);
	CHECK(!words);
}
