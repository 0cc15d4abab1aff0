# SPDX-License-Identifier: Apache-2.0
"""jupyter.py PORT SOURCE DIRECTORY: what JupyterLab does to upload a folder to a
Jupyter server, whose root the directory is relative to: text and notebooks at
once, other files in pieces, and a rename at the end."""
import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

port, source, target = sys.argv[1:]
PIECE = 50000


def call(method, where, **body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/contents/" + urllib.parse.quote(where), method=method,
        data=json.dumps(body).encode(),
        headers={"Authorization": "token secret", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        answer.read()


def rename(old, new):
    try:
        call("PATCH", old, path=new)
    except urllib.error.HTTPError as e:
        if e.code != 409:
            raise
        call("DELETE", new)
        call("PATCH", old, path=new)


def upload(path, data):
    name, extension = os.path.splitext(path)
    if extension in (".md", ".yaml", ".csv"):
        call("PUT", name + ".part" + extension, type="file", format="text",
             content=data.decode())
        rename(name + ".part" + extension, path)
        return
    if len(data) <= PIECE:
        call("PUT", path, type="file", format="base64", content=base64.b64encode(data).decode())
        return
    pieces = range(0, len(data), PIECE)
    for at in pieces:
        call("PUT", path, type="file", format="base64",
             chunk=-1 if at == pieces[-1] else at // PIECE + 1,
             content=base64.b64encode(data[at:at + PIECE]).decode())


try:
    call("PUT", target, type="directory")
    for folder, folders, names in sorted(os.walk(source)):
        inside = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        for name in sorted(folders):
            call("PUT", os.path.join(inside, name), type="directory")
        for name in sorted(names):
            with open(os.path.join(folder, name), "rb") as f:
                upload(os.path.join(inside, name), f.read())
except OSError as e:
    print(e)
    sys.exit(1)
