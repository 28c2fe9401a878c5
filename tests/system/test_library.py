#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""bulkheadctl patterns: no gateway, no network.

  test_library.py BULKHEADCTL
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "patterns/library"
OK, FAILED, USAGE = 0, 1, 2
KINDS = ["log", "json", "csv", "rows"]
LIST = """\
name: {name}
title: a list
kind: list
of: entity
boundary: word
mask: redact
words: [condor, warehouse]
"""


class Library(unittest.TestCase):
    tool = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file

    def run_tool(self, *words, status=OK, library=LIBRARY, text=None):
        done = subprocess.run([self.tool, "patterns", *words, "--patterns", library], input=text,
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == OK else done.stderr

    def json(self, *words, **how):
        return json.loads(self.run_tool(*words, "--json", **how))

    # ---- packs beside patterns

    def test_packs_are_listed(self):
        said = self.json("list")
        files = {f.stem for f in LIBRARY.glob("*.yaml") if "\nkind: pack\n" in f.read_text()}
        self.assertEqual({p["name"] for p in said["packs"]}, files)
        pack = next(p for p in said["packs"] if p["name"] == "kubernetes-delete")
        self.assertEqual((pack["kind"], pack["groups"], pack["deny"]),
                         ("pack", ["kubernetes"], ["destroys", "unknown"]))
        self.assertFalse({p["kind"] for p in said["patterns"]} - {"entity", "block"})
        rows = self.run_tool("list").splitlines()
        self.assertEqual(len(rows), 1 + len(said["patterns"]) + len(said["packs"]))
        self.assertRegex("\n".join(rows), r"(?m)^kubernetes-delete +pack +- +- +- +kubernetes +- ")

    def test_a_pack_is_shown(self):
        said = self.run_tool("show", "kubernetes-delete")
        for line in ("kind: pack", "groups: kubernetes", "deny: destroys, unknown", "refuses:",
                     "  shell: kubectl delete ns prod", "passes:", "  shell: kubectl get pods"):
            self.assertIn(line, said.splitlines())
        said = self.json("show", "prompt-injection")
        self.assertEqual((said["deny"], said["block"]), ([], ["words-prompt-injection"]))
        self.assertIn({"dialect": "text", "text": "developer mode"}, said["refuses"])
        self.assertIn("there is no pattern or pack nothing",
                      self.run_tool("show", "nothing", status=FAILED))

    # ---- test: text, or the examples of a file that belongs into a library

    def test_text_is_scanned(self):
        self.assertEqual(self.run_tool("test", "-", text="to\nx jane@example.com\n"),
                         "2:3: email: jane@example.com\n")
        # A file of another kind that is YAML is text.
        other = self.write("pod.yaml", "kind: Pod\nowner: jane@example.com\n")
        self.assertEqual(self.run_tool("test", other), "2:8: email: jane@example.com\n")
        self.assertIn("No such file", self.run_tool("test", self.folder / "none", status=FAILED))

    def test_examples_of_the_library(self):
        for name in ("kubernetes-delete", "prompt-injection", "email", "sql-sleep"):
            self.assertRegex(self.run_tool("test", LIBRARY / f"{name}.yaml"),
                             r"^\d+ examples, 0 wrong\n$")

    def test_examples_of_a_pack(self):
        pack = ("name: own\nkind: pack\ntitle: t\ndescription: d\nhold: [ddl]\n"
                "block: [sql-sleep]\n"
                "refuses: {{postgres: [CREATE TABLE t (a int), SELECT pg_sleep(9){0}]}}\n"
                "passes: {{postgres: [SELECT 1{1}], shell: [ls]}}\n")
        file = self.write("own.yaml", pack.format("", ""))
        self.assertEqual(self.run_tool("test", file), "4 examples, 0 wrong\n")
        self.write("own.yaml", pack.format(", SELECT 2", ", DROP TABLE t"))
        done = subprocess.run([self.tool, "patterns", "test", file, "--patterns", LIBRARY],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, FAILED)
        self.assertEqual(done.stdout, "own: passes (postgres: read): SELECT 2\n"
                         "own: is refused (postgres: ddl, destroys): DROP TABLE t\n"
                         "6 examples, 2 wrong\n")
        done = subprocess.run([self.tool, "patterns", "test", file, "--json", "--patterns",
                               LIBRARY], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, FAILED)
        said = json.loads(done.stdout)
        self.assertEqual((said["examples"], [w["text"] for w in said["wrong"]]),
                         (6, ["SELECT 2", "DROP TABLE t"]))

    def test_examples_of_a_pattern(self):
        text = (LIBRARY / "email.yaml").read_text()
        self.assertRegex(self.run_tool("test", self.write("email.yaml", text)), r", 0 wrong\n$")
        self.assertIn("own", self.run_tool("test", self.write("email.yaml", text.replace(
            "name: email\n", "name: own\n")), status=FAILED))
        own = LIST.format(name="own") + (
            "rules:\n  - {{name: x, pattern: 'ab[0-9]{{2}}', examples: {{positive: [ab12, "
            "{{text: x ab34, finds: ab34}}, {}], negative: [ab, ab123, {}]}}}}\n")
        file = self.write("own.yaml", own.format("ab56", "xab12"))
        self.assertEqual(self.run_tool("test", file), "6 examples, 0 wrong\n")
        self.write("own.yaml", own.format("xab56", "ab99"))
        done = subprocess.run([self.tool, "patterns", "test", file], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout),
                         (FAILED, "x: not found at 0 to 5: xab56\nx: found: ab99\n"
                          "6 examples, 2 wrong\n"))

    def test_faults_of_files_are_told(self):
        for text, fault in (
                ("name: own\nkind: pack\ntitle: t\n", "own.yaml:1:1: description is missing"),
                ("name: other\nkind: pack\ntitle: t\ndescription: d\nmask: [pii]\n",
                 "own.yaml:1:7: the file of 'other' must be called other.yaml"),
                ("name: own\nkind: pack\ntitle: [\n", "own.yaml:4:1: did not find"),
                ("name: own\nkind: pack\ntitle: t\ndescription: d\nmask: [pii, nothing]\n",
                 "own.yaml:5:13: `nothing` is no pattern for data")):
            file = self.write("own.yaml", text)
            self.assertIn(fault, self.run_tool("test", file, status=FAILED))

    # ---- bench: shapes only, for what it measures is the machine's

    def assert_measured(self, said, patterns):
        self.assertEqual(said["patterns"], patterns)
        self.assertIn(said["kernel"], ("generic", "avx2", "avx512"))
        self.assertEqual([(t["text"], t["span"], t["findings"]) for t in said["texts"]],
                         [(kind, *part) for kind in KINDS
                          for part in ((16384, False), (256, False), (16384, True))])
        self.assertTrue(all(t["bytes_per_second"] > 0 for t in said["texts"]))
        self.assertTrue(all(p["ns_per_kb"] > 0 for p in said["alone"]))

    def test_bench_of_all(self):
        said = self.json("bench")
        entities = [p for p in self.json("list")["patterns"] if p["kind"] == "entity"]
        self.assert_measured(said, len(entities))
        self.assertEqual(len(said["alone"]) + said["not_measured"], len(entities))
        # Text without findings has hardly one, by chance, and the other has one a KB.
        self.assertEqual([t["found"] > 100 for t in said["texts"]], [False, False, True] * 4)

    def test_bench_of_some(self):
        said = self.json("bench", "email", "payment")
        payment = [p["name"] for p in self.json("list")["patterns"] if "payment" in p["groups"]]
        self.assert_measured(said, len({"email", *payment}))
        self.assertEqual({p["pattern"] for p in said["alone"]}, {"email", *payment})
        email = next(p for p in said["alone"] if p["pattern"] == "email")
        shown = self.json("show", "email")
        self.assertEqual((email["tiers"], email["cost"]), (shown["tiers"], shown["cost"]))

    def test_bench_of_a_file(self):
        own = self.write("own.yaml", LIST.format(name="own"))
        said = self.json("bench", own, "email")
        self.assert_measured(said, 3)
        # The words of a list are one thing. In each json text stands one of them.
        self.assertEqual({p["pattern"] for p in said["alone"]}, {"own", "email"})
        self.assertGreater(next(p for p in said["alone"] if p["pattern"] == "own")["found"], 0)

    def test_bench_of_more_than_there_is_time_for(self):
        own = self.write("own.yaml", LIST.format(name="own") + "rules:\n" + "".join(
            f"  - {{name: rule-{i}, pattern: '{i}[a-z]{{3,9}}'}}\n" for i in range(8000)))
        said = self.json("bench", own)
        entities = sum(p["kind"] == "entity" for p in self.json("list")["patterns"])
        self.assertEqual(len(said["alone"]) + said["not_measured"], 8001 + entities)
        # The operator's own come first.
        own = sum(p["pattern"].split("-")[0] in ("own", "rule") for p in said["alone"])
        self.assertEqual(own, min(len(said["alone"]), 8001))

    def test_bench_for_people(self):
        said = self.run_tool("bench", "email", "iban")
        self.assertRegex(said, r"^2 patterns, compiled in \d+ ms to \d+ KB, kernel \w+\.")
        self.assertRegex(said, r"(?m)^TEXT +SPANS OF 16 KB +OF 256 B +ONE FINDING A KB$")
        for kind in KINDS:
            self.assertRegex(said, rf"(?m)^{kind} +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d$")
        self.assertRegex(said, r"(?m)^PATTERN +FOUND BY +COST +NS A KB +FOUND$")
        self.assertRegex(said, r"(?m)^email +[a-z,]+ +(low|fair|high) +\d+ +0$")

    def test_bench_says_what_is_wrong(self):
        self.assertIn("no pattern or group is called nothing",
                      self.run_tool("bench", "nothing", status=FAILED))
        self.assertIn("none.yaml: No such file",
                      self.run_tool("bench", self.folder / "none.yaml", status=FAILED))
        bad = self.write("bad.yaml", LIST.format(name="bad") + "rules: [{name: x, pattern: 'a+'}]\n")
        self.assertIn("bad.yaml:8:28: has no greatest width",
                      self.run_tool("bench", bad, status=FAILED))
        twice = self.write("twice.yaml", LIST.format(name="email"))
        self.assertIn("twice.yaml:7:9: 'email' is the name of",
                      self.run_tool("bench", twice, status=FAILED))
        self.assertIn("at most 64 files", self.run_tool("bench", *[twice] * 65, status=USAGE))
        self.assertIn("bench does not take --limit",
                      self.run_tool("bench", "--limit", "3", status=USAGE))


if __name__ == "__main__":
    Library.tool = Path(sys.argv[1]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
