#!/bin/bash
# nano on a spec, on a terminal: the change is registered, nothing is left over.
. "${0%/*}/../lib.sh"
need nano python3
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
cd "$MNT/datasets/rainfall"
files=$(ls -A)
printf 'set locking\n' >"$WORK/.nanorc"

# ^\ replaces, A all; ^O Enter writes, ^X leaves
python3 "$TOP/tests/terminal.py" see:dataset.yaml \
	'type:\x1c' see:earch 'type:version: 1.0.0\r' see:eplace \
	'type:version: 1.5.0\r' pause:0.5 'type:A' pause:0.5 \
	'type:\x0f' see:Write 'type:\r' see:Wrote 'type:\x18' \
	-- nano dataset.yaml
is "$(value _mlx/metadata.json version)" 1.5.0
is "$(ls -A)" "$files" "what is left in the directory"
cd /
