// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "backing.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "dirs.h"
#include "entry.h"
#include "files.h"
#include "ops.h"
#include "view.h"
#include "work.h"

#define SWITCH "/sys/module/fuse/parameters/enable_uring"
#define THREAD_NAME "fuse-ring-"
#define SETTLE_TRIES 50
#define SETTLE_PAUSE_MS 20

/* ---- whether, and how ---- */

static const char *setting(const struct fs *fs)
{
	const char *ring = value_find_string(store_config(fs->store), "ring");

	return ring ? ring : "idle";
}

static bool kernel_allows(void)
{
	AUTO(close_fd) int fd = open(SWITCH, O_RDONLY | O_CLOEXEC);
	char said = 'N';

	return fd >= 0 && read(fd, &said, 1) == 1 && said == 'Y';
}

/* ThreadSanitizer takes a read and a write of one descriptor for an order, and
 * knows none through a ring: each handle would be a race to it. */
#ifdef __SANITIZE_THREAD__
#define RING_IS_SEEN 0
#else
#define RING_IS_SEEN 1
#endif

bool ring_is_wanted(const struct fs *fs, struct buf *why)
{
	const char *reason = NULL;
	/* YAML reads `off` as false */
	bool off = value_is(value_find(store_config(fs->store), "ring"),
			    VALUE_BOOL);

	if (off || !strcmp(setting(fs), "off"))
		reason = "config.yaml says so";
	else if (!RING_KNOWN)
		reason = "this libfuse has none, or an unsafe one";
	else if (!RING_IS_SEEN)
		reason = "ThreadSanitizer could not follow";
	else if (fs->uid)
		reason = "it goes with kernel passthrough only";
	else if (!kernel_allows())
		reason = "the kernel's switch " SWITCH " is off";
	return reason ? why_set(why, 0, "%s", reason) : true;
}

static int policy_of(const char *name)
{
	if (!strcmp(name, "other"))
		return SCHED_OTHER;
	return strcmp(name, "batch") ? SCHED_IDLE : SCHED_BATCH;
}

static bool is_ring_thread(const char *tid)
{
	char path[64], name[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, name, sizeof(name) - 1) < 0)
		name[0] = 0;
	close(fd);
	return !strncmp(name, THREAD_NAME, strlen(THREAD_NAME));
}

/* How many ring threads there are; each gets the class. */
static unsigned int set_class(int policy)
{
	struct sched_param param = { .sched_priority = 0 };
	DIR *tasks = opendir("/proc/self/task");
	unsigned int found = 0;
	struct dirent *e;

	while (tasks && (e = readdir(tasks))) {
		if (!is_ring_thread(e->d_name))
			continue;
		found++;
		if (sched_setscheduler(atoi(e->d_name), policy, &param))
			log_error("ring: %s", strerror(errno));
	}
	if (tasks)
		closedir(tasks);
	return found;
}

/*
 * A ring thread is pinned to its CPU. When a caller is to be woken there, the
 * scheduler sees that CPU as taken and moves the caller to another one, with
 * an interrupt and cold caches; a CPU that runs only SCHED_IDLE threads counts
 * as free, and the caller stays.
 */
void ring_settle(struct fs *fs)
{
	struct timespec pause = { 0, SETTLE_PAUSE_MS * 1000000L };
	unsigned int all = (unsigned int)get_nprocs_conf();
	unsigned int found = 0;

	for (int i = 0; i < SETTLE_TRIES && found < all; i++) {
		if (i)
			nanosleep(&pause, NULL);
		found = set_class(policy_of(setting(fs)));
	}
	fs->rings = found;
	if (found)
		log_info("io_uring: %u queues, scheduled as %s", found,
			 setting(fs));
	else
		log_info("requests by /dev/fuse: io_uring did not start");
}

/* ---- what can block, to a worker ---- */

struct put_off {
	struct job job;
	void (*op)(struct put_off *p);
	fuse_req_t req;
	fuse_ino_t ino, other_ino;
	bool has_fi;
	struct fuse_file_info fi, other_fi;
	struct stat attr;
	off_t off, other_off;
	size_t size;
	int mode;    /* of a new file; or to_set, whence, flags */
	char *bytes; /* owned */
	char name[NAME_MAX + 1];
};

