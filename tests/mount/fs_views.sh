#!/bin/bash
# Generated files: exact sizes, times and numbers that stay, no writing where
# there is none, and a removal that harms nothing.
. "${0%/*}/../lib.sh"
need python3 tar rsync
mount_start
cp -r "$TOP/contrib/samples/models/rain-guess" "$MNT/models/"
view=$MNT/models/rain-guess/_mlx

for file in "$view"/* "$MNT/.mlx/errors" "$MNT/README.md"; do
	[ -f "$file" ] || continue
	is "$(cat "$file" | wc -c)" "$(stat -c %s "$file")" "$file: size"
	is "$(stat -c %b "$file")" "$((($(stat -c %s "$file") + 511) / 512))" "$file: blocks"
done
# the program that lies when sizes do
mkdir "$WORK/copy"
rsync -a "$view/" "$WORK/copy/" --exclude runs
diff -r --exclude runs "$view/" "$WORK/copy"
tar -cf - -C "$MNT/.mlx/models/rain-guess" . | tar -tf - >"$WORK/list"
has "$(cat "$WORK/list")" ./metadata.json
# an older libfuse can't say that what is not cached may be mapped
python3 - "$view/metadata.json" "$(value "$MNT/.mlx/status.json" io)" <<'PYTHON'
import errno, mmap, sys
with open(sys.argv[1], "rb") as f:
    whole = f.read()
    for flags in mmap.MAP_PRIVATE, mmap.MAP_SHARED:
        try:
            with mmap.mmap(f.fileno(), 0, flags=flags, prot=mmap.PROT_READ) as m:
                assert m[:] == whole
        except OSError as e:
            assert e.errno == errno.ENODEV and flags == mmap.MAP_SHARED, e
            assert sys.argv[2] != "passthrough"
PYTHON

# who closes a file waits for nobody, and yet what it wrote is in the next read
python3 - "$MNT/models/rain-guess" <<'PYTHON'
import json, os, sys
asset = sys.argv[1]
def total():
    with open(asset + "/_mlx/metadata.json") as f:
        return json.load(f)["bytes"]
was = total()
for i in range(1, 200):
    with open(asset + "/data", "ab", buffering=0) as f:
        f.write(b"x")
    assert total() == was + i, (i, total(), was)
os.unlink(asset + "/data")
# it becomes a spec while it is open: what is written then is judged all the same
spec = asset + "/model.yaml"
with open(spec) as f:
    text = f.read()
with open(asset + "/new", "w") as f:
    f.write(text)
    f.flush()
    os.rename(asset + "/new", spec)
    f.write("\nname: [broken\n")
PYTHON
wait_for 10 grep -q model.yaml: "$view/errors"
cp "$TOP/contrib/samples/models/rain-guess/model.yaml" "$MNT/models/rain-guess/"
is "$(cat "$view/errors")" ''

# nothing moves by itself; something does when its source did
stamp() { stat -c '%n %i %Y.%y %Z %s' "$view"/*.json "$view/run" "$view/pipeline.py" "$view/tags"; }
before=$(stamp)
sleep 1.1
is "$(stamp)" "$before" 'what stat says'
inode=$(stat -c %i "$view/metadata.json")
echo 'red' >"$view/tags"
is "$(cat "$view/tags")" red
[ "$(stat -c %Y "$view/metadata.json")" -ge "$(stat -c %Y "$MNT/models/rain-guess/model.yaml")" ]
has "$(cat "$view/metadata.json")" '"red"'
is "$(stat -c %i "$view/metadata.json")" "$inode"
mount_again
is "$(stat -c %i "$view/metadata.json")" "$inode" 'after a mount'
is "$(cat "$view/tags")" red

# an open file says what it said when it was opened
exec 5<"$view/tags"
echo 'blue' >"$view/tags"
is "$(cat "$view/tags")" blue
exec 5<&-

# it changes while others have it open and read it: each sees one whole, and the
# size that stat tells is that of what is read then
python3 - "$MNT/models/rain-guess/_mlx" <<'PYTHON'
import json, os, sys, threading, time
view = sys.argv[1]
over = time.monotonic() + 4
faults = []

def change():
    n = 0
    while time.monotonic() < over:
        n = n % 30 + 1
        with open(view + "/tags", "w") as f:
            f.write("".join(f"a-rather-long-tag-{i}\n" for i in range(n)))

def read():
    while time.monotonic() < over:
        fd = os.open(view + "/metadata.json", os.O_RDONLY)
        text = b""
        while part := os.read(fd, 700):
            text += part
        os.close(fd)
        try:
            json.loads(text)
        except ValueError as e:
            faults.append(f"{len(text)} bytes: {e}")

threads = [threading.Thread(target=t) for t in (change, read, read, read)]
for t in threads:
    t.start()
for t in threads:
    t.join()
for i in range(200):
    with open(view + "/tags", "w") as f:
        f.write("x" * (i % 40) + "\n")
    size = os.stat(view + "/metadata.json").st_size
    with open(view + "/metadata.json", "rb") as f:
        if len(f.read()) != size or os.fstat(f.fileno()).st_size != size:
            faults.append(f"round {i}: not the {size} bytes of stat")
sys.exit(faults[0] if faults else 0)
PYTHON
echo blue >"$view/tags"

# what can't be written
for file in metadata.json checks.json errors SHA256SUMS pipeline.py; do
	[ "$(id -u)" != 0 ] || expect_errno EACCES open "$view/$file" O_WRONLY
	expect_errno OK unlink "$view/$file"
	exists "$view/$file"
done
expect_errno EPERM create "$view/new"
expect_errno EPERM mkdir "$view/new"
expect_errno EPERM symlink x "$view/new"
expect_errno EPERM rename "$view/tags" "$view/new"
expect_errno EPERM link "$view/tags" "$MNT/models/rain-guess/tags"
expect_errno EPERM rmdir "$view/runs"
expect_errno EISDIR open "$view" O_WRONLY
expect_errno ENOTEMPTY rmdir "$MNT/models/rain-guess"
touch -d 2001-01-01 "$view/metadata.json"
chmod 600 "$view/metadata.json"
is "$(stat -c %a "$view/metadata.json")" 444
expect_errno ENOENT stat "$view/nothing"
expect_errno ENOENT stat "$MNT/.mlx/models/nothing"
expect_errno ENOENT stat "$MNT/.mlx/toasters"

# a view goes with its asset, also for who has it open
exec 6<"$view/"
rm -r "$MNT/models/rain-guess"
stat "/proc/self/fd/6/metadata.json" 2>/dev/null && fail 'its view is there' || true
exec 6<&-
expect_errno ENOENT stat "$MNT/.mlx/models/rain-guess"

# listing many assets, in pieces
for i in $(seq 300); do mkdir "$MNT/datasets/set-$i"; done
is "$(ls "$MNT/.mlx/datasets" | sort -u | wc -l)" 300
is "$(ls -f "$MNT/.mlx/datasets" | wc -l)" 302
rm -r "$MNT/datasets"/*
is "$(ls "$MNT/.mlx/datasets" | wc -l)" 0
