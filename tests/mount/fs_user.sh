#!/bin/bash
# An ordinary user's mount: it serves that user, says so, and does what root's does.
. "${0%/*}/../lib.sh"
need_root
need fusermount3
ann=$(id -u nobody 2>/dev/null) || skip 'there is no user nobody' # fusermount3 wants a name
as_user $ann test -x "$MLXFS" || skip 'another user can not execute the program here'
[ -u "$(command -v fusermount3)" ] || skip 'fusermount3 is not setuid'
as_user $ann test -w /dev/fuse || skip 'another user has no /dev/fuse'
mkdir "$WORK/ann" "$WORK/ann/mnt"
chown -R $ann:$ann "$WORK/ann"
store=$WORK/ann/store mnt=$WORK/ann/mnt
chmod 1777 "$WORK/san"
mount_it() {
	as_user $ann "$MLXFS" "$store" "$mnt" "$@" </dev/null >"$WORK/said" 2>&1 ||
		fail "it can't be mounted: $(cat "$WORK/said")"
	cat "$store/lock" >>"$WORK/daemons"
}
a() { as_user $ann "$@"; }
mount_it
has "$(findmnt -n -o OPTIONS,FSTYPE "$mnt")" fuse.mlxfs
has "$(findmnt -n -o OPTIONS "$mnt")" nosuid
has_not "$(findmnt -n -o OPTIONS "$mnt")" allow_other
has "$(a cat "$mnt/_mlx/log")" "serves uid $ann only"
has "$(a cat "$mnt/_mlx/log")" 'without kernel passthrough'
is "$(a stat -c '%u %a' "$mnt/models")" "$ann $(a stat -c %a "$mnt/models")"
# root is another user
ls "$mnt" 2>/dev/null && fail 'root sees it' || true

a mkdir "$mnt/components/echo"
a cp "$TOP/contrib/samples/components/word-count/component.yaml" "$mnt/components/echo/" 2>/dev/null ||
	a sh -c "cat >'$mnt/components/echo/component.yaml'" \
		<"$TOP/contrib/samples/components/word-count/component.yaml"
has "$(a cat "$mnt/components/echo/_mlx/metadata.json")" registered
a sh -c "echo 'name: mine' >'$mnt/components/echo/_mlx/run'"
a cat "$mnt/runs/mine/_mlx/wait" >"$WORK/state"
is "$(a stat -c %u "$mnt/runs/mine/log")" $ann
a mkdir "$mnt/.Trash-$ann"
a rmdir "$mnt/.Trash-$ann"

# a file that grows from inside is seen, cached pages or not
a sh -c "echo 'name: two' >'$mnt/components/echo/_mlx/run'"
a cat "$mnt/runs/two/_mlx/wait" >/dev/null
is "$(a cat "$mnt/runs/two/status")" "$(cat "$WORK/state")"

a fusermount3 -u "$mnt"
gone() { [ ! -e "/proc/$1" ]; }
wait_for 10 gone "$(tail -1 "$WORK/daemons")"
mount_it
kill -9 "$(tail -1 "$WORK/daemons")"
wait_for 5 gone "$(tail -1 "$WORK/daemons")"
mount_it
has "$(a cat "$mnt/components/echo/_mlx/metadata.json")" registered
a fusermount3 -u "$mnt"
wait_for 10 gone "$(tail -1 "$WORK/daemons")" || fail 'the daemon does not end'
