#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What waits for people, as far as nobody answers: psql, the store, the audit log, notifications.

  test_approval.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]
"""
import hashlib
import hmac
import http.server
import json
import re
import signal
import sqlite3
import sys
import threading

sys.dont_write_bytecode = True

from gateway_case import GatewayCase, inside, main  # noqa: E402

KEY = b"the key of the hook"
REFERENCE = re.compile(r"reference ([0-9a-f]{16})")

RULES = """\
rules:
  - name: patient
    subjects: {groups: [patient]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 1s}
    record: off
  - name: again
    subjects: {groups: [again]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 5m, mode: retry}
    record: off
  - name: guest
    subjects: {groups: [guest]}
    resources: [orders]
    effects: {allow: [read]}
    access: {approvers: [dba], duration: 1h}
    record: off
"""


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is told; what hangs answers nobody."""

    daemon_threads = True

    def __init__(self, hangs=False):
        super().__init__(("127.0.0.1", 0), Hook)
        self.hangs, self.got, self.over = hangs, [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def events(self):
        return [json.loads(body) for _, body in self.got]

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers, body))
        if self.server.hangs:
            self.server.over.wait()
            return
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Approval(GatewayCase):
    rules = RULES
    data = "CREATE TABLE t(a int); INSERT INTO t VALUES (1)"

    @classmethod
    def before_start(cls):
        with inside(cls.net.gw):
            cls.hook, cls.silent = Receiver(), Receiver(hangs=True)
        cls.stack.callback(cls.hook.close)
        cls.stack.callback(cls.silent.close)
        key = cls.a.dir / "hook.key"
        key.write_bytes(KEY)
        key.chmod(0o600)
        cls.a.extra = (
            "notifications:\n"
            f"  - {{name: silent, url: \"http://127.0.0.1:{cls.silent.server_port}/\"}}\n"
            f"  - {{name: hook, url: \"http://127.0.0.1:{cls.hook.server_port}/\",\n"
            f"     secret: {{file: {key}}}}}\n")
        cls.a.write_config(cls.rules)

    def tokens(self, *groups):
        return self.a.token("bot", groups)

    def audit(self, kind, reference):
        """The lines of one type about one request."""
        log = self.a.state / "audit" / "audit.log"
        lines = [json.loads(line) for line in log.read_text().splitlines() if kind in line]
        return [line for line in lines if line["type"] == kind and line.get("id") == reference]

    def refused(self, done):
        """The reference in what a refused client was told."""
        self.assertIn("bulkhead: ", done.stderr)
        found = REFERENCE.search(done.stderr)
        self.assertTrue(found, done.stderr)
        return found.group(1)

    def notified(self, event, reference):
        return [e for e in self.hook.events() if e["event"] == event and e["id"] == reference]

    def test_a_held_write_ends_with_its_time(self):
        done = self.psql_script(self.tokens("patient"),
                                "INSERT INTO t VALUES (2);\nSELECT 'still ' || 'here';\n")
        reference = self.refused(done)
        self.assertIn("nobody approved it in time", done.stderr)
        self.assertIn("still here", done.stdout)
        self.assertEqual(self.a.server.sql("SELECT count(*) FROM t WHERE a=2").strip(), "0")
        self.wait(lambda: self.audit("approval_expired", reference), "the audit log")
        self.assertEqual(len(self.audit("approval_requested", reference)), 1)
        self.wait(lambda: self.notified("approval_expired", reference), "the notification")
        asked, = self.notified("approval_requested", reference)
        self.assertEqual(asked["resource"], "orders")
        self.assertEqual(asked["effects"], "write")
        self.assertEqual(asked["approvers"], '["dba"]')
        self.assertEqual(len(self.silent.got), 1)  # and it delays nobody
        for headers, body in self.hook.got:
            signed = headers["Bulkhead-Timestamp"].encode() + b"." + body
            wanted = "v1=" + hmac.new(KEY, signed, hashlib.sha256).hexdigest()
            self.assertEqual(headers["Bulkhead-Signature"], wanted)

    def test_retry_asks_once_and_survives_kill_9(self):
        token = self.tokens("again")
        insert = "INSERT INTO t VALUES (3)"
        reference = self.refused(self.psql(token, insert, check=False))
        again = self.psql(token, insert, check=False)
        self.assertEqual(set(REFERENCE.findall(again.stderr)), {reference}, again.stderr)
        self.assertIn(f"(reference {reference}): asked for before", again.stderr)
        self.a.process.signal(signal.SIGKILL)
        self.a.process.wait()
        self.a.start()
        again = self.psql(token, insert, check=False)
        self.assertEqual(set(REFERENCE.findall(again.stderr)), {reference}, again.stderr)
        self.wait(lambda: self.audit("approval_requested", reference), "the audit log")
        # A line that the kill has made twice has the number of the first.
        events = {line["event"] for line in self.audit("approval_requested", reference)}
        self.assertEqual(len(events), 1)
        self.assertEqual(self.a.offline("audit", "verify").returncode, 0)

    def test_access_is_asked_for(self):
        done = self.psql(self.tokens("guest"), "SELECT 1", check=False)
        reference = self.refused(done)
        self.assertIn("needs approval", done.stderr)
        done = self.psql(self.tokens("guest"), "SELECT 1", check=False)
        self.assertEqual(self.refused(done), reference)
        self.wait(lambda: self.notified("access_requested", reference), "the notification")

    def test_a_locked_store_stops_approvals_and_no_session(self):
        db = sqlite3.connect(self.a.state / "store.db", isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN EXCLUSIVE")
        done = self.psql_script(self.tokens("patient"),
                                "INSERT INTO t VALUES (4);\nSELECT 'still ' || 'here';\n")
        self.assertIn("the gateway cannot ask for approval now", done.stderr)
        self.assertIn("still here", done.stdout)
        self.assertFalse(self.a.status()["store"]["healthy"])
        db.execute("COMMIT")
        self.wait(lambda: self.a.status()["store"]["healthy"], "the store")
        done = self.psql_script(self.tokens("patient"), "INSERT INTO t VALUES (5);\n")
        self.assertIn("nobody approved it in time", done.stderr)
        log = (self.a.state / "audit" / "audit.log").read_text()
        self.assertIn('"type":"approval_failed"', log)


if __name__ == "__main__":
    main()
