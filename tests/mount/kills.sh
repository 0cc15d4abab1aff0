#!/bin/bash
# kill -9 of the daemon before, in and after each system call of an upload by cp,
# rsync, tar and Jupyter (tests/kills/kills.c), and of a program that writes files
# with equal contents; then what close() acknowledged is there, no file holds what
# nobody wrote, the index agrees, and the same command brings the rest. KILLS: how
# many, else as many as RANDOM_SECONDS (20) allow, and one a client; KILL_SEED: where
# they begin; KILL_CLIENTS: which of cp, rsync, tar and share.
# limit: 400 s, since what is missing is installed first
. "${0%/*}/../lib.sh"
need rsync python3 tar cc
kills=${KILLS:-32} seed=${KILL_SEED:-$RANDOM}
helper kills tests/kills
src=$WORK/src dst=$MNT/datasets/upload
mkdir -p "$src/sub/deep"
cp "$TOP"/contrib/samples/datasets/rainfall/* "$src/"
: >"$src/sub/empty.dat"
head -c 5 /dev/urandom >"$src/sub/small.dat"
head -c 131072 /dev/urandom >"$src/sub/deep/even.dat"
head -c 300001 /dev/urandom >"$src/sub/deep/odd.dat"
for n in 1 2 3 4; do head -c 200000 /dev/urandom >"$src/twin-$n.dat"; done
cp "$src/twin-1.dat" "$src/copy.dat"
tar -C "$src" -cf "$WORK/src.tar" .

upload_cp() { echo cp -rT "$src" "$dst"; }
upload_rsync() { echo rsync -a "$src/" "$dst/"; }
upload_tar() { echo tar -C "$dst" -xf "$WORK/src.tar"; }
upload_jupyter() { echo python3 "$TOP/tests/kills/jupyter.py" "$port" "$src" datasets/upload; }
upload_share() { echo python3 "$TOP/tests/kills/share.py" "$src" "$dst"; }
clients=${KILL_CLIENTS-cp rsync tar share}

# ---- a Jupyter server, where there is one ----

start_jupyter() {
	local env
	env=$(venv jupyter) || return 0
	jupyter_start "$env/bin/python" -m jupyter_server \
		--FileContentsManager.delete_to_trash=False
	clients="$clients jupyter"
}

# ---- files with equal contents ----

have_one_blob() { [ "$(find "$STORE/blobs" -type f -size 200000c | wc -l)" = 1 ]; }
make_equal() {
	cp -rT "$src" "$dst"
	rm "$dst/copy.dat"
	head -c 200000 /dev/zero | tee "$dst"/twin-[1-4].dat >/dev/null
	wait_for 60 have_one_blob || fail "the files have blobs of their own"
	mount_stop
	cp -a "$STORE" "$WORK/equal"
	mount_start
}
# a store of another time, which has them already
begin_equal() {
	if [ ! -e "$WORK/equal" ]; then
		make_equal
		return
	fi
	mount_stop
	rm -r "$STORE"
	cp -a "$WORK/equal" "$STORE"
	mount_start
}

# ---- a kill, and a look ----

# run CLIENT POINT: the upload, in which the daemon dies
run() {
	local asked=()
	[ "$1" != jupyter ] || asked=(-p "$jupyter")
	[ "$1" != tar ] || mkdir -p "$dst"
	[ "$1" != share ] || begin_equal
	# shellcheck disable=SC2046
	"$WORK/kills" "$MNT" "$DAEMON" "$2" "$WORK/log" "${asked[@]}" $(upload_"$1") \
		>"$WORK/said" 2>&1
}
# kill_in CLIENT POINT: what the shell says of the death is left out
kill_in() {
	{
		run "$1" "$2" || true
		! grep -q '^killed' "$WORK/log" || wait "$DAEMON" || true
	} 2>/dev/null
	grep -q '^killed' "$WORK/log"
}
finish_upload() {
	# shellcheck disable=SC2046
	$(upload_"$1") >"$WORK/said" 2>&1 || fail "$1 again: $(cat "$WORK/said")"
	# temporary files of rsync and of our jupyter.py, of the time before
	find "$dst" \( -name '.*.??????' -o -name '*.part*' \) -type f -delete
	diff -r -x _mlx -x .ipynb_checkpoints "$src" "$dst"
	is "$(value "$dst/_mlx/metadata.json" state)" registered
	python3 "$TOP/tests/powercut/agree.py" "$MNT" >"$WORK/said" || fail "$(cat "$WORK/said")"
	rm -r "$dst"
}
look() { # CLIENT
	"$FSCK" -n "$STORE" >"$WORK/said" 2>&1 || fail "fsck: $(cat "$WORK/said")"
	mount_start
	if [ -e "$dst" ]; then
		python3 "$TOP/tests/kills/verify.py" "$src" "$dst" "$WORK/log" >"$WORK/said" ||
			fail "$(cat "$WORK/said" "$WORK/log")"
		python3 "$TOP/tests/powercut/agree.py" "$MNT" >"$WORK/said" 2>&1 ||
			fail "$(cat "$WORK/said")"
		if grep -q "^closed .*$dst/dataset.yaml$" "$WORK/log"; then
			is "$(value "$dst/_mlx/metadata.json" state)" registered
		fi
	else
		expect_no_ack
	fi
	finish_upload "$1"
}
expect_no_ack() {
	! grep -q "^[cm][a-z]* .*$dst" "$WORK/log" || fail "nothing is there: $(cat "$WORK/log")"
}

mount_start
start_jupyter
SECONDS=0
declare -A points
for client in $clients; do
	run "$client" 0 || fail "$client: $(cat "$WORK/said")"
	points[$client]=$(sed -n 's/^points //p' "$WORK/log")
	diff -r -x _mlx -x .ipynb_checkpoints "$src" "$dst"
	rm -r "$dst"
done
read -ra list <<<"$clients"
each=$(((kills + ${#list[@]} - 1) / ${#list[@]}))
client='' point=0
again() {
	# shellcheck disable=SC2154 # it is finish's
	[ $status = 0 ] || [ $point = 0 ] ||
		say "the same: KILLS=1 KILL_CLIENTS=$client KILL_SEED=$((point - 1)) tests/mount/kills.sh"
}
at_end again
for ((i = ${KILL_FROM:-0}; i < kills; i++)); do
	[ -n "${KILLS:-}" ] || [ $i -lt ${#list[@]} ] ||
		[ $SECONDS -lt "${RANDOM_SECONDS:-20}" ] || break
	client=${list[i % ${#list[@]}]}
	all=${points[$client]} j=$((i / ${#list[@]}))
	# few: spread over all of it; many: one after another, again and again
	[ $each -ge "$all" ] || j=$((j * all / each))
	point=$(((seed + j) % all + 1))
	if ! kill_in "$client" $point; then
		say "$client took a shorter way than $point points"
		rm -rf "$dst"
		continue
	fi
	DAEMON=''
	say "$SECONDS s: kill $i of $kills: $client, at point $point of $all"
	look "$client"
done
for client in $clients; do say "$client: ${points[$client]} points"; done
mount_stop
"$FSCK" -n "$STORE"
