# SPDX-License-Identifier: Apache-2.0
# bash completion for mlxfs and fsck.mlxfs
_mlxfs() {
	local now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	case $before in
	-o)
		local done_ones=
		[[ $now != *,* ]] || done_ones=${now%,*},
		mapfile -t COMPREPLY < <(compgen -P "$done_ones" \
			-W "ro rw allow_other subtype= nosuid nodev noexec noatime" \
			-- "${now##*,}")
		compopt -o nospace
		return
		;;
	--export)
		mapfile -t COMPREPLY < <(compgen -d -- "$now")
		compopt -o filenames
		return
		;;
	esac
	case $now in
	-*)
		local words="-f -d -o --help --version"
		[[ ${COMP_WORDS[0]##*/} != fsck.mlxfs ]] ||
			words="-n -y --rebuild --export --help --version"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$now")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -d -- "$now")
		compopt -o filenames
		;;
	esac
}
complete -F _mlxfs mlxfs fsck.mlxfs
