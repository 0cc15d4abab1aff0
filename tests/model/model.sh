#!/bin/bash
# Random operations give on a mount what they give on a plain directory of the same
# disk; so does what two processes do at once; a new mount shows the same to the
# nanosecond. MODEL_SECONDS: for how long, else RANDOM_SECONDS (20); MODEL_SEED: the
# first of the seeds, one a run of a few seconds. What fails tells its own.
# limit: 200 s
. "${0%/*}/../lib.sh"
need_root
helper model
total=${MODEL_SECONDS:-${RANDOM_SECONDS:-20}} seed=${MODEL_SEED:-1}
say "from seed $seed on"
each=$((total < 60 ? 2 : 10))
mount_start
# in an asset's directory, and below one
mkdir -p "$WORK"/plain/{1,2,3} "$MNT"/datasets/{1,2,3/deep}

model() { # NUMBER PLACE OPTION...
	local status=0 number=$1 place=$2
	shift 2
	"$WORK/model" -s $((seed++)) -t "$each" "$@" "$WORK/plain/$number" \
		"$MNT/datasets/$place" >"$WORK/said.$number" 2>&1 || status=$?
	[ $status = 0 ] || fail "$(cat "$WORK/said.$number")"
}
# all that can be seen, with numbers and times
all() {
	(
		cd "$MNT/datasets"
		find 2 3 -name _mlx -prune -o \
			-printf '%P %y %i %m %U %G %n %s %T@ %C@ %A@ %l\n' | sort
		find 2 3 -name _mlx -prune -o -type f -print0 | sort -z |
			xargs -0 -r sha256sum
	)
}
SECONDS=0
while [ $SECONDS -lt "$total" ]; do
	model 1 1
	model 2 2 -k &
	second=$!
	seed=$((seed + 1))
	model 3 3/deep -k
	wait $second || exit 1
	all >"$WORK/before"
	mount_again
	all >"$WORK/after"
	cmp "$WORK/before" "$WORK/after" ||
		fail "after a new mount: $(diff "$WORK/before" "$WORK/after" | head)"
done
