# SPDX-License-Identifier: Apache-2.0
"""One system call, and what became of it: prints OK or the errno's name.

Shells hide errnos, and bash loses those of close() altogether.

    sys.py put FILE TEXT       open for writing, truncate, write, close; TEXT of
                               "@path" stands for that file's bytes
    sys.py putsync FILE TEXT   the same, with fsync before close
    sys.py append FILE TEXT    open O_APPEND, write, close
    sys.py ask FILE TEXT       open O_RDWR | O_TRUNC, write, close a duplicate,
                               read the answer: prints it
    sys.py open FILE [FLAG...] open with flags named as in open(2), close
    sys.py create FILE         O_CREAT | O_EXCL | O_WRONLY, close
    sys.py mkdir|rmdir|unlink|stat|lstat|readlink|listdir|mkfifo PATH
    sys.py rename|replace|link|symlink FROM TO
    sys.py truncate PATH SIZE; chmod PATH MODE; chown PATH UID GID
A path is taken as bytes, with \\xNN escapes, so that any name can be tried.
"""
import codecs
import errno
import os
import sys


def raw(text):
    return codecs.escape_decode(os.fsencode(text))[0]


def content(text):
    if text.startswith("@"):
        with open(text[1:], "rb") as f:
            return f.read()
    return os.fsencode(text)


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def put(path, text, flags=os.O_TRUNC, sync=False):
    fd = os.open(raw(path), os.O_WRONLY | os.O_CREAT | flags, 0o644)
    try:
        write_all(fd, content(text))
        if sync:
            os.fsync(fd)
    except OSError:
        try:
            os.close(fd)
        except OSError:
            pass
        raise
    os.close(fd)


def ask(path, text):
    fd = os.open(raw(path), os.O_RDWR | os.O_TRUNC)
    write_all(fd, content(text))
    os.close(os.dup(fd))
    answer = os.pread(fd, 4096, 0)
    os.close(fd)
    print(answer.decode().strip())
    sys.exit(0)


def named_flags(names):
    flags = 0
    for name in names:
        flags |= getattr(os, name)
    return flags


OPERATIONS = {
    "put": put,
    "putsync": lambda p, t: put(p, t, sync=True),
    "append": lambda p, t: put(p, t, os.O_APPEND),
    "ask": ask,
    "open": lambda p, *f: os.close(os.open(raw(p), named_flags(f), 0o644)),
    "create": lambda p: os.close(
        os.open(raw(p), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)),
    "mkdir": lambda p: os.mkdir(raw(p)),
    "rmdir": lambda p: os.rmdir(raw(p)),
    "unlink": lambda p: os.unlink(raw(p)),
    "stat": lambda p: os.stat(raw(p)),
    "lstat": lambda p: os.lstat(raw(p)),
    "readlink": lambda p: os.readlink(raw(p)),
    "listdir": lambda p: os.listdir(raw(p)),
    "mkfifo": lambda p: os.mkfifo(raw(p)),
    "rename": lambda a, b: os.rename(raw(a), raw(b)),
    "replace": lambda a, b: os.replace(raw(a), raw(b)),
    "link": lambda a, b: os.link(raw(a), raw(b)),
    "symlink": lambda a, b: os.symlink(raw(a), raw(b)),
    "truncate": lambda p, n: os.truncate(raw(p), int(n)),
    "chmod": lambda p, m: os.chmod(raw(p), int(m, 8)),
    "chown": lambda p, u, g: os.lchown(raw(p), int(u), int(g)),
}


def main():
    try:
        OPERATIONS[sys.argv[1]](*sys.argv[2:])
    except OSError as e:
        print(errno.errorcode.get(e.errno, str(e.errno)))
        return
    print("OK")


main()
