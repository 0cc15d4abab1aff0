// SPDX-License-Identifier: Apache-2.0
/*
 * The runner: a thread that waits for wishes, and one for each run.
 *
 *	wish "start"   -> PENDING -> a thread, when one of runs_at_once is free
 *	wish "cancel"  -> of a run with a thread: its stop; of a PENDING one:
 *	                  CANCELED at once
 *	end of a run   -> its thread drops the wish, which wakes the runner: it
 *	                  joins the thread and starts the next
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "ledger.h"
#include "run.h"
#include "scratch.h"
#include "wish.h"

struct execution {
	struct run run;
	struct runner *runner;
	pthread_t thread;
	uint64_t ino;
	atomic_bool is_over;
};

struct runner {
	struct catalog *c;
	struct store *st;
	struct settings settings;
	char *mountpoint;
	pthread_t thread;
	atomic_bool stopping;
	struct execution **slot; /* runs_at_once; of the runner's thread */
};

/* ---- one run ---- */

/* A final state for a run that no engine has in hand. */
static int settle(struct store *st, uint64_t ino, const char *state,
		  const char *message)
{
	struct run r = { .st = st, .ino = ino };
	int err = ledger_load(st, ino, &r.record);

	if (err)
		return err;
	r.owner.uid = (uid_t)ledger_number(r.record, "uid");
	r.owner.gid = (gid_t)ledger_number(r.record, "gid");
	err = run_enter(&r, state, message);
	value_free(r.record);
	return err;
}

static int execute(struct run *r, uint64_t ino, struct buf *why)
{
	const struct engine *e;
	int err = run_open(r, ino, why);

	if (err)
		return err;
	e = engine_find(value_find_string(r->record, "engine"));
	if (!e)
		return why_set(why, -EINVAL, "its engine is no longer there");
	log_info("run %s: started by uid %u on engine %s", r->name,
		 r->owner.uid, e->name);
	err = e->execute(r);
	return err ? why_set(why, err, "it cannot go on: %s", strerror(-err))
		   : 0;
}

static void log_end(const struct execution *x)
{
	const struct run *r = &x->run;
	const char *state = value_find_string(r->record, "state");
	const char *message = value_find_string(r->record, "reason");

	log_info("run %s: %s%s%s", r->name ? r->name : "?",
		 state ? state : "FAILED", message && *message ? ": " : "",
		 message ? message : "");
}

static void *run_thread(void *arg)
{
	struct execution *x = arg;
	struct store *st = x->runner->st;
	AUTO(buf_release) struct buf why = WHY_INIT;

	if (execute(&x->run, x->ino, &why)) {
		settle(st, x->ino, "FAILED", why.data);
		log_error("run %s: FAILED: %s", x->run.name ? x->run.name : "?",
			  why.data);
	} else {
		log_end(x);
	}
	run_close(&x->run);
	atomic_store(&x->is_over, true);
	record_drop(st, RECORD_WISH, x->ino);
	return NULL;
}

static void execution_free(struct execution *x)
{
	close_fd(&x->run.stop_fd);
	free(x);
}

