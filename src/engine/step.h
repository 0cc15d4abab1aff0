// SPDX-License-Identifier: Apache-2.0
/*
 * One step's processes, seen from the daemon.
 *
 *	daemon --posix_spawn, once--> nursery (keeper.c)
 *	nursery --fork--> keeper --fork, drop, exec--> command
 *
 * The nursery has a SOCK_SEQPACKET socket as descriptor 3, by which it gets the
 * three descriptors that make a keeper (enum step_gift): the log pipe, a memfd
 * with the spec, and an end of a SOCK_SEQPACKET pair. By that the keeper gets
 * one byte at a time (enum step_order) and tells struct step_report. Its end of
 * file means that the daemon is gone: the keeper then kills all that it
 * started.
 *
 * The last report comes when no process of the step is left.
 */
#ifndef SRC_ENGINE_STEP_H
#define SRC_ENGINE_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum { STEP_FD_NURSERY = 3 };
enum step_gift { GIFT_LOG, GIFT_SPEC, GIFT_CONTROL, STEP_GIFTS };

/* What Linux takes as one string of argv or environment (MAX_ARG_STRLEN,
 * its NUL included). */
#define STEP_WORD_LIMIT 131072
#define STEP_SPEC_LIMIT ((size_t)16 << 20) /* bytes of a spec, in all */

struct step_limits {
	uint64_t memory_bytes; /* of address space; 0: no limit of ours */
	uint64_t file_bytes;   /* of one file; 0 */
	uint64_t processes;    /* of the user, in all; 0 */
	uint64_t open_files;   /* 0: 1024 */
};

struct step_spec {
	const char *const
		*argv; /* argc words; argv[0] is looked up in env's PATH */
	size_t argc;
	const char *const *env; /* "NAME=value" */
	size_t env_count;
	const char *dir;  /* made where it is absent: */
	const char *cwd;  /* the directory to start in; NULL: dir */
	const char *file; /* a program to write first (mode 0700), or NULL */
	const char *text; /* its content */
	uid_t uid;	  /* whose it is */
	gid_t gid;
	struct step_limits limits;
};

enum step_order {
	STEP_TERMINATE = 'T', /* SIGTERM to the command's process group */
	STEP_KILL = 'K',      /* SIGKILL to all */
};

enum step_event {
	STEP_STARTED, /* value: the command's pid */
	STEP_FAILED,  /* value: errno; stage: what could not be done */
	STEP_EXITED,  /* value: a status as waitpid gives it */
	STEP_LOST,    /* the keeper itself is gone; made up by step_hear */
};

enum step_stage {
	STAGE_SPEC,
	STAGE_OWNER,
	STAGE_DIR,
	STAGE_FILE,
	STAGE_CWD,
	STAGE_EXEC
};

struct step_report {
	int32_t event;
	int32_t value;
	int32_t stage;
};

struct step_process {
	int control; /* -1: none; becomes readable with a report */
	int log;     /* -1: none; non-blocking */
};
#define STEP_PROCESS_INIT                                                      \
	{                                                                      \
		.control = -1, .log = -1                                       \
	}

/* -E2BIG (a word too long, with the numbers), -EINVAL (no command), or what
 * posix_spawn and its preparations say. */
int step_start(const struct step_spec *spec, struct buf *why,
	       struct step_process *ret_process);
/* Give an order; nothing happens when the keeper is gone. */
void step_order(struct step_process *p, enum step_order order);
/* The next report. -EAGAIN: none yet. */
int step_hear(struct step_process *p, struct step_report *ret_report);
/* Close. Before the last report: the keeper kills what there is. */
void step_end(struct step_process *p);
/* Have the nursery ready, or send it home. */
int step_warm_up(void);
void step_cool_down(void);

/* The spec as the keeper reads it: a header, then NUL-terminated texts. */
struct step_header {
	uint32_t argc, env_count;
	uint32_t has_cwd, has_file;
	uint32_t uid, gid;
	struct step_limits limits;
};

#endif
