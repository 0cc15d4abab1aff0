#!/bin/bash
# make install, mount -t fuse.mlxfs as fstab does it, umount; make uninstall.
. "${0%/*}/../lib.sh"
need_root
need_fuse
need make
build=$(dirname "$MLXFS")
make -s -C "$TOP" install DESTDIR="$WORK/root" PREFIX=/usr BUILD="$build" \
	-o all >/dev/null
root=$WORK/root/usr
"$root/bin/mlxfs" --version
has "$("$root/bin/mlxfs" --help)" STORE
"$root/sbin/fsck.mlxfs" --version >/dev/null
is "$(readlink -f "$root/sbin/mount.fuse.mlxfs")" "$root/bin/mlxfs"
[ -s "$root/share/man/man1/mlxfs.1" ] && [ -s "$root/share/man/man8/fsck.mlxfs.8" ] ||
	fail "a manual page is not there"
diff -r "$TOP/contrib/samples" "$root/share/mlxfs/samples"
has_not "$(cat "$root/lib/systemd/system/mlxfs@.service")" @PREFIX@

# as mount(8) calls its helper: it goes to the background when it is mounted
"$root/sbin/mount.fuse.mlxfs" "$STORE" "$MNT" -o rw,nosuid,nodev
is_mounted || fail "not mounted when the helper ends"
has "$(grep " $MNT " /proc/self/mounts)" 'fuse.mlxfs'
has "$(grep " $MNT " /proc/self/mounts)" 'nosuid'
mkdir "$MNT/datasets/a"
pid=$(sed -n 's/^\([0-9]*\).*/\1/p' "$STORE/lock")
wait_for 10 unmount
[ -z "$pid" ] || wait_for 20 test ! -e "/proc/$pid" || fail "the daemon stays"

# by mount(8) itself, which finds fuse3's helper, which finds mlxfs where the
# system looks for programs; in a mount namespace, to leave the machine alone
if command -v mount.fuse3 >/dev/null && unshare -m true 2>/dev/null; then
	export root
	unshare -m bash -euc '
		mount --bind "$root/bin" /usr/local/bin
		mount -t fuse.mlxfs -o ro "$STORE" "$MNT"
		[ -d "$MNT/datasets/a" ]
		[ "$(python3 "$TOP/tests/sys.py" mkdir "$MNT/datasets/b")" = EROFS ]
		umount "$MNT"'
fi
make -s -C "$TOP" uninstall DESTDIR="$WORK/root" PREFIX=/usr >/dev/null
is "$(find "$WORK/root" -type f -o -type l)" '' "what uninstall leaves"
