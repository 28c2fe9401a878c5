#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""A key server of the tests' own that does everything wrong, by path: faults.py PORT

/hang      takes the request and never answers
/drip      a byte a second
/garbage   no JSON
/empty     no key
/huge      has no end
/redirect  leads to /good, which has the keys of the file named on the command line
/error     500
"""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    keys = b""

    def do_GET(self):
        getattr(self, "do_" + self.path[1:], self.do_error)()

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_good(self):
        self.answer(200, self.keys)

    def do_error(self):
        self.answer(500, b"")

    def do_garbage(self):
        self.answer(200, b"<html>" + bytes(range(256)) * 100)

    def do_empty(self):
        self.answer(200, b'{"keys": []}')

    def do_redirect(self):
        self.answer(302, b"", Location="/good")

    def do_hang(self):
        time.sleep(3600)

    def do_drip(self):
        self.send_response(200)
        self.end_headers()
        for byte in b'{"keys": [' + b" " * 3600:
            self.wfile.write(bytes([byte]))
            time.sleep(1)

    def do_huge(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b" " * 65536)

    def log_message(self, *args):
        print(self.path, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # the gateway hangs up on most of these


Handler.keys = Path(sys.argv[2]).read_bytes()
server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
