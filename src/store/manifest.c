// SPDX-License-Identifier: Apache-2.0
/*
 * manifest.txt: enough to give the blobs their names back without the
 * database. Written anew and renamed into place. A line a name, its columns
 * separated by tabs:
 *
 *	path blob size sha256 mode uid gid mtime inode target
 *
 * The path is relative to the root ("." for the root itself); blob is a number
 * in 16 hex digits, mode is octal with the type, mtime ns; "-" stands for what
 * is not there. In paths and targets, control characters, backslashes and
 * bytes that are no UTF-8 are written \xNN, and so is '#' where a path
 * begins with it, for lines that begin with it are of other kinds:
 *
 *	#mlxfs-manifest version	number of the next inode or blob
 *	#alias path inode-of-home
 *	#record class key text
 *
 * Directories come before what they hold. The namespace is locked for a part
 * of a directory at a time, so what changes meanwhile may be missed; at the
 * end of an orderly life nothing changes any more.
 */
#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "ext/digest.h"
#include "state.h"

#define PART 1000	       /* names for one hold of the lock */
#define FLUSH_BYTES (1U << 20) /* written at once */

struct manifest {
	struct store *st;
	int fd;
	struct buf text; /* not yet written */
	struct buf path; /* of the directory, "" or with a slash at its end */
	uint64_t *dirs;	 /* still to be listed: a stack */
	size_t dir_count, dir_cap;
	int err;
};

/* ---- texts ---- */

void manifest_put_text(const char *text, size_t len, bool is_path,
		       struct buf *out)
{
	bool plain = name_is_utf8(text, len);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || c == '\\' ||
		    (c >= 0x80 && !plain) || (is_path && !i && c == '#'))
			buf_addf(out, "\\x%02x", c);
		else
			buf_putc(out, (char)c);
	}
}

static void put_inode(struct manifest *m, const struct inode *i)
{
	char hex[65] = "-";

	if (i->flags & INODE_DIGEST)
		digest_hex(i->digest, sizeof(i->digest), hex);
	if (i->blob)
		buf_addf(&m->text, "\t%016" PRIx64, i->blob);
	else
		buf_puts(&m->text, "\t-");
	buf_addf(&m->text,
		 "\t%" PRIu64 "\t%s\t%o\t%u\t%u\t%" PRId64 "\t%" PRIu64 "\t",
		 i->size, hex, i->mode, i->uid, i->gid, i->mtime, i->ino);
	if (S_ISLNK(i->mode))
		manifest_put_text(i->target, strlen(i->target), false,
				  &m->text);
	else
		buf_putc(&m->text, '-');
	buf_putc(&m->text, '\n');
}

static int push_dir(struct manifest *m, uint64_t ino)
{
	if (m->dir_count == m->dir_cap) {
		size_t cap = m->dir_cap ? m->dir_cap * 2 : 64;
		uint64_t *dirs = realloc(m->dirs, cap * sizeof(*dirs));

		if (!dirs)
			return -ENOMEM;
		m->dirs = dirs;
		m->dir_cap = cap;
	}
	m->dirs[m->dir_count++] = ino;
	return 0;
}

static void put_entry(struct manifest *m, const struct entry *e)
{
	if (e->alias)
		buf_puts(&m->text, "#alias\t");
	manifest_put_text(m->path.data, m->path.len, !e->alias, &m->text);
	manifest_put_text(e->name, e->len, !e->alias && !m->path.len, &m->text);
	if (e->alias) {
		buf_addf(&m->text, "\t%" PRIu64 "\n", e->home);
		return;
	}
	put_inode(m, e->node);
	if (inode_is_dir(e->node) && !m->err)
		m->err = push_dir(m, e->node->ino);
}

/* ---- the walk ---- */

static int flush(struct manifest *m)
{
	size_t done = 0;

	if (m->text.err)
		return m->text.err;
	while (done < m->text.len) {
		ssize_t put =
			write(m->fd, m->text.data + done, m->text.len - done);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0)
			done += (size_t)put;
	}
	buf_clear(&m->text);
	return 0;
}

/* A part of a directory. False: it was the last one. */
static bool put_part(struct manifest *m, uint64_t ino, uint64_t *cookie)
{
	HOLD_READ(&m->st->lock);
	const struct inode *dir = inode_find(&m->st->names, ino);
	unsigned int count = 0;
	struct entry *e;
	uint32_t at;

	if (!dir || !dir->nlink)
		return false;
	for (e = entry_first(dir, *cookie, &at); e && count++ < PART;
	     e = entry_next(dir, &at)) {
		put_entry(m, e);
		*cookie = e->slot;
	}
	return e;
}

static int put_dir(struct manifest *m, uint64_t ino)
{
	uint64_t cookie = 0;
	bool more = true;
	int err = 0;

	buf_clear(&m->path);
	if (node_put_path(m->st, ino, &m->path))
		return m->path.err;
	if (m->path.len)
		buf_putc(&m->path, '/');
	while (more && !err) {
		more = put_part(m, ino, &cookie);
		err = m->err ? m->err : m->path.err;
		if (!err && m->text.len > FLUSH_BYTES)
			err = flush(m);
	}
	return err;
}

static void put_head(struct manifest *m)
{
	HOLD_READ(&m->st->lock);
	const struct inode *root = inode_find(&m->st->names, STORE_ROOT);

	buf_addf(&m->text, "#mlxfs-manifest\t1\t%" PRIu64 "\n",
		 __atomic_load_n(&m->st->next, __ATOMIC_RELAXED));
	buf_putc(&m->text, '.');
	put_inode(m, root);
}

struct record_line {
	struct manifest *m;
	int class;
};

static int put_record(void *arg, uint64_t key, const char *text, size_t len)
{
	struct record_line *l = arg;
	struct buf *out = &l->m->text;

	buf_addf(out, "#record\t%d\t%" PRIu64 "\t", l->class, key);
	manifest_put_text(text, len, false, out);
	buf_putc(out, '\n');
	return out->err;
}

static int put_records(struct manifest *m, int class)
{
	struct record_line l = { m, class };

	record_each(m->st, (enum record_class) class, put_record, &l);
	return m->text.err;
}

static int put_all(struct manifest *m)
{
	int err = push_dir(m, STORE_ROOT);

	put_head(m);
	while (m->dir_count && !err)
		err = put_dir(m, m->dirs[--m->dir_count]);
	for (int class = 1; class < RECORD_CLASSES && !err; class ++)
		err = put_records(m, class);
	return err ? err : flush(m);
}

static int make(struct store *st, int fd)
{
	struct manifest m = {
		.st = st,
		.fd = fd,
		.text = BUF_INIT((size_t)1 << 30),
		.path = BUF_INIT(BUF_MAX),
	};
	int err = put_all(&m);

	buf_release(&m.text);
	buf_release(&m.path);
	free(m.dirs);
	if (!err && fsync(fd))
		err = -errno;
	return err;
}

int manifest_write(struct store *st, bool always)
{
	AUTO(close_fd) int fd = -1;
	uint64_t now = journal_appended(&st->journal);
	int err;

	if (st->read_only || (!always && now == st->manifest_of))
		return 0;
	fd = openat(st->fd, "manifest.new",
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = make(st, fd);
	if (!err && renameat(st->fd, "manifest.new", st->fd, "manifest.txt"))
		err = -errno;
	if (err)
		unlinkat(st->fd, "manifest.new", 0);
	else
		st->manifest_of = now;
	return err;
}
