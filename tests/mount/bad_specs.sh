#!/bin/bash
# Specs with fields missing, of the wrong type, with an id that is taken or is none:
# an errno, and a sentence that names the field.
. "${0%/*}/../lib.sh"
need python3
mount_start
samples=$TOP/contrib/samples
for kind in components datasets models notebooks pipelines; do
	cp -r "$samples/$kind"/* "$MNT/$kind/"
done
is "$(cat "$MNT/.mlx/errors")" ''

# without FILE FIELD ERRNO: the sample's spec without the field (or, with a
# value as fourth, with that instead) is refused and the sentence names it
changed() {
	python3 - "$samples/$1" "$2" "${3-}" >"$WORK/bad" <<'PYTHON'
import re, sys
path, field, value = sys.argv[1:]
out, dropping = [], False
for line in open(path):
    if re.match(rf"{field}\s*:", line):
        dropping = True
        if value:
            out.append(f"{field}: {value}\n")
        continue
    if dropping and (line[0] in " -" or not line.strip()):
        continue
    dropping = False
    out.append(line)
sys.stdout.write("".join(out))
PYTHON
}
bad() { # FILE FIELD [VALUE]
	local asset=${1%/*}
	changed "$@"
	say "$*"
	refused EINVAL "$MNT/$1" "@$WORK/bad" "$2" "$MNT/$asset/_mlx/errors"
	is "$(value "$MNT/$asset/_mlx/metadata.json" state)" registered
	cp "$samples/$1" "$MNT/$1"
}
for field in id name description license format version; do
	bad datasets/rainfall/dataset.yaml $field
done
for field in model_identifier name description framework; do
	bad models/rain-guess/model.yaml $field
done
for field in id name description implementation; do
	bad notebooks/rainfall-by-month/notebook.yaml $field
done
bad components/word-count/component.yaml name
bad pipelines/umbrella/pipeline.yaml spec

bad datasets/rainfall/dataset.yaml id '[1, 2]'
bad datasets/rainfall/dataset.yaml id 'Not An Id'
bad datasets/rainfall/dataset.yaml name '{a: b}'
bad datasets/rainfall/dataset.yaml format text
bad datasets/rainfall/dataset.yaml content text
bad models/rain-guess/model.yaml framework text
bad models/rain-guess/model.yaml serve '[yes]'
bad components/word-count/component.yaml inputs '{a: b}'
bad pipelines/umbrella/pipeline.yaml spec text
bad pipelines/umbrella/pipeline.yaml kind Pod

# the id of another of its kind: EEXIST, whatever the directory is called
mkdir "$MNT/datasets/other"
refused EEXIST "$MNT/datasets/other/dataset.yaml" "@$samples/datasets/rainfall/dataset.yaml" \
	rainfall "$MNT/datasets/other/_mlx/errors"
# of another kind it is free
mkdir "$MNT/models/rainfall"
sed 's/^model_identifier: .*/model_identifier: rainfall/' "$samples/models/rain-guess/model.yaml" \
	>"$MNT/models/rainfall/model.yaml"
is "$(value "$MNT/models/rainfall/_mlx/metadata.json" id)" rainfall
# the first one goes: the second may be written now
rm -r "$MNT/datasets/rainfall"
cp "$samples/datasets/rainfall/dataset.yaml" "$MNT/datasets/other/dataset.yaml"
is "$(value "$MNT/datasets/other/_mlx/metadata.json" id)" rainfall
is "$(cat "$MNT/datasets/other/_mlx/errors")" ''

# dropped files: a wrong one stays a plain file, and says why
cp "$samples/refused/no-licence.yaml" "$WORK/x.yaml"
status=0
cp "$WORK/x.yaml" "$MNT/datasets/" 2>"$WORK/said" || status=$?
is $status 1 "cp's status"
has "$(cat "$WORK/said")" 'Invalid argument'
cmp "$WORK/x.yaml" "$MNT/datasets/x.yaml"
has "$(tail -1 "$MNT/.mlx/errors")" datasets/x.yaml
rm "$MNT/datasets/x.yaml"
# the errors are one line each, and survive a new start of nothing
is "$(awk 'NF == 0' "$MNT/.mlx/errors")" ''
