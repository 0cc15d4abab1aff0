// SPDX-License-Identifier: Apache-2.0
/* Records: put, read, waited for, and there after the next open. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/record.h"
#include "store_help.h"
#include "unit.h"

static int count_record(void *arg, uint64_t key, const char *text, size_t len)
{
	(void)text;
	*(uint64_t *)arg += key * 100 + len;
	return 0;
}

TEST(record_survives)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(free_text) char *large = calloc(1, (17 << 20) + 1);
	uint64_t sum = 0;

	CHECK_INT(record_get(st, RECORD_RUN, 5, &text), -ENOENT);
	CHECK_INT(record_put(st, RECORD_RUN, 5, "first", 5), 0);
	CHECK_INT(record_put(st, RECORD_RUN, 5, "second", 6), 0);
	CHECK_INT(record_put(st, RECORD_ASSET, 5, "", 0), 0);
	CHECK_INT(record_put(st, RECORD_ASSET, 6, "gone", 4), 0);
	CHECK_INT(record_drop(st, RECORD_ASSET, 6), 0);
	CHECK_INT(record_drop(st, RECORD_ASSET, 6), -ENOENT);
	memset(large, 'x', 17 << 20);
	CHECK_INT(record_put(st, RECORD_RUN, 6, large, 17 << 20), -EFBIG);
	CHECK_INT(record_put(st, RECORD_RUN, 7, large, 1 << 20), 0);
	for (int i = 0; i < 2; i++) {
		buf_clear(&text);
		CHECK_INT(record_get(st, RECORD_RUN, 5, &text), 0);
		CHECK_STR(text.data, "second");
		CHECK_INT(record_get(st, RECORD_RUN, 7, &text), 0);
		CHECK_INT(text.len, 6 + (1 << 20));
		CHECK_INT(record_get(st, RECORD_ASSET, 6, &text), -ENOENT);
		help_reopen(&st);
	}
	CHECK_INT(record_each(st, RECORD_RUN, count_record, &sum), 0);
	CHECK_INT(sum, 1200 + 6 + (1 << 20));
}

static void *put_later(void *arg)
{
	usleep(30000);
	record_put(arg, RECORD_WISH, 9, "w", 1);
	return NULL;
}

TEST(record_waits)
{
	AUTO(store_release) struct store *st = help_open(help_path("s"));
	uint64_t seq = 0, other = 0;
	pthread_t thread;

	CHECK_INT(record_wait(st, RECORD_WISH, &seq, -1), 0);
	CHECK(seq > 0);
	CHECK_INT(record_wait(st, RECORD_RUN, &other, -1), 0);
	CHECK_INT(record_wait(st, RECORD_WISH, &seq, 20), -ETIMEDOUT);
	CHECK_INT(pthread_create(&thread, NULL, put_later, st), 0);
	CHECK_INT(record_wait(st, RECORD_WISH, &seq, 10000), 0);
	pthread_join(thread, NULL);
	CHECK_INT(record_wait(st, RECORD_RUN, &other, 0), -ETIMEDOUT);
	record_wake(st);
	CHECK_INT(record_wait(st, RECORD_WISH, &seq, -1), -ECANCELED);
}
