// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit.h"

TEST_STARVED(buf_grows)
{
	AUTO(buf_release) struct buf b = BUF_INIT(BUF_MAX);
	AUTO(free_text) char *text = NULL;

	CHECK_STR(b.data, "");
	for (int i = 0; i < 200; i++)
		buf_addf(&b, "%d,", i % 10);
	ENOUGH(b.err);
	CHECK_INT(b.len, 400);
	CHECK_INT(strlen(b.data), 400);
	text = buf_take(&b);
	CHECK(!strncmp(text, "0,1,2,", 6));
	CHECK_STR(b.data, "");
	text[0] = 'x'; /* it is ours */
}

TEST(buf_stops_at_its_ceiling)
{
	AUTO(buf_release) struct buf b = BUF_INIT(5);

	buf_puts(&b, "abc");
	buf_puts(&b, "de");
	CHECK_INT(b.err, 0);
	buf_putc(&b, 'f');
	CHECK_INT(b.err, -EFBIG);
	CHECK_STR(b.data, "abcde");
	buf_clear(&b);
	buf_puts(&b, "abc");
	CHECK_INT(b.err, 0);
	/* what does not fit is not added in part, nor is what comes after */
	buf_puts(&b, "defg");
	buf_puts(&b, "h");
	CHECK_INT(b.err, -EFBIG);
	CHECK_STR(b.data, "abc");
	CHECK(!buf_take(&b));
	buf_clear(&b);
	CHECK(!buf_reserve(&b, SIZE_MAX));
	CHECK_INT(b.err, -EFBIG);
}

TEST(buf_of_nothing_can_be_taken)
{
	AUTO(buf_release) struct buf b = BUF_INIT(0);
	AUTO(free_text) char *text = buf_take(&b);

	CHECK_STR(text, "");
}

TEST(buf_reads_a_descriptor)
{
	AUTO(buf_release) struct buf b = BUF_INIT(100000);
	AUTO(buf_release) struct buf small = BUF_INIT(39999);
	AUTO(close_fd) int fd = -1;
	char path[100];

	snprintf(path, sizeof(path), "%s/file", unit_dir());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	CHECK_INT(ftruncate(fd, 40000), 0);
	CHECK_INT(buf_read_fd(&b, fd), 0);
	CHECK_INT(b.len, 40000);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(buf_read_fd(&small, fd), -EFBIG);
	CHECK_INT(buf_read_fd(&b, -1), -EBADF);
}

TEST(why_keeps_the_first_sentence)
{
	AUTO(buf_release) struct buf why = WHY_INIT;

	CHECK_INT(why_set(&why, -EINVAL, "line %d", 1), -EINVAL);
	CHECK_INT(why_set(&why, -EIO, "line %d", 2), -EIO);
	CHECK_STR(why.data, "line 1");
	CHECK_INT(why_set(NULL, -EIO, "x"), -EIO);
}
