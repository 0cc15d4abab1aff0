// SPDX-License-Identifier: Apache-2.0
/*
 * SHA256SUMS: a line for each regular file of the asset, in the format of
 * sha256sum (GNU coreutils), sorted by path:
 *
 *	<64 hex digits>  ./path
 *
 * A path with a newline, a carriage return or a backslash has these escaped and
 * a backslash before the line, as sha256sum writes it. The store makes digests
 * in the background; those that are not there yet are made here, as long as
 * there is not much to read; the line of a larger file is a comment till then.
 * What Jupyter keeps beside the files is left out, as it is from their count.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/digest.h"
#include "listing.h"
#include "state.h"

#define FILES_MOST 1000000
#define READ_MOST (UINT64_C(64) << 20) /* bytes, in all */

/* Make the names of what was added to the listing from `first` on paths. */
static int add_prefix(struct listing *l, size_t first, const char *prefix)
{
	for (size_t i = first; i < l->count; i++) {
		AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
		char *text;

		buf_addf(&path, "%s/%s", prefix, l->entry[i].name);
		text = buf_take(&path);
		if (!text)
			return -ENOMEM;
		free(l->entry[i].name);
		l->entry[i].name = text;
	}
	return 0;
}

static bool is_below(const struct listing_entry *e)
{
	const char *name = strrchr(e->name, '/') + 1;

	return S_ISDIR(e->attr.mode) &&
	       !name_is_checkpoints(name, strlen(name));
}

static int read_tree(struct store *st, uint64_t top, struct listing *l)
{
	int err = listing_read(st, top, l);

	if (!err)
		err = add_prefix(l, 0, ".");
	for (size_t i = 0; !err && i < l->count; i++) {
		size_t first = l->count;

		if (!is_below(&l->entry[i]))
			continue;
		err = listing_read(st, l->entry[i].attr.ino, l);
		/* removed meanwhile */
		if (err == -ESTALE || err == -ENOENT)
			err = 0;
		if (!err)
			err = add_prefix(l, first, l->entry[i].name);
	}
	return err ? err : l->cut ? -EFBIG : 0;
}

static void put_escaped(const char *path, struct buf *out)
{
	for (; *path; path++) {
		if (*path == '\\')
			buf_puts(out, "\\\\");
		else if (*path == '\n')
			buf_puts(out, "\\n");
		else if (*path == '\r')
			buf_puts(out, "\\r");
		else
			buf_putc(out, *path);
	}
}

/* Of a file whose digest the store has not made yet. */
static int make_digest(struct store *st, const struct listing_entry *e,
		       uint64_t *budget, char ret_hex[DIGEST_HEX])
{
	AUTO(content_release) struct content *content = NULL;
	int err;

	if (e->attr.size > *budget)
		return -EAGAIN;
	*budget -= e->attr.size;
	err = content_open_steady(st, e->attr.ino, &content);
	return err ? err
		   : digest_fd(DIGEST_SHA256, content_fd(content), e->attr.size,
			       ret_hex);
}

static int put_line(struct store *st, const struct listing_entry *e,
		    uint64_t *budget, struct buf *out)
{
	char hex[DIGEST_HEX];
	int err = node_get_digest(st, e->attr.ino, hex);

	if (err == -EAGAIN)
		err = make_digest(st, e, budget, hex);
	if (err == -ESTALE)
		return 0;
	if (err && err != -EAGAIN)
		return err;
	if (!err && strpbrk(e->name, "\\\n\r"))
		buf_putc(out, '\\');
	buf_addf(out, "%s  ", err ? "# pending:" : hex);
	put_escaped(e->name, out);
	buf_putc(out, '\n');
	return 0;
}

int asset_put_sums(struct catalog *c, uint64_t asset, struct buf *out,
		   int64_t *ret_changed)
{
	AUTO(listing_release) struct listing l = LISTING_INIT(FILES_MOST);
	uint64_t budget = READ_MOST;
	struct node_tree tree;
	int err = catalog_kind_of(c, asset) ? 0 : -ENOENT;

	if (!err)
		err = node_get_tree(c->st, asset, &tree);
	if (!err)
		err = read_tree(c->st, asset, &l);
	if (err)
		return err == -ESTALE ? -ENOENT : err;
	listing_sort(&l);
	for (size_t i = 0; !err && i < l.count; i++)
		if (S_ISREG(l.entry[i].attr.mode))
			err = put_line(c->st, &l.entry[i], &budget, out);
	*ret_changed = tree.changed;
	return err ? err : out->err;
}
