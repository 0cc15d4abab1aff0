// SPDX-License-Identifier: Apache-2.0
/* Digests: OpenSSL's EVP for SHA-2, zlib for CRC-32. */
#include "ext/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"

#define CHUNK ((size_t)256 << 10)

struct digest {
	EVP_MD_CTX *ctx;
};

int digest_new(enum digest_algorithm algorithm, struct digest **ret_d)
{
	AUTO(digest_release) struct digest *d = calloc(1, sizeof(*d));
	const EVP_MD *md =
		algorithm == DIGEST_SHA512 ? EVP_sha512() : EVP_sha256();

	if (!d)
		return -ENOMEM;
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || !EVP_DigestInit_ex(d->ctx, md, NULL))
		return -ENOMEM;
	*ret_d = TAKE(d);
	return 0;
}

int digest_reset(struct digest *d)
{
	return EVP_DigestInit_ex(d->ctx, NULL, NULL) ? 0 : -EIO;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void digest_release(struct digest **d)
{
	digest_free(*d);
	*d = NULL;
}

int digest_add(struct digest *d, const void *data, size_t len)
{
	return EVP_DigestUpdate(d->ctx, data, len) ? 0 : -EIO;
}

int digest_finish(struct digest *d, unsigned char *ret_raw, size_t *ret_len)
{
	unsigned int len;

	if (!EVP_DigestFinal_ex(d->ctx, ret_raw, &len))
		return -EIO;
	*ret_len = len;
	return 0;
}

void digest_hex(const unsigned char *raw, size_t len, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*ret_hex++ = digits[raw[i] >> 4];
		*ret_hex++ = digits[raw[i] & 15];
	}
	*ret_hex = 0;
}

static int finish_hex(struct digest *d, char ret_hex[DIGEST_HEX])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	size_t len;
	int err = digest_finish(d, raw, &len);

	if (!err)
		digest_hex(raw, len, ret_hex);
	return err;
}

int digest_text(enum digest_algorithm algorithm, const void *data, size_t len,
		char ret_hex[DIGEST_HEX])
{
	AUTO(digest_release) struct digest *d = NULL;
	int err = digest_new(algorithm, &d);

	if (!err)
		err = digest_add(d, data, len);
	return err ? err : finish_hex(d, ret_hex);
}

static int add_fd(struct digest *d, int fd, uint64_t len)
{
	AUTO(free_text) char *chunk = malloc(CHUNK);
	uint64_t at = 0;
	int err = chunk ? 0 : -ENOMEM;

	while (!err && at < len) {
		size_t want = len - at < CHUNK ? (size_t)(len - at) : CHUNK;
		ssize_t got = pread(fd, chunk, want, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		err = digest_add(d, chunk, (size_t)got);
		at += (uint64_t)got;
	}
	return err;
}

int digest_fd(enum digest_algorithm algorithm, int fd, uint64_t len,
	      char ret_hex[DIGEST_HEX])
{
	AUTO(digest_release) struct digest *d = NULL;
	int err = digest_new(algorithm, &d);

	if (!err)
		err = add_fd(d, fd, len);
	return err ? err : finish_hex(d, ret_hex);
}

uint32_t digest_crc32(uint32_t crc, const void *data, size_t len)
{
	return (uint32_t)crc32_z(crc, data, len);
}
