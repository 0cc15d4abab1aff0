// SPDX-License-Identifier: Apache-2.0
/*
 * The notifier: the only thread that tells the kernel what it must forget.
 *
 * Why a thread of its own. Invalidating a name takes the kernel's lock of the
 * directory, invalidating pages waits for pages that are being read; both may
 * be held by a request that we have yet to answer. So nobody who answers
 * requests may wait for the notifier. What has to be seen after an invalidation
 * is a job in the same queue. Such a job may answer requests under which the
 * kernel holds no lock that an invalidation takes: FLUSH, a READ without page
 * cache, and a RENAME within .mlx, since names there are never invalidated.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include "fs.h"
#include "work.h"

int notify_start(struct fs *fs, struct notify **ret_notify);
/* From now on nothing is told to the kernel, jobs are still done; returns when
 * no invalidation is under way. While the session still answers. */
void notify_disarm(struct notify *n);
/* Does the jobs that are queued, then ends. NULL is fine. */
void notify_stop(struct notify *n);

/* The store's listener; arg is the struct fs. */
void notify_changed(void *arg, const struct store_event *event);
void notify_entry(struct fs *fs, uint64_t dir, const char *name);
void notify_data(struct fs *fs, uint64_t ino);
/* Done by the answerer after all that was told before. */
void notify_put(struct fs *fs, struct job *take_job);

#endif
