#!/bin/bash
# _mlx/wait: any number of readers wait without holding anything up, all are told,
# any can be interrupted, and what else the run says agrees with the answer.
. "${0%/*}/../lib.sh"
need python3
mount_start
put_component slow 'sleep 6; echo over'
start() {
	echo "name: $1" >"$MNT/components/slow/_mlx/run"
	run=$MNT/runs/$1
}
start one
for i in $(seq 40); do
	(cat "$run/_mlx/wait"; cat "$run/status"; tail -1 "$run/log") >"$WORK/out.$i" &
	readers="${readers:-} $!"
done
# more readers than any pool has threads: others are served
sleep 0.5
timeout $((5 * SLOW)) ls -l "$MNT/models" "$run/_mlx/" >/dev/null
status=0
timeout -s INT 0.5 cat "$run/_mlx/wait" || status=$?
is $status 124 'an interrupted reader'
is "$(cat "$run/status")" RUNNING 'when he has ended, the run'
wait $readers
for i in $(seq 40); do
	is "$(tr '\n' ' ' <"$WORK/out.$i")" "SUCCEEDED SUCCEEDED [slow] over "
done
is "$(cat "$run/_mlx/wait")" SUCCEEDED
is "$(stat -c %s "$run/_mlx/wait")" 10

# a cancelled one
start two
cat "$run/_mlx/wait" >"$WORK/two" &
sleep 0.3
echo >"$run/_mlx/cancel"
wait $!
is "$(cat "$WORK/two")" CANCELED

# the daemon ends: who waits is let go; nothing is left of who is killed just then
# (AddressSanitizer would say)
start three
cat "$run/_mlx/wait" >"$WORK/three" 2>&1 &
reader=$!
for i in $(seq 8); do
	cat "$run/_mlx/wait" >/dev/null 2>&1 &
	killed="${killed:-} $!"
done
sleep 0.3
kill -TERM "$DAEMON"
# shellcheck disable=SC2086
kill $killed
wait_for 20 is_gone || fail 'the daemon does not end'
wait "$DAEMON"
DAEMON=''
wait $reader $killed 2>/dev/null || true # told of the failure, or interrupted
is_mounted && fail 'it is mounted still' || true
mount_start
is "$(cat "$MNT/runs/three/_mlx/wait")" FAILED
