// SPDX-License-Identifier: Apache-2.0
/*
 * A growing text with a ceiling, which remembers its first error.
 *
 * Invariants: data is never NULL for reading (it is "" while empty) and always
 * NUL-terminated at len; len <= max. After the first error (ENOMEM, or EFBIG
 * at the ceiling) every addition does nothing: add without checking, ask err
 * once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf {
	char *data;
	size_t len;
	size_t cap; /* allocated bytes; 0 while data is the shared "" */
	size_t max; /* ceiling of len, in bytes */
	int err;    /* 0, or the first error as -errno */
};

#define BUF_MAX ((size_t)16 << 20) /* the usual ceiling: 16 MiB */
extern char buf_empty[1];
#define BUF_INIT(ceiling)                                                      \
	{                                                                      \
		.data = buf_empty, .max = (ceiling)                            \
	}

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
/* Empty it and forget the error; the memory and the ceiling stay. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Replace the content; used for sentences: why_set(why, "…", …). */
void buf_setf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Room for len more bytes at data + len, or NULL (err is set). */
char *buf_reserve(struct buf *b, size_t len);
/* The caller owns the returned text (free); the buffer is empty after it.
 * NULL when the buffer holds an error. */
char *buf_take(struct buf *b);
/* All of a descriptor, up to the ceiling: -EFBIG beyond it, or read's errno. */
int buf_read_fd(struct buf *b, int fd);

/*
 * The sentence beside an errno. `why` may be NULL; the first sentence stays
 * (the deepest caller knows most). Returns err, so that a judge can write
 *	return why_set(why, -EINVAL, "%s:%d: …", file, line);
 */
int why_set(struct buf *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define WHY_INIT BUF_INIT(4096)

#endif
