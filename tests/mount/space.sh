#!/bin/bash
# The room of a file that is removed, replaced or cut off comes back, also when
# the kernel forgot the file and looked it up again meanwhile, and though a
# descriptor had it open at the time.
. "${0%/*}/../lib.sh"
need_root
small_disk 300M
mount_start
asset=$MNT/datasets/big
mkdir "$asset"

used_mb() { df --output=used -BM "$WORK/disk" | tail -1 | tr -dc 0-9; }
empty=$(used_mb)
is_free() { [ "$(used_mb)" -lt $((empty + 20)) ]; }
fill() { head -c 100M /dev/zero >"$asset/$1"; }
# closed, read, and forgotten by the kernel
age() {
	cat "$asset/$1" >/dev/null
	sync -f "$WORK/disk"
	echo 2 >/proc/sys/vm/drop_caches
	cat "$asset/$1" >/dev/null
}
comes_back() { wait_for 20 is_free || fail "after $1 $(used_mb) MB are used, $empty at first"; }

fill removed
[ "$(used_mb)" -ge 100 ] || fail "100 MB are not to be seen on the disk"
rm "$asset/removed"
comes_back 'a removal'

fill aged
age aged
rm "$asset/aged"
comes_back 'the removal of what was forgotten'

fill replaced
age replaced
echo small >"$asset/other"
mv "$asset/other" "$asset/replaced"
is "$(cat "$asset/replaced")" small
comes_back 'a rename over it'

fill cut
age cut
: >"$asset/cut"
comes_back 'a truncation'

fill held
age held
exec 5<"$asset/held"
rm "$asset/held"
sleep 1
is "$(head -c 100M <&5 | wc -c)" $((100 << 20)) 'what an open descriptor still reads'
exec 5<&-
comes_back 'the last close of a removed file'
