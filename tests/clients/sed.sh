#!/bin/bash
# sed -i: of a data file, and of a spec, which is then read anew.
. "${0%/*}/../lib.sh"
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
meta=$MNT/datasets/rainfall/_mlx/metadata.json
spec=$MNT/datasets/rainfall/dataset.yaml

sed -i 's/hill/mountain/' "$MNT/datasets/rainfall/stations.csv"
has "$(cat "$MNT/datasets/rainfall/stations.csv")" mountain
is "$(value "$meta" version)" 1.0.0
sed -i 's/^version: .*/version: 1.1.0/' "$spec"
is "$(value "$meta" version)" 1.1.0

# made wrong: sed's rename fails and says why, both names stay as they were
cp "$spec" "$WORK/before"
status=0
sed -i 's/^id: .*/id: [not, a, word]/' "$spec" 2>"$WORK/said" || status=$?
[ $status != 0 ] || fail "sed was not told"
cmp "$WORK/before" "$spec"
is "$(value "$meta" version)" 1.1.0
has "$(cat "$MNT/datasets/rainfall/_mlx/errors")" dataset.yaml
# with a backup of its own
sed -i.bak 's/^version: .*/version: 1.2.0/' "$spec"
cmp "$WORK/before" "$spec.bak"
is "$(value "$meta" version)" 1.2.0
is "$(cat "$MNT/datasets/rainfall/_mlx/errors")" ''
