#!/bin/bash
# Directories that tools keep beside the assets, hidden ones and lost+found, are no
# assets: not counted, without _mlx; renamed to a plain name they become one.
. "${0%/*}/../lib.sh"
need jq
mount_start
counted() { jq -c '[.assets.notebooks, .drafts]' "$MNT/.mlx/status.json"; }
cp -r "$TOP"/contrib/samples/notebooks/* "$MNT/notebooks/"
is "$(counted)" '[1,0]'

for name in .ipynb_checkpoints .git work.tmp lost+found 'old~'; do
	say "$name"
	dir=$MNT/notebooks/$name
	mkdir -p "$dir/deep"
	cp "$TOP"/contrib/samples/notebooks/*/* "$dir/"
	exists_not "$dir/_mlx"
	exists_not "$MNT/.mlx/notebooks/$name"
	is "$(counted)" '[1,0]'
	is "$(ls -A "$dir")" "$(printf 'deep\nnotebook.yaml\nrainfall-by-month.ipynb')"
	# a link of that name is the user's own there, as any other
	ln -s elsewhere "$dir/_mlx"
	is "$(readlink "$dir/_mlx")" elsewhere
	rm "$dir/_mlx"
	rm -r "$dir"
done
is "$(ls -A "$MNT/.mlx/notebooks")" rainfall-by-month
is "$(cat "$MNT/.mlx/errors")" ''

# Jupyter's checkpoints in an asset are none of its files, looking is no change
meta=$MNT/datasets/rain/_mlx/metadata.json
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/rain"
mkdir "$MNT/datasets/rain/.ipynb_checkpoints"
before=$(cat "$meta" "$MNT/datasets/rain/_mlx/SHA256SUMS" && stat -c %y "$meta")
cp "$MNT/datasets/rain/rainfall.csv" \
	"$MNT/datasets/rain/.ipynb_checkpoints/rainfall-checkpoint.csv"
is "$(cat "$meta" "$MNT/datasets/rain/_mlx/SHA256SUMS" && stat -c %y "$meta")" "$before"
(cd "$MNT/datasets/rain" && sha256sum --quiet -c _mlx/SHA256SUMS)

mkdir "$MNT/datasets/new.part"
cp "$TOP"/contrib/samples/datasets/greetings/* "$MNT/datasets/new.part/"
mv "$MNT/datasets/new.part" "$MNT/datasets/new"
is "$(value "$MNT/datasets/new/_mlx/metadata.json" state)" registered
echo greeting >"$MNT/datasets/new/_mlx/tags"
mv "$MNT/datasets/new" "$MNT/datasets/new.part"
exists_not "$MNT/datasets/new.part/_mlx"
mv "$MNT/datasets/new.part" "$MNT/datasets/newer"
is "$(cat "$MNT/datasets/newer/_mlx/tags")" greeting
