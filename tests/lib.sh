# SPDX-License-Identifier: Apache-2.0
#
# What a test on a real mount starts with:
#
#	#!/bin/bash
#	# What is right when this test passes, in a line.
#	. "${0%/*}/../lib.sh"
#	mount_start
#	...
#
# Such a test is one executable file in tests/mount or tests/clients, found by
# tests/run. It exits 0 when it passed; 77 when it can't be done here, its last
# line of output says why; anything else is a failure. `set -e` is on: a command
# that fails ends the test, so negate with expect_errno, not with `!`.
#
# Given: $WORK a fresh directory, $STORE and $MNT in it (MNT is made, STORE is
# not), $MLXFS and $FSCK the programs, $MLXFS_SHARED the folder of real samples
# or empty, $TOP the checkout. Alone, `tests/mount/NAME.sh` works as well.
#
# At the end, whatever happened, the mount is taken down and the test fails if
# the daemon went without being asked to, ended in anything but 0, or left a
# sanitizer's report.

set -euo pipefail

# Debian's programs before what somebody has by hand: a shim takes its time at each
# of the thousands of starts
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

TOP=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
: "${MLXFS:=$TOP/build/mlxfs}" "${FSCK:=$(dirname "$MLXFS")/fsck.mlxfs}"
if [ -z "${WORK:-}" ]; then
	WORK=$(mktemp -d /var/tmp/mlxfs-test-XXXXXX)
	WORK_IS_OURS=yes
fi
chmod 755 "$WORK"
if [ -z "${MLXFS_SHARED:-}" ] && [ -d "$TOP/../shared/katalog" ]; then
	MLXFS_SHARED=$(realpath "$TOP/../shared")
fi
: "${MLXFS_SHARED:=}"
# sanitizers slow everything down; waits are multiplied by this
: "${SLOW:=1}"
STORE=$WORK/store MNT=$WORK/mnt
DAEMON='' DAEMON_LOG=$WORK/daemon.log
mkdir -p "$MNT" "$WORK/san" "$WORK/tmp"
chmod 1777 "$WORK/san" "$WORK/tmp"
export MLXFS FSCK STORE MNT WORK TOP MLXFS_SHARED
export ASAN_OPTIONS="log_path=$WORK/san/report:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="log_path=$WORK/san/report:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export TSAN_OPTIONS="log_path=$WORK/san/report:second_deadlock_stack=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
export HOME=$WORK TMPDIR=$WORK/tmp LC_ALL=C.UTF-8

# helper NAME [FOLDER]: $WORK/NAME is the program of FOLDER/NAME.c (tests/model)
helper() {
	need cc
	cc -std=gnu11 -O2 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread \
		-o "$WORK/$1" "$TOP/${2:-tests/model}/$1.c"
}

# ---- what a test says ----

say() { printf '%s\n' "$*"; }
fail() {
	say "FAIL at line ${BASH_LINENO[*]}: $*"
	exit 1
}
skip() {
	say "$*"
	exit 77
}

need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need_fuse() { [ -w /dev/fuse ] || skip "no /dev/fuse here"; }
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}
need_shared() {
	[ -n "$MLXFS_SHARED" ] && [ -e "$MLXFS_SHARED/$1" ] ||
		skip "the folder of real samples ($1) is not here"
}

# ---- the daemon ----

is_mounted() { grep -qF " $MNT fuse" /proc/self/mounts; }
is_alive() { [ -n "$DAEMON" ] && kill -0 "$DAEMON" 2>/dev/null; }

# wait_for SECONDS COMMAND...: until the command succeeds; thrice as long where others
# are at work too
wait_for() {
	local n=$(($1 * 20 * SLOW))
	[ ! -p "${MLXFS_SLOTS:-}" ] || n=$((n * 3))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.05
	done
}

# mount_start [OPTION...]: the daemon in the foreground, stderr in $DAEMON_LOG
mount_start() {
	need_fuse
	[ -x "$MLXFS" ] || fail "$MLXFS is not built"
	"$MLXFS" "$STORE" "$MNT" -f "$@" 2>>"$DAEMON_LOG" >&2 </dev/null &
	DAEMON=$!
	echo "$DAEMON" >>"$WORK/daemons"
	wait_for 20 mount_settled || fail "the mount did not come up: $(tail -5 "$DAEMON_LOG")"
	# a dead mount is in the table, too
	is_alive && is_mounted || fail "the daemon went away: $(tail -5 "$DAEMON_LOG")"
}
# the dead mount of a killed daemon may answer stat from the kernel's memory, but
# no open, so it is not taken for ours
mount_settled() { ! is_alive || { is_mounted && : <"$MNT/README.md"; }; }

