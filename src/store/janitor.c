// SPDX-License-Identifier: Apache-2.0
/*
 * The janitor's round: sleep till something comes; then results of digests,
 * the next digest, the dead, the manifest, the spare file.
 *
 * A blob is removed only when the row that named it is gone from the database
 * on disk: after a power cut a file that is there again must have its bytes.
 * The dead wait a moment for company, since each round of them costs a sync.
 */
#include "janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "digests.h"
#include "manifest.h"
#include "state.h"
#include "sweep.h"

#define ROUND_MS 500  /* between rounds when nothing calls */
#define DEAD_MS 200   /* the dead wait so long for company */
#define QUIET_MS 500  /* nothing changed for so long: digests begin */
#define BUSY_MS 10000 /* it never came to that: they begin all the same */
#define LOOK_MS 250   /* none was due: look again after so long */
#define JOBS_AHEAD 2  /* of each hasher: one in work, one waiting */
#define SPARE_PART 16 /* the spare file: a part of the journal's size */
#define MANIFEST_NS (300 * NS_PER_S)

static void wake(struct janitor *jan)
{
	uint64_t one = 1;

	(void)!write(jan->wake, &one, sizeof(one));
}

/* ---- the dead ---- */

void janitor_bury(struct store *st, uint64_t blob, uint64_t sequence)
{
	struct janitor *jan = &st->janitor;
	HOLD(&jan->lock);

	if (jan->dead_count == jan->dead_cap) {
		size_t cap = jan->dead_cap ? jan->dead_cap * 2 : 64;
		struct janitor_dead *dead =
			realloc(jan->dead, cap * sizeof(*dead));

		/* the next open sweeps it away */
		if (!dead) {
			jan->lost = true;
			return;
		}
		jan->dead = dead;
		jan->dead_cap = cap;
	}
	jan->dead[jan->dead_count++] = (struct janitor_dead){ blob, sequence };
}

void janitor_keep_unclean(struct store *st)
{
	HOLD(&st->janitor.lock);

	st->janitor.lost = true;
}

static size_t take_dead(struct janitor *jan, struct janitor_dead **ret_dead)
{
	HOLD(&jan->lock);
	size_t count = jan->dead_count;

	*ret_dead = TAKE(jan->dead);
	jan->dead_count = jan->dead_cap = 0;
	return count;
}

/* On a full disk the database may not be able to take the rows before the
 * blobs are gone; the journal on disk will do as well. */
static uint64_t make_durable(struct journal *j)
{
	uint64_t durable;

	if (!journal_sync(j) || journal_sync_ring(j, &durable))
		return journal_durable(j);
	return durable;
}

/* Those whose row may still be on disk go back. */
static void bury_dead(struct store *st)
{
	struct janitor_dead *dead;
	size_t count = take_dead(&st->janitor, &dead);
	uint64_t durable;

	if (!count)
		return;
	durable = make_durable(&st->journal);
	for (size_t i = 0; i < count; i++) {
		if (dead[i].sequence > durable ||
		    blob_remove(st->blobs, dead[i].blob))
			janitor_bury(st, dead[i].blob, dead[i].sequence);
	}
	free(dead);
}

/* ---- the queue of digests ---- */

