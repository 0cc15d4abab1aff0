#!/bin/bash
# Who opens many small files in turn finds the next ones in memory; who opens them
# in any other order has nothing fetched.
. "${0%/*}/../lib.sh"
need_root
need python3
[ -w /proc/sys/vm/drop_caches ] || skip "caches can't be dropped here"
mount_start
[ "$(value "$MNT/.mlx/status.json" io)" = passthrough ] || skip 'no passthrough here'
python3 - "$MNT/datasets/many" <<'PYTHON'
import os, sys
for d in range(3):
    os.makedirs(f"{sys.argv[1]}/{d}")
    for i in range(200):
        with open(f"{sys.argv[1]}/{d}/{i:03}", "wb") as f:
            f.write(os.urandom(5000))
PYTHON
mount_again
digested() { [ "$(value "$MNT/.mlx/status.json" digests_pending)" = 0 ]; }
wait_for 30 digested || fail 'still digesting'
sync -f "$STORE"
echo 3 >/proc/sys/vm/drop_caches
python3 - "$MNT/datasets/many" <<'PYTHON'
import ctypes, mmap, os, random, sys, time
libc = ctypes.CDLL(None, use_errno=True)


def read(d, i):
    with open(f"{sys.argv[1]}/{d}/{i:03}", "rb", 0) as f:
        f.read()


def is_in_memory(d, i):
    """Asked by another process: an open is no reading in turn."""
    child = os.fork()
    if not child:
        with open(f"{sys.argv[1]}/{d}/{i:03}", "rb", 0) as f:
            m = mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE)
        at = ctypes.addressof(ctypes.c_char.from_buffer(m))
        there = (ctypes.c_ubyte * 2)()
        if libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(5000), there):
            os._exit(2)
        os._exit(there[0] & there[1] & 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status < 2, "mincore"
    return status == 1


# in any order: what was not read is not there
order = random.Random(5).sample(range(0, 200, 2), 60)
for i in order:
    read(0, i)
time.sleep(0.3)
there = [i for i in range(1, 200, 2) if is_in_memory(0, i)]
assert not there, there
# not after two, but soon after more
read(1, 100)
read(1, 101)
time.sleep(0.3)
assert not is_in_memory(1, 110)
for i in range(102, 110):
    read(1, i)
for _ in range(100):
    if is_in_memory(1, 130):
        break
    time.sleep(0.1)
else:
    sys.exit("the twentieth next file was not fetched in 10 s")
assert not is_in_memory(1, 199)
# what is fetched may be written, removed and read like anything else
for i in range(200):
    path = f"{sys.argv[1]}/2/{i:03}"
    read(2, i)
    if i % 5 == 0 and i + 12 < 200:
        with open(f"{sys.argv[1]}/2/{i + 12:03}", "r+b") as f:
            f.write(b"new %d" % i)
    if i % 5 == 1 and i + 12 < 200:
        with open(path + ".new", "wb") as f:
            f.write(b"other %d" % i)
        os.replace(path + ".new", f"{sys.argv[1]}/2/{i + 12:03}")
for i in range(0, 188, 5):
    with open(f"{sys.argv[1]}/2/{i + 12:03}", "rb") as f:
        assert f.read(20).startswith(b"new %d" % i), i
for i in range(1, 187, 5):
    with open(f"{sys.argv[1]}/2/{i + 12:03}", "rb") as f:
        assert f.read() == b"other %d" % i, i
PYTHON
