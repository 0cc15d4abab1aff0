#!/bin/bash
# A dataset is fetched, checked, unpacked into its directory; again without harm;
# resumed after a cut; and nothing appears of what is wrong or unsafe.
. "${0%/*}/../lib.sh"
need python3 tar sha512sum
mkdir -p "$STORE" "$WORK/www"
chmod 700 "$STORE"
printf 'fetch: {private_hosts: true, unpacked_bytes: 50000000}\n' >"$STORE/config.yaml"

cat >"$WORK/server.py" <<'PYTHON'
# Serves a folder with Range, ETag and, for /cut/…, half of the body the first
# time; each request is a line in `requests`.
import hashlib, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
root, cut = sys.argv[1], set()
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.split("?")[0].rsplit("/", 1)[1]
        span = self.headers.get("Range")
        with open(os.path.join(root, "requests"), "a") as f:
            f.write(f"{self.path} {span}\n")
        try:
            data = open(os.path.join(root, name), "rb").read()
        except OSError:
            self.send_error(404)
            return
        tag = '"%s"' % hashlib.md5(data).hexdigest()
        start = 0
        if span and self.headers.get("If-Range", tag) == tag:
            start = int(span.split("=")[1].split("-")[0])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if self.path.startswith("/cut/") and self.path not in cut:
            cut.add(self.path)
            body = body[:len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)
    def log_message(self, *args): pass
server = HTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(root, "port"), "w") as f:
    f.write(str(server.server_port))
server.serve_forever()
PYTHON
python3 "$WORK/server.py" "$WORK/www" &
SERVER=$!
at_last "kill $SERVER"
wait_for 20 test -s "$WORK/www/port" || fail "no server"
URL=http://127.0.0.1:$(cat "$WORK/www/port")
mount_start

# dataset NAME URL [SHA512]
dataset() {
	mkdir -p "$MNT/datasets/$1"
	cat >"$WORK/dataset.yaml" <<YAML
id: $1
name: $1
description: a test
version: 1.0.0
license: {name: CC0-1.0}
domain: tests
format: [{type: text}]
content: [{pattern: "*", description: all of it}]
repository: {type: HTTP, url: "$2", mime_type: application/x-tar, sha_512: ${3:-null}}
YAML
	cp "$WORK/dataset.yaml" "$MNT/datasets/$1/" || fail "$(cat "$MNT/datasets/$1/_mlx/errors")"
}
# fetch NAME STATE
fetch() {
	echo >"$MNT/datasets/$1/_mlx/run"
	dir=$MNT/datasets/$1/_mlx/runs/latest
	is "$(cat "$dir/_mlx/wait")" "$2" "$1: $(cat "$dir/log")"
}
reason() { value "$dir/_mlx/status.json" reason; }
sum() { sha512sum "$WORK/www/$1" | cut -d' ' -f1; }
files() { (cd "$MNT/datasets/$1" && find . -path ./_mlx -prune -o -type f -print | sort | tr '\n' ' '); }

mkdir -p "$WORK/data/sub"
echo one >"$WORK/data/one.csv"
head -c 3000000 /dev/urandom >"$WORK/data/sub/big.bin"
tar -C "$WORK/data" -czf "$WORK/www/good.tgz" .

# --- an archive, with its digest; twice
dataset good "$URL/good.tgz" "$(sum good.tgz)"
fetch good SUCCEEDED
is "$(files good)" './dataset.yaml ./one.csv ./sub/big.bin '
cmp "$WORK/data/sub/big.bin" "$MNT/datasets/good/sub/big.bin"
size=$(stat -c %s "$WORK/www/good.tgz")
is "$(value "$dir/_mlx/status.json" progress bytes_done)" "$size"
has "$(cat "$dir/_mlx/progress")" '1 of 1 steps, 3.0 MB of 3.0 MB, SUCCEEDED'
is "$(value "$MNT/datasets/good/_mlx/metadata.json" fetched verified)" true
is "$(realpath "$dir/steps/fetch/outputs/data")" "$(realpath "$MNT/datasets/good")"
fetch good SUCCEEDED
is "$(files good)" './dataset.yaml ./one.csv ./sub/big.bin '

# --- a file of the user's is not overwritten
echo mine >"$MNT/datasets/good/one.csv"
fetch good FAILED
has "$(reason)" one.csv
is "$(cat "$MNT/datasets/good/one.csv")" mine
is "$(files good)" './dataset.yaml ./one.csv ./sub/big.bin '

# --- what is no archive is the file itself
echo 'a,b' >"$WORK/www/plain.csv"
dataset plain "$URL/x/plain.csv?version=2" "$(sum plain.csv)"
fetch plain SUCCEEDED
is "$(cat "$MNT/datasets/plain/plain.csv")" a,b
is "$(stat -c %a "$MNT/datasets/plain/plain.csv")" 644

# --- a wrong digest: nothing of it
dataset wrong "$URL/good.tgz" "$(sum plain.csv)"
fetch wrong FAILED
has "$(reason)" SHA-512
is "$(files wrong)" './dataset.yaml '

# --- cut off: what came stays, and the next run asks for the rest only
dataset cut "$URL/cut/good.tgz" "$(sum good.tgz)"
fetch cut FAILED
is "$(files cut)" './.good.tgz.etag.part ./.good.tgz.part ./dataset.yaml '
fetch cut SUCCEEDED
has "$(tail -1 "$WORK/www/requests")" 'bytes='
has_not "$(tail -1 "$WORK/www/requests")" 'bytes=0-'
is "$(files cut)" './dataset.yaml ./one.csv ./sub/big.bin '

# --- unsafe archives: the member is named, and nothing is left
python3 - "$WORK/www" <<'PYTHON'
import io, sys, tarfile
def make(name, *members):
    with tarfile.open(f"{sys.argv[1]}/{name}", "w:gz") as tar:
        for member, kind, target in members:
            info = tarfile.TarInfo(member)
            info.type, info.linkname = kind, target
            data = b"x" * (100_000_000 if target == "big" else 1)
            if kind == tarfile.REGTYPE:
                info.size, info.linkname = len(data), ""
                tar.addfile(info, io.BytesIO(data))
            else:
                tar.addfile(info)
good = ("good.txt", tarfile.REGTYPE, "")
make("up.tgz", good, ("../up.txt", tarfile.REGTYPE, ""))
make("root.tgz", good, ("/tmp/root.txt", tarfile.REGTYPE, ""))
make("link.tgz", good, ("out", tarfile.SYMTYPE, "/etc"), ("out/x", tarfile.REGTYPE, ""))
make("device.tgz", good, ("null", tarfile.CHRTYPE, ""))
make("bomb.tgz", good, ("bomb", tarfile.REGTYPE, "big"))
PYTHON
for name in up root link device bomb; do
	dataset "$name" "$URL/$name.tgz"
	fetch "$name" FAILED
	[ -n "$(reason)" ] || fail "$name: no reason"
	is "$(files "$name")" './dataset.yaml '
done
exists_not /tmp/root.txt

# --- not there; and a private address when they are not allowed
dataset none "$URL/none.tgz"
fetch none FAILED
is "$(files none)" './dataset.yaml '
mount_stop
echo 'fetch: {private_hosts: false}' >"$STORE/config.yaml"
mount_start
before=$(wc -l <"$WORK/www/requests")
fetch none FAILED
has "$(reason)" 'private address'
is "$(wc -l <"$WORK/www/requests")" "$before"
