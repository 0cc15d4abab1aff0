#!/bin/bash
# rm -r of an asset: gone, with all that was generated for it; others stay.
. "${0%/*}/../lib.sh"
samples=$TOP/contrib/samples
mount_start

cp -r "$samples"/datasets/* "$MNT/datasets/"
ls -lR "$MNT/datasets/rainfall/_mlx/" >/dev/null
rm -r "$MNT/datasets/rainfall"
exists_not "$MNT/datasets/rainfall"
exists_not "$MNT/.mlx/datasets/rainfall"
exists "$MNT/datasets/greetings/_mlx/metadata.json"

# its id and its name are free again
cp -r "$samples/datasets/rainfall" "$MNT/datasets/again"
is "$(value "$MNT/datasets/again/_mlx/metadata.json" id)" rainfall

# rm -rf of everything below a kind, listed while it is unlinked
mkdir -p "$MNT/datasets/big/sub"
(cd "$MNT/datasets/big" && for n in $(seq 500); do echo "$n" >"sub/f$n"; done)
rm -rf "$MNT"/datasets/*
is "$(ls -A "$MNT/datasets")" ''

# the kind itself can't go, nor what is generated
expect_errno EPERM rmdir "$MNT/datasets"
# an open file outlives its name
mkdir "$MNT/datasets/open"
echo still here >"$MNT/datasets/open/f"
exec 5<"$MNT/datasets/open/f"
rm -r "$MNT/datasets/open"
is "$(cat <&5)" 'still here'
exec 5<&-
