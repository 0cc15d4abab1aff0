// SPDX-License-Identifier: Apache-2.0
/* What was written to `run`, judged (DESIGN section 6). */
#ifndef SRC_ENGINE_REQUEST_H
#define SRC_ENGINE_REQUEST_H

#include "base/buf.h"
#include "base/value.h"
#include "catalog/catalog.h"
#include "engine/engine.h"

#define REQUEST_LIMIT 65536 /* bytes of YAML */

struct request {
	struct value *doc; /* NULL: all is left to the defaults */
	const char *name;  /* these are lent by doc; NULL: not given */
	const char *engine_name;
	const char *stage;
	const char *platform;
	struct value *parameters; /* resolved: every one with its value */
	struct value *datasets;	  /* {ENVIRONMENT_NAME: "datasets/jfk"} */
};

void request_release(struct request *r);
/* Form only: keys and their types. Each -EINVAL with "line N: …"; -EFBIG. */
int request_read(const char *text, size_t len, struct buf *why,
		 struct request *ret_request);
/* Values for all parameters of p. */
int request_set_parameters(struct request *r, const struct pipeline *p,
			   struct buf *why);
int request_set_datasets(struct request *r, struct catalog *c, struct buf *why);

#endif
