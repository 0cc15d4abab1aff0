#!/bin/bash
# What is no YAML, or too much of it, is refused at close, with a sentence; the
# bytes stay where they were put, and the last valid spec stays in force.
. "${0%/*}/../lib.sh"
need python3
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
spec=$MNT/datasets/rainfall/dataset.yaml
errors=$MNT/datasets/rainfall/_mlx/errors
good=$TOP/contrib/samples/datasets/rainfall/dataset.yaml

# bad ERRNO SENTENCE: what $WORK/bad holds
bad() {
	refused "$1" "$spec" "@$WORK/bad" "$2" "$errors"
	has "$(tail -1 "$MNT/.mlx/errors")" datasets/rainfall/dataset.yaml
	cmp "$WORK/bad" "$spec"
	is "$(value "$MNT/datasets/rainfall/_mlx/metadata.json" id)" rainfall
	# by a rename over the right one: both names stay as they were
	cp "$good" "$spec"
	is "$(cat "$errors")" ''
	cp "$WORK/bad" "$MNT/datasets/rainfall/.tmp"
	expect_errno "$1" rename "$MNT/datasets/rainfall/.tmp" "$spec"
	cmp "$good" "$spec"
	cmp "$WORK/bad" "$MNT/datasets/rainfall/.tmp"
	cp "$good" "$spec"
}

printf 'id: rainfall\nname: [unclosed\n' >"$WORK/bad"
bad EINVAL line
printf 'id: rainfall\n\tname: tab\n' >"$WORK/bad"
bad EINVAL 'line 2'
printf 'id: a\nid: b\n' >"$WORK/bad"
bad EINVAL 'line 2'
printf 'id: \xff\xfe\n' >"$WORK/bad"
bad EINVAL ''
printf 'just a sentence\n' >"$WORK/bad"
bad EINVAL ''
: >"$WORK/bad.empty"

# a bomb: ten anchors, each ten times the one before
python3 - >"$WORK/bad" <<'PYTHON'
print("a0: &a0 [x, x, x, x, x, x, x, x, x, x]")
for n in range(1, 12):
    print(f"a{n}: &a{n} [{', '.join(['*a%d' % (n - 1)] * 10)}]")
PYTHON
bad EFBIG ''
# 200 KB of [
head -c 200000 /dev/zero | tr '\0' '[' >"$WORK/bad"
bad EFBIG ''
# an alias of itself
printf 'a: &a [*a]\n' >"$WORK/bad"
bad EINVAL ''
# more than a mebibyte, of nothing
python3 -c 'print("#" * (1 << 20) + "\nid: a")' >"$WORK/bad"
bad EFBIG ''
# 60 000 events
python3 -c 'print("a: [" + "1, " * 60000 + "1]")' >"$WORK/bad"
bad EFBIG ''

# the daemon is none the worse for it
is "$(value "$MNT/.mlx/status.json" version)" "$("$MLXFS" --version | grep -oE '[0-9]+\.[0-9.]+[0-9]')"
mount_again
cmp "$good" "$spec"
