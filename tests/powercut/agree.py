# SPDX-License-Identifier: Apache-2.0
"""agree.py MOUNT: does what is told of each asset agree with its tree? The counts
in metadata.json, and each digest in SHA256SUMS."""
import hashlib
import json
import os
import re
import sys


def read(path):
    with open(path, "rb") as f:
        return f.read()


def tree(top):
    files = size = 0
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                files += 1
                size += os.path.getsize(path)
    return files, size


def check(asset):
    told = json.loads(read(asset + "/_mlx/metadata.json"))
    have = tree(asset)
    assert (told["files"], told["bytes"]) == have, (asset, told["files"], told["bytes"], have)
    for line in read(asset + "/_mlx/SHA256SUMS").decode().splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})  (.*)", line)
        if not found:
            continue
        path = os.path.join(asset, found.group(2))
        assert hashlib.sha256(read(path)).hexdigest() == found.group(1), path


count = 0
for kind in ("components", "datasets", "models", "notebooks", "pipelines"):
    for name in os.listdir(os.path.join(sys.argv[1], kind)):
        path = os.path.join(sys.argv[1], kind, name)
        if os.path.isdir(path) and os.path.lexists(path + "/_mlx"):
            check(path)
            count += 1
with open(os.path.join(sys.argv[1], ".mlx/status.json")) as f:
    json.load(f)
print(count, "assets agree")
