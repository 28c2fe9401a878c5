#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What stock clients see of a command that waits for a human, when none comes.

  test_hold.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]
"""
import re
import signal
import subprocess
import threading

from gateway_case import GatewayCase, main

DATA = """
CREATE TABLE notes (n int);
INSERT INTO notes SELECT generate_series(1, 1000);
"""

RULES = """\
rules:
  - name: somebody decides
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 10m}
    record: strict
  - name: nobody decides
    subjects: {groups: [lonely]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 2s}
    record: async
  - name: ask and come back
    subjects: {groups: [patient]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], mode: retry}
    record: async
  - name: by grant
    subjects: {groups: [guests]}
    resources: [orders]
    effects: {allow: [read]}
    access: {approvers: [dba]}
    record: off
"""

REFERENCE = re.compile(r"reference ([0-9a-f]{16})")


class Hold(GatewayCase):
    rules, data = RULES, DATA

    @classmethod
    def prepare(cls):
        cls.agent = cls.a.token("agent-1", ["agents"])
        cls.lonely = cls.a.token("agent-2", ["lonely"])
        cls.patient = cls.a.token("agent-3", ["patient"])
        cls.guest = cls.a.token("agent-4", ["guests"])

    def tearDown(self):
        self.wait(lambda: self.counter("held_live") == 0, "nothing to be held")
        super().tearDown()

    def assert_untouched(self):
        self.assertEqual(self.a.server.sql("SELECT count(*) FROM notes").strip(), "1000")

    def test_nobody_decides(self):
        done = self.psql(self.lonely, "DELETE FROM notes", "SELECT 'still here'", check=False)
        self.assertIn("NOTICE:  bulkhead: DELETE waits for approval (reference ", done.stderr)
        self.assertIn("ERROR:  bulkhead: DELETE refused: nobody approved it in time", done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1:], ["still here"])
        self.assertEqual(len(set(REFERENCE.findall(done.stderr))), 1, done.stderr)
        self.assert_untouched()

    def test_ask_and_come_back(self):
        done = self.psql(self.patient, "DELETE FROM notes", "SELECT 'still here'", check=False)
        self.assertIn("ERROR:  bulkhead: DELETE needs approval (reference ", done.stderr)
        self.assertNotIn("waits for approval", done.stderr)
        self.assertIn("HINT:  Run the very same statement again once it is approved.", done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1:], ["still here"])
        self.assert_untouched()

    def test_interrupt(self):
        """Ctrl-C in psql."""
        with subprocess.Popen(
                self.net.client.argv(["psql", "-XAt", "-c", "DELETE FROM notes"]),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                env=self.a.env(self.agent)) as psql:
            self.assertIn("waits for approval", psql.stderr.readline())
            psql.send_signal(signal.SIGINT)
            err = psql.communicate(timeout=30)[1]
        self.assertIn("ERROR:  bulkhead: canceling DELETE due to user request", err)
        self.assert_untouched()

    def test_cancel_of_a_prepared_statement(self):
        import psycopg
        conn = self.connect(self.agent)
        said, heard = threading.Event(), []

        def notice(diagnostic):
            heard.append(diagnostic.message_primary)
            said.set()
        conn.add_notice_handler(notice)
        killer = threading.Thread(target=lambda: (said.wait(30), conn.cancel()))
        killer.start()
        with self.assertRaises(psycopg.errors.QueryCanceled):
            conn.execute("DELETE FROM notes WHERE n = %s", (41,), prepare=True)
        killer.join()
        self.assertEqual(len(heard), 1)
        self.assertEqual(conn.execute("SELECT 1 WHERE 1 = %s", (1,)).fetchone(), (1,))
        self.assert_untouched()

    def test_a_client_that_leaves(self):
        conn = self.connect(self.agent)
        said = threading.Event()
        conn.add_notice_handler(lambda _: said.set())
        conn.pgconn.send_query(b"DELETE FROM notes")
        while not said.is_set():
            conn.pgconn.consume_input()
            conn.pgconn.is_busy()
        self.assertEqual(self.counter("held_live"), 1)
        conn.close()
        self.wait(lambda: self.counter("held_live") == 0, "the hold to end with its client")
        self.assert_untouched()

    def test_others_work_on(self):
        conn, other = self.connect(self.agent), self.connect(self.agent)
        said = threading.Event()
        conn.add_notice_handler(lambda _: said.set())
        conn.pgconn.send_query(b"DELETE FROM notes")
        while not said.is_set():
            conn.pgconn.consume_input()
            conn.pgconn.is_busy()
        for i in range(200):
            self.assertEqual(other.execute("SELECT %s::int", (i,)).fetchone(), (i,))
        self.assertEqual(self.counter("held_live"), 1)
        conn.close()

    def test_no_grant(self):
        done = self.psql(self.guest, "SELECT 1", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("FATAL:  ", done.stderr)
        self.assertIn("Connect again once access is granted.", done.stderr)


if __name__ == "__main__":
    main()
