#!/bin/bash
# What changes inside is seen at once by those who look from outside: names that
# were looked for before, files that are followed, directories that are listed.
. "${0%/*}/../lib.sh"
need python3
mount_start
mkdir "$MNT/components/talk"
cat >"$MNT/components/talk/component.yaml" <<'YAML'
name: Talk
outputs: [{name: made, type: String}]
implementation:
  container:
    image: busybox
    command: [sh, -c, 'for i in $(seq 20); do echo line $i; sleep 0.1; done; echo ok >"$0"', {outputPath: made}]
YAML
run=$MNT/runs/t
# all of it is known to be absent
for name in "$run" "$run/log" "$MNT/.mlx/runs/t" "$MNT/components/talk/_mlx/runs/t"; do
	expect_errno ENOENT stat "$name"
done
echo 'name: t' >"$MNT/components/talk/_mlx/run"
exists "$run/log"
exists "$MNT/components/talk/_mlx/runs/t/log"
is "$(ls "$MNT/runs")" t
expect_errno ENOENT stat "$run/outputs/made"
expect_errno ENOENT stat "$run/steps/talk/outputs/made"
ls "$run" "$run/steps" "$run/outputs" >/dev/null

# followed while it grows; a reader whose pages are cached sees whole lines
tail -f -s 0.1 "$run/log" >"$WORK/tail" &
tail=$!
python3 - "$run/log" <<'PYTHON'
import sys, time
seen = 0
with open(sys.argv[1], "rb") as f:
    for _ in range(100):
        text = open(sys.argv[1], "rb").read()
        assert b"\0" not in text, "zeros where lines should be"
        assert len(text) >= seen, "it became shorter"
        seen = len(text)
        if b"line 12" in text:
            break
        time.sleep(0.05)
    else:
        sys.exit("the log does not grow: %r" % text)
    # kept open from before it grew
    assert f.read() != b""
PYTHON
is "$(cat "$run/_mlx/wait")" SUCCEEDED
is "$(cat "$run/status")" SUCCEEDED
is "$(grep -c line "$run/log")" 20
is "$(cat "$run/outputs/made")" ok
wait_for 10 grep -q 'line 20' "$WORK/tail" || true
kill $tail
is "$(grep -c 'line' "$WORK/tail")" 20
is "$(cat "$WORK/tail")" "$(cat "$run/log")"
has "$(cat "$run/_mlx/status.json")" SUCCEEDED

# a dropped file: its directory was looked for before
expect_errno ENOENT stat "$MNT/components/dropped"
sed 's/^name:.*/name: Dropped/' "$MNT/components/talk/component.yaml" >"$WORK/d.yaml"
ls "$MNT/components" >/dev/null
cp "$WORK/d.yaml" "$MNT/components/d.yaml"
is "$(ls "$MNT/components" | tr '\n' ' ')" 'dropped talk '
exists "$MNT/components/dropped/d.yaml"
rm "$MNT/components/d.yaml"
is "$(ls "$MNT/components")" talk