static void run_put_off(struct job *job)
{
	struct put_off *p = (struct put_off *)job;

	p->op(p);
	free(p->bytes);
	free(p);
}

static struct fuse_file_info *fi_of(struct put_off *p)
{
	return p->has_fi ? &p->fi : NULL;
}

#if RING_KNOWN
bool ring_brought(fuse_req_t req)
{
	return fuse_req_is_uring(req);
}
#else
bool ring_brought(fuse_req_t req)
{
	(void)req;
	return false;
}
#endif

/* NULL: do it here (no memory for later). */
static struct put_off *put_off_new(fuse_req_t req, fuse_ino_t ino,
				   const struct fuse_file_info *fi,
				   void (*op)(struct put_off *p))
{
	struct put_off *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->job.run = run_put_off;
	p->op = op;
	p->req = req;
	p->ino = ino;
	p->has_fi = fi != NULL;
	if (fi)
		p->fi = *fi;
	return p;
}

static void put_off(struct put_off *p)
{
	work_put(fs_of(p->req)->work, &p->job);
}

/* ---- the wrappers ---- */

static void do_lookup(struct put_off *p)
{
	entry_lookup(p->req, p->ino, p->name);
}

void ring_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	bool later = view_is(parent) && ring_brought(req) &&
		     strlen(name) <= NAME_MAX &&
		     !view_finds_quickly(fs_of(req), parent, name);
	struct put_off *p =
		later ? put_off_new(req, parent, NULL, do_lookup) : NULL;

	if (!p) {
		entry_lookup(req, parent, name);
		return;
	}
	strcpy(p->name, name);
	put_off(p);
}

static void do_getattr(struct put_off *p)
{
	ops_getattr(p->req, p->ino, fi_of(p));
}

void ring_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	bool later = view_is(ino) && ring_brought(req) &&
		     !view_is_quick(fs_of(req), ino);
	struct put_off *p =
		later ? put_off_new(req, ino, fi, do_getattr) : NULL;

	if (p)
		put_off(p);
	else
		ops_getattr(req, ino, fi);
}

static void do_setattr(struct put_off *p)
{
	ops_setattr(p->req, p->ino, &p->attr, p->mode, fi_of(p));
}

void ring_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		  struct fuse_file_info *fi)
{
	bool later = (view_is(ino) || to_set & FUSE_SET_ATTR_SIZE) &&
		     ring_brought(req);
	struct put_off *p =
		later ? put_off_new(req, ino, fi, do_setattr) : NULL;

	if (!p) {
		ops_setattr(req, ino, attr, to_set, fi);
		return;
	}
	p->attr = *attr;
	p->mode = to_set;
	put_off(p);
}

static void do_readlink(struct put_off *p)
{
	ops_readlink(p->req, p->ino);
}

void ring_readlink(fuse_req_t req, fuse_ino_t ino)
{
	bool later = view_is(ino) && ring_brought(req);
	struct put_off *p =
		later ? put_off_new(req, ino, NULL, do_readlink) : NULL;

	if (p)
		put_off(p);
	else
		ops_readlink(req, ino);
}

static void do_open(struct put_off *p)
{
	files_open(p->req, p->ino, &p->fi);
}

/* A blob that the kernel does not have yet is found on the disk; one that is
 * shared is copied there. */
static bool may_block(fuse_req_t req, uint64_t ino,
		      const struct fuse_file_info *fi)
{
	if (view_is(ino))
		return !view_is_quick(fs_of(req), ino) ||
		       (fi->flags & O_ACCMODE) != O_RDONLY;
	return fi->flags & (O_TRUNC | O_DSYNC) ||
	       !backing_is_known(fs_of(req), ino) ||
	       ((fi->flags & O_ACCMODE) != O_RDONLY &&
		content_is_shared(fs_of(req)->store, ino));
}

void ring_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	bool later = ring_brought(req) && may_block(req, ino, fi);
	struct put_off *p = later ? put_off_new(req, ino, fi, do_open) : NULL;

	if (p)
		put_off(p);
	else
		files_open(req, ino, fi);
}

static void do_create(struct put_off *p)
{
	entry_create(p->req, p->ino, p->name, (mode_t)p->mode, &p->fi);
}

