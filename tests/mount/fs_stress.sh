#!/bin/bash
# Many at once in the same directories, while files are dropped there, runs start
# and end, and those who wait are told: nothing stands still, nothing is left.
. "${0%/*}/../lib.sh"
need rsync
mount_start
samples=$TOP/contrib/samples
seconds=8
# not every step can succeed while others remove what it needs; the loops go on
set +e
trap - ERR
until_then() { while [ $SECONDS -lt $seconds ]; do "$@"; done >/dev/null 2>&1; }
drop() {
	local name=$MNT/components/d$1-$((RANDOM % 3)).yaml
	sed "s/^name:.*/name: Drop $1 $((RANDOM % 3))/" \
		"$samples/components/word-count/component.yaml" >"$WORK/drop.$1"
	cp "$WORK/drop.$1" "$name"
	rm -f "$name"
}
look() {
	ls -lR "$MNT/components" "$MNT/runs" "$MNT/.mlx"
	stat "$MNT/components/drop-1-1"
}
move() {
	mkdir "$MNT/components/m$1"
	echo x >"$MNT/components/m$1/f"
	mv "$MNT/components/m$1" "$MNT/models/"
	cat "$MNT/models/m$1/_mlx/"*
	rm -r "$MNT/models/m$1"
}
sync_all() {
	rsync -a --omit-dir-times "$samples/" "$MNT/" --exclude README.md
	rm -rf "$MNT"/pipelines/*
}
run() {
	local asset=$MNT/components/go name
	mkdir -p "$asset"
	sed 's/^name:.*/name: Go/' "$samples/components/word-count/component.yaml" \
		>"$asset/component.yaml"
	name=$(python3 "$TOP/tests/sys.py" ask "$asset/_mlx/run" 'name:')
	cat "$MNT/runs/$name/_mlx/wait" && rm -r "$MNT/runs/$name"
}
write() {
	dd if=/dev/zero of="$MNT/datasets/w$1" bs=64k count=8 conv=fsync
	rm "$MNT/datasets/w$1"
}
SECONDS=0
for job in 'drop 1' 'drop 2' look 'move 1' 'move 2' sync_all run 'write 1' 'write 2'; do
	until_then $job &
	jobs="${jobs:-} $!"
done
over() {
	local pid
	for pid in $jobs; do
		if kill -0 "$pid" 2>/dev/null; then return 1; fi
	done
}
wait_for 40 over || fail "it stands still: $(ps -o pid,stat,wchan:25,args --ppid "$(echo $$ $jobs | tr " " ,)")"
set -e
is "$(ls -A "$MNT/runs")" ''
rm -rf "$MNT"/{components,datasets,models,notebooks,pipelines}/*
mount_again
is "$(find "$MNT" -mindepth 2 -name '[a-z]*' | wc -l)" 0
