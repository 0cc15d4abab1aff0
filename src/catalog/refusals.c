// SPDX-License-Identifier: Apache-2.0
/* Recent refusals: the ring behind .mlx/errors, in memory only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"
#include "state.h"

static void keep(struct catalog *c, int64_t now, char *take_line)
{
	HOLD(&c->lock);
	struct refusal *r = &c->refusal[c->refused++ % REFUSALS_MOST];

	free(r->line);
	r->time = now;
	r->line = take_line;
}

static int set_error(struct value *rec, void *arg)
{
	const char *line = arg;
	int err;

	if (!line && !value_find(rec, "control_error"))
		return 0;
	if (line)
		err = value_set_string(rec, "control_error", line);
	else
		err = 0;
	if (!line)
		value_drop(rec, "control_error");
	if (!err)
		err = value_set_int(rec, "refused", clock_now());
	return err ? err : 1;
}

void catalog_refuse(struct catalog *c, uint64_t asset, const char *path,
		    int err, const char *why)
{
	AUTO(buf_release) struct buf line = BUF_INIT(8192);
	AUTO(buf_release) struct buf full = BUF_INIT(16384);
	int64_t now = clock_now();
	char *text;

	if (!err) {
		if (asset)
			asset_change(c, asset, set_error, NULL);
		return;
	}
	name_put_shown(path, &line);
	buf_puts(&line, ": ");
	name_put_shown(why ? why : "refused", &line);
	buf_addf(&line, " (%s)", strerror(-err));
	if (asset && !line.err)
		asset_change(c, asset, set_error, line.data);
	clock_put(now, &full);
	buf_addf(&full, " %s\n", line.data);
	text = buf_take(&full);
	if (text)
		keep(c, now, text);
}

void catalog_put_refusals(struct catalog *c, struct buf *out,
			  int64_t *ret_changed)
{
	HOLD(&c->lock);
	size_t first =
		c->refused > REFUSALS_MOST ? c->refused - REFUSALS_MOST : 0;

	*ret_changed = c->opened;
	for (size_t i = first; i < c->refused; i++) {
		const struct refusal *r = &c->refusal[i % REFUSALS_MOST];

		buf_puts(out, r->line);
		*ret_changed = r->time;
	}
}
