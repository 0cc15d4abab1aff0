// SPDX-License-Identifier: Apache-2.0
/*
 * A kept shot is used again for a moment, and only while nothing was written
 * anywhere (fs->changes): what a program wrote must show in its next read.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "view.h"

#define SLOTS 64
#define FRESH_NS (200 * NS_PER_MS)

struct slot {
	uint64_t ino;
	uint64_t changes; /* latest_change before it was rendered */
	int64_t rendered; /* monotonic */
	struct shot *shot;
};

struct shots {
	pthread_mutex_t lock;
	struct slot slot[SLOTS]; /* under lock */
};

int shots_init(struct fs *fs)
{
	fs->shots = calloc(1, sizeof(*fs->shots));
	if (!fs->shots)
		return -ENOMEM;
	pthread_mutex_init(&fs->shots->lock, NULL);
	return 0;
}

void shots_release(struct fs *fs)
{
	if (!fs->shots)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		shot_release(&fs->shots->slot[i].shot);
	pthread_mutex_destroy(&fs->shots->lock);
	free(fs->shots);
	fs->shots = NULL;
}

void shot_release(struct shot **shot)
{
	if (*shot && atomic_fetch_sub(&(*shot)->users, 1) == 1)
		free(*shot);
	*shot = NULL;
}

/* Held meanwhile: the reader may close the file before the answer's system call
 * has come back to us. */
void shot_reply(struct shot *shot, fuse_req_t req, size_t size, off_t off)
{
	AUTO(shot_release) struct shot *held = shot;
	size_t left = off >= 0 && (size_t)off < shot->len
			      ? shot->len - (size_t)off
			      : 0;

	atomic_fetch_add(&held->users, 1);
	fuse_reply_buf(req, left ? held->text + off : "",
		       size < left ? size : left);
}

static struct slot *slot_of(struct shots *shots, uint64_t ino)
{
	return &shots->slot[(ino * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
}

/* Nobody waits for us when he closes what he wrote (open.c): while we take what
 * a file says from it, fs->changes is still what it was. Both only grow. */
static uint64_t latest_change(struct fs *fs)
{
	return node_catch_up_all(fs->store) + atomic_load(&fs->changes);
}

static struct shot *find(struct fs *fs, uint64_t ino, uint64_t changes)
{
	HOLD(&fs->shots->lock);
	struct slot *slot = slot_of(fs->shots, ino);

	if (!slot->shot || slot->ino != ino || slot->changes != changes ||
	    clock_monotonic() - slot->rendered > FRESH_NS)
		return NULL;
	atomic_fetch_add(&slot->shot->users, 1);
	return slot->shot;
}

bool shot_is_kept(struct fs *fs, uint64_t ino)
{
	AUTO(shot_release) struct shot *shot = find(fs, ino, latest_change(fs));

	return shot;
}

static void keep(struct fs *fs, uint64_t ino, uint64_t changes,
		 struct shot *shot)
{
	AUTO(shot_release) struct shot *old = NULL;
	HOLD(&fs->shots->lock);
	struct slot *slot = slot_of(fs->shots, ino);

	old = slot->shot;
	atomic_fetch_add(&shot->users, 1);
	*slot = (struct slot){ ino, changes, clock_monotonic(), shot };
}

static int render(struct fs *fs, const struct view *v, struct shot **ret_shot)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	const struct view_row *row = view_row_of(v);
	int64_t changed = 0;
	struct shot *shot;
	int err =
		row->put ? row->put(fs, v->object, &text, &changed)
			 : row->render(fs->catalog, v->object, &text, &changed);

	if (!err)
		err = text.err;
	if (err)
		buf_clear(&text);
	shot = malloc(sizeof(*shot) + text.len + 1);
	if (!shot)
		return -ENOMEM;
	atomic_init(&shot->users, 1);
	shot->err = err;
	shot->changed = changed;
	shot->len = text.len;
	memcpy(shot->text, text.data, text.len + 1);
	*ret_shot = shot;
	return 0;
}

int shot_get(struct fs *fs, const struct view *v, struct shot **ret_shot)
{
	uint64_t ino = view_ino(v);
	uint64_t changes = latest_change(fs);
	struct shot *shot = find(fs, ino, changes);

	if (!shot) {
		int err = render(fs, v, &shot);

		if (err)
			return err;
		keep(fs, ino, changes, shot);
	}
	*ret_shot = shot;
	return 0;
}
