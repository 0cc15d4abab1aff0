// SPDX-License-Identifier: Apache-2.0
#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

#define SLOTS 16384u /* chains of the table */
/* Kept registered though nobody has it open: each pins the blob's inode, which
 * is about 1.5 KB of the kernel's memory. */
#define IDLE_MOST 16384u

struct backing {
	struct backing *next; /* in its chain */
	uint64_t ino, blob;   /* blob 0: not the file's any more */
	int id;
	unsigned int users;
};

struct backings {
	pthread_mutex_t lock;
	struct backing *chain[SLOTS]; /* under lock, as all below */
	unsigned int count, idle;
	unsigned int hand;    /* the chain to give up from next */
	unsigned int retired; /* in some chains are some to be dropped */
};

/* What libfuse's calls do, which want a request (linux/fuse.h, since 6.9). */
struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};
#define BACKING_OPEN _IOW(229, 1, struct backing_map)
#define BACKING_CLOSE _IOW(229, 2, uint32_t)

/* What is registered stays open. As a reader or writer it would hide from the
 * store whether anybody else is one (blob_is_unused); the kernel opens the blob
 * anew for each user anyhow. These two are a store_lender's. */
static int register_blob(void *arg, int fd)
{
	const struct fs *fs = arg;
	AUTO(close_fd) int unseen = -1;
	struct backing_map map = { 0 };
	char path[32];
	int id;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	unseen = open(path, O_PATH | O_CLOEXEC);
	map.fd = unseen < 0 ? fd : unseen;
	id = ioctl(fuse_session_fd(fs->session), BACKING_OPEN, &map);
	return id > 0 ? id : -EIO;
}

static void unregister(void *arg, int id)
{
	const struct fs *fs = arg;
	uint32_t number = (uint32_t)id;

	(void)ioctl(fuse_session_fd(fs->session), BACKING_CLOSE, &number);
}

void backing_lend(struct fs *fs)
{
	const struct store_lender lender = { register_blob, unregister, fs };

	store_lend(fs->store, &lender);
}

void backing_lend_no_more(struct fs *fs)
{
	const struct store_lender nobody = { NULL, NULL, NULL };

	store_lend(fs->store, &nobody);
}

int backings_init(struct fs *fs)
{
	fs->backings = calloc(1, sizeof(*fs->backings));
	if (!fs->backings)
		return -ENOMEM;
	pthread_mutex_init(&fs->backings->lock, NULL);
	return 0;
}

/* The kernel gives all of them up with the connection. */
void backings_release(struct fs *fs)
{
	struct backings *all = fs->backings;

	for (unsigned int i = 0; all && i < SLOTS; i++) {
		while (all->chain[i]) {
			struct backing *b = all->chain[i];

			all->chain[i] = b->next;
			free(b);
		}
	}
	free(all);
	fs->backings = NULL;
}

static struct backing **place_of(struct backings *all, uint64_t ino)
{
	uint64_t mixed = ino * UINT64_C(0x9e3779b97f4a7c15);
	struct backing **at = &all->chain[(mixed >> 32) % SLOTS];

	while (*at && (*at)->ino != ino)
		at = &(*at)->next;
	return at;
}

static void drop(struct fs *fs, struct backings *all, struct backing **at)
{
	struct backing *b = *at;

	*at = b->next;
	all->count--;
	all->idle--;
	unregister(fs, b->id);
	free(b);
}

/* Those that nobody has open, of files that have another blob since. */
static void drop_retired(struct fs *fs, struct backings *all)
{
	for (unsigned int i = 0; all->retired && i < SLOTS; i++) {
		struct backing **at = &all->chain[i];

		while (*at) {
			if (!(*at)->users && !(*at)->blob)
				drop(fs, all, at);
			else
				at = &(*at)->next;
		}
	}
	all->retired = 0;
}

/* Registering is done with the lock held: two opens at once must not get two
 * numbers. It is a short system call, and the content is open already. */
