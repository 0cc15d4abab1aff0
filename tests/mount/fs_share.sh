#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Equal files have one blob, and nobody can tell by what they read: while others
# read, map and write, after a kill, and for fsck, which rebuilds it too.
. "${0%/*}/../lib.sh"
need python3

blobs() { find "$STORE/blobs" -type f -size +0 | wc -l; }
is_shared_to() { [ "$(blobs)" = "$1" ]; }
settles() { wait_for 60 is_shared_to "$1" || fail "$(blobs) blobs, not $1"; }
fsck_is_content() { "$FSCK" -n "$STORE" >"$WORK/fsck" 2>&1 || fail "$(cat "$WORK/fsck")"; }
# the kernel keeps what is open; nothing of ours does
drop() { sync -f "$MNT"; [ "$(id -u)" != 0 ] || echo 2 >/proc/sys/vm/drop_caches; }

mount_start
d=$MNT/datasets/d
mkdir "$d"
head -c 3000000 /dev/urandom >"$WORK/one"
cp "$WORK/one" "$d/a"
touch -d '2001-02-03 04:05:06' "$d/a"
cp -p "$d/a" "$d/b"
cp "$d/a" "$d/c"
before=$(stat -c '%i %y %z %s' "$d/a" "$d/b" "$d/c")
settles 1
is "$(stat -c '%i %y %z %s' "$d/a" "$d/b" "$d/c")" "$before"
cmp "$d/a" "$WORK/one" && cmp "$d/b" "$WORK/one" && cmp "$d/c" "$WORK/one"
(cd "$d" && sha256sum --quiet -c _mlx/SHA256SUMS)

# two of them are read and mapped, and each is then written, in each order;
# the readers see what they should, by read and by mapping
python3 - "$d" <<'PYTHON'
import mmap, os, sys
d = sys.argv[1]
def name(n): return os.path.join(d, n)
one = open(name("a"), "rb").read()
def opened(n):
    fd = os.open(name(n), os.O_RDONLY)
    m = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
    assert m[:] == one and os.pread(fd, len(one), 0) == one
    return fd, m
def same(r, want):
    fd, m = r
    assert os.pread(fd, len(want) + 1, 0) == want, "read"
    assert m[:len(want)] == want, "mapping"
a, b = opened("a"), opened("b")
# the second one is written: by pwrite, and by a mapping
w = os.open(name("b"), os.O_RDWR)
os.pwrite(w, b"B" * 5000, 100000)
wanted = one[:100000] + b"B" * 5000 + one[105000:]
same(b, wanted); same(a, one)
m = mmap.mmap(w, 0)
m[10:20] = b"0123456789"
wanted = wanted[:10] + b"0123456789" + wanted[20:]
m.flush(); m.close()
same(b, wanted); same(a, one)
assert open(name("b"), "rb").read() == wanted
# the first one, which the kernel reads by itself, is written
c = opened("c")
w2 = os.open(name("a"), os.O_RDWR | os.O_APPEND)
os.write(w2, b"end")
assert os.pread(a[0], len(one) + 9, 0) == one + b"end" and a[1][:] == one
same(c, one); same(b, wanted)
assert open(name("c"), "rb").read() == one
assert os.stat(name("a")).st_size == len(one) + 3
assert os.stat(name("c")).st_size == len(one)
# truncated while it is read
fd = os.open(name("c"), os.O_WRONLY | os.O_TRUNC)
assert os.pread(c[0], 10, 0) == b""
os.write(fd, one); os.close(fd)
same(c, one)
for fd in (w, w2, a[0], b[0], c[0]): os.close(fd)
open(name("a"), "wb").write(one)
open(name("b"), "wb").write(one)
PYTHON
settles 1
cmp "$d/b" "$WORK/one"

# a mapping whose descriptor is closed follows its own file, and no other one
python3 - "$d" <<'PYTHON'
import ctypes, mmap, os, sys
d = sys.argv[1]
def name(n): return os.path.join(d, n)
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
one = open(name("a"), "rb").read()
def mapped(n):
    fd = os.open(name(n), os.O_RDONLY)
    at = libc.mmap(None, len(one), mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    assert at != ctypes.c_void_p(-1).value
    os.close(fd)
    return lambda: ctypes.string_at(at, len(one))
for first, second in (("a", "b"), ("b", "a")):
    map1, map2 = mapped(first), mapped(second)
    assert map1() == one and map2() == one
    for n, its, other in ((second, map2, map1), (first, map1, map2)):
        with open(name(n), "r+b", buffering=0) as f:
            f.write(b"written")
            assert its()[:7] == b"written", n
            assert other() == one, n
            f.seek(0); f.write(one[:7])
        assert its() == one
    assert open(name("c"), "rb").read() == one
PYTHON
settles 1

# without anybody who reads: truncate, append, replace, remove
truncate -s 1000000 "$d/a"
cmp -n 1000000 "$d/a" "$WORK/one" && is "$(stat -c %s "$d/a")" 1000000
cmp "$d/b" "$WORK/one"
echo more >>"$d/b"
cmp -n 3000000 "$d/b" "$WORK/one" && is "$(tail -c 5 "$d/b")" more
cmp "$d/c" "$WORK/one"
cp "$d/c" "$d/a"
cp "$d/c" "$d/b"
cp "$d/c" "$d/e"
settles 1
rm "$d/c"
drop
sleep 1
cmp "$d/a" "$WORK/one" && cmp "$d/b" "$WORK/one"
is "$(blobs)" 1

# killed while one is being written
exec 5<>"$d/b"
printf XYZ >&5
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null || true
exec 5>&-
umount -l "$MNT" 2>/dev/null || fusermount3 -uz "$MNT"
mount_start
cmp "$d/a" "$WORK/one" && cmp "$d/e" "$WORK/one"
is "$(head -c 3 "$d/b")" XYZ
is "$(tail -c +4 "$d/b" | md5sum)" "$(tail -c +4 "$WORK/one" | md5sum)"
mount_stop
fsck_is_content
"$FSCK" --export "$WORK/out" "$STORE"
cmp "$WORK/out/datasets/d/a" "$WORK/one" && cmp "$WORK/out/datasets/d/e" "$WORK/one"
"$FSCK" --rebuild "$STORE" >"$WORK/fsck" 2>&1 || [ $? -le 1 ] || fail "$(cat "$WORK/fsck")"
fsck_is_content
mount_start
echo more >>"$d/a"
cmp "$d/e" "$WORK/one"
is "$(blobs)" 3
