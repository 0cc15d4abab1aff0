// SPDX-License-Identifier: Apache-2.0
/* SHA-256 and SHA-512 by OpenSSL, CRC-32 by zlib. */
#ifndef EXT_DIGEST_H
#define EXT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX 129 /* room for the longest digest in hex, NUL included */

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };

struct digest;

int digest_new(enum digest_algorithm algorithm, struct digest **ret_d);
/* To the start again: one for many texts. */
int digest_reset(struct digest *d);
void digest_free(struct digest *d);
void digest_release(struct digest **d); /* for AUTO() */
int digest_add(struct digest *d, const void *data, size_t len);
/* Bytes of the digest (32 or 64) to ret_raw; d can only be reset or freed then.
 */
int digest_finish(struct digest *d, unsigned char *ret_raw, size_t *ret_len);

void digest_hex(const unsigned char *raw, size_t len, char *ret_hex);
/* All in one: of a text, or of `len` bytes of a descriptor from offset 0
 * (shorter when the file ends). Hex, lower case. */
int digest_text(enum digest_algorithm algorithm, const void *data, size_t len,
		char ret_hex[DIGEST_HEX]);
int digest_fd(enum digest_algorithm algorithm, int fd, uint64_t len,
	      char ret_hex[DIGEST_HEX]);

/* Of a journal entry: crc of what came before, 0 at first. */
uint32_t digest_crc32(uint32_t crc, const void *data, size_t len);

#endif
