#!/bin/bash
# File handles, which an NFS server keeps for its clients: they open what they were
# made of when the kernel has forgotten it, after renames and in a new mount, and are
# ESTALE when it is gone; and the kernel's NFS server itself, where there is one.
. "${0%/*}/../lib.sh"
need_root
need python3
[ -w /proc/sys/vm/drop_caches ] || skip "caches can't be dropped here"
handle() { python3 "$TOP/tests/handles.py" "$@"; }
forget_all() { echo 2 >/proc/sys/vm/drop_caches; }
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
asset=$MNT/datasets/rainfall
mkdir -p "$asset/a/b/c"
echo deep >"$asset/a/b/c/file"
ln -s nowhere "$asset/a/link"
names='. datasets datasets/rainfall datasets/rainfall/rainfall.csv
datasets/rainfall/a/b/c datasets/rainfall/a/b/c/file datasets/rainfall/a/link
.mlx .mlx/datasets/rainfall .mlx/datasets/rainfall/metadata.json'

declare -A handles inos
for name in $names; do
	handles[$name]=$(handle get "$MNT/$name")
	inos[$name]=$(stat -c %i "$MNT/$name")
	has "${handles[$name]}" :
done
all_open() {
	local name said all=()
	for name in $names; do all+=("${handles[$name]}"); done
	said=$(handle open "$MNT" "${all[@]}")
	for name in $names; do
		is "${said%%[ $'\n']*}" "${inos[$name]}" "$1: $name"
		said=${said#*$'\n'}
	done
	is "$(handle read "$MNT" "${handles[datasets/rainfall/a/b/c/file]}")" deep
	cmp <(handle read "$MNT" "${handles[datasets/rainfall/rainfall.csv]}") "$asset/rainfall.csv"
}
all_open 'at once'
for i in 1 2; do
	forget_all
	all_open "forgotten, $i"
done
# the server asks for the way up from a directory that it knows by number alone
forget_all
is "$(handle open "$MNT" "${handles[datasets/rainfall/a/b/c]}")" \
	"${inos[datasets/rainfall/a/b/c]} $asset/a/b/c"

# under another name, and in another directory
mv "$asset/a/b" "$asset/b2"
forget_all
is "$(handle open "$MNT" "${handles[datasets/rainfall/a/b/c]}")" \
	"${inos[datasets/rainfall/a/b/c]} $asset/b2/c"
is "$(handle read "$MNT" "${handles[datasets/rainfall/a/b/c/file]}")" deep
is "$(handle get "$asset/b2/c/file")" "${handles[datasets/rainfall/a/b/c/file]}"

# in a new mount; after a kill, too
mount_again
all_open 'a new mount'
forget_all
all_open 'a new mount, forgotten'
mount_kill9
mount_start
all_open 'after a kill'

# while many look for many
for i in 1 2 3 4; do
	(for j in 1 2 3; do all_open "many, $i $j"; done) &
	pids="${pids:-} $!"
done
for i in 1 2 3 4 5; do
	echo 2 >/proc/sys/vm/drop_caches
	sleep 0.1
done
for pid in $pids; do wait "$pid" || exit 1; done

# gone is gone, for a new file of the name, too
rm "$asset/b2/c/file"
is "$(handle open "$MNT" "${handles[datasets/rainfall/a/b/c/file]}")" ESTALE
echo new >"$asset/b2/c/file"
forget_all
is "$(handle open "$MNT" "${handles[datasets/rainfall/a/b/c/file]}")" ESTALE
rm -r "$asset/b2"
for again in 1 2; do
	is "$(handle open "$MNT" "${handles[datasets/rainfall/a/b/c]}")" ESTALE
	is "$(handle open "$MNT" "${handles[datasets/rainfall/a/b/c/file]}")" ESTALE
	[ $again = 2 ] || mount_again
done
rm -r "$asset"
forget_all
is "$(handle open "$MNT" "${handles[datasets/rainfall]}")" ESTALE
is "$(handle open "$MNT" "${handles[.mlx/datasets/rainfall/metadata.json]}")" ESTALE
