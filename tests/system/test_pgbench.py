#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""pgbench with 16 clients, in all three modes, without an error; again while the policy changes."""
import re
import threading
import time

from gateway_case import OPEN_RULES, GatewayCase, Options, main

CLIENTS = 16
# As OPEN_RULES, with other masks, another mode of recording and one rule more.
OTHER_RULES = """\
rules:
  - name: nobody
    subjects: {groups: [nobody]}
    resources: [orders]
    effects: {allow: [read]}
  - name: everything, masked
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read, write, ddl, admin, exec, unknown]}
    mask: [email, jwt]
    record: async
"""


class Pgbench(GatewayCase):
    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("bench", ["agents"])
        cls.seconds = 30 if Options.full else 10
        cls.a.client(["pgbench", "-i", "-q", "-s", "2"], cls.token, timeout=120)

    def bench(self, mode, seconds=None, *more):
        seconds = seconds or self.seconds
        done = self.a.client(["pgbench", "-n", "-M", mode, "-c", CLIENTS, "-j", 2, "-T", seconds,
                              *more], self.token, timeout=seconds + 60)
        self.assertNotIn("error", done.stderr.lower(), done.stderr)
        self.assertNotIn("aborted", done.stderr.lower(), done.stderr)
        failed = int(re.search(r"number of failed transactions: (\d+)", done.stdout).group(1))
        self.assertEqual(failed, 0)
        print(f"{mode} {' '.join(map(str, more))}: "
              f"{re.search(r'tps = ([0-9.]+)', done.stdout).group(1)} transactions/s", flush=True)

    def test_simple(self):
        self.bench("simple")

    def test_extended(self):
        self.bench("extended")

    def test_prepared(self):
        self.bench("prepared")

    def test_reading_only(self):
        self.bench("prepared", 5, "-S")

    def test_a_connection_for_each_transaction(self):
        self.bench("simple", 5, "-C", "-S")

    def test_under_reload(self):
        for mode in ("simple", "extended", "prepared"):
            with self.subTest(mode=mode):
                self.under_reload(mode)

    def under_reload(self, mode):
        stop, reloads, trouble = threading.Event(), [], []

        def reload():
            while not stop.is_set():
                begin = time.monotonic()
                try:
                    self.a.write_config((OPEN_RULES, OTHER_RULES)[len(reloads) % 2])
                    self.a.ctl("reload")
                    reloads.append(time.monotonic() - begin)
                except Exception as e:  # noqa: BLE001, told by the test
                    trouble.append(e)
                    return
                stop.wait(max(0.0, 0.1 - (time.monotonic() - begin)))

        before = self.versions()
        thread = threading.Thread(target=reload)
        thread.start()
        try:
            self.bench(mode)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(trouble, [])
        print(f"{len(reloads)} reloads, longest {max(reloads) * 1000:.0f} ms", flush=True)
        self.assertGreater(len(reloads), self.seconds)
        self.wait(lambda: all(v >= before[i] + len(reloads)
                              for i, v in enumerate(self.versions())), "the last policy's arrival")

    def versions(self):
        return [int(w["snapshot_version"]) for w in self.a.status()["workers"]]

    def test_reload_of_a_bad_file_changes_nothing(self):
        before = self.versions()
        self.a.config.write_text(self.a.config.read_text() + "nonsense: [")
        done = self.a.ctl("reload", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"bulkhead\.yaml:\d+:\d+: ")
        self.assertEqual(self.versions(), before)
        self.a.write_config(OPEN_RULES)
        self.a.ctl("reload")


class PgbenchOnTwoWorkers(Pgbench):
    workers = 2


if __name__ == "__main__":
    main()
