#!/bin/bash
# mv: of a file, a directory, an asset; from outside, to outside, between kinds.
. "${0%/*}/../lib.sh"
samples=$TOP/contrib/samples
mount_start

cp -r "$samples/datasets/rainfall" "$WORK/rain"
mv "$WORK/rain" "$MNT/datasets/rain"
exists_not "$WORK/rain"
diff -r -x _mlx "$samples/datasets/rainfall" "$MNT/datasets/rain"
is "$(value "$MNT/datasets/rain/_mlx/metadata.json" id)" rainfall

# a file, over another
echo a >"$MNT/datasets/rain/a"
echo b >"$MNT/datasets/rain/b"
mv "$MNT/datasets/rain/a" "$MNT/datasets/rain/b"
is "$(cat "$MNT/datasets/rain/b")" a
mv -n "$MNT/datasets/rain/b" "$MNT/datasets/rain/stations.csv" || true
exists "$MNT/datasets/rain/b"
diff "$samples/datasets/rainfall/stations.csv" "$MNT/datasets/rain/stations.csv"

# the asset itself: the name is the directory's, the id is the spec's
mv "$MNT/datasets/rain" "$MNT/datasets/wet"
exists_not "$MNT/datasets/rain"
is "$(value "$MNT/datasets/wet/_mlx/metadata.json" id)" rainfall
is "$(value "$MNT/datasets/wet/_mlx/metadata.json" directory)" wet
exists_not "$MNT/.mlx/datasets/rain"

# a directory deep within, and into itself
mkdir -p "$MNT/datasets/wet/x/y"
mv "$MNT/datasets/wet/x" "$MNT/datasets/wet/z"
exists "$MNT/datasets/wet/z/y"
expect_errno EINVAL rename "$MNT/datasets/wet/z" "$MNT/datasets/wet/z/y/z"

# to another kind: no EXDEV, and its spec is judged as what it now is
mkdir "$MNT/datasets/bare"
echo 1 >"$MNT/datasets/bare/data.csv"
mv "$MNT/datasets/bare" "$MNT/models/bare"
exists "$MNT/models/bare/data.csv"
exists_not "$MNT/datasets/bare"

# out
mv "$MNT/datasets/wet" "$WORK/out"
exists_not "$MNT/datasets/wet"
diff "$samples/datasets/rainfall/rainfall.csv" "$WORK/out/rainfall.csv"
