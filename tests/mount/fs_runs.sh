#!/bin/bash
# runs/ belongs to the engine: what users may do there, while a run runs and after.
. "${0%/*}/../lib.sh"
need python3
mount_start
put_component slow 'sleep 60'
put_component fast 'echo done'
me=$(id -u)
runs=$MNT/runs

expect_errno EPERM mkdir "$runs/mine"
expect_errno EPERM create "$runs/mine"
expect_errno EPERM symlink x "$runs/mine"
mkdir "$MNT/models/m"
expect_errno EPERM rename "$MNT/models/m" "$runs/m"

echo 'name: s' >"$MNT/components/slow/_mlx/run"
echo 'name: f' >"$MNT/components/fast/_mlx/run"
is "$(cat "$runs/f/_mlx/wait")" SUCCEEDED
is "$(cat "$runs/f/status")" SUCCEEDED
is "$(readlink "$runs/f/_mlx")" ../../.mlx/runs/f
is "$(ls "$MNT/.mlx/runs" | tr '\n' ' ')" 'f s '

# while it runs it stays
mkdir "$MNT/.Trash-$me" "$MNT/.Trash-$me/files"
expect_errno EBUSY rmdir "$runs/s"
expect_errno EBUSY unlink "$runs/s/log"
expect_errno EBUSY rename "$runs/s" "$MNT/.Trash-$me/files/s"
expect_errno EBUSY rename "$runs/s/status" "$runs/s/x"
expect_errno EBUSY rename "$runs/s/status" "$MNT/models/m/x"

# one that is over can be removed, and thrown away and brought back
expect_errno EPERM rename "$runs/f" "$runs/g"
expect_errno EPERM rename "$runs/f" "$MNT/models/f"
mv "$runs/f" "$MNT/.Trash-$me/files/"
expect_errno ENOENT stat "$MNT/.mlx/runs/f"
expect_errno EPERM rename "$MNT/.Trash-$me/files" "$runs/files"
mv "$MNT/.Trash-$me/files/f" "$runs/"
is "$(cat "$runs/f/_mlx/wait")" SUCCEEDED
cp -r "$runs/f" "$WORK/f"
is "$(cat "$WORK/f/status")" SUCCEEDED
mv "$runs/f/log" "$MNT/models/m/"
rm -r "$runs/f"
exists_not "$runs/f"
exists_not "$MNT/components/fast/_mlx/runs/f"
echo 'name: f' >"$MNT/components/fast/_mlx/run"
is "$(cat "$runs/f/_mlx/wait")" SUCCEEDED

# what Jupyter keeps beside runs is none
expect_errno EPERM create "$runs/.ipynb_checkpoints"
mkdir "$runs/.ipynb_checkpoints"
echo old >"$runs/.ipynb_checkpoints/f-checkpoint"
exists_not "$runs/.ipynb_checkpoints/_mlx"
is "$(ls "$MNT/.mlx/runs" | tr '\n' ' ')" 'f s '
expect_errno EPERM rename "$runs/.ipynb_checkpoints" "$runs/checkpoints"
expect_errno EPERM rename "$runs/.ipynb_checkpoints" "$MNT/models/checkpoints"
rm -r "$runs/.ipynb_checkpoints"

echo >"$runs/s/_mlx/cancel"
is "$(cat "$runs/s/_mlx/wait")" CANCELED
rm -r "$runs/s"
is "$(ls "$runs")" f
