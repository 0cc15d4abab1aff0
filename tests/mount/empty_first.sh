#!/bin/bash
# A shell that redirects into a spec empties it, and closes one descriptor, before
# anything is written: no refusal comes of that. What stays empty is one.
. "${0%/*}/../lib.sh"
need python3
mount_start
sample=$TOP/contrib/samples/models/rain-guess/model.yaml
spec=$MNT/models/rain-guess/model.yaml
mkdir "${spec%/*}"

cat >"$spec" <"$sample"
cat >"$spec" <"$sample"
(cat "$sample"; echo '# more') >"$spec"
cat >"$MNT/components/word-count.yaml" \
	<"$TOP/contrib/samples/components/word-count/component.yaml"
is "$(cat "$MNT/.mlx/errors")" ''
is "$(value "${spec%/*}/_mlx/metadata.json" state)" registered
[ -d "$MNT/components/word-count" ] || fail 'the dropped file is no asset'

: >"$spec"
wait_for 5 test -s "${spec%/*}/_mlx/errors" || fail 'an empty spec is no fault'
grep -q 'found nothing' "${spec%/*}/_mlx/errors"
is "$(value "${spec%/*}/_mlx/metadata.json" name)" 'Rain Guess'
