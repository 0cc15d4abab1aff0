#!/bin/bash
# The first task of the real calculation pipeline adds; what follows needs the
# TensorFlow of an image of old, and is not waited for.
. "${0%/*}/../lib.sh"
need python3
need_shared katalog/pipeline-samples
mount_start
mkdir "$MNT/pipelines/sum"
cp "$MLXFS_SHARED/katalog/pipeline-samples/calculation-pipeline.yaml" "$MNT/pipelines/sum/"
printf 'name: sum\nparameters: {a: 2.5}\n' >"$MNT/pipelines/sum/_mlx/run"
dir=$MNT/runs/sum
added() { grep -qx SUCCEEDED "$dir/steps/add/status"; }
wait_for 20 added || fail "$(cat "$dir/log")"
is "$(cat "$dir/steps/add/outputs/output")" 6.5
is "$(value "$dir/_mlx/status.json" parameters a)" 2.5
is "$(value "$dir/_mlx/status.json" parameters b)" 8.0
wait_for 20 test -e "$dir/steps/my-divmod/command"
has "$(cat "$dir/steps/my-divmod/command")" '--dividend 6.5 --divisor 8.0'
echo 1 >"$dir/_mlx/cancel"
case $(cat "$dir/_mlx/wait") in CANCELED | FAILED) ;; *) fail "$(cat "$dir/status")" ;; esac
