// SPDX-License-Identifier: Apache-2.0
#ifndef EXT_HTTP_ADDRESS_H
#define EXT_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Is this an address that a URL from outside must not lead to: this machine,
 * its networks, or none of the internet's? True for what is neither IPv4 nor
 * IPv6. */
bool http_address_is_private(const struct sockaddr *address);

#endif
