#!/bin/bash
# Assets without a spec: a directory of data, one with a Hugging Face card, a
# notebook; drafts where that is not enough; a spec that comes later or goes.
. "${0%/*}/../lib.sh"
need python3
samples=$TOP/contrib/samples
mount_start

cp -r "$samples/datasets/greetings" "$MNT/datasets/"
meta=$MNT/datasets/greetings/_mlx/metadata.json
is "$(value "$meta" state)" registered
is "$(value "$meta" id)" greetings
is "$(value "$meta" name)" Greetings
is "$(value "$MNT/datasets/greetings/_mlx/metadata.json" bytes)" \
	"$(cat "$samples"/datasets/greetings/* | wc -c)"
has "$(cat "$MNT/datasets/greetings/_mlx/checks.json")" licen

mkdir "$MNT/models/carded"
cp "$samples/models/rain-guess/README.md" "$samples/models/rain-guess/weights.json" "$MNT/models/carded/"
meta=$MNT/models/carded/_mlx/metadata.json
is "$(value "$meta" state)" registered
is "$(value "$meta" name)" 'Rain Guess'
has "$(tr A-Z a-z <"$meta")" apache-2.0
has "$(value "$meta" tags)" weather

# an empty directory is a draft
mkdir "$MNT/models/empty" "$MNT/pipelines/empty"
is "$(value "$MNT/models/empty/_mlx/metadata.json" state)" draft
is "$(value "$MNT/pipelines/empty/_mlx/metadata.json" state)" draft

# a spec comes later, by whichever of its names, and goes again
for name in dataset.yaml greetings.yaml anything.yaml; do
	sed 's/^id: .*/id: said-hello/' "$samples/datasets/rainfall/dataset.yaml" \
		>"$MNT/datasets/greetings/$name"
	is "$(value "$MNT/datasets/greetings/_mlx/metadata.json" id)" said-hello "by $name"
	rm "$MNT/datasets/greetings/$name"
	is "$(value "$MNT/datasets/greetings/_mlx/metadata.json" id)" greetings "without $name"
done

# a field that changes by what is in the files moves the record
echo 'Dutch,Hallo' >>"$MNT/datasets/greetings/greetings.csv"
is "$(value "$MNT/datasets/greetings/_mlx/metadata.json" bytes)" \
	"$(cat "$MNT"/datasets/greetings/*.* | wc -c)"
(cd "$MNT/datasets/greetings" && sha256sum --quiet -c _mlx/SHA256SUMS)
