# SPDX-License-Identifier: Apache-2.0
"""verify.py SOURCE COPY LOG: after a kill, is of an upload what was acknowledged?

LOG is that of kills.c. Each file that was closed has the bytes that it had then;
what was renamed, made or removed is; and no file, closed or not, holds anything
that is not its source's (or nothing, where a write did not come)."""
import os
import re
import sys


def source_of(name):
    """A file of the upload, or the temporary one of rsync or Jupyter for it."""
    folder, name = os.path.split(name)
    name = re.sub(r"^\.(.+)\.[A-Za-z0-9]{6}$", r"\1", name)
    return os.path.join(folder, name.removeprefix(".~").replace(".part.", "."))


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Log:
    def __init__(self, path, copy):
        self.copy = copy
        self.closed = {}  # name: bytes
        self.there = {}   # name: is it?
        with open(path, errors="surrogateescape") as f:
            for line in f:
                what, _, rest = line.rstrip("\n").partition(" ")
                getattr(self, "on_" + what)(rest)

    def name(self, path):
        return os.path.relpath(path, self.copy)

    def drop(self, name):
        self.there[name] = False
        return self.closed.pop(name, None)

    def on_closed(self, rest):
        size, _, path = rest.partition(" ")
        self.closed[self.name(path)] = int(size)
        self.there[self.name(path)] = True

    def on_renamed(self, rest):
        old, new = map(self.name, rest.split("\t"))
        size = self.drop(old)
        self.there[new] = True
        if size is not None:
            self.closed[new] = size

    def on_removed(self, rest):
        self.drop(self.name(rest))

    def on_made(self, rest):
        self.there[self.name(rest)] = True

    def on_killed(self, _rest):
        pass

    on_points = on_killed


def agrees(got, want):
    return len(got) <= len(want) and all(
        a == b or not a for a, b in zip(got, want))


def main():
    source, copy, log_path = sys.argv[1:]
    wrong = []
    log = Log(log_path, copy)
    for name, there in log.there.items():
        # the mount, and other places of it, are not ours to judge
        if not name.startswith("..") and os.path.lexists(os.path.join(copy, name)) != there:
            wrong.append(f"{name}: is it there? It should be {there}")
    for name, size in log.closed.items():
        path = os.path.join(copy, name)
        if name.startswith("..") or not os.path.exists(path):
            continue
        got, want = read(path), read(os.path.join(source, source_of(name)))
        if len(got) < size or got[:size] != want[:size]:
            wrong.append(f"{name}: was closed with {size} bytes, has {len(got)}, or others")
    for folder, _, names in os.walk(copy):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            got = read(path)
            if os.path.getsize(path) != len(got):
                wrong.append(f"{path}: says {os.path.getsize(path)} bytes, has {len(got)}")
            if not agrees(got, read(os.path.join(source, source_of(os.path.relpath(path, copy))))):
                wrong.append(f"{path}: holds what nobody wrote there")
    print("\n".join(wrong))
    sys.exit(bool(wrong))


main()
