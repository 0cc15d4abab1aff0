#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-deps.sh build|demo|check ...: installs what of Debian's packages this
# machine lacks for building, for the demo, or for the tests, as root or with
# sudo, without asking. Says nothing and touches nothing when all is there.
set -eu

build='gcc libc6-dev pkg-config libsqlite3-dev libyaml-dev libcjson-dev
libcurl4-openssl-dev libssl-dev zlib1g-dev libarchive-dev libfuse3-dev fuse3'
# what fs/libfuse.sh builds a newer libfuse with
build="$build meson ninja-build dpkg-dev liburing-dev libnuma-dev"
demo='rsync'
check='clang clang-tidy clang-format cppcheck libclang-rt-dev git python3
python3-venv rsync vim nano procps psmisc attr acl e2fsprogs
sqlite3 jq bubblewrap chromium fonts-dejavu-core'

wanted() {
	for set; do
		case $set in
		build) echo $build ;;
		demo) echo $demo ;;
		check) echo $check ;;
		*)
			echo "install-deps.sh: no such set: $set" >&2
			exit 2
			;;
		esac
	done
}

is_installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx installed
}

is_known() {
	[ -n "$(apt-cache -q=2 policy "$1" 2>/dev/null |
		sed -n '/Candidate: [^(]/p')" ]
}

missing() {
	for package in $(wanted "$@"); do
		is_installed "$package" || echo "$package"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "install-deps.sh: not root, and no sudo. As root:" \
			"apt-get install" $lacking >&2
		exit 1
	fi
}

if ! command -v apt-get >/dev/null; then
	echo "install-deps.sh: no apt-get here; make sure these are installed" \
		"(Debian's names):" $(wanted "$@") >&2
	exit 0
fi
lacking=$(missing "$@")
[ -n "$lacking" ] || exit 0
as_root apt-get -qq update || echo "install-deps.sh: going on with old lists" >&2
known=
for package in $lacking; do
	# a name that another release does not have is left out
	is_known "$package" && known="$known $package"
done
[ -n "$known" ] || exit 0
echo "installing:$known"
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	-o Dpkg::Use-Pty=0 install --no-install-recommends $known >/dev/null
