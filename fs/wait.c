// SPDX-License-Identifier: Apache-2.0
/*
 * A reader who has to wait is kept in a list and takes no thread. It is listed
 * `held` first, so that nobody answers it (and libfuse frees the request)
 * before its interrupt function is set; an interrupt in between is only noted.
 *
 * The notifier has them answered, after what the runner changed before the
 * final state was told to the kernel: `cat wait; cat ../status` then agree.
 *
 * Over io_uring no interrupt function is called: libfuse looks for what is to
 * be interrupted among the requests of /dev/fuse only, and the kernel forgets
 * an interrupt that is as early as its request, or is put off. So while any
 * such reader waits, a thread looks whether a signal waits for him.
 */
#include "wait.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/run.h"
#include "notify.h"
#include "pending.h"
#include "ring.h"
#include "store/record.h"

#define LOOK_NS (250 * NS_PER_MS)

struct waiter {
	struct job job; /* once it is off the list */
	struct fs *fs;
	int err;
	struct waiter *next;
	fuse_req_t req;
	struct handle *h;
	struct view view;
	size_t size;
	off_t off;
	uint64_t number; /* of all who ever waited */
	bool watched;	 /* came by io_uring */
	pid_t tid;
	bool held;	  /* under lock */
	bool interrupted; /* under lock */
	bool signalled;	  /* under lock: at the last look */
};

struct waits {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t watcher;
	struct waiter *first; /* under lock */
	bool ended;	      /* under lock */
	unsigned int watched; /* under lock: of those listed */
	uint64_t numbers;     /* under lock */
};

/* ---- answering ---- */

/* The first who is here keeps what it says for the rest of the open file. */
static int answer(struct fs *fs, fuse_req_t req, struct handle *h,
		  const struct view *v, size_t size, off_t off)
{
	struct shot *shot = atomic_load(&h->shot), *none = NULL;

	if (!shot) {
		int err = shot_get(fs, v, &shot);

		if (err)
			return err;
		if (!atomic_compare_exchange_strong(&h->shot, &none, shot)) {
			shot_release(&shot);
			shot = none;
		}
	}
	shot_reply(shot, req, size, off);
	return 0;
}

static void answer_waiter(struct job *job)
{
	struct waiter *w = (struct waiter *)job;
	int err = w->err;

	if (!err)
		err = answer(w->fs, w->req, w->h, &w->view, w->size, w->off);
	if (err)
		fuse_reply_err(w->req, -err);
	free(w);
}

/* w is off the list. */
static void finish(struct fs *fs, struct waiter *w, int err)
{
	w->err = err;
	w->job.run = answer_waiter;
	work_put(fs->answerer, &w->job);
}

/* (under lock) */
static struct waiter *unlist(struct waits *waits, struct waiter **at)
{
	struct waiter *w = *at;

	*at = w->next;
	waits->watched -= w->watched;
	return w;
}

/* Take a waiter that `fits` off the list, or NULL. */
static struct waiter *take(struct waits *waits,
			   bool (*fits)(const struct waiter *w,
					const void *arg),
			   const void *arg)
{
	HOLD(&waits->lock);
	for (struct waiter **at = &waits->first; *at; at = &(*at)->next) {
		if (!(*at)->held && fits(*at, arg))
			return unlist(waits, at);
	}
	return NULL;
}

static bool is_of_run(const struct waiter *w, const void *arg)
{
	return w->view.object == *(const uint64_t *)arg;
}

static bool is_of_request(const struct waiter *w, const void *arg)
{
	return w->req == *(const fuse_req_t *)arg;
}

static bool is_any(const struct waiter *w, const void *arg)
{
	(void)w;
	(void)arg;
	return true;
}

/* 0: it is over; -EAGAIN: not yet. A run that was removed is over. */
static int is_over(struct fs *fs, uint64_t run)
{
	bool final;

	return run_is_final(fs->catalog, run, &final) || final ? 0 : -EAGAIN;
}

void wait_check(struct fs *fs, uint64_t run)
{
	struct waiter *w;

	if (is_over(fs, run))
		return;
	while ((w = take(fs->waits, is_of_run, &run)))
		finish(fs, w, 0);
}

/* ---- interrupts ---- */

static void note(struct waits *waits, fuse_req_t req)
{
	HOLD(&waits->lock);
	for (struct waiter *w = waits->first; w; w = w->next) {
		if (w->req == req)
			w->interrupted = true;
	}
}

/* libfuse calls it with the request's own lock held; the request is not freed
 * meanwhile. */
static void interrupt(fuse_req_t req, void *data)
{
	struct fs *fs = data;
	struct waiter *w = take(fs->waits, is_of_request, &req);

	if (w)
		finish(fs, w, -EINTR);
	else
		note(fs->waits, req);
}

/* Those who came by io_uring. */
struct watched {
	uint64_t number;
	pid_t tid;
};

static unsigned int list_watched(struct waits *waits,
				 struct watched ret_them[RING_WAITS])
{
	HOLD(&waits->lock);
	unsigned int n = 0;

	for (struct waiter *w = waits->first; w; w = w->next) {
		if (w->watched)
			ret_them[n++] = (struct watched){ w->number, w->tid };
	}
	return n;
}

