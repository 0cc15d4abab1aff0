# SPDX-License-Identifier: Apache-2.0
"""A server for ext_http.c that can do what http.server cannot: ranges, ETags,
and every kind of misbehaviour. Prints its port; a proxy as well (it answers
requests for any host itself). With a directory, the same by TLS on a second
port, with a certificate for localhost that is put there as cert.pem.
"""
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

DATA = bytes(range(256)) * 400  # 102400 bytes
ETAG = '"v1"'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def ranged(self, etag=ETAG, shift=0):
        asked = self.headers.get("Range")
        if_range = self.headers.get("If-Range")
        if not asked or (if_range and if_range != etag):
            return self.answer(200, DATA, ETag=etag)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(DATA):
            return self.answer(416, b"no", ETag=etag,
                               Content_Range=f"bytes */{len(DATA)}")
        start += shift
        where = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
        return self.answer(206, DATA[start:], ETag=etag, Content_Range=where)

    def cut(self):
        self.answer(200, DATA[:1000], ETag=ETAG,
                    Content_Length=str(len(DATA)))
        self.close_connection = True

    def cut_chunks(self):
        self.answer(200, b"5\r\nhello\r\n5\r\nhe", Content_Length=None,
                    Transfer_Encoding="chunked")
        self.close_connection = True

    def endless(self):
        self.answer(200, Content_Length=None, Connection="close")
        try:
            while True:
                self.wfile.write(DATA)
        except OSError:
            self.close_connection = True

    def slow(self):
        self.answer(200, b"a", Content_Length="10")
        time.sleep(20)

    def trickle(self):
        self.answer(200, Content_Length="50")
        for _ in range(50):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def garbage(self):
        self.wfile.write(b"SMTP is not HTTP\r\n\r\n")
        self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def do_GET(self):
        path = "/" + self.path.split("://")[-1].split("/", 1)[-1]
        port = self.server.server_port
        if path.startswith("/status/"):
            status = int(path[8:])
            return self.answer(status, b"an error page, not the file")
        if path.startswith("/loop/"):
            return self.answer(302, b"moved", Location=f"/loop/{path[6:]}x")
        if path.startswith("/hops/"):
            n = int(path[6:])
            return self.answer(302, b"moved",
                               Location=f"/hops/{n - 1}" if n else "/file")
        return {
            "/file": self.ranged,
            "/changed": lambda: self.ranged(etag='"v2"'),
            "/shifted": lambda: self.ranged(shift=10),
            "/weak": lambda: self.ranged(etag='W/"v1"'),
            "/long-etag": lambda: self.answer(200, DATA, ETag='"' + "x" * 200),
            "/whole": lambda: self.answer(200, DATA, ETag=ETAG),
            "/empty": lambda: self.answer(200, ETag=ETAG),
            "/agent": lambda: self.answer(
                200, self.headers["User-Agent"].encode()),
            "/cut": self.cut,
            "/cut-chunks": self.cut_chunks,
            "/endless": self.endless,
            "/slow": self.slow,
            "/trickle": self.trickle,
            "/garbage": self.garbage,
            "/reset": self.reset,
            "/to-file": lambda: self.answer(
                302, Location="file:///etc/passwd"),
            "/to-ftp": lambda: self.answer(302, Location="ftp://127.0.0.1/"),
            "/to-private": lambda: self.answer(
                302, Location="http://127.0.0.1:1/"),
            "/to-self": lambda: self.answer(
                302, Location=f"http://localhost:{port}/file"),
            "/nowhere": lambda: self.answer(302, b"moved"),
        }.get(path, lambda: self.answer(404, b"not here"))()


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass  # clients that leave are what is tested


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
ports = [server.server_port]
if len(sys.argv) > 1 and shutil.which("openssl"):
    cert, key = sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    secure = Server(("127.0.0.1", 0), Handler)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    ports.append(secure.server_port)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
# in one piece, however Python writes: it is read in one
os.write(1, (" ".join(map(str, ports)) + "\n").encode())
sys.stdout.close()
server.serve_forever()
