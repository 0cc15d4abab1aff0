#!/bin/bash
# rsync in all its ways of writing; the second time nothing is to do.
. "${0%/*}/../lib.sh"
need rsync
mount_start
src=$WORK/src dst=$MNT/datasets/set
mkdir -p "$src/sub"
cp "$TOP"/contrib/samples/datasets/rainfall/* "$src/"
head -c 3000000 /dev/urandom >"$src/sub/large"
ln -s large "$src/sub/link"
touch -d '2001-02-03 04:05:06' "$src/sub/large" "$src/sub"

same() {
	diff -r -x _mlx --no-dereference "$src" "$dst"
	# itemised: no line means that nothing at all would change
	is "$(rsync -ai "$@" --exclude=/_mlx "$src/" "$dst/")" '' 'a second transfer'
	has "$(rsync -a --stats "$@" "$src/" "$dst/")" 'Number of regular files transferred: 0'
}

rsync -a "$src/" "$dst/"
same
is "$(value "$dst/_mlx/metadata.json" id)" rainfall
mount_again
same

day=0
# changed in the middle: by a temporary name, in place, appended, partial
for way in --whole-file --no-whole-file --inplace --append --append-verify --partial \
	--partial-dir=.part --delay-updates --checksum; do
	case $way in
	--append*) head -c 100000 /dev/urandom >>"$src/sub/large" ;;
	*) printf '%s' "$way" | dd of="$src/sub/large" bs=1 seek=1000 conv=notrunc status=none ;;
	esac
	# rsync looks at whole seconds, and more than one may not have passed
	day=$((day + 1))
	touch -d "2010-01-01 + $day days" "$src/sub/large"
	rsync -a "$way" "$src/" "$dst/"
	same
done
# shorter, in place
truncate -s 1000000 "$src/sub/large"
rsync -a --inplace "$src/" "$dst/"
same

# --delete: what is not in the source goes, what is generated stays reachable
rm "$src/stations.csv"
rsync -a --delete "$src/" "$dst/"
exists_not "$dst/stations.csv"
is "$(value "$dst/_mlx/metadata.json" id)" rainfall
# another time nothing is to delete; --delete may want the link gone each time
is "$(rsync -ai --delete --exclude=/_mlx "$src/" "$dst/")" ''
rsync -a --delete --delete-excluded "$src/" "$dst/"
rsync -aHAX --numeric-ids "$src/" "$dst/" 2>"$WORK/said" || {
	# no extended attributes: rsync says so and goes on
	has "$(cat "$WORK/said")" upported
}
diff -r -x _mlx --no-dereference "$src" "$dst"

# a spec made wrong: rsync ends with 23, the old one stays in force
echo 'id: [1]' >"$src/dataset.yaml"
status=0
rsync -a "$src/" "$dst/" 2>"$WORK/said" || status=$?
is $status 23 "rsync's status"
is "$(value "$dst/_mlx/metadata.json" id)" rainfall
has "$(cat "$dst/_mlx/errors")" dataset.yaml

# out of the mount, with links kept as links
rsync -a --exclude=/_mlx "$dst/" "$WORK/out/"
cmp "$src/sub/large" "$WORK/out/sub/large"
