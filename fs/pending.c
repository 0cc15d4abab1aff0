// SPDX-License-Identifier: Apache-2.0
#include "pending.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The numbers in /proc are those of the pid namespace that it was mounted in.
 */
static bool proc_is_ours(void)
{
	char self[16] = "";

	return readlink("/proc/self", self, sizeof(self) - 1) > 0 &&
	       atol(self) == getpid();
}

struct signals {
	unsigned long long thread, process, blocked;
};

/*
 * /proc/TID/status, of signal n bit n - 1:
 *	SigPnd:	0000000000000100
 *	ShdPnd:	0000000000000000
 *	SigBlk:	0000000000010000
 */
static bool read_signals(pid_t tid, struct signals *ret_signals)
{
	AUTO(free_text) char *line = NULL;
	char path[32];
	size_t room = 0;
	int found = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	status = fopen(path, "re");
	if (!status)
		return false;
	while (getline(&line, &room, status) > 0)
		found += sscanf(line, "SigPnd: %llx", &ret_signals->thread) ==
				 1 ||
			 sscanf(line, "ShdPnd: %llx", &ret_signals->process) ==
				 1 ||
			 sscanf(line, "SigBlk: %llx", &ret_signals->blocked) ==
				 1;
	fclose(status);
	return found == 3;
}

bool pending_signal(pid_t tid)
{
	struct signals s;

	if (!tid || !proc_is_ours())
		return true;
	return read_signals(tid, &s) && (s.thread | s.process) & ~s.blocked;
}