static int start(struct runner *r, uint64_t ino, struct execution **ret_x)
{
	struct execution *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->runner = r;
	x->ino = ino;
	x->run = (struct run){
		.c = r->c,
		.st = r->st,
		.settings = &r->settings,
		.mountpoint = r->mountpoint,
		.ino = ino,
		.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (x->run.stop_fd < 0 ||
	    pthread_create(&x->thread, NULL, run_thread, x)) {
		execution_free(x);
		return -EAGAIN;
	}
	*ret_x = x;
	return 0;
}

/* ---- wishes ---- */

struct wish {
	uint64_t run;
	bool is_cancel;
};

struct wishes {
	struct wish *wish;
	size_t count, cap;
};

static void wishes_release(struct wishes *w)
{
	free(w->wish);
}

static int collect(void *arg, uint64_t key, const char *text, size_t len)
{
	struct wishes *w = arg;

	if (w->count == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		struct wish *more = realloc(w->wish, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->wish = more;
		w->cap = cap;
	}
	w->wish[w->count++] = (struct wish){
		.run = key,
		.is_cancel = len && *text == *WISH_CANCEL,
	};
	return 0;
}

static int by_run(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return (x->run > y->run) - (x->run < y->run);
}

static struct execution *find(const struct runner *r, uint64_t run)
{
	for (size_t i = 0; i < r->settings.runs_at_once; i++)
		if (r->slot[i] && r->slot[i]->ino == run)
			return r->slot[i];
	return NULL;
}

static void join_ended(struct runner *r)
{
	for (size_t i = 0; i < r->settings.runs_at_once; i++) {
		if (!r->slot[i] || !atomic_load(&r->slot[i]->is_over))
			continue;
		pthread_join(r->slot[i]->thread, NULL);
		execution_free(r->slot[i]);
		r->slot[i] = NULL;
	}
}

static struct execution **free_slot(struct runner *r)
{
	for (size_t i = 0; i < r->settings.runs_at_once; i++)
		if (!r->slot[i])
			return &r->slot[i];
	return NULL;
}

/* A wish for a run without a thread. */
static void take(struct runner *r, const struct wish *w)
{
	AUTO(value_release) struct value *record = NULL;
	struct execution **slot;
	int err = ledger_load(r->st, w->run, &record);

	if (err || state_is_final(value_find_string(record, "state"))) {
		record_drop(r->st, RECORD_WISH, w->run);
		return;
	}
	if (w->is_cancel) {
		settle(r->st, w->run, "CANCELED", "canceled");
		record_drop(r->st, RECORD_WISH, w->run);
		return;
	}
	slot = free_slot(r);
	if (slot && start(r, w->run, slot))
		log_error("run %s: it cannot be started now",
			  value_find_string(record, "name"));
}

static int look_at_wishes(struct runner *r)
{
	AUTO(wishes_release) struct wishes w = { 0 };
	int err = record_each(r->st, RECORD_WISH, collect, &w);

	if (err)
		return err;
	/* who asked first: numbers grow */
	if (w.count)
		qsort(w.wish, w.count, sizeof(*w.wish), by_run);
	for (size_t i = 0; i < w.count; i++) {
		struct execution *x = find(r, w.wish[i].run);

		if (!x)
			take(r, &w.wish[i]);
		else if (w.wish[i].is_cancel)
			run_stop(&x->run, RUN_CANCEL);
	}
	return 0;
}

static void *runner_thread(void *arg)
{
	struct runner *r = arg;
	uint64_t seq = 0;

	while (!atomic_load(&r->stopping)) {
		if (record_wait(r->st, RECORD_WISH, &seq, -1) == -ECANCELED)
			break;
		join_ended(r);
		if (look_at_wishes(r))
			log_error("the runner is out of memory");
	}
	return NULL;
}

/* ---- start and stop ---- */

static int collect_run(void *arg, uint64_t key, const char *text, size_t len)
{
	/* final ones are most, and need no look at all of their text */
	(void)text;
	return collect(arg, key, WISH_START, len ? 1 : 0);
}

static void mark_tasks(struct value *record)
{
	const struct value *tasks = value_find(record, "tasks");

	for (size_t i = 0; tasks && i < tasks->count; i++) {
		struct value *t = tasks->item[i];
		const char *state = value_find_string(t, "state");

		if (state && strcmp(state, "PENDING") == 0)
			ledger_enter_task(t, "SKIPPED",
					  "not started: " DIED_WITH_DAEMON);
		else if (!state_is_final(state))
			ledger_enter_task(t, "FAILED", DIED_WITH_DAEMON);
	}
}

/* Its tasks' status files follow the record. */
static void mark_files(struct store *st, uint64_t run,
		       const struct value *record, const struct owner *owner)
{
	const struct value *tasks = value_find(record, "tasks");

	for (size_t i = 0; tasks && i < tasks->count; i++) {
		const struct value *t = tasks->item[i];
		const char *dir = value_find_string(t, "directory");
		const char *state = value_find_string(t, "state");
		AUTO(buf_release) struct buf line = BUF_INIT(64);
		struct node_attr attr;

		buf_addf(&line, "%s\n", state ? state : "FAILED");
		if (!dir || strncmp(dir, "steps/", 6) != 0 ||
		    node_find(st, run, "steps", &attr) ||
		    node_find(st, attr.ino, dir + 6, &attr))
			continue;
		file_put(st, attr.ino, "status", 0644, owner, line.data,
			 line.len);
	}
}

static void mark_dead(struct runner *r, struct run *run)
{
	const char *scratch = value_find_string(
		value_find(run->record, "internal"), "scratch");

	mark_tasks(run->record);
	mark_files(r->st, run->ino, run->record, &run->owner);
	run_enter(run, "FAILED", DIED_WITH_DAEMON);
	record_drop(r->st, RECORD_WISH, run->ino);
	if (scratch && access(scratch, F_OK) == 0)
		scratch_remove(scratch, &run->owner);
	log_info("run %s: FAILED: %s", value_find_string(run->record, "name"),
		 DIED_WITH_DAEMON);
}

/* A wish that is there already may be to cancel it. */
static void wish_again(struct runner *r, uint64_t ino)
{
	AUTO(buf_release) struct buf wish = BUF_INIT(64);

	if (record_get(r->st, RECORD_WISH, ino, &wish) == -ENOENT)
		wish_put(r->st, ino, WISH_START);
}

/* A run as an earlier daemon left it. */
static void settle_left(struct runner *r, uint64_t ino)
{
	struct run run = {
		.c = r->c,
		.st = r->st,
		.settings = &r->settings,
		.mountpoint = r->mountpoint,
		.ino = ino,
		.resumed = true,
	};
	const struct engine *e;
	const char *state;
	struct node_attr attr;

	/* its directory was removed, and the daemon died before this was */
	if (node_get(r->st, ino, &attr) == -ESTALE)
		run_removed(r->c, ino);
	if (ledger_load(r->st, ino, &run.record))
		return;
	run.owner.uid = (uid_t)ledger_number(run.record, "uid");
	run.owner.gid = (gid_t)ledger_number(run.record, "gid");
	state = value_find_string(run.record, "state");
	e = engine_find(value_find_string(run.record, "engine"));
	if (!state_is_final(state)) {
		/* one that had not begun, or that can be picked up: later */
		if (strcmp(state, "PENDING") == 0 ||
		    (e && e->resume(&run) == 0))
			wish_again(r, ino);
		else
			mark_dead(r, &run);
	}
	value_free(run.record);
}

static void settle_all(struct runner *r)
{
	AUTO(wishes_release) struct wishes all = { 0 };

	if (record_each(r->st, RECORD_RUN, collect_run, &all))
		log_error("the runner is out of memory");
	for (size_t i = 0; i < all.count; i++)
		settle_left(r, all.wish[i].run);
}

static void runner_free(struct runner *r)
{
	free(r->slot);
	free(r->mountpoint);
	free(r);
}

int runner_start(struct catalog *c, const char *mountpoint,
		 struct runner **ret_runner)
{
	struct runner *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	if (http_setup()) {
		free(r);
		return -ENOMEM;
	}
	r->c = c;
	r->st = catalog_store(c);
	settings_read(r->st, &r->settings);
	r->mountpoint = strdup(mountpoint);
	r->slot = calloc(r->settings.runs_at_once, sizeof(struct execution *));
	if (!r->mountpoint || !r->slot) {
		runner_free(r);
		return -ENOMEM;
	}
	if (!store_is_read_only(r->st)) {
		settle_all(r);
		/* the first step will be started the sooner; it may wait */
		if (step_warm_up())
			log_error("processes of steps cannot be started now");
	}
	if (pthread_create(&r->thread, NULL, runner_thread, r)) {
		runner_free(r);
		return -EAGAIN;
	}
	*ret_runner = r;
	return 0;
}

void runner_stop(struct runner *r)
{
	atomic_store(&r->stopping, true);
	record_wake(r->st);
	pthread_join(r->thread, NULL);
	for (size_t i = 0; i < r->settings.runs_at_once; i++)
		if (r->slot[i])
			run_stop(&r->slot[i]->run, RUN_DAEMON_ENDS);
	for (size_t i = 0; i < r->settings.runs_at_once; i++)
		if (r->slot[i]) {
			pthread_join(r->slot[i]->thread, NULL);
			execution_free(r->slot[i]);
		}
	step_cool_down();
	runner_free(r);
}
