#!/bin/bash
# cp, cp -a, cp -r within the mount and out of it again: nothing lost, no error.
. "${0%/*}/../lib.sh"
samples=$TOP/contrib/samples
mount_start

# in
cp "$samples/datasets/rainfall/rainfall.csv" "$WORK/plain.csv"
mkdir "$MNT/datasets/one"
cp "$WORK/plain.csv" "$MNT/datasets/one/"
cmp "$WORK/plain.csv" "$MNT/datasets/one/plain.csv"
cp -r "$samples/models/rain-guess" "$MNT/models/"
diff -r -x _mlx "$samples/models/rain-guess" "$MNT/models/rain-guess"
is "$(value "$MNT/models/rain-guess/_mlx/metadata.json" id)" rain-guess

# -a keeps modes, times, links, holes
src=$WORK/src
mkdir -p "$src/sub"
echo data >"$src/sub/file"
chmod 640 "$src/sub/file"
touch -d '2001-02-03 04:05:06.789' "$src/sub/file" "$src/sub"
ln -s sub/file "$src/link"
ln "$src/sub/file" "$src/hard"
truncate -s 1M "$src/sparse"
printf end >>"$src/sparse"
cp -a "$src" "$MNT/datasets/kept"
diff -r -x _mlx --no-dereference "$src" "$MNT/datasets/kept"
is "$(cd "$src" && stat -c '%n %a %Y %y %u %h %F' sub/file link sparse)" \
	"$(cd "$MNT/datasets/kept" && stat -c '%n %a %Y %y %u %h %F' sub/file link sparse)"
is "$(stat -c %Y "$src/sub")" "$(stat -c %Y "$MNT/datasets/kept/sub")"
is "$(stat -c %i "$MNT/datasets/kept/hard")" "$(stat -c %i "$MNT/datasets/kept/sub/file")"

# over an existing file, in place
echo new >"$WORK/new"
ino=$(stat -c %i "$MNT/datasets/kept/sub/file")
cp "$WORK/new" "$MNT/datasets/kept/sub/file"
is "$(cat "$MNT/datasets/kept/hard")" new
is "$(stat -c %i "$MNT/datasets/kept/sub/file")" "$ino"

# within the mount: a second asset of the same content, with its own _mlx
cp -r "$MNT/datasets/one" "$MNT/datasets/two"
is "$(value "$MNT/datasets/two/_mlx/metadata.json" directory)" two
cp -a "$MNT/datasets/kept" "$MNT/datasets/kept2"
diff -r -x _mlx --no-dereference "$MNT/datasets/kept" "$MNT/datasets/kept2"

# out, and back in under its old name after it was removed
cp -a "$MNT/models/rain-guess" "$WORK/backup"
diff -r -x _mlx "$samples/models/rain-guess" "$WORK/backup"
rm -r "$MNT/models/rain-guess"
exists_not "$MNT/models/rain-guess"
cp -a "$WORK/backup" "$MNT/models/rain-guess"
diff -r -x _mlx "$samples/models/rain-guess" "$MNT/models/rain-guess"
is "$(value "$MNT/models/rain-guess/_mlx/metadata.json" id)" rain-guess

# nothing of it was refused, and all of it is there after a new start
is "$(cat "$MNT/.mlx/errors")" ''
mount_again
diff -r -x _mlx --no-dereference "$MNT/datasets/kept" "$MNT/datasets/kept2"
diff -r -x _mlx "$samples/models/rain-guess" "$MNT/models/rain-guess"
