// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <pthread.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "unit.h"

TEST(clock_puts_utc)
{
	AUTO(buf_release) struct buf out = BUF_INIT(100);
	struct timespec t = clock_to_timespec(-1);

	clock_put(INT64_C(1234567890999999999), &out);
	CHECK_STR(out.data, "2009-02-13T23:31:30Z");
	CHECK_INT(t.tv_sec, -1);
	CHECK_INT(t.tv_nsec, 999999999);
	CHECK_INT(clock_from_timespec(&t), -1);
	CHECK(clock_now() > INT64_C(1700000000) * NS_PER_S);
}

/* The lines without their times. */
static void recent(struct buf *out)
{
	AUTO(buf_release) struct buf all = BUF_INIT(BUF_MAX);
	int64_t changed;

	log_put_recent(&all, &changed);
	for (char *line = strtok(all.data, "\n"); line;
	     line = strtok(NULL, "\n"))
		buf_addf(out, "%s\n", strchr(line, ' ') + 1);
}

TEST(log_keeps_the_last_lines)
{
	AUTO(buf_release) struct buf lines = BUF_INIT(BUF_MAX);
	const char *last = "a name of two lines\n";
	char text[2000];
	int count = 0;

	log_setup(true, LOG_LEVEL_INFO); /* not to the tests' own output */
	log_debug("not wanted");
	log_info("a name\nof two\tlines");
	recent(&lines);
	CHECK(lines.len >= strlen(last));
	CHECK_STR(lines.data + lines.len - strlen(last), last);
	CHECK(!strstr(lines.data, "not wanted"));
	for (int i = 0; i < 300; i++)
		log_info("line %d", i);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	log_error("%s", text);
	buf_clear(&lines);
	recent(&lines);
	for (size_t i = 0; i < lines.len; i++)
		count += lines.data[i] == '\n';
	CHECK_INT(count, 256);
	CHECK(!strncmp(lines.data, "line 45\n", 8));
	CHECK(strstr(lines.data, "\nline 299\nxxxx"));
	CHECK(lines.data[lines.len - 2] == 'x');
}

static void *log_much(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info("%s %d", (const char *)arg, i);
	return NULL;
}

TEST(log_from_threads)
{
	AUTO(buf_release) struct buf out = BUF_INIT(BUF_MAX);
	char a_name[] = "a", b_name[] = "b";
	pthread_t a, b;
	int64_t changed;

	log_setup(true, LOG_LEVEL_INFO);
	pthread_create(&a, NULL, log_much, a_name);
	pthread_create(&b, NULL, log_much, b_name);
	log_put_recent(&out, &changed);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	buf_clear(&out);
	log_put_recent(&out, &changed);
	CHECK(strstr(out.data, " a 499\n") || strstr(out.data, " b 499\n"));
	CHECK(changed > 0);
}
