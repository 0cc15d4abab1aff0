// SPDX-License-Identifier: Apache-2.0
#include "ext/digest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit.h"

/* FIPS 180-4's example "abc". */
#define ABC_256                                                                \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                                \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"     \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

TEST_STARVED(digest_of_text)
{
	char hex[DIGEST_HEX];

	ENOUGH(digest_text(DIGEST_SHA256, "abc", 3, hex));
	CHECK_STR(hex, ABC_256);
	ENOUGH(digest_text(DIGEST_SHA512, "abc", 3, hex));
	CHECK_STR(hex, ABC_512);
	ENOUGH(digest_text(DIGEST_SHA256, "", 0, hex));
	CHECK(!strncmp(hex, "e3b0c44298fc1c14", 16));
}

static int file_of(size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/file", unit_dir());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	for (size_t i = 0; i < len; i++)
		if (write(fd, &"abc"[i % 3], 1) != 1)
			return -1;
	return fd;
}

TEST_STARVED(digest_of_a_descriptor_is_that_of_its_bytes)
{
	AUTO(close_fd) int fd = file_of(9);
	char hex[DIGEST_HEX], same[DIGEST_HEX];

	ENOUGH(digest_fd(DIGEST_SHA256, fd, 3, hex));
	CHECK_STR(hex, ABC_256);
	ENOUGH(digest_fd(DIGEST_SHA256, fd, UINT64_MAX, hex));
	ENOUGH(digest_text(DIGEST_SHA256, "abcabcabc", 9, same));
	CHECK_STR(hex, same);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 9); /* the offset is left alone */
	CHECK_INT(digest_fd(DIGEST_SHA256, -1, 3, hex),
		  unit_was_starved() ? -ENOMEM : -EBADF);
}

TEST(digest_in_parts_is_that_of_the_whole)
{
	AUTO(digest_release) struct digest *d = NULL;
	unsigned char raw[64];
	char hex[DIGEST_HEX];
	size_t len;

	CHECK_INT(digest_new(DIGEST_SHA512, &d), 0);
	CHECK_INT(digest_add(d, "a", 1), 0);
	CHECK_INT(digest_add(d, "", 0), 0);
	CHECK_INT(digest_add(d, "bc", 2), 0);
	CHECK_INT(digest_finish(d, raw, &len), 0);
	CHECK_INT(len, 64);
	digest_hex(raw, len, hex);
	CHECK_STR(hex, ABC_512);
}

TEST(digest_crc_goes_on_where_it_was)
{
	/* the check value of CRC-32/ISO-HDLC */
	CHECK_INT(digest_crc32(0, "123456789", 9), 0xcbf43926);
	CHECK_INT(digest_crc32(digest_crc32(0, "1234", 4), "56789", 5),
		  0xcbf43926);
	CHECK_INT(digest_crc32(0, "", 0), 0);
}
