// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char buf_empty[1];

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

void buf_release(struct buf *b)
{
	if (b->cap)
		free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->cap)
		b->data[0] = 0;
}

static void fail(struct buf *b, int err)
{
	if (!b->err)
		b->err = err;
}

char *buf_reserve(struct buf *b, size_t len)
{
	size_t need = b->len + len + 1;
	size_t cap = b->cap ? b->cap : 64;
	char *data;

	if (b->err)
		return NULL;
	if (len > b->max || b->len > b->max - len) {
		fail(b, -EFBIG);
		return NULL;
	}
	if (need <= b->cap)
		return b->data + b->len;
	while (cap < need)
		cap += cap / 2;
	data = realloc(b->cap ? b->data : NULL, cap);
	if (!data) {
		fail(b, -ENOMEM);
		return NULL;
	}
	data[b->len] = 0;
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *room = len ? buf_reserve(b, len) : NULL;

	if (!room)
		return;
	memcpy(room, data, len);
	b->len += len;
	b->data[b->len] = 0;
}

void buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *room;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0) {
		fail(b, -EINVAL);
		return;
	}
	room = buf_reserve(b, (size_t)len);
	if (!room)
		return;
	vsnprintf(room, (size_t)len + 1, fmt, ap);
	b->len += (size_t)len;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

void buf_setf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	buf_clear(b);
	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

char *buf_take(struct buf *b)
{
	char *text;

	if (!b->cap)
		buf_reserve(b, 0);
	text = b->err ? NULL : b->data;
	if (text)
		buf_init(b, b->max);
	return text;
}

int buf_read_fd(struct buf *b, int fd)
{
	for (;;) {
		char chunk[16384];
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return b->err;
		buf_add(b, chunk, (size_t)got);
		if (b->err)
			return b->err;
	}
}

int why_set(struct buf *why, int err, const char *fmt, ...)
{
	va_list ap;

	if (!why || why->len)
		return err;
	va_start(ap, fmt);
	buf_addv(why, fmt, ap);
	va_end(ap);
	return err;
}
