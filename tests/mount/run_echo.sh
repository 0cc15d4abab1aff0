#!/bin/bash
# The real echo component prints its text, by default and as given.
. "${0%/*}/../lib.sh"
need_shared katalog/component-samples/echo
mount_start
cp -r "$MLXFS_SHARED/katalog/component-samples/echo" "$MNT/components/"
asset=$MNT/components/echo
echo >"$asset/_mlx/run"
dir=$asset/_mlx/runs/latest
is "$(cat "$dir/_mlx/wait")" SUCCEEDED
is "$(basename "$(realpath "$dir")")" echo-0001
has "$(cat "$dir/log")" 'start Hello World '
has "$(cat "$dir/log")" ' end'
echo 'parameters: {input_text: "a b  $(id) ; c"}' >"$asset/_mlx/run"
is "$(cat "$dir/_mlx/wait")" SUCCEEDED
is "$(basename "$(realpath "$dir")")" echo-0002
has "$(cat "$dir/log")" 'start a b  $(id) ; c '
has "$(cat "$dir/run.yaml")" 'input_text: a b  $(id) ; c'
is "$(value "$dir/_mlx/status.json" parameters input_text)" 'a b  $(id) ; c'
