#!/bin/bash
# The samples that come with mlxfs: each registers, its generated files are whole,
# the pipeline takes either branch, the component runs, what is wrong is refused.
. "${0%/*}/../lib.sh"
need python3
samples=$TOP/contrib/samples
mount_start
for kind in components datasets models notebooks pipelines; do
	cp -r "$samples/$kind"/* "$MNT/$kind/"
done
is "$(cat "$MNT/.mlx/errors")" ''

for link in "$MNT"/{components,datasets,models,notebooks,pipelines}/*/_mlx; do
	is "$(value "$link/metadata.json" state)" registered "the state of $link"
	python3 - "$link" <<'PYTHON'
import json, os, stat, sys
link = sys.argv[1]
for name in os.listdir(link):
    path = os.path.join(link, name)
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode):
        continue
    if name == "run":
        with open(path, "rb") as f:
            f.read()
        continue
    with open(path, "rb") as f:
        data = f.read()
    assert len(data) == info.st_size, (path, len(data), info.st_size)
    assert os.stat(path).st_mtime_ns == info.st_mtime_ns, path
    if name.endswith(".json"):
        json.loads(data)
    if name.endswith(".py"):
        compile(data, path, "exec")
PYTHON
	[ "$(basename "$(dirname "$link")")" = greetings ] || [ -s "$link/pipeline.py" ] ||
		fail "no code for $link"
	(cd "$(dirname "$link")" && sha256sum --quiet -c _mlx/SHA256SUMS)
done
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" version)" 1.0.0
is "$(value "$MNT/models/rain-guess/_mlx/metadata.json" domain)" Weather
is "$(value "$MNT/notebooks/rainfall-by-month/_mlx/metadata.json" name)" 'Rainfall by Month'

# a mtime that moves only when its source does
meta=$MNT/datasets/rainfall/_mlx/metadata.json
before=$(stat -c %y "$meta")
sleep 0.02
cat "$meta" >/dev/null
ls -l "$MNT/datasets/rainfall/_mlx/" >/dev/null
is "$(stat -c %y "$meta")" "$before"
sed -i 's/^version: .*/version: 1.0.1/' "$MNT/datasets/rainfall/dataset.yaml"
[ "$(stat -c %y "$meta")" != "$before" ] || fail "the mtime stays when the source moves"

# either branch
for chance in 0 100; do
	run=$(start_run pipelines/umbrella "{name: rain$chance, parameters: {chance: $chance, who: Ada}}")
	dir=$MNT/runs/$run
	is "$(cat "$dir/_mlx/wait")" SUCCEEDED "$(cat "$dir/log")"
	case $chance in
	0) taken=wear-a-hat skipped=take-an-umbrella said='Ada should wear a hat' weather=sun ;;
	*) taken=take-an-umbrella skipped=wear-a-hat said='Ada should take an umbrella' weather=rain ;;
	esac
	is "$(cat "$dir/steps/$taken/status")" SUCCEEDED
	is "$(cat "$dir/steps/$skipped/status")" SKIPPED
	has "$(cat "$dir/steps/$taken/log")" "$said"
	has "$(cat "$dir/log")" "$said"
	is "$(cat "$dir/outputs/weather")" $weather
	is "$(cat "$dir/outputs/clouds")" 3
	has "$(cat "$dir/steps/say-goodbye/log")" 'goodbye, Ada'
	is "$(basename "$(readlink "$MNT/pipelines/umbrella/_mlx/runs/latest")")" "$run"
	is "$(value "$dir/_mlx/status.json" state)" SUCCEEDED
done

run=$(start_run components/word-count '{parameters: {text: "one and one and one", shortest: 3}}')
is "$run" word-count-0001
is "$(cat "$MNT/runs/$run/_mlx/wait")" SUCCEEDED "$(cat "$MNT/runs/$run/log")"
is "$(cat "$MNT/runs/$run/outputs/words")" 5
is "$(cat "$MNT/runs/$run/outputs/most_frequent")" one
# as a shell does it
echo >"$MNT/components/word-count/_mlx/run"
run=$(basename "$(readlink "$MNT/components/word-count/_mlx/runs/latest")")
is "$run" word-count-0002
is "$(cat "$MNT/runs/$run/_mlx/wait")" SUCCEEDED
is "$(cat "$MNT/runs/$run/outputs/most_frequent")" the

# refused
status=0
cp "$samples/refused/no-licence.yaml" "$MNT/datasets/" 2>/dev/null || status=$?
is $status 1 "cp's status"
has "$(tail -1 "$MNT/.mlx/errors")" no-licence.yaml
# all of it after a new start
mount_again
is "$(cat "$MNT/runs/rain0/status")" SUCCEEDED
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" version)" 1.0.1
