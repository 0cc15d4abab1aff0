// SPDX-License-Identifier: Apache-2.0
#include "ext/archive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/value.h"
#include "unit.h"

/* A sink that writes down what it was told, and checks the order. */
struct told {
	struct buf log; /* "d MODE PATH\n", "f MODE SIZE PATH BYTES\n" */
	struct value *seen;
	uint64_t bytes;
	bool is_open;
	bool disordered;
	int fail_at; /* this call, from 1, fails */
	int calls;
};

static void told_release(struct told *t)
{
	buf_release(&t->log);
	value_free(t->seen);
}

#define TOLD_INIT                                                              \
	{                                                                      \
		.log = BUF_INIT(BUF_MAX), .seen = value_new_map()              \
	}

static int called(struct told *t)
{
	return ++t->calls == t->fail_at ? -ENOSPC : 0;
}

/* Nothing is told twice, and parents come before. */
static void check_order(struct told *t, const char *path, bool is_dir)
{
	char parent[5000];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = 0;
	if (t->is_open || value_find(t->seen, path) ||
	    (slash && !value_is(value_find(t->seen, parent), VALUE_NULL)))
		t->disordered = true;
	value_set(t->seen, path,
		  is_dir ? value_new_null() : value_new_bool(true));
}

static int on_directory(void *arg, const char *path, mode_t mode)
{
	struct told *t = arg;

	check_order(t, path, true);
	buf_addf(&t->log, "d %o %s\n", (unsigned int)mode, path);
	return called(t);
}

static int on_file(void *arg, const char *path, mode_t mode, int64_t mtime_ns,
		   int64_t size)
{
	struct told *t = arg;

	check_order(t, path, false);
	t->is_open = true;
	t->bytes = 0;
	buf_addf(&t->log, "f %o %lld %s", (unsigned int)mode, (long long)size,
		 path);
	if (mtime_ns && mtime_ns != INT64_C(1234567890000000000))
		buf_addf(&t->log, " mtime %lld", (long long)mtime_ns);
	return called(t);
}

static int on_data(void *arg, const void *bytes, size_t len)
{
	struct told *t = arg;

	(void)bytes;
	t->bytes += len;
	t->disordered |= !t->is_open;
	return called(t);
}

static int on_file_end(void *arg)
{
	struct told *t = arg;

	t->disordered |= !t->is_open;
	t->is_open = false;
	buf_addf(&t->log, " %llu\n", (unsigned long long)t->bytes);
	return called(t);
}

