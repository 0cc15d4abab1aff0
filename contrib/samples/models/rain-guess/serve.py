# SPDX-License-Identifier: Apache-2.0
"""Serves the model beside it: POST /predict {"month": 3, "metres": 210}."""
import http.server
import json
import math
import pathlib

WEIGHTS = json.loads(
    pathlib.Path(__file__).with_name("weights.json").read_text())


def guess(month, metres):
    return (WEIGHTS["base"] + metres * WEIGHTS["slope"]
            + WEIGHTS["swing"] * math.cos(2 * math.pi * (month - 1) / 12))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), 65536)
        try:
            asked = json.loads(self.rfile.read(length))
            answer = {"millimetres": round(guess(asked["month"],
                                                 asked["metres"]), 1)}
            status = 200
        except (ValueError, KeyError, TypeError) as e:
            answer, status = {"error": str(e)}, 400
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
