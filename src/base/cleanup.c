// SPDX-License-Identifier: Apache-2.0
#include "base/cleanup.h"

#include <stdlib.h>
#include <unistd.h>

void free_text(char **text)
{
	free(*text);
	*text = NULL;
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
