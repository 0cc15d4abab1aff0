// SPDX-License-Identifier: Apache-2.0
#include "access.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MOST 1024

static bool is_in_group(const struct owner *owner, gid_t gid)
{
	gid_t group[GROUPS_MOST];
	char names[4096];
	struct passwd pw, *found = NULL;
	int count = GROUPS_MOST;

	if (owner->gid == gid)
		return true;
	if (getpwuid_r(owner->uid, &pw, names, sizeof(names), &found) ||
	    !found || getgrouplist(pw.pw_name, owner->gid, group, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (group[i] == gid)
			return true;
	return false;
}

bool owner_may(struct store *st, const struct owner *owner, uint64_t ino,
	       int mask)
{
	struct node_attr attr;
	unsigned int bits;

	if (node_get(st, ino, &attr))
		return false;
	if (owner->uid == 0)
		return true;
	if (attr.uid == owner->uid)
		bits = attr.mode >> 6;
	else if (is_in_group(owner, attr.gid))
		bits = attr.mode >> 3;
	else
		bits = attr.mode;
	return (bits & (unsigned int)mask) == (unsigned int)mask;
}
