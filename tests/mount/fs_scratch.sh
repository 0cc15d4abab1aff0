#!/bin/bash
# Scratch names beside generated files, as editors and rsync use them: a rename to
# a control file is a write of it, and a rename from one leaves it.
. "${0%/*}/../lib.sh"
need python3 rsync sed
mount_start
asset=$MNT/components/echo
mkdir "$asset"
cp "$TOP/contrib/samples/components/word-count/component.yaml" "$asset/"
view=$asset/_mlx
names() { ls -A "$view" | tr '\n' ' '; }
plain=$(names)

for name in .run.AbCdEf .~run run~ .run.swp 4913 sedAbCdEf '#run#' x.tmp; do
	echo "text of $name" >"$view/$name"
	is "$(cat "$view/$name")" "text of $name"
	has "$(names)" "$name"
	rm "$view/$name"
done
mkdir "$view/.ipynb_checkpoints"
echo x >"$view/.ipynb_checkpoints/run-checkpoint"
rm -r "$view/.ipynb_checkpoints"
is "$(names)" "$plain"

# rsync
printf 'red\n' >"$WORK/tags"
rsync "$WORK/tags" "$view/tags"
is "$(cat "$view/tags")" red
printf 'green\n' >"$WORK/tags"
rsync --inplace "$WORK/tags" "$view/tags"
is "$(cat "$view/tags")" green
# sed -i
sed -i 's/green/blue/' "$view/tags"
is "$(cat "$view/tags")" blue
is "$(names)" "$plain"

# by hand: judged, and both names stay when it is wrong
echo maybe >"$view/.featured.AbCdEf"
expect_errno EINVAL rename "$view/.featured.AbCdEf" "$view/featured"
is "$(cat "$view/.featured.AbCdEf")" maybe
is "$(cat "$view/featured")" 0
has "$(cat "$view/errors")" maybe
echo 1 >"$view/.featured.AbCdEf"
mv "$view/.featured.AbCdEf" "$view/featured"
is "$(cat "$view/featured")" 1
exists_not "$view/.featured.AbCdEf"
echo 'name: moved' >"$view/.run.AbCdEf"
mv "$view/.run.AbCdEf" "$view/run"
exists "$MNT/runs/moved"
is "$(basename "$(readlink "$view/runs/latest")")" moved
: >"$view/.run.AbCdEf"
mv "$view/.run.AbCdEf" "$view/run"
is "$(ls "$MNT/runs")" moved
# from elsewhere mv copies, which is a write too
echo 'name: from-outside' >"$WORK/request"
mv "$WORK/request" "$view/run"
echo 'name: from-inside' >"$asset/request"
mv "$asset/request" "$view/run"
is "$(ls "$MNT/runs" | tr '\n' ' ')" 'from-inside from-outside moved '
# what is not written can't be renamed to
echo x >"$view/.x.AbCdEf"
expect_errno EPERM rename "$view/.x.AbCdEf" "$view/metadata.json"
expect_errno EPERM rename "$view/.x.AbCdEf" "$view/new"
rm "$view/.x.AbCdEf"
# to and from real places, scratch is a file
echo y >"$view/.y.AbCdEf"
mv "$view/.y.AbCdEf" "$asset/y"
is "$(cat "$asset/y")" y

# an editor that moves the old one away and makes a new one
mv "$view/tags" "$view/tags~"
is "$(cat "$view/tags~")" blue
is "$(cat "$view/tags")" blue
echo white >"$view/tags"
rm "$view/tags~"
is "$(cat "$view/tags")" white
is "$(names)" "$plain"

# it survives the daemon, and goes with the last name
echo kept >"$view/.run.swp"
mount_again
is "$(cat "$view/.run.swp")" kept
rm "$view/.run.swp"
for name in $(ls "$MNT/runs"); do cat "$MNT/runs/$name/_mlx/wait" >/dev/null; done
