// SPDX-License-Identifier: Apache-2.0
/*
 * The order of things at the end, which matters:
 *
 *	a signal comes: runner stopped, notifier disarmed and those who wait
 *	answered while requests are still served (an invalidation may wait for
 *	one); then it is unmounted; when files are open still, the loop is ended
 *	by force
 *	the loop has ended: workers, then the notifier, then libfuse's session,
 *	then what is open, the catalog and the store
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ahead.h"
#include "backing.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "home.h"
#include "mountpoint.h"
#include "notify.h"
#include "open.h"
#include "ops.h"
#include "ring.h"
#include "view.h"
#include "wait.h"
#include "work.h"

#define WORKERS 4
#define SYNCERS 4
#define HANDLERS 10
/* How long another daemon that is ending may take to give up the store. */
#define BUSY_TRIES 200
#define BUSY_PAUSE_MS 50
/* How long files may stay open after a signal. */
#define LINGER_TRIES 2
#define LINGER_S 2

struct ending {
	struct fs *fs;
	pthread_t thread, main;
	sigset_t signals;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool over; /* under lock: the loop has ended */
};

/* ---- what the kernel and we agree upon ---- */

/* Generated files are read past the page cache, and yet can be mapped. */
#ifdef FUSE_CAP_DIRECT_IO_ALLOW_MMAP
#define MAP_DIRECT FUSE_CAP_DIRECT_IO_ALLOW_MMAP
#else
#define MAP_DIRECT 0
#endif

static const unsigned int wanted =
	FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_ATOMIC_O_TRUNC |
	FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_EXPLICIT_INVAL_DATA |
	FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_PARALLEL_DIROPS |
	FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | MAP_DIRECT;
/* Locks are left to the kernel. So are set-user-ID bits: it knows who may keep
 * them. Writeback would exclude passthrough, splicing gains nothing. */
static const unsigned int unwanted =
	FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_WRITEBACK_CACHE |
	FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS | FUSE_CAP_POSIX_ACL |
	FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_DONT_MASK | FUSE_CAP_SPLICE_READ |
	FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE;

/* In the background, standard error was for what went wrong until now. */
static void tell_ready(struct fs *fs)
{
	int null =
		fs->ready_fd < 0 ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fs->ready_fd < 0)
		return;
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (write(fs->ready_fd, "", 1) != 1)
		log_error("who started the mount went away");
	close(fs->ready_fd);
	fs->ready_fd = -1;
}

#if BACKING_KNOWN
/* Why it is not to be had; NULL when it is. */
static const char *agree_on_passthrough(struct fs *fs,
					struct fuse_conn_info *conn)
{
	if (fs->uid)
		return "it needs root";
	if (!(conn->capable & FUSE_CAP_PASSTHROUGH))
		return "the kernel has none";
	conn->want |= FUSE_CAP_PASSTHROUGH;
	/* 1: the store is on a plain file system; nothing may be stacked upon
	 * us but one layer */
	conn->max_backing_stack_depth = 1;
	fs->passthrough = true;
	backing_lend(fs);
	return NULL;
}
#else
static const char *agree_on_passthrough(struct fs *fs,
					struct fuse_conn_info *conn)
{
	(void)fs, (void)conn;
	return "this libfuse has none";
}
#endif

struct settle {
	struct job job;
	struct fs *fs;
};

static void settle_ring(struct job *job)
{
	struct settle *settle = (struct settle *)job;

	ring_settle(settle->fs);
	free(settle);
}

/* The threads are there when the kernel and libfuse have agreed. */
static void put_settle(struct fs *fs)
{
	struct settle *settle = malloc(sizeof(*settle));

	if (!settle)
		return;
	*settle = (struct settle){ { NULL, settle_ring }, fs };
	work_put(fs->work, &settle->job);
}

