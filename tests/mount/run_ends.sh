#!/bin/bash
# How a run ends early: timeouts, cancel, a command that is not here, a flood of
# output; and no process is left.
. "${0%/*}/../lib.sh"
mkdir -p "$STORE"
chmod 700 "$STORE"
printf 'log_bytes: 100000\nruns_at_once: 2\n' >"$STORE/config.yaml"
mount_start

begin() {
	printf 'name: %s\n' "${2:-$1}" >"$MNT/pipelines/$1/_mlx/run"
	dir=$MNT/runs/${2:-$1}
}
ends() { is "$(cat "$dir/_mlx/wait")" "$1" "$dir: $(cat "$dir/log")"; }
reason() { value "$dir/_mlx/status.json" reason; }
log_has() { grep -q "$1" "$dir/log"; }
gone() { [ ! -e "/proc/$1" ]; }

# --- a timeout of a task; its processes are gone, even one that hides
put_pipeline late <<'YAML'
tasks:
  - name: sleeps
    timeout: 1s
    taskSpec:
      steps:
        - name: main
          image: busybox
          script: |
            setsid sleep 300 &
            echo "hidden $!"
            sleep 300
YAML
begin late
ends FAILED
has "$(reason)" 'timeout of the task'
pid=$(sed -n 's/.*hidden \([0-9]*\)/\1/p' "$dir/log")
[ -n "$pid" ] || fail "no pid in the log"
wait_for 5 gone "$pid" || fail "$pid is left"

# --- cancel; finally tasks are not run; cancel again is no error
put_pipeline long <<'YAML'
tasks:
  - name: sleeps
    taskSpec: {steps: [{name: main, image: busybox, script: "echo \"sleeper $$\"; exec sleep 300"}]}
  - name: next
    runAfter: [sleeps]
    taskSpec: {steps: [{name: main, image: busybox, script: "echo never"}]}
finally:
  - name: last
    taskSpec: {steps: [{name: main, image: busybox, script: "echo never"}]}
YAML
begin long
wait_for 20 log_has 'sleeper [0-9]' || fail "it does not start"
is "$(cat "$dir/status")" RUNNING
has "$(cat "$dir/_mlx/progress")" '0 of 3 steps'
expect_errno EBUSY rmdir "$dir"
pid=$(sed -n 's/.*sleeper \([0-9]*\)/\1/p' "$dir/log")
echo 1 >"$dir/_mlx/cancel"
ends CANCELED
is "$(cat "$dir/steps/sleeps/status") $(cat "$dir/steps/next/status") $(cat "$dir/steps/last/status")" \
	'CANCELED SKIPPED SKIPPED'
gone "$pid" || fail "$pid is left"
echo 1 >"$dir/_mlx/cancel"
is "$(cat "$dir/status")" CANCELED
has "$(cat "$dir/_mlx/status.json")" CANCELING

# --- more runs than may go on at a time wait, and can be canceled there
begin long one && begin long two && begin long three
wait_for 20 test "$(cat "$MNT/runs/one/status" "$MNT/runs/two/status" | sort -u)" = RUNNING
is "$(cat "$MNT/runs/three/status")" PENDING
echo 1 >"$MNT/runs/three/_mlx/cancel"
is "$(cat "$MNT/runs/three/_mlx/wait")" CANCELED
begin long four
is "$(cat "$MNT/runs/four/status")" PENDING
echo 1 >"$MNT/runs/one/_mlx/cancel"
dir=$MNT/runs/four
wait_for 20 log_has sleeper || fail "the one that waited is not started"
for r in two four; do echo 1 >"$MNT/runs/$r/_mlx/cancel"; done
for r in one two four; do is "$(cat "$MNT/runs/$r/_mlx/wait")" CANCELED; done

# --- a command that only the image has
put_pipeline foreign <<'YAML'
tasks:
  - name: copy
    taskSpec:
      steps: [{name: main, image: "google/cloud-sdk:279.0.0", command: [gsutil-is-not-here, cp]}]
YAML
begin foreign
ends FAILED
has "$(reason)" "'gsutil-is-not-here' is not on this machine"
has "$(reason)" 'google/cloud-sdk:279.0.0'
has "$(reason)" podman
put_pipeline bare <<'YAML'
tasks:
  - name: image
    taskSpec: {steps: [{name: main, image: "example/tool:1"}]}
YAML
begin bare
ends FAILED
has "$(reason)" 'example/tool:1'
put_pipeline inner <<'YAML'
tasks:
  - name: shell
    taskSpec: {steps: [{name: main, image: "example/tool:1", script: "nothing-of-that-name"}]}
YAML
begin inner
ends FAILED
has "$(reason)" 'example/tool:1'

# --- a word that is longer than Linux takes
put_pipeline wide <<'YAML'
params: [{name: n, default: "1"}]
tasks:
  - name: make
    taskSpec:
      results: [{name: r}]
      steps: [{name: main, image: busybox, script: "head -c 140000 /dev/zero | tr '\\0' x > $(results.r.path)"}]
  - name: take
    params: [{name: r, value: $(tasks.make.results.r)}]
    taskSpec:
      params: [{name: r}]
      steps: [{name: main, image: busybox, command: [echo, "$(params.r)"]}]
YAML
begin wide
ends FAILED
has "$(reason)" '140000 bytes'
has "$(reason)" 131071

# --- a flood ends in a sentence, and lines of tasks do not mix
put_pipeline flood <<'YAML'
tasks:
  - name: flood
    taskSpec: {steps: [{name: main, image: busybox, script: "yes | head -c 5000000; printf end"}]}
YAML
begin flood
ends SUCCEEDED
[ "$(stat -c %s "$dir/steps/flood/log")" -lt 110000 ] || fail "the log has no end"
is "$(tail -1 "$dir/steps/flood/log")" '[mlxfs] the log is full; what follows is left out'
is "$(grep -vc '^\[flood\] y$\|^\[mlxfs\] ' "$dir/log")" 0

# --- nothing is left of them but their directories
is "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'mlxfs-??????' -newer "$STORE/config.yaml" | wc -l)" 0
rm -r "$MNT/runs/flood"
exists_not "$MNT/.mlx/runs/flood"
