#!/bin/bash
# git in an asset directory: init, add, commit, checkout, gc, fsck, clone.
. "${0%/*}/../lib.sh"
need git
export GIT_CONFIG_GLOBAL=$WORK/gitconfig
git config --global user.name Ada
git config --global user.email ada@example.org
git config --global init.defaultBranch main
git config --global safe.directory '*'
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
cd "$MNT/datasets/rainfall"

git init -q
git add .
git commit -qm first
is "$(git status --porcelain)" ''
has_not "$(git ls-files)" _mlx/

echo 'fjord,By the fjord,2' >>stations.csv
sed -i 's/^version: .*/version: 1.3.0/' dataset.yaml
is "$(git status --porcelain)" $' M dataset.yaml\n M stations.csv'
git commit -qam second
git checkout -q HEAD~1
is "$(value _mlx/metadata.json version)" 1.0.0
git checkout -q main
is "$(value _mlx/metadata.json version)" 1.3.0
git gc -q
git fsck --strict
is "$(git log --format=%s)" $'second\nfirst'

# the asset is still itself, and a clone out of the mount is whole
is "$(value _mlx/metadata.json id)" rainfall
git clone -q . "$WORK/clone"
diff -r -x .git -x _mlx . "$WORK/clone"
# a clone into the mount is an asset; git wants no file to be there that it is
# to write, so the link had better be ignored, as the manual page says
(cd "$WORK/clone" && git rm -q --cached _mlx && echo _mlx >.gitignore &&
	git add .gitignore && git commit -qm third)
rm -f "$WORK/clone/_mlx"
sed -i 's/^id: .*/id: cloned/' "$WORK/clone/dataset.yaml"
git -C "$WORK/clone" commit -qam fourth
git clone -q "$WORK/clone" "$MNT/datasets/cloned"
is "$(cd "$MNT/datasets/cloned" && git status --porcelain)" ''
is "$(value "$MNT/datasets/cloned/_mlx/metadata.json" id)" cloned
cd /
