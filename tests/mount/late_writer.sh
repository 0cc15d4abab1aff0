#!/bin/bash
# A shared map outlives its descriptor: what is written through it then is of the
# file, and no digest is kept of it before nobody can write any more. Then time and
# digest are those of what is there.
. "${0%/*}/../lib.sh"
need_root
need python3
mount_start
asset=$MNT/datasets/late
mkdir "$asset"
cat >"$WORK/map.py" <<'PYTHON'
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
os.write(fd, bytes(200000))
mapped = mmap.mmap(fd, 200000)
os.close(fd)             # mmap has dup'ed it
for n in os.listdir("/proc/self/fd"):
    try:
        if os.readlink("/proc/self/fd/" + n) == sys.argv[1]:
            os.close(int(n))
    except OSError:
        pass
mapped[0:5] = b"first"
print("mapped", flush=True)
sys.stdin.readline()
mapped[100000:100004] = b"late"
print("written", flush=True)
sys.stdin.readline()
os._exit(0)
PYTHON
coproc writer { python3 "$WORK/map.py" "$asset/file"; }
writer_pid=$writer_PID # bash forgets it when the process ends
read -r said <&"${writer[0]}"
is "$said" mapped
is_right() {
	[ "$(awk '$2 == "./file" { print $1 }' "$asset/_mlx/SHA256SUMS")" = \
		"$(sha256sum <"$asset/file" | cut -d' ' -f1)" ]
}
passes=$(value "$MNT/.mlx/status.json" io)
pending() { value "$MNT/.mlx/status.json" digests_pending; }
before=$(stat -c %y "$asset/file")
sleep 4
# without kernel passthrough the pages of a map come to us when it ends
[ "$passes" != passthrough ] || {
	is_right || fail 'the digest is wrong before'
	is "$(pending)" 1 'digests that have to wait'
}
echo >&"${writer[1]}"
read -r said <&"${writer[0]}"
is "$said" written
is "$(head -c 5 "$asset/file")$(tail -c +100001 "$asset/file" | head -c 4)" firstlate
[ "$passes" != passthrough ] || wait_for 5 is_right || fail 'the digest is that of before the last write'
echo >&"${writer[1]}"
wait "$writer_pid" 2>/dev/null || true

is_done() { [ "$(pending)" = 0 ]; }
wait_for 15 is_done || fail 'there is no digest though nobody can write'
wait_for 5 is_right || fail 'the digest is wrong after'
# the kernel is told of it in its own time
is_later() { [ "$(stat -c %y "$asset/file")" != "$before" ]; }
wait_for 5 is_later || fail "the time is that of before: $before"
mount_again
is_right || fail 'the digest is another one after a new mount'
mount_stop
"$FSCK" -n "$STORE"