/* With O_SYNC it waits for the new name to be on the disk. */
void ring_create(fuse_req_t req, fuse_ino_t parent, const char *name,
		 mode_t mode, struct fuse_file_info *fi)
{
	bool later = fi->flags & O_DSYNC && ring_brought(req) &&
		     strlen(name) <= NAME_MAX;
	struct put_off *p =
		later ? put_off_new(req, parent, fi, do_create) : NULL;

	if (!p) {
		entry_create(req, parent, name, mode, fi);
		return;
	}
	p->mode = (int)mode;
	strcpy(p->name, name);
	put_off(p);
}

static void do_readdir(struct put_off *p)
{
	dirs_readdir(p->req, p->ino, p->size, p->off, &p->fi);
}

static void do_readdirplus(struct put_off *p)
{
	dirs_readdirplus(p->req, p->ino, p->size, p->off, &p->fi);
}

static struct put_off *list_later(fuse_req_t req, fuse_ino_t ino, size_t size,
				  off_t off, struct fuse_file_info *fi,
				  void (*op)(struct put_off *p))
{
	bool later = view_is(ino) && ring_brought(req);
	struct put_off *p = later ? put_off_new(req, ino, fi, op) : NULL;

	if (p) {
		p->size = size;
		p->off = off;
		put_off(p);
	}
	return p;
}

void ring_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		  struct fuse_file_info *fi)
{
	if (!list_later(req, ino, size, off, fi, do_readdir))
		dirs_readdir(req, ino, size, off, fi);
}

void ring_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	if (!list_later(req, ino, size, off, fi, do_readdirplus))
		dirs_readdirplus(req, ino, size, off, fi);
}

static void do_fallocate(struct put_off *p)
{
	files_fallocate(p->req, p->ino, p->mode, p->off, p->other_off, &p->fi);
}

void ring_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
		    off_t length, struct fuse_file_info *fi)
{
	struct put_off *p = ring_brought(req)
				    ? put_off_new(req, ino, fi, do_fallocate)
				    : NULL;

	if (!p) {
		files_fallocate(req, ino, mode, offset, length, fi);
		return;
	}
	p->mode = mode;
	p->off = offset;
	p->other_off = length;
	put_off(p);
}

static void do_lseek(struct put_off *p)
{
	files_lseek(p->req, p->ino, p->off, p->mode, &p->fi);
}

void ring_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		struct fuse_file_info *fi)
{
	struct put_off *p =
		ring_brought(req) ? put_off_new(req, ino, fi, do_lseek) : NULL;

	if (!p) {
		files_lseek(req, ino, off, whence, fi);
		return;
	}
	p->off = off;
	p->mode = whence;
	put_off(p);
}

static void do_write(struct put_off *p)
{
	files_write(p->req, p->ino, p->bytes, p->size, p->off, &p->fi);
}

/* A file that got the blob of another one is copied with its first write. */
void ring_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
		off_t off, struct fuse_file_info *fi)
{
	bool later = !view_is(ino) && ring_brought(req) &&
		     content_is_shared(fs_of(req)->store, ino);
	char *bytes = later ? malloc(size) : NULL;
	struct put_off *p = bytes ? put_off_new(req, ino, fi, do_write) : NULL;

	if (!p) {
		free(bytes);
		files_write(req, ino, buf, size, off, fi);
		return;
	}
	memcpy(bytes, buf, size);
	p->bytes = bytes;
	p->size = size;
	p->off = off;
	put_off(p);
}

static void do_copy(struct put_off *p)
{
	files_copy(p->req, p->ino, p->off, &p->fi, p->other_ino, p->other_off,
		   &p->other_fi, p->size, p->mode);
}

void ring_copy(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	       struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	       struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct put_off *p = ring_brought(req)
				    ? put_off_new(req, ino_in, fi_in, do_copy)
				    : NULL;

	if (!p) {
		files_copy(req, ino_in, off_in, fi_in, ino_out, off_out, fi_out,
			   len, flags);
		return;
	}
	p->off = off_in;
	p->other_ino = ino_out;
	p->other_off = off_out;
	p->other_fi = *fi_out;
	p->size = len;
	p->mode = flags;
	put_off(p);
}
