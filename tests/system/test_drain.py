#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Out of service: the load balancer's probe first, then sessions between their transactions, then
whatever is left; by SIGTERM and by bulkheadctl."""
import json
import signal
import socket
import subprocess
import unittest

from gateway_case import OPEN_RULES, GatewayCase, main, net

PROBE = 8080
TIMEOUTS = "timeouts: {login: 20s, connect: 20s"
SHUTDOWN = "FATAL:  57P01: terminating connection due to administrator command"


class Psql:
    """One that is told line after line, and says what it got."""

    def __init__(self, case, token):
        self.popen = subprocess.Popen(
            case.net.client.argv(["psql", "-XAtq", "-v", "VERBOSITY=verbose"]), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=case.a.env(token))
        case.addCleanup(self.popen.kill)
        self.ask("SELECT 'in'", "in")

    def ask(self, statement, answer):
        self.popen.stdin.write(statement + ";\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline().strip()
        assert line == answer, f"{statement}: {line!r}"

    def end(self, last="SELECT 1"):
        """Whatever it says when it is told to go on."""
        return self.popen.communicate(f"{last};\nSELECT 'still in';\n", timeout=30)


class Drain(GatewayCase):
    rules = OPEN_RULES
    data = "CREATE TABLE notes (n int)"
    times = "drain_accept: 8s, drain: 60s"
    by = "http"

    @classmethod
    def before_start(cls):
        text = cls.a.config.read_text()
        assert TIMEOUTS in text
        cls.a.config.write_text(text.replace(
            TIMEOUTS, f"probe: {{port: {PROBE}, by: {cls.by}}}\n  {TIMEOUTS}, {cls.times}"))

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("somebody", ["agents"])

    def drain(self, *words):
        return json.loads(self.a.ctl(*words, "--json").stdout)

    def until(self, phase):
        self.wait(lambda: self.drain("drain", "status")["phase"] == phase, phase, timeout=40)

    def probe(self, request=b"GET /anything HTTP/1.1\r\nHost: x\r\n\r\n"):
        """All that comes until FIN; a reset raises ConnectionResetError."""
        with socket.create_connection((net.GW_CLIENT, PROBE), timeout=20) as s:
            if request:
                s.sendall(request)
            else:
                s.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                more = s.recv(4096)
                if not more:
                    return got.split(b"\r\n")[0].decode()
                got += more

    def wait_probe(self, answer):
        self.wait(lambda: self.probe() == answer, answer)


class ByHand(Drain):
    def test_politely_and_back(self):
        self.wait_probe("HTTP/1.1 200 OK")
        self.assertEqual(self.probe(request=b""), "")
        busy, idle = Psql(self, self.token), Psql(self, self.token)
        busy.ask("BEGIN; INSERT INTO notes VALUES (1) RETURNING n", "1")
        # First the balancer is told, and nobody else.
        state = self.drain("drain")
        self.assertEqual((state["phase"], state["stopping"]), ("accepting", False))
        self.wait_probe("HTTP/1.1 503 Service Unavailable")
        late = Psql(self, self.token)
        self.assertEqual(self.drain("drain", "status")["phase"], "accepting")
        self.assertEqual(self.drain("drain")["phase"], "accepting")  # again changes nothing
        # Then who is between two transactions goes, and nobody comes.
        self.until("closing")
        for client in (idle, late):
            self.assertIn("57P01", client.end()[1])
        self.wait(lambda: self.drain("drain", "status")["sessions"] == 1, "one to be left")
        refused = self.psql(self.token, "SELECT 1", check=False)
        self.assertIn("Connection refused", refused.stderr)
        self.wait_probe("HTTP/1.1 503 Service Unavailable")
        # A transaction comes to its end.
        busy.ask("INSERT INTO notes VALUES (2) RETURNING n", "2")
        self.assertEqual(self.drain("drain", "status")["phase"], "closing")
        said, error = busy.end("COMMIT")
        self.assertIn("57P01", error)
        self.assertEqual(said, "")
        self.until("drained")
        self.assertEqual(self.a.server.sql("SELECT sum(n) FROM notes").strip(), "3")
        self.assertEqual(self.a.status()["drain"]["sessions"], 0)
        # And everything comes back.
        self.assertEqual(self.drain("undrain")["phase"], "serving")
        self.wait_probe("HTTP/1.1 200 OK")
        self.assertEqual(self.psql(self.token, "SELECT 2").stdout, "2\n")
        self.assertGreater(self.counter("probes_unhealthy"), 0)


class Stop(Drain):
    times = "drain_accept: 0, drain: 2s"
    by = "tcp"

    def can_probe(self):
        try:
            return self.probe(request=b"") == ""
        except ConnectionRefusedError:
            return False

    def test_firmly_at_the_deadline(self):
        self.wait(self.can_probe, "the probe's port")
        busy = Psql(self, self.token)
        busy.ask("BEGIN; INSERT INTO notes VALUES (5) RETURNING n", "5")
        self.a.process.signal(signal.SIGTERM)
        self.wait(lambda: not self.can_probe(), "the probe to fail")
        self.assertEqual(self.a.process.popen.wait(timeout=40), 0)
        self.assertIn(SHUTDOWN, busy.end()[1])
        self.assertIn("drain: ending sessions=1", self.a.process.text())
        self.assertIn("drain: drained sessions=0", self.a.process.text())
        self.assertIn("stop: done", self.a.process.text())
        self.assertEqual(self.a.server.sql("SELECT count(*) FROM notes").strip(), "0")
        self.a.start()


class StopNow(Drain):
    times = "drain_accept: 0, drain: 30m"

    def test_the_second_signal_means_now(self):
        busy = Psql(self, self.token)
        busy.ask("BEGIN; INSERT INTO notes VALUES (5) RETURNING n", "5")
        self.a.process.signal(signal.SIGTERM)
        self.a.process.wait_line("drain: closing")
        self.a.process.signal(signal.SIGTERM)
        self.assertEqual(self.a.process.popen.wait(timeout=40), 0)
        error = busy.end()[1]  # nobody was told (that it is a reset, the simulator sees)
        self.assertIn("connection to server was lost", error)
        self.assertNotIn("57P01", error)
        # The server was told as well: no transaction of ours stays there.
        self.wait(lambda: self.a.server.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'").strip() == "0",
            "the server to have heard")
        self.assertIn("stop: done", self.a.process.text())
        self.a.start()



def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(c) for c in (ByHand, Stop, StopNow))


if __name__ == "__main__":
    main()
