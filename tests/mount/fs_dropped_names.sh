#!/bin/bash
# The name under which a file was dropped: what programs may do by it.
. "${0%/*}/../lib.sh"
need python3 rsync
gone() { [ ! -e "$1" ]; }
mount_start
sample=$TOP/contrib/samples/components/word-count/component.yaml
sed 's/^name:.*/name: First Thing/' "$sample" >"$WORK/spec.yaml"
drop=$MNT/components/spec.yaml home=$MNT/components/first-thing

cp "$WORK/spec.yaml" "$drop"
is "$(ls -A "$MNT/components")" first-thing
is "$(ls -A "$home" | tr '\n' ' ')" '_mlx spec.yaml '
cmp "$drop" "$home/spec.yaml"
is "$(stat -c %i "$drop")" "$(stat -c %i "$home/spec.yaml")"
expect_errno EEXIST create "$drop"
expect_errno EEXIST mkdir "$drop"
expect_errno EEXIST symlink x "$drop"
expect_errno EEXIST link "$home/spec.yaml" "$drop"

# written by it, in each manner
echo '# appended' >>"$drop"
is "$(tail -1 "$home/spec.yaml")" '# appended'
cp "$WORK/spec.yaml" "$drop"
cmp "$WORK/spec.yaml" "$home/spec.yaml"
echo '# again' >>"$WORK/spec.yaml"
rsync -t "$WORK/spec.yaml" "$drop"
cmp "$WORK/spec.yaml" "$home/spec.yaml"
is "$(rsync -ti "$WORK/spec.yaml" "$drop")" ''
sed -i 's/# again/# edited/' "$drop"
is "$(tail -1 "$home/spec.yaml")" '# edited'
python3 - "$drop" <<'PYTHON'
import os, sys
name = sys.argv[1]
text = open(name, "rb").read()
os.rename(name, name + "~")      # as vim does it
fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644)
os.write(fd, text + b"# saved\n")
os.fsync(fd)
os.close(fd)
os.unlink(name + "~")
PYTHON
is "$(tail -1 "$home/spec.yaml")" '# saved'
is "$(ls -A "$MNT/components")" first-thing
echo red >"$home/_mlx/tags"

# refused by it: the old spec stays in force
refused EINVAL "$drop" 'name: [' spec.yaml "$home/_mlx/errors"
is "$(value "$home/_mlx/metadata.json" id)" first-thing
cp "$WORK/spec.yaml" "$drop"
is "$(cat "$home/_mlx/errors")" ''
is "$(cat "$home/_mlx/tags")" red

# renamed: the name, not the asset
mv "$drop" "$MNT/components/other.yaml"
expect_errno ENOENT stat "$drop"
is "$(ls -A "$MNT/components")" first-thing
is "$(ls -A "$home" | tr '\n' ' ')" '_mlx other.yaml '
cmp "$MNT/components/other.yaml" "$home/other.yaml"
mount_again
cmp "$MNT/components/other.yaml" "$home/other.yaml"

# removed by it: the asset goes when nothing else is in it
rm "$MNT/components/other.yaml"
# the kernel is told after rm was answered: a moment later
wait_for 5 gone "$home"
is "$(ls -A "$MNT/components")" ''
cp "$WORK/spec.yaml" "$drop"
echo more >"$home/notes"
rm "$drop"
is "$(ls -A "$home" | tr '\n' ' ')" '_mlx notes '
expect_errno ENOENT stat "$drop"
# moved out of it
rm -r "$home"
cp "$WORK/spec.yaml" "$drop"
mkdir "$MNT/components/mine"
mv "$drop" "$MNT/components/mine/notes.txt"
exists_not "$home"
cmp "$WORK/spec.yaml" "$MNT/components/mine/notes.txt"
# and moved over another asset's spec, which is then of the id that it had
sed 's/^name:.*/name: Second Thing/' "$sample" >"$MNT/components/mine/component.yaml"
cp "$WORK/spec.yaml" "$drop"
mv "$drop" "$MNT/components/mine/component.yaml"
exists_not "$home"
is "$(value "$MNT/components/mine/_mlx/metadata.json" id)" first-thing
is "$(value "$MNT/components/mine/_mlx/metadata.json" state)" registered
# not where something else keeps its home, of that name
cp "$WORK/spec.yaml" "$WORK/third.yaml"
sed -i 's/^name:.*/name: Third Thing/' "$WORK/third.yaml"
cp "$WORK/third.yaml" "$MNT/components/"
echo more >"$MNT/components/third-thing/notes"
expect_errno EEXIST rename "$MNT/components/third.yaml" "$MNT/components/mine/component.yaml"
cmp "$WORK/third.yaml" "$MNT/components/third.yaml"
is "$(value "$MNT/components/mine/_mlx/metadata.json" id)" first-thing
