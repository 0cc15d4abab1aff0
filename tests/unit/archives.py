# SPDX-License-Identifier: Apache-2.0
"""Archives for ext_archive.c, good and evil ones, written to a directory.

    archives.py DIR
"""
import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import warnings
import zipfile

warnings.simplefilter("ignore")
os.chdir(sys.argv[1])
DATA = b"hello\n" * 1000


def info(name, **attributes):
    i = tarfile.TarInfo(name)
    i.mode = 0o4640
    i.mtime = 1234567890
    for key, value in attributes.items():
        setattr(i, key, value)
    return i


def tar(name, *members, mode="w", form=tarfile.PAX_FORMAT):
    """Members are names (a file of DATA, or a directory with a final /),
    pairs of a name and its data, or TarInfos."""
    with tarfile.open(name, mode, format=form) as t:
        for m in members:
            data = DATA
            if isinstance(m, tuple):
                m, data = m
            if isinstance(m, str):
                is_dir = m.endswith("/")
                m = info(m.rstrip("/") if is_dir else m)
                m.type = tarfile.DIRTYPE if is_dir else tarfile.REGTYPE
            if m.type == tarfile.REGTYPE:
                m.size = len(data)
                t.addfile(m, io.BytesIO(data))
            else:
                t.addfile(m)


def zipped(name, *members):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as z:
        for m in members:
            data = DATA
            if isinstance(m, tuple):
                m, data = m
            z.writestr(m, data)


def raw(name, data):
    with open(name, "wb") as f:
        f.write(data)


def link(name, target, kind):
    return info(name, type=kind, linkname=target)


GOOD = ("./", "./d/", "./d/a.txt", "./e/f/b.txt", ("empty", b""))
tar("good.tar", *GOOD)
for kind, suffix in ("gz", "tgz"), ("bz2", "tar.bz2"), ("xz", "txz"):
    tar("good." + suffix, *GOOD, mode="w:" + kind)
tar("gnu.tar", *GOOD, form=tarfile.GNU_FORMAT)
tar("ustar.tar", *GOOD, form=tarfile.USTAR_FORMAT)
zipped("good.zip", ("d/", b""), "d/a.txt", "e/f/b.txt", ("empty", b""))
raw("single.csv.gz", gzip.compress(DATA))
raw("single.csv.bz2", bz2.compress(DATA))
raw("single.csv.xz", lzma.compress(DATA))
raw("notar.tgz", gzip.compress(DATA))
raw("notar.tar.gz", gzip.compress(DATA))
raw("text.tar", DATA)
raw("nothing.tar", b"")
raw("twice.tar.gz", gzip.compress(open("good.tgz", "rb").read()))
tar("names.tar", "gr\u00fc\u00dfe/\u65e5\u672c", "e\u0301", "a b\n\\c")
zipped("names.zip", "gr\u00fc\u00dfe/\u65e5\u672c", "e\u0301", "a b\nc")
tar("empty.tar")

tar("absolute.tar", "/etc/passwd")
zipped("absolute.zip", "/etc/passwd")
tar("dotdot.tar", "ok", "a/../../x")
zipped("dotdot.zip", "ok", "a/../../x")
tar("dotdot2.tar", "..")
tar("dotdot3.tar", "./../x")
tar("dot.tar", "a/./b")
tar("slashes.tar", "a//b")
tar("slashes2.tar", ".//b")
tar("symlink.tar", link("l", "/etc", tarfile.SYMTYPE), "l/passwd")
tar("hardlink.tar", link("l", "/etc/passwd", tarfile.LNKTYPE))
tar("device.tar", info("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3))
tar("block.tar", info("sda", type=tarfile.BLKTYPE, devmajor=8, devminor=0))
tar("fifo.tar", info("fifo", type=tarfile.FIFOTYPE))
tar("pax.tar", info("harmless", pax_headers={"path": "../evil"}))
tar("paxlink.tar", info("harmless", pax_headers={"linkpath": "/etc"},
                        type=tarfile.SYMTYPE, linkname="x"))
i = zipfile.ZipInfo("l")
i.external_attr = 0o120777 << 16
i.create_system = 3
zipped("symlink.zip", (i, b"/etc/passwd"))
tar("repeated.tar", "d/", "d/", "d/a", "d/")
tar("twofiles.tar", "a", "a")
zipped("twofiles.zip", "a", "a")
tar("fileoverdir.tar", "d/a", "d")
tar("diroverfile.tar", "d", "d/a")
tar("long.tar", "x" * 256)
tar("longest.tar", "x" * 255 + "/" + "y" * 255)
tar("longpath.tar", "/".join(["x" * 200] * 21))
tar("deep.tar", "/".join("a" * 33))
tar("deepest.tar", "/".join("a" * 32))
tar("latin1.tar", "A\udcffB", form=tarfile.GNU_FORMAT)
tar("future.tar", info("a", pax_headers={"mtime": "99999999999999"}))
tar("many.tar", *(f"f{n}" for n in range(101)))
tar("implied.tar", *(f"d{n}/f" for n in range(51)))

tgz = open("good.tgz", "rb").read()
plain = open("good.tar", "rb").read()
raw("cut.tgz", tgz[:len(tgz) // 2])
raw("cut.tar", plain[:4000])
z = open("good.zip", "rb").read()
raw("cut.zip", z[:z.index(b"e/f/b.txt") + 20])
raw("crc.tgz", tgz[:-8] + b"\0\0\0\0" + tgz[-4:])
at = z.index(b"a.txt") + 10
raw("crc.zip", z[:at] + bytes([z[at] ^ 0xff]) + z[at + 1:])
enc = bytearray(z)
for mark, flags in (b"PK\3\4", 6), (b"PK\1\2", 8):
    at = enc.find(mark)
    while at >= 0:
        enc[at + flags] |= 1
        at = enc.find(mark, at + 4)
raw("encrypted.zip", bytes(enc))

# 64 MiB of one digit in 64 KiB: beyond 16 MiB + 200 for one
bomb = b"0" * (64 << 20)
tar("bomb.tgz", ("zeros", bomb), mode="w:gz")
zipped("bomb.zip", ("zeros", bomb))
raw("bomb.csv.gz", gzip.compress(bomb))

# GNU sparse 1.0: one file of 1 TiB that holds 512 bytes
size = 1 << 40
numbers = b"1\n%d\n512\n" % (size - 512)
sparse = numbers.ljust(512, b"\0") + b"x" * 512
i = info("GNUSparseFile.0/s", size=len(sparse), pax_headers={
    "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
    "GNU.sparse.name": "s", "GNU.sparse.realsize": str(size)})
with tarfile.open("sparse.tar", "w", format=tarfile.PAX_FORMAT) as t:
    t.addfile(i, io.BytesIO(sparse))
# a small one, which unpacks
size = 8192
sparse = (b"1\n%d\n512\n" % (size - 512)).ljust(512, b"\0") + b"x" * 512
i.pax_headers["GNU.sparse.realsize"] = str(size)
i.size = len(sparse)
with tarfile.open("hole.tar", "w", format=tarfile.PAX_FORMAT) as t:
    t.addfile(i, io.BytesIO(sparse))
# a header that claims 2^62 bytes
i = info("huge")
i.size = 1 << 62
raw("huge.tar", i.tobuf(tarfile.GNU_FORMAT) + DATA)
