// SPDX-License-Identifier: Apache-2.0
/* Time: nanoseconds since 1970 in an int64_t, everywhere. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t clock_now(void);       /* wall clock */
int64_t clock_monotonic(void); /* for durations */
struct timespec clock_to_timespec(int64_t ns);
int64_t clock_from_timespec(const struct timespec *t);
/* RFC 3339 in UTC, to the second: 2026-11-24T07:53:27Z. */
void clock_put(int64_t ns, struct buf *out);

#endif
