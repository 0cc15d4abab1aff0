#!/bin/bash
# Maps of one file in several processes, beside reads and writes of it: all see
# the same bytes, and its times tell of it, as on the disk.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
on_both "$MNT/models/a" <<'PYTHON'
import mmap, os, time
from trial import *

K = 4096


def start(flags="os.O_RDWR"):
    p = Process(globals())
    p.ask("fd = os.open('f', %s)" % flags)
    return p


put("f", bytes(16 * K))
a, b, r = start(), start(), start("os.O_RDONLY")
a.ask("m = mmap.mmap(fd, 16 * K)")
b.ask("m = mmap.mmap(fd, 8 * K, offset=4 * K)")
r.ask("m = mmap.mmap(fd, 16 * K, prot=mmap.PROT_READ)")
say("writing a reader's", fails(mmap.mmap, os.open("f", os.O_RDONLY), K))

# seen at once by the other map, by read, by a map for reading
a.ask("m[5 * K:5 * K + 5] = b'hello'")
say(b.ask("m[K:K + 5]"), b.ask("os.pread(fd, 5, 5 * K)"), r.ask("m[5 * K:5 * K + 5]"), r.ask("os.pread(fd, 5, 5 * K)"))
b.ask("m[0:5] = b'there'")
say(a.ask("m[4 * K:4 * K + 5]"), r.ask("m[4 * K:4 * K + 5]"))
# what is written is seen in the maps
b.ask("os.pwrite(fd, b'write', 15 * K)")
say(a.ask("m[15 * K:15 * K + 5]"), r.ask("m[15 * K:15 * K + 5]"))
# a private map keeps its own
a.ask("own = mmap.mmap(fd, K, flags=mmap.MAP_PRIVATE)")
a.ask("own[0:3] = b'own'")
say(a.ask("own[0:3]"), r.ask("m[0:3]"), a.ask("os.pread(fd, 3, 0)"))
# longer: what is mapped of it grows with it
a.ask("os.ftruncate(fd, 16 * K + 100)")
a.ask("big = mmap.mmap(fd, 16 * K + 100)")
a.ask("big[16 * K + 50:16 * K + 53] = b'end'")
say(r.ask("os.pread(fd, 100, 16 * K + 48)[:8]"), r.ask("os.fstat(fd).st_size"))
# shorter: a page that is gone ends who touches it
a.ask("os.ftruncate(fd, 4 * K)")
pid = os.fork()
if pid == 0:
    fd = os.open("f", os.O_RDWR)
    os.ftruncate(fd, 8 * K)
    m = mmap.mmap(fd, 8 * K)
    os.ftruncate(fd, 4 * K)
    m[5 * K]
    os._exit(0)
say("past the end", os.WTERMSIG(os.waitpid(pid, 0)[1]) == 7)

# times: of a write by a map, msync'ed, with the descriptor open
before = os.stat("f")
a.ask("m[0:1] = b'!'")
a.ask("m.flush(0, K)")
after = os.stat("f")
say("times move", after.st_mtime_ns > before.st_mtime_ns, after.st_ctime_ns > before.st_ctime_ns)
before = after
say("reading does not", r.ask("m[0:1]"), os.stat("f").st_mtime_ns == before.st_mtime_ns)

# the name goes, the file is closed, the map stays
a.ask("os.unlink('f')")
a.ask("os.close(fd)")
b.ask("os.close(fd)")
a.ask("m[0:4] = b'gone'")
say(r.ask("m[0:4]"), r.ask("os.pread(fd, 4, 0)"), fails(os.stat, "f"))
for p in (a, b, r):
    p.end()

# closed, and written by the map that is left: another process sees it
put("f", bytes(2 * K))
a, b = start(), start("os.O_RDONLY")
a.ask("m = mmap.mmap(fd, 2 * K)")
a.ask("os.close(fd)")
a.ask("m[10:14] = b'late'")
say(b.ask("os.pread(fd, 4, 10)"))
say(open("f", "rb").read()[10:14])
a.end()
say(open("f", "rb").read()[10:14])
b.end()

# one writes by a map, one by write; one reads by a map, one by read: a number
# that only grows is never seen to shrink
put("f", bytes(4 * K))
writer, other = start(), start()
reader, second = start("os.O_RDONLY"), start("os.O_RDONLY")
for p in (writer, reader):
    p.ask("m = mmap.mmap(fd, 4 * K, prot=mmap.PROT_READ%s)" % ("| mmap.PROT_WRITE" if p is writer else ""))
WRITE_MAP = """[m.__setitem__(slice(8, 16), n.to_bytes(8, 'little')) for n in range(1, 60001)] and None"""
WRITE = """[os.pwrite(fd, n.to_bytes(8, 'little'), 2 * K) for n in range(1, 20001)] and None"""
CHECK = """
def grows(get):
    last = seen = 0
    end = time.monotonic() + 1
    while time.monotonic() < end:
        now = get()
        if now < last:
            return "shrinks from %d to %d" % (last, now)
        seen += now != last
        last = now
    return "grows" if seen else "stands still"
"""
for p in (reader, second):
    p.ask("exec(%r, globals())" % CHECK)
writer.tell(WRITE_MAP)
other.tell(WRITE)
reader.tell("grows(lambda: int.from_bytes(m[2 * K:2 * K + 8], 'little'))")
second.tell("grows(lambda: int.from_bytes(os.pread(fd, 8, 8), 'little'))")
say("by write, read by a map", reader.answer())
say("by a map, read by read", second.answer())
say(writer.answer(), other.answer())
say(reader.ask("int.from_bytes(m[8:16], 'little')"), second.ask("int.from_bytes(os.pread(fd, 8, 2 * K), 'little')"))
for p in (writer, other, reader, second):
    p.end()
PYTHON
grep -qx "by write, read by a map 'grows'" "$WORK/said"
