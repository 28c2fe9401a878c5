#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The daemon itself: its command line, reload, stop, and what it takes when nothing happens."""
import os
import signal
import subprocess
import time
from pathlib import Path

import net
from appliance import OPEN_RULES
from gateway_case import GatewayCase, main


class Daemon(GatewayCase):
    workers = 2

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("somebody", ["agents"])

    def bulkhead(self, *argv):
        return self.net.gw.run([self.a.build / "app/bulkhead", *argv], check=False)

    def config(self, change):
        """Another configuration file: the running one, changed by a function on its text."""
        path = self.a.dir / "other.yaml"
        path.write_text(change(self.a.config.read_text()))
        return path

    # ---- command line

    def test_version_and_help(self):
        self.assertRegex(self.bulkhead("--version").stdout, r"^bulkhead \d+\.\d+")
        self.assertIn("--config FILE", self.bulkhead("--help").stdout)

    def test_wrong_command_line(self):
        for argv in ([], ["--config"], ["--no-such-option"], ["--config", "x", "y"]):
            done = self.bulkhead(*argv)
            self.assertEqual((done.returncode, done.stdout), (2, ""), argv)
            self.assertIn("usage:", done.stderr)

    def test_check(self):
        done = self.bulkhead("--check", "--config", self.a.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ok", done.stdout)

    def test_check_finds_what_only_building_finds(self):
        path = self.config(lambda text: text.replace("pem-private-key", "no-such-pattern"))
        done = self.bulkhead("--check", "--config", path)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"other\.yaml:\d+:\d+: .*no-such-pattern")

    def test_no_such_file(self):
        self.assertEqual(self.bulkhead("--config", "/nowhere.yaml").returncode, 1)

    def test_no_such_device(self):
        def change(text):
            return (text.replace("iface=gc", "iface=none")
                    .replace(str(self.a.state), str(self.a.dir / "other")))
        done = self.bulkhead("--config", self.config(change))
        self.assertEqual(done.returncode, 1)
        self.assertIn("error start: ports:", done.stderr)

    def test_state_is_in_use(self):
        def change(text):  # other ports, so that only the state is in the way
            for link in ("gc", "gs"):
                text = text.replace(f"net_af_packet{int(link == 'gs')},iface={link}",
                                    f"net_null{int(link == 'gs')}")
            return text.replace(",qpairs=2", "")
        done = self.bulkhead("--config", self.config(change))
        self.assertEqual(done.returncode, 1)
        self.assertIn("audit log", done.stderr)

    # ---- reload

    def reload(self, text, result):
        before = self.a.process.text().count(result)
        self.a.config.write_text(text)
        self.a.process.signal(signal.SIGHUP)
        self.wait(lambda: self.a.process.text().count(result) > before, result)

    def answers(self, port):
        return self.psql(self.token, "SELECT 'there'", check=False,
                         PGPORT=str(port), PGCONNECT_TIMEOUT="5").stdout == "there\n"

    def test_listeners_follow(self):
        text = self.a.config.read_text()
        start, end = text.index(f'  - address: "{net.GW_CLIENT}"'), text.index("rules:")
        self.addCleanup(lambda: self.reload(text, "policy: in force"))
        more = text[start:end].replace("port: 5432", "port: 5433")
        self.assertFalse(self.answers(5433))
        self.reload(text[:end] + more + text[end:], "policy: in force")
        self.wait(lambda: self.answers(5433), "the second listener")
        self.assertTrue(self.answers(5432))
        self.reload(text, "policy: in force")
        self.wait(lambda: not self.answers(5433), "the second listener to go")
        self.assertTrue(self.answers(5432))

    def test_bad_file_changes_nothing(self):
        text = self.a.config.read_text()
        self.addCleanup(lambda: self.a.config.write_text(text))
        conn = self.connect(self.token)
        self.reload(text + "nonsense: 1\n", "the running policy stays")
        self.assertRegex(self.a.process.text(), r"bulkhead\.yaml:\d+:1: .*nonsense")
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))
        self.assertTrue(self.answers(5432))

    # ---- idle

    def test_state_is_private(self):
        self.psql(self.token, "SELECT 1")
        for path in self.a.state.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_idle_worker_gives_the_core_away(self):
        def cpu():
            stat = Path(f"/proc/{self.a.process.pid}/stat").read_text()
            fields = stat.rsplit(")")[-1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        conn = self.connect(self.token)  # a session that waits is no work
        conn.execute("SELECT 1")
        time.sleep(0.5)
        begin = cpu()
        time.sleep(3)
        share = (cpu() - begin) / 3
        print(f"idle: {share:.2f} of a core for {self.workers} workers")
        self.assertLess(share, 0.9)


class Stop(GatewayCase):
    rules = OPEN_RULES

    def test_sessions_end_natively(self):
        token = self.a.token("somebody", ["agents"])
        client = subprocess.Popen(
            self.net.client.argv(["psql", "-XAt"]), stdin=subprocess.PIPE, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.a.env(token))
        self.addCleanup(client.kill)
        client.stdin.write("SELECT 'in';\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), "in\n")
        begin = time.monotonic()
        self.assertEqual(self.a.process.stop(timeout=8), 0)
        self.assertLess(time.monotonic() - begin, 5)
        _, error = client.communicate("SELECT 'still in';\n", timeout=10)
        self.assertIn("FATAL:  terminating connection due to administrator command", error)
        self.assertIn("stop: done", self.a.process.text())
        self.assertFalse((self.a.state / "admin.sock").exists())
        # And once more from the same state.
        self.a.start()
        self.assertEqual(self.psql(self.a.token("again", ["agents"]), "SELECT 2").stdout, "2\n")


if __name__ == "__main__":
    main()
