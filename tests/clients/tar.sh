#!/bin/bash
# tar into an asset and out of it: the same files, and no generated ones.
. "${0%/*}/../lib.sh"
samples=$TOP/contrib/samples
mount_start

tar -C "$samples/models" -cf "$WORK/model.tar" rain-guess
tar -C "$MNT/models" -xpf "$WORK/model.tar"
diff -r -x _mlx "$samples/models/rain-guess" "$MNT/models/rain-guess"

# out of the mount: the link may be there, nothing behind it
tar -C "$MNT/models" -cf "$WORK/out.tar" rain-guess 2>"$WORK/said"
is "$(cat "$WORK/said")" ''
has_not "$(tar -tf "$WORK/out.tar")" _mlx/
tar -C "$MNT/models" -df "$WORK/out.tar"

# and in again over what is there, and where nothing is
tar -C "$MNT/models" -xpf "$WORK/out.tar"
rm -r "$MNT/models/rain-guess"
tar -C "$MNT/models" -xpf "$WORK/out.tar"
diff -r -x _mlx "$samples/models/rain-guess" "$MNT/models/rain-guess"
is "$(value "$MNT/models/rain-guess/_mlx/metadata.json" id)" rain-guess

# generated files in an archive have their whole content
tar -C "$MNT/.mlx/models/rain-guess" -cf "$WORK/gen.tar" metadata.json
tar -xOf "$WORK/gen.tar" metadata.json | cmp - "$MNT/models/rain-guess/_mlx/metadata.json"

# a thousand small files through a pipe
mkdir "$WORK/many"
(cd "$WORK/many" && for n in $(seq 1000); do echo "$n" >"f$n"; done)
tar -C "$WORK" -cf - many | tar -C "$MNT/datasets" -xf -
diff -r -x _mlx "$WORK/many" "$MNT/datasets/many"
