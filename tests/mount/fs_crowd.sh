#!/bin/bash
# A directory of 100 000 names: made, listed, found again by places that were told,
# emptied while it is listed, and removed.
# limit: 200 s. CROWD: as many, in place of 100 000.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/datasets/a"
export COUNT=${CROWD:-$((SLOW > 1 ? 20000 : 100000))}
on_both "$MNT/datasets/a" <<'PYTHON'
import ctypes, os, random
from trial import *

COUNT = int(os.environ["COUNT"])
libc = ctypes.CDLL(None, use_errno=True)


class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_ulong), ("off", ctypes.c_long), ("len", ctypes.c_ushort), ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]


libc.opendir.restype = ctypes.c_void_p
libc.readdir.restype = ctypes.POINTER(Dirent)
libc.telldir.restype = ctypes.c_long
libc.readdir.argtypes = libc.telldir.argtypes = libc.closedir.argtypes = libc.rewinddir.argtypes = [ctypes.c_void_p]
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


def next_name(d):
    e = libc.readdir(d)
    return e.contents.name.decode() if e else None


def rest(d):
    found = []
    while (name := next_name(d)) is not None:
        if name not in (".", "..", "_mlx"):
            found.append(name)
    return found


os.mkdir("crowd")
os.chdir("crowd")
names = ["%d-entry" % i for i in range(COUNT)]
for i, name in enumerate(names):
    if i % 100:
        os.mknod(name)
    else:
        put(name, name.encode())
say("made", fails(os.mknod, names[5]), os.stat(names[7]).st_size, open(names[500]).read())
say("listed", sorted(os.listdir(".")) == sorted(names), int(os.popen("ls | wc -l").read()) == COUNT, os.stat(".").st_nlink)

# places that were told lead back to the same names, in any order
d = libc.opendir(b".")
order, places = [], {}
while True:
    place = libc.telldir(d)
    name = next_name(d)
    if name is None:
        break
    if len(order) % 997 == 0:
        places[len(order)] = place
    order.append(name)
say("read", len(order) == COUNT + 2, len(set(order)) == len(order))
at = list(places)
random.Random(1).shuffle(at)
right = 0
for k in at:
    libc.seekdir(d, places[k])
    right += next_name(d) == order[k] and next_name(d) == order[k + 1]
say("found again", right == len(places), right > 10)
middle = at[0]
libc.seekdir(d, places[middle])
say("from a place on", rest(d) == [n for n in order[middle:] if n not in (".", "..")])
libc.rewinddir(d)
say("from the start", len(rest(d)) == COUNT)

# what others do meanwhile: what stays is told once, what is gone is not told again
libc.rewinddir(d)
first = [next_name(d) for _ in range(COUNT // 3)]
kept = []
for i, name in enumerate(names):
    if i % 2:
        os.unlink(name)
    else:
        kept.append(name)
for i in range(1000):
    os.mknod("new-%d" % i)
more = rest(d)
seen = first + more
counted = {}
for n in seen:
    counted[n] = counted.get(n, 0) + 1
say("meanwhile", all(counted.get(n) == 1 for n in kept), max(counted.values()))
libc.closedir(d)
for i in range(1000):
    os.rename("new-%d" % i, "renamed-%d" % i)
say("renamed", sum(n.startswith("renamed-") for n in os.listdir(".")), sum(n.startswith("new-") for n in os.listdir(".")))

# emptied while it is listed, as rm -r does
d = libc.opendir(b".")
gone = 0
while (name := next_name(d)) is not None:
    if name not in (".", "..") and gone < COUNT // 4:
        os.unlink(name)
        gone += 1
libc.closedir(d)
left = os.listdir(".")
say("emptied", gone, len(left))
os.chdir("..")
say("not empty", fails(os.rmdir, "crowd"))
say("rm", os.system("rm -r crowd"), os.path.exists("crowd"))
PYTHON
grep -qx "from a place on True" "$WORK/said"
