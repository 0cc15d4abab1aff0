#!/bin/bash
# _mlx bears all that programs do to links, and stays: removing, replacing,
# copying, moving, restoring; and it is in the way of nothing.
. "${0%/*}/../lib.sh"
need python3 tar rsync
need_root # /proc tells root which call a thread is in
mount_start
a=$MNT/models/a
mkdir "$a" "$a/sub"
echo one >"$a/f"
link=../../.mlx/models/a
is "$(readlink "$a/_mlx")" $link
is "$(ls -A "$a" | tr '\n' ' ')" '_mlx f sub '
is "$(stat -c '%U %h %s' "$a/_mlx")" "$(id -un) 1 ${#link}"
exists_not "$a/sub/_mlx"

# removing does nothing
expect_errno OK unlink "$a/_mlx"
is "$(readlink "$a/_mlx")" $link
rm -f "$a/_mlx"
# nor does setting attributes
touch -h -d 2001-01-01 "$a/_mlx"
chown -h 0:0 "$a/_mlx"
# nor replacing, by what is renamed to it
ln -s elsewhere "$a/._mlx.x"
mv -T "$a/._mlx.x" "$a/_mlx"
is "$(readlink "$a/_mlx")" $link
exists_not "$a/._mlx.x"
expect_errno EEXIST mkdir "$a/_mlx"
expect_errno EEXIST symlink x "$a/_mlx"
expect_errno EEXIST create "$a/_mlx"
expect_errno ENOTDIR rmdir "$a/_mlx"
expect_errno EPERM link "$a/_mlx" "$a/hard"
# moving it away leaves a copy of the link there
mv "$a/_mlx" "$a/sub/_mlx"
is "$(readlink "$a/sub/_mlx")" $link
is "$(readlink "$a/_mlx")" $link
rm "$a/sub/_mlx"

# copies of an asset bring one along
cp -r "$a" "$MNT/models/b"
is "$(readlink "$MNT/models/b/_mlx")" ../../.mlx/models/b
cp -a "$a/." "$MNT/models/b/"
cp -a "$a" "$MNT/datasets/"
tar -cf "$WORK/a.tar" -C "$MNT/models" a
tar -xf "$WORK/a.tar" -C "$MNT/notebooks"
is "$(readlink "$MNT/notebooks/a/_mlx")" ../../.mlx/notebooks/a
tar -xf "$WORK/a.tar" -C "$MNT/notebooks"
python3 - "$a" "$MNT/models/c" <<'PYTHON'
import os, shutil, sys
shutil.copytree(sys.argv[1], sys.argv[2], symlinks=True)
# who made the directory reads it as well
assert os.path.exists(sys.argv[2] + "/_mlx/metadata.json")
os.mkdir(sys.argv[2] + "2")
assert os.path.exists(sys.argv[2] + "2/_mlx/metadata.json")
PYTHON
for copy in models/b datasets/a notebooks/a models/c; do
	is "$(ls -A "$MNT/$copy" | tr '\n' ' ')" '_mlx f sub '
	is "$(wc -l <"$MNT/$copy/_mlx/SHA256SUMS")" 1 "$copy: $(cat "$MNT/$copy/_mlx/SHA256SUMS")"
done
cp -a "$a" "$WORK/out"
mv "$WORK/out" "$MNT/models/back"
is "$(readlink "$MNT/models/back/_mlx")" ../../.mlx/models/back
mv "$MNT/models/back" "$WORK/out2"
is "$(ls -A "$WORK/out2" | tr '\n' ' ')" '_mlx f sub '
exists_not "$MNT/models/back"
rsync -a "$WORK/out2/" "$MNT/models/synced/"
rsync -a --delete "$WORK/out2/" "$MNT/models/synced/"
is "$(readlink "$MNT/models/synced/_mlx")" ../../.mlx/models/synced

# a renamed asset's link follows at once
readlink "$MNT/models/c/_mlx" >/dev/null
mv "$MNT/models/c" "$MNT/models/d"
is "$(readlink "$MNT/models/d/_mlx")" ../../.mlx/models/d
cat "$MNT/models/d/_mlx/metadata.json" >/dev/null

# a real entry of that name comes in with a directory
mkdir "$a/sub/inner"
ln -s nowhere "$a/sub/_mlx"
mv "$a/sub" "$MNT/models/sub"
is "$(readlink "$MNT/models/sub/_mlx")" ../../.mlx/models/sub
is "$(ls -A "$MNT/models/sub" | tr '\n' ' ')" '_mlx inner '
rmdir "$MNT/models/sub/inner" "$MNT/models/sub"

rm -r "$MNT"/models/* "$MNT"/datasets/* "$MNT"/notebooks/*
is "$(ls -A "$MNT/models" "$MNT/datasets" "$MNT/notebooks" | grep -vc ':$')" 2
is "$(find "$MNT/models" "$MNT/datasets" "$MNT/notebooks" -mindepth 1)" ''
