#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast: time as a ratio to the disk's own file system, in one run.

    bench.py [--rounds N] [--size MB] [--files N] [--only TEXT] [--no-peers]
             [--peers NAMES] MLXFS WORK [FOLDER]

For each row and each round the same work is done once in a plain folder and
once in each mount, one after another, so that a machine whose speed drifts
does so for all of them; the ratio is taken within the round, and the table
shows the median over the rounds. Caches are dropped before a cold run (root).
Before each run all that was written is on disk, and what mlxfs does behind the
back of its users (digests, removal) is done. Nothing is removed before the
last row: an ext4 without a journal gives out no inode that was removed a
moment ago, and walks over all of them in search of another, which would be
most of what the rows that create files measured.
MLXFS is the program; WORK the loops of work.c; FOLDER (default: a temporary
one under /var/tmp) is where the plain files and the stores are.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = []
LONG = 1  # seconds: nothing that took so long is repeated
SETTLE = 0.6  # seconds: removed contents are gone by then


def row(name, target=None, cold=False, repeat=1):
    """Register a row: the function gets a Place, prepares, and returns the
    command (or callable) that is timed; `repeat` times on end, where once is
    too short to be told from the machine's noise."""
    def add(function):
        ROWS.append((name, target, cold, repeat, function))
        return function
    return add


