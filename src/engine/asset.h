// SPDX-License-Identifier: Apache-2.0
/* What runs want of the asset that they run. */
#ifndef SRC_ENGINE_ASSET_H
#define SRC_ENGINE_ASSET_H

#include "catalog/catalog.h"

/* SHA-256 of the asset's spec as its file is now, in hex; "" when it has none.
 */
int asset_get_digest(struct catalog *c, uint64_t asset, char ret_hex[65]);

#endif
