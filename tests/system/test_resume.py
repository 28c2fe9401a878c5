#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Sessions resumed by tickets: at any gateway with the secret, at no other; each logs in all the same.

One gateway after the other in the same place is what a client of a pool sees of it. Clients are
`openssl s_client` and Python's ssl, with PostgreSQL's protocol on top.
"""
import secrets
import socket
import ssl
import struct
import unittest

from gateway_case import PORT, GatewayCase, main, net
from wire import SSL_REQUEST, message, query


class Client:
    """A TLS 1.2 or 1.3 session, with the one before it resumed where the gateway allows that."""

    def __init__(self, case, version=ssl.TLSVersion.TLSv1_3):
        self.context = ssl.create_default_context(cafile=str(case.a.certs / "ca.pem"))
        self.context.minimum_version = self.context.maximum_version = version
        self.session = None

    def _read(self, tls):
        """Messages until the server is ready or hangs up: their types and bodies."""
        got = []
        while True:
            head = tls.recv(5)
            if len(head) < 5:
                return got
            body = b""
            while len(body) < struct.unpack("!I", head[1:])[0] - 4:
                body += tls.recv(struct.unpack("!I", head[1:])[0] - 4 - len(body))
            got.append((head[:1], body))
            if head[:1] in b"ZER" and body != b"\0\0\0\0":
                return got

    def ask(self, token, sql):
        """Was it resumed, and what the server answered."""
        with socket.create_connection((net.GW_CLIENT, PORT), timeout=20) as plain:
            plain.sendall(SSL_REQUEST)
            assert plain.recv(1) == b"S"
            with self.context.wrap_socket(plain, server_hostname=net.GW_CLIENT,
                                          session=self.session) as tls:
                body = struct.pack("!I", 196608) + b"user\0anyone\0database\0postgres\0\0"
                tls.sendall(struct.pack("!I", len(body) + 4) + body)
                self._read(tls)
                tls.sendall(message(b"p", token))
                answer = self._read(tls)
                if answer[-1][0] == b"Z":
                    tls.sendall(query(sql))
                    answer = self._read(tls)
                self.session = tls.session
                return tls.session_reused, b" ".join(body for _, body in answer)


class Resume(GatewayCase):
    @classmethod
    def before_start(cls):
        cls.secret = cls.a.dir / "tickets"
        cls.write(secrets.token_hex(32))
        cls.plain = cls.a.config.read_text()
        cls.pooled = cls.plain.replace("  log: {", f"  ticket_secret: {{file: {cls.secret}}}\n"
                                                   "  log: {", 1)
        assert cls.pooled != cls.plain
        cls.a.config.write_text(cls.pooled)

    @classmethod
    def write(cls, text):
        cls.secret.write_text(text)
        cls.secret.chmod(0o600)

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("somebody", ["agents"])

    def another_gateway(self, config=None):
        """It shares the configuration with the one before, nothing else of TLS."""
        self.a.process.stop()
        self.a.config.write_text(config or self.pooled)
        self.a.start()

    def ask(self, client):
        resumed, answer = client.ask(self.token, "SELECT 40 + 2")
        self.assertIn(b"42", answer)
        return resumed

    def s_client(self, *options, **more):
        argv = ["openssl", "s_client", "-connect", f"{net.GW_CLIENT}:{PORT}",
                "-starttls", "postgres", "-ign_eof",
                "-CAfile", self.a.certs / "ca.pem", *options]
        # A wrong startup packet: the gateway answers, the client has got its tickets, and it ends.
        return self.net.client.run(argv, input="x" * 64, timeout=30, check=False, **more).stdout

    def test_another_gateway_of_the_pool_resumes(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                client = Client(self, version)
                self.assertFalse(self.ask(client))
                self.assertTrue(self.ask(client))
                self.another_gateway()
                self.assertTrue(self.ask(client))

    def test_another_gateway_resumes_openssls_client(self):
        session = self.net.dir / "session.pem"
        self.assertIn("New, TLSv1.3", self.s_client("-tls1_3", "-sess_out", session))
        self.another_gateway()
        shown = self.s_client("-tls1_3", "-sess_in", session)
        self.assertIn("Reused, TLSv1.3", shown)

    def test_a_gateway_with_another_secret_does_not(self):
        client = Client(self)
        self.assertFalse(self.ask(client))
        before = self.secret.read_text()
        self.write(secrets.token_hex(32))
        self.another_gateway()
        self.assertFalse(self.ask(client))
        self.write(before)
        self.another_gateway()

    def test_without_a_secret_each_gateway_has_its_own(self):
        client = Client(self)
        self.another_gateway(self.plain)
        self.assertFalse(self.ask(client))
        self.assertTrue(self.ask(client))
        self.another_gateway(self.plain)
        self.assertFalse(self.ask(client))
        self.another_gateway()

    def test_the_secret_changes_without_a_restart(self):
        client, before = Client(self), self.secret.read_text()
        self.assertFalse(self.ask(client))
        self.write(secrets.token_hex(32))
        self.a.ctl("reload")
        self.assertFalse(self.ask(client))
        self.assertTrue(self.ask(client))
        old = client.session
        self.write(before)
        self.a.ctl("reload")
        client.session = old
        self.assertFalse(self.ask(client))

    def test_a_reload_that_changes_nothing_leaves_tickets_good(self):
        client = Client(self)
        self.assertFalse(self.ask(client))
        self.a.ctl("reload")
        self.assertTrue(self.ask(client))

    def test_a_resumed_session_needs_a_token_all_the_same(self):
        client = Client(self)
        self.assertFalse(self.ask(client))
        resumed, answer = client.ask("no token", "SELECT 40 + 2")
        self.assertTrue(resumed)
        self.assertIn(b"28P01", answer)

    def test_a_short_secret_is_refused(self):
        before = self.secret.read_text()
        self.write("secret")
        done = self.a.ctl("reload", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("less than 32 characters; make one with openssl rand -hex 32",
                      done.stdout + done.stderr)
        checked = self.net.gw.run([self.a.build / "app/bulkhead", "--check", "--config",
                                   self.a.config], check=False)
        self.assertIn("`ticket_secret` has less than 32", checked.stdout + checked.stderr)
        self.write(before)
        self.a.ctl("reload")

    def test_zz_the_secret_is_nowhere_to_be_seen(self):
        self.assert_no_leak(self.a.process.text(), self.secret.read_text())


if __name__ == "__main__":
    main()
