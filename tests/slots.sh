# SPDX-License-Identifier: Apache-2.0
# Sourced. Whoever runs tests at the same time as others shares places with them,
# so that all together keep the processors busy and no test starves: a place is a
# byte in the pipe $MLXFS_SLOTS. Without one nobody has to wait.

# slots_open COUNT: for this process and all that it starts
slots_open() {
	MLXFS_SLOTS=$(mktemp -u)
	mkfifo -m 600 "$MLXFS_SLOTS"
	exec 7<>"$MLXFS_SLOTS"
	printf '%*s' "$1" '' >&7
	export MLXFS_SLOTS
}
slots_close() { rm -f "$MLXFS_SLOTS"; }

slot_take() { [ ! -p "${MLXFS_SLOTS:-}" ] || read -r -N 1 _ <>"$MLXFS_SLOTS"; }
slot_give() { [ ! -p "${MLXFS_SLOTS:-}" ] || printf ' ' 1<>"$MLXFS_SLOTS"; }

# slot COMMAND...: runs it when there is a place
slot() {
	local status=0
	slot_take
	"$@" || status=$?
	slot_give
	return $status
}