class Place:
    """A folder to work in: plain, or within a mount."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        self.made = 0

    def __truediv__(self, below):
        return os.path.join(self.path, below)

    def fresh(self):
        """A path of this place that nothing had before."""
        self.made += 1
        return self / f"new{self.made:03}"

    def last(self):
        return self / f"new{self.made:03}"


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.source = os.path.join(folder, "source")
        self.out = Place("out", folder + "/out.trees")
        self.ends = []

    # ---- the data ----

    def make_data(self):
        os.makedirs(self.source)
        os.makedirs(self.out.path)
        big = self.source + "/big"
        with open(big, "wb") as f:
            block = os.urandom(1 << 20)
            for i in range(self.options.size):
                f.write(i.to_bytes(8, "little") + block[8:])
        tree = self.source + "/tree"
        page = os.urandom(4096)
        for d in range(self.options.files // 100):
            os.makedirs(f"{tree}/d{d:03}")
            for i in range(100):
                with open(f"{tree}/d{d:03}/f{i:03}.bin", "wb") as f:
                    f.write(page)
        subprocess.run(["tar", "-cf", self.source + "/tree.tar", "-C",
                        self.source, "tree"], check=True)
        self.sync()

    def fill(self, place):
        for name in ("big", "tree"):
            subprocess.run(["cp", "-r", f"{self.source}/{name}",
                            place / name], check=True)
        self.sync()

    # ---- the places ----

    def mount(self, name, command, mountpoint, inside="", umount=("umount",)):
        os.makedirs(mountpoint, exist_ok=True)
        log = open(os.path.join(self.folder, name + ".log"), "wb")
        process = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(100):
            if os.path.ismount(mountpoint):
                break
            if process.poll() not in (None, 0):
                return None
            time.sleep(0.1)
        else:
            process.terminate()
            return None
        self.ends.append((mountpoint, umount, process))
        path = os.path.join(mountpoint, inside)
        os.makedirs(path, exist_ok=True)
        return Place(name, path)

    def places(self):
        base = self.folder
        plain = Place("plain", base + "/plain")
        os.makedirs(plain.path)
        found = [plain]
        ours = self.mount("mlxfs", [self.options.mlxfs, base + "/store",
                                    base + "/mnt", "-f"],
                          base + "/mnt", "datasets/bench")
        if not ours:
            sys.exit("mlxfs did not mount: see " + base + "/mlxfs.log")
        found.append(ours)
        if not self.options.no_peers:
            wanted = [p for p in self.peers()
                      if p[0] in (self.options.peers or p[0]).split(",")]
            found += [p for p in map(self.peer, wanted) if p]
        return found

    def peers(self):
        def has(program):
            return shutil.which(program)
        if os.environ.get("PASSTHROUGH_HP"):
            yield "passthrough_hp", lambda back, mnt: [
                os.environ["PASSTHROUGH_HP"], "--foreground", back, mnt]
        if has("bindfs"):
            yield "bindfs", lambda back, mnt: ["bindfs", "-f", back, mnt]
        if has("rclone"):
            yield "rclone", lambda back, mnt: [
                "rclone", "mount", "--vfs-cache-mode", "full",
                "--cache-dir", back + ".cache", back, mnt]
        if has("sshfs") and os.environ.get("SSHFS_HOST"):
            yield "sshfs", lambda back, mnt: [
                "sshfs", "-f", os.environ["SSHFS_HOST"] + ":" + back, mnt]

    def peer(self, entry):
        name, command = entry
        back = f"{self.folder}/{name}.back"
        mountpoint = f"{self.folder}/{name}.mnt"
        os.makedirs(back, exist_ok=True)
        os.makedirs(mountpoint, exist_ok=True)
        return self.mount(name, command(back, mountpoint), mountpoint)

    def unmount(self):
        for mountpoint, umount, process in reversed(self.ends):
            subprocess.run([*umount, mountpoint], check=False)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()

    # ---- measuring ----

    def drop_caches(self):
        self.sync()
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3\n")

    def sync(self):
        subprocess.run(["sync", "-f", self.folder], check=True)

    def settle(self):
        self.sync()
        status = os.path.join(self.folder, "mnt/.mlx/status.json")
        for _ in range(600):
            with open(status, encoding="utf-8") as f:
                if not json.load(f)["digests_pending"]:
                    break
            time.sleep(0.1)
        time.sleep(SETTLE)

    def once(self, function, place, cold, repeat):
        work = function(self, place)
        self.settle()
        if cold:
            self.drop_caches()
        total, times = 0.0, 0
        while times < repeat and total < LONG:
            total += self.timed(work)
            times += 1
        return total / times

    def timed(self, work):
        if callable(work):
            return work()
        start = time.monotonic()
        subprocess.run(work, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - start

    def work(self, *words):
        return lambda: float(subprocess.run(
            [self.options.work, *words], check=True,
            stdout=subprocess.PIPE).stdout.split()[-1])

    def work_cold(self, what, path):
        """The names are found first, then the caches dropped."""
        def run():
            with subprocess.Popen([self.options.work, what, path, "wait"],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE) as process:
                process.stdout.readline()
                self.drop_caches()
                out, _ = process.communicate(b"\n")
                return float(out)
        return run

    def run(self, places):
        width = max(len(r[0]) for r in ROWS)
        names = [p.name for p in places[1:]]
        print(f"{'work':{width}} {'target':>7} {'plain':>9} " +
              " ".join(f"{n:>14}" for n in names))
        missed = []
        for name, target, cold, repeat, function in ROWS:
            if self.options.only and self.options.only not in name:
                continue
            times = {p.name: [] for p in places}
            for _ in range(self.options.rounds):
                for place in places:
                    try:
                        t = self.once(function, place, cold, repeat)
                    except (subprocess.CalledProcessError, OSError) as e:
                        print(f"# {place.name}: {name}: {e}")
                        t = None
                    times[place.name].append(t)
            cells = []
            for n in names:
                ratios = [a / b for a, b in zip(times[n], times["plain"])
                          if a and b]
                median = statistics.median(ratios) if ratios else None
                cells.append(f"{median:14.2f}" if ratios else f"{'failed':>14}")
                if n == "mlxfs" and (median is None or
                                     (target and median > target)):
                    missed.append(name)
            plain = [t for t in times["plain"] if t]
            said = f"{statistics.median(plain):8.3f}s" if plain else "   failed"
            print(f"{name:{width}} {target or '':>7} {said} " +
                  " ".join(cells), flush=True)
        if missed:
            print("missed: " + ", ".join(missed))


def read_file(bench, place):
    return ["dd", "if=" + (place / "big"), "of=/dev/null", "bs=1M",
            "status=none"]


row("read 2 GB, warm", 1.05, repeat=5)(read_file)
row("read 2 GB, cold", 1.1, cold=True)(read_file)


@row("8 readers, warm", 1.05)
def _(bench, place):
    return bench.work("readers", place / "big", "8")


@row("random 4 KiB, warm", 1.1)
def _(bench, place):
    return bench.work("random", place / "big", "200000")


@row("random 4 KiB, direct", 1.1)
def _(bench, place):
    return bench.work("random", place / "big", "5000", "direct")


@row("cp 2 GB in, warm", 1.1)
def _(bench, place):
    path = place / "copy"
    if os.path.exists(path):
        os.unlink(path)
    return ["cp", bench.source + "/big", path]


@row("cp 2 GB out, warm", 1.1)
def _(bench, place):
    if os.path.exists(place / "copy"):
        os.unlink(place / "copy")
    out = bench.folder + "/out"
    if os.path.exists(out):
        os.unlink(out)
    return ["cp", place / "big", out]


@row("stat, warm", 1.4, repeat=5)
def _(bench, place):
    return bench.work("stat", place / "tree")


@row("stat, cold", 4.5)
def _(bench, place):
    return bench.work_cold("stat", place / "tree")


@row("open, read, close 4 KiB, warm", 8, repeat=5)
def _(bench, place):
    return bench.work("open", place / "tree")


@row("open, read, close 4 KiB, cold", 1.5)
def _(bench, place):
    return bench.work_cold("open", place / "tree")


def list_tree(bench, place):
    return ["ls", "-lR", place / "tree"]


def find_tree(bench, place):
    return ["find", place / "tree"]


row("ls -lR of 10 000, warm", 1.0, repeat=5)(list_tree)
row("ls -lR of 10 000, cold", 1.0, cold=True)(list_tree)
row("find, warm", 1.0, repeat=20)(find_tree)
row("find, cold", 1.2, cold=True)(find_tree)


@row("write a byte, fstat: a request")
def _(bench, place):
    return bench.work("request", place.path, "50000")


@row("create and write 4 KiB", 1.0)
def _(bench, place):
    path = place.fresh()
    os.makedirs(path)
    return bench.work("create", path, str(bench.options.files))


@row("cp -r of 10 000 files in", 1.0)
def _(bench, place):
    return ["cp", "-r", bench.source + "/tree", place.fresh()]


def copy_out(bench, place):
    return ["cp", "-r", place / "tree", bench.out.fresh()]


row("cp -r of 10 000 files out, warm", 3.5)(copy_out)
row("cp -r of 10 000 files out, cold", 1.4, cold=True)(copy_out)


@row("untar of 10 000 files", 2.0)
def _(bench, place):
    path = place.fresh()
    os.makedirs(path)
    return ["tar", "-xf", bench.source + "/tree.tar", "-C", path]


@row("rsync -a, first", 1.5)
def _(bench, place):
    return ["rsync", "-a", bench.source + "/tree/", place.fresh()]


@row("rsync -a, nothing to do", 1.1, repeat=5)
def _(bench, place):
    return ["rsync", "-a", bench.source + "/tree/", place.last()]


@row("rm -r of 10 000 files", 0.7)
def _(bench, place):
    path = place.fresh()
    subprocess.run(["cp", "-r", bench.source + "/tree", path], check=True)
    return ["rm", "-r", path]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=2048, help="MB")
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--peers", help="only these, with commas between")
    parser.add_argument("mlxfs")
    parser.add_argument("work")
    parser.add_argument("folder", nargs="?")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp(prefix="mlxfs-bench-",
                                                dir="/var/tmp")
    bench = Bench(options, folder)
    try:
        bench.make_data()
        places = bench.places()
        for place in places:
            bench.fill(place)
        bench.run(places)
    finally:
        bench.unmount()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