void session_agree(struct fs *fs, struct fuse_conn_info *conn)
{
	const char *why;

	conn->want |= conn->capable & wanted;
	conn->want &= ~unwanted;
	conn->time_gran = 1;
	if (fs->wants_ring)
		conn->max_write = RING_MAX_WRITE;
	why = agree_on_passthrough(fs, conn);
	log_info("%s is mounted on %s%s", store_path(fs->store), fs->mountpoint,
		 fs->read_only ? ", read-only" : "");
	if (why)
		log_info("cached reads, without kernel passthrough: %s", why);
	else
		log_info("kernel passthrough");
	if (fs->wants_ring)
		put_settle(fs);
	if (fs->uid)
		log_info("serves uid %u only", (unsigned int)fs->uid);
	tell_ready(fs);
}

/* ---- the end ---- */

static void stop_runner(struct fs *fs)
{
	if (fs->runner)
		runner_stop(fs->runner);
	fs->runner = NULL;
}

static bool wait_for_end(struct ending *ending, int seconds)
{
	HOLD(&ending->lock);
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	while (!ending->over && !err)
		err = pthread_cond_timedwait(&ending->changed, &ending->lock,
					     &until);
	return ending->over;
}

static bool is_over(struct ending *ending)
{
	HOLD(&ending->lock);
	return ending->over;
}

static void *wait_for_signal(void *arg)
{
	struct ending *ending = arg;
	struct fs *fs = ending->fs;
	int number = 0;

	sigwait(&ending->signals, &number);
	if (is_over(ending))
		return NULL;
	log_info("ends, by signal %d", number);
	stop_runner(fs);
	notify_disarm(fs->notify);
	wait_end_all(fs);
	for (int i = 0; i < LINGER_TRIES; i++) {
		if (!mountpoint_unmount(fs->mountpoint, false) &&
		    wait_for_end(ending, LINGER_S))
			return NULL;
		if (wait_for_end(ending, 1))
			return NULL;
	}
	log_info("files are open still: their users will see ENOTCONN");
	fuse_session_exit(fs->session);
	while (!wait_for_end(ending, 1))
		pthread_kill(ending->main, SIGUSR2);
	return NULL;
}

static void do_nothing(int number)
{
	(void)number;
}

