#!/bin/bash
# One store is mounted once: a second mount is refused and names the first's pid;
# the dead mount of a killed daemon is cleared by the next.
. "${0%/*}/../lib.sh"
mount_start
mkdir "$WORK/other" "$MNT/datasets/a"

status=0
timeout 20 "$MLXFS" "$STORE" "$WORK/other" -f >"$WORK/said" 2>&1 || status=$?
[ $status != 0 ] && [ $status != 124 ] || fail "a second mount ended with $status"
has "$(cat "$WORK/said")" "$DAEMON"
# in the background too, and fsck
status=0
timeout 20 "$MLXFS" "$STORE" "$WORK/other" >"$WORK/said" 2>&1 || status=$?
[ $status != 0 ] && [ $status != 124 ] || fail "a second mount ended with $status"
has "$(cat "$WORK/said")" "$DAEMON"
status=0
"$FSCK" -n "$STORE" >"$WORK/said" 2>&1 || status=$?
is $status 8 "fsck's status on a mounted store"
has "$(cat "$WORK/said")" "$DAEMON"
# the first is none the worse
exists "$MNT/datasets/a"

mount_kill9
# for a moment, requests are still taken back
is_left() { [ "$(python3 "$TOP/tests/sys.py" open "$MNT/README.md" O_RDONLY)" = ENOTCONN ]; }
wait_for 5 is_left || fail 'a killed daemon leaves no dead mount'
mount_start
exists "$MNT/datasets/a"
is "$(grep -c " $MNT fuse" /proc/self/mounts)" 1 mounts

# a store that is none: a plain file, a folder of something else
mount_stop
echo precious >"$WORK/file"
for wrong in "$WORK/file" /proc; do
	status=0
	timeout 20 "$MLXFS" "$wrong" "$WORK/other" -f >"$WORK/said" 2>&1 || status=$?
	[ $status != 0 ] && [ $status != 124 ] || fail "mounting $wrong ended with $status"
	[ -s "$WORK/said" ] || fail "no word about $wrong"
done
is "$(cat "$WORK/file")" precious
# a mount point that is not there; no argument, too many
for words in "$STORE $WORK/none" "$STORE" "" "$STORE $MNT $MNT" "$STORE $MNT --what"; do
	status=0
	# shellcheck disable=SC2086
	timeout 20 "$MLXFS" $words -f >"$WORK/said" 2>&1 || status=$?
	[ $status != 0 ] && [ $status != 124 ] || fail "mlxfs $words -f ended with $status"
	[ -s "$WORK/said" ] || fail "no word about: $words"
done
