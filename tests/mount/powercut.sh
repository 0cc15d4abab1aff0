#!/bin/bash
# What fsync() acknowledged is there after a power cut: the store on a real ext4 (a
# new one now and then), on a loop device, on a disk that loses its cache when the
# power goes (tests/powercut/disk.c). POWERCUTS: how many times, else as many as
# RANDOM_SECONDS (20) allow, and three; POWERCUT_SEED: the first of the seeds;
# POWERCUT_FROM: without the first of them (beginning with a new ext4);
# POWERCUT_TELL: says more.
# limit: 200 s
. "${0%/*}/../lib.sh"
need_root
need cc python3 losetup mkfs.ext4 fusermount3 pkg-config
pkg-config --exists fuse3 || skip "libfuse's headers are not installed"
losetup -f >/dev/null 2>&1 || skip "no loop devices here"
cuts=${POWERCUTS:-8} seed=${POWERCUT_SEED:-$RANDOM}
image=$WORK/image disk=$WORK/disk ext4=$WORK/ext4 control=$WORK/control
work=$TOP/tests/powercut/work.py
STORE=$ext4/store
mkdir "$disk" "$ext4"
mkfifo "$control"
# shellcheck disable=SC2046
cc -std=gnu11 -O2 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread \
	$(pkg-config --cflags fuse3) -o "$WORK/disk-server" \
	"$TOP/tests/powercut/disk.c" $(pkg-config --libs fuse3)

LOOP='' SERVER=''
no_loop() { [ -z "$LOOP" ] || losetup -d "$LOOP" || true; LOOP=''; }
take_apart() {
	! mountpoint -q "$MNT" || umount -l "$MNT"
	! mountpoint -q "$ext4" || umount "$ext4" 2>/dev/null || umount -l "$ext4"
	no_loop
	[ -z "$SERVER" ] || {
		fusermount3 -u "$disk" 2>/dev/null || umount -l "$disk"
		wait "$SERVER" || true
		SERVER=''
	}
}
at_last take_apart

new_image() {
	rm -f "$image" "$WORK/log.sqlite"
	: >"$WORK/sure"
	truncate -s 256M "$image"
	mkfs.ext4 -q "$image"
}
tell_disk() { echo "$*" >"$control"; }
is_cut() { grep -q '^cut' "$WORK/disk-says"; }

# the power is on, and goes after $1 writes, by seed $2
power_on() {
	"$WORK/disk-server" "$image" "$disk" "$control" >"$WORK/disk-says" 2>&1 &
	SERVER=$!
	wait_for 10 test -f "$disk/disk" || fail "no disk: $(cat "$WORK/disk-says")"
	LOOP=$(losetup -f --show "$disk/disk")
	mount -t ext4 "$LOOP" "$ext4"
	tell_disk "cut $1 $2"
	wait_for 10 grep -q '^at' "$WORK/disk-says" || fail "the disk does not listen"
}

# the daemon may find that the power is gone
mount_any() {
	"$MLXFS" "$STORE" "$MNT" -f 2>>"$DAEMON_LOG" >&2 </dev/null &
	DAEMON=$!
	echo "$DAEMON" >>"$WORK/daemons"
	wait_for 20 mount_settled || fail "the mount did not come up"
}

# work_till_cut SEED: one, two or three programs at work, till the power goes
work_till_cut() {
	local pids=() n
	mount_any
	for n in 1 $(($1 % 2 + 1)); do
		[ ! -e "$WORK/log.$n" ] || continue
		: >"$WORK/log.$n"
		python3 "$work" write "$MNT/datasets/w$1-$n" "$WORK/log.$n" $(($1 * 10 + n)) \
			>>"$WORK/said" 2>&1 &
		pids+=($!)
	done
	# without it, no other's fsync brings what was not asked for
	if [ $(($1 % 3)) != 0 ]; then
		python3 "$work" sqlite "$MNT/datasets/base.db" "$WORK/log.sqlite" "$1" \
			>>"$WORK/said" 2>&1 &
		pids+=($!)
	fi
	wait_for 60 is_cut || fail "the power did not go: $(cat "$WORK/disk-says")"
	# whoever waits for the disk is told
	sleep 0.05
	kill -9 "$DAEMON" 2>/dev/null || true
	wait "$DAEMON" 2>/dev/null || true
	DAEMON=''
	umount -l "$MNT" 2>/dev/null || true
	for n in "${pids[@]}"; do wait "$n" || true; done
}

# what an orderly end leaves is there after each later cut
list_all() {
	(cd "$MNT/datasets" && find . -name 'base.db*' -o -name _mlx -prune -o -type f -print0 | xargs -0 -r sha256sum)
}

# look SEED: the power is back: all that was acknowledged is there. (Whoever asks
# for its status switches `set -e` off in it.)
look() {
	local n
	LOOP=$(losetup -f --show "$image")
	mount -t ext4 "$LOOP" "$ext4" || return
	mount_start
	if [ -s "$WORK/sure" ]; then
		(cd "$MNT/datasets" && sha256sum --quiet -c "$WORK/sure") || return
	fi
	for n in 1 2; do
		[ ! -e "$WORK/log.$n" ] ||
			python3 "$work" check "$MNT/datasets/w$1-$n" "$WORK/log.$n" || return
	done
	python3 "$work" check-sqlite "$MNT/datasets/base.db" "$WORK/log.sqlite" || return
	python3 "$TOP/tests/powercut/agree.py" "$MNT" || return
	list_all >"$WORK/sure"
	mount_stop
	"$FSCK" -n "$STORE" || return
	# the kernel lets go of the blobs that it knew a moment later
	wait_for 10 umount "$ext4" || return
	no_loop
}

say "seed $seed"
for ((i = ${POWERCUT_FROM:-0} / 4 * 4; i < cuts; i++)); do
	[ -n "${POWERCUTS:-}" ] || [ $i -lt 3 ] ||
		[ $SECONDS -lt "${RANDOM_SECONDS:-20}" ] || break
	# a new store dies young; then each cut comes later
	after=$((1 + (seed + i * 37) % 400)) draw=$(((seed + i) % 3))
	if [ $((i % 4)) = 0 ]; then
		new_image
		after=$((1 + (seed + i * 13) % 120))
	fi
	power_on $after $((draw * (seed + i)))
	rm -f "$WORK"/log.[12]
	work_till_cut $((seed + i))
	take_apart
	look $((seed + i)) >"$WORK/looked" 2>&1 ||
		fail "cut $i of seed $seed: $(cat "$WORK/disk-says" "$WORK/looked")"
	[ -z "${POWERCUTS:-}" ] || say "$SECONDS s: cut $i of $cuts: $(tail -1 "$WORK/disk-says")"
	[ -z "${POWERCUT_TELL:-}" ] || cat "$WORK/disk-says" "$WORK/looked"
done
