// SPDX-License-Identifier: Apache-2.0
/* Workers: a few threads that live as long as the mount, and one queue. */
#ifndef FS_WORK_H
#define FS_WORK_H

struct work;

/* Embedded in what it needs; `run` owns the job and frees it, or hands it on.
 */
struct job {
	struct job *next;
	void (*run)(struct job *job);
};

int work_start(unsigned int threads, struct work **ret_work);
/* Does what is queued, then ends the threads. NULL is fine. */
void work_stop(struct work *w);
/* When the queue is full, the job is done before this returns. */
void work_put(struct work *w, struct job *take_job);

#endif
