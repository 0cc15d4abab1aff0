// SPDX-License-Identifier: Apache-2.0
#include "notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backing.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "store/record.h"
#include "wait.h"

/* Items are dropped beyond this; the kernel then believes old names for as long
 * as it caches them, which is said in the log. */
#define QUEUE_MOST (1u << 20)

struct item {
	struct item *next;
	enum store_event_type type;
	uint64_t ino;	 /* or the run, of EVENT_RECORD */
	struct job *job; /* instead of an event */
	char name[];
};

struct notify {
	struct fs *fs;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t quiet;
	struct item *first;  /* under lock */
	struct item **end;   /* under lock */
	struct item *last;   /* under lock */
	unsigned int length; /* under lock */
	bool telling;	     /* under lock: a call into the kernel is made */
	bool disarmed;	     /* under lock */
	bool stop;	     /* under lock */
	bool lost;	     /* under lock: the ceiling was met */
};

static struct item *take(struct notify *n)
{
	HOLD(&n->lock);
	struct item *item;

	while (!n->first && !n->stop)
		pthread_cond_wait(&n->more, &n->lock);
	item = n->first;
	if (!item)
		return NULL;
	n->first = item->next;
	if (!n->first) {
		n->end = &n->first;
		n->last = NULL;
	}
	n->length--;
	return item;
}

static bool begin(struct notify *n)
{
	HOLD(&n->lock);
	n->telling = !n->disarmed;
	return n->telling;
}

static void end(struct notify *n)
{
	HOLD(&n->lock);
	n->telling = false;
	pthread_cond_broadcast(&n->quiet);
}

/* Errors are expected: ENOENT is a name that the kernel never heard of. */
static void tell(struct notify *n, const struct item *item)
{
	struct fuse_session *se = n->fs->session;

	if (!begin(n))
		return;
	switch (item->type) {
	case EVENT_ENTRY:
		fuse_lowlevel_notify_inval_entry(se, item->ino, item->name,
						 strlen(item->name));
		/* the listing that is kept, also where the name is new */
		fuse_lowlevel_notify_inval_inode(se, item->ino, 0, 0);
		break;
	case EVENT_ATTR:
		fuse_lowlevel_notify_inval_inode(se, item->ino, -1, 0);
		break;
	case EVENT_DATA:
		/* a file that is passed through has no pages there, but the
		 * attributes */
		fuse_lowlevel_notify_inval_inode(se, item->ino, 0, 0);
		break;
	case EVENT_BLOB:
	case EVENT_RECORD:
		break;
	}
	end(n);
}

static void report_lost(struct notify *n)
{
	bool lost;
	{
		HOLD(&n->lock);
		lost = n->lost;
		n->lost = false;
	}
	if (lost)
		log_error("the kernel is slow to take news: some are lost");
}

static void *serve(void *arg)
{
	struct notify *n = arg;
	struct item *item;

	while ((item = take(n))) {
		report_lost(n);
		if (item->job)
			work_put(n->fs->answerer, item->job);
		else if (item->type == EVENT_RECORD)
			wait_check(n->fs, item->ino);
		else
			tell(n, item);
		free(item);
	}
	return NULL;
}

static bool is_same(const struct item *a, const struct item *b)
{
	return !a->job && !b->job && a->type == b->type && a->ino == b->ino &&
	       !strcmp(a->name, b->name);
}

/* Repeats of the last item are left out: a log that grows line by line. */
static bool queue(struct notify *n, struct item *item)
{
	HOLD(&n->lock);
	if (n->last && is_same(n->last, item))
		return false;
	if (n->length >= QUEUE_MOST && !item->job) {
		n->lost = true;
		return false;
	}
	item->next = NULL;
	*n->end = item;
	n->end = &item->next;
	n->last = item;
	n->length++;
	pthread_cond_signal(&n->more);
	return true;
}

static struct item *item_new(enum store_event_type type, uint64_t ino,
			     const char *name)
{
	size_t len = strlen(name);
	struct item *item = calloc(1, sizeof(*item) + len + 1);

	if (!item)
		return NULL;
	item->type = type;
	item->ino = ino;
	memcpy(item->name, name, len);
	return item;
}

static void add(struct fs *fs, enum store_event_type type, uint64_t ino,
		const char *name)
{
	struct item *item = item_new(type, ino, name);

	fs_touch(fs);
	if (!item || !queue(fs->notify, item))
		free(item);
}

void notify_changed(void *arg, const struct store_event *event)
{
	struct fs *fs = arg;

	if (event->type == EVENT_BLOB)
		backing_retire(fs, event->ino, event->key);
	else if (event->type != EVENT_RECORD)
		add(fs, event->type, event->ino,
		    event->type == EVENT_ENTRY ? event->name : "");
	else if (event->record == RECORD_RUN)
		add(fs, EVENT_RECORD, event->key, "");
	else
		fs_touch(fs);
}

void notify_entry(struct fs *fs, uint64_t dir, const char *name)
{
	add(fs, EVENT_ENTRY, dir, name);
}

void notify_data(struct fs *fs, uint64_t ino)
{
	add(fs, EVENT_DATA, ino, "");
}

void notify_put(struct fs *fs, struct job *take_job)
{
	struct item *item = item_new(EVENT_RECORD, 0, "");

	if (!item) {
		take_job->run(take_job);
		return;
	}
	item->job = take_job;
	queue(fs->notify, item);
}

int notify_start(struct fs *fs, struct notify **ret_notify)
{
	struct notify *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	n->fs = fs;
	n->end = &n->first;
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->more, NULL);
	pthread_cond_init(&n->quiet, NULL);
	err = pthread_create(&n->thread, NULL, serve, n);
	if (err) {
		free(n);
		return -err;
	}
	*ret_notify = n;
	return 0;
}

void notify_disarm(struct notify *n)
{
	HOLD(&n->lock);
	n->disarmed = true;
	while (n->telling)
		pthread_cond_wait(&n->quiet, &n->lock);
}

static void tell_end(struct notify *n)
{
	HOLD(&n->lock);
	n->stop = true;
	pthread_cond_signal(&n->more);
}

void notify_stop(struct notify *n)
{
	if (!n)
		return;
	tell_end(n);
	pthread_join(n->thread, NULL);
	pthread_cond_destroy(&n->quiet);
	pthread_cond_destroy(&n->more);
	pthread_mutex_destroy(&n->lock);
	free(n);
}
