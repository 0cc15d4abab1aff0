#!/bin/bash
# Large files: real bytes across 4 GiB and at the end of 5 GB, and the largest
# size that the disk has; what is beyond fails as on the disk.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
free=$(df --output=avail -B1M "$WORK" | tail -1)
[ "$free" -gt 300 ] || skip "no room on the disk: $free MiB"
on_both "$MNT/models/a" <<'PYTHON'
import os, resource, signal
from trial import *

G = 1 << 30
M = 1 << 20
FIVE = 5_000_000_000
piece = bytes(range(256)) * (M // 256)
PLACES = (0, 3 * G - 7, 4 * G - M // 2, 4 * G + 3 * M + 1, FIVE - M)
fd = os.open("five", os.O_RDWR | os.O_CREAT)
for at in PLACES:
    say(os.pwrite(fd, piece, at), os.fstat(fd).st_size)


def right(fd):
    return [os.pread(fd, M, at) == piece for at in PLACES] + [
        os.pread(fd, 10, 2 * G),
        os.pread(fd, 10, 4 * G - M // 2 - 5),
        len(os.pread(fd, 100, FIVE - 10)),
        os.pread(fd, 10, FIVE),
    ]


say(right(fd))
# through the offset of the open file
say(os.lseek(fd, 4 * G - 2, os.SEEK_SET), os.read(fd, 4) == piece[M // 2 - 2:M // 2 + 2], os.lseek(fd, 0, os.SEEK_CUR))
say(os.lseek(fd, 0, os.SEEK_END), os.lseek(fd, -5, os.SEEK_END))
say(os.lseek(fd, G, os.SEEK_DATA) // M, os.lseek(fd, 4 * G, os.SEEK_HOLE) >= 4 * G + M // 2)
os.close(fd)
st = os.stat("five")
say(st.st_size, st.st_blocks * 512 < 100 * M)
fd = os.open("five", os.O_WRONLY | os.O_APPEND)
say(os.write(fd, b"end"), os.stat("five").st_size)
os.truncate("five", FIVE)
os.close(fd)
say(os.system("cp --sparse=always five copy && rm five"))
fd = os.open("copy", os.O_RDWR)
say(os.fstat(fd).st_size, os.fstat(fd).st_blocks * 512 < 100 * M, right(fd))
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
# copied on the inside, across 4 GiB
dst = os.open("part", os.O_RDWR | os.O_CREAT)
done, want = 0, 2 * M
while done < want:
    done += os.copy_file_range(fd, dst, want - done, 4 * G - M + done, 4 * G - M + done)
say(done, os.fstat(dst).st_size, os.pread(dst, M, 4 * G - M // 2) == piece)
os.ftruncate(fd, 4 * G + 1)
say(os.fstat(fd).st_size, os.pread(fd, 5, 4 * G - 1))
os.close(fd)
os.unlink("copy")
os.unlink("part")

# the largest one
T16 = 1 << 44
fd = os.open("large", os.O_RDWR | os.O_CREAT)
for size in (T16 - 4096, T16 - 4095, T16, T16 + 1, 1 << 50, (1 << 63) - 1):
    done = fails(os.ftruncate, fd, size)
    say(size, done, fails(os.truncate, "large", size), os.stat("large").st_size)
for at in (T16 - 4096 - 3, T16 - 4096, T16 - 4100, T16, 1 << 62):
    say(at, fails(os.pwrite, fd, b"end", at), os.fstat(fd).st_size, os.pread(fd, 8, at))
os.ftruncate(fd, T16 - 4096)
os.pwrite(fd, b"end", T16 - 4096 - 3)
st = os.fstat(fd)
say(st.st_size, st.st_blocks < 1000, os.pread(fd, 8, T16 - 4096 - 5), os.pread(fd, 8, 8 << 40))
say(os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, -3, os.SEEK_END), os.read(fd, 9))
say(fails(os.posix_fallocate, fd, T16, 4096))
os.close(fd)
os.unlink("large")

# the limit that a process has
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, resource.RLIM_INFINITY))
fd = os.open("limited", os.O_RDWR | os.O_CREAT)
say(os.pwrite(fd, b"x" * 20000, 0), fails(os.pwrite, fd, b"x", 10000), fails(os.ftruncate, fd, 10001), fails(os.posix_fallocate, fd, 0, 10001), os.fstat(fd).st_size)
PYTHON
grep -q "^5000000000 True \[True, True, True, True, True" "$WORK/said"
