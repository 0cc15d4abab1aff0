#!/bin/bash
# Set-user-ID and set-group-ID bits fall, stay and are handed on as on the disk.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
chmod 755 "$MNT/models/a"
on_both "$MNT/models/a" <<'PYTHON'
import ctypes, mmap, os
from trial import *

ANN, BOB, TEAM = 12001, 12002, 12005
os.umask(0)
MODES = (0o6777, 0o4755, 0o2775, 0o4644, 0o1777)


def fresh(mode, uid=ANN, gid=ANN, size=10000):
    put("f", b"x" * size, 0o666)
    os.chown("f", uid, gid)
    os.chmod("f", mode)


def opened(flags, what):
    fd = os.open("f", flags)
    try:
        what(fd)
    finally:
        os.close(fd)


def write_map(fd):
    with mmap.mmap(fd, 4096) as m:
        m[0:1] = b"y"


libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]


def allocate(fd, mode):
    if libc.fallocate(fd, mode, 0, 4096):
        raise OSError(ctypes.get_errno(), "fallocate")


def copy(fd):
    with open("src", "rb") as src:
        os.copy_file_range(src.fileno(), fd, 100)


put("src", b"z" * 5000)
WAYS = {
    "write": lambda: opened(os.O_WRONLY, lambda fd: os.write(fd, b"y")),
    "write nothing": lambda: opened(os.O_WRONLY, lambda fd: os.write(fd, b"")),
    "pwrite": lambda: opened(os.O_RDWR, lambda fd: os.pwrite(fd, b"y", 20000)),
    "append": lambda: opened(os.O_WRONLY | os.O_APPEND, lambda fd: os.write(fd, b"y")),
    "open": lambda: opened(os.O_WRONLY, lambda fd: None),
    "open O_TRUNC": lambda: opened(os.O_WRONLY | os.O_TRUNC, lambda fd: None),
    "truncate": lambda: os.truncate("f", 5),
    "truncate to the same": lambda: os.truncate("f", 10000),
    "ftruncate": lambda: opened(os.O_WRONLY, lambda fd: os.ftruncate(fd, 20000)),
    "fallocate": lambda: opened(os.O_WRONLY, lambda fd: allocate(fd, 0)),
    "punch": lambda: opened(os.O_WRONLY, lambda fd: allocate(fd, 3)),
    "mmap": lambda: opened(os.O_RDWR, write_map),
    "copy_file_range": lambda: opened(os.O_WRONLY, copy),
    "read": lambda: opened(os.O_RDONLY, lambda fd: os.read(fd, 10)),
    "utime": lambda: os.utime("f"),
    "chown to itself": lambda: os.chown("f", os.getuid(), -1),
    "chgrp to itself": lambda: os.chown("f", -1, os.getgid()),
    "chgrp": lambda: os.chown("f", -1, TEAM),
    "chown nothing": lambda: os.chown("f", -1, -1),
    "chmod 6755": lambda: os.chmod("f", 0o6755),
    "link": lambda: (os.link("f", "g"), os.unlink("g")),
}
for mode in MODES:
    for name, way in WAYS.items():
        done = []
        # the owner, in the team; another, by the bits for all; root
        for uid, groups in ((ANN, [TEAM]), (BOB, []), (0, [])):
            fresh(mode | 0o666)
            done.append(as_user(uid, uid, groups, way) + " " + bits("f"))
        say(oct(mode), name, *done)

# root's chown takes them off all the same; not off a directory
for mode in MODES:
    fresh(mode)
    os.chown("f", BOB, -1)
    say("chown", oct(mode), bits("f"))
    fresh(mode)
    os.chown("f", -1, BOB)
    say("chgrp", oct(mode), bits("f"))
    os.mkdir("d")
    os.chmod("d", mode)
    os.chown("d", BOB, TEAM)
    say("directory", oct(mode), bits("d"))
    os.rmdir("d")

# a chmod by one who is not of the file's group
fresh(0o755, ANN, TEAM)
say("foreign group", as_user(ANN, ANN, [], os.chmod, "f", 0o2755), bits("f"))
say("own group", as_user(ANN, ANN, [TEAM], os.chmod, "f", 0o2755), bits("f"))

# made with the bits
for mode in (0o6755, 0o4755, 0o2644, 0o1644):
    for flags in (0, os.O_TRUNC, os.O_EXCL, os.O_TRUNC | os.O_EXCL):
        fd = os.open("made", os.O_CREAT | os.O_RDWR | flags, mode)
        say("made", oct(mode), flags, bits("made"), oct(os.fstat(fd).st_mode))
        os.close(fd)
        os.unlink("made")
fd = os.open("made", os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o4711)
say("made, then written by root", os.write(fd, b"x"), bits("made"))


# a directory's group goes on to what is made in it
def make_all(top):
    put(top + "/file", mode=0o666)
    os.mkdir(top + "/dir", 0o755)
    os.mkdir(top + "/dir/dir", 0o755)
    os.symlink("x", top + "/link")
    os.mkfifo(top + "/fifo")
    put(top + "/dir/dir/file", mode=0o2775)
    put(top + "/x-file", mode=0o2775)
    put(top + "/other", mode=0o644)
    os.rename("moved", top + "/moved")
    os.link("linked", top + "/linked")


for mode in (0o2777, 0o777, 0o3777):
    for uid, groups in ((ANN, []), (ANN, [TEAM]), (0, [])):
        os.mkdir("sg")
        os.chown("sg", 0, TEAM)
        os.chmod("sg", mode)
        for name in ("moved", "linked"):
            put(name)
            os.chown(name, uid, uid)
        os.chmod(".", 0o777)
        said = as_user(uid, uid, groups, make_all, "sg")
        say("setgid", oct(mode), uid, groups, said)
        for where, dirs, files in os.walk("sg"):
            dirs.sort()
            for name in sorted(dirs + files):
                st = os.lstat(where + "/" + name)
                say(" ", where, name, oct(st.st_mode), st.st_uid, st.st_gid)
        for where, dirs, files in os.walk("sg", topdown=False):
            for name in files:
                os.unlink(where + "/" + name)
            for name in dirs:
                os.rmdir(where + "/" + name)
        os.rmdir("sg")
        os.unlink("linked")
PYTHON
grep -qx "0o4755 write OK 0o777 OK 0o777 OK 0o4777" "$WORK/said"
