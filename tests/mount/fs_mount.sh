#!/bin/bash
# Mounting and unmounting: words and statuses, in the background too; options; the
# next mount at once; a dead mount; an end by signal with files open.
. "${0%/*}/../lib.sh"
need_fuse
store=$WORK/a,store\ with\\odd
mnt=$WORK/mount\ point
mkdir "$mnt"
mounted() { mountpoint -q "$mnt"; }
daemon_of() { cat "$store/lock"; }
gone() { [ ! -e "/proc/$1" ]; }

is "$("$MLXFS" --version | cut -d' ' -f1)" mlxfs
has "$("$MLXFS" --help)" 'usage: mlxfs STORE MOUNTPOINT'
said() {
	local status=0
	"$MLXFS" "$@" >"$WORK/said" 2>&1 </dev/null || status=$?
	echo $status
}
is "$(said)" 2
is "$(said onlyone)" 2
is "$(said --nonsense a b)" 2
is "$(said "$store" "$WORK/nowhere")" 1
has "$(cat "$WORK/said")" 'No such file'
is "$(said /proc/self/x "$mnt")" 1
: >"$WORK/file"
is "$(said "$store" "$WORK/file")" 1
is "$(said "$WORK/file" "$mnt")" 1
is "$(said "$store" "$mnt" -o nonsense)" 1
has "$(cat "$WORK/said")" nonsense
mounted && fail 'mounted after all' || true

# in the background, with relative names
cd "$WORK"
is "$(said "${store##*/}" "${mnt##*/}" -o noatime,_netdev,nofail,x-systemd.automount,user,defaults)" 0
cd /
mounted || fail 'not mounted'
is "$(cat "$WORK/said")" '' 'what it said'
daemon_of >>"$WORK/daemons"
options=$(findmnt -n -o OPTIONS,FSTYPE,SOURCE "$mnt")
for word in rw nosuid nodev noatime default_permissions fuse.mlxfs; do
	has "$options" $word
done
is "$(findmnt -n -o SOURCE "$mnt")" "$store"
echo kept >"$mnt/models/f"

# a second one is refused, the next after umount is not
mkdir "$WORK/second"
is "$(said "$store" "$WORK/second")" 1
has "$(cat "$WORK/said")" "$(daemon_of)"
umount "$mnt" || fusermount3 -u "$mnt"
is "$(said "$store" "$mnt" -o ro)" 0 "the mount after an unmount: $(cat "$WORK/said")"
daemon_of >>"$WORK/daemons"
is "$(cat "$mnt/models/f")" kept
expect_errno EROFS create "$mnt/models/g"
umount "$mnt" || fusermount3 -u "$mnt"

# killed: the next mount clears the dead one away
is "$(said "$store" "$mnt")" 0
daemon_of >>"$WORK/daemons"
kill -9 "$(daemon_of)"
wait_for 5 gone "$(daemon_of)"
expect_errno ENOTCONN listdir "$mnt"
is "$(said "$store" "$mnt")" 0 "the mount after a kill: $(cat "$WORK/said")"
is "$(cat "$mnt/models/f")" kept

# a signal, with a file open: it ends, and what was written is there
pid=$(daemon_of)
echo "$pid" >>"$WORK/daemons"
exec 6>"$mnt/models/open"
echo words >&6
kill -TERM "$pid"
wait_for 20 gone "$pid" || fail 'it does not end while a file is open'
exec 6>&- || true
mounted && fail 'it is mounted still' || true
is "$(said "$store" "$mnt")" 0
daemon_of >>"$WORK/daemons"
is "$(cat "$mnt/models/open")" words
pid=$(daemon_of)
kill -INT "$pid"
wait_for 10 gone "$pid" || fail 'it does not end at SIGINT'
mounted && fail 'it is mounted still' || true
