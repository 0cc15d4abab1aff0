#!/bin/bash
# MLX's own catalog, by rsync -a of each folder, twice: every asset registers with
# the right record, the templates alone are refused, the second time nothing moves.
. "${0%/*}/../lib.sh"
need rsync python3
need_shared katalog
katalog=$MLXFS_SHARED/katalog
mount_start

folders='component dataset model notebook pipeline'
for kind in $folders; do
	status=0
	rsync -a "$katalog/$kind-samples/" "$MNT/${kind}s/" 2>"$WORK/said" || status=$?
	case $kind in
	component | model | notebook)
		is $status 23 "rsync's status for $kind"
		is "$(grep -c 'Invalid argument' "$WORK/said")" 1 "refusals of $kind"
		;;
	*) is $status 0 "rsync's status for $kind: $(cat "$WORK/said")" ;;
	esac
done
is "$(wc -l <"$MNT/.mlx/errors")" 3 "lines of errors"
is "$(grep -c 'template.yaml' "$MNT/.mlx/errors")" 3 "templates refused"

counts() {
	for kind in components datasets models notebooks pipelines; do
		grep -l '^  "state": "registered"' "$MNT/$kind"/*/_mlx/metadata.json | wc -l
	done | paste -sd' '
}
is "$(counts)" '6 10 12 8 6' registered

# again: not a file is sent but the refused ones, and nothing is refused anew
for kind in $folders; do
	is "$(rsync -ai --exclude=template.yaml "$katalog/$kind-samples/" "$MNT/${kind}s/")" \
		'' "the second transfer of $kind"
	has "$(rsync -a --stats --exclude=template.yaml "$katalog/$kind-samples/" "$MNT/${kind}s/")" \
		'Number of regular files transferred: 0'
done
is "$(counts)" '6 10 12 8 6' registered

# what is there is what was sent: assets made of dropped files hold them
for kind in component dataset model; do
	diff -r -x _mlx -x template.yaml "$katalog/$kind-samples" "$MNT/${kind}s"
done
for file in "$katalog"/notebook-samples/*.yaml "$katalog"/pipeline-samples/*.yaml; do
	name=${file##*/} kind=$(basename "$(dirname "$file")" -samples)s
	[ "$name" = template.yaml ] || cmp "$file" "$MNT/$kind/$name"
	has_not "$(ls "$MNT/$kind")" "$name"
done

# records, against what MLX derives (a few by name, all by rule)
python3 - "$katalog" "$MNT" <<'PYTHON'
import glob
import json
import os
import re
import sys

katalog, mnt = sys.argv[1:]
records = {}
for path in glob.glob(mnt + "/*/*/_mlx/metadata.json"):
    with open(path) as f:
        text = f.read()
    assert os.stat(path).st_size == len(text.encode()), path
    record = json.loads(text)
    if record["state"] == "registered":
        records[record["kind"], record["id"]] = record


def field(kind, id, *keys):
    value = records[kind, id]
    for key in keys:
        value = value[key]
    return value


def check(got, want):
    assert got == want, (got, want)


check(field("component", "echo-sample", "name"), "Echo Sample")
check(field("component", "echo-sample", "parameters")[0]["name"], "input_text")
check(field("component", "echo-sample", "parameters")[0]["default"], "Hello World")
check(field("dataset", "noaa-weather-data-jfk-airport", "version"), "1.1.4")
check(field("dataset", "noaa-weather-data-jfk-airport", "domain"), "Time Series")
check(field("model", "max-ocr", "name"), "Optical Character Recognition")
check(field("model", "max-ocr", "domain"), "Optical Character Recognition")
check(field("notebook", "jfk-airport-analysis", "name"), "JFK Airport Weather Analysis")
for (kind, id), record in records.items():
    assert id and re.fullmatch(r"[a-z0-9][a-z0-9-]*", id), id
    assert record["name"], id
    assert isinstance(record["parameters"], list), id
    assert record["created"], id
# every spec's own id and name, read in the simplest way
simple = {"dataset": ("id", "dataset-samples/*/*.yaml"),
          "model": ("model_identifier", "model-samples/*/*.yaml"),
          "notebook": ("id", "notebook-samples/*.yaml")}
for kind, (key, pattern) in simple.items():
    for path in glob.glob(f"{katalog}/{pattern}"):
        if path.endswith("template.yaml"):
            continue
        with open(path) as f:
            text = f.read()
        of = lambda k: re.search(rf"^{k}: *['\"]?(.*?)['\"]? *$", text, re.M).group(1)
        check(field(kind, of(key), "name"), of("name"))
PYTHON

# all of it is there after a new start, and after a kill
mount_again
is "$(counts)" '6 10 12 8 6' registered
mount_kill9
mount_start
is "$(counts)" '6 10 12 8 6' registered
is "$(rsync -ai "$katalog/dataset-samples/" "$MNT/datasets/")" ''
# and by the script that comes with mlxfs: the templates again, nothing else
status=0
sh "$TOP/contrib/sync-katalog.sh" "$katalog" "$MNT" 2>"$WORK/said" || status=$?
is $status 23 "the script's status"
has "$(cat "$WORK/said")" template.yaml
is "$(counts)" '6 10 12 8 6' registered
