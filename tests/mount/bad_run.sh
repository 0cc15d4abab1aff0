#!/bin/bash
# What is wrong in `run` starts nothing, and the reason is in errors.
. "${0%/*}/../lib.sh"
need python3
mount_start
cp -r "$TOP"/contrib/samples/pipelines/* "$MNT/pipelines/"
cp -r "$TOP"/contrib/samples/datasets/* "$MNT/datasets/"
asset=$MNT/pipelines/umbrella
bad() { # ERRNO TEXT SENTENCE
	refused "$1" "$asset/_mlx/run" "$2" "$3" "$asset/_mlx/errors"
	has "$(tail -1 "$MNT/.mlx/errors")" umbrella
	is "$(ls "$MNT/runs")" ''
}

bad EINVAL 'parameter: {chance: 1}' parameter
bad EINVAL 'parameters: {chances: 1}' chances
bad EINVAL 'parameters: [chance]' parameters
bad EINVAL 'parameters: {chance: [1, 2]}' chance
bad EINVAL 'parameters: {chance: soon}' chance
bad EINVAL 'name: [a]' name
bad EINVAL 'name: ../../etc' name
bad EINVAL 'name: a/b' name
bad EINVAL "name: $(printf 'n%.0s' $(seq 300))" name
bad EINVAL 'engine: steam' steam
bad EINVAL 'stage: serve' stage
bad EINVAL 'datasets: {DATA: datasets/none}' datasets/none
bad EINVAL 'datasets: {"a b": datasets/rainfall}' 'a b'
bad EINVAL 'datasets: [datasets/rainfall]' datasets
bad EINVAL 'name: a
name: b' 'line 2'
bad EINVAL '[[[' line
bad EINVAL 'a sentence' ''

# what has no content, or is no write at all, starts nothing and is no error
expect_errno OK open "$asset/_mlx/run" O_WRONLY O_TRUNC
expect_errno OK open "$asset/_mlx/run" O_RDWR
expect_errno OK truncate "$asset/_mlx/run" 0
touch "$asset/_mlx/run"
chmod 644 "$asset/_mlx/run"
: >"$asset/_mlx/run"
cat "$asset/_mlx/run" >/dev/null
cp -r "$asset" "$WORK/copy"
rsync -a "$MNT/pipelines/" "$WORK/synced/" 2>/dev/null || true
is "$(ls "$MNT/runs")" ''

# and after all that a good one does
run=$(start_run pipelines/umbrella 'name: good')
is "$run" good
is "$(cat "$MNT/runs/good/_mlx/wait")" SUCCEEDED
is "$(cat "$asset/_mlx/errors")" ''
# its name is taken now
refused EEXIST "$asset/_mlx/run" 'name: good' good "$asset/_mlx/errors"
is "$(ls "$MNT/runs")" good
