#!/bin/bash
# Mounted by root for all: each file is its maker's, permissions hold, and a run's
# steps execute as the user who wrote `run`.
. "${0%/*}/../lib.sh"
need_root
need python3
mount_start
ann=12001 bob=12002
sys() { as_user "$1" python3 "$TOP/tests/sys.py" "${@:2}"; }
as_user $ann true || skip "no other uid can be taken here"
as_user $ann python3 -c pass 2>/dev/null || {
	# python may be installed for root alone
	[ -x /usr/bin/python3 ] || skip "python3 is root's alone"
	sys() { as_user "$1" /usr/bin/python3 "$TOP/tests/sys.py" "${@:2}"; }
}
as_user $ann test -r "$TOP/tests/sys.py" || {
	cp "$TOP/tests/sys.py" "$WORK/sys.py"
	chmod 644 "$WORK/sys.py"
	sys() { as_user "$1" /usr/bin/python3 "$WORK/sys.py" "${@:2}"; }
}
cp -r "$TOP/contrib/samples" "$WORK/samples"
chmod -R a+rX "$WORK/samples"

as_user $ann cp -r "$WORK/samples/datasets/rainfall" "$MNT/datasets/anns"
as_user $ann cp -r "$WORK/samples/components/word-count" "$MNT/components/anns"
is "$(stat -c '%u %g' "$MNT/datasets/anns/rainfall.csv" "$MNT/datasets/anns" | sort -u)" "$ann $ann"
is "$(value "$MNT/datasets/anns/_mlx/metadata.json" id)" rainfall

# bob reads, and may not write
as_user $bob cat "$MNT/datasets/anns/rainfall.csv" >/dev/null
as_user $bob cat "$MNT/datasets/anns/_mlx/metadata.json" >/dev/null
is "$(sys $bob create "$MNT/datasets/anns/x")" EACCES
is "$(sys $bob append "$MNT/datasets/anns/rainfall.csv" x)" EACCES
is "$(sys $bob unlink "$MNT/datasets/anns/rainfall.csv")" EACCES
is "$(sys $bob chmod "$MNT/datasets/anns/rainfall.csv" 777)" EPERM
is "$(sys $bob chown "$MNT/datasets/anns/rainfall.csv" $bob $bob)" EPERM
as_user $ann chmod 700 "$MNT/datasets/anns"
is "$(sys $bob stat "$MNT/datasets/anns/rainfall.csv")" EACCES
# what is private is not told by what is generated
is "$(sys $bob open "$MNT/.mlx/datasets/anns/SHA256SUMS" O_RDONLY)" EACCES
as_user $ann cat "$MNT/datasets/anns/rainfall.csv" >/dev/null
# another's asset can't be replaced or taken away
is "$(sys $bob rename "$MNT/datasets/anns" "$MNT/datasets/bobs")" EPERM
exists "$MNT/datasets/anns"

# each in the own trash
is "$(sys $ann mkdir "$MNT/.Trash-$ann")" OK
is "$(sys $bob mkdir "$MNT/.Trash-$ann-x")" EPERM

# runs: the steps' uid is the writer's, not the asset's owner's
cat >"$WORK/who.yaml" <<'YAML'
name: Who
implementation:
  container:
    image: busybox
    command: [sh, -c, 'id -u; id -g; echo made >"$0"', {outputPath: made}]
outputs:
  - {name: made, type: String}
YAML
chmod 644 "$WORK/who.yaml"
as_user $ann mkdir "$MNT/components/who"
as_user $ann cp "$WORK/who.yaml" "$MNT/components/who/component.yaml"
chmod 666 "$MNT/components/who/_mlx/run" 2>/dev/null || true
for user in $ann $bob; do
	got=$(sys $user put "$MNT/components/who/_mlx/run" "name: of-$user")
	if [ $user = $bob ] && [ "$got" = EACCES ]; then
		continue # only the owner may start it: right too
	fi
	is "$got" OK "starting a run as $user"
	is "$(cat "$MNT/runs/of-$user/_mlx/wait")" SUCCEEDED "$(cat "$MNT/runs/of-$user/log")"
	has "$(cat "$MNT/runs/of-$user/log")" "$user"
	is "$(stat -c '%u %g' "$MNT/runs/of-$user")" "$user $user"
	is "$(stat -c %u "$MNT/runs/of-$user/outputs/made")" $user
done
# bob can neither cancel nor remove a run of ann's
is "$(sys $bob rmdir "$MNT/runs/of-$ann")" EPERM
mount_again
is "$(stat -c '%u %g' "$MNT/datasets/anns/rainfall.csv")" "$ann $ann"
