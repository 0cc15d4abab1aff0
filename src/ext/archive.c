// SPDX-License-Identifier: Apache-2.0
/*
 * Archives by libarchive, which decodes; what a member may be is judged here,
 * on the name and type that come out of it.
 *
 * Invariant: a path that reaches the sink is relative, has no component that is
 * empty, "." or "..", its parents were given to the sink as directories before,
 * and nothing was given under the same path before. So a sink that makes what
 * it is told, in an empty directory, never leaves that directory.
 */
#include "ext/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/name.h"

#define NO_ARCHIVE "no archive that is known"
#define CHUNK ((size_t)64 << 10)
#define PATH_MOST 4095
#define RATIO_FROM ((uint64_t)16 << 20)
#define SECONDS_MOST INT64_C(9000000000) /* what fits an int64_t of ns */

const struct archive_limits archive_usual_limits = {
	.bytes = (uint64_t)256 << 30,
	.members = 1000000,
	.ratio = 200,
	.depth = 32,
};

static const char *const tar_suffixes[] = {
	".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", NULL,
};
static const char *const suffixes[] = {
	".zip", ".gz", ".bz2", ".xz", ".zst", NULL,
};

enum seen { SEEN_NOT, SEEN_FILE, SEEN_DIRECTORY };

/* The paths that were given to the sink, by their hashes: a million of them
 * must fit. Two paths of one hash make an archive refused, nothing worse. */
struct paths {
	uint64_t *slot; /* 0: free; else a hash whose lowest bit tells if it is
			 * a directory's */
	size_t slots;	/* a power of two */
	size_t count;
};

struct unpack {
	struct archive *lib;
	int fd;
	off_t at;     /* of the next read, own: the descriptor's stays */
	int read_err; /* of the descriptor */
	const struct archive_limits *limits;
	const struct archive_sink *sink;
	struct buf *why;
	uint64_t most; /* bytes: the limit, or what the ratio allows */
	uint64_t bytes;
	uint64_t members;
	struct paths paths;
	char *chunk;
};

/* ---- reading by libarchive ---- */

static la_ssize_t on_read(struct archive *lib, void *arg, const void **ret_data)
{
	struct unpack *u = arg;
	ssize_t got;

	do
		got = pread(u->fd, u->chunk, CHUNK, u->at);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		u->read_err = -errno;
		archive_set_error(lib, errno, "%s", strerror(errno));
		return ARCHIVE_FATAL;
	}
	u->at += got;
	*ret_data = u->chunk;
	return got;
}

static la_int64_t on_seek(struct archive *lib, void *arg, la_int64_t offset,
			  int whence)
{
	struct unpack *u = arg;
	struct stat s;

	(void)lib;
	if (fstat(u->fd, &s))
		return ARCHIVE_FATAL;
	if (whence == SEEK_CUR)
		offset += u->at;
	else if (whence == SEEK_END)
		offset += s.st_size;
	if (offset < 0)
		return ARCHIVE_FATAL;
	u->at = offset;
	return offset;
}

static la_int64_t on_skip(struct archive *lib, void *arg, la_int64_t count)
{
	struct unpack *u = arg;

	(void)lib;
	u->at += count;
	return count;
}

static int lib_error(struct unpack *u)
{
	const char *text = archive_error_string(u->lib);

	if (u->read_err)
		return why_set(u->why, -EIO, "%s", strerror(-u->read_err));
	if (archive_errno(u->lib) == ENOMEM)
		return -ENOMEM;
	return why_set(u->why, -EINVAL, "%s", text ? text : "malformed");
}

static int open_lib(struct unpack *u)
{
	u->lib = archive_read_new();
	u->chunk = malloc(CHUNK);
	if (!u->lib || !u->chunk)
		return -ENOMEM;
	archive_read_support_filter_gzip(u->lib);
	archive_read_support_filter_bzip2(u->lib);
	archive_read_support_filter_xz(u->lib);
	archive_read_support_filter_zstd(u->lib);
	archive_read_support_format_tar(u->lib);
	archive_read_support_format_zip(u->lib);
	archive_read_support_format_raw(u->lib);
	archive_read_set_callback_data(u->lib, u);
	archive_read_set_read_callback(u->lib, on_read);
	archive_read_set_seek_callback(u->lib, on_seek);
	archive_read_set_skip_callback(u->lib, on_skip);
	if (archive_read_open1(u->lib) == ARCHIVE_OK)
		return 0;
	if (!u->read_err && !u->at) /* an empty file */
		return why_set(u->why, -ENOTSUP, NO_ARCHIVE);
	return lib_error(u);
}

