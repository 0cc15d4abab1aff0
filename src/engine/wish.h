// SPDX-License-Identifier: Apache-2.0
/*
 * Wishes: what the runner is asked, a RECORD_WISH under the run's number. A run
 * has one as long as it is not final, so the class is small and the runner
 * looks at nothing else: "start" from run_ask, which "cancel" may replace. The
 * runner drops it when the run is final.
 */
#ifndef SRC_ENGINE_WISH_H
#define SRC_ENGINE_WISH_H

#include <stdint.h>
#include <string.h>

#include "store/record.h"

#define WISH_START "start"
#define WISH_CANCEL "cancel"

static inline int wish_put(struct store *st, uint64_t run, const char *wish)
{
	return record_put(st, RECORD_WISH, run, wish, strlen(wish));
}

#endif
