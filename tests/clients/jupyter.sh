#!/bin/bash
# A real Jupyter server on the mount, by its REST API: open, save, rename, upload
# in pieces, delete to the trash, checkpoints; a wrong spec is refused with an error.
# limit: 400 s, since what is missing is installed first
. "${0%/*}/../lib.sh"
need python3
env=$(venv jupyter) || skip "pip can't install jupyter_server here"
mount_start
cp -r "$TOP"/contrib/samples/notebooks/* "$MNT/notebooks/"
cp -r "$TOP"/contrib/samples/datasets/* "$MNT/datasets/"

jupyter_start "$env/bin/jupyter-server" --ContentsManager.allow_hidden=True

status=0
python3 - "$port" "$MNT" "$TOP/contrib/samples" >"$WORK/said" 2>&1 <<'PYTHON' || status=$?
import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

port, mnt, samples = sys.argv[1:]
base = f"http://127.0.0.1:{port}/api/contents/"


def call(method, path, body=None):
    request = urllib.request.Request(
        base + urllib.parse.quote(path), method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "token secret",
                 "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as e:
        text = e.read()
        return e.code, json.loads(text) if text else None


def want(status, got):
    assert got[0] == status, got
    return got[1]


def on_disk(path):
    with open(os.path.join(mnt, path), "rb") as f:
        return f.read()


def metadata(path):
    return json.loads(on_disk(path + "/_mlx/metadata.json"))


# list
names = {e["name"] for e in want(200, call("GET", ""))["content"]}
assert {"components", "datasets", "models", "notebooks", "pipelines", "runs"} <= names, names
names = {e["name"] for e in want(200, call("GET", "datasets/rainfall"))["content"]}
assert {"dataset.yaml", "rainfall.csv"} <= names, names

# open and save a notebook
path = "notebooks/rainfall-by-month/rainfall-by-month.ipynb"
book = want(200, call("GET", path))
book["content"]["cells"][0]["source"] = "# Changed"
saved = want(200, call("PUT", path, {"type": "notebook", "format": "json",
                                     "content": book["content"]}))
assert "# Changed" in on_disk(path).decode()
assert saved["size"] == len(on_disk(path)), saved["size"]
assert want(200, call("GET", path))["last_modified"] == saved["last_modified"]

# checkpoints: made, listed, restored
point = want(201, call("POST", path + "/checkpoints"))
book["content"]["cells"][0]["source"] = "# Again"
want(200, call("PUT", path, {"type": "notebook", "format": "json",
                             "content": book["content"]}))
assert [p["id"] for p in want(200, call("GET", path + "/checkpoints"))] == [point["id"]]
want(204, call("POST", path + "/checkpoints/" + point["id"]))
assert "# Changed" in on_disk(path).decode()

# a new notebook and a new file, renamed
new = want(201, call("POST", "notebooks/rainfall-by-month", {"type": "notebook"}))
want(200, call("PATCH", new["path"], {"path": "notebooks/rainfall-by-month/second.ipynb"}))
on_disk("notebooks/rainfall-by-month/second.ipynb")
new = want(201, call("POST", "datasets/rainfall", {"type": "file", "ext": ".txt"}))
want(200, call("PATCH", new["path"], {"path": "datasets/rainfall/notes.txt"}))
want(200, call("PUT", "datasets/rainfall/notes.txt",
               {"type": "file", "format": "text", "content": "wet\n"}))
assert on_disk("datasets/rainfall/notes.txt") == b"wet\n"

# a new directory is an asset
new = want(201, call("POST", "datasets", {"type": "directory"}))
want(200, call("PATCH", new["path"], {"path": "datasets/by-hand"}))
assert metadata("datasets/by-hand")["kind"] == "dataset"

# upload in pieces, as the browser does
data = os.urandom(300000)
for n in range(3):
    piece = data[n * 100000:(n + 1) * 100000]
    want(201 if n == 0 else 200, call("PUT", "datasets/by-hand/data.bin", {
        "type": "file", "format": "base64", "chunk": -1 if n == 2 else n + 1,
        "content": base64.b64encode(piece).decode()}))
assert on_disk("datasets/by-hand/data.bin") == data

# a spec: saved right, then wrong; the reason is an error for the person
spec = on_disk("datasets/rainfall/dataset.yaml").decode()


def save(text):
    return call("PUT", "datasets/rainfall/dataset.yaml",
                {"type": "file", "format": "text", "content": text})


want(200, save(spec.replace("version: 1.0.0", "version: 1.4.0")))
assert metadata("datasets/rainfall")["version"] == "1.4.0"
status, answer = save(spec.replace("id: rainfall", "id: [a, list]"))
assert status == 500, (status, answer)
assert "Invalid argument" in answer["message"] or "Errno 22" in answer["message"], answer
assert metadata("datasets/rainfall")["version"] == "1.4.0"
assert b"dataset.yaml" in on_disk("datasets/rainfall/_mlx/errors")
want(200, save(spec))
assert on_disk("datasets/rainfall/_mlx/errors") == b""

# delete: a file, then a whole asset, to the trash of the mount
trash = f"{mnt}/.Trash-{os.getuid()}"
want(204, call("DELETE", "datasets/rainfall/notes.txt"))
assert os.path.exists(trash + "/files/notes.txt")
want(204, call("DELETE", "datasets/by-hand"))
assert not os.path.exists(mnt + "/datasets/by-hand")
with open(trash + "/files/by-hand/data.bin", "rb") as f:
    assert f.read() == data
# and back: it is an asset again
os.rename(trash + "/files/by-hand", mnt + "/datasets/by-hand")
assert metadata("datasets/by-hand")["kind"] == "dataset"
PYTHON
jupyter_stop
if [ $status != 0 ]; then
	cat "$WORK/said"
	tail -5 "$WORK/jupyter.log"
	fail "the conversation with Jupyter"
fi