# mount_stop: umount, and the daemon must end with 0
mount_stop() { stop_daemon || exit 1; }
stop_daemon() {
	local status=0 pid=$DAEMON
	cd /
	if is_mounted && ! wait_for 10 unmount; then
		say "FAIL: the mount is busy: $(fuser -vm "$MNT" 2>/dev/null || true)"
		return 1
	fi
	[ -n "$pid" ] || return 0
	if ! wait_for 30 is_gone; then
		say "FAIL: the daemon does not end after umount"
		return 1
	fi
	DAEMON=''
	wait "$pid" || status=$?
	[ $status = 0 ] || say "FAIL: the daemon ended with $status"
	return $status
}
unmount() { umount "$MNT" 2>/dev/null || fusermount3 -u "$MNT" 2>/dev/null; }
is_gone() { ! is_alive; }

mount_again() {
	mount_stop
	mount_start "$@"
}

# mount_kill9: as a power cut for the process; the dead mount stays
mount_kill9() {
	kill -9 "$DAEMON"
	wait "$DAEMON" 2>/dev/null || true
	DAEMON=''
}

# at_end COMMAND: at the end, before the mount is taken down; at_last: after
BEFORE='' AFTER=''
at_end() { BEFORE="$*; $BEFORE"; }
at_last() { AFTER="$*; $AFTER"; }