/* All threads that are started later inherit the mask: signals come to one. */
static void block_signals(struct ending *ending)
{
	struct sigaction kick = { .sa_handler = do_nothing };

	sigemptyset(&ending->signals);
	sigaddset(&ending->signals, SIGTERM);
	sigaddset(&ending->signals, SIGINT);
	sigaddset(&ending->signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ending->signals, NULL);
	sigaction(SIGUSR2, &kick, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int start_ending(struct ending *ending)
{
	ending->main = pthread_self();
	return -pthread_create(&ending->thread, NULL, wait_for_signal, ending);
}

static void finish_ending(struct ending *ending)
{
	{
		HOLD(&ending->lock);
		ending->over = true;
		pthread_cond_broadcast(&ending->changed);
	}
	pthread_kill(ending->thread, SIGTERM);
	pthread_join(ending->thread, NULL);
}

/* ---- the beginning ---- */

/* The daemon of the last mount may be writing still, after umount(8). */
static int open_store(const struct session_options *options, struct buf *why,
		      struct fs *fs)
{
	struct store_options how = { .read_only = options->read_only };
	struct timespec pause = { 0, BUSY_PAUSE_MS * 1000000L };
	int err = -EBUSY;

	for (int i = 0; i < BUSY_TRIES; i++) {
		buf_clear(why);
		err = store_open(options->store, &how, why, &fs->store);
		if (err != -EBUSY || mountpoint_serves(options->store))
			break;
		nanosleep(&pause, NULL);
	}
	return err;
}

static int init_parts(struct fs *fs)
{
	int err = handles_init(fs);

	if (!err)
		err = backings_init(fs);
	if (!err)
		err = ahead_init(fs);
	if (!err)
		err = shots_init(fs);
	if (!err)
		err = homes_init(fs);
	if (!err)
		err = work_start(WORKERS, &fs->work);
	if (!err)
		err = work_start(SYNCERS, &fs->syncers);
	if (!err)
		err = work_start(1, &fs->answerer);
	if (!err)
		err = waits_start(fs);
	if (!err)
		err = notify_start(fs, &fs->notify);
	return err;
}

static const char *ring_option(struct fs *fs, char *ret_option, size_t room)
{
	AUTO(buf_release) struct buf why = WHY_INIT;

	fs->wants_ring = ring_is_wanted(fs, &why);
	if (!fs->wants_ring)
		log_info("requests by /dev/fuse, without io_uring: %s",
			 why.data);
	snprintf(ret_option, room,
		 fs->wants_ring ? "io_uring,io_uring_q_depth=%d" : "nodev",
		 RING_PLACES);
	return ret_option;
}

static int new_session(const struct session_options *options, struct fs *fs)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	char ring[64];
	int err =
		fuse_opt_add_arg(&args, "mlxfs") ||
		fuse_opt_add_arg(&args, "-o") ||
		fuse_opt_add_arg(&args, options->mount_options) ||
		fuse_opt_add_arg(&args, "-o") ||
		fuse_opt_add_arg(&args, ring_option(fs, ring, sizeof(ring))) ||
		(options->debug && fuse_opt_add_arg(&args, "-d"));

	if (!err)
		fs->session = fuse_session_new(&args, &ops_table,
					       sizeof(ops_table), fs);
	fuse_opt_free_args(&args);
	return fs->session ? 0 : err ? -ENOMEM : -EINVAL;
}

static int mount_it(const struct session_options *options, struct buf *why,
		    struct fs *fs)
{
	int err = new_session(options, fs);

	if (err)
		return why_set(why, err,
			       "libfuse does not take the mount options %s",
			       options->mount_options);
	if (fuse_session_mount(fs->session, options->mountpoint))
		return why_set(why, -EIO, "%s: can't be mounted on",
			       options->mountpoint);
	store_listen(fs->store, notify_changed, fs);
	if (fs->read_only)
		return 0;
	err = runner_start(fs->catalog, fs->mountpoint, &fs->runner);
	return err ? why_set(why, err, "the runner can't start: %s",
			     strerror(-err))
		   : 0;
}

static int prepare(const struct session_options *options, struct buf *why,
		   struct fs *fs)
{
	int err = open_store(options, why, fs);

	if (!err)
		err = catalog_open(fs->store, why, &fs->catalog);
	if (!err)
		err = init_parts(fs);
	if (!err)
		err = mount_it(options, why, fs);
	return err;
}

static int serve(struct fs *fs, struct ending *ending)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int err;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_max_threads(config, HANDLERS);
	fuse_loop_cfg_set_idle_threads(config, HANDLERS);
	err = start_ending(ending);
	if (!err) {
		err = fuse_session_loop_mt(fs->session, config);
		finish_ending(ending);
	}
	fuse_loop_cfg_destroy(config);
	/* unmounted just when a request was taken: an end like any other */
	return err < 0 && err != -ECONNABORTED ? err : 0;
}

static void take_down(struct fs *fs)
{
	waits_stop(fs);
	stop_runner(fs);
	work_stop(fs->work);
	work_stop(fs->syncers);
	if (fs->store)
		store_listen(fs->store, NULL, NULL);
	if (fs->notify)
		notify_disarm(fs->notify);
	notify_stop(fs->notify);
	work_stop(fs->answerer);
	if (fs->session) {
		backing_lend_no_more(fs);
		fuse_session_unmount(fs->session);
		fuse_session_destroy(fs->session);
	}
	handles_release(fs);
	backings_release(fs);
	waits_release(fs);
	homes_release(fs);
	ahead_release(fs);
	shots_release(fs);
	catalog_release(&fs->catalog);
	store_release(&fs->store);
}

int session_run(const struct session_options *options, struct buf *why)
{
	struct fs fs = {
		.mountpoint = options->mountpoint,
		.read_only = options->read_only,
		.uid = geteuid(),
		.ready_fd = options->ready_fd,
	};
	struct ending ending = {
		.fs = &fs,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	int err;

	block_signals(&ending);
	err = prepare(options, why, &fs);
	if (!err)
		err = serve(&fs, &ending);
	take_down(&fs);
	if (err)
		why_set(why, err, "%s", strerror(-err));
	return err;
}
