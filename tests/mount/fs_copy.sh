#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A copy of a whole file within the mount takes no room and hardly any time, and is
# a file of its own: whatever is done to it, or to the other one, then or later.
. "${0%/*}/../lib.sh"
need python3
mount_start
d=$MNT/datasets/d
mkdir "$d"

# while blobs come and go
room() { { du -s --block-size=1 "$STORE/blobs" 2>/dev/null || true; } | cut -f1; }
blobs() { { find "$STORE/blobs" -type f -size +0 2>/dev/null || true; } | wc -l; }
settles() { wait_for 60 is_shared_to "$1" || fail "$(blobs) blobs, not $1"; }
is_shared_to() { [ "$(blobs)" = "$1" ]; }

# a large one; its digest need not be there
size=$((1 << 30))
truncate -s $size "$WORK/large"
head -c 3000000 /dev/urandom | dd of="$WORK/large" conv=notrunc status=none
head -c 5000 /dev/urandom | dd of="$WORK/large" conv=notrunc bs=1M seek=700 status=none
cp --sparse=never "$WORK/large" "$d/large"
before=$(room)
cp "$d/large" "$d/copy"
[ "$(room)" -lt $((before + 1000000)) ] || fail "it took $(($(room) - before)) bytes"
is "$(stat -c '%s %b' "$d/copy")" "$(stat -c '%s %b' "$d/large")"
is "$(blobs)" 1
cmp "$d/copy" "$WORK/large"
[ "$(stat -c %i "$d/copy")" != "$(stat -c %i "$d/large")" ]
printf XYZ | dd of="$d/copy" conv=notrunc bs=1 seek=100 status=none
cmp "$d/large" "$WORK/large"
printf XYZ | dd of="$WORK/large" conv=notrunc bs=1 seek=100 status=none
cmp "$d/copy" "$WORK/large"
is "$(blobs)" 2
rm "$d/large" "$d/copy" "$WORK/large"

# all that cp(1) keeps, and what the asset says of it
head -c 500000 /dev/urandom >"$WORK/one"
cp "$WORK/one" "$d/a"
touch -d '2001-02-03 04:05:06.789' "$d/a"
chmod 640 "$d/a"
cp -a "$d/a" "$d/b"
is "$(stat -c '%y %a %s' "$d/b")" "$(stat -c '%y %a %s' "$d/a")"
cp -r "$d" "$MNT/datasets/e"
cmp "$MNT/datasets/e/b" "$WORK/one"
settles 1
is "$(value "$MNT/datasets/e/_mlx/metadata.json" bytes)" 1000000
(cd "$MNT/datasets/e" && sha256sum --quiet -c _mlx/SHA256SUMS)

# what it takes the program for; then it does what cp(1) never does
cat >"$WORK/it.py" <<'PYTHON'
import ctypes, mmap, os, sys, time
d, one = sys.argv[1], open(sys.argv[2], "rb").read()
assert ctypes.CDLL(None).prctl(15, b"cp", 0, 0, 0) == 0
size = len(one)
def name(n): return os.path.join(d, n)
def read(n): return open(name(n), "rb").read()
def holds(path):
    try:
        return os.path.getsize(path) > 0
    except FileNotFoundError:  # it goes at this moment
        return False
def blobs():
    return sum(holds(os.path.join(folder, n))
               for folder, _, names in os.walk(sys.argv[3]) for n in names)
