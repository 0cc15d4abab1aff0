#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far it goes: what has no plain counterpart to be compared with.

    scale.py [--assets N] [--files N] [--runs N] MLXFS [FOLDER]

A catalog of N datasets, each with a description of its own and as many files
as --files says, is filled, closed and mounted again. Figures: the mounting
(from the program's start to the first answer, and till status.json, which
counts all assets, is there) and its memory, a first and a
second reading of every asset's metadata.json, `ls -l` of the kind, and the
time from closing `run` to the first process of the step. FOLDER (default: a
temporary one under /var/tmp) is where the store is.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SPEC = """id: {name}
name: Sample {name}
description: The dataset {name} of a benchmark.
version: 1.0.0
created: 2025-01-01
domain: Time Series
format:
  - type: CSV
content:
  - pattern: "*.csv"
    records: 9
    type: file
license:
  name: CDLA-Permissive-2.0
"""
PIPELINE = """apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: stamp
spec:
  pipelineSpec:
    tasks:
      - name: now
        taskSpec:
          results:
            - name: at
          steps:
            - name: now
              image: debian
              script: |
                #!/bin/sh
                date +%s.%N > $(results.at.path)
"""


class Mount:
    def __init__(self, program, store, mountpoint):
        os.makedirs(mountpoint, exist_ok=True)
        self.path = mountpoint
        start = time.monotonic()
        self.process = subprocess.Popen(
            [program, store, mountpoint, "-f"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.ismount(mountpoint):
            if self.process.poll() is not None:
                sys.exit("mlxfs did not mount")
            time.sleep(0.005)
        os.stat(mountpoint + "/datasets")
        self.seconds, self.cpu = time.monotonic() - start, self.processor()
        os.stat(mountpoint + "/.mlx/status.json")
        self.counted = time.monotonic() - start
        self.counted_cpu = self.processor()

    def processor(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024

    def end(self):
        subprocess.run(["umount", self.path], check=True)
        self.process.wait(300)


def say(what, figure):
    print(f"{what:52} {figure}", flush=True)


def fill(kind, options):
    start = time.monotonic()
    for n in range(options.assets):
        name = f"d{n:06}"
        os.mkdir(f"{kind}/{name}")
        with open(f"{kind}/{name}/dataset.yaml", "w", encoding="utf-8") as f:
            f.write(SPEC.format(name=name))
        for i in range(options.files - 1):
            with open(f"{kind}/{name}/part-{i:04}.csv", "wb") as f:
                f.write(b"1,2\n")
    files = options.assets * options.files
    took = time.monotonic() - start
    say(f"filling, {files} files in {options.assets} assets",
        f"{took:.1f} s, {took / files * 1e6:.0f} µs a file")


def read_metadata(kind, options):
    took = 0.0
    for n in range(options.assets):
        path = f"{kind}/d{n:06}/_mlx/metadata.json"
        start = time.monotonic()
        fd = os.open(path, os.O_RDONLY)
        while os.read(fd, 65536):
            pass
        os.close(fd)
        took += time.monotonic() - start
    return f"{took / options.assets * 1e6:.0f} µs each"


def list_kind(kind):
    start = time.monotonic()
    subprocess.run(["ls", "-l", kind], check=True, stdout=subprocess.DEVNULL)
    return f"{(time.monotonic() - start) * 1e3:.0f} ms"


def start_run(mount, n):
    with open(f"{mount}/pipelines/stamp/_mlx/run", "w",
              encoding="utf-8") as f:
        f.write(f"name: stamp-bench-{n}\n")
    closed = time.time()
    run = f"{mount}/runs/stamp-bench-{n}"
    with open(run + "/_mlx/wait", encoding="utf-8") as f:
        if "SUCCEEDED" not in f.read():
            sys.exit(f"{run} did not succeed")
    with open(run + "/steps/now/outputs/at", encoding="utf-8") as f:
        return float(f.read()) - closed


def time_runs(mount, options):
    os.mkdir(mount + "/pipelines/stamp")
    with open(mount + "/pipelines/stamp/pipeline.yaml", "w",
              encoding="utf-8") as f:
        f.write(PIPELINE)
    took = [start_run(mount, n) for n in range(options.runs)]
    return f"{statistics.median(took) * 1e3:.1f} ms, median of {options.runs}"


def measure(options, folder):
    store, mountpoint = folder + "/store", folder + "/mnt"
    mount = Mount(options.mlxfs, store, mountpoint)
    fill(mountpoint + "/datasets", options)
    mount.end()
    mount = Mount(options.mlxfs, store, mountpoint)
    kind = mountpoint + "/datasets"
    say("mounting it again",
        f"{mount.seconds:.2f} s, of them {mount.cpu:.2f} s of processor")
    say("till status.json has counted all assets",
        f"{mount.counted:.2f} s, of them {mount.counted_cpu:.2f}")
    say("memory then", f"{mount.memory():.0f} MB")
    say("metadata.json of each asset, first reading",
        read_metadata(kind, options))
    say("metadata.json of each asset, again", read_metadata(kind, options))
    say("ls -l of them, first", list_kind(kind))
    say("ls -l of them, again", list_kind(kind))
    say("memory then", f"{mount.memory():.0f} MB")
    say("closing `run` to the step's first line",
        time_runs(mountpoint, options))
    mount.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--assets", type=int, default=10000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("mlxfs")
    parser.add_argument("folder", nargs="?")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp(prefix="mlxfs-scale-",
                                                dir="/var/tmp")
    try:
        measure(options, folder)
    finally:
        subprocess.run(["umount", folder + "/mnt"], check=False,
                       stderr=subprocess.DEVNULL)
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
