#!/bin/bash
# A notebook runs with parameters by papermill; the executed one is an output.
# limit: 400 s, since what is missing is installed first
. "${0%/*}/../lib.sh"
need python3
env=$(venv papermill) ||
	skip "pip can't install papermill here"
export PATH=$env/bin:$PATH
mount_start
cp -r "$TOP"/contrib/samples/notebooks/* "$MNT/notebooks/"
cp -r "$TOP"/contrib/samples/datasets/rainfall "$MNT/datasets/"
asset=notebooks/rainfall-by-month
has "$(cat "$MNT/$asset/_mlx/run")" station

run=$(start_run $asset '{parameters: {station: shore}, datasets: {DATA_DIR: datasets/rainfall}}')
is "$(cat "$MNT/runs/$run/_mlx/wait")" SUCCEEDED "the run: $(tail -5 "$MNT/runs/$run/log")"
has "$(cat "$MNT/runs/$run/log")" '24 rows'
made=$(find "$MNT/runs/$run/" -path '*/outputs/*.ipynb' -size +0 | head -1)
[ -n "$made" ] || fail "no executed notebook: $(find "$MNT/runs/$run")"
python3 - "$made" <<'PYTHON'
import json, sys
with open(sys.argv[1]) as f:
    book = json.load(f)
assert any(c.get("outputs") for c in book["cells"]), "nothing was executed"
assert any("injected-parameters" in c["metadata"].get("tags", []) for c in book["cells"])
PYTHON
# the notebook itself is as it was
cmp "$TOP/contrib/samples/$asset/rainfall-by-month.ipynb" "$MNT/$asset/rainfall-by-month.ipynb"

# a cell that fails makes the run fail
run=$(start_run $asset '{parameters: {station: nowhere}, datasets: {DATA_DIR: datasets/rainfall}}')
is "$(cat "$MNT/runs/$run/_mlx/wait")" FAILED
has "$(cat "$MNT/runs/$run/log")" 'no such station: nowhere'
