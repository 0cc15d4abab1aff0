#!/bin/bash
# In an asset's directory the tree behaves as a plain disk: what programs can tell
# by results, each thing on the mount and on the disk beside it.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
# directories of ext4 have a size of their own kind; nothing else may differ
on_both "$MNT/models/a" <<'PYTHON'
import fcntl, mmap, os, stat, threading
from trial import *

os.umask(0o022)

# links
put("f", b"content")
os.link("f", "g")
say("links", os.stat("f").st_nlink, os.stat("f").st_ino == os.stat("g").st_ino)
os.unlink("f")
say("links left", os.stat("g").st_nlink, open("g").read())
say("link to a directory", fails(os.link, ".", "h"))
os.symlink("g", "s")
say("symlink", os.readlink("s"), os.lstat("s").st_size, open("s").read())
say("loop", os.symlink("l", "l"), fails(open, "l"))
os.mkfifo("p")
say("fifo", stat.S_ISFIFO(os.stat("p").st_mode))
# names
say("long name", fails(put, "n" * 255), fails(put, "n" * 256))
say("odd names", [fails(put, n) for n in ("-rf", "a b", "\n", "é", "Ω", b"\xff\xfe")])
say("case", fails(put, "Case"), os.path.exists("case"))
# directories
os.mkdir("d")
os.mkdir("d/e")
say("not empty", fails(os.rmdir, "d"), os.stat("d").st_nlink)
say("into itself", fails(os.rename, "d", "d/e/x"))
say("dir over file", fails(os.rename, "d", "g"), "file over dir", fails(os.rename, "g", "d"))
os.mkdir("x")
say("dir over empty", fails(os.rename, "x", "d/e"), os.path.exists("x"))
say("unlink a dir", fails(os.unlink, "d"), "rmdir a file", fails(os.rmdir, "g"))
say("through a file", fails(os.stat, "g/x"))
# rename over an open file
put("old", b"old")
put("new", b"new")
with open("old", "rb") as f:
    os.rename("new", "old")
    say("renamed over", f.read(), os.fstat(f.fileno()).st_nlink, open("old").read())
# an unlinked file lives on
fd = os.open("gone", os.O_RDWR | os.O_CREAT)
os.unlink("gone")
os.write(fd, b"alive")
say("unlinked", os.pread(fd, 10, 0), os.fstat(fd).st_nlink, os.fstat(fd).st_size)
os.close(fd)
# sizes, holes
fd = os.open("hole", os.O_RDWR | os.O_CREAT)
os.pwrite(fd, b"end", 1 << 20)
os.truncate("hole", 2 << 20)
say("hole", os.fstat(fd).st_size, os.pread(fd, 4, 0), os.pread(fd, 3, 1 << 20))
say("seek", os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, 0, os.SEEK_HOLE))
os.posix_fallocate(fd, 0, 3 << 20)
say("allocated", os.fstat(fd).st_size, os.fstat(fd).st_blocks >= 6144)
os.ftruncate(fd, 5)
say("shorter", os.fstat(fd).st_size, os.stat("hole").st_size)
os.close(fd)
# append by two
a = os.open("app", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
b = os.open("app", os.O_WRONLY | os.O_APPEND)
for i in range(50):
    os.write(a, b"a")
    os.write(b, b"b")
say("append", os.stat("app").st_size, open("app").read().count("ab"))
# mmap
fd = os.open("map", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 8192)
m = mmap.mmap(fd, 8192)
m[4096:4100] = b"mmap"
m.flush()
say("mmap", os.pread(fd, 4, 4096))
os.pwrite(fd, b"write", 0)
say("seen in the map", m[:5])
m.close()
os.close(fd)
# modes and owners
put("m", mode=0o600)
os.chmod("m", 0o4755)
say("suid", oct(os.stat("m").st_mode))
os.chown("m", 12001, 12001)
say("chown", os.stat("m").st_uid, oct(os.stat("m").st_mode))
os.mkdir("sg")
os.chown("sg", 0, 12005)
os.chmod("sg", 0o2775)
put("sg/f")
os.mkdir("sg/d")
say("setgid", os.stat("sg/f").st_gid, os.stat("sg/d").st_gid, oct(os.stat("sg/d").st_mode))
# as another user: permissions, and suid bits that fall on a write
put("w", b"x" * 10, 0o666)
os.chmod("w", 0o6777)
pid = os.fork()
if pid == 0:
    os.setgroups([])
    os.setgid(12001)
    os.setuid(12001)
    fd = os.open("w", os.O_WRONLY)
    os.write(fd, b"y")
    os.close(fd)
    ok = fails(open, "m", "w") == "EACCES" and fails(os.unlink, "m") == "EACCES"
    ok = ok and fails(os.chmod, "w", 0o777) == "EPERM"
    os._exit(0 if ok else 1)
say("another user", os.waitpid(pid, 0)[1], oct(os.stat("w").st_mode))
# times
os.utime("m", ns=(1_000_000_001, 2_000_000_003))
say("times", os.stat("m").st_atime_ns, os.stat("m").st_mtime_ns)
before = os.stat(".").st_mtime_ns
put("later")
say("directory's time", os.stat(".").st_mtime_ns > before)
# locks
fd = os.open("m", os.O_RDWR)
fcntl.flock(fd, fcntl.LOCK_EX)
other = os.open("m", os.O_RDWR)
say("flock", fails(fcntl.flock, other, fcntl.LOCK_EX | fcntl.LOCK_NB))
fcntl.lockf(fd, fcntl.LOCK_EX)
# copies on the inside
put("src", os.urandom(300000))
s = os.open("src", os.O_RDONLY)
d = os.open("dst", os.O_WRONLY | os.O_CREAT)
done = 0
while True:
    n = os.copy_file_range(s, d, 1 << 30)
    done += n
    if not n:
        break
say("copy_file_range", done, open("src", "rb").read() == open("dst", "rb").read())
# sync
os.fsync(d)
fd = os.open(".", os.O_RDONLY)
os.fsync(fd)
# attributes that are not there
say("xattr", fails(os.setxattr, "m", "user.x", b"1") in ("ENOTSUP", "OK"))
# many threads in one directory
def work(k):
    for i in range(40):
        put(f"t{k}-{i}")
        os.rename(f"t{k}-{i}", f"u{k}-{i}")
threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
say("threads", sum(n.startswith("u") for n in os.listdir(".")))
# removing while listing
with os.scandir(".") as entries:
    for e in entries:
        if e.name.startswith("u"):
            os.unlink(e.name)
say("removed while listed", sum(n.startswith("u") for n in os.listdir(".")))
say("device", fails(os.mknod, "dev", stat.S_IFBLK | 0o600, os.makedev(7, 99)) in ("EPERM", "OK"))
PYTHON
rm -f "$WORK/plain/dev" "$MNT/models/a/dev"
listing() { (cd "$1" && find . -name _mlx -prune -o -printf '%p %y %m %U %G %n %l\n' | sort); }
listing "$WORK/plain" >"$WORK/plain.list"
listing "$MNT/models/a" >"$WORK/mlxfs.list"
diff "$WORK/plain.list" "$WORK/mlxfs.list"
mount_again
listing "$MNT/models/a" >"$WORK/again.list"
diff "$WORK/plain.list" "$WORK/again.list"
rm -r "$MNT/models/a"
