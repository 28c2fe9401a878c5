#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""kill -9 in mid-session: what was recorded replays up to there, the audit chain verifies, and the
gateway goes on with the same state."""
import re
import signal
import threading
import time

from gateway_case import GatewayCase, Options, main, seed

RULES = """\
rules:
  - name: strict
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read], deny: [write, ddl, admin, exec, unknown]}
    mask: [{pattern: email, style: redact}]
    record: strict
  - name: async
    subjects: {groups: [others]}
    resources: [orders]
    effects: {allow: [read], deny: [write, ddl, admin, exec, unknown]}
    mask: [{pattern: email, style: redact}]
    record: async
"""
SESSION = re.compile(r"\b[0-9a-f]{16}\b")


class Crash(GatewayCase):
    rules = RULES
    data = "CREATE TABLE t (a int, mail text); INSERT INTO t VALUES (1, 'ann@example.org')"

    @classmethod
    def prepare(cls):
        cls.rng = seed()

    def kill(self):
        self.a.process.signal(signal.SIGKILL)
        self.a.process.wait()

    def restart(self):
        self.a.start()

    def talk(self, name, group, answered):
        """Statements with numbers until the connection is gone."""
        import psycopg
        conn = self.connect(self.a.token(name, [group]), keepalives_idle="1",
                            tcp_user_timeout="2000")
        ready = threading.Event()

        def statements():
            n = 0
            try:
                while True:
                    conn.execute(f"SELECT '{name}-{n}-', mail FROM t")
                    answered.append(n)
                    n += 1
                    ready.set()
                    if n % 7 == 3:
                        try:
                            conn.execute(f"DELETE FROM t WHERE mail = '{name}-denied-{n}'")
                        except psycopg.errors.InsufficientPrivilege:
                            pass
            except psycopg.Error:
                ready.set()
        thread = threading.Thread(target=statements, daemon=True)
        thread.start()
        ready.wait(20)
        return thread

    def replays(self):
        """subject -> its replay, of every session there is."""
        found = {}
        for line in self.a.ctl("sessions", "list").stdout.splitlines():
            match = SESSION.search(line)
            name = re.search(r"\b(?:strict|async)\d+\b", line)
            if match and name:
                done = self.a.ctl("sessions", "replay", "--no-delay", match.group(0), check=False)
                self.assertEqual(done.returncode, 0, done.stdout[-500:] + done.stderr)
                found[name.group(0)] = done.stdout
        return found

    def verify(self):
        done = self.a.offline("audit", "verify", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_kill_in_mid_session(self):
        for turn in range(10 if Options.full else 3):
            with self.subTest(turn=turn):
                self.once(turn)

    def once(self, turn):
        strict, later = f"strict{turn}", f"async{turn}"
        in_strict, in_async = [], []
        threads = [self.talk(strict, "agents", in_strict), self.talk(later, "others", in_async)]
        time.sleep(self.rng.uniform(0.2, 2.5))
        self.kill()
        print(f"turn {turn}: {len(in_strict)} strict and {len(in_async)} async statements answered")
        self.verify()
        self.restart()
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive(), "a client still waits for the dead gateway")
        replays = self.replays()
        self.assertIn(strict, replays)
        self.assertIn(later, replays)
        for text in replays.values():
            self.assert_no_leak(text, "ann@example.org")
        # Strict: whatever was answered, and whatever the server saw, is on record.
        log = self.a.server.statements()
        seen = {int(n) for n in re.findall(rf"SELECT '{strict}-(\d+)-'", log)}
        on_record = {int(n) for n in re.findall(rf"{strict}-(\d+)-', mail", replays[strict])}
        self.assertTrue(set(in_strict) <= seen)
        self.assertTrue(seen <= on_record, sorted(seen - on_record))
        self.assertEqual(sorted(on_record), list(range(len(on_record))))
        # Async: a prefix without a gap.
        later_record = sorted({int(n) for n in re.findall(rf"{later}-(\d+)-', mail",
                                                          replays[later])})
        self.assertEqual(later_record, list(range(len(later_record))))
        self.verify()
        done = self.psql(self.a.token("again", ["agents"]), "SELECT mail FROM t")
        self.assertEqual(done.stdout, "[REDACTED:email]\n")

    def test_stop_and_start(self):
        token = self.a.token("orderly", ["agents"])
        self.assertEqual(self.psql(token, "SELECT 1").stdout, "1\n")
        conn = self.connect(token)
        self.assertEqual(self.a.process.stop(), 0)
        import psycopg
        with self.assertRaises(psycopg.OperationalError) as caught:
            conn.execute("SELECT 1")
        self.assertIn("terminating connection", str(caught.exception))
        self.verify()
        self.restart()
        # Keys of the local issuer stay: an old token is still good.
        self.assertEqual(self.psql(token, "SELECT 1").stdout, "1\n")
        self.verify()

    def test_changed_audit_log_does_not_verify(self):
        self.psql(self.a.token("agent", ["agents"]), "DROP TABLE t", check=False)
        self.wait(lambda: "agent" in (self.a.state / "audit/audit.log").read_text(), "the line")
        self.assertEqual(self.a.process.stop(), 0)
        path = self.a.state / "audit/audit.log"
        before = path.read_bytes()
        try:
            middle = before.index(b"\n", len(before) // 2) + 20
            changed = bytearray(before)
            changed[middle] ^= 1
            path.write_bytes(changed)
            done = self.a.offline("audit", "verify", check=False)
            self.assertNotEqual(done.returncode, 0)
            path.write_bytes(before[:len(before) // 2])
            self.assertNotEqual(self.a.offline("audit", "verify", check=False).returncode, 0)
        finally:
            path.write_bytes(before)
        self.verify()
        self.restart()


if __name__ == "__main__":
    main()
