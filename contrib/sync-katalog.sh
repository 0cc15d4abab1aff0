#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sync-katalog.sh FOLDER MOUNT: brings a checkout of an MLX catalog (folders named
# component-samples, dataset-samples, model-samples, notebook-samples and
# pipeline-samples, or just components, datasets, …) into a mounted mlxfs.
# Only what changed is copied, so it may be run from cron. Extra words after the
# two go to rsync (--delete, --dry-run, …).
# The status is rsync's; a spec that is refused (23) is named in MOUNT/.mlx/errors.
set -u
[ $# -ge 2 ] || {
	sed -n 's/^# //; 3,8p' "$0" >&2
	exit 2
}
from=$1 mount=$2
shift 2
worst=0
for kind in component dataset model notebook pipeline; do
	for folder in "$from/$kind-samples" "$from/${kind}s"; do
		[ -d "$folder" ] || continue
		rsync -a "$@" "$folder/" "$mount/${kind}s/" || worst=$?
	done
done
[ $worst = 0 ] || tail -n 5 "$mount/.mlx/errors" >&2
exit $worst
