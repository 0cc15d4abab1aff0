// SPDX-License-Identifier: Apache-2.0
/*
 * fsck --rebuild: a new catalog from manifest.txt (manifest.c has its format)
 * and the blobs. The old one is put aside. A blob tells its size itself; where
 * it was written after the manifest, its times are taken as well. A file whose
 * blob is gone was removed after the manifest, or lost: it is left out. A blob
 * that the manifest does not know is newer: it goes to lost+found.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/name.h"
#include "blob.h"
#include "checking.h"
#include "names.h"
#include "opening.h"

#define ASIDE_MOST 1000

/* ---- before the store is opened ---- */

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static int open_manifest(struct store *st, FILE **ret_file)
{
	int fd = openat(st->fd, "manifest.txt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_file = fdopen(fd, "r");
	if (*ret_file)
		return 0;
	close(fd);
	return -ENOMEM;
}

/* Its older copies are kept: one of them may be the better one. */
static int put_aside(struct store *st, const char *name)
{
	for (int i = 1; i < ASIDE_MOST; i++) {
		char aside[64];

		snprintf(aside, sizeof(aside), "%s.old%d", name, i);
		if (!renameat2(st->fd, name, st->fd, aside, RENAME_NOREPLACE) ||
		    errno == ENOENT)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int take_most(void *arg, uint64_t blob, const char *name)
{
	uint64_t *most = arg;

	(void)name;
	if (blob > *most)
		*most = blob;
	return 0;
}

static uint64_t next_of_manifest(struct store *st)
{
	AUTO(close_file) FILE *f = NULL;
	uint64_t next = 0;

	if (!open_manifest(st, &f) &&
	    fscanf(f, "#mlxfs-manifest\t1\t%" SCNu64, &next) != 1)
		next = 0;
	return next;
}

int rebuild_prepare(struct store *st, uint64_t *ret_next)
{
	static const char *const names[] = { "catalog.db", "catalog.db-wal",
					     "catalog.db-shm", "journal" };
	uint64_t most = STORE_ROOT, next = next_of_manifest(st);
	int err = blob_each(st->blobs, take_most, &most);

	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++)
		err = put_aside(st, names[i]);
	if (!err)
		*ret_next = next > most ? next : most + 1;
	return err;
}

/* ---- lines ---- */

enum {
	PATH,
	BLOB,
	SIZE,
	DIGEST,
	MODE,
	UID,
	GID,
	MTIME,
	INODE,
	TARGET,
	COLUMNS
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xNN back into bytes, in place; the new length, -1: malformed. */
static ssize_t unescape(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from) {
		int high, low;

		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		if (from[1] != 'x' || (high = hex_digit(from[2])) < 0 ||
		    (low = hex_digit(from[3])) < 0)
			return -1;
		*to++ = (char)(high << 4 | low);
		from += 4;
	}
	*to = 0;
	return to - text;
}

static size_t split(char *line, char *column[], size_t most)
{
	size_t count = 0;

	while (line && count < most)
		column[count++] = strsep(&line, "\t");
	return line ? most + 1 : count;
}

struct rebuild {
	struct checking *c;
	struct store *st;
	int64_t written; /* the manifest, ns */
	uint64_t *owned; /* blobs that found their file */
	size_t owned_count, owned_cap;
};

static int add_owned(struct rebuild *r, uint64_t blob)
{
	if (r->owned_count == r->owned_cap) {
		size_t cap = r->owned_cap ? r->owned_cap * 2 : 256;
		uint64_t *owned = realloc(r->owned, cap * sizeof(*owned));

		if (!owned)
			return -ENOMEM;
		r->owned = owned;
		r->owned_cap = cap;
	}
	r->owned[r->owned_count++] = blob;
	return 0;
}

/* "a/b/c" into the directory of "a/b" and "c"; changes the path. */
static int find_dir(struct store *st, char *path, uint64_t *ret_dir,
		    const char **ret_name)
{
	char *slash = strrchr(path, '/');
	struct node_attr attr;
	int err;

	if (slash)
		*slash = 0;
	err = node_walk(st, slash ? path : "", &attr);
	if (err)
		return err;
	*ret_dir = attr.ino;
	*ret_name = slash ? slash + 1 : path;
	return 0;
}

static bool get_digest(const char *hex, unsigned char *ret_digest)
{
	if (strlen(hex) != 64)
		return false;
	for (int i = 0; i < 32; i++) {
		int high = hex_digit(hex[2 * i]),
		    low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_digest[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int read_inode(char *column[], struct inode **ret_inode)
{
	mode_t mode = (mode_t)strtoul(column[MODE], NULL, 8);
	struct inode *i;

	i = inode_new(strtoull(column[INODE], NULL, 10), mode);
	if (!i)
		return -ENOMEM;
	i->uid = (uint32_t)strtoul(column[UID], NULL, 10);
	i->gid = (uint32_t)strtoul(column[GID], NULL, 10);
	i->size = strtoull(column[SIZE], NULL, 10);
	i->mtime = strtoll(column[MTIME], NULL, 10);
	i->atime = i->mtime;
	i->ctime = clock_now();
	if (S_ISLNK(mode) && unescape(column[TARGET]) >= 0)
		i->target = strdup(column[TARGET]);
	if (S_ISDIR(mode))
		i->blocks = 8;
	if (S_ISREG(mode) && strcmp(column[BLOB], "-"))
		i->blob = strtoull(column[BLOB], NULL, 16);
	if (S_ISREG(mode) && get_digest(column[DIGEST], i->digest))
		i->flags |= INODE_DIGEST;
	*ret_inode = i;
	return 0;
}

static bool inode_is_good(const struct rebuild *r, const struct inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFLNK:
		if (!i->target || !*i->target)
			return false;
		break;
	default:
		return false;
	}
	return i->ino > STORE_ROOT && i->ino < r->st->first;
}

/* -EIO: the blob is not there. */
static int ask_blob(struct rebuild *r, struct inode *i)
{
	AUTO(close_fd) int fd = -1;
	uint64_t size = i->size;
	struct stat s;
	int err;

	if (!i->blob)
		return 0;
	err = blob_open(r->st->blobs, i->blob, O_RDONLY, &fd);
	if (!err && fstat(fd, &s))
		err = -errno;
	if (err)
		return err;
	i->blocks = (uint64_t)s.st_blocks;
	if ((uint64_t)s.st_size != size ||
	    clock_from_timespec(&s.st_mtim) > r->written) {
		inode_take_stat(i, &s);
		i->flags = 0;
	}
	return add_owned(r, i->blob);
}

/* ---- into the store ---- */

/* A new inode, consumed, or another name of one that is there. */
static int insert(struct rebuild *r, uint64_t dir_ino, const char *name,
		  struct inode *take_inode)
{
	HOLD_WRITE(&r->st->lock);
	struct names *n = &r->st->names;
	struct inode *i = inode_find(n, take_inode->ino);
	struct inode *dir;
	struct entry *e;
	struct rows rows;
	int err = names_entry(n, dir_ino, name, &dir, &e);

	if (!err &&
	    (e || (i && (inode_is_dir(i) || i->blob != take_inode->blob))))
		err = -EEXIST;
	e = err ? NULL : entry_new(name, strlen(name));
	if (!err && (!e || entry_room(dir)))
		err = -ENOMEM;
	if (!err)
		err = journal_begin(&r->st->journal,
				    ROW_TARGET_ROOM + 4 * ROW_ROOM, &rows);
	if (err || i)
		inode_free(take_inode);
	if (err) {
		entry_free(e);
		return err;
	}
	if (!i) {
		i = take_inode;
		inode_add(n, i);
	}
	entry_add(n, e, dir, i, 0);
	if (inode_is_dir(i))
		dir->nlink++;
	else
		i->nlink++;
	rows_put_inode(&rows, i);
	rows_put_inode(&rows, dir);
	rows_put_entry(&rows, e);
	journal_end(&r->st->journal, &rows);
	return 0;
}

static int set_root(struct rebuild *r, char *column[])
{
	HOLD_WRITE(&r->st->lock);
	struct inode *root = inode_find(&r->st->names, STORE_ROOT);
	mode_t mode = (mode_t)strtoul(column[MODE], NULL, 8);

	root->mode = (uint16_t)(S_IFDIR | (mode & 07777));
	root->uid = (uint32_t)strtoul(column[UID], NULL, 10);
	root->gid = (uint32_t)strtoul(column[GID], NULL, 10);
	root->mtime = strtoll(column[MTIME], NULL, 10);
	return checking_put_inode(r->c, root);
}

static int add_name(struct rebuild *r, char *column[])
{
	struct inode *i = NULL;
	const char *name;
	uint64_t dir;
	int err;

	if (!strcmp(column[PATH], "."))
		return set_root(r, column);
	if (unescape(column[PATH]) < 0)
		return -EINVAL;
	err = read_inode(column, &i);
	if (!err && !inode_is_good(r, i))
		err = -EINVAL;
	if (!err)
		err = ask_blob(r, i);
	if (!err)
		err = find_dir(r->st, column[PATH], &dir, &name);
	if (err) {
		inode_free(i);
		return err;
	}
	return insert(r, dir, name, i);
}

static int add_alias(struct rebuild *r, char *line)
{
	char *column[2];
	const char *name;
	uint64_t dir;
	int err;

	if (split(line, column, 2) != 2 || unescape(column[0]) < 0)
		return -EINVAL;
	err = find_dir(r->st, column[0], &dir, &name);
	return err ? err
		   : node_alias_put(r->st, dir, name,
				    strtoull(column[1], NULL, 10));
}

static int add_record(struct rebuild *r, char *line)
{
	char *column[3];
	ssize_t len = -1;
	int class;

	if (split(line, column, 3) == 3)
		len = unescape(column[2]);
	if (len < 0)
		return -EINVAL;
	class = atoi(column[0]);
	if (class < 1 || class >= RECORD_CLASSES)
		return -EINVAL;
	return record_put(r->st, (enum record_class) class,
			  strtoull(column[1], NULL, 10), column[2],
			  (size_t)len);
}

static int add_line(struct rebuild *r, char *line)
{
	char *column[COLUMNS];

	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "#alias\t", 7))
		return add_alias(r, line + 7);
	if (!strncmp(line, "#record\t", 8))
		return add_record(r, line + 8);
	if (line[0] == '#')
		return 0;
	if (split(line, column, COLUMNS) != COLUMNS)
		return -EINVAL;
	return add_name(r, column);
}

static void tell_line(struct rebuild *r, int number, const char *line, int err)
{
	AUTO(buf_release) struct buf shown = BUF_INIT(BUF_MAX);

	/* its first column: the others were cut off */
	name_put_shown(line, &shown);
	checking_say(r->c, "manifest.txt line %d, '%s': left out: %s", number,
		     shown.data,
		     err == -EIO ? "its bytes are gone" : strerror(-err));
}

/* Faults of a line are told, and the line left out. */
static int add_lines(struct rebuild *r, FILE *f)
{
	char *line = NULL;
	size_t cap = 0;
	int number = 0;
	int err = 0;

	while (!err && getline(&line, &cap, f) > 0) {
		number++;
		err = add_line(r, line);
		if (!err || err == -ENOSPC || err == -ENOMEM)
			continue;
		tell_line(r, number, line, err);
		err = 0;
	}
	free(line);
	return err;
}

static int read_manifest(struct rebuild *r)
{
	AUTO(close_file) FILE *f = NULL;
	struct stat s;
	int err = open_manifest(r->st, &f);

	if (err == -ENOENT) {
		checking_say(r->c,
			     "manifest.txt is missing: the names are lost");
		return 0;
	}
	if (!err && fstat(fileno(f), &s))
		err = -errno;
	if (err)
		return err;
	r->written = clock_from_timespec(&s.st_mtim);
	return add_lines(r, f);
}

/* ---- files with one blob ---- */

struct sharer {
	uint64_t blob, ino;
};

static int compare_sharers(const void *a, const void *b)
{
	const struct sharer *x = a, *y = b;

	if (x->blob != y->blob)
		return x->blob < y->blob ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int list_sharers(struct rebuild *r, struct sharer **ret_list,
			size_t *ret_count)
{
	HOLD_READ(&r->st->lock);
	const struct names *n = &r->st->names;
	struct sharer *list = calloc(n->inodes.count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (const struct inode *i = inode_next(n, NULL); i;
	     i = inode_next(n, i))
		if (i->blob)
			list[count++] = (struct sharer){ i->blob, i->ino };
	qsort(list, count, sizeof(*list), compare_sharers);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

/* *ret_changed: the blob was written after the manifest, so at least one of
 * its files has another one since; nobody knows which. */
static int mark_sharer(struct rebuild *r, const struct sharer *s,
		       bool *ret_changed)
{
	HOLD_WRITE(&r->st->lock);
	struct inode *i = inode_find(&r->st->names, s->ino);
	int err = shares_reserve(&r->st->shares, s->blob, 1);

	if (err)
		return err;
	*ret_changed = !(i->flags & INODE_DIGEST) && i->mtime > r->written;
	shares_add(&r->st->shares, i, s->blob);
	return checking_put_inode(r->c, i);
}

static int mark_shared(struct rebuild *r, const struct sharer *s)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	bool changed;
	int err = mark_sharer(r, s, &changed);

	if (err || !changed)
		return err;
	checking_put_path(r->c, s->ino, &path);
	checking_say(r->c,
		     "%s: had its bytes in common with other files, one of "
		     "which was written later: they may be that one's",
		     path.data);
	return 0;
}

static int mark_all_shared(struct rebuild *r)
{
	struct sharer *list = NULL;
	size_t count = 0;
	int err = list_sharers(r, &list, &count);

	for (size_t at = 0; at < count && !err; at++)
		if ((at && list[at - 1].blob == list[at].blob) ||
		    (at + 1 < count && list[at + 1].blob == list[at].blob))
			err = mark_shared(r, &list[at]);
	free(list);
	return err;
}

/* ---- blobs that the manifest does not know ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int adopt(struct rebuild *r, uint64_t blob, const struct stat *s)
{
	struct inode *i = inode_new(store_next(r->st), S_IFREG | 0600);
	uint64_t lost;
	char name[32];
	int err = i ? checking_find_lost(r->c, &lost) : -ENOMEM;

	if (err) {
		inode_free(i);
		return err;
	}
	i->blob = blob;
	inode_take_stat(i, s);
	i->atime = i->mtime;
	snprintf(name, sizeof(name), "#%016" PRIx64, blob);
	return insert(r, lost, name, i);
}

static bool is_owned(const struct rebuild *r, uint64_t blob)
{
	return r->owned_count &&
	       bsearch(&blob, r->owned, r->owned_count, sizeof(blob), compare);
}

static int adopt_blob(void *arg, uint64_t blob, const char *name)
{
	AUTO(close_fd) int fd = -1;
	struct rebuild *r = arg;
	struct stat s;

	(void)name;
	if (!blob || blob >= r->st->first || is_owned(r, blob))
		return 0;
	if (blob_open(r->st->blobs, blob, O_RDONLY, &fd) || fstat(fd, &s))
		return 0;
	if (!s.st_size)
		return blob_remove(r->st->blobs, blob);
	checking_say(r->c,
		     "blob %016" PRIx64
		     " has no name in the manifest: it goes to lost+found",
		     blob);
	return checking_repaired(r->c, adopt(r, blob, &s));
}

static int rebuild_all(struct rebuild *r)
{
	int err = read_manifest(r);

	if (!err)
		err = mark_all_shared(r);
	if (err)
		return err;
	if (r->owned_count)
		qsort(r->owned, r->owned_count, sizeof(*r->owned), compare);
	return blob_each(r->st->blobs, adopt_blob, r);
}

int checking_rebuild(const char *path, struct checking *c)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct store_options o = { 0 };
	struct rebuild r = { .c = c };
	int err = store_open_as(path, &o, STORE_REBUILD, NULL, &why, &c->st);

	if (err) {
		c->loose.say(c->loose.arg, why.data);
		return err;
	}
	r.st = c->st;
	err = rebuild_all(&r);
	if (!err)
		err = store_sync(c->st);
	free(r.owned);
	store_release(&c->st);
	return err;
}
