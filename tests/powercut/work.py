# SPDX-License-Identifier: Apache-2.0
"""What programs do that want their files to survive a power cut, and whether
they did.

    work.py write DIR LOG SEED      works in DIR till a call fails; LOG, on a
                                    disk that stays, tells what was begun and
                                    what was acknowledged, a line each
    work.py sqlite FILE LOG SEED    the same with a database
    work.py check DIR LOG           is DIR as it may be after the cut?
    work.py check-sqlite FILE LOG

A file's name and version make its bytes, so a file tells what it is. Lines of
LOG: what, then name, version, bytes, another name.

What is certain: bytes and name of a file whose fsync returned; the names of a
directory whose fsync returned. What was begun later may have happened, or not,
and an append or a truncation in part. Nothing else may be seen.
"""
import os
import random
import re
import sqlite3
import subprocess
import sys
import time

LINE = 64
QUIET = 4.5  # seconds: files with equal contents have one blob by then


def stream(name, version, start, end):
    first, last = start // LINE, (end + LINE - 1) // LINE
    text = b"".join(f"{name} {version} {n}".encode().ljust(LINE - 1) + b"\n"
                    for n in range(first, last))
    return text[start - first * LINE:end - first * LINE]


# ---- the work ----

class Writer:
    def __init__(self, top, log, seed):
        self.top = top
        self.log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.random = random.Random(seed)
        self.files = {}  # name: (version, bytes, unique id of its stream)
        self.count = 0
        self.base = seed
        self.dirs = ["."]
        self.rate = self.random.choice([0.1, 0.3, 0.6])  # of what is synced

    def log(self, *words):
        os.write(self.log_fd, (" ".join(map(str, words)) + "\n").encode())

    def path(self, name):
        return os.path.join(self.top, name)

    def fresh(self, what="f"):
        self.count += 1
        return os.path.normpath(os.path.join(
            self.random.choice(self.dirs), f"{what}{self.base}-{self.count}"))

    def sync_dir(self, name):
        directory = os.path.dirname(name) or "."
        fd = os.open(self.path(directory), os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(fd)
        os.close(fd)
        self.log("dir-synced", directory)

    def size(self):
        return self.random.choice([0, 10, 4096, 5000, 40000, 300000])

    def pour(self, name, flags, version, start, end, sync):
        """Write bytes start..end, then perhaps sync, before or after a close."""
        # O_SYNC is for what is written through it, not for what was there
        kinds = ["fsync", "fdatasync", "again"] + ["o_sync"] * (not start)
        kind = self.random.choice(kinds) if sync else ""
        if kind == "o_sync":
            flags |= os.O_SYNC
        fd = os.open(self.path(name), flags, 0o644)
        data = stream(version_name(version), version, start, end)
        at = 0
        while at < len(data):
            at += os.pwrite(fd, data[at:at + 65536], start + at)
        if kind == "fdatasync":
            os.fdatasync(fd)
        elif kind == "fsync":
            os.fsync(fd)
        # O_SYNC has nothing to say of a file of no bytes
        if kind and kind != "again" and (data or kind != "o_sync"):
            self.log("synced", name)
        os.close(fd)
        if kind == "again" or (kind == "o_sync" and not data):
            self.sync_file(name)

    def sync_file(self, name):
        fd = os.open(self.path(name), self.random.choice([os.O_RDWR, os.O_RDONLY]))
        os.fsync(fd)
        os.close(fd)
        self.log("synced", name)

    def chance(self, of):
        return self.random.random() < of

    def create(self):
        name, size = self.fresh(), self.size()
        version = self.new_version()
        self.log("create", name, version, size)
        self.pour(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, version, 0, size, self.chance(self.rate))
        self.files[name] = (version, size)

    def new_version(self):
        self.count += 1
        return self.base * 1000000 + self.count

    def some(self):
        return self.random.choice(sorted(self.files))

    def append(self):
        name = self.some()
        version, size = self.files[name]
        end = size + self.size()
        self.log("append", name, version, end)
        self.pour(name, os.O_WRONLY, version, size, end, self.chance(self.rate))
        self.files[name] = (version, end)

    def shorten(self):
        name = self.some()
        version, size = self.files[name]
        end = self.random.randrange(size + 1)
        self.log("shorten", name, version, end)
        os.truncate(self.path(name), end)
        self.files[name] = (version, end)
        if self.chance(self.rate):
            self.sync_file(name)

    def copy(self):
        old, name = self.some(), self.fresh()
        version, size = self.files[old]
        self.log("create", name, version, size)
        subprocess.run(["cp", self.path(old), self.path(name)], check=True)
        self.files[name] = (version, size)
        if self.chance(self.rate):
            self.sync_file(name)

    def renew(self):
        name, size, version = self.some(), self.size(), self.new_version()
        self.log("create", name, version, size)
        self.pour(name, os.O_WRONLY | os.O_TRUNC, version, 0, size, self.chance(self.rate))
        self.files[name] = (version, size)

    # what is done to one of them is not to be seen in the others
    def make_equal(self):
        version, size = self.new_version(), 300000
        for _ in range(6):
            name = self.fresh()
            self.log("create", name, version, size)
            self.pour(name, os.O_WRONLY | os.O_CREAT, version, 0, size, self.chance(0.5))
            self.files[name] = (version, size)
        time.sleep(QUIET)

    def replace(self):
        name, size, version = self.some(), self.size(), self.new_version()
        temporary = self.fresh(".t")
        whole = self.chance(0.7)
        self.log("create", temporary, version, size)
        self.pour(temporary, os.O_WRONLY | os.O_CREAT, version, 0, size, False)
        if whole:
            self.sync_file(temporary)
        self.log("move", temporary, 0, 0, name)
        os.rename(self.path(temporary), self.path(name))
        self.files[name] = (version, size)
        if self.chance(self.rate):
            self.sync_dir(name)
            self.sync_dir(temporary)

    def move(self):
        name, new = self.some(), self.fresh()
        self.log("move", name, 0, 0, new)
        os.rename(self.path(name), self.path(new))
        self.files[new] = self.files.pop(name)
        if self.chance(self.rate):
            self.sync_dir(new)
            self.sync_dir(name)

    def remove(self):
        name = self.some()
        self.log("remove", name)
        os.unlink(self.path(name))
        del self.files[name]
        if self.chance(self.rate):
            self.sync_dir(name)

    def make_dir(self):
        name = self.fresh("d")
        if name.count("/") > 3:
            return
        self.log("mkdir", name)
        os.mkdir(self.path(name))
        self.sync_dir(name)
        self.dirs.append(name)

    def make_link(self):
        name = self.fresh("l")
        self.log("symlink", name)
        os.symlink("to " + name, self.path(name))
        self.sync_dir(name)

    def run(self):
        # with a database at work beside us it is never quiet (powercut.sh)
        if self.base // 10 % 3 == 0:
            self.make_equal()
        while True:
            if len(self.files) < 4:
                self.create()
                continue
            self.random.choices(
                [self.create, self.append, self.shorten, self.replace, self.move, self.remove,
                 self.make_dir, self.make_link, self.copy, self.renew],
                [8, 5, 2, 5, 2, 3, 1, 1, 4, 4])[0]()


def version_name(version):
    return f"version-{version}"


def write_sqlite(path, log, seed):
    log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    db = sqlite3.connect(path, isolation_level=None)
    if seed % 2:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    else:
        db.execute("PRAGMA synchronous=EXTRA")
    db.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, text TEXT)")
    start = db.execute("SELECT coalesce(max(n), 0) FROM t").fetchone()[0]
    for n in range(start + 1, 1 << 30):
        db.execute("INSERT INTO t VALUES (?, ?)", (n, "x" * (n * 37 % 3000)))
        os.write(log_fd, b"committed %d\n" % n)


