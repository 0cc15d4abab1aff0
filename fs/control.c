// SPDX-License-Identifier: Apache-2.0
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define TEXT_MOST (64 * 1024)
#define WRITERS_MOST 8

struct control {
	struct fs *fs;
	struct view view;
	bool append;
	pthread_mutex_t lock;
	struct buf text;   /* under lock */
	struct buf answer; /* under lock */
	bool dirty; /* under lock: written since it was last acted upon */
	bool taken; /* under lock: a row that is `once` was acted upon, or is */
	bool acted; /* under lock: and that is done; `answer` holds */
	uint64_t writer[WRITERS_MOST]; /* under lock: lock owners */
	unsigned int writers; /* under lock; more than fit: anybody counts */
	uid_t uid;	      /* under lock: of the last write */
	gid_t gid;	      /* under lock */
};

int control_open(struct fs *fs, const struct view *v, int flags,
		 struct control **ret_control)
{
	AUTO(shot_release) struct shot *shot = NULL;
	struct control *c;
	int err = flags & O_TRUNC ? 0 : shot_get(fs, v, &shot);

	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fs = fs;
	c->view = *v;
	c->append = flags & O_APPEND;
	pthread_mutex_init(&c->lock, NULL);
	buf_init(&c->text, TEXT_MOST);
	buf_init(&c->answer, TEXT_MOST);
	if (shot)
		buf_add(&c->text, shot->text, shot->len);
	if (c->text.err) {
		err = c->text.err;
		control_free(c);
		return err;
	}
	*ret_control = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	buf_release(&c->answer);
	buf_release(&c->text);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Zeros up to `size`, as in a file with a hole. */
static int grow(struct buf *text, size_t size)
{
	while (text->len < size && !text->err)
		buf_putc(text, 0);
	return text->err;
}

static int resize(struct control *c, size_t size)
{
	if (size > TEXT_MOST)
		return -EFBIG;
	if (size < c->text.len) {
		c->text.len = size;
		c->text.data[size] = 0;
	}
	return grow(&c->text, size);
}

static void add_writer(struct control *c, uint64_t owner)
{
	for (unsigned int i = 0; i < c->writers && i < WRITERS_MOST; i++) {
		if (c->writer[i] == owner)
			return;
	}
	if (c->writers < WRITERS_MOST)
		c->writer[c->writers] = owner;
	c->writers++;
}

int control_write(struct control *c, const char *data, size_t len, off_t off,
		  uint64_t owner, const struct fuse_ctx *ctx)
{
	HOLD(&c->lock);
	size_t at = c->append ? c->text.len : (size_t)off;
	int err;

	if (off < 0 || at > TEXT_MOST || len > TEXT_MOST - at) {
		/* the kernel may have cut one write in two: half is nothing */
		c->dirty = false;
		resize(c, 0);
		return -EFBIG;
	}
	err = at + len > c->text.len ? grow(&c->text, at + len) : 0;
	if (err)
		return err;
	memcpy(c->text.data + at, data, len);
	c->dirty = true;
	c->uid = ctx->uid;
	c->gid = ctx->gid;
	add_writer(c, owner);
	return 0;
}

int control_truncate(struct control *c, off_t size)
{
	HOLD(&c->lock);
	return resize(c, (size_t)size);
}

size_t control_size(struct control *c)
{
	HOLD(&c->lock);
	return c->acted ? c->answer.len : c->text.len;
}

void control_read(struct control *c, fuse_req_t req, size_t size, off_t off)
{
	AUTO(buf_release) struct buf part = BUF_INIT(TEXT_MOST);
	{
		HOLD(&c->lock);
		const struct buf *all = c->acted ? &c->answer : &c->text;

		if (off >= 0 && (size_t)off < all->len) {
			size_t left = all->len - (size_t)off;

			buf_add(&part, all->data + off,
				size < left ? size : left);
		}
	}
	fuse_reply_buf(req, part.data, part.len);
}

bool control_is_dirty(struct control *c)
{
	HOLD(&c->lock);
	return c->dirty;
}

bool control_is_due(struct control *c, uint64_t owner)
{
	HOLD(&c->lock);
	if (!c->dirty)
		return false;
	if (c->writers > WRITERS_MOST)
		return true;
	for (unsigned int i = 0; i < c->writers; i++) {
		/* 0: written on behalf of nobody known */
		if (c->writer[i] == owner || !c->writer[i])
			return true;
	}
	return false;
}

static void record_refusal(struct fs *fs, const struct view *v, int err,
			   const char *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	bool asset = v->table == VIEW_ASSET;

	view_put_path(fs, v, &path);
	catalog_refuse(fs->catalog, asset ? v->object : 0, path.data, err,
		       *why ? why : strerror(-err));
	log_info("%s: refused: %s", path.data, *why ? why : strerror(-err));
	fs_touch(fs);
}

static int set(struct fs *fs, const struct view *v,
	       const struct control_text *text, struct buf *answer)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	int err;

	if (strlen(text->text) != text->len)
		err = why_set(&why, -EINVAL, "there is a NUL byte in it");
	else
		err = view_row_of(v)->set(fs, v->object, text, &why, answer);
	if (err)
		record_refusal(fs, v, err, why.data);
	else if (v->table == VIEW_ASSET)
		catalog_refuse(fs->catalog, v->object, "", 0, NULL);
	fs_touch(fs);
	return err;
}

/* What is to be acted upon, taken out of c. 1: nothing is. */
static int take_text(struct control *c, struct buf *text,
		     struct control_text *ret_text)
{
	HOLD(&c->lock);
	if (!c->dirty || !c->text.len) {
		c->dirty = false;
		return 1;
	}
	buf_add(text, c->text.data, c->text.len);
	if (text->err)
		return text->err;
	c->dirty = false;
	*ret_text =
		(struct control_text){ text->data, text->len, c->uid, c->gid };
	if (c->taken)
		return -EINVAL;
	c->taken = view_row_of(&c->view)->once;
	return 0;
}

static void remember(struct control *c, int err, const struct buf *answer)
{
	HOLD(&c->lock);
	c->taken = c->taken && !err;
	c->acted = c->taken;
	if (c->acted)
		buf_add(&c->answer, answer->data, answer->len);
}

int control_act(struct control *c)
{
	AUTO(buf_release) struct buf text = BUF_INIT(TEXT_MOST);
	AUTO(buf_release) struct buf answer = BUF_INIT(TEXT_MOST);
	struct control_text wanted;
	int err = take_text(c, &text, &wanted);

	if (err == 1)
		return 0;
	if (err == -EINVAL)
		record_refusal(c->fs, &c->view, err,
			       "this open file has started a run already; what "
			       "was written to it after that is refused");
	if (err)
		return err;
	err = set(c->fs, &c->view, &wanted, &answer);
	remember(c, err, &answer);
	return err;
}

int control_put(struct fs *fs, const struct view *v, const char *text,
		size_t len, uid_t uid, gid_t gid)
{
	AUTO(buf_release) struct buf answer = BUF_INIT(TEXT_MOST);
	struct control_text wanted = { text, len, uid, gid };

	if (!view_row_of(v) || !view_row_of(v)->set)
		return -EPERM;
	return len ? set(fs, v, &wanted, &answer) : 0;
}