finish() {
	local status=$?
	trap - EXIT ERR
	set +e
	eval "$BEFORE"
	if is_mounted || [ -n "$DAEMON" ]; then
		if [ -n "$DAEMON" ] && ! is_alive; then
			wait "$DAEMON"
			say "FAIL: the daemon went away by itself with $?"
			status=1
			DAEMON=''
		fi
		stop_daemon || status=1
	fi
	if is_mounted; then
		umount -l "$MNT" || fusermount3 -uz "$MNT"
		status=1
	fi
	if is_alive; then
		kill -9 "$DAEMON"
		wait "$DAEMON" 2>/dev/null
		status=1
	fi
	eval "$AFTER"
	if compgen -G "$WORK/san/*" >/dev/null; then
		say "FAIL: a sanitizer reports"
		for report in "$WORK"/san/*; do head -30 "$report"; done
		status=1
	fi
	if [ $status != 0 ] && [ $status != 77 ] && [ -s "$DAEMON_LOG" ]; then
		say "--- the daemon said:"
		tail -20 "$DAEMON_LOG"
	fi
	if [ -n "${WORK_IS_OURS:-}" ]; then
		if [ $status = 0 ]; then
			rm -rf --one-file-system "$WORK"
		else
			say "kept: $WORK"
		fi
	fi
	exit $status
}
trap finish EXIT
on_error() { say "FAIL: $0 line $1: ${2%%$'\n'*}"; }
trap 'on_error $LINENO "$BASH_COMMAND"' ERR

# ---- checks ----

is() { [ "$1" = "$2" ] || fail "${3:-it} is '$1', not '$2'"; }
has() { case $1 in *"$2"*) ;; *) fail "'$2' is not in: $1" ;; esac; }
has_not() { case $1 in *"$2"*) fail "'$2' is in: $1" ;; esac; }
exists() { [ -e "$1" ] || [ -L "$1" ] || fail "$1 is not there"; }
exists_not() { [ ! -e "$1" ] && [ ! -L "$1" ] || fail "$1 is there"; }

# expect_errno NAME OPERATION ARGUMENT...: exactly this system call fails with
# exactly this errno (OK: with none); operations are those of tests/sys.py
expect_errno() {
	local want=$1 got
	shift
	got=$(python3 "$TOP/tests/sys.py" "$@")
	[ "$got" = "$want" ] ||
		fail "(line ${BASH_LINENO[0]} of the test) $(printf '%.80s ' "$@")is $got, not $want"
}

# refused NAME FILE TEXT SENTENCE [ERRORS]: writing TEXT (a file with "@path")
# to FILE fails with NAME, and the reason holds SENTENCE
refused() {
	local errors=${5:-$MNT/.mlx/errors}
	expect_errno "$1" put "$2" "$3"
	[ "$errors" != "$MNT/.mlx/errors" ] || errors="-n 1 $errors"
	# shellcheck disable=SC2086
	has "$(tail $errors)" "$4"
}

# small_disk SIZE: the store is on a disk of its own, $WORK/disk; root only
small_disk() {
	mkdir "$WORK/disk"
	mount -t tmpfs -o size="$1" none "$WORK/disk"
	STORE=$WORK/disk/store
	at_last 'umount "$WORK/disk" 2>/dev/null || umount -l "$WORK/disk"'
}

# on_both DIR <TRIAL: a Python program (tests/trial.py) says the same in a plain
# directory of the disk and in DIR
on_both() {
	local where
	need python3
	mkdir -p "$WORK/plain"
	cat >"$WORK/it.py"
	for where in "$WORK/plain" "$1"; do
		(cd "$where" && PYTHONPATH=$TOP/tests PYTHONDONTWRITEBYTECODE=1 \
			python3 "$WORK/it.py") >"$WORK/said" 2>&1 ||
			fail "in $where: $(cat "$WORK/said")"
		[ "$where" = "$1" ] || mv "$WORK/said" "$WORK/said.plain"
	done
	[ -s "$WORK/said" ] || fail "the trial says nothing"
	diff "$WORK/said.plain" "$WORK/said" ||
		fail "the mount (>) is not as the disk (<)"
}

# as_user UID COMMAND...: as another user; root only
as_user() {
	local uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}

# value FILE KEY...: a field of a JSON file, as text ('' when it is absent)
value() {
	python3 - "$@" <<'PYTHON'
import json, sys
with open(sys.argv[1]) as f:
    doc = json.load(f)
for key in sys.argv[2:]:
    if isinstance(doc, list):
        doc = doc[int(key)] if int(key) < len(doc) else None
    else:
        doc = (doc or {}).get(key)
print("" if doc is None else doc if isinstance(doc, str) else json.dumps(doc))
PYTHON
}

# venv NAME: prints a directory whose bin/ has what tests/venv says; fails without pip
venv() { "$TOP/tests/venv" "$1"; }

# start_run ASSET-PATH [TEXT]: writes `run`, prints the run's name
start_run() {
	local control=$MNT/$1/_mlx/run
	python3 "$TOP/tests/sys.py" ask "$control" "${2:-name:}"
}

# put_component NAME COMMAND: a component of one command of a shell, without quotes
put_component() {
	mkdir -p "$MNT/components/$1"
	cat >"$MNT/components/$1/component.yaml" <<YAML
name: $1
implementation:
  container: {image: busybox, command: [sh, -c, '$2']}
YAML
}

# put_pipeline NAME: a Tekton pipeline, whose spec (tasks: …) comes from stdin
put_pipeline() {
	mkdir -p "$MNT/pipelines/$1"
	{
		printf 'apiVersion: tekton.dev/v1\nkind: PipelineRun\n'
		printf 'metadata: {name: %s}\nspec:\n  pipelineSpec:\n' "$1"
		sed 's/^/    /'
	} >"$WORK/pipeline.yaml"
	cp "$WORK/pipeline.yaml" "$MNT/pipelines/$1/"
}

# jupyter_start PROGRAM [WORD...]: a Jupyter server on the mount, at $port, with the
# token "secret"; its log is jupyter.log, its process $jupyter
jupyter_start() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	(cd "$WORK" && exec "$@" --allow-root --no-browser --ip=127.0.0.1 --port="$port" \
		--ServerApp.port_retries=0 --ServerApp.root_dir="$MNT" \
		--IdentityProvider.token=secret >"$WORK/jupyter.log" 2>&1) &
	jupyter=$!
	at_end jupyter_stop
	wait_for 60 jupyter_answers ||
		fail "the server does not answer: $(tail -5 "$WORK/jupyter.log")"
}
jupyter_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
jupyter_stop() {
	kill "$jupyter" 2>/dev/null || true
	wait "$jupyter" 2>/dev/null || true
}