static int add(struct fs *fs, struct backings *all, struct backing **at,
	       uint64_t ino, uint64_t blob, int fd, int lent)
{
	struct backing *b = calloc(1, sizeof(*b));
	int id = lent;

	if (!b)
		id = -ENOMEM;
	else if (!lent)
		id = register_blob(fs, fd);
	if (id < 0) {
		free(b);
		return id;
	}
	*b = (struct backing){ .ino = ino, .blob = blob, .id = id, .users = 1 };
	*at = b;
	all->count++;
	return id;
}

/* What is registered for an earlier blob has no users: a file that is passed
 * through keeps its blob. */
static struct backing **place_for(struct fs *fs, struct backings *all,
				  uint64_t ino, uint64_t blob)
{
	struct backing **at;

	drop_retired(fs, all);
	at = place_of(all, ino);
	if (!*at || (*at)->blob == blob || (*at)->users)
		return at;
	drop(fs, all, at);
	return place_of(all, ino);
}

static int find(struct fs *fs, struct backings *all, uint64_t ino,
		uint64_t blob)
{
	HOLD(&all->lock);
	struct backing *b = *place_for(fs, all, ino, blob);

	if (!b || b->blob != blob)
		return -ENOENT;
	all->idle -= !b->users++;
	return b->id;
}

static int find_or_add(struct fs *fs, struct backings *all, uint64_t ino,
		       uint64_t blob, int fd, int lent)
{
	HOLD(&all->lock);
	struct backing **at = place_for(fs, all, ino, blob);

	if (!*at)
		return add(fs, all, at, ino, blob, fd, lent);
	if (lent)
		unregister(fs, lent);
	if ((*at)->blob != blob)
		return -EIO; /* a fault of ours: it has users */
	all->idle -= !(*at)->users++;
	return (*at)->id;
}

int backing_get(struct fs *fs, uint64_t ino, struct content *c, int *ret_id)
{
	struct backings *all = fs->backings;
	uint64_t blob;
	int id = -ENOENT;
	int fd = -1;
	int err;

	if (content_is_lent(c, &blob) && blob)
		id = find(fs, all, ino, blob);
	if (id < 0) {
		err = content_get_blob(c, &blob, &fd);
		if (err)
			return err;
		id = find_or_add(fs, all, ino, blob, fd, content_take_lent(c));
	}
	if (id < 0)
		return id;
	*ret_id = id;
	return 0;
}

bool backing_is_known(struct fs *fs, uint64_t ino)
{
	HOLD(&fs->backings->lock);

	return *place_of(fs->backings, ino);
}

void backing_put(struct fs *fs, uint64_t ino)
{
	HOLD(&fs->backings->lock);
	struct backing *b = *place_of(fs->backings, ino);

	if (b && b->users)
		fs->backings->idle += !--b->users;
}

void backing_retire(struct fs *fs, uint64_t ino, uint64_t blob)
{
	HOLD(&fs->backings->lock);
	struct backing *b = *place_of(fs->backings, ino);

	if (!b || b->blob != blob)
		return;
	b->blob = 0;
	fs->backings->retired++;
}

void backing_drop(struct fs *fs, uint64_t ino)
{
	struct backings *all = fs->backings;
	HOLD(&all->lock);
	struct backing **at = place_of(all, ino);

	if (*at && !(*at)->users)
		drop(fs, all, at);
}

static bool is_gone(struct fs *fs, uint64_t ino)
{
	struct node_attr attr;

	return node_get(fs->store, ino, &attr) == -ESTALE;
}

/* A round over the chains, one of them a call: about the oldest go first. */
void backing_tidy(struct fs *fs)
{
	struct backings *all = fs->backings;
	HOLD(&all->lock);
	struct backing **at = &all->chain[all->hand++ % SLOTS];
	bool many = all->idle > IDLE_MOST;

	drop_retired(fs, all);
	while (*at) {
		if (!(*at)->users && (many || is_gone(fs, (*at)->ino)))
			drop(fs, all, at);
		else
			at = &(*at)->next;
	}
}

uint64_t backing_count(struct fs *fs)
{
	HOLD(&fs->backings->lock);

	return fs->backings->count;
}
