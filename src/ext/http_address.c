// SPDX-License-Identifier: Apache-2.0
/* Which addresses are not public: IANA's special-purpose registries for IPv4
 * and IPv6 (RFC 6890), multicast, and IPv6 forms that carry an IPv4 address. */
#include "http_address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

static bool is_within(uint32_t ip, uint32_t net, int bits)
{
	return !((ip ^ net) >> (32 - bits));
}

static bool is_private_v4(uint32_t ip)
{
	static const struct {
		uint32_t net;
		int bits;
	} nets[] = {
		{ 0x00000000, 8 },  /* this network */
		{ 0x0a000000, 8 },  /* private */
		{ 0x64400000, 10 }, /* carriers' */
		{ 0x7f000000, 8 },  /* loopback */
		{ 0xa9fe0000, 16 }, /* link-local, clouds' metadata */
		{ 0xac100000, 12 }, /* private */
		{ 0xc0000000, 24 }, /* protocols */
		{ 0xc0a80000, 16 }, /* private */
		{ 0xc6120000, 15 }, /* benchmarks */
		{ 0xe0000000, 3 },  /* multicast, reserved, broadcast */
	};

	for (size_t i = 0; i < ARRAY_SIZE(nets); i++)
		if (is_within(ip, nets[i].net, nets[i].bits))
			return true;
	return false;
}

static uint32_t v4_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

/* An IPv4 address at byte `at` of the IPv6 addresses that begin with prefix. */
static bool is_private_v6(const uint8_t *ip)
{
	static const struct {
		uint8_t prefix[12];
		size_t len;
		size_t at;
	} carriers[] = {
		{ { [10] = 0xff, [11] = 0xff }, 12, 12 }, /* mapped */
		{ { 0 }, 12, 12 },		     /* compatible, ::, ::1 */
		{ { 0, 0x64, 0xff, 0x9b }, 12, 12 }, /* NAT64 */
		{ { 0x20, 0x02 }, 2, 2 },	     /* 6to4 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(carriers); i++)
		if (!memcmp(ip, carriers[i].prefix, carriers[i].len))
			return is_private_v4(v4_at(ip + carriers[i].at));
	if (ip[0] == 0x20 && ip[1] == 0x01 && !ip[2] && !ip[3])
		return true; /* Teredo: the IPv4 address is inverted */
	/* only 2000::/3 is global; local, link-local and multicast are not, and
	 * neither is NAT64's local prefix */
	return ip[0] >> 5 != 1;
}

bool http_address_is_private(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return is_private_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family != AF_INET6)
		return true;
	memcpy(&v6, address, sizeof(v6));
	return is_private_v6(v6.sin6_addr.s6_addr);
}