static int grow_queue(struct janitor *jan)
{
	size_t cap = jan->queue_cap ? jan->queue_cap * 2 : 256;
	uint64_t *queue = malloc(cap * sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	for (size_t i = 0; i < jan->queue_count; i++)
		queue[i] = jan->queue[(jan->queue_first + i) % jan->queue_cap];
	free(jan->queue);
	jan->queue = queue;
	jan->queue_cap = cap;
	jan->queue_first = 0;
	return 0;
}

static int push(struct janitor *jan, uint64_t ino)
{
	HOLD(&jan->lock);

	if (jan->queue_count == jan->queue_cap && grow_queue(jan))
		return -ENOMEM;
	jan->queue[(jan->queue_first + jan->queue_count++) % jan->queue_cap] =
		ino;
	return 0;
}

/* Nobody is woken: the next round comes soon enough. */
void janitor_queue(struct store *st, struct inode *i)
{
	if ((i->flags & (INODE_QUEUED | INODE_DIGEST)) || !i->blob)
		return;
	if (!push(&st->janitor, i->ino))
		i->flags |= INODE_QUEUED;
}

void janitor_queue_twin(struct store *st, struct inode *i)
{
	i->flags &= (uint16_t)~INODE_TWIN;
	if (!(i->flags & INODE_QUEUED) && !push(&st->janitor, i->ino))
		i->flags |= INODE_QUEUED;
}

uint64_t janitor_pending(struct store *st)
{
	HOLD(&st->janitor.lock);

	return st->janitor.queue_count + st->janitor.in_work;
}

uint64_t janitor_waiting(struct janitor *jan)
{
	HOLD(&jan->lock);

	return jan->queue_count;
}

bool janitor_pop(struct janitor *jan, uint64_t *ret_ino)
{
	HOLD(&jan->lock);

	if (!jan->queue_count)
		return false;
	*ret_ino = jan->queue[jan->queue_first];
	jan->queue_first = (jan->queue_first + 1) % jan->queue_cap;
	jan->queue_count--;
	jan->in_work++;
	return true;
}

/* It goes to the end of the queue. */
void janitor_push_back(struct janitor *jan, uint64_t ino)
{
	(void)push(jan, ino);
	janitor_end_work(jan, 1);
}

void janitor_end_work(struct janitor *jan, size_t count)
{
	HOLD(&jan->lock);

	jan->in_work -= count;
}

/* Did others leave the store alone for a while, or never for too long? */
static bool is_time(struct store *st)
{
	struct janitor *jan = &st->janitor;
	uint64_t others = journal_appended(&st->journal) - jan->own;
	int64_t now = clock_monotonic();

	if (others != jan->others)
		jan->changed = now;
	jan->others = others;
	if (now - jan->changed >= QUIET_MS * NS_PER_MS)
		jan->quiet = now;
	if (jan->quiet != now && now - jan->quiet < BUSY_MS * NS_PER_MS)
		return false;
	return now >= jan->not_before;
}

static void send_digests(struct store *st)
{
	struct janitor *jan = &st->janitor;
	int64_t now = clock_monotonic();

	if (janitor_is_stopped(jan) || !is_time(st))
		return;
	while (jan->jobs_out < jan->hashers * JOBS_AHEAD) {
		if (!digests_send(st)) {
			jan->not_before = now + LOOK_MS * NS_PER_MS;
			break;
		}
		jan->jobs_out++;
	}
}

/* ---- the spare file ---- */

void janitor_spare_is_gone(struct store *st)
{
	HOLD(&st->janitor.lock);

	st->janitor.spare_is_gone = true;
}

static bool take_spare_is_gone(struct janitor *jan)
{
	HOLD(&jan->lock);
	bool gone = jan->spare_is_gone;

	jan->spare_is_gone = false;
	return gone;
}

void janitor_make_spare(struct store *st)
{
	off_t size = (off_t)(st->journal.size / SPARE_PART);
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
	int fd = openat(st->fd, "spare.new", flags, 0600);

	if (fd < 0 || posix_fallocate(fd, 0, size) ||
	    renameat(st->fd, "spare.new", st->fd, "spare")) {
		unlinkat(st->fd, "spare.new", 0);
		janitor_spare_is_gone(st);
	}
	close_fd(&fd);
}

/* ---- the round ---- */

bool janitor_is_stopped(struct janitor *jan)
{
	HOLD(&jan->lock);

	return jan->stop;
}

static void sleep_till_called(struct janitor *jan)
{
	struct pollfd on[2] = {
		{ .fd = jan->wake, .events = POLLIN },
		{ .fd = jan->results[0], .events = POLLIN },
	};
	uint64_t count;

	if (poll(on, 2, ROUND_MS) > 0 && on[0].revents)
		(void)!read(jan->wake, &count, sizeof(count));
}

static void receive_digests(struct store *st)
{
	struct pollfd on = { .fd = st->janitor.results[0], .events = POLLIN };

	while (poll(&on, 1, 0) > 0 && (on.revents & POLLIN)) {
		janitor_end_work(&st->janitor, digests_receive(st));
		st->janitor.jobs_out--;
	}
}

static void *sweep_on(void *arg)
{
	struct store *st = arg;
	struct janitor *jan = &st->janitor;
	int64_t buried = 0, listed = clock_monotonic();

	jan->changed = jan->quiet = listed;
	if (!st->was_clean)
		sweep_blobs(st);
	while (!janitor_is_stopped(jan)) {
		int64_t now;

		sleep_till_called(jan);
		receive_digests(st);
		send_digests(st);
		now = clock_monotonic();
		if (now - buried > DEAD_MS * NS_PER_MS) {
			bury_dead(st);
			buried = clock_monotonic();
		}
		if (now - listed > MANIFEST_NS) {
			(void)manifest_write(st, false);
			(void)settle_on_disk(st);
			listed = clock_monotonic();
		}
		if (take_spare_is_gone(jan))
			janitor_make_spare(st);
	}
	return NULL;
}

static int open_pipes(struct janitor *jan)
{
	jan->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (jan->wake < 0 || pipe2(jan->jobs, O_CLOEXEC) ||
	    pipe2(jan->results, O_CLOEXEC))
		return -errno;
	return 0;
}

void janitor_init(struct janitor *jan)
{
	*jan = (struct janitor){
		.wake = -1,
		.jobs = { -1, -1 },
		.results = { -1, -1 },
	};
	pthread_mutex_init(&jan->lock, NULL);
}

void janitor_release(struct janitor *jan)
{
	close_fd(&jan->wake);
	for (int i = 0; i < 2; i++) {
		close_fd(&jan->jobs[i]);
		close_fd(&jan->results[i]);
	}
	free(jan->dead);
	free(jan->queue);
	pthread_mutex_destroy(&jan->lock);
}

/* As many as there are processors: one file is one hasher's work, for SHA-256
 * goes from the first byte to the last. Fewer will do. */
static int start_hashers(struct store *st)
{
	struct janitor *jan = &st->janitor;
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	int err = 0;

	if (count > HASHERS_MOST)
		count = HASHERS_MOST;
	while (!err && (long)jan->hashers < (count > 0 ? count : 1)) {
		err = pthread_create(&jan->hasher[jan->hashers], NULL,
				     digests_hash, st);
		jan->hashers += !err;
	}
	return jan->hashers ? 0 : -err;
}

/* A lease that is asked for may be broken in that instant (digests.c): the
 * signal that tells of it would end the process. */
static void hear_of_leases(int number)
{
	(void)number;
}

int janitor_start(struct store *st)
{
	struct sigaction action = { .sa_handler = hear_of_leases,
				    .sa_flags = SA_RESTART };
	struct janitor *jan = &st->janitor;
	int err = open_pipes(jan);

	if (err)
		return err;
	sigaction(SIGIO, &action, NULL);
	err = start_hashers(st);
	if (!err)
		err = -pthread_create(&jan->thread, NULL, sweep_on, st);
	jan->runs = !err;
	return err;
}

static void stop_janitor(struct janitor *jan)
{
	HOLD(&jan->lock);

	jan->stop = true;
}

/* The hashers end when nobody can send them anything any more; what they had
 * in work is taken, not thrown away, but for large files. */
static void stop_hashers(struct store *st)
{
	struct janitor *jan = &st->janitor;

	__atomic_store_n(&jan->give_up, true, __ATOMIC_RELAXED);
	close_fd(&jan->jobs[1]);
	while (jan->hashers)
		pthread_join(jan->hasher[--jan->hashers], NULL);
	receive_digests(st);
}

void janitor_stop(struct store *st)
{
	struct janitor *jan = &st->janitor;

	stop_janitor(jan);
	if (jan->runs) {
		wake(jan);
		pthread_join(jan->thread, NULL);
		jan->runs = false;
	}
	if (jan->hashers)
		stop_hashers(st);
	bury_dead(st);
}