static void close_lib(struct unpack *u)
{
	archive_read_free(u->lib);
	free(u->chunk);
	free(u->paths.slot);
}

static bool is_raw(const struct unpack *u)
{
	return archive_format(u->lib) == ARCHIVE_FORMAT_RAW;
}

/* The first header; the format is known only then. */
static int read_first(struct unpack *u, struct archive_entry **ret_entry)
{
	int code = archive_read_next_header(u->lib, ret_entry);

	if (u->read_err)
		return lib_error(u);
	if (code < ARCHIVE_WARN && archive_format(u->lib))
		return lib_error(u);
	if (code == ARCHIVE_EOF && archive_format(u->lib))
		return 0;
	if (code < ARCHIVE_WARN || code == ARCHIVE_EOF ||
	    (is_raw(u) &&
	     archive_filter_code(u->lib, 0) == ARCHIVE_FILTER_NONE))
		return why_set(u->why, -ENOTSUP, NO_ARCHIVE);
	/* a filter, and the one that does nothing; every further layer would
	 * multiply what the ratio bounds */
	if (archive_filter_count(u->lib) > 2)
		return why_set(u->why, -EINVAL, "compressed more than once");
	return 1;
}

/* 1: an entry; 0: the end. */
static int read_next(struct unpack *u, struct archive_entry **ret_entry)
{
	int code = archive_read_next_header(u->lib, ret_entry);

	if (code == ARCHIVE_EOF)
		return 0;
	return code < ARCHIVE_WARN ? lib_error(u) : 1;
}

/* ---- paths that were seen ---- */

static uint64_t hash(const char *path, size_t len)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)path[i]) * 1099511628211u;
	h ^= h >> 32;
	return (h | 2) & ~(uint64_t)1;
}

static uint64_t *slot_of(const struct paths *p, uint64_t h)
{
	size_t i = (h >> 2) & (p->slots - 1);

	while (p->slot[i] && (p->slot[i] & ~(uint64_t)1) != h)
		i = (i + 1) & (p->slots - 1);
	return &p->slot[i];
}

static int grow_paths(struct paths *p)
{
	struct paths bigger = { .slots = p->slots ? p->slots * 2 : 64,
				.count = p->count };

	if (p->slots > p->count * 2)
		return 0;
	bigger.slot = calloc(bigger.slots, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < p->slots; i++)
		if (p->slot[i])
			*slot_of(&bigger, p->slot[i] & ~(uint64_t)1) =
				p->slot[i];
	free(p->slot);
	*p = bigger;
	return 0;
}

static enum seen find_path(const struct paths *p, const char *path, size_t len)
{
	uint64_t found = p->slots ? *slot_of(p, hash(path, len)) : 0;

	if (!found)
		return SEEN_NOT;
	return found & 1 ? SEEN_DIRECTORY : SEEN_FILE;
}

static int add_path(struct paths *p, const char *path, size_t len,
		    enum seen kind)
{
	uint64_t h = hash(path, len);
	int err = grow_paths(p);

	if (err)
		return err;
	*slot_of(p, h) = h | (kind == SEEN_DIRECTORY);
	p->count++;
	return 0;
}

/* ---- what a member may be ---- */

static int refuse(struct unpack *u, const char *name, int err,
		  const char *problem)
{
	AUTO(buf_release) struct buf shown = BUF_INIT(1000);

	if (strlen(name) <= 200)
		name_put_shown(name, &shown);
	else
		buf_addf(&shown, "a name of %zu bytes", strlen(name));
	return why_set(u->why, err, "%s: %s", shown.data, problem);
}

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') ||
	       (len == 2 && name[0] == '.' && name[1] == '.');
}

static int judge_path(struct unpack *u, const char *path)
{
	unsigned int depth = 0;

	if (path[0] == '/')
		return refuse(u, path, -EINVAL, "an absolute name");
	if (!name_is_utf8(path, strlen(path)))
		return refuse(u, path, -EINVAL, "a name that is no UTF-8");
	for (const char *at = path;;) {
		size_t len = strcspn(at, "/");

		if (!len)
			return refuse(u, path, -EINVAL,
				      "a name with an empty "
				      "component");
		if (is_dots(at, len))
			return refuse(u, path, -EINVAL, "a name with . or ..");
		if (len > NAME_LIMIT)
			return refuse(u, path, -EINVAL,
				      "a name that is too "
				      "long");
		if (++depth > u->limits->depth)
			return refuse(u, path, -EFBIG, "nested too deep");
		at += len;
		if (!*at++)
			break;
	}
	if (strlen(path) > PATH_MOST)
		return refuse(u, path, -EINVAL, "a name that is too long");
	return 0;
}

