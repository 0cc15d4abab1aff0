#!/bin/bash
# A run reads and writes no more than its owner may: what the daemon does for it
# is asked for the owner's rights, and its steps have the owner's uid alone.
. "${0%/*}/../lib.sh"
need_root
need setpriv
mkdir -p "$STORE"
chmod 700 "$STORE"
echo 'fetch: {private_hosts: true}' >"$STORE/config.yaml"
ann=12001 bob=12002
as_user $ann true || skip "no other uid can be taken here"
mount_start -o allow_other
chmod 1777 "$MNT/notebooks" "$MNT/datasets" "$MNT/pipelines" 2>/dev/null || true

# run_as UID ASSET NAME STATE
run_as() {
	as_user "$1" dd status=none of="$MNT/$2/_mlx/run" <<<"name: $3"
	is "$(cat "$MNT/runs/$3/_mlx/wait")" "$4" "$3: $(cat "$MNT/runs/$3/log")"
}

# --- a notebook that only ann may read
mkdir "$MNT/notebooks/secret"
echo '{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [{"cell_type": "markdown", "metadata": {}, "source": "the secret"}]}' \
	>"$MNT/notebooks/secret/secret.ipynb"
chown -R $ann:$ann "$MNT/notebooks/secret"
chmod 600 "$MNT/notebooks/secret/secret.ipynb"
run_as $bob notebooks/secret bob-reads FAILED
has "$(cat "$MNT/runs/bob-reads/log")" 'Permission denied'
is "$(grep -rl 'the secret' "$MNT/runs" | wc -l)" 0

# --- a dataset in a directory that only ann may write to
mkdir "$MNT/datasets/hers"
cat >"$WORK/dataset.yaml" <<'YAML'
id: hers
name: hers
description: a test
version: 1.0.0
license: {name: CC0-1.0}
domain: tests
format: [{type: text}]
content: [{pattern: "*", description: all of it}]
repository: {type: HTTP, url: "http://127.0.0.1:9/data.csv", mime_type: text/csv}
YAML
cp "$WORK/dataset.yaml" "$MNT/datasets/hers/"
chown -R $ann:$ann "$MNT/datasets/hers"
run_as $bob datasets/hers bob-writes FAILED
has "$(cat "$MNT/runs/bob-writes/log")" 'uid 12002 must not write'
is "$(find "$MNT/datasets/hers/" -user $bob | wc -l)" 0
run_as $ann datasets/hers ann-writes FAILED
has_not "$(cat "$MNT/runs/ann-writes/log")" 'must not write'

# --- steps: uid, groups, no way back, a scratch directory of their own
mkdir "$MNT/pipelines/who"
cat >"$WORK/pipeline.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: who}
spec:
  pipelineSpec:
    tasks:
      - name: who
        taskSpec:
          results: [{name: out}]
          steps:
            - name: main
              image: busybox
              script: |
                echo "ids $(id -u) $(id -g) $(id -G) $(umask)"
                echo "home $(stat -c '%u %a' "$HOME/..") $PWD"
                grep NoNewPrivs /proc/self/status
                ls /proc/self/fd | wc -l
                env | cut -d= -f1 | sort | tr '\n' ' '
                echo x > $(results.out.path)
                kill -9 $PPID 2>/dev/null && echo "killed the keeper"
                touch $MLXFS_MOUNT/runs/bob-reads/mine 2>/dev/null && echo "wrote to bob's run"
                true
YAML
cp "$WORK/pipeline.yaml" "$MNT/pipelines/who/"
run_as $ann pipelines/who ann-who SUCCEEDED
log=$(cat "$MNT/runs/ann-who/steps/who/log")
has "$log" "ids $ann $ann $ann 0022"
has "$log" "home $ann 700 "
has "$log" "NoNewPrivs:	1"
has_not "$log" keeper
has_not "$log" wrote
is "$(stat -c %u "$MNT/runs/ann-who" "$MNT/runs/ann-who/log" "$MNT/runs/ann-who/steps/who/outputs/out" | sort -u)" $ann
for name in $(sed -n 5p <<<"$log"); do
	case $name in
	PATH | HOME | TMPDIR | LANG | USER | MLXFS_RUN | MLXFS_STEP | MLXFS_MOUNT | PWD | OLDPWD | SHLVL | _) ;;
	*) fail "$name is in the environment" ;;
	esac
done
