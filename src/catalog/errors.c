// SPDX-License-Identifier: Apache-2.0
/* errors: why the last upload was refused, and what to do. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "state.h"

int asset_put_errors(struct catalog *c, uint64_t asset, struct buf *out,
		     int64_t *ret_changed)
{
	AUTO(value_release) struct value *rec = NULL;
	const char *spec;
	const char *control;
	int64_t refused;
	int err = asset_look(c, asset, NULL, ret_changed);

	if (!err)
		err = stored_read(c, asset, &rec);
	if (err)
		return err;
	spec = value_find_string(rec, "error");
	control = value_find_string(rec, "control_error");
	refused = stored_int(rec, "refused");
	if (!refused)
		refused = stored_int(rec, "changed");
	if (refused)
		*ret_changed = refused;
	if (spec)
		buf_addf(out, "%s\n%sCorrect the file and write it again.\n",
			 spec,
			 value_find(rec, "fields")
				 ? "The last valid spec stays in force. "
				 : "");
	if (control)
		buf_addf(out, "%s\n", control);
	return out->err;
}
