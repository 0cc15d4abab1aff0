// SPDX-License-Identifier: Apache-2.0
/* fsck.mlxfs: exit codes are those of fsck(8). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "store/check.h"

enum {
	FSCK_OK = 0,
	FSCK_REPAIRED = 1,
	FSCK_LEFT = 4,
	FSCK_ERROR = 8,
	FSCK_USAGE = 16,
};

static const char usage[] =
	"usage: fsck.mlxfs [-n | -y] [--rebuild | --export DIR] STORE\n"
	"Check a store of mlxfs that is not mounted.\n"
	"\n"
	"  -n            change nothing (the default)\n"
	"  -y, -a, -p    repair\n"
	"  --rebuild     make a new database from the manifest and the blobs\n"
	"  --export DIR  write the tree out as plain files\n"
	"  --version, --help\n"
	"\n"
	"Exit status: 0 no faults, 1 repaired, 4 faults are left, 8 could not "
	"be\n"
	"checked, 16 usage.\n";

static void say(void *arg, const char *sentence)
{
	(void)arg;
	printf("%s\n", sentence);
}

static int explain(const char *store, int err)
{
	const char *hint = err == -EBUSY ? ": it is mounted; unmount it first"
			   : err == -EUCLEAN ? ": only --rebuild can help"
			   : err == -ENOENT
				   ? ": no catalog there; if its blobs/ are, "
				     "--rebuild makes a new one"
				   : "";

	fprintf(stderr, "fsck.mlxfs: %s: %s%s\n", store, strerror(-err), hint);
	return FSCK_ERROR;
}

static int check(const char *store, enum check_mode mode)
{
	struct check_result result = { 0 };
	int err = check_store(store, mode, say, NULL, &result);

	if (err)
		return explain(store, err);
	if (result.found > result.repaired)
		return FSCK_LEFT;
	return result.repaired ? FSCK_REPAIRED : FSCK_OK;
}

static int export(const char *store, const char *dir)
{
	int err = check_export(store, dir, say, NULL);

	return err ? explain(store, err) : FSCK_OK;
}

enum { OPTION_REBUILD = 256, OPTION_EXPORT, OPTION_VERSION, OPTION_HELP };

static const struct option longs[] = {
	{ "rebuild", no_argument, NULL, OPTION_REBUILD },
	{ "export", required_argument, NULL, OPTION_EXPORT },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ 0 },
};

struct arguments {
	enum check_mode mode;
	const char *export_dir;
	const char *text; /* to be printed instead */
};

/* 0, or the exit status. */
static int take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'n':
		a->mode = CHECK_ONLY;
		return 0;
	case 'y':
	case 'a':
	case 'p':
		a->mode = CHECK_REPAIR;
		return 0;
	case 'f':
	case 'v':
	case 'C':
	case 't':
		return 0; /* of fsck(8) */
	case OPTION_REBUILD:
		a->mode = CHECK_REBUILD;
		return 0;
	case OPTION_EXPORT:
		a->export_dir = optarg;
		return 0;
	case OPTION_VERSION:
		a->text = "fsck.mlxfs " MLXFS_VERSION "\n";
		return 0;
	case OPTION_HELP:
		a->text = usage;
		return 0;
	default:
		return FSCK_USAGE;
	}
}

int main(int argc, char **argv)
{
	struct arguments a = { .mode = CHECK_ONLY };
	int option, status = 0;

	while (!status &&
	       (option = getopt_long(argc, argv, "nyapfvC::t:", longs, NULL)) !=
		       -1)
		status = take_option(&a, option);
	if (!status && a.text)
		return fputs(a.text, stdout) < 0 ? FSCK_ERROR : FSCK_OK;
	if (status || argc - optind != 1) {
		fputs(usage, stderr);
		return FSCK_USAGE;
	}
	if (a.export_dir)
		return export(argv[optind], a.export_dir);
	return check(argv[optind], a.mode);
}
