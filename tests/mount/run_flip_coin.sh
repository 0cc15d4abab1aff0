#!/bin/bash
# The real flip-coin pipeline, five times: SUCCEEDED with either outcome, the
# branches not taken SKIPPED, the message in the log of its step.
. "${0%/*}/../lib.sh"
need python3
need_shared katalog/pipeline-samples
mount_start
mkdir "$MNT/pipelines/coin"
cp "$MLXFS_SHARED/katalog/pipeline-samples/flip-coin-pipeline.yaml" "$MNT/pipelines/coin/"

heads=0 tails=0
for n in 1 2 3 4 5; do
	printf 'name: coin%s\n' $n >"$MNT/pipelines/coin/_mlx/run"
	dir=$MNT/runs/coin$n
	is "$(cat "$dir/_mlx/wait")" SUCCEEDED
	is "$(cat "$dir/status")" SUCCEEDED
	side=$(cat "$dir/steps/flip-coin/outputs/output")
	case $side in
	heads) taken=random-num other=random-num-2 heads=1 limit=5 prints='print-msg print-msg-2' ;;
	tails) taken=random-num-2 other=random-num tails=1 limit=15 prints='print-msg-3 print-msg-4' ;;
	*) fail "the coin shows '$side'" ;;
	esac
	is "$(cat "$dir/steps/flip-coin/log")" "$side"
	is "$(cat "$dir/steps/$taken/status")" SUCCEEDED
	is "$(cat "$dir/steps/$other/status")" SKIPPED
	number=$(cat "$dir/steps/$taken/outputs/output")
	set -- $prints
	if [ "$number" -gt $limit ]; then said="$side and $number > $limit!" yes=$1 no=$2
	else said="$side and $number <= $limit!" yes=$2 no=$1; fi
	is "$(cat "$dir/steps/$yes/log")" "$said"
	is "$(cat "$dir/steps/$no/status")" SKIPPED
	has "$(cat "$dir/log")" "[$yes] $said"
	is "$(cat "$dir"/steps/print-msg*/status | sort | uniq -c | tr -s ' \n' ' ')" ' 3 SKIPPED 1 SUCCEEDED '
	# all tasks are there, and counted
	is "$(ls "$dir/steps" | wc -l)" 13
	is "$(value "$dir/_mlx/status.json" progress steps_done)" 13
	# what was executed is told, after substitution
	has "$(cat "$dir/steps/condition-1/command")" "$dir/steps/condition-1/outputs/outcome"
done
say "heads seen: $heads, tails seen: $tails"
