// SPDX-License-Identifier: Apache-2.0
#include "asset.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "ext/digest.h"

#define SPEC_LIMIT ((size_t)1 << 20)

struct search {
	uint64_t ino;
	unsigned int found;
};

static int look_at(void *arg, const char *name, const struct node_attr *attr,
		   uint64_t cookie)
{
	struct search *s = arg;

	(void)cookie;
	if (!S_ISREG(attr->mode) || name_is_scratch(name) ||
	    !(name_has_suffix(name, ".yaml") || name_has_suffix(name, ".yml")))
		return 0;
	s->ino = attr->ino;
	s->found++;
	return 0;
}

/* DESIGN section 4: the kind's own name, else the directory's, else the only
 * YAML file there. */
static int find_spec(struct catalog *c, uint64_t asset, uint64_t *ret_ino)
{
	const struct kind *kind = catalog_kind_of(c, asset);
	AUTO(buf_release) struct buf name = BUF_INIT(1024);
	struct store *st = catalog_store(c);
	struct node_attr attr;
	struct search s = { 0 };
	int err = kind ? node_find(st, asset, kind->spec, &attr) : -ENOENT;

	if (err) {
		err = catalog_name_of(c, asset, &name);
		buf_puts(&name, ".yaml");
		if (!err)
			err = node_find(st, asset, name.data, &attr);
	}
	if (!err) {
		*ret_ino = attr.ino;
		return 0;
	}
	err = node_each(st, asset, 0, look_at, &s);
	if (err || s.found != 1)
		return err ? err : -ENOENT;
	*ret_ino = s.ino;
	return 0;
}

int asset_get_digest(struct catalog *c, uint64_t asset, char ret_hex[65])
{
	AUTO(buf_release) struct buf text = BUF_INIT(SPEC_LIMIT);
	struct store *st = catalog_store(c);
	char hex[DIGEST_HEX];
	uint64_t ino;
	int err = find_spec(c, asset, &ino);

	ret_hex[0] = 0;
	if (err)
		return err == -ENOMEM ? err : 0;
	if (node_get_digest(st, ino, ret_hex) == 0)
		return 0;
	err = file_read(st, ino, &text);
	if (!err)
		err = digest_text(DIGEST_SHA256, text.data, text.len, hex);
	if (!err)
		memcpy(ret_hex, hex, 65);
	return err;
}