/* Off the list, who was seen with a signal twice: one that another thread of
 * his process takes may be seen once. */
static struct waiter *judge(struct waits *waits, uint64_t number,
			    bool signalled)
{
	HOLD(&waits->lock);
	for (struct waiter **at = &waits->first; *at; at = &(*at)->next) {
		struct waiter *w = *at;
		bool before = w->signalled;

		if (w->number != number)
			continue;
		w->signalled = signalled;
		return signalled && before && !w->held ? unlist(waits, at)
						       : NULL;
	}
	return NULL;
}

static void look_at_all(struct fs *fs)
{
	struct watched them[RING_WAITS];
	unsigned int n = list_watched(fs->waits, them);

	for (unsigned int i = 0; i < n; i++) {
		struct waiter *w = judge(fs->waits, them[i].number,
					 pending_signal(them[i].tid));

		if (w)
			finish(fs, w, -EINTR);
	}
}

/* False: it is over. */
static bool pause_before_look(struct waits *waits)
{
	HOLD(&waits->lock);
	struct timespec until;
	int err = 0;

	while (!waits->watched && !waits->ended)
		pthread_cond_wait(&waits->changed, &waits->lock);
	until = clock_to_timespec(clock_monotonic() + LOOK_NS);
	while (!waits->ended && !err)
		err = pthread_cond_clockwait(&waits->changed, &waits->lock,
					     CLOCK_MONOTONIC, &until);
	return !waits->ended;
}

static void *watch(void *arg)
{
	struct fs *fs = arg;

	while (pause_before_look(fs->waits))
		look_at_all(fs);
	return NULL;
}

/* ---- waiting ---- */

/* -EINTR at the end; -EAGAIN: no more of them fit beside other requests. */
static int put_held(struct waits *waits, struct waiter *w)
{
	HOLD(&waits->lock);
	if (waits->ended)
		return -EINTR;
	if (w->watched && waits->watched == RING_WAITS)
		return -EAGAIN;
	waits->watched += w->watched;
	w->number = ++waits->numbers;
	pthread_cond_signal(&waits->changed);
	w->held = true;
	w->next = waits->first;
	waits->first = w;
	return 0;
}

/* Was it interrupted meanwhile? Then it is the caller's again. */
static bool let_go(struct waits *waits, struct waiter *w)
{
	HOLD(&waits->lock);
	w->held = false;
	if (!w->interrupted)
		return true;
	for (struct waiter **at = &waits->first; *at; at = &(*at)->next) {
		if (*at == w) {
			unlist(waits, at);
			break;
		}
	}
	return false;
}

static void wait_for(struct fs *fs, struct waiter *w)
{
	uint64_t run = w->view.object;
	int err = put_held(fs->waits, w);

	if (err) {
		finish(fs, w, err);
		return;
	}
	fuse_req_interrupt_func(w->req, interrupt, fs);
	if (!let_go(fs->waits, w)) {
		finish(fs, w, -EINTR);
		return;
	}
	/* it may have become final before it was listed */
	notify_changed(fs, &(struct store_event){ .type = EVENT_RECORD,
						  .record = RECORD_RUN,
						  .key = run });
}

void wait_read(fuse_req_t req, struct handle *h, size_t size, off_t off)
{
	struct fs *fs = fs_of(req);
	struct waiter *w;
	struct view v;
	int err = view_get(fs, h->ino, &v);

	if (!err && (atomic_load(&h->shot) || !is_over(fs, v.object)))
		err = answer(fs, req, h, &v, size, off);
	else if (!err)
		err = 1;
	if (err < 0)
		fuse_reply_err(req, -err);
	if (err <= 0)
		return;
	w = calloc(1, sizeof(*w));
	if (!w) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*w = (struct waiter){ .fs = fs,
			      .req = req,
			      .h = h,
			      .view = v,
			      .size = size,
			      .off = off,
			      .watched = ring_brought(req),
			      .tid = fuse_req_ctx(req)->pid };
	wait_for(fs, w);
}

void wait_end_all(struct fs *fs)
{
	struct waiter *w;
	{
		HOLD(&fs->waits->lock);
		fs->waits->ended = true;
		pthread_cond_signal(&fs->waits->changed);
	}
	while ((w = take(fs->waits, is_any, NULL)))
		finish(fs, w, -EINTR);
}

/* ---- all of them ---- */

int waits_start(struct fs *fs)
{
	struct waits *waits = calloc(1, sizeof(*waits));
	int err;

	if (!waits)
		return -ENOMEM;
	pthread_mutex_init(&waits->lock, NULL);
	pthread_cond_init(&waits->changed, NULL);
	fs->waits = waits;
	err = pthread_create(&waits->watcher, NULL, watch, fs);
	if (err) {
		fs->waits = NULL;
		free(waits);
	}
	return -err;
}

void waits_stop(struct fs *fs)
{
	if (!fs->waits)
		return;
	wait_end_all(fs);
	pthread_join(fs->waits->watcher, NULL);
}

void waits_release(struct fs *fs)
{
	if (!fs->waits)
		return;
	pthread_cond_destroy(&fs->waits->changed);
	pthread_mutex_destroy(&fs->waits->lock);
	free(fs->waits);
	fs->waits = NULL;
}
