#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The kill switch over the admin API: who ends, who stays, who may come back, and after a kill -9.

  test_revoke.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]
"""
import http.client
import json
import signal
import socket
import sys
import threading

sys.dont_write_bytecode = True

from gateway_case import GatewayCase, main  # noqa: E402


class Admin(http.client.HTTPConnection):
    """The admin API's Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Revoke(GatewayCase):
    def setUp(self):
        self.alice, self.bob = self.a.token("alice"), self.a.token("bob")

    def tearDown(self):
        for r in self.api("GET", "/v1/revocations?live=1")[1]["revocations"]:
            self.lift(r)
        super().tearDown()

    # ---- the API

    def api(self, method, path, body=None):
        """Returns the status and the answer's object."""
        admin = Admin(self.a.state / "admin.sock")
        text = None if body is None else json.dumps(body)
        admin.request(method, path, text, {"Content-Type": "application/json"})
        answer = admin.getresponse()
        value = json.loads(answer.read())
        admin.close()
        return answer.status, value

    def revoke(self, **body):
        """Returns the revocation when every worker has answered."""
        status, made = self.api("POST", "/v1/revocations", {"reason": "leaked"} | body)
        self.assertEqual(status, 201, made)
        self.assertTrue(made["stored"])
        path = f"/v1/revocations/{made['id']}"
        self.wait(lambda: self.api("GET", path)[1]["done"], "the workers to answer")
        return self.api("GET", path)[1]

    def lift(self, revocation):
        status, lifted = self.api("POST", f"/v1/revocations/{revocation['id']}/lift", {})
        self.assertEqual(status, 200, lifted)

    # ---- what is to be seen

    def assert_ended(self, conn):
        import psycopg
        with self.assertRaises(psycopg.OperationalError) as caught:
            conn.execute("SELECT 1")
        self.assertIn("access was revoked", str(caught.exception))

    def assert_refused(self, token):
        done = self.psql(token, "SELECT 1", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the token was not accepted", done.stderr)
        self.assertNotIn("leaked", done.stderr)

    def assert_works(self, token):
        self.assertEqual(self.psql(token, "SELECT 1").stdout, "1\n")

    def audit(self, kind):
        self.wait(lambda: kind in self.audit_text(), f"{kind} in the audit log")
        return [line for line in map(json.loads, self.audit_text().splitlines())
                if line["type"] == kind]

    def audit_text(self):
        return (self.a.state / "audit/audit.log").read_text()

    # ---- tests

    def test_subject(self):
        alice, again, bob = (self.connect(t) for t in (self.alice, self.alice, self.bob))
        revocation = self.revoke(kind="subject", issuer="local", key="alice")
        self.assertEqual(revocation["closed"], 2)
        self.assert_ended(alice)
        self.assert_ended(again)
        bob.execute("SELECT 1")
        self.assert_refused(self.alice)
        self.assert_refused(self.a.token("alice"))  # another token of hers
        self.assert_works(self.bob)
        refused = self.audit("login_refused")[-1]
        self.assertEqual(refused["subject"], "alice")
        self.assertIn("revoked: subject local alice: leaked", refused["reason"])
        self.lift(revocation)
        self.assert_works(self.alice)

    def test_token(self):
        other = self.a.token("alice")
        first, second = self.connect(self.alice), self.connect(other)
        self.assertEqual(self.revoke(kind="token", token=self.alice)["closed"], 1)
        self.assert_ended(first)
        second.execute("SELECT 1")
        self.assert_refused(self.alice)
        self.assert_works(other)

    def test_resource(self):
        alice = self.connect(self.alice)
        self.assert_works(self.bob)
        self.wait(lambda: self.a.status()["sessions"] == 1, "bob's session to be closed")
        self.assertEqual(self.revoke(kind="resource", resource="orders")["closed"], 1)
        self.assert_ended(alice)
        self.assert_refused(self.bob)

    def test_what_runs_is_cancelled(self):
        """The statement does not go on at the server."""
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%'"
        alice, seen = self.connect(self.alice), []

        def sleep():
            try:
                alice.execute("SELECT pg_sleep(600)")
            except Exception as error:  # noqa: B902, it is looked at below
                seen.append(str(error))
        thread = threading.Thread(target=sleep)
        thread.start()
        self.wait(lambda: self.a.server.sql(asleep) == "1\n", "the statement to run")
        self.revoke(kind="subject", issuer="local", key="alice")
        thread.join(30)
        self.assertIn("access was revoked", seen[0])
        self.wait(lambda: self.a.server.sql(asleep) == "0\n", "the statement to end")

    def test_preview(self):
        self.connect(self.alice)
        self.connect(self.alice)
        self.connect(self.bob)
        target = {"kind": "subject", "issuer": "local", "key": "alice"}
        self.wait(lambda: self.api("POST", "/v1/revocations/preview", target)[1]["total"] == 2,
                  "two sessions")
        radius = self.api("POST", "/v1/revocations/preview", target)[1]
        self.assertEqual([s["subject"] for s in radius["sessions"]], ["alice", "alice"])
        self.assertEqual(radius["resources"], ["orders"])
        self.assertEqual(self.api("GET", "/v1/revocations?live=1")[1]["revocations"], [])
        self.assert_works(self.alice)

    def test_the_cache_is_used_and_not_beyond(self):
        before = self.counter("logins_cached")
        for _ in range(self.workers + 1):  # each worker remembers for itself
            self.assert_works(self.alice)
        cached = self.counter("logins_cached")
        self.assertGreater(cached, before)
        self.revoke(kind="subject", issuer="local", key="alice")
        for _ in range(self.workers + 1):
            self.assert_refused(self.alice)
        self.assertEqual(self.counter("logins_cached"), cached)

    def test_one_with_an_end_ends(self):
        self.revoke(kind="subject", issuer="local", key="alice", for_s=2)
        self.wait(lambda: self.psql(self.alice, "SELECT 1", check=False).returncode == 0,
                  "its end")

    def test_survives_kill_9(self):
        revocation = self.revoke(kind="subject", issuer="local", key="alice")
        self.a.process.signal(signal.SIGKILL)
        self.a.process.wait()
        self.a.start()
        self.assert_refused(self.alice)
        self.assert_works(self.bob)
        listed = self.api("GET", "/v1/revocations?live=1")[1]["revocations"]
        self.assertEqual([r["id"] for r in listed], [revocation["id"]])
        self.a.process.stop()
        self.a.start()
        self.assert_refused(self.alice)
        self.lift(revocation)
        self.assert_works(self.alice)

    def test_audit(self):
        alice = self.connect(self.alice)
        revocation = self.revoke(kind="subject", issuer="local", key="alice")
        self.assert_ended(alice)
        self.lift(revocation)
        for kind in ("revoked", "revocation_done", "revocation_lifted"):
            line = self.audit(kind)[-1]
            self.assertEqual(line["number"], revocation["id"])
            self.assertEqual(line["kind"], "subject")
            self.assertEqual(line["label"], "local alice")
            self.assertEqual(line["by"], "uid 0")
        self.assertEqual(self.audit("revocation_done")[-1]["sessions"], 1)
        done = self.audit("revocation_done")[-1]
        self.assertGreater(done["cut_ms"], 0)
        self.assertGreaterEqual(done["ms"], done["cut_ms"])

    def test_what_makes_no_sense(self):
        for body in ({"kind": "node"}, {"kind": "subject", "key": "alice"},
                     {"kind": "token", "token": "x"}, {"kind": "everything"},
                     {"kind": "node", "node": "0" * 32}):
            status, answer = self.api("POST", "/v1/revocations", body)
            self.assertEqual(status, 400, answer)
        self.assertEqual(self.api("GET", "/v1/revocations/77")[0], 404)
        self.assertEqual(self.api("POST", "/v1/revocations/77/lift", {})[0], 404)


class RevokeOnTwoWorkers(Revoke):
    workers = 2


if __name__ == "__main__":
    main()
