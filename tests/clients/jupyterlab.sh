#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# JupyterLab in a browser, on a mount, as a person uses it: jupyterlab.mjs says
# what is seen and done. MLXFS_PICTURE=FILE.png has it write the picture of the
# README.
# once: most of its time is the browser's
# limit: 400 s, since what is missing is installed first
. "${0%/*}/../lib.sh"
need python3 chromium
playwright=playwright-core@1.64.1
env=$(venv lab) ||
	skip "pip can't install jupyterlab here"
modules=${MLXFS_VENVS:-/var/tmp/mlxfs-venvs}/playwright

# Playwright wants node 20; Debian 12 has 18, and 376 packages for its npm.
# $MLXFS_NODE=pip: take pip's node in any case.
node=$(command -v node || true)
is_new() { [ "$("$1" -p 'process.versions.node.split(".")[0] >= 20')" = true ]; }
if [ "${MLXFS_NODE:-}" = pip ] || [ -z "$node" ] || ! is_new "$node" ||
	! command -v npm >/dev/null; then
	with_node=$(venv node) ||
		skip "there is no node 20, and pip can't install it here"
	node=$with_node/bin/node
fi

# npm's cache and settings would go to the test's HOME, and there anew each time
install_playwright() {
	(
		flock 9
		[ "$(cat "$modules/.made" 2>/dev/null)" = "$playwright" ] && exit 0
		rm -rf "$modules"
		mkdir -p "$modules"
		cd "$modules" && echo '{"private": true}' >package.json &&
			PATH=${node%/*}:$PATH npm install --silent --no-audit \
				--no-fund --ignore-scripts --cache "$modules/cache" \
				"$playwright" &&
			rm -rf "$modules/cache" && echo "$playwright" >.made
	) 9>"$modules.lock" >&2
}
install_playwright || skip "npm can't install playwright-core here"

mount_start
for kind in components datasets models notebooks pipelines; do
	cp -r "$TOP/contrib/samples/$kind"/* "$MNT/$kind/"
done
mkdir "$MNT/components/greet"
cat >"$MNT/components/greet/component.yaml" <<'YAML'
name: Greet
inputs:
  - {name: who, type: String, default: world}
implementation:
  container:
    image: busybox
    command: [sh, -c, 'echo "hello, $0"', {inputValue: who}]
YAML

# no question about news, and nothing that asks the network
settings=$HOME/.jupyter/lab/user-settings/@jupyterlab/apputils-extension
mkdir -p "$settings"
echo '{"fetchNews": "false"}' >"$settings/notification.jupyterlab-settings"
jupyter_start "$env/bin/jupyter-lab" --LabApp.news_url=None \
	--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	--LabApp.extension_manager=readonly

"$node" "$TOP/tests/clients/jupyterlab.mjs" "$modules" "$(command -v chromium)" \
	"http://127.0.0.1:$port" "$MNT" "$WORK" || {
	grep -E '^\[[WE] ' "$WORK/jupyter.log" | tail -20
	fail "the visit; what was seen last is in $WORK/failed.png"
}
jupyter_stop
