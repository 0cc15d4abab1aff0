#!/bin/bash
# A store on a disk that is read-only: refused with a word that says so, but for
# -o ro, which reads it and changes nothing.
. "${0%/*}/../lib.sh"
need_root
small_disk 160M
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
mount_stop
mount -o remount,ro "$WORK/disk"

status=0
timeout 20 "$MLXFS" "$STORE" "$MNT" -f >"$WORK/said" 2>&1 || status=$?
[ $status != 0 ] && [ $status != 124 ] || fail "it was mounted for writing ($status)"
has "$(tr A-Z a-z <"$WORK/said")" 'read-only'
exists_not "$MNT/datasets"

sum=$(cd "$STORE" && find . -type f -exec sha256sum {} + | sort -k2)
mount_start -o ro
diff -r -x _mlx "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/rainfall"
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" id)" rainfall
for operation in "create $MNT/datasets/x" "mkdir $MNT/models/x" \
	"unlink $MNT/datasets/rainfall/README.md" "put $MNT/datasets/rainfall/README.md x" \
	"put $MNT/datasets/rainfall/_mlx/run name:" "chmod $MNT/datasets/rainfall 700" \
	"truncate $MNT/datasets/rainfall/README.md 0"; do
	# shellcheck disable=SC2086
	expect_errno EROFS $operation
done
mount_stop
is "$(cd "$STORE" && find . -type f -exec sha256sum {} + | sort -k2)" "$sum" "the store's files"
mount -o remount,rw "$WORK/disk"
# on a disk that can be written -o ro changes nothing either
mount_start -o ro
diff -r -x _mlx "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/rainfall"
mount_stop
is "$(cd "$STORE" && find blobs manifest.txt -type f -exec sha256sum {} + | sort -k2)" \
	"$(sed -n '/\.\/\(blobs\|manifest\)/s,\./,,p' <<<"$sum")" "the store's files"
