// SPDX-License-Identifier: Apache-2.0
/* fsck: the records of assets and runs belong to directories, and can be read.
 * What they say is their owners'; one that nobody can read is of no use. */
#include <errno.h>
#include <stdlib.h>

#include "checking.h"
#include "ext/json.h"

struct known {
	uint64_t key;
	enum record_class class;
};

struct list {
	struct known *at;
	size_t count, cap;
	enum record_class class; /* that is being read */
	int err;
};

static const char *const names[RECORD_CLASSES] = {
	[RECORD_ASSET] = "record",
	[RECORD_RUN] = "run's record",
	[RECORD_WISH] = "request",
	[RECORD_SPEC] = "last valid spec",
};

static int collect(void *arg, uint64_t key, const char *text, size_t len)
{
	struct list *l = arg;

	(void)text, (void)len;
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 256;
		struct known *more = realloc(l->at, cap * sizeof(*more));

		if (!more) {
			l->err = -ENOMEM;
			return 1;
		}
		l->at = more;
		l->cap = cap;
	}
	l->at[l->count++] = (struct known){ key, l->class };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (int)x->class - (int)y->class;
}

static int read_list(struct checking *c, struct list *l)
{
	for (int class = 0; class < RECORD_CLASSES && !l->err; class ++) {
		l->class = (enum record_class) class;
		if (names[class])
			l->err = record_each(c->st, l->class, collect, l);
	}
	if (!l->err && l->count)
		qsort(l->at, l->count, sizeof(*l->at), compare);
	return l->err;
}

static bool is_dir(struct checking *c, uint64_t ino)
{
	HOLD_READ(&c->st->lock);
	const struct inode *i = inode_find(&c->st->names, ino);

	return i && inode_is_dir(i);
}

static bool is_map(struct checking *c, const struct known *k)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *doc = NULL;
	int err = record_get(c->st, k->class, k->key, &text);

	if (!err)
		err = json_read(text.data, text.len, BUF_MAX, NULL, &doc);
	return err == -ENOMEM || (!err && value_is(doc, VALUE_MAP));
}

/* NULL: all is well. After a crash a record may be left of a directory that was
 * just removed: the next mount drops it. */
static const char *fault_of(struct checking *c, const struct known *k)
{
	if (!is_dir(c, k->key))
		return c->st->was_clean ? "is of no directory" : NULL;
	if ((k->class == RECORD_ASSET || k->class == RECORD_RUN) &&
	    !is_map(c, k))
		return "cannot be read";
	return NULL;
}

static int check_record(struct checking *c, const struct known *k)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	const char *fault = fault_of(c, k);

	if (!fault)
		return 0;
	checking_put_path(c, k->key, &path);
	checking_say(c, "%s: its %s %s", path.data, names[k->class], fault);
	if (!c->repair)
		return 0;
	return checking_repaired(c, record_drop(c->st, k->class, k->key));
}

int checking_records(struct checking *c)
{
	struct list l = { 0 };
	int err = read_list(c, &l);

	for (size_t i = 0; i < l.count && !err; i++)
		err = check_record(c, &l.at[i]);
	free(l.at);
	return err;
}
