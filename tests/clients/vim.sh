#!/bin/bash
# vim on a spec, with the settings that Debian ships: by batch and on a terminal.
. "${0%/*}/../lib.sh"
need vim python3
mount_start
cp -r "$TOP/contrib/samples/datasets/rainfall" "$MNT/datasets/"
cd "$MNT/datasets/rainfall"
meta=$MNT/datasets/rainfall/_mlx/metadata.json
files=$(ls -A)

# in batch; a spec keeps its mode
chmod 640 dataset.yaml
vim -es -c '%s/^version: .*/version: 2.0.0/' -c wq dataset.yaml </dev/null
is "$(value "$meta" version)" 2.0.0
is "$(stat -c %a dataset.yaml)" 640

# on a terminal, as a person: change, :w, change again, :wq; backupcopy=auto
python3 "$TOP/tests/terminal.py" see:dataset.yaml \
	'type::%s/^version: .*/version: 2.1.0/\r' pause:0.5 'type::w\r' see:written \
	'type::%s/^version: .*/version: 2.2.0/\r' pause:0.5 'type::wq\r' \
	-- vim dataset.yaml
is "$(value "$meta" version)" 2.2.0
is "$(ls -A)" "$files" "what is left in the directory"

# each of vim's ways of writing
for way in yes no auto auto,breakhardlink; do
	vim -es -c "set backupcopy=$way" \
		-c "%s/^version: .*/version: 3.0-${way##*,}/" -c wq dataset.yaml </dev/null
	is "$(value "$meta" version)" "3.0-${way##*,}"
done
is "$(ls -A)" "$files" "what is left in the directory"

# made wrong: vim says that it could not write, and the record stays
python3 "$TOP/tests/terminal.py" see:dataset.yaml \
	'type::%s/^id: .*/id: [1, 2]/\r' pause:0.5 'type::w\r' 'see:E' pause:0.5 \
	'type:\r' pause:0.3 'type::q!\r' -- vim dataset.yaml || true
is "$(value "$meta" version)" 3.0-breakhardlink
# (vim may have put its backup back, which is right again and clears _mlx/errors)
has "$(tail -1 "$MNT/.mlx/errors")" dataset.yaml
cd /
