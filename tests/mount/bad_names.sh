#!/bin/bash
# Names: of 256 bytes, invalid UTF-8, generated ones, in the fixed root.
. "${0%/*}/../lib.sh"
need python3
mount_start
long=$(printf 'n%.0s' $(seq 255))
mkdir "$MNT/datasets/a"

for where in "$MNT/datasets" "$MNT/datasets/a"; do
	expect_errno ENAMETOOLONG mkdir "$where/${long}n"
	expect_errno ENAMETOOLONG stat "$where/${long}n"
done
expect_errno OK mkdir "$MNT/datasets/$long"
expect_errno OK create "$MNT/datasets/$long/$long"
is "$(value "$MNT/datasets/$long/_mlx/metadata.json" directory)" "$long"

# in an asset a name may be any bytes, as on ext4; an asset's is text
expect_errno OK create "$MNT/datasets/a/\\xff\\xfe"
expect_errno OK stat "$MNT/datasets/a/\\xff\\xfe"
expect_errno OK mkdir "$MNT/datasets/a/new\\nline"
expect_errno EILSEQ mkdir "$MNT/datasets/\\xff\\xfe"
has "$(tail -1 "$MNT/.mlx/errors")" UTF-8
expect_errno OK mkdir "$MNT/datasets/日本語"
is "$(value "$MNT/datasets/日本語/_mlx/metadata.json" directory)" 日本語
ls -lR "$MNT" >/dev/null

# the root is fixed, but for Jupyter's trash
for operation in create mkdir mkfifo; do
	expect_errno EPERM $operation "$MNT/anything"
done
expect_errno EPERM rename "$MNT/datasets/a" "$MNT/a"
expect_errno EPERM rename "$MNT/datasets" "$MNT/data"
expect_errno EPERM rmdir "$MNT/models"
expect_errno EPERM unlink "$MNT/README.md"
expect_errno OK mkdir "$MNT/.Trash-$(id -u)"
expect_errno OK mkdir "$MNT/.Trash-$(id -u)/files"
expect_errno OK rename "$MNT/datasets/a" "$MNT/.Trash-$(id -u)/files/a"
exists_not "$MNT/.mlx/datasets/a"

mount_again
expect_errno OK stat "$MNT/.Trash-$(id -u)/files/a/\\xff\\xfe"
exists "$MNT/datasets/$long/$long"
