// SPDX-License-Identifier: Apache-2.0
/* fsck.mlxfs: check, repair, rebuild, export. The store must not be mounted. */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "base/buf.h"

enum check_mode {
	CHECK_ONLY,    /* -n: change nothing */
	CHECK_REPAIR,  /* -y: repair what has one right answer, move the rest to
			* lost+found/ of its kind */
	CHECK_REBUILD, /* --rebuild: a new database from manifest and blobs */
};

struct check_result {
	unsigned int found; /* faults */
	unsigned int repaired;
};

/* Each finding is one call of say: a sentence. -EBUSY: mounted; -ENOENT;
 * -EUCLEAN: the database cannot be read (only CHECK_REBUILD helps). */
int check_store(const char *path, enum check_mode mode,
		void (*say)(void *arg, const char *sentence), void *arg,
		struct check_result *ret_result);
/* The tree as plain files in dir (made; must be empty when there). */
int check_export(const char *path, const char *dir,
		 void (*say)(void *arg, const char *sentence), void *arg);

#endif
