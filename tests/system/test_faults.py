#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What fails beside the data plane does not stop it, and no line of the audit log is lost.

Every class lets clients work through the fault, counts what was refused to them, and finds exactly
that many refusals in an audit log that verifies.
"""
import base64
import contextlib
import json
import os
import socket
import sqlite3
import threading
import time
from pathlib import Path

import psycopg

from appliance import Appliance
from gateway_case import GatewayCase, Options, inside, main, net
from idp import Idp

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
RULES = """\
rules:
  - name: relaxed agents
    subjects: {groups: [relaxed]}
    resources: [orders]
    effects: {allow: [read]}
    record: async
  - name: agents
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read]}
    record: strict
"""


class Clients:
    """Sessions that come, ask, are refused something, and go, until told to stop."""

    def __init__(self, case, token, n=2):
        self.case, self.token = case, token
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.refused = self.sessions = 0
        self.failures = []
        self.threads = [threading.Thread(target=self._run) for _ in range(n)]

    def _run(self):
        with inside(self.case.net.client):
            while not self.stop.is_set():
                try:
                    self._session()
                except psycopg.Error as e:
                    self.failures.append(str(e))
                    time.sleep(0.05)

    def _session(self):
        with self.case.connect(self.token) as conn:
            conn.execute("SELECT 1")
            try:
                conn.execute("DROP TABLE nothing")
            except psycopg.errors.InsufficientPrivilege:
                with self.lock:
                    self.refused += 1
        with self.lock:
            self.sessions += 1

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join(60)

    def more(self, n=5):
        """Wait until so many more sessions have come and gone."""
        goal = self.sessions + n
        self.case.wait(lambda: self.sessions >= goal, "sessions to come and go", timeout=60)


class FaultCase(GatewayCase):
    rules = RULES
    environment = {}

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        try:
            cls.net = cls.stack.enter_context(net.Net(Options.device))
            cls.a = cls.stack.enter_context(
                Appliance(cls.net, Options.build, rules=cls.rules, **cls.appliance))
            cls.before()
            cls.a.write_config(cls.rules)
            cls.stack.enter_context(environment(**cls.environment))
            cls.a.start()
            cls.token = cls.a.token("agent", ["agents"])
            cls.relaxed = cls.a.token("relaxed", ["relaxed"])
            cls.stack.enter_context(inside(cls.net.client))
        except BaseException:
            cls.net.failed = True
            cls.stack.close()
            raise

    @classmethod
    def before(cls):
        """What must be in place when the gateway starts."""

    def audit(self, kind):
        lines = (self.a.state / "audit/audit.log").read_text().splitlines()
        return [e for e in map(json.loads, lines) if e["type"] == kind]

    def check_audit(self, clients):
        """Nothing is missing of what the clients were refused, and the chain holds."""
        def all_there():
            return len(self.audit("command_refused")) == clients.refused
        self.wait(all_there, f"{clients.refused} refusals in the audit log")
        done = self.a.offline("audit", "verify")
        self.assertIn("nothing is missing or changed", done.stdout)


@contextlib.contextmanager
def environment(**variables):
    old = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)


class DiskFull(FaultCase):
    @classmethod
    def before(cls):
        net.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", cls.a.state])
        cls.stack.callback(net.run, ["umount", "-l", cls.a.state])

    def ready(self):
        return self.net.gw.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket",
             self.a.state / "admin.sock", "http://bulkhead/readyz"]).stdout == "200"

    def fill(self):
        path = self.a.state / "filler"
        with open(path, "wb", buffering=0) as f:
            while True:
                try:
                    f.write(b"x" * 4096)
                except OSError:
                    return path

    def test_disk_full(self):
        strict = self.connect(self.token)
        relaxed = self.connect(self.relaxed)
        with Clients(self, self.token) as clients:
            clients.more()
            filler = self.fill()
            self.wait(lambda: not self.ready(), "the gateway to notice", timeout=30)

            # Open sessions: what must be on disk first waits, the rest goes on.
            done = threading.Event()

            def ask():
                with inside(self.net.client):
                    strict.execute("SELECT 2")
                done.set()
            asker = threading.Thread(target=ask)
            asker.start()
            for _ in range(50):
                self.assertEqual(relaxed.execute("SELECT 1").fetchone(), (1,))
            self.assertFalse(done.is_set())
            # New ones that must be recorded are told so, and are counted.
            with self.assertRaises(psycopg.OperationalError) as told:
                self.connect(self.token)
            self.assertIn("recordings cannot be written", str(told.exception))

            filler.unlink()
            self.wait(done.is_set, "the waiting command", timeout=30)
            asker.join()
            self.wait(self.ready, "readiness", timeout=30)
            clients.more()
        for failure in clients.failures:
            self.assertIn("recordings cannot be written", failure)
        self.check_audit(clients)


class StoreLocked(FaultCase):
    def test_store_locked(self):
        with Clients(self, self.token) as clients:
            clients.more()
            other = sqlite3.connect(self.a.state / "store.db", isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            clients.more(20)
            # A kill switch does not wait for a disk: it holds, and says what is missing.
            leaked = self.connect(self.a.token("leaked", ["agents"]))
            done = self.a.ctl("revoke", "subject", "local/leaked", check=False)
            self.assertIn("not on disk yet", done.stderr)
            with self.assertRaises(psycopg.OperationalError):
                leaked.execute("SELECT 1")
            clients.more(20)
            other.execute("ROLLBACK")
            self.wait(lambda: other.execute("SELECT count(*) FROM revocations").fetchone()[0] == 1,
                      "the revocation on disk")
            other.close()
            clients.more()
        self.assertEqual(clients.failures, [])
        self.check_audit(clients)


class ProviderDown(FaultCase):
    """An identity provider that was never there, and one that goes; the others do not notice."""

    @classmethod
    def before(cls):
        cls.idp = cls.stack.enter_context(Idp(cls.net.gw, cls.a.dir))
        dead = cls.idp.issuer_yaml("dead").replace(cls.idp.issuer, "http://127.0.0.1:9")
        cls.a.issuers = cls.idp.issuer_yaml("idp") + dead

    def test_provider_down(self):
        known = self.idp.machine("agent-1")
        self.assertEqual(self.psql(known, "SELECT 1").stdout, "1\n")
        with Clients(self, self.token) as clients:
            clients.more()
            self.idp.stop()
            for _ in range(10):
                self.assertEqual(self.psql(known, "SELECT 1").stdout, "1\n")
            # The claims are read before any signature: this one asks for keys that never come.
            head, _, rest = known.split(".")
            body = {"iss": "http://127.0.0.1:9", "aud": "bulkhead", "sub": "x", "exp": 2 ** 33}
            body = base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
            for _ in range(3):
                done = self.psql(f"{head}.{body}.{rest}", "SELECT 1", check=False)
                self.assertIn("the token was not accepted", done.stderr)
            clients.more(20)
        self.assertEqual(clients.failures, [])
        self.assertEqual(len(self.audit("login_refused")), 3)
        self.check_audit(clients)


class WebhookHangs(FaultCase):
    """Somebody who is to be told takes the connection and never answers."""
    rules = RULES + """\
  - name: writers
    subjects: {groups: [writers]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 1s}
    record: strict
