#!/bin/bash
# A full disk: ENOSPC for the writer, nothing that was there is lost, and when
# there is room again work goes on, without a new start.
. "${0%/*}/../lib.sh"
need_root
need python3
small_disk 160M
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
mkdir "$MNT/datasets/big"
mount_again

status=0
dd if=/dev/zero of="$MNT/datasets/big/fill" bs=64K count=4000 conv=fsync 2>"$WORK/said" || status=$?
[ $status != 0 ] || fail "256 MB went onto a disk of 160"
has "$(cat "$WORK/said")" 'No space left'
# more of everything, to the last byte; each answer is OK or ENOSPC
for n in $(seq 40); do
	got=$(python3 "$TOP/tests/sys.py" putsync "$MNT/datasets/big/f$n" "@$TOP/README.md")
	case $got in OK | ENOSPC) ;; *) fail "writing on a full disk is $got" ;; esac
	got=$(python3 "$TOP/tests/sys.py" mkdir "$MNT/datasets/d$n")
	case $got in OK | ENOSPC) ;; *) fail "mkdir on a full disk is $got" ;; esac
done
# reading goes on, generated files too
diff -r -x _mlx "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/rainfall"
is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" id)" rainfall

# room again: removing works on a full disk, then writing does
rm -r "$MNT/datasets/big"
cp_works() { cp "$TOP/contrib/samples/datasets/rainfall/rainfall.csv" "$MNT/datasets/rainfall/again"; }
wait_for 15 cp_works || fail "no write works though there is room: $(df "$WORK/disk" | tail -1)"
expect_errno OK putsync "$MNT/datasets/rainfall/last" 'the last word'
mount_kill9
mount_start
is "$(cat "$MNT/datasets/rainfall/last")" 'the last word'
cmp "$TOP/contrib/samples/datasets/rainfall/rainfall.csv" "$MNT/datasets/rainfall/again"
mount_stop
"$FSCK" -n "$STORE"
