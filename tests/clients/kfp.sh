#!/bin/bash
# pipeline.py of every asset compiles with the real kfp SDK, and its result is
# what pipeline.yaml's name promises; the network is not needed.
# once: what is compiled is the same text
# limit: 400 s, since what is missing is installed first
. "${0%/*}/../lib.sh"
need python3
env=$(venv kfp) || skip "pip can't install kfp here"
mount_start
for kind in components datasets models notebooks pipelines; do
	cp -r "$TOP/contrib/samples/$kind"/* "$MNT/$kind/"
	[ -z "$MLXFS_SHARED" ] ||
		cp -r "$MLXFS_SHARED/katalog/${kind%s}-samples"/* "$MNT/$kind/" 2>/dev/null || true
done
mkdir "$WORK/code" "$WORK/out"
for link in "$MNT"/*/*/_mlx; do
	asset=$(basename "$(dirname "$link")") kind=$(basename "$(dirname "$(dirname "$link")")")
	[ "$kind" != runs ] || continue
	[ "$(value "$link/metadata.json" state)" = registered ] || continue
	case $kind/$asset in
	datasets/greetings | datasets/rainfall)
		# the data is here, and no URL to fetch it from: nothing to run
		has "$(cat "$link/pipeline.py")" 'no code'
		continue
		;;
	esac
	cp "$link/pipeline.py" "$WORK/code/$kind--$asset.py"
done
[ "$(find "$WORK/code" -name '*.py' | wc -l)" -ge 4 ] || fail "no code was generated"

# one process for all: importing kfp takes longer than compiling
"$env/bin/python" - "$WORK/code" "$WORK/out" <<'PYTHON'
import importlib.util
import pathlib
import socket
import sys
import traceback

import kfp.compiler

code, out = map(pathlib.Path, sys.argv[1:])


def no_network(*args, **kwargs):
    raise OSError("the network is asked for while compiling")


socket.create_connection = no_network
socket.socket.connect = no_network
failed = 0
for path in sorted(code.glob("*.py")):
    try:
        spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        found = [v for v in vars(module).values()
                 if type(v).__name__ == "GraphComponent"]
        assert found, "no pipeline in it"
        target = out / (path.stem + ".yaml")
        kfp.compiler.Compiler().compile(found[-1], str(target))
        assert target.stat().st_size > 200
    except Exception:
        failed += 1
        print(path.name)
        traceback.print_exc(limit=-3, file=sys.stdout)
print(len(list(out.glob("*.yaml"))), "compiled,", failed, "failed")
sys.exit(failed != 0)
PYTHON
