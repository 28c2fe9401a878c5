# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""A client of PostgreSQL's protocol that decides where its bytes are cut.

Every write is cut at random places twice: into TLS records, and those into segments, with small
waits between. What no driver would send can be sent as well.
"""
import socket
import ssl
import struct
import time

import net
from appliance import PORT

SSL_REQUEST = struct.pack("!II", 8, 80877103)


def message(kind, *parts):
    body = b"".join(p if isinstance(p, bytes) else p.encode() + b"\0" for p in parts)
    return kind + struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message(b"Q", sql)


def parse(sql, name=""):
    return message(b"P", name, sql, struct.pack("!H", 0))


def bind(values=(), name="", portal=""):
    body = struct.pack("!HH", 0, len(values))
    for value in values:
        body += struct.pack("!I", len(value)) + value
    return message(b"B", portal, name, body + struct.pack("!H", 0))


def describe(what=b"P", name=""):
    return message(b"D", what, name)


def execute(portal="", rows=0):
    return message(b"E", portal, struct.pack("!I", rows))


SYNC, FLUSH, TERMINATE = message(b"S"), message(b"H"), message(b"X")


class Closed(Exception):
    """The gateway closed the connection."""


class Wire:
    def __init__(self, ca, rng=None, pause=0.001, address=None, tls=True, timeout=20):
        self.rng, self.pause = rng, pause
        self.sock = socket.create_connection((address or net.GW_CLIENT, PORT), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls, self.held = None, b""
        if tls:
            self._secure(ca)

    def _secure(self, ca):
        self._segments(SSL_REQUEST)
        if self.sock.recv(1) != b"S":
            raise Closed("no TLS")
        context = ssl.create_default_context(cafile=str(ca))
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=net.GW_CLIENT)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
        self._flush()

    def _fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed()
        self.incoming.write(data)

    def _flush(self):
        self._segments(self.outgoing.read())

    def _pieces(self, data):
        if self.rng is None or len(data) < 2:
            return [data] if data else []
        cuts = sorted({self.rng.randrange(1, len(data))
                       for _ in range(self.rng.randrange(0, min(len(data), 12)))})
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]

    def _segments(self, data):
        for piece in self._pieces(data):
            self.sock.sendall(piece)
            if self.rng is not None and self.rng.random() < 0.3:
                time.sleep(self.rng.random() * self.pause)

    def send(self, *messages):
        for piece in self._pieces(b"".join(messages)):
            if self.tls is None:
                self._segments(piece)
                continue
            self.tls.write(piece)
            self._flush()

    def _read(self, n):
        while len(self.held) < n:
            if self.tls is None:
                data = self.sock.recv(65536)
                if not data:
                    raise Closed()
                self.held += data
                continue
            try:
                data = self.tls.read(65536)
                if not data:
                    raise Closed()
                self.held += data
            except ssl.SSLWantReadError:
                self._fill()
            except ssl.SSLZeroReturnError:
                raise Closed() from None
        data, self.held = self.held[:n], self.held[n:]
        return data

    def receive(self):
        """The next message: (its kind, its body)."""
        head = self._read(5)
        return head[:1], self._read(struct.unpack("!I", head[1:])[0] - 4)

    def receive_until_ready(self, times=1):
        """Messages up to the n-th ReadyForQuery, that included."""
        messages = []
        while times > 0:
            messages.append(self.receive())
            times -= messages[-1][0] == b"Z"
        return messages

    def receive_all(self):
        """Messages until the connection ends."""
        messages = []
        try:
            while True:
                messages.append(self.receive())
        except (Closed, ConnectionResetError):
            return messages

    def login(self, token, database="postgres", **settings):
        words = {"user": "anyone", "database": database} | settings
        body = b"".join(w.encode() + b"\0" for pair in words.items() for w in pair) + b"\0"
        self.send(struct.pack("!II", len(body) + 8, 196608), body)
        kind, body = self.receive()
        if kind != b"R" or body != struct.pack("!I", 3):
            raise net.Failure(f"asked for {kind} {body}, not for a cleartext password")
        self.send(message(b"p", token))
        return self.receive_until_ready()

    def close(self):
        self.sock.close()


def error_fields(body):
    return {f[:1].decode(): f[1:].decode(errors="replace") for f in body.split(b"\0") if f}
