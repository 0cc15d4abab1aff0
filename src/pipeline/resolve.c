// SPDX-License-Identifier: Apache-2.0
/*
 * References put into their places, in one pass: what look_up gives is appended
 * and never read again, so a value cannot bring references of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "pipeline/pipeline.h"

struct words {
	char **word;
	size_t count;
	size_t bytes; /* of all words */
};

static void words_release(struct words *w)
{
	words_free(w->word, w->count);
}

void words_free(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

static int add_word(struct words *w, const struct buf *text)
{
	if (text->err)
		return text->err;
	if (memchr(text->data, 0, text->len))
		return -EINVAL;
	w->bytes += text->len;
	if (w->bytes > BUF_MAX)
		return -E2BIG;
	return names_add(&w->word, &w->count, text->data);
}

int text_resolve(const struct text *t, const struct scope *scope,
		 struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct segment *s = &t->segment[i];
		int err = 0;

		if (s->type == SEGMENT_TEXT)
			buf_puts(out, s->text);
		else
			err = scope->look_up(scope->arg, s, out, NULL);
		if (err)
			return err;
	}
	return out->err;
}

static int add_item(struct words *w, const struct value *item)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);

	if (value_is(item, VALUE_LIST) || value_is(item, VALUE_MAP))
		json_write_line(item, &text);
	else
		value_put_scalar(item, &text);
	return add_word(w, &text);
}

static int splice(const struct arg *a, const struct scope *scope,
		  struct words *w)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *list = NULL;
	int err;

	if (a->text.count != 1)
		return -EINVAL;
	err = scope->look_up(scope->arg, &a->text.segment[0], &text, &list);
	if (err)
		return err == -ENOENT ? 0 : err;
	if (!value_is(list, VALUE_LIST))
		return list ? add_item(w, list) : add_word(w, &text);
	for (size_t i = 0; i < list->count && !err; i++)
		err = add_item(w, list->item[i]);
	return err;
}

static int resolve(const struct arg *args, size_t count,
		   const struct scope *scope, struct words *w);

static int concat(const struct arg *a, const struct scope *scope,
		  struct words *w)
{
	AUTO(words_release) struct words parts = { 0 };
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	int err = resolve(a->then, a->then_count, scope, &parts);

	if (err)
		return err;
	for (size_t i = 0; i < parts.count; i++)
		buf_puts(&text, parts.word[i]);
	return add_word(w, &text);
}

static int is_true(const struct arg *a, const struct scope *scope,
		   bool *ret_true)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const struct segment s = { .type = SEGMENT_PARAM, .text = a->name };
	int err = scope->look_up(scope->arg, &s, &text, NULL);

	if (err && err != -ENOENT)
		return err;
	if (text.err)
		return text.err;
	*ret_true = !err && strcasecmp(text.data, "true") == 0;
	return 0;
}

static int choose(const struct arg *a, const struct scope *scope,
		  struct words *w)
{
	bool yes = scope->is_present(scope->arg, a->name);
	int err = 0;

	if (yes && a->truth)
		err = is_true(a, scope, &yes);
	if (err)
		return err;
	return yes ? resolve(a->then, a->then_count, scope, w)
		   : resolve(a->other, a->other_count, scope, w);
}

static int plain_word(const struct arg *a, const struct scope *scope,
		      struct words *w)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	int err = text_resolve(&a->text, scope, &text);

	if (err == -ENOENT && a->text.count == 1)
		return 0;
	return err ? err : add_word(w, &text);
}

static int resolve(const struct arg *args, size_t count,
		   const struct scope *scope, struct words *w)
{
	static int (*const by_type[])(const struct arg *a,
				      const struct scope *scope,
				      struct words *w) = {
		[ARG_TEXT] = plain_word,
		[ARG_SPLICE] = splice,
		[ARG_CONCAT] = concat,
		[ARG_IF] = choose,
	};
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = by_type[args[i].type](&args[i], scope, w);
	return err;
}

int args_resolve(const struct arg *args, size_t count,
		 const struct scope *scope, char ***ret_words,
		 size_t *ret_count)
{
	AUTO(words_release) struct words w = { 0 };
	char **ended;
	int err = resolve(args, count, scope, &w);

	if (err)
		return err;
	/* execv() wants a NULL at the end */
	ended = realloc(w.word, (w.count + 1) * sizeof(*ended));
	if (!ended)
		return -ENOMEM;
	ended[w.count] = NULL;
	*ret_words = ended;
	*ret_count = w.count;
	w = (struct words){ 0 };
	return 0;
}
