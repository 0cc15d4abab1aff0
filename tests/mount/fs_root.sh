#!/bin/bash
# The root is fixed but for each user's trash; .mlx is reachable and not listed;
# what only we use is neither.
. "${0%/*}/../lib.sh"
need python3
mount_start
me=$(id -u)

is "$(ls -A "$MNT" | tr '\n' ' ')" \
	'README.md _mlx components datasets models notebooks pipelines runs '
is "$(readlink "$MNT/_mlx")" .mlx
is "$(ls "$MNT/.mlx" | tr '\n' ' ')" \
	'components datasets errors log models notebooks pipelines runs status.json '
is "$(stat -c %i "$MNT/_mlx/")" "$(stat -c %i "$MNT/.mlx")"
is "$(stat -c %i "$MNT/.mlx/..")" "$(stat -c %i "$MNT")"
grep -q 'models/' "$MNT/README.md"
is "$(value "$MNT/.mlx/status.json" mountpoint)" "$MNT"

for name in browse search services kinds new; do
	expect_errno EPERM mkdir "$MNT/$name"
	expect_errno EPERM create "$MNT/$name"
	expect_errno EPERM symlink x "$MNT/$name"
	expect_errno ENOENT lstat "$MNT/$name"
done
expect_errno EPERM mkfifo "$MNT/pipe"
expect_errno EPERM unlink "$MNT/README.md"
expect_errno EPERM unlink "$MNT/_mlx"
expect_errno EPERM rmdir "$MNT/models"
expect_errno EPERM rmdir "$MNT/.mlx"
expect_errno EPERM rename "$MNT/models" "$MNT/others"
expect_errno EPERM rename "$MNT/models" "$MNT/datasets/models"
mkdir "$MNT/models/a"
expect_errno EPERM rename "$MNT/models/a" "$MNT/a"
expect_errno EEXIST mkdir "$MNT/.mlx"
expect_errno EPERM chmod "$MNT" 700
expect_errno EACCES open "$MNT/README.md" O_WRONLY

# the trash
expect_errno EPERM mkdir "$MNT/.Trash-x"
expect_errno EPERM mkdir "$MNT/.Trash-"
expect_errno EPERM create "$MNT/.Trash-$me"
mkdir "$MNT/.Trash-$me" "$MNT/.Trash-$me/files" "$MNT/.Trash-$me/info"
echo data >"$MNT/models/a/f"
mv "$MNT/models/a" "$MNT/.Trash-$me/files/"
expect_errno ENOENT stat "$MNT/.mlx/models/a"
exists_not "$MNT/.Trash-$me/files/a/_mlx"
mv "$MNT/.Trash-$me/files/a" "$MNT/datasets/"
is "$(cat "$MNT/datasets/a/f")" data
is "$(value "$MNT/datasets/a/_mlx/metadata.json" kind)" dataset
rm -r "$MNT/.Trash-$me"
exists_not "$MNT/.Trash-$me"

# Jupyter's checkpoints; what generates README.md does not change by any of it
said=$(stat -c '%y %z' "$MNT/README.md")
expect_errno EPERM create "$MNT/.ipynb_checkpoints"
mkdir "$MNT/.ipynb_checkpoints"
cp "$MNT/README.md" "$MNT/.ipynb_checkpoints/README-checkpoint.md"
exists_not "$MNT/.ipynb_checkpoints/_mlx"
expect_errno EPERM rename "$MNT/.ipynb_checkpoints" "$MNT/checkpoints"
is "$(stat -c '%y %z' "$MNT/README.md")" "$said"
rm -r "$MNT/.ipynb_checkpoints"
mkdir "$MNT/models/.ipynb_checkpoints"
expect_errno EPERM rename "$MNT/models/.ipynb_checkpoints" "$MNT/.ipynb_checkpoints"

# the hidden directory of scratch names
echo x >"$MNT/.mlx/models/.hidden.swp"
expect_errno ENOENT lstat "$MNT/.mlx-scratch"
expect_errno EPERM mkdir "$MNT/.mlx-scratch"
has_not "$(ls -A "$MNT")" scratch
rm "$MNT/.mlx/models/.hidden.swp"
mount_again
is "$(cat "$MNT/datasets/a/f")" data