# ---- the check ----

class State:
    """What may be of one name: a list of None (absent), "dir", "link" or [version,
    bytes that are certain, most bytes, bytes without a cut]; the last one is what
    it is without a cut."""

    def __init__(self):
        self.may = [None]

    def now(self):
        return self.may[-1]

    def settle(self):
        self.may = [self.may[-1]]

    def add(self, state):
        self.may.append(list(state) if isinstance(state, list) else state)


class Model:
    def __init__(self):
        self.names = {}
        self.left = {}  # by new name: names that it had

    def of(self, name):
        return self.names.setdefault(name, State())

    def create(self, name, version, size):
        self.of(name).add([int(version), 0, int(size), int(size)])

    def elsewhere(self, name, version):
        """What may be of the same file under names that it had: they may be back"""
        return (v for old in self.left.get(name, []) for v in self.of(old).may
                if isinstance(v, list) and v[0] == int(version))

    def append(self, name, version, size):
        state = self.of(name)
        _, sure, most, _ = state.now()
        state.add([int(version), sure, max(most, int(size)), int(size)])
        for v in self.elsewhere(name, version):
            v[2] = max(v[2], int(size))

    def shorten(self, name, version, size):
        state, size = self.of(name), int(size)
        for v in self.elsewhere(name, version):
            v[1] = min(v[1], size)
        state.may = [[v[0], min(v[1], size), v[2], v[3]] if isinstance(v, list) else v
                     for v in state.may]
        _, sure, most, _ = state.now()
        state.add([int(version), sure, most, size])

    def move(self, name, _version, _size, new):
        old, target = self.of(name), self.of(new)
        for state in old.may:
            if state is not None:
                target.add(state)
        old.add(None)
        self.left[new] = self.left.pop(name, []) + [name]

    def remove(self, name):
        self.of(name).add(None)

    def mkdir(self, name):
        self.of(name).add("dir")

    def symlink(self, name):
        self.of(name).add("link")

    def synced(self, name):
        state = self.of(name)
        version, _, _, size = state.now()
        state.may = [[version, size, size, size]]
        # the names that it had before are gone with it
        for old in self.left.pop(name, []):
            if self.of(old).now() is None:
                self.of(old).settle()

    def dir_synced(self, directory):
        for name, s in self.names.items():
            if (os.path.dirname(name) or ".") == directory:
                s.settle()

    def feed(self, line):
        what, *rest = line.split()
        getattr(self, what.replace("-", "_"))(*rest)