static int open_in(const char *dir, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static const struct archive_limits limits = {
	.bytes = (uint64_t)32 << 20, .members = 100, .ratio = 200, .depth = 32
};

static int unpack_with(const struct archive_limits *lim, const char *dir,
		       const char *name, struct told *t, struct buf *why)
{
	AUTO(close_fd) int fd = open_in(dir, name);
	struct archive_sink sink = { on_directory, on_file, on_data,
				     on_file_end, t };

	return archive_unpack(fd, name, lim, &sink, why);
}

/* The archives are made once; the directory goes with the program. */
static char archives[64];

static void remove_archives(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", archives);
	if (system(command))
		perror(command);
}

static const char *made_archives(void)
{
	char command[200];

	if (archives[0])
		return archives;
	if (system("python3 -c pass 2>/dev/null")) {
		unit_skip("no python3 to make archives with");
		return NULL;
	}
	strcpy(archives, "/var/tmp/mlxfs-archives-XXXXXX");
	if (!mkdtemp(archives))
		return NULL;
	atexit(remove_archives);
	snprintf(command, sizeof(command), "python3 tests/unit/archives.py %s",
		 archives);
	if (system(command))
		unit_fail(__FILE__, __LINE__, "%s", command);
	return archives;
}

/* ---- good ones ---- */

/* What python's zipfile writes has the time of day. */
static const char *without_mtimes(struct told *t)
{
	char *at;

	while ((at = strstr(t->log.data, " mtime "))) {
		const char *after = at + 7 + strcspn(at + 7, " ");

		memmove(at, after, strlen(after) + 1);
	}
	return t->log.data;
}

TEST(archive_unpacks)
{
	static const char *const tars[] = { "good.tar",	    "good.tgz",
					    "good.tar.bz2", "good.txz",
					    "gnu.tar",	    "ustar.tar" };
	const char *dir = made_archives();

	for (size_t i = 0; dir && i < ARRAY_SIZE(tars); i++) {
		AUTO(told_release) struct told t = TOLD_INIT;

		CHECK_INT(unpack_with(&limits, dir, tars[i], &t, NULL), 0);
		CHECK_STR(t.log.data, "d 740 d\n"
				      "f 640 6000 d/a.txt 6000\n"
				      "d 755 e\nd 755 e/f\n"
				      "f 640 6000 e/f/b.txt 6000\n"
				      "f 640 0 empty 0\n");
		CHECK(!t.disordered);
	}
}

TEST(archive_unpacks_zip)
{
	const char *dir = made_archives();
	AUTO(told_release) struct told t = TOLD_INIT;

	if (!dir)
		return;
	CHECK_INT(unpack_with(&limits, dir, "good.zip", &t, NULL), 0);
	CHECK(strstr(t.log.data, "d 775 d\n"));
	CHECK(strstr(without_mtimes(&t), "f 600 6000 d/a.txt 6000\n"));
	CHECK(strstr(t.log.data, "d 755 e\nd 755 e/f\n"));
	CHECK(strstr(t.log.data, "f 600 6000 e/f/b.txt 6000\n"));
	CHECK(strstr(t.log.data, "f 600 0 empty 0\n"));
	CHECK(!t.disordered);
}

TEST(archive_unpacks_single_files)
{
	static const char *const names[] = { "single.csv.gz", "single.csv.bz2",
					     "single.csv.xz" };
	const char *dir = made_archives();

	for (size_t i = 0; dir && i < ARRAY_SIZE(names); i++) {
		AUTO(told_release) struct told t = TOLD_INIT;

		CHECK_INT(unpack_with(&limits, dir, names[i], &t, NULL), 0);
		CHECK(strstr(t.log.data, " -1 single.csv"));
		CHECK(strstr(t.log.data, " 6000\n"));
	}
}

TEST(archive_details)
{
	static const struct {
		const char *name, *log;
	} row[] = {
		{ "repeated.tar", "d 740 d\nf 640 6000 d/a 6000\n" },
		{ "empty.tar", "" },
		{ "hole.tar", "f 640 8192 s 8192\n" },
		{ "future.tar", "f 640 6000 a 6000\n" },
		{ "names.tar", "d 755 gr\xc3\xbc\xc3\x9f"
			       "e\n"
			       "f 640 6000 gr\xc3\xbc\xc3\x9f"
			       "e/\xe6\x97\xa5\xe6\x9c\xac "
			       "6000\nf 640 6000 \xc3\xa9 6000\n"
			       "f 640 6000 a b\n\\c 6000\n" },
		{ "names.zip", "d 755 gr\xc3\xbc\xc3\x9f"
			       "e\n"
			       "f 600 6000 gr\xc3\xbc\xc3\x9f"
			       "e/\xe6\x97\xa5\xe6\x9c\xac "
			       "6000\nf 600 6000 \xc3\xa9 6000\n"
			       "f 600 6000 a b\nc 6000\n" },
	};
	const char *dir = made_archives();

	for (size_t i = 0; dir && i < ARRAY_SIZE(row); i++) {
		AUTO(told_release) struct told t = TOLD_INIT;
		AUTO(buf_release) struct buf why = WHY_INIT;

		CHECK_INT(unpack_with(&limits, dir, row[i].name, &t, &why), 0);
		CHECK_STR(without_mtimes(&t), row[i].log);
	}
}

TEST(archive_longest_names)
{
	const char *dir = made_archives();
	AUTO(told_release) struct told t = TOLD_INIT;
	AUTO(told_release) struct told deep = TOLD_INIT;

	if (!dir)
		return;
	CHECK_INT(unpack_with(&limits, dir, "longest.tar", &t, NULL), 0);
	CHECK_INT(unpack_with(&limits, dir, "deepest.tar", &deep, NULL), 0);
}

/* ---- evil ones ---- */

TEST(archive_refuses)
{
	static const struct {
		const char *name;
		int err;
		const char *why;
	} row[] = {
		{ "absolute.tar", -EINVAL, "/etc/passwd: an absolute name" },
		{ "absolute.zip", -EINVAL, "/etc/passwd: an absolute name" },
		{ "dotdot.tar", -EINVAL, "a/../../x: a name with . or .." },
		{ "dotdot.zip", -EINVAL, "a/../../x: a name with . or .." },
		{ "dotdot2.tar", -EINVAL, "..: a name with . or .." },
		{ "dotdot3.tar", -EINVAL, "../x: a name with . or .." },
		{ "dot.tar", -EINVAL, "a/./b: a name with . or .." },
		{ "slashes.tar", -EINVAL,
		  "a//b: a name with an empty component" },
		{ "slashes2.tar", -EINVAL, "/b: an absolute name" },
		{ "symlink.tar", -EINVAL, "l: a link" },
		{ "symlink.zip", -EINVAL, "l: a link" },
		{ "hardlink.tar", -EINVAL, "l: a link" },
		{ "device.tar", -EINVAL, "null: neither file nor directory" },
		{ "block.tar", -EINVAL, "sda: neither file nor directory" },
		{ "fifo.tar", -EINVAL, "fifo: neither file nor directory" },
		{ "pax.tar", -EINVAL, "../evil: a name with . or .." },
		{ "paxlink.tar", -EINVAL, "harmless: a link" },
		{ "twofiles.tar", -EINVAL, "a: is there twice" },
		{ "twofiles.zip", -EINVAL, "a: is there twice" },
		{ "fileoverdir.tar", -EINVAL, "d: is there twice" },
		{ "diroverfile.tar", -EINVAL,
		  "d: a directory where a file is" },
		{ "long.tar", -EINVAL,
		  "a name of 256 bytes: a name that is too long" },
		{ "longpath.tar", -EINVAL,
		  "a name of 4220 bytes: a name that is too long" },
		{ "deep.tar", -EFBIG, NULL },
		{ "latin1.tar", -EINVAL, "A\\xffB: a name that is no UTF-8" },
		{ "many.tar", -EFBIG, "f100: more members than allowed" },
		{ "implied.tar", -EFBIG, "d50: more members than allowed" },
		{ "cut.tgz", -EINVAL, NULL },
		{ "cut.tar", -EINVAL, NULL },
		{ "cut.zip", -EINVAL, NULL },
		{ "crc.zip", -EINVAL, NULL },
		{ "encrypted.zip", -EINVAL, "d/: encrypted" },
		{ "bomb.tgz", -EFBIG,
		  "zeros: unpacks to too much for what the archive holds" },
		{ "bomb.zip", -EFBIG,
		  "zeros: unpacks to too much for what the archive holds" },
		{ "bomb.csv.gz", -EFBIG,
		  "bomb.csv: unpacks to too much for what the archive holds" },
		{ "sparse.tar", -EFBIG,
		  "s: unpacks to too much for what the archive holds" },
		{ "huge.tar", -EFBIG,
		  "huge: unpacks to too much for what the archive holds" },
		{ "twice.tar.gz", -EINVAL, "compressed more than once" },
		{ "notar.tgz", -EINVAL, "notar.tgz: there is no tar in it" },
		{ "notar.tar.gz", -EINVAL,
		  "notar.tar.gz: there is no tar in it" },
		{ "text.tar", -ENOTSUP, "no archive that is known" },
		{ "nothing.tar", -ENOTSUP, "no archive that is known" },
	};
	const char *dir = made_archives();

	for (size_t i = 0; dir && i < ARRAY_SIZE(row); i++) {
		AUTO(told_release) struct told t = TOLD_INIT;
		AUTO(buf_release) struct buf why = WHY_INIT;
		int err = unpack_with(&limits, dir, row[i].name, &t, &why);

		if (err != row[i].err || !why.len || t.disordered ||
		    (row[i].why && strcmp(why.data, row[i].why) != 0)) {
			unit_fail(__FILE__, __LINE__, "%s: %d, %s\n%s",
				  row[i].name, err, why.data, t.log.data);
			return;
		}
	}
}

TEST(archive_of_more_bytes_than_allowed)
{
	const char *dir = made_archives();
	struct archive_limits few = limits;
	AUTO(told_release) struct told t = TOLD_INIT;
	AUTO(told_release) struct told all = TOLD_INIT;
	AUTO(buf_release) struct buf why = WHY_INIT;

	if (!dir)
		return;
	few.bytes = 11999; /* two files of 6000 */
	CHECK_INT(unpack_with(&few, dir, "good.tgz", &t, &why), -EFBIG);
	CHECK_STR(why.data, "e/f/b.txt: more bytes than allowed");
	few.bytes = (uint64_t)65 << 20;
	few.ratio = 0; /* any */
	CHECK_INT(unpack_with(&few, dir, "bomb.tgz", &all, NULL), 0);
	CHECK_INT(all.bytes, 64 << 20);
}

TEST(archive_sink_ends_the_work)
{
	const char *dir = made_archives();
	int at = 1;

	for (; dir && at < 100; at++) {
		AUTO(told_release) struct told t = TOLD_INIT;
		int err;

		t.fail_at = at;
		err = unpack_with(&limits, dir, "good.tgz", &t, NULL);
		if (!err)
			break;
		CHECK_INT(err, -ENOSPC);
		CHECK_INT(t.calls, at);
	}
	CHECK(!dir || at == 12);
}

TEST_STARVED(archive_without_memory)
{
	const char *dir = made_archives();
	AUTO(told_release) struct told t = TOLD_INIT;

	if (!dir || !t.seen)
		return;
	ENOUGH(unpack_with(&limits, dir, "good.tgz", &t, NULL));
}

TEST(archive_descriptor_that_cannot_be_read)
{
	const char *dir = made_archives();
	struct archive_sink sink = { 0 };
	AUTO(close_fd) int fd = -1;
	char path[300];

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/good.tgz", dir);
	fd = open(path, O_WRONLY);
	CHECK_INT(archive_unpack(fd, "good.tgz", &limits, &sink, NULL), -EIO);
	CHECK_INT(archive_unpack(-1, "good.tgz", &limits, &sink, NULL), -EIO);
}

TEST(archive_is_known_by_name_and_content)
{
	static const struct {
		const char *file, *name;
		bool known;
	} row[] = {
		{ "good.tgz", "good.tgz", true },
		{ "good.tgz", "good.TAR.GZ", true },
		{ "good.tgz", "good.bin", false },
		{ "good.zip", "good.zip", true },
		{ "good.zip", "model.pt", false },
		{ "single.csv.gz", "single.csv.gz", true },
		{ "text.tar", "text.tar", false },
		{ "nothing.tar", "nothing.tar", false },
		{ "absolute.tar", "absolute.tar", true },
	};
	const char *dir = made_archives();

	for (size_t i = 0; dir && i < ARRAY_SIZE(row); i++) {
		AUTO(close_fd) int fd = open_in(dir, row[i].file);

		CHECK_INT(archive_is_known(fd, row[i].name), row[i].known);
		CHECK_INT(lseek(fd, 0, SEEK_CUR), 0);
	}
}
