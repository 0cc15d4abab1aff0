#!/bin/bash
# The connection is cut (umount -f) while readers wait for a run and others are served:
# they are told, and the daemon ends by itself, whole.
. "${0%/*}/../lib.sh"
need_root
need python3
mount_start
put_component slow 'sleep 100'
cat >"$WORK/users.py" <<'PYTHON'
import os
import sys
import time

top, run = sys.argv[1:]
for user in range(6):
    if not os.fork():
        break
try:
    if user < 3:
        open(f"{top}/runs/{run}/_mlx/wait").read()
    else:
        while True:
            os.listdir(top + "/.mlx")
            open(top + "/.mlx/status.json").read()
except OSError:
    pass
PYTHON
for i in $(seq 6); do
	run=$(start_run components/slow "name: cut$i")
	python3 "$WORK/users.py" "$MNT" "$run" 2>/dev/null &
	users=$!
	sleep 0.5
	umount -f "$MNT" 2>/dev/null || true # busy: it is cut, and stays in the table
	wait_for 20 is_gone || fail 'the daemon does not end'
	wait $users
	status=0
	wait "$DAEMON" || status=$?
	DAEMON=''
	is $status "${want:=$status}" "the daemon's status"
	[ $status -lt 128 ] || fail "the daemon died of signal $((status - 128))"
	mount_start
	is "$(cat "$MNT/runs/$run/_mlx/wait")" FAILED
done
