#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Patterns of the operator's own: folders beside the library, lists of thousands, reloads of them."""
import random
import subprocess

from appliance import OPEN_RULES, ROOT
from gateway_case import GatewayCase, main

WORDS = 10000
LIST = """\
name: {name}
title: a list
kind: list
of: entity
boundary: word
mask: redact
"""


def words(seed, n):
    """Distinct words that stand in nothing else."""
    source = random.Random(seed)
    return sorted({"zq" + "".join(source.choices("bcdfghjklmnpqrstvwxz", k=9)) for _ in range(n)})


class Patterns(GatewayCase):
    @classmethod
    def before_start(cls):
        cls.own = cls.a.dir / "own"
        cls.own.mkdir()
        text = cls.a.config.read_text()
        library = str(ROOT / "patterns/library")
        cls.a.config.write_text(text.replace(f"patterns: {library}\n",
                                             f"patterns: [{library}, own]\n"))

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("somebody", ["agents"])
        cls.text = cls.a.config.read_text()

    def tearDown(self):
        for file in self.own.iterdir():
            file.unlink()
        self.a.config.write_text(self.text)
        self.a.ctl("reload")
        super().tearDown()

    def use(self, name):
        self.a.config.write_text(self.text.replace("mask: [", f"mask: [{name}, "))

    def value(self, text):
        return self.psql(self.token, f"SELECT '{text}'").stdout.strip()

    def test_list_of_thousands(self):
        many = words(1, WORDS)
        (self.own / "projects.yaml").write_text(
            LIST.format(name="projects") + "words:\n" + "".join(f"  - {w}\n" for w in many))
        self.assertEqual(self.value(f"a {many[0]} b"), f"a {many[0]} b")
        self.use("projects")
        self.a.ctl("reload", timeout=120)
        for word in (many[0], many[len(many) // 2], many[-1]):
            self.assertEqual(self.value(f"a {word} b"), "a [REDACTED:projects] b")
        self.assertEqual(self.value(f"a x{many[0]} b"), f"a x{many[0]} b")

    def test_logins_do_not_wait_for_a_compiler(self):
        # Bounded repeats of classes: what takes Hyperscan longest.
        (self.own / "slow.yaml").write_text(
            LIST.format(name="slow") + "rules:\n" +
            "".join(f"  - {{name: slow-{i}, pattern: '[a-z]{{5,30}}{w}[a-z]{{10,60}}'}}\n"
                    for i, w in enumerate(words(2, 200))))
        self.use("slow")
        reload = subprocess.Popen(
            ["ip", "netns", "exec", self.net.gw.name, self.a.build / "app/bulkheadctl", "reload",
             "--socket", self.a.state / "admin.sock"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        during = 0
        while reload.poll() is None:
            token = self.a.token(f"somebody-{during}", ["agents"])  # known to no cache
            self.psql(token, "SELECT 1")
            during += reload.poll() is None
        self.assertEqual(reload.returncode, 0, reload.stderr.read())
        reload.stderr.close()
        self.assertGreaterEqual(during, 2)

    def test_faults_are_answered(self):
        for line, fault in (
                ("words: [zqone, zqtwo, zqone]", "bad.yaml:7:23: 'zqone' stands in line 7"),
                ("rules: [{name: x, pattern: 'a+'}]", "bad.yaml:7:28: has no greatest width"),
                ("rules: [{name: email, pattern: 'abc'}]", "bad.yaml:7:32: 'email' is the name")):
            (self.own / "bad.yaml").write_text(LIST.format(name="bad") + line + "\n")
            done = self.a.ctl("reload", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(fault, done.stderr)
            self.assertEqual(self.value("still there"), "still there")


assert "mask: [" in OPEN_RULES

if __name__ == "__main__":
    main()
