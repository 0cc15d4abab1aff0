#!/bin/bash
# A database that is damaged is not mounted over: it is said which, fsck repairs
# or rebuilds it from manifest and blobs, and the files have their names again.
# limit: 200 s
. "${0%/*}/../lib.sh"
samples=$TOP/contrib/samples
mount_start
for kind in components datasets models notebooks pipelines; do
	cp -r "$samples/$kind"/* "$MNT/$kind/"
done
mount_stop
"$FSCK" -n "$STORE"
cp -a "$STORE" "$WORK/sound"

same() {
	for kind in components datasets models notebooks pipelines; do
		diff -r -x _mlx "$samples/$kind" "$MNT/$kind"
	done
	is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" id)" rainfall
}
# a daemon may refuse, with a word, or serve what is right; never crash
refuses_or_serves() {
	local status=0
	timeout $((10 * SLOW)) "$MLXFS" "$STORE" "$MNT" -f >"$WORK/said" 2>&1 || status=$?
	case $status in
	124) ;;
	0) fail "it ended with 0 at once" ;;
	*) [ $status -lt 124 ] && [ -s "$WORK/said" ] || fail "it ended with $status" ;;
	esac
	while is_mounted; do umount -l "$MNT"; done
}
damage() {
	rm -rf "$STORE"
	cp -a "$WORK/sound" "$STORE"
	case $1 in
	header) dd if=/dev/urandom of="$STORE/catalog.db" bs=100 count=1 conv=notrunc status=none ;;
	middle)
		size=$(stat -c %s "$STORE/catalog.db")
		dd if=/dev/urandom of="$STORE/catalog.db" bs=4096 seek=1 \
			count=$((size / 4096 - 1)) conv=notrunc status=none
		;;
	short) truncate -s 5000 "$STORE/catalog.db" ;;
	empty) : >"$STORE/catalog.db" ;;
	text) echo 'this is no database' >"$STORE/catalog.db" ;;
	absent) rm "$STORE/catalog.db" ;;
	esac
	rm -f "$STORE"/catalog.db-wal "$STORE"/catalog.db-shm
}

for how in header middle short text empty absent; do
	damage $how
	refuses_or_serves
	damage $how
	status=0
	"$FSCK" -n "$STORE" >"$WORK/said" 2>&1 || status=$?
	[ $status != 0 ] && [ $status -lt 64 ] || fail "fsck -n says $status of $how"
	status=0
	"$FSCK" -y --rebuild "$STORE" >"$WORK/said" 2>&1 || status=$?
	case $status in 0 | 1) ;; *) fail "fsck --rebuild says $status of $how: $(cat "$WORK/said")" ;; esac
	mount_start
	same
	mount_stop
	"$FSCK" -n "$STORE" || fail "after the repair of $how"
done

# the journal: garbage in it is not believed, what was committed is there
damage none
head -c 4096 /dev/urandom | dd of="$STORE/journal" bs=4096 seek=0 conv=notrunc status=none
refuses_or_serves
"$FSCK" -y "$STORE" >"$WORK/said" 2>&1 || [ $? = 1 ] || fail "fsck: $(cat "$WORK/said")"
mount_start
same
mount_stop

# a blob that is gone, one that is short: told, and the rest is whole
damage none
blob=$(find "$STORE/blobs" -type f -size +0 | head -1)
rm "$blob"
status=0
"$FSCK" -n "$STORE" >"$WORK/said" 2>&1 || status=$?
is $status 4 "fsck -n of a store that lacks a blob"
"$FSCK" -y "$STORE" >"$WORK/said" 2>&1 || true
"$FSCK" -n "$STORE" || fail "after the repair of a lost blob"
# all of it as plain files
damage none
"$FSCK" --export "$WORK/exported" "$STORE"
diff -r -x _mlx "$samples/datasets" "$WORK/exported/datasets"
