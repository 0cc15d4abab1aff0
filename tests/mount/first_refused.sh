#!/bin/bash
# A new asset whose spec is refused at rsync's rename: the reason is in its own
# errors till a right one comes, also after a new start.
. "${0%/*}/../lib.sh"
need rsync
mount_start
sample=$TOP/contrib/samples/models/rain-guess
asset=$MNT/models/rain-guess
cp -r "$sample" "$WORK/folder"
sed '/^description:/d' "$sample/model.yaml" >"$WORK/folder/model.yaml"

rsync -a "$WORK/folder/" "$asset/" 2>/dev/null && fail 'a wrong spec was taken'
exists_not "$asset/model.yaml"
has "$(cat "$asset/_mlx/errors")" description
is "$(value "$asset/_mlx/metadata.json" state)" invalid
mount_again
has "$(cat "$asset/_mlx/errors")" description

rsync -a "$sample/" "$asset/"
is "$(cat "$asset/_mlx/errors")" ''
is "$(value "$asset/_mlx/metadata.json" state)" registered
# a file that is taken away takes its fault with it
cp "$WORK/folder/model.yaml" "$asset/model.yaml" 2>/dev/null && fail 'taken'
has "$(cat "$asset/_mlx/errors")" description
rm "$asset/model.yaml"
is "$(cat "$asset/_mlx/errors")" ''