static int judge_type(struct unpack *u, struct archive_entry *entry,
		      const char *name)
{
	mode_t type = archive_entry_filetype(entry);

	if (archive_entry_hardlink(entry) || archive_entry_symlink(entry) ||
	    type == AE_IFLNK)
		return refuse(u, name, -EINVAL, "a link");
	if (type != AE_IFREG && type != AE_IFDIR)
		return refuse(u, name, -EINVAL, "neither file nor directory");
	if (archive_entry_is_encrypted(entry))
		return refuse(u, name, -EINVAL, "encrypted");
	return 0;
}

/* ---- what the sink is given ---- */

static int count_member(struct unpack *u, const char *path)
{
	if (++u->members <= u->limits->members)
		return 0;
	return refuse(u, path, -EFBIG, "more members than allowed");
}

/* path may go on behind len; a directory is what stands before. */
static int make_directory(struct unpack *u, const char *path, size_t len,
			  mode_t mode)
{
	AUTO(buf_release) struct buf own = BUF_INIT(PATH_MOST);
	enum seen seen = find_path(&u->paths, path, len);
	int err;

	if (seen == SEEN_DIRECTORY)
		return 0;
	buf_add(&own, path, len);
	if (own.err)
		return own.err;
	if (seen == SEEN_FILE)
		return refuse(u, own.data, -EINVAL,
			      "a directory where a file is");
	err = count_member(u, own.data);
	if (!err)
		err = add_path(&u->paths, path, len, SEEN_DIRECTORY);
	if (!err)
		err = u->sink->directory(u->sink->arg, own.data,
					 (mode & 0777) | 0700);
	return err;
}

static int make_parents(struct unpack *u, const char *path)
{
	int err = 0;

	for (const char *at = strchr(path, '/'); at && !err;
	     at = strchr(at + 1, '/'))
		err = make_directory(u, path, (size_t)(at - path), 0755);
	return err;
}

static int refuse_bytes(struct unpack *u, const char *path)
{
	return refuse(u, path, -EFBIG,
		      u->most < u->limits->bytes
			      ? "unpacks to too much for what the archive holds"
			      : "more bytes than allowed");
}

static int copy_data(struct unpack *u, const char *path)
{
	AUTO(free_text) char *chunk = malloc(CHUNK);
	int err = chunk ? 0 : -ENOMEM;

	while (!err) {
		la_ssize_t got = archive_read_data(u->lib, chunk, CHUNK);

		if (got < 0)
			return lib_error(u);
		if (!got)
			break;
		u->bytes += (uint64_t)got;
		if (u->bytes > u->most)
			return refuse_bytes(u, path);
		err = u->sink->data(u->sink->arg, chunk, (size_t)got);
	}
	return err;
}

static int64_t mtime_of(struct archive_entry *entry)
{
	int64_t s = archive_entry_mtime(entry);

	if (!archive_entry_mtime_is_set(entry) || s < -SECONDS_MOST ||
	    s > SECONDS_MOST)
		return 0;
	return s * NS_PER_S + archive_entry_mtime_nsec(entry);
}

static int make_file(struct unpack *u, const char *path,
		     struct archive_entry *entry)
{
	bool is_sized = archive_entry_size_is_set(entry);
	int64_t size = is_sized ? archive_entry_size(entry) : -1;
	int err;

	if (find_path(&u->paths, path, strlen(path)) != SEEN_NOT)
		return refuse(u, path, -EINVAL, "is there twice");
	if (is_sized && (size < 0 || (uint64_t)size > u->most - u->bytes))
		return refuse_bytes(u, path);
	err = count_member(u, path);
	if (!err)
		err = add_path(&u->paths, path, strlen(path), SEEN_FILE);
	if (!err)
		err = u->sink->file(u->sink->arg, path,
				    (archive_entry_perm(entry) & 0777) | 0600,
				    mtime_of(entry), size);
	if (!err)
		err = copy_data(u, path);
	return err ? err : u->sink->file_end(u->sink->arg);
}

