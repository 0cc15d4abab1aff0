#!/bin/bash
# It is unmounted while the closing of many files is under way: what the daemon has
# begun it does to the end; it holds no lock and leaks nothing (AddressSanitizer would
# say). First over io_uring, then by /dev/fuse.
. "${0%/*}/../lib.sh"
need python3
cat >"$WORK/many.py" <<'PYTHON'
import os
import sys

top = sys.argv[1]
fds = [os.open(f"{top}/datasets/many/{n}", os.O_WRONLY | os.O_CREAT) for n in range(400)]
for fd in fds:
    os.write(fd, b"x")
os._exit(0)
PYTHON
for i in $(seq 20); do
	[ "$i" != 11 ] || echo 'ring: off' >"$STORE/config.yaml"
	mount_start
	mkdir -p "$MNT/datasets/many"
	python3 "$WORK/many.py" "$MNT"
	mount_stop
done
mount_start
is "$(cat "$MNT"/datasets/many/* | wc -c)" 400
