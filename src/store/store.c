// SPDX-License-Identifier: Apache-2.0
/*
 * Opening and closing. The order is that of trust: the lock, the settings, the
 * folders, the database with what the journal still holds, the namespace, and
 * only then the threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "ext/yaml.h"
#include "manifest.h"
#include "opening.h"
#include "state.h"

#define USUAL_COMMIT_MS 5

/* ---- the directory and its lock ---- */

static int open_dir(struct store *st, const char *path, struct buf *why)
{
	if (!st->read_only && mkdir(path, 0700) && errno != EEXIST)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	st->path = realpath(path, NULL);
	if (!st->path)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	st->fd = open(st->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (st->fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int refuse_locked(struct store *st, struct buf *why)
{
	char pid[32] = "";
	ssize_t len = pread(st->lock_file, pid, sizeof(pid) - 1, 0);

	pid[len > 0 ? len : 0] = 0;
	pid[strcspn(pid, "\n")] = 0;
	return why_set(why, -EBUSY, "%s is in use by process %s", st->path,
		       pid[0] ? pid : "(unknown)");
}

static int write_pid(struct store *st)
{
	char pid[32];
	int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (ftruncate(st->lock_file, 0) ||
	    pwrite(st->lock_file, pid, (size_t)len, 0) < 0)
		return -errno;
	return 0;
}

/* Who only reads leaves no trace, and shares with others who read. */
static int take_lock(struct store *st, struct buf *why)
{
	int flags = st->read_only ? O_RDONLY : O_RDWR | O_CREAT;

	st->lock_file = openat(st->fd, "lock", flags | O_CLOEXEC, 0600);
	if (st->lock_file < 0 && st->read_only)
		return 0;
	if (st->lock_file < 0)
		return why_set(why, -errno, "%s/lock: %s", st->path,
			       strerror(errno));
	if (flock(st->lock_file, (st->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB))
		return errno == EWOULDBLOCK ? refuse_locked(st, why) : -errno;
	return st->read_only ? 0 : write_pid(st);
}

static int read_config(struct store *st, struct buf *why)
{
	AUTO(buf_release) struct buf text = BUF_INIT(1 << 20);
	AUTO(buf_release) struct buf line = WHY_INIT;
	AUTO(close_fd)
	int fd = openat(st->fd, "config.yaml", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : buf_read_fd(&text, fd);

	if (err == -ENOENT) {
		st->config = value_new_map();
		return st->config ? 0 : -ENOMEM;
	}
	if (!err)
		err = yaml_read(text.data, text.len, &yaml_spec_limits, &line,
				&st->config);
	if (err)
		return why_set(why, err, "%s/config.yaml: %s", st->path,
			       line.len ? line.data : strerror(-err));
	if (value_is(st->config, VALUE_NULL)) {
		value_free(st->config);
		st->config = value_new_map();
		return st->config ? 0 : -ENOMEM;
	}
	if (!value_is(st->config, VALUE_MAP))
		return why_set(why, -EINVAL,
			       "%s/config.yaml: settings are a map, not %s",
			       st->path, value_type_name(st->config));
	return 0;
}

/* ---- the database ---- */

/* A catalog that is not there is made only where nothing could belong to it. */
static int check_fresh(struct store *st, bool *ret_fresh, struct buf *why)
{
	struct stat s;

	if (st->how == STORE_REBUILD) {
		*ret_fresh = true;
		return rebuild_prepare(st, &st->first);
	}
	if (!fstatat(st->fd, "catalog.db", &s, 0)) {
		*ret_fresh = blob_none(st->blobs);
		return 0;
	}
	if (errno != ENOENT)
		return -errno;
	if (!blob_none(st->blobs))
		return why_set(why, -EUCLEAN,
			       "%s/catalog.db is missing: fsck.mlxfs --rebuild "
			       "makes a new one",
			       st->path);
	if (st->read_only)
		return why_set(why, -ENOENT, "%s holds no catalog", st->path);
	*ret_fresh = true;
	return 0;
}

static int put_root(struct store *st)
{
	struct inode root = {
		.ino = STORE_ROOT,
		.mode = S_IFDIR | 0755,
		.nlink = 2,
		.uid = geteuid(),
		.gid = getegid(),
		.size = 4096,
		.blocks = 8,
	};
	unsigned char room[ROW_ROOM];
	struct rows rows = { .at = room, .room = sizeof(room) };
	struct row row;
	size_t at = 0;
	int err;

	root.atime = root.mtime = root.ctime = stamp_now(st->stamps);
	rows_put_inode(&rows, &root);
	err = rows_next(room, rows.len, &at, &row);
	return err < 0 ? err : tables_apply(&st->tables, &row);
}

/* In the transaction that made the tables: without a root they are none. */
static int make_catalog(struct store *st)
{
	int err = put_root(st);

	if (!err && st->how == STORE_REBUILD)
		err = tables_put_meta(&st->tables, META_NEXT,
				      (int64_t)st->first);
	return err ? err : tables_commit(&st->tables);
}

static int check_soundness(struct store *st, struct buf *why)
{
	AUTO(buf_release) struct buf report = BUF_INIT(BUF_MAX);
	bool sound = false;
	int err = db_check(st->tables.db, &report, &sound);

	if (err)
		return err;
	if (sound)
		return 0;
	report.data[strcspn(report.data, "\n")] = 0;
	return why_set(why, -EUCLEAN, "%s", report.data);
}

static int open_tables(struct store *st, struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf reason = WHY_INIT;
	bool fresh = false;
	int err = check_fresh(st, &fresh, why);

	if (err)
		return err;
	buf_addf(&path, "%s/catalog.db", st->path);
	if (path.err)
		return path.err;
	err = tables_open(&st->tables, path.data, st->read_only, &fresh,
			  &reason);
	if (!err && fresh)
		err = make_catalog(st);
	if (!err && st->loose)
		err = check_soundness(st, &reason);
	if (err == -EUCLEAN)
		return why_set(why, err,
			       "%s is damaged (%s): check it with "
			       "fsck.mlxfs",
			       path.data, reason.data);
	if (err)
		return why_set(why, err, "%s: %s", path.data,
			       reason.len ? reason.data : strerror(-err));
	return 0;
}

static int is_clean(struct store *st, bool *ret_clean)
{
	int64_t meta[META_COUNT];
	int err = tables_get_meta(&st->tables, meta);

	if (!err)
		*ret_clean = meta[META_CLEAN];
	return err;
}

/* Without its journal a catalog that was not closed in order lacks what was
 * acknowledged last. */
static int check_journal(struct store *st, struct buf *why)
{
	struct stat s;
	bool clean;
	int err;

	if (!fstatat(st->fd, "journal", &s, 0))
		return 0;
	err = is_clean(st, &clean);
	if (err || clean)
		return err;
	return why_set(why, -EUCLEAN,
		       "%s/journal is missing: check the store with fsck.mlxfs",
		       st->path);
}

static int open_journal(struct store *st, const struct store_options *o,
			struct buf *why)
{
	int err = check_journal(st, why);

	return err ? err
		   : journal_open(&st->journal, st->fd, o->journal_bytes,
				  st->read_only, why);
}

/* fsck goes on without one that cannot be read; it is put aside. */
static int open_journal_loosely(struct store *st, const struct store_options *o)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	int err = open_journal(st, o, &why);

	if (err != -EUCLEAN)
		return err;
	loose_say(st->loose,
		  "%s; what was changed last before a crash may be lost",
		  why.data);
	if (st->read_only)
		return 0;
	if (renameat(st->fd, "journal", st->fd, "journal.bad") &&
	    errno != ENOENT)
		return -errno;
	return journal_open(&st->journal, st->fd, o->journal_bytes, false,
			    NULL);
}

static int open_files(struct store *st, const struct store_options *o,
		      struct buf *why)
{
	int err = blob_open_dir(st->fd, st->read_only, &st->blobs);

	if (err)
		return why_set(why, err, "%s/blobs: %s", st->path,
			       strerror(-err));
	st->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (st->null < 0)
		return -errno;
	st->stamps = stamp_open(st->read_only ? -1 : st->lock_file);
	err = open_tables(st, why);
	if (!err)
		err = st->loose ? open_journal_loosely(st, o)
				: open_journal(st, o, why);
	if (!err)
		err = writer_recover(st, why);
	if (!err)
		err = load_names(st, why);
	return err;
}

static int start_threads(struct store *st)
{
	int err = 0;

	if (!st->read_only) {
		err = writer_start(st);
		if (!err)
			janitor_make_spare(st);
	}
	/* the manifest of the last orderly end is still good */
	if (st->was_clean && !faccessat(st->fd, "manifest.txt", F_OK, 0))
		st->manifest_of = journal_appended(&st->journal);
	if (!err)
		err = settle_all(st);
	if (!err && !st->read_only)
		err = janitor_start(st);
	if (!err)
		err = pool_start(st);
	return err;
}

/* ---- the whole ---- */

static void init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;

	/* those who only look never keep those who change waiting for ever */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

static int init(struct store *st, const struct store_options *options)
{
	int err;

	st->fd = st->blobs = st->lock_file = st->null = st->stamps = -1;
	st->journal.fd = -1;
	st->read_only = options->read_only;
	st->commit_ms =
		options->commit_ms ? options->commit_ms : USUAL_COMMIT_MS;
	init_lock(&st->lock);
	pthread_mutex_init(&st->listen_lock, NULL);
	janitor_init(&st->janitor);
	journal_init(&st->journal);
	err = names_init(&st->names);
	if (!err)
		err = shares_init(&st->shares);
	return err ? err : records_init(&st->records);
}

int store_open_as(const char *path, const struct store_options *options,
		  enum store_how how, struct loose *loose, struct buf *why,
		  struct store **ret_store)
{
	AUTO(store_release) struct store *st = calloc(1, sizeof(*st));
	int err;

	if (!st)
		return -ENOMEM;
	st->how = how;
	st->loose = loose;
	err = init(st, options);
	if (!err)
		err = open_dir(st, path, why);
	if (!err)
		err = take_lock(st, why);
	if (!err)
		err = read_config(st, why);
	if (!err)
		err = open_files(st, options, why);
	if (!err)
		err = start_threads(st);
	if (err)
		return why_set(why, err, "%s: %s", path, strerror(-err));
	*ret_store = TAKE(st);
	return 0;
}

int store_open(const char *path, const struct store_options *options,
	       struct buf *why, struct store **ret_store)
{
	return store_open_as(path, options, STORE_USUAL, NULL, why, ret_store);
}

/* Unlinked inodes that the kernel still knew, or that were never closed. */
static void bury_unlinked(struct store *st)
{
	HOLD_WRITE(&st->lock);
	const struct names *n = &st->names;

	for (struct inode *i = inode_next(n, NULL); i; i = inode_next(n, i))
		if (!i->nlink)
			node_drop_blob(st, i, journal_appended(&st->journal));
}

/* The order: nobody changes anything any more; names on disk, the dead gone,
 * the manifest, the bytes on disk, and the mark of an orderly end as the last
 * thing. */
static void end_life(struct store *st)
{
	pool_stop(st);
	bury_unlinked(st);
	janitor_stop(st);
	(void)journal_sync(&st->journal);
	(void)manifest_write(st, false);
	if (settle_on_disk(st))
		janitor_keep_unclean(st);
	writer_stop(st);
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (st->writer_runs)
		end_life(st);
	tables_close(&st->tables);
	journal_close(&st->journal);
	janitor_release(&st->janitor);
	shares_release(&st->shares);
	names_release(&st->names);
	records_release(&st->records);
	value_free(st->config);
	close_fd(&st->blobs);
	close_fd(&st->null);
	close_fd(&st->stamps);
	close_fd(&st->lock_file);
	close_fd(&st->fd);
	pthread_rwlock_destroy(&st->lock);
	pthread_mutex_destroy(&st->listen_lock);
	free(st->path);
	free(st);
}

void store_release(struct store **st)
{
	store_close(*st);
	*st = NULL;
}

/* ---- questions ---- */

void store_listen(struct store *st,
		  void (*changed)(void *arg, const struct store_event *event),
		  void *arg)
{
	HOLD(&st->listen_lock);

	st->changed = changed;
	st->changed_arg = arg;
}

static void *listener(struct store *st,
		      void (**ret_changed)(void *arg,
					   const struct store_event *event))
{
	HOLD(&st->listen_lock);

	*ret_changed = st->changed;
	return st->changed_arg;
}

void store_tell(struct store *st, const struct store_event *event)
{
	void (*changed)(void *arg, const struct store_event *event);
	void *arg = listener(st, &changed);

	if (changed)
		changed(arg, event);
}

const struct value *store_config(const struct store *st)
{
	return st->config;
}

const char *store_path(const struct store *st)
{
	return st->path;
}

bool store_is_read_only(const struct store *st)
{
	return st->read_only;
}

int store_fd(const struct store *st)
{
	return st->fd;
}

int store_sync(struct store *st)
{
	return journal_sync(&st->journal);
}

static void count_names(struct store *st, struct store_counts *c)
{
	HOLD_READ(&st->lock);

	c->inodes = st->names.inodes.count;
	c->entries = st->names.entries.count;
}

void store_count(struct store *st, struct store_counts *ret_counts)
{
	struct store_counts c = { 0 };

	count_names(st, &c);
	journal_count(&st->journal, &c.journal_bytes, &c.commits);
	c.digests_pending = janitor_pending(st);
	*ret_counts = c;
}

uint64_t store_changes(struct store *st)
{
	return __atomic_load_n(&st->written, __ATOMIC_ACQUIRE)
		       ? 0
		       : journal_appended(&st->journal);
}
