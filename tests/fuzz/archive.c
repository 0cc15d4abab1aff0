// SPDX-License-Identifier: Apache-2.0
/* Whatever an archive holds, the sink hears of paths that stay below, parents
 * first, each once, and of no more bytes and members than allowed. */
#include "ext/archive.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "base/value.h"
#include "fuzz.h"

static const struct archive_limits limits = {
	.bytes = 1 << 20, .members = 200, .ratio = 100, .depth = 8
};

struct heard {
	struct value *seen; /* null for directories, true for files */
	uint64_t bytes;
	bool is_open;
};

static void check_path(const struct heard *h, const char *path)
{
	char parent[4096];
	char *slash;

	REQUIRE(!h->is_open);
	REQUIRE(!value_find(h->seen, path));
	REQUIRE(h->seen->count < limits.members);
	REQUIRE(*path && *path != '/' && strlen(path) < sizeof(parent));
	REQUIRE(name_is_utf8(path, strlen(path)));
	snprintf(parent, sizeof(parent), "/%s/", path);
	REQUIRE(!strstr(parent, "//") && !strstr(parent, "/./") &&
		!strstr(parent, "/../"));
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash)
		return;
	*slash = 0;
	REQUIRE(value_is(value_find(h->seen, parent), VALUE_NULL));
}

static int on_directory(void *arg, const char *path, mode_t mode)
{
	struct heard *h = arg;

	check_path(h, path);
	REQUIRE(!(mode & ~(mode_t)0777));
	return value_set(h->seen, path, value_new_null());
}

static int on_file(void *arg, const char *path, mode_t mode, int64_t mtime_ns,
		   int64_t size)
{
	struct heard *h = arg;

	(void)mtime_ns;
	check_path(h, path);
	REQUIRE(!(mode & ~(mode_t)0777));
	REQUIRE(size >= -1 && size <= (int64_t)limits.bytes);
	h->is_open = true;
	return value_set_bool(h->seen, path, true);
}

static int on_data(void *arg, const void *bytes, size_t len)
{
	struct heard *h = arg;

	(void)bytes;
	h->bytes += len;
	REQUIRE(h->is_open);
	REQUIRE(h->bytes <= limits.bytes);
	return 0;
}

static int on_file_end(void *arg)
{
	struct heard *h = arg;

	REQUIRE(h->is_open);
	h->is_open = false;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(close_fd) int fd = memfd_create("archive", MFD_CLOEXEC);
	AUTO(value_release) struct value *seen = value_new_map();
	AUTO(buf_release) struct buf why = WHY_INIT;
	struct heard h = { .seen = seen };
	struct archive_sink sink = { on_directory, on_file, on_data,
				     on_file_end, &h };
	int err;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		return 0;
	err = archive_unpack(fd, "file.csv.gz", &limits, &sink, &why);
	REQUIRE(!err == !why.len || err == -ENOMEM);
	if (!archive_is_known(fd, "file.csv.gz"))
		REQUIRE(err);
	return 0;
}
