// SPDX-License-Identifier: Apache-2.0
/*
 * The threads are never ended while mounted: fuse-over-io_uring cancels what a
 * thread answered when that thread exits.
 */
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define QUEUE_MOST 1024

struct work {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job *first;   /* under lock */
	struct job **end;    /* under lock: where the next one is hung in */
	unsigned int length; /* under lock */
	bool stop;	     /* under lock */
	unsigned int threads;
	pthread_t thread[];
};

/* The next job, or NULL: there is none and there will be none. */
static struct job *take(struct work *w)
{
	HOLD(&w->lock);
	struct job *job;

	while (!w->first && !w->stop)
		pthread_cond_wait(&w->more, &w->lock);
	job = w->first;
	if (!job)
		return NULL;
	w->first = job->next;
	if (!w->first)
		w->end = &w->first;
	w->length--;
	return job;
}

static void *serve(void *arg)
{
	struct work *w = arg;
	struct job *job;

	while ((job = take(w)))
		job->run(job);
	return NULL;
}

static bool queue(struct work *w, struct job *job)
{
	HOLD(&w->lock);
	if (w->length >= QUEUE_MOST)
		return false;
	job->next = NULL;
	*w->end = job;
	w->end = &job->next;
	w->length++;
	pthread_cond_signal(&w->more);
	return true;
}

void work_put(struct work *w, struct job *take_job)
{
	if (!queue(w, take_job))
		take_job->run(take_job);
}

int work_start(unsigned int threads, struct work **ret_work)
{
	struct work *w = calloc(1, sizeof(*w) + threads * sizeof(pthread_t));

	if (!w)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->end = &w->first;
	for (; w->threads < threads; w->threads++) {
		int err =
			pthread_create(&w->thread[w->threads], NULL, serve, w);

		if (err) {
			work_stop(w);
			return -err;
		}
	}
	*ret_work = w;
	return 0;
}

static void tell_end(struct work *w)
{
	HOLD(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->more);
}

void work_stop(struct work *w)
{
	if (!w)
		return;
	tell_end(w);
	for (unsigned int i = 0; i < w->threads; i++)
		pthread_join(w->thread[i], NULL);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
