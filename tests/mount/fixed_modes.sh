#!/bin/bash
# rsync -a of a whole folder into a kind's directory does not give that the folder's
# mode and owner: others can add assets still. Its times it does take.
. "${0%/*}/../lib.sh"
need rsync
mount_start
mkdir -p "$WORK/folder/data"
echo 1 >"$WORK/folder/data/numbers.csv"
chmod 750 "$WORK/folder"
touch -d 2020-01-02 "$WORK/folder"
before=$(stat -c '%a %u' "$MNT/datasets")
rsync -a "$WORK/folder/" "$MNT/datasets/"
is "$(stat -c '%a %u' "$MNT/datasets")" "$before" "the directory's mode and owner"
is "$(stat -c %y "$MNT/datasets" | cut -c1-10)" 2020-01-02 "its time"
chmod 700 "$MNT/datasets/data"
is "$(stat -c %a "$MNT/datasets/data")" 700 "an asset's own mode"
