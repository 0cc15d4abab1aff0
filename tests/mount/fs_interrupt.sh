#!/bin/bash
# Who waits for a run ends at once when he is killed or interrupted, by io_uring as by
# /dev/fuse; a signal that is not his lets him wait on; and the daemon goes on.
. "${0%/*}/../lib.sh"
need python3
cat >"$WORK/reader.py" <<'PYTHON'
"""reader.py HOW FILE: prints what FILE says, in the end."""
import os
import signal
import sys
import threading


def caught(number, frame):
    raise InterruptedError


def read():
    print("reads", file=sys.stderr, flush=True)
    print(os.read(fd, 100).decode().strip(), flush=True)


how, path = sys.argv[1:]
fd = os.open(path, os.O_RDONLY)
signal.signal(signal.SIGINT, signal.SIG_DFL)
if how == "catches":
    signal.signal(signal.SIGUSR1, caught)
elif how == "blocks":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
elif how == "another":
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    other = threading.Thread(target=read)
    other.start()
    other.join()
    sys.exit()
try:
    read()
except InterruptedError:
    print("interrupted")
PYTHON

start() {
	put_component slow 'sleep 100'
	run=$MNT/runs/$(start_run components/slow "name: $1")
}
# reader HOW: in the background, waiting when this returns
reader() {
	rm -f "$WORK/$1.reads"
	python3 "$WORK/reader.py" "$1" "$run/_mlx/wait" >"$WORK/$1" 2>"$WORK/$1.reads" &
	reader=$!
	wait_for 10 test -s "$WORK/$1.reads" || fail "$1: does not wait"
	sleep 0.3
}
is_over() { ! kill -0 $reader 2>/dev/null; }
# ends STATUS: the reader, soon, though the run goes on
ends() {
	local status=0
	wait_for 3 is_over || fail "$how: waits still"
	wait $reader || status=$?
	is $status "$1" "$how: its status"
	is "$(cat "$run/status")" RUNNING
}

readers_end() {
	start "$1"
	wait_for 20 grep -q RUNNING "$run/status"
	for how in KILL INT TERM; do
		reader $how
		kill -s $how $reader
		ends $((128 + $(kill -l $how)))
	done
	how=catches
	reader $how
	kill -USR1 $reader
	ends 0
	is "$(cat "$WORK/$how")" interrupted

	# these wait on
	reader blocks
	blocks=$reader
	reader another
	another=$reader
	for i in $(seq 20); do
		kill -USR1 $blocks $another
		sleep 0.1
	done
	timeout $((5 * SLOW)) ls -l "$MNT/models" "$run/_mlx/" >/dev/null
	kill -0 $blocks && kill -0 $another || fail 'interrupted by a signal for another'
	echo >"$run/_mlx/cancel"
	wait $blocks $another
	is "$(cat "$WORK/blocks")" CANCELED
	is "$(cat "$WORK/another")" CANCELED
}

mount_start
readers_end either
echo 'ring: off' >"$STORE/config.yaml"
mount_again
readers_end device

# the daemon is in a pid namespace of its own, and sees no reader
rm "$STORE/config.yaml"
mount_stop
unshare --pid --fork true 2>/dev/null || exit 0
printf '#!/bin/sh\nexec unshare --pid --fork "%s" "$@"\n' "$MLXFS" >"$WORK/inside"
chmod +x "$WORK/inside"
MLXFS=$WORK/inside
mount_start
readers_end unseen