def fits(name, data, state):
    """"" or what is wrong of a file's bytes if it were in this state"""
    version, sure, most, _ = state
    if not sure <= len(data) <= most:
        return f"{len(data)} bytes, not {sure}..{most}"
    want = stream(version_name(version), version, 0, len(data))
    if data[:sure] != want[:sure]:
        return f"not the bytes of version {version}"
    for at in range(sure, len(data), 512):
        part = data[at:at + 512]
        if part != want[at:at + 512] and part.strip(b"\0"):
            # a block may have come in part
            if any(a != b and a for a, b in zip(part, want[at:at + 512])):
                return f"at {at} bytes that nobody wrote"
    return ""


def judge(top, name, state):
    path = os.path.join(top, name)
    if not os.path.lexists(path):
        return "" if None in state.may else f"is absent, may be {state.may}"
    if os.path.islink(path):
        return "" if "link" in state.may and os.readlink(path) == "to " + name else "a link"
    if os.path.isdir(path):
        return "" if "dir" in state.may else "a directory"
    with open(path, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        data = f.read()
    if size != len(data):
        return f"says {size} bytes, has {len(data)}"
    wrong = [fits(name, data, s) for s in state.may if isinstance(s, list)]
    return "" if "" in wrong else f"{wrong or 'is there'}, may be {state.may}"


def check(top, log):
    model = Model()
    bad = 0
    with open(log) as f:
        for line in f:
            model.feed(line)
    for name, state in sorted(model.names.items()):
        wrong = judge(top, name, state)
        if wrong:
            bad += 1
            print(f"{name}: {wrong}")
    for folder, dirs, files in os.walk(top):
        for name in files + dirs:
            name = os.path.relpath(os.path.join(folder, name), top)
            if name not in model.names and name != "_mlx":
                bad += 1
                print(f"{name}: nobody made it")
    print(f"{len(model.names)} names looked at, {bad} wrong")
    return bad == 0


def check_sqlite(path, log):
    acknowledged = 0
    if os.path.exists(log):
        with open(log) as f:
            for line in f:
                acknowledged = int(re.fullmatch(r"committed (\d+)", line.strip()).group(1))
    if not acknowledged and not os.path.exists(path):
        return True
    db = sqlite3.connect(path)
    sound = db.execute("PRAGMA integrity_check").fetchone()[0]
    has = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] and \
        db.execute("SELECT coalesce(max(n), 0), count(*) FROM t").fetchone()
    print(f"sqlite: {sound}, has {has}, {acknowledged} acknowledged")
    return sound == "ok" and (not acknowledged or (has[0] == has[1] and has[0] >= acknowledged))


def main():
    what, where, log, *rest = sys.argv[1:]
    if what == "check":
        sys.exit(not check(where, log))
    if what == "check-sqlite":
        sys.exit(not check_sqlite(where, log))
    try:
        if what == "write":
            if not os.path.isdir(where):
                os.mkdir(where)
            Writer(where, log, int(rest[0])).run()
        else:
            write_sqlite(where, log, int(rest[0]))
    except (OSError, sqlite3.Error) as e:
        print("ended:", e)


main()