/* ---- members ---- */

/* tar writes "./a" for what it finds below "."; that is "a", and "./" is where
 * all goes. A directory's name may end in "/". */
static void put_path(struct archive_entry *entry, const char *name,
		     struct buf *out)
{
	size_t len;

	while (name[0] == '.' && name[1] == '/')
		name += 2;
	len = strlen(name);
	if (archive_entry_filetype(entry) == AE_IFDIR) {
		if (len > 1 && name[len - 1] == '/')
			len--;
		if (len == 1 && name[0] == '.')
			len = 0;
	}
	buf_add(out, name, len);
}

static int take_member(struct unpack *u, struct archive_entry *entry,
		       const char *name)
{
	AUTO(buf_release) struct buf path = BUF_INIT(BUF_MAX);
	int err;

	if (!name)
		return why_set(u->why, -EINVAL,
			       "a member whose name cannot be read");
	err = judge_type(u, entry, name);
	put_path(entry, name, &path);
	if (err || path.err)
		return err ? err : path.err;
	if (!path.len && archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	err = judge_path(u, path.data);
	if (!err)
		err = make_parents(u, path.data);
	if (err)
		return err;
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return make_directory(u, path.data, path.len,
				      archive_entry_perm(entry));
	return make_file(u, path.data, entry);
}

static bool has_one_of(const char *name, const char *const *list)
{
	while (*list && !name_has_suffix(name, *list))
		list++;
	return *list != NULL;
}

/* A compressed file that is no archive: its name, less the last suffix. */
static int take_single(struct unpack *u, struct archive_entry *entry,
		       const char *name)
{
	AUTO(free_text) char *own = NULL;
	const char *slash = strrchr(name, '/');
	char *dot;

	own = strdup(slash ? slash + 1 : name);
	if (!own)
		return -ENOMEM;
	dot = strrchr(own, '.');
	if (dot && dot != own)
		*dot = 0;
	if (name_has_suffix(own, ".tar") || has_one_of(name, tar_suffixes))
		return refuse(u, name, -EINVAL, "there is no tar in it");
	return take_member(u, entry, own);
}

static int take_all(struct unpack *u, const char *name)
{
	struct archive_entry *entry;
	int more = read_first(u, &entry);

	while (more > 0) {
		const char *member = archive_entry_pathname(entry);
		int err = is_raw(u) ? take_single(u, entry, name)
				    : take_member(u, entry, member);

		if (err)
			return err;
		more = read_next(u, &entry);
	}
	return more;
}

/* libarchive turns names from UTF-8 into the thread's character set. */
static locale_t begin_utf8(locale_t *ret_before)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	*ret_before = utf8 ? uselocale(utf8) : (locale_t)0;
	return utf8;
}

static void end_utf8(locale_t utf8, locale_t before)
{
	if (!utf8)
		return;
	uselocale(before);
	freelocale(utf8);
}

static uint64_t bytes_allowed(const struct archive_limits *limits,
			      uint64_t packed)
{
	uint64_t most;

	if (!limits->ratio)
		return limits->bytes;
	if (__builtin_mul_overflow(packed, limits->ratio, &most) ||
	    __builtin_add_overflow(most, RATIO_FROM, &most))
		return limits->bytes;
	return most < limits->bytes ? most : limits->bytes;
}

int archive_unpack(int fd, const char *name,
		   const struct archive_limits *limits,
		   const struct archive_sink *sink, struct buf *why)
{
	struct unpack u = {
		.fd = fd, .limits = limits, .sink = sink, .why = why
	};
	locale_t before;
	locale_t utf8;
	struct stat s;
	int err;

	if (fstat(fd, &s))
		return why_set(why, -EIO, "%s", strerror(errno));
	u.most = bytes_allowed(limits, (uint64_t)s.st_size);
	utf8 = begin_utf8(&before);
	err = open_lib(&u);
	if (!err)
		err = take_all(&u, name);
	close_lib(&u);
	end_utf8(utf8, before);
	return err;
}

bool archive_is_known(int fd, const char *name)
{
	struct unpack u = { .fd = fd };
	struct archive_entry *entry;
	bool is_known = false;

	if (!has_one_of(name, tar_suffixes) && !has_one_of(name, suffixes))
		return false;
	if (!open_lib(&u))
		is_known = read_first(&u, &entry) >= 0;
	close_lib(&u);
	return is_known;
}
