#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Credentials of the gateway's own: a managed identity, its faults, and where no secret may be."""
import json
import os
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway_case import GatewayCase, Options, inside, main, net
from appliance import Appliance
import contextlib

AUDIENCE = "https://ossrdbms-aad.database.windows.net"
CLIENT = "00000000-1111-2222-3333-444444444444"
RULES = """\
rules:
  - name: everything
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read, write, ddl, admin, exec, unknown]}
    record: strict
"""


class Imds(ThreadingHTTPServer):
    """The metadata service of a VM, on the loopback of the gateway's namespace."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.token, self.life, self.body = 200, "", 3600, None
        self.hang = threading.Event()
        self.hang.set()
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        imds, url = self.server, urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        imds.seen.append((url.path, query, self.headers.get("Metadata")))
        imds.hang.wait(30)
        body = imds.body
        if body is None:
            body = json.dumps({"access_token": imds.token, "expires_in": str(imds.life),
                               "token_type": "Bearer", "resource": query.get("resource")})
        self.send_response(imds.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class ManagedIdentity(GatewayCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        try:
            cls.net = cls.stack.enter_context(net.Net(Options.device))
            cls.a = cls.stack.enter_context(
                Appliance(cls.net, Options.build, rules=RULES, user="mi"))
            with inside(cls.net.gw):
                cls.imds = Imds()
            cls.stack.callback(cls.imds.shutdown)
            cls.stack.callback(cls.imds.hang.set)
            os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = \
                f"http://127.0.0.1:{cls.imds.server_port}"
            cls.stack.callback(os.environ.pop, "AZURE_POD_IDENTITY_AUTHORITY_HOST")
            cls.begin()
            cls.stack.enter_context(inside(cls.net.client))
        except BaseException:
            cls.net.failed = True
            cls.stack.close()
            raise

    @classmethod
    def give(cls, token):
        """The identity's role at the server lets this token in, and no other password."""
        cls.a.server.sql(f"ALTER ROLE mi PASSWORD '{token}'")
        cls.imds.token = token

    @classmethod
    def begin(cls):
        # As Azure Database for PostgreSQL does it: the token as a cleartext password inside TLS.
        hba = cls.a.server.data / "pg_hba.conf"
        hba.write_text("hostssl all mi 0.0.0.0/0 password\n" + hba.read_text())
        cls.a.server.sql("SELECT pg_reload_conf()")
        cls.imds.status = 410  # IMDS is being updated when the gateway starts
        text = cls.a.config.read_text()
        there = f"password: {{file: {cls.a.dir / 'password'}}}"
        assert there in text
        cls.a.config.write_text(text.replace(
            there, f"managed_identity: {{audience: \"{AUDIENCE}\", client_id: {CLIENT}}}"))
        cls.a.start()
        cls.token = cls.a.token("agent", ["agents"])

    def works(self):
        done = self.psql(self.token, "SELECT current_user", check=False)
        return done.returncode == 0 and done.stdout == "mi\n"

    def ready(self):
        return "200" in self.net.gw.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket",
             self.a.state / "admin.sock", "http://bulkhead/readyz"]).stdout

    def test_life_of_a_credential(self):
        # No token yet: refused natively, said at /readyz, and nothing reached the server.
        done = self.psql(self.token, "SELECT 1", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the gateway has no credential for this server now", done.stderr)
        self.assertFalse(self.ready())

        # The documented faults pass by themselves.
        for status, body in [(500, "x"), (200, "x" * 100000)]:
            seen = len(self.imds.seen)
            self.imds.status, self.imds.body = status, body
            self.wait(lambda: len(self.imds.seen) > seen, f"another request after {status}",
                      timeout=90)
        self.imds.status, self.imds.body, self.imds.life = 200, None, 3600
        long_one = "eyJ." + "a" * 3000 + ".sig"
        self.give(long_one)
        self.imds.life = 7
        self.wait(self.works, "the first token", timeout=90)
        self.assertEqual(self.imds.seen[-1], (
            "/metadata/identity/oauth2/token",
            {"api-version": "2018-02-01", "resource": AUDIENCE, "client_id": CLIENT}, "true"))
        self.wait(self.ready, "readiness")

        # Renewed before it expires, under a session that stays.
        conn = self.connect(self.token)
        self.imds.life = 3600
        self.give("second.token.sig")
        self.wait(self.works, "the second token", timeout=30)
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

        # A service that hangs is nobody's business but the thread's.
        self.imds.hang.clear()
        self.assertTrue(self.works())
        self.imds.hang.set()

        # Nowhere on disk, in no log, and in no core dump.
        secrets = [long_one[:64].encode(), b"second.token.sig", self.token.encode()]
        found = [path for path in self.a.dir.rglob("*") if path.is_file()
                 and any(s in path.read_bytes() for s in secrets)]
        self.assertEqual(found, [])
        log = self.a.process.text().encode()
        self.assertFalse([s for s in secrets if s in log])
        limits = (f"/proc/{self.a.process.popen.pid}/limits")
        with open(limits, encoding="ascii") as f:
            core = [line.split()[4:6] for line in f if line.startswith("Max core file size")]
        self.assertEqual(core, [["0", "0"]])


if __name__ == "__main__":
    main()
