#!/bin/bash
# A spec, a notebook or an archive dropped into a kind's directory becomes an
# asset; the dropped name stays reachable, unlisted, and may be written again.
. "${0%/*}/../lib.sh"
need rsync python3
samples=$TOP/contrib/samples
mkdir "$WORK/drop"
cp "$samples/datasets/rainfall/dataset.yaml" "$WORK/drop/rain.yaml"
mount_start

# a spec, by cp
cp "$WORK/drop/rain.yaml" "$MNT/datasets/"
is "$(ls "$MNT/datasets")" rainfall "the listing of datasets"
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" id)" rainfall
cmp "$WORK/drop/rain.yaml" "$MNT/datasets/rain.yaml"
is "$(find "$MNT/datasets/rainfall" -type f -exec cat {} + | cksum)" "$(cksum <"$WORK/drop/rain.yaml")"
# over it again, by cp and by rsync's rename
sed -i 's/^version: .*/version: 1.7.0/' "$WORK/drop/rain.yaml"
cp "$WORK/drop/rain.yaml" "$MNT/datasets/"
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" version)" 1.7.0
sed -i 's/^version: .*/version: 1.8.0/' "$WORK/drop/rain.yaml"
touch -d '2020-02-02' "$WORK/drop/rain.yaml" # rsync looks at whole seconds
rsync -a "$WORK/drop/" "$MNT/datasets/"
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" version)" 1.8.0
is "$(ls "$MNT/datasets")" rainfall "the listing of datasets"
is "$(rsync -ai "$WORK/drop/" "$MNT/datasets/")" '' "a second transfer"
# made wrong by its dropped name
expect_errno EINVAL put "$MNT/datasets/rain.yaml" 'id: [1]'
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" version)" 1.8.0
has "$(cat "$MNT/datasets/rainfall/_mlx/errors")" yaml
rsync -a "$WORK/drop/" "$MNT/datasets/"
is "$(cat "$MNT/datasets/rainfall/_mlx/errors")" ''

# a notebook
cp "$samples/notebooks/rainfall-by-month/rainfall-by-month.ipynb" "$MNT/notebooks/months.ipynb"
is "$(ls "$MNT/notebooks")" months
is "$(value "$MNT/notebooks/months/_mlx/metadata.json" state)" registered
cmp "$samples/notebooks/rainfall-by-month/rainfall-by-month.ipynb" "$MNT/notebooks/months.ipynb"
# what is called a notebook and is none
expect_errno EINVAL put "$MNT/notebooks/none.ipynb" 'not json'
has "$(tail -1 "$MNT/.mlx/errors")" none.ipynb
rm "$MNT/notebooks/none.ipynb"

# an archive with a spec in it, and a component and a pipeline
tar -C "$samples/models/rain-guess" -czf "$WORK/guess.tgz" .
cp "$WORK/guess.tgz" "$MNT/models/"
is "$(value "$MNT/models/rain-guess/_mlx/metadata.json" name)" 'Rain Guess'
cmp "$WORK/guess.tgz" "$MNT/models/guess.tgz"
cp "$samples/components/word-count/component.yaml" "$MNT/components/wc.yaml"
is "$(value "$MNT/components/word-count/_mlx/metadata.json" name)" 'Word Count'
cp "$samples/pipelines/umbrella/pipeline.yaml" "$MNT/pipelines/"
[ "$(ls "$MNT/pipelines" | wc -l)" = 1 ] || fail "pipelines: $(ls "$MNT/pipelines")"

# any other file stays a plain file; scratch names never register
cp "$TOP/README.md" "$MNT/datasets/README.md"
is "$(ls "$MNT/datasets" | paste -sd' ')" 'README.md rainfall'
cp "$WORK/drop/rain.yaml" "$MNT/datasets/.other.yaml.AbCdEf"
cp "$WORK/drop/rain.yaml" "$MNT/datasets/rain.yaml~"
cmp "$WORK/drop/rain.yaml" "$MNT/datasets/rain.yaml~"
rm "$MNT/datasets/rain.yaml~" "$MNT/datasets/.other.yaml.AbCdEf"

mount_again
rsync -a "$WORK/drop/" "$MNT/datasets/"
cmp "$WORK/drop/rain.yaml" "$MNT/datasets/rain.yaml"
is "$(rsync -ai "$WORK/drop/" "$MNT/datasets/")" '' "a transfer after a new start"
# the asset goes, the dropped name with it
rm -r "$MNT/datasets/rainfall"
exists_not "$MNT/datasets/rain.yaml"
# and the other way round: removing the name removes what it leads to
cp "$WORK/drop/rain.yaml" "$MNT/datasets/"
rm "$MNT/datasets/rain.yaml"
exists_not "$MNT/datasets/rain.yaml"
cp "$WORK/drop/rain.yaml" "$MNT/datasets/"
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" id)" rainfall
