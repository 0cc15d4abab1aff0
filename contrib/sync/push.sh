#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# push.sh FOLDER MOUNT/KIND: bring each asset of a folder up to date in a
# mounted catalog.
#
#	push.sh ~/catalog/models /mlx/models
#
# Every directory in FOLDER becomes an asset of that name. Files that are gone
# from the folder go from the asset too; assets that are not in FOLDER at all
# stay. Nothing is started: copying never starts a run.
#
# Each asset is a transfer of its own, so that one that is refused does not hold
# up the others. Exit status: 0, or 1 when something was refused.
set -u

if [ $# -ne 2 ] || [ ! -d "$1" ]; then
	echo "usage: ${0##*/} FOLDER MOUNT/KIND" >&2
	exit 2
fi
folder=${1%/}
kind=${2%/}
# An empty mount point must not be filled by mistake: a mount has a .mlx.
if [ ! -d "$kind/../.mlx" ]; then
	echo "${0##*/}: $kind is not a kind's directory of a mounted catalog" >&2
	exit 2
fi

failed=0
for source in "$folder"/*/; do
	[ -d "$source" ] || continue
	source=${source%/}
	asset=$kind/${source##*/}
	# _mlx belongs to the mount, also in a source that was copied out of one
	if ! rsync -a --delete --exclude=/_mlx "$source/" "$asset/"; then
		failed=1
		echo "refused: $asset" >&2
		cat "$asset/_mlx/errors" >&2 2>/dev/null
	fi
done
exit $failed
