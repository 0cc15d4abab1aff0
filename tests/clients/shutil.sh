#!/bin/bash
# Python: copytree, move, rmtree, mmap, tempfile, pathlib in and out of the mount.
. "${0%/*}/../lib.sh"
need python3
mount_start
python3 - "$TOP/contrib/samples" "$MNT" "$WORK" <<'PYTHON'
import filecmp
import mmap
import os
import pathlib
import shutil
import sys
import tempfile

samples, mnt, work = map(pathlib.Path, sys.argv[1:])


def same(a, b):
    left = filecmp.dircmp(a, b, ignore=["_mlx"])
    assert not left.left_only and not left.right_only, (left.left_only, left.right_only)
    match, mismatch, errors = filecmp.cmpfiles(a, b, left.common_files, shallow=False)
    assert not mismatch and not errors, (mismatch, errors)
    for sub in left.common_dirs:
        same(a / sub, b / sub)


for kind in ("components", "datasets", "models", "notebooks", "pipelines"):
    for asset in sorted((samples / kind).iterdir()):
        shutil.copytree(asset, mnt / kind / asset.name)
        same(asset, mnt / kind / asset.name)
shutil.copytree(mnt / "models/rain-guess", work / "out", symlinks=True)
same(samples / "models/rain-guess", work / "out")
# a copy within the mount, with the link and without
greetings = samples / "datasets/greetings"
shutil.copytree(mnt / "datasets/greetings", mnt / "datasets/second",
                ignore=shutil.ignore_patterns("_mlx"))
shutil.copytree(mnt / "datasets/greetings", mnt / "datasets/linked", symlinks=True)
same(greetings, mnt / "datasets/linked")
shutil.move(mnt / "datasets/second", mnt / "datasets/third")
same(greetings, mnt / "datasets/third")
shutil.rmtree(mnt / "datasets/third")
assert not (mnt / "datasets/third").exists()

path = mnt / "datasets/rainfall/mapped"
with open(path, "wb+") as f:
    f.truncate(8192)
    with mmap.mmap(f.fileno(), 8192) as m:
        m[4096:4101] = b"hello"
assert path.read_bytes()[4096:4101] == b"hello"
with tempfile.NamedTemporaryFile(dir=mnt / "datasets/rainfall") as f:
    f.write(b"x" * 100000)
    f.flush()
    assert os.stat(f.name).st_size == 100000
with tempfile.TemporaryFile(dir=mnt / "datasets/rainfall") as f:
    f.write(b"unnamed")
    f.seek(0)
    assert f.read() == b"unnamed"
text = (mnt / "datasets/rainfall/_mlx/metadata.json").read_text()
assert len(text.encode()) == (mnt / "datasets/rainfall/_mlx/metadata.json").stat().st_size
PYTHON
