#!/bin/bash
# kill -9 of the daemon in the middle of a run: its steps end, the run is FAILED
# with the reason, its log is there, and the asset can be run again.
. "${0%/*}/../lib.sh"
mount_start
mkdir "$MNT/pipelines/slow"
cat >"$WORK/pipeline.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: slow}
spec:
  params: [{name: seconds, value: '300'}]
  pipelineSpec:
    params: [{name: seconds, type: string, default: '300'}]
    tasks:
      - name: first
        taskSpec:
          steps:
            - {name: say, image: busybox, script: 'echo it was said'}
      - name: second
        runAfter: [first]
        params: [{name: seconds, value: $(params.seconds)}]
        taskSpec:
          params: [{name: seconds, type: string}]
          steps:
            - name: wait
              image: busybox
              script: |
                echo "sleeper $$"
                exec sleep $(params.seconds)
      - name: third
        runAfter: [second]
        taskSpec:
          steps: [{name: never, image: busybox, script: echo never}]
YAML
cp "$WORK/pipeline.yaml" "$MNT/pipelines/slow/"
run=$(start_run pipelines/slow 'name: cut')
dir=$MNT/runs/$run
log_has() { grep -q "$1" "$dir/log"; }
wait_for 20 log_has 'sleeper [0-9]' || fail "the second step does not start: $(cat "$dir/log")"
is "$(cat "$dir/status")" RUNNING
sleeper=$(sed -n 's/.*sleeper \([0-9]*\).*/\1/p' "$dir/log")
# while it runs it can't be removed
expect_errno EBUSY rmdir "$dir"

mount_kill9
mount_start
is "$(cat "$dir/status")" FAILED
is "$(cat "$dir/_mlx/wait")" FAILED
has "$(cat "$dir/log")" 'it was said'
[ -n "$(value "$dir/_mlx/status.json" reason)" ] || fail "no reason: $(cat "$dir/_mlx/status.json")"
is "$(cat "$dir/steps/first/status")" SUCCEEDED
is "$(cat "$dir/steps/second/status")" FAILED
if [ -e "/proc/$sleeper" ] && [ "$(cat "/proc/$sleeper/comm")" = sleep ]; then
	wait_for 5 test ! -e "/proc/$sleeper" || fail "the step outlives the daemon"
fi

# again, by writing run; cancelled this time, which is final
again=$(start_run pipelines/slow 'name: second')
wait_for 20 grep -q sleeper "$MNT/runs/$again/log"
echo 1 >"$MNT/runs/$again/_mlx/cancel"
is "$(cat "$MNT/runs/$again/_mlx/wait")" CANCELED
# and one that is let go on
again=$(start_run pipelines/slow '{name: whole, parameters: {seconds: 0}}')
is "$(cat "$MNT/runs/$again/_mlx/wait")" SUCCEEDED
has "$(cat "$MNT/runs/$again/log")" never
# a stop with a run under way: the daemon ends, the run is settled at the next start
again=$(start_run pipelines/slow 'name: stopped')
wait_for 20 grep -q sleeper "$MNT/runs/$again/log"
mount_again
is "$(cat "$MNT/runs/$again/status")" FAILED
# finished runs go as any directory does
rm -r "$MNT/runs/$run"
exists_not "$MNT/.mlx/runs/$run"
