#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# pull.sh MOUNT FOLDER: a plain copy of a mounted catalog, for a backup or to
# work on elsewhere.
#
#	pull.sh /mlx /backup/mlx
#
# Takes the five kinds and the runs. The links named _mlx are left out, since
# they mean nothing outside the mount; with --generated as the first argument
# each asset's metadata.json, checks.json, SHA256SUMS and pipeline.py are copied
# too, into FOLDER/generated/KIND/NAME. The folders of the kinds hold assets only,
# so that push.sh can bring them back.
#
# Nothing is deleted from FOLDER; add --delete to the rsync line below if the
# copy is to follow deletions. The check on .mlx is what makes that safe: without
# it, a mount that is not there would look like an empty catalog.
set -u

generated=
if [ "${1:-}" = --generated ]; then
	generated=1
	shift
fi
if [ $# -ne 2 ]; then
	echo "usage: ${0##*/} [--generated] MOUNT FOLDER" >&2
	exit 2
fi
mount=${1%/}
folder=${2%/}
if [ ! -d "$mount/.mlx" ]; then
	echo "${0##*/}: no catalog is mounted at $mount" >&2
	exit 2
fi

mkdir -p "$folder" || exit 1
failed=0
for dir in components datasets models notebooks pipelines runs; do
	rsync -a --exclude=_mlx "$mount/$dir" "$folder/" || failed=1
done

if [ -n "$generated" ]; then
	for link in "$mount"/*/*/_mlx; do
		asset=${link%/_mlx}
		[ -e "$asset/_mlx/metadata.json" ] || continue # runs
		to=$folder/generated/${asset#"$mount"/}
		mkdir -p "$to" || exit 1
		for file in metadata.json checks.json SHA256SUMS pipeline.py; do
			cp -p "$asset/_mlx/$file" "$to/" || failed=1
		done
	done
fi
exit $failed
