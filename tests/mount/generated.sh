#!/bin/bash
# Generated files: exact sizes, no writing (for root neither), no removing for
# good; tags, featured and published are written as in sysfs.
. "${0%/*}/../lib.sh"
need python3
samples=$TOP/contrib/samples
mount_start
cp -r "$samples/datasets/rainfall" "$MNT/datasets/"
mlx=$MNT/datasets/rainfall/_mlx
is "$(readlink "$mlx")" ../../.mlx/datasets/rainfall
is "$(readlink "$MNT/_mlx")" .mlx
has_not "$(ls -a "$MNT")" .mlx

for name in metadata.json checks.json errors SHA256SUMS pipeline.py; do
	is "$(stat -c %a "$mlx/$name")" 444 "the mode of $name"
	is "$(wc -c <"$mlx/$name")" "$(stat -c %s "$mlx/$name")" "the size of $name"
	got=$(python3 "$TOP/tests/sys.py" put "$mlx/$name" x)
	case $got in EACCES | EPERM | EROFS) ;; *) fail "writing $name is $got" ;; esac
	cp "$mlx/$name" "$WORK/$name"
	cmp "$mlx/$name" "$WORK/$name"
done
python3 - "$mlx/metadata.json" <<'PYTHON'
import json, mmap, sys
with open(sys.argv[1], "rb") as f, mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as m:
    assert json.loads(m[:])["id"] == "rainfall"
PYTHON
rsync -a "$mlx/" "$WORK/behind/" --exclude=runs
cmp "$mlx/metadata.json" "$WORK/behind/metadata.json"
exists "$mlx/metadata.json"

# one value a line
printf 'wet\ncold\n' >"$mlx/tags"
is "$(cat "$mlx/tags")" $'wet\ncold'
is "$(value "$mlx/metadata.json" tags)" '["wet", "cold"]'
for flag in featured published; do
	echo 1 >"$mlx/$flag"
	is "$(value "$mlx/metadata.json" $flag)" true
	refused EINVAL "$mlx/$flag" perhaps perhaps "$mlx/errors"
	echo no >"$mlx/$flag"
	is "$(value "$mlx/metadata.json" $flag)" false
done
python3 -c 'print("t" * 5000)' >"$WORK/long"
expect_errno EINVAL put "$mlx/tags" "@$WORK/long"
is "$(cat "$mlx/tags")" $'wet\ncold'
mount_again
is "$(cat "$mlx/tags")" $'wet\ncold'

# the whole: status.json counts, log and README are there
is "$(value "$MNT/.mlx/status.json" assets datasets)" 1
[ -s "$MNT/README.md" ] || fail "no README.md"
cat "$MNT/.mlx/log" >/dev/null
# editors' scratch names next to a control file
expect_errno OK create "$mlx/.run.yaml.swp"
expect_errno OK put "$mlx/4913" x
expect_errno OK unlink "$mlx/4913"
expect_errno OK unlink "$mlx/.run.yaml.swp"
# a rename onto a control file is a write of it
printf 'dry\n' >"$mlx/.tags.AbCdEf"
expect_errno OK rename "$mlx/.tags.AbCdEf" "$mlx/tags"
is "$(cat "$mlx/tags")" dry
