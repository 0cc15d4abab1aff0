#!/bin/bash
# In an asset a name is any 255 bytes, and a tree may be deeper than a path is
# long: made, listed, linked, moved, removed as on the disk, and after a new mount.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
on_both "$MNT/models/a" <<'PYTHON'
import os
from trial import *

names = [bytes([c]) for c in range(1, 256) if c not in b"/."]
names += [b"...", b"..a", b" ", b"  ", b" a ", b"-", b"--help", b"*", b"$HOME", b"`x`"]
for unit in (b"n", b" ", b"\n", b"\\", b"\xff", b"\x01", "é".encode()[:1], "日".encode(), "é".encode(), "e\u0301".encode(), "😀".encode()):
    names += [(unit * 255)[:n] for n in (254, 255, 256)]
# one letter in two ways are two names
names += ["caf\u00e9".encode(), "cafe\u0301".encode(), "ﬁ".encode(), b"fi", b"FI", "ı".encode(), b"I"]
names = sorted(set(names))


def each(what):
    said = [fails(what, n) for n in names]
    say(what.__name__, {s: said.count(s) for s in sorted(set(said))}, sorted(os.listdir(b".")) == sorted(n for n in names if len(n) < 256))


def create(n):
    os.close(os.open(n, os.O_CREAT | os.O_EXCL | os.O_WRONLY))


def write_and_read(n):
    put(n, n)
    with open(n, "rb") as f:
        if f.read() != n:
            raise OSError(5, "bytes")


def move(n):
    os.rename(n, b"../moved")
    os.rename(b"../moved", n)


def link(n):
    os.link(n, b"../linked")
    os.unlink(n)
    os.rename(b"../linked", n)


def point(n):
    os.symlink(n, b"../to")
    same = os.readlink(b"../to") == n
    os.unlink(b"../to")
    if not same:
        raise OSError(5, "target")
    os.stat(n)


def make_dir(n):
    os.unlink(n)
    os.mkdir(n)
    os.mkdir(n + b"/" + n)
    put(n + b"/" + n + b"/" + n)


def remove_dir(n):
    os.unlink(n + b"/" + n + b"/" + n)
    os.rmdir(n + b"/" + n)
    os.rmdir(n)


os.mkdir("names")
os.chdir("names")
for what in (create, os.stat, write_and_read, move, link, point, make_dir):
    each(what)
os.chdir("..")
say("find", int(os.popen("find names | tr -dc / | wc -c").read()), os.system("cp -a names copied && diff -r names copied && rm -r copied"))
os.chdir("names")
said = [fails(remove_dir, n) for n in names]
say({s: said.count(s) for s in sorted(set(said))}, os.listdir("."))
os.chdir("..")

# paths: 4095 bytes go, one more does not
part = "p" * 200
path = "/".join([part] * 20)
os.makedirs(path)
for size in (4094, 4095, 4096, 5000):
    full = path + "/" * (size - len(path) - 4) + "file"
    say(size, len(full), fails(put, full), fails(os.stat, full))
say("target", [fails(os.symlink, "t" * n, "l%d" % n) for n in (255, 4095, 4096)], len(os.readlink("l4095")))

# a thousand deep, further than any path
DEEP = 1000
os.mkdir("deep")
top = os.open(".", os.O_RDONLY)
os.chdir("deep")
for i in range(DEEP):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)
put("bottom", b"reached")
say("deep", open("bottom").read(), os.stat(".").st_nlink)
os.link("bottom", "other")
os.rename("other", "bottom")
os.fchdir(top)
os.rename("deep", "moved")
os.mkdir("x")
os.rename("moved", "x/deep")
bottom = os.popen("cd x/deep && find . -name bottom -printf '%d %s\n'").read().strip()
say("found", bottom)
here = os.open("x/deep", os.O_RDONLY)
for i in range(DEEP // 2):
    here, old = os.open("d" * 250, os.O_RDONLY, dir_fd=here), here
    os.close(old)
say("into itself", fails(os.rename, "x", "below", dst_dir_fd=here), fails(os.mkdir, "side", dir_fd=here))
os.close(here)
PYTHON
grep -qx "found 1001 7" "$WORK/said"
# sizes of directories are the disk's own
listing() { (cd "$1" && find . -name _mlx -prune -o \( -type d -printf '%y %m %d %f\0' -o -printf '%y %m %s %d %f\0' \) | sort -z | sha256sum); }
listing "$WORK/plain" >"$WORK/plain.list"
mount_again
listing "$MNT/models/a" >"$WORK/list"
cmp "$WORK/plain.list" "$WORK/list"
rm -r "$MNT/models/a"
exists_not "$MNT/models/a"
mount_stop
"$FSCK" -n "$STORE"
rm -r "$WORK/plain"
