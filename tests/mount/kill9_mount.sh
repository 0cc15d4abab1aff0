#!/bin/bash
# A daemon that is killed while it serves is followed by the next one at once, whatever
# the mount that dies (its rings are taken down bit by bit) answers meanwhile.
. "${0%/*}/../lib.sh"
need python3
mount_start
# workers answer these: the places of the ring are theirs when they die
cat >"$WORK/users.py" <<'PYTHON'
import os
import sys
import time

for user in range(8):
    if not os.fork():
        break
until = time.monotonic() + 60
try:
    while time.monotonic() < until:
        os.listdir(sys.argv[1] + "/.mlx")
        open(sys.argv[1] + "/.mlx/status.json").read()
except OSError:
    pass
PYTHON
for i in $(seq 15); do
	python3 "$WORK/users.py" "$MNT" &
	users=$!
	sleep 0.2
	kill -9 "$DAEMON"
	mount_start
	wait $users
done
