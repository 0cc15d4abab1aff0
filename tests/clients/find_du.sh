#!/bin/bash
# find, du, ls -lR and grep -r never walk into what is generated.
. "${0%/*}/../lib.sh"
samples=$TOP/contrib/samples
mount_start
for kind in components datasets models notebooks pipelines; do
	cp -r "$samples/$kind"/* "$MNT/$kind/"
done

want=$(cd "$samples" && find components datasets models notebooks pipelines -type f | sort)
got=$(cd "$MNT" && find components datasets models notebooks pipelines -type f | sort)
is "$got" "$want"
is "$(cd "$MNT" && find datasets -name metadata.json)" ''
is "$(cd "$MNT" && find . -path ./.mlx)" '' "the unlisted folder in a listing"

want=$(cd "$samples" && du -s --apparent-size -b --exclude=_mlx datasets/rainfall/*.csv | sort)
got=$(cd "$MNT" && du -s --apparent-size -b datasets/rainfall/*.csv | sort)
is "$got" "$want"
du -s "$MNT" >/dev/null
# what du says of blocks is near the bytes that are there
dd if=/dev/urandom of="$MNT/datasets/rainfall/noise" bs=64K count=16 status=none
blocks=$(du -sk "$MNT/datasets/rainfall/noise" | cut -f1)
[ "$blocks" -ge 1000 ] && [ "$blocks" -le 1100 ] || fail "1 MiB takes $blocks KiB"

is "$(grep -rl 'millimetres of' "$MNT/datasets" || true)" ''
is "$(grep -rlE '^station,month' "$MNT/datasets")" "$MNT/datasets/rainfall/rainfall.csv"
ls -lR "$MNT" >/dev/null
ls -laR "$MNT/.mlx/" >/dev/null
df "$MNT" >/dev/null
