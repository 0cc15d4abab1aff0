#!/bin/bash
# Notebooks run with their parameters, by papermill and by nbclient; the executed
# notebook is an output, after a failure too; without either a sentence says so.
# limit: 400 s, since what is missing is installed first
. "${0%/*}/../lib.sh"
need python3
papermill=$(venv papermill) ||
	skip "pip cannot install papermill here"
nbclient=$(venv nbclient) ||
	skip "pip cannot install nbclient here"
mkdir -p "$STORE"
chmod 700 "$STORE"

python3 - "$WORK/sum.ipynb" <<'PYTHON'
import json, sys
def cell(source, *tags):
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "id": "c%d" % abs(hash(source)),
            "execution_count": None, "outputs": [], "source": source}
json.dump({"nbformat": 4, "nbformat_minor": 5,
           "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                        "language_info": {"name": "python"}},
           "cells": [cell("count = 3\nwhat = 'apples'\nfail = False", "parameters"),
                     cell("print('got', count * 2, what)"),
                     cell("assert not fail, 'as asked for'")]}, open(sys.argv[1], "w"))
PYTHON

# with PATH ENGINE: both ends, with the programs of PATH
with() {
	echo "path: $1" >"$STORE/config.yaml"
	mount_start
	mkdir -p "$MNT/notebooks/sum"
	cp "$WORK/sum.ipynb" "$MNT/notebooks/sum/"
	cat >"$MNT/notebooks/sum/_mlx/run" <<-YAML
		name: good-$2
		parameters: {count: 21, what: "it's \"pears\" \$(id)"}
	YAML
	dir=$MNT/runs/good-$2
	is "$(cat "$dir/_mlx/wait")" SUCCEEDED "$2: $(cat "$dir/log")"
	has "$(cat "$dir/log")" "got 42 it's \"pears\" \$(id)"
	result=$dir/outputs/sum.ipynb
	has "$(cat "$result")" 'injected-parameters'
	has "$(cat "$result")" 'got 42'
	cmp "$WORK/sum.ipynb" "$MNT/notebooks/sum/sum.ipynb"
	printf 'name: bad-%s\nparameters: {fail: true}\n' "$2" >"$MNT/notebooks/sum/_mlx/run"
	dir=$MNT/runs/bad-$2
	is "$(cat "$dir/_mlx/wait")" FAILED
	has "$(cat "$dir/outputs/sum.ipynb")" 'as asked for'
	has "$(cat "$dir/log")" 'as asked for'
	mount_stop
}
with "$papermill/bin:/usr/bin:/bin" papermill
with "$nbclient/bin:/usr/bin:/bin" nbclient

if ! env PATH=/usr/bin:/bin python3 -c 'import papermill' 2>/dev/null &&
	! env PATH=/usr/bin:/bin python3 -c 'import nbclient, ipykernel' 2>/dev/null; then
	echo 'path: /usr/bin:/bin' >"$STORE/config.yaml"
	mount_start
	echo 'name: without' >"$MNT/notebooks/sum/_mlx/run"
	is "$(cat "$MNT/runs/without/_mlx/wait")" FAILED
	has "$(cat "$MNT/runs/without/log")" 'pip install papermill'
fi
