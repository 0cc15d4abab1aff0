#!/bin/bash
# kill -9 in the middle of an upload: what was closed is there, whole; what was
# not may be short, never wrong; the same command, given again, brings the rest.
. "${0%/*}/../lib.sh"
need rsync python3
src=$WORK/src
mkdir -p "$src/sub"
cp "$TOP"/contrib/samples/datasets/rainfall/* "$src/"
for n in $(seq 300); do head -c 20000 /dev/urandom >"$src/sub/f$n"; done

# upload FOR SECONDS COMMAND...: kills the daemon in its midst
upload() {
	local seconds=$1 pid
	shift
	"$@" >"$WORK/said" 2>&1 &
	pid=$!
	sleep "$seconds"
	mount_kill9
	wait $pid || true
	mount_start
}
# no file may hold what was never written there
nothing_wrong() {
	python3 - "$src" "$1" <<'PYTHON'
import os, sys
src, dst = sys.argv[1:]
bad = whole = 0
for folder, _, names in os.walk(dst):
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path) or name.startswith("."):
            continue
        with open(path, "rb") as f:
            got = f.read()
        with open(os.path.join(src, os.path.relpath(path, dst)), "rb") as f:
            want = f.read()
        if got == want:
            whole += 1
        elif want[:len(got)].startswith(got.rstrip(b"\0")[:len(want)]) is False:
            bad += 1
            print("wrong:", path)
print(whole, "whole")
sys.exit(bad != 0)
PYTHON
}

# each file that a writer was told is closed, is there after the kill
mount_start
mkdir "$MNT/datasets/acked"
python3 - "$src/sub" "$MNT/datasets/acked" >"$WORK/acked" <<'PYTHON' &
import os, sys
src, dst = sys.argv[1:]
for name in sorted(os.listdir(src)):
    with open(os.path.join(src, name), "rb") as f:
        data = f.read()
    try:
        with open(os.path.join(dst, name), "wb") as f:
            f.write(data)
    except OSError:
        break
    print(name, flush=True)
PYTHON
writer=$!
wait_for 20 test -s "$WORK/acked"
sleep 0.1
mount_kill9
wait $writer || true
mount_start
[ -s "$WORK/acked" ] || fail "nothing was written before the kill"
while read -r name; do
	cmp "$src/sub/$name" "$MNT/datasets/acked/$name"
done <"$WORK/acked"

for seconds in 0.05 0.2; do
	upload $seconds cp -r "$src" "$MNT/datasets/by-cp"
	[ ! -e "$MNT/datasets/by-cp" ] || nothing_wrong "$MNT/datasets/by-cp"
	rm -rf "$MNT/datasets/by-cp"
	cp -r "$src" "$MNT/datasets/by-cp"
	diff -r -x _mlx "$src" "$MNT/datasets/by-cp"
	rm -r "$MNT/datasets/by-cp"

	upload $seconds rsync -a "$src/" "$MNT/datasets/by-rsync/"
	[ ! -e "$MNT/datasets/by-rsync" ] || nothing_wrong "$MNT/datasets/by-rsync"
	rsync -a --delete "$src/" "$MNT/datasets/by-rsync/"
	diff -r -x _mlx "$src" "$MNT/datasets/by-rsync"
	is "$(rsync -ai --exclude=/_mlx "$src/" "$MNT/datasets/by-rsync/")" ''
	rm -r "$MNT/datasets/by-rsync"

	mkdir "$MNT/datasets/by-tar"
	tar -C "$src" -cf "$WORK/src.tar" .
	upload $seconds tar -C "$MNT/datasets/by-tar" -xf "$WORK/src.tar"
	nothing_wrong "$MNT/datasets/by-tar"
	tar -C "$MNT/datasets/by-tar" -xf "$WORK/src.tar"
	diff -r -x _mlx "$src" "$MNT/datasets/by-tar"
	is "$(value "$MNT/datasets/by-tar/_mlx/metadata.json" id)" rainfall
	rm -r "$MNT/datasets/by-tar"
done
mount_stop
"$FSCK" -n "$STORE"
