#!/bin/bash
# What Tekton promises of tasks: in parallel where they may, an order where
# there is one, retries, what follows a failure, finally, ignored failures.
. "${0%/*}/../lib.sh"
mkdir -p "$STORE"
chmod 700 "$STORE"
echo 'steps_at_once: 4' >"$STORE/config.yaml"
mount_start

# run NAME STATE: starts it, waits, checks; its directory is $dir
run() {
	echo >"$MNT/pipelines/$1/_mlx/run"
	dir=$MNT/pipelines/$1/_mlx/runs/latest
	is "$(cat "$dir/_mlx/wait")" "$2" "$1: $(cat "$dir/log")"
}
state() { cat "$dir/steps/$1/status"; }

# --- each of three waits for the others: they must run at the same time
meet='touch $(results.here.path); for f in a b c; do
  n=0; until [ -e "$MLXFS_MOUNT/runs/$MLXFS_RUN/steps/$f/outputs/here" ]; do
    sleep 0.05; n=$((n + 1)); [ $n -lt 400 ] || exit 1; done; done; echo met'
for t in a b c; do
	cat <<YAML
- name: $t
  taskSpec:
    results: [{name: here}]
    steps:
      - name: main
        image: busybox
        script: |
$(printf '%s\n' "$meet" | sed 's/^/          /')
YAML
done | { echo 'tasks:'; cat; } | put_pipeline together
run together SUCCEEDED
is "$(sort "$dir/log" | tr '\n' ' ')" '[a] met [b] met [c] met '

# --- retries: a task that works at the third attempt, each with its directory
put_pipeline stubborn <<'YAML'
tasks:
  - name: try
    retries: 3
    taskSpec:
      results: [{name: n}]
      steps:
        - name: main
          image: busybox
          script: |
            printf '%s' $(context.task.retry-count) > $(results.n.path)
            echo attempt $(context.task.retry-count)
            [ $(context.task.retry-count) = 2 ]
results:
  - {name: n, value: $(tasks.try.results.n)}
YAML
run stubborn SUCCEEDED
is "$(ls "$dir/steps" | tr '\n' ' ')" 'try try.2 try.3 '
is "$(state try) $(state try.2) $(state try.3)" 'FAILED FAILED SUCCEEDED'
is "$(value "$dir/_mlx/status.json" tasks 0 attempts)" 3
is "$(value "$dir/_mlx/status.json" tasks 0 exit_code)" 0
is "$(cat "$dir/outputs/n")" 2

# --- a failure: what runs may end, nothing new is started, finally runs
put_pipeline broken <<'YAML'
tasks:
  - name: breaks
    taskSpec: {steps: [{name: main, image: busybox, script: "echo to stderr >&2; exit 3"}]}
  - name: slow
    taskSpec: {steps: [{name: main, image: busybox, script: "sleep 0.5; echo slow is done"}]}
  - name: after
    runAfter: [slow]
    taskSpec: {steps: [{name: main, image: busybox, script: "echo never"}]}
finally:
  - name: sweep
    params: [{name: all, value: $(tasks.status)}, {name: one, value: $(tasks.breaks.status)}]
    taskSpec:
      params: [{name: all}, {name: one}]
      steps: [{name: main, image: busybox, script: "echo all $(params.all), one $(params.one)"}]
YAML
run broken FAILED
is "$(state breaks) $(state slow) $(state after) $(state sweep)" 'FAILED SUCCEEDED SKIPPED SUCCEEDED'
has "$(cat "$dir/log")" '[breaks] to stderr'
has "$(cat "$dir/log")" '[sweep] all Failed, one Failed'
has_not "$(cat "$dir/log")" never
has "$(value "$dir/_mlx/status.json" reason)" 'breaks failed: step main: exit code 3'
is "$(value "$dir/_mlx/status.json" tasks 0 exit_code)" 3

# --- failures that are ignored: of a step, and of a task
put_pipeline forgiving <<'YAML'
tasks:
  - name: careless
    onError: continue
    taskSpec: {steps: [{name: main, image: busybox, script: "exit 1"}]}
  - name: steps
    runAfter: [careless]
    taskSpec:
      steps:
        - {name: one, image: busybox, onError: continue, script: "echo one; exit 5"}
        - {name: two, image: busybox, command: [echo], args: [two, "it's", "$(HOME)"]}
YAML
run forgiving SUCCEEDED
is "$(state careless) $(state steps)" 'FAILED SUCCEEDED'
has "$(cat "$dir/steps/steps/log")" "two it's"
# the note can be read by a shell
has "$(cat "$dir/steps/steps/command")" "echo two 'it'\\''s'"

# --- order without data runs, data of a skipped task does not
put_pipeline skips <<'YAML'
tasks:
  - name: out
    when: [{input: "a", operator: in, values: ["b", "c"]}]
    taskSpec:
      results: [{name: r}]
      steps: [{name: main, image: busybox, script: "echo -n x > $(results.r.path)"}]
  - name: ordered
    runAfter: [out]
    taskSpec: {steps: [{name: main, image: busybox, script: "echo ordered"}]}
  - name: user
    params: [{name: r, value: $(tasks.out.results.r)}]
    taskSpec: {params: [{name: r}], steps: [{name: main, image: busybox, script: "echo $(params.r)"}]}
  - name: behind
    runAfter: [user]
    taskSpec: {steps: [{name: main, image: busybox, script: "echo behind"}]}
  - name: in
    when: [{input: "a", operator: notin, values: ["b"]}]
    taskSpec: {steps: [{name: main, image: busybox, script: "echo in"}]}
YAML
run skips SUCCEEDED
is "$(state out) $(state ordered) $(state user) $(state behind) $(state in)" \
	'SKIPPED SUCCEEDED SKIPPED SKIPPED SUCCEEDED'
has "$(value "$dir/_mlx/status.json" tasks 2 reason)" skipped

# --- what is put in place of a reference is not looked at again
put_pipeline literal <<'YAML'
tasks:
  - name: give
    taskSpec:
      results: [{name: r}]
      steps: [{name: main, image: busybox, script: "printf '%s' '$(context''.pipelineRun.name) $HOME' > $(results.r.path)"}]
  - name: take
    params: [{name: r, value: $(tasks.give.results.r)}]
    taskSpec:
      params: [{name: r}]
      steps: [{name: main, image: busybox, command: [echo], args: ["$(params.r)"]}]
YAML
run literal SUCCEEDED
is "$(cat "$dir/steps/take/log")" '$(context.pipelineRun.name) $HOME'
