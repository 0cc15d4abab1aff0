// SPDX-License-Identifier: Apache-2.0
/* Opening for fsck: what is wrong is told, and remembered for repair. */
#include <errno.h>
#include <stdlib.h>

#include "state.h"

void loose_say(struct loose *l, const char *fmt, ...)
{
	AUTO(buf_release) struct buf sentence = BUF_INIT(BUF_MAX);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&sentence, fmt, ap);
	va_end(ap);
	l->found++;
	if (l->say)
		l->say(l->arg, sentence.data);
}

int loose_add(struct loose *l, enum row_type type, uint64_t key, uint64_t key2)
{
	if (l->bad_count == l->bad_cap) {
		size_t cap = l->bad_cap ? l->bad_cap * 2 : 64;
		struct row *bad = realloc(l->bad, cap * sizeof(*bad));

		if (!bad)
			return -ENOMEM;
		l->bad = bad;
		l->bad_cap = cap;
	}
	l->bad[l->bad_count++] = (struct row){
		.type = type,
		.drop = true,
		.key = key,
		.key2 = key2,
	};
	return 0;
}

void loose_release(struct loose *l)
{
	free(l->bad);
	l->bad = NULL;
	l->bad_count = l->bad_cap = 0;
}
