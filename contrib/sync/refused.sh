#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# refused.sh MOUNT: every asset whose last upload was refused, and why. Exit
# status: 0 when there is none, 1 when there is one.
#
#	refused.sh /mlx
set -u

if [ $# -ne 1 ] || [ ! -d "$1/.mlx" ]; then
	echo "usage: ${0##*/} MOUNT (of a mounted catalog)" >&2
	exit 2
fi

found=0
for link in "$1"/*/*/_mlx; do
	asset=${link%/_mlx}
	[ -s "$asset/_mlx/errors" ] || continue
	found=1
	echo "$asset:"
	sed 's/^/	/' "$asset/_mlx/errors"
done
exit $found
