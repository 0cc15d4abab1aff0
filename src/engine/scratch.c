// SPDX-License-Identifier: Apache-2.0
#include "scratch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ledger.h"

#define REMOVE_TIMEOUT (10 * NS_PER_S)

/* The first program of that name in a PATH. */
static bool find_program(const char *path, const char *name,
			 struct buf *ret_program)
{
	while (*path) {
		size_t len = strcspn(path, ":");

		buf_clear(ret_program);
		if (*path == '/') {
			buf_add(ret_program, path, len);
			buf_addf(ret_program, "/%s", name);
			if (!ret_program->err &&
			    access(ret_program->data, X_OK) == 0)
				return true;
		}
		path += len + (path[len] == ':');
	}
	return false;
}

/* Scripts of old say `python`, and Debian has only python3. */
static int link_python(const char *bin, const char *path)
{
	AUTO(buf_release) struct buf program = BUF_INIT(8192);
	AUTO(buf_release) struct buf link = BUF_INIT(8192);

	if (find_program(path, "python", &program) ||
	    !find_program(path, "python3", &program))
		return 0;
	buf_addf(&link, "%s/python", bin);
	if (link.err)
		return link.err;
	return symlink(program.data, link.data) ? -errno : 0;
}

/* Till the last chown nobody else can get in. */
static int fill(const char *path, const struct run *r)
{
	AUTO(buf_release) struct buf bin = BUF_INIT(8192);
	int err;

	buf_addf(&bin, "%s/bin", path);
	if (bin.err)
		return bin.err;
	if (mkdir(bin.data, 0755))
		return -errno;
	err = link_python(bin.data, r->settings->path);
	if (err || geteuid() != 0)
		return err;
	if (lchown(bin.data, r->owner.uid, r->owner.gid) ||
	    lchown(path, r->owner.uid, r->owner.gid))
		return -errno;
	return 0;
}

int scratch_make(struct run *r, struct buf *why)
{
	AUTO(buf_release) struct buf path = BUF_INIT(4096);
	const char *tmp = getenv("TMPDIR");
	int err;

	if (r->scratch)
		return 0;
	buf_addf(&path, "%s/mlxfs-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (path.err)
		return path.err;
	if (!mkdtemp(path.data))
		return why_set(why, -errno, "cannot make %s: %s", path.data,
			       strerror(errno));
	err = value_set_string(value_find(r->record, "internal"), "scratch",
			       path.data);
	if (!err)
		err = ledger_save(r->st, r->ino, r->record);
	if (!err)
		err = fill(path.data, r);
	r->scratch = buf_take(&path);
	return err ? why_set(why, err, "cannot make the scratch directory: %s",
			     strerror(-err))
		   : 0;
}

void scratch_remove(const char *path, const struct owner *owner)
{
	const char *argv[] = { "rm", "-rf", "--", path };
	const char *env[] = { "PATH=/usr/bin:/bin" };
	const struct step_spec spec = {
		.argv = argv,
		.argc = ARRAY_SIZE(argv),
		.env = env,
		.env_count = ARRAY_SIZE(env),
		.dir = "/",
		.uid = owner->uid,
		.gid = owner->gid,
	};
	int64_t end = clock_monotonic() + REMOVE_TIMEOUT;
	struct step_process p = STEP_PROCESS_INIT;
	struct step_report r = { .event = STEP_STARTED };
	char bytes[4096];

	if (step_start(&spec, NULL, &p))
		return;
	while (r.event == STEP_STARTED && clock_monotonic() < end) {
		struct pollfd fd = { p.control, POLLIN, 0 };

		poll(&fd, 1, 1000);
		while (read(p.log, bytes, sizeof(bytes)) > 0)
			; /* complaints are of no use to anybody */
		if (step_hear(&p, &r))
			continue;
	}
	step_end(&p);
}
