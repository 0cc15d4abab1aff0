#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh FOLDER: a store in FOLDER/store, mounted at FOLDER/mnt, filled with the
# samples beside this script, and a pipeline run in it; all with plain commands,
# each shown before it is executed. Leaves it mounted. Once more works as well.
# MLXFS: the program.
set -eu

demo=${1:-$PWD/build/demo}
samples=$(cd "$(dirname "$0")" && pwd)/samples
: "${MLXFS:=mlxfs}"
store=$demo/store mnt=$demo/mnt

bold='' plain=''
if [ -t 1 ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
title() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
show() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	(cd "$demo" && eval "$*") 2>&1
}
is_mounted() { grep -qF " $mnt fuse" /proc/self/mounts; }
unmount() {
	umount "$mnt" 2>/dev/null || fusermount3 -u "$mnt" 2>/dev/null
}
is_free() { ! is_mounted; }

# wait_for COMMAND: at most ten seconds
wait_for() {
	n=100
	until "$@"; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.1
	done
}

if [ ! -c /dev/fuse ]; then
	echo "demo: there is no /dev/fuse here: load the module (modprobe fuse)," \
		"or start the container with --device /dev/fuse and" \
		"--cap-add SYS_ADMIN" >&2
	exit 1
fi
mkdir -p "$demo" 2>/dev/null || true
if [ ! -d "$mnt" ]; then
	# a daemon that was killed leaves a mount that answers nothing
	is_mounted && unmount
	mkdir -p "$mnt"
fi
if is_mounted && ! wait_for unmount; then
	echo "demo: $mnt is in use by another program (a shell that stands in" \
		"it?); leave it and start again" >&2
	exit 1
fi

title 'A store, mounted. Everything that follows is done with files.'
show "cd $demo"
ln -sfn "$samples" "$demo/samples"
show "$MLXFS store mnt"
wait_for is_mounted
show ls mnt

title 'Copying files in registers assets: one of each kind'
show 'cp -r samples/components/* mnt/components/'
show 'rsync -a samples/datasets samples/models samples/notebooks samples/pipelines mnt/'
show 'ls mnt/components mnt/datasets mnt/models mnt/notebooks mnt/pipelines'

title 'A wrong description is refused by the copying program itself'
show 'cp samples/refused/no-licence.yaml mnt/datasets/ || echo "status $?"'
show 'tail -n 1 mnt/.mlx/errors'
rm -f "$mnt/datasets/no-licence.yaml"

title 'What the catalog knows of one stands behind _mlx'
show ls mnt/models/rain-guess/ mnt/models/rain-guess/_mlx/
show 'head -n 24 mnt/models/rain-guess/_mlx/metadata.json'

title 'Code for Kubeflow Pipelines, made for each asset'
show 'head -n 32 mnt/components/word-count/_mlx/pipeline.py'

title 'A pipeline with branches: `run` says what can be asked of it'
show cat mnt/pipelines/umbrella/_mlx/run

title 'Writing that file starts a run, here on this machine'
show "echo 'parameters: {chance: 50, who: Ada}' >mnt/pipelines/umbrella/_mlx/run"
run=$(readlink "$mnt/pipelines/umbrella/_mlx/runs/latest")
run=runs/${run##*/}
show "ls mnt/$run/"

title 'Reading `wait` takes as long as the run does'
show "cat mnt/$run/_mlx/wait"
show "cat mnt/$run/status"
show "grep . mnt/$run/steps/*/status"
show "cat mnt/$run/log"
show "grep . mnt/$run/outputs/*"
[ "$(cat "$mnt/$run/status")" = SUCCEEDED ] || {
	echo "demo: the run did not succeed" >&2
	exit 1
}

title 'It stays mounted. Go on:'
cat <<END
  cd $mnt
  cp -r ANYTHING datasets/            # a directory of data is a dataset
  cat datasets/rainfall/_mlx/checks.json
  cat components/word-count/_mlx/run  # what to ask of it, then write it:
  echo 'parameters: {text: one and one and two}' >components/word-count/_mlx/run
  cat components/word-count/_mlx/runs/latest/_mlx/wait
  cat components/word-count/_mlx/runs/latest/outputs/most_frequent
and in the end:
  cd / && umount $mnt                 # or: fusermount3 -u $mnt
  rm -r $store                        # what was stored, too
END