def begin(n, length=1 << 40, offset=0, at=0):
    source = os.open(name("a"), os.O_RDONLY)
    copy = os.open(name(n), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    got = os.copy_file_range(source, copy, length, offset, at)
    os.close(source)
    return copy, got
def end(copy, n, want):
    os.close(copy)
    assert read(n) == want, n
    assert read("a") == one, n
    remove(n)
def remove(n):
    os.unlink(name(n))
    until = time.monotonic() + 10
    while blobs() != 1 and time.monotonic() < until:
        time.sleep(0.02)
    assert blobs() == 1
assert blobs() == 1

# written through the same descriptor: inside, at the end, cut, with a hole
copy, got = begin("c")
assert got == size and blobs() == 1 and os.fstat(copy).st_size == size
os.fsync(copy)
os.pwrite(copy, b"written", 1000)
assert blobs() == 2 and read("c") == one[:1000] + b"written" + one[1007:]
os.pwrite(copy, b"end", size)
end(copy, "c", one[:1000] + b"written" + one[1007:] + b"end")
copy, got = begin("c")
os.ftruncate(copy, 70000)
assert os.fstat(copy).st_size == 70000
os.pwrite(copy, b"x", 70000)
end(copy, "c", one[:70000] + b"x")
copy, got = begin("c")
os.posix_fallocate(copy, size, 10)
end(copy, "c", one + bytes(10))

# others have the copy while it is made: one who read when it was empty, one who maps
# it, one who writes
source = os.open(name("a"), os.O_RDONLY)
copy = os.open(name("c"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
early = os.open(name("c"), os.O_RDONLY)
assert os.read(early, 10) == b""
assert os.copy_file_range(source, copy, 1 << 40, 0, 0) == size and blobs() == 1
assert os.pread(early, size + 1, 0) == one
mapped = mmap.mmap(early, 0, prot=mmap.PROT_READ)
assert mapped[:] == one
late = os.open(name("c"), os.O_RDWR)
os.pwrite(late, b"late", 5)
assert mapped[:12] == one[:5] + b"late" + one[9:12]
os.pwrite(copy, b"copy", 20)
want = one[:5] + b"late" + one[9:20] + b"copy" + one[24:]
assert mapped[:] == want and os.pread(early, size + 1, 0) == want
mapped.close()
for fd in (late, early, source): os.close(fd)
end(copy, "c", want)

# the source is written, cut and removed afterwards
copy, got = begin("c")
with open(name("a"), "r+b") as f:
    f.write(b"changed")
assert read("c") == one
os.truncate(name("a"), 0)
assert read("c") == one
os.unlink(name("a"))
os.close(copy)
assert read("c") == one
os.rename(name("c"), name("a"))

# real copies: of a part, to another place, of a source that somebody can write
for length, offset, at in ((size - 1, 0, 0), (1 << 40, 1, 0), (1 << 40, 0, 1)):
    copy, got = begin("c", length, offset, at)
    assert got == min(length, size - offset) and blobs() == 2, blobs()
    end(copy, "c", bytes(at) + one[offset:offset + got])
writer = os.open(name("a"), os.O_RDWR)
mapped = mmap.mmap(writer, 0)
copy, got = begin("c")
os.pwrite(writer, b"writer", 0)
mapped[100:106] = b"mapped"
os.close(copy)
assert read("c") == one
os.close(writer)
remove("c")
copy, got = begin("c")
mapped[0:106] = one[:106]
mapped.flush()
os.close(copy)
assert read("c") == b"writer" + one[6:100] + b"mapped" + one[106:]
mapped.close()
with open(name("a"), "r+b") as f:
    f.write(one[:106])
remove("c")
# to a file that is there
with open(name("c"), "wb") as f:
    f.write(b"there")
source = os.open(name("a"), os.O_RDONLY)
copy = os.open(name("c"), os.O_WRONLY)
assert os.copy_file_range(source, copy, 1 << 40, 0, 0) == size
end(copy, "c", one)
# nothing at all is written
copy = os.open(name("c"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
end(copy, "c", b"")
PYTHON
cp "$WORK/one" "$d/b" # its own blob again, for the count
rm -r "$d/b" "$MNT/datasets/e"
settles 1
python3 "$WORK/it.py" "$d" "$WORK/one" "$STORE/blobs"

# killed right after a copy
cp "$d/a" "$d/b"
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null || true
umount -l "$MNT" 2>/dev/null || fusermount3 -uz "$MNT"
mount_start
cmp "$d/a" "$WORK/one"
cmp "$d/b" "$WORK/one"
cp "$d/b" "$d/c"
mount_stop
"$FSCK" -n "$STORE"
is "$(blobs)" 1
