#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libfuse.sh FOLDER MODE: decides which libfuse the face is linked with, and
# leaves the compiler's words in FOLDER/cflags and FOLDER/libs.
#
#   system  what pkg-config finds
#   static  3.18.3, from Debian's own source package, linked statically
#   auto    the system's where it is 3.17 or newer (kernel passthrough), else
#           static; where that cannot be made (no network), the system's after
#           all, and a word about it
#
# Debian 12 has 3.14. From 3.18.3 on fuse-over-io_uring is safe to use; Debian's
# own packages are built without it, a build with liburing and libnuma has it.
set -eu
folder=$1 mode=${2:-auto}
version=3.18.3
package=$version-1

use_system() {
	pkg-config --cflags fuse3 >"$folder/cflags.new"
	pkg-config --libs fuse3 >"$folder/libs.new"
}

use_static() {
	# our own folder first, whatever the system's pkg-config has
	PKG_CONFIG_PATH="$folder/lib/pkgconfig" \
		pkg-config --cflags fuse3 >"$folder/cflags.new"
	PKG_CONFIG_PATH="$folder/lib/pkgconfig" \
		pkg-config --static --libs fuse3 >"$folder/libs.new"
}

# A private list of sources, with the address that the machine's own use, so
# that nothing of the machine's package system changes.
fetch() {
	uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' \
		/etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
	[ -n "$uri" ] || uri=$(sed -n \
		's/^deb \(\[[^]]*\] \)*\([^ ]*\) .*/\2/p' \
		/etc/apt/sources.list 2>/dev/null | head -n 1)
	[ -n "$uri" ] || return 1
	mkdir -p "$work/lists/partial"
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb-src [signed-by=$key] $uri sid main" >"$work/sid.list"
	set -- -qq -o Dir::Etc::SourceList="$work/sid.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root
	apt-get "$@" update &&
		apt-get "$@" source --download-only "fuse3=$package"
}

build() {
	work=$folder/work
	rm -rf "$work" && mkdir -p "$work" && cd "$work"
	fetch && dpkg-source --no-check -x "fuse3_$package.dsc" src &&
		meson setup src/b src --prefix="$folder" --libdir=lib \
			--buildtype=release -Ddefault_library=static \
			-Dexamples=false -Dutils=false -Dtests=false \
			-Dinitscriptdir= &&
		grep -q HAVE_URING src/b/fuse_config.h &&
		ninja -C src/b install
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if [ "$mode" = auto ] && pkg-config --atleast-version=3.17 fuse3; then
	mode=system
fi
if [ "$mode" = system ]; then
	use_system
elif [ -e "$folder/lib/libfuse3.a" ] ||
	(build) >"$folder/build.log" 2>&1; then
	rm -rf "$folder/work"
	use_static
elif [ "$mode" = auto ]; then
	echo "libfuse $version could not be built here (see $folder/build.log):" \
		"the system's is used, without kernel passthrough" >&2
	use_system
else
	tail -n 20 "$folder/build.log" >&2
	exit 1
fi
mv "$folder/cflags.new" "$folder/cflags"
mv "$folder/libs.new" "$folder/libs"