"""

    @classmethod
    def before(cls):
        with inside(cls.net.gw):
            cls.mute = socket.create_server(("127.0.0.1", 0))
        cls.stack.callback(cls.mute.close)
        cls.a.extra = f"""\
notifications:
  - {{name: mute, kind: webhook, url: "http://127.0.0.1:{cls.mute.getsockname()[1]}/",
     secret: {{file: {cls.a.dir / 'password'}}}}}
"""

    def test_webhook_hangs(self):
        conn = self.connect(self.a.token("writer", ["writers"]))
        with Clients(self, self.token) as clients:
            for _ in range(3):
                with self.assertRaises(psycopg.errors.InsufficientPrivilege) as told:
                    conn.execute("INSERT INTO nothing VALUES (1)")
                self.assertIn("in time", str(told.exception))
                clients.more()
            self.mute.settimeout(30)
            self.mute.accept()[0].close()  # it was asked
        self.assertEqual(clients.failures, [])
        clients.refused += 3
        self.check_audit(clients)


class ClockJumps(FaultCase):
    """The wall clock goes where it likes; what is counted down by it stays true."""

    @classmethod
    def before(cls):
        cls.clock = cls.net.dir / "clock"
        cls.set_clock("+0")
        cls.environment = {
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(cls.clock),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_CACHE_DURATION": "1"}

    @classmethod
    def set_clock(cls, offset):
        new = cls.clock.with_suffix(".new")
        new.write_text(offset + "\n")
        new.rename(cls.clock)

    def test_clock_jumps(self):
        old = self.connect(self.token)
        # Forward and back; not before the certificates were made, which would be no fault of ours.
        for offset in ("+3h", "+1h", "+0"):
            self.set_clock(offset)
            ends = offset == "+3h"  # its token was for an hour
            if ends:
                def is_over():
                    try:
                        old.execute("SELECT 1")
                        return False
                    except psycopg.OperationalError as e:
                        return "expired" in str(e)
                self.wait(is_over, "the session of an expired token to end", timeout=90)
            token = self.token_now(offset)
            with Clients(self, token) as clients:
                clients.more(20)
            self.assertEqual(clients.failures, [])
            self.total = getattr(self, "total", 0) + clients.refused
            clients.refused = self.total
            self.check_audit(clients)

    def token_now(self, offset):
        """A token by the gateway's clock, whatever that is; the clock it sees may lag a second."""
        def mint():
            token = self.a.token(f"agent {offset}", ["agents"])
            return token if self.psql(token, "SELECT 1", check=False).returncode == 0 else None
        return self.wait(mint, "a token that is valid now", timeout=30)


if __name__ == "__main__":
    main()
