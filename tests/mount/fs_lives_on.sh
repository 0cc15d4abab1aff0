#!/bin/bash
# A file without a name, or whose name another one took, goes on: it is read,
# written, mapped, made longer and shorter by who has it open. Holes are holes.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
on_both "$MNT/models/a" <<'PYTHON'
import ctypes, mmap, os
from trial import *

K = 4096
libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
KEEP, PUNCH, ZERO = 1, 2, 16


def allocate(fd, mode, off, size):
    if libc.fallocate(fd, mode, off, size):
        raise OSError(ctypes.get_errno(), "fallocate")


def told(fd):
    st = os.fstat(fd)
    return st.st_nlink, st.st_size, oct(st.st_mode), st.st_uid


def runs(fd):
    """Where data is, as SEEK_DATA and SEEK_HOLE have it."""
    found, at = [], 0
    while True:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as e:
            return found, errno.errorcode[e.errno]
        end = os.lseek(fd, at, os.SEEK_HOLE)
        found.append((at, end))
        at = end


def live_on(name, lose):
    """All that can be done with an open file after `lose` took its name."""
    put(name, b"before" * 1000)
    other = Process(globals())
    other.ask("fd = os.open('%s', os.O_RDONLY)" % name)
    fd = os.open(name, os.O_RDWR)
    m = mmap.mmap(fd, 4096)
    lose(name)
    say(name, told(fd), os.pread(fd, 6, 0), os.write(fd, b"after-"), other.ask("os.pread(fd, 12, 0)"))
    m[0:6] = b"mapped"
    say(os.pread(fd, 12, 0), other.ask("os.pread(fd, 6, 0)"))
    os.ftruncate(fd, 100000)
    os.pwrite(fd, b"end", 99997)
    say(told(fd), other.ask("os.pread(fd, 10, 99995)"), other.ask("os.fstat(fd).st_size"))
    os.fchmod(fd, 0o600)
    os.fchown(fd, 12001, 12001)
    os.utime(fd, ns=(1, 2))
    say(told(fd), os.fstat(fd).st_mtime_ns, other.ask("told(fd)"))
    # to it again, by the descriptor
    again = os.open("/proc/self/fd/%d" % fd, os.O_RDWR | os.O_APPEND)
    say(os.write(again, b"more"), told(fd), os.pread(fd, 7, 99997))
    again_short = os.open("/proc/self/fd/%d" % fd, os.O_WRONLY | os.O_TRUNC)
    say(told(fd))
    os.fsync(fd)
    put(name + "2", b"x")
    say("another", told(fd))
    for f in (fd, again, again_short):
        os.close(f)
    m.close()
    say(other.ask("told(fd)"))
    other.end()


def rename_over(name):
    put("new", b"new")
    os.rename("new", name)


def to_other_dir(name):
    os.mkdir("d")
    os.rename(name, "d/" + name)
    os.unlink("d/" + name)
    os.rmdir("d")


live_on("a", os.unlink)
live_on("b", rename_over)
say(open("b").read())
live_on("c", to_other_dir)

# a directory that is gone
os.mkdir("d")
fd = os.open("d", os.O_RDONLY)
os.chdir("d")
os.rmdir("../d")
say("gone", os.listdir(fd), fails(put, "x"), fails(os.mkdir, "y"), fails(os.stat, "."), os.fstat(fd).st_nlink)
os.chdir(os.environ["PWD"])

# holes
fd = os.open("hole", os.O_RDWR | os.O_CREAT)
os.pwrite(fd, b"x" * (20 * K), 0)
os.fsync(fd)
say(runs(fd), os.fstat(fd).st_blocks)
for mode, off, size in (
    (KEEP | PUNCH, 4 * K, 4 * K),
    (KEEP | PUNCH, 10 * K + 100, 200),
    (KEEP | PUNCH, 12 * K - 100, 2 * K + 200),
    (KEEP | PUNCH, 19 * K, 100 * K),
    (KEEP | PUNCH, 100 * K, K),
    (KEEP | ZERO, 15 * K, K),
    (ZERO, 30 * K, K),
    (KEEP, 40 * K, K),
    (0, 50 * K, K),
    (PUNCH, 0, K),
    (KEEP | PUNCH, 0, 0),
    (0, -1, 5),
    (0, 1 << 62, 1 << 62),
):
    done = fails(allocate, fd, mode, off, size)
    data = os.pread(fd, 60 * K, 0)
    say(mode, off, size, done, os.fstat(fd).st_size, os.fstat(fd).st_blocks, len(data), data.count(b"x"))
os.fsync(fd)
say(runs(fd))
os.ftruncate(fd, 5 * K)
os.ftruncate(fd, 500 * K)
os.fsync(fd)
say(runs(fd), os.fstat(fd).st_blocks)
say(fails(os.lseek, fd, 500 * K, os.SEEK_HOLE), fails(os.lseek, fd, 600 * K, os.SEEK_DATA), fails(os.lseek, fd, -1, os.SEEK_DATA))
os.close(fd)
fd = os.open("hole", os.O_RDONLY)
say("reader", runs(fd), fails(allocate, fd, 0, 0, K))
# a copy of it has the same bytes
status = os.system("cp --sparse=always hole copy && cmp hole copy")
st = os.stat("copy")
say("copy", status, st.st_size, st.st_blocks)
PYTHON
grep -q "another (0, 0, '0o100600', 12001)" "$WORK/said"
