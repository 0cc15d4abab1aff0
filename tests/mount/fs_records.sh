#!/bin/bash
# What is recorded of assets and runs goes with their directories, looked at or not.
. "${0%/*}/../lib.sh"
need python3
mount_start
models=$MNT/models
spec=$TOP/contrib/samples/models/rain-guess/model.yaml
records() {
	python3 - "$STORE/catalog.db" <<'PYTHON'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(*(f"{c}:{n}" for c, n in db.execute("SELECT class, count(*) FROM record GROUP BY class")))
PYTHON
}
# removed at once; from the trash; by its dropped name; replaced
cp -r "$TOP"/contrib/samples/{components,pipelines} "$MNT/"
rm -r "$MNT"/{components,pipelines}/*
mkdir -p "$MNT/.Trash-0/files" "$models/a"
sed 's/^model_identifier:.*/model_identifier: a/' "$spec" >"$models/a/model.yaml"
mv "$models/a" "$MNT/.Trash-0/files/"
rm -r "$MNT/.Trash-0/files/a"
cp "$spec" "$models/dropped.yaml"
rm "$models/dropped.yaml"
mkdir "$models/"{b,c}
sed 's/^model_identifier:.*/model_identifier: b/' "$spec" >"$models/b/model.yaml"
rm "$models/b/model.yaml"
expect_errno OK rename "$models/c" "$models/b"
is "$(ls "$models")" b
# a run
cp -r "$TOP"/contrib/samples/pipelines/* "$MNT/pipelines/"
run=$(start_run pipelines/umbrella)
is "$(cat "$MNT/runs/$run/_mlx/wait")" SUCCEEDED
rm -r "$MNT/runs/$run" "$MNT"/pipelines/*
mount_stop
is "$(records)" ''
"$FSCK" -n "$STORE"
