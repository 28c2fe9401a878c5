#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""bulkheadctl policy explain, and the profiles we ship: no gateway, no network, no secret.

  test_explain.py BULKHEADCTL
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = f"""\
gateway:
  workers: [1]
  ports: [{{device: net_null0, address: 10.0.0.1/24}}]
  state: /nonexistent/state
  patterns: {ROOT}/patterns/library
issuers:
  - {{name: local, local: true, audience: bulkhead}}
resources:
  - {{name: orders, protocol: postgres, address: "db.example:5432", tls: verify-full,
     credential: {{user: app, password: {{file: /nonexistent/password}}}}}}
  - {{name: billing, protocol: postgres, address: "db.example:5433", tls: verify-full,
     credential: {{user: app, password: {{file: /nonexistent/password}}}}}}
listeners:
  - {{address: 10.0.0.1, port: 5432, protocol: postgres, resource: orders,
     certificate: /nonexistent/certificate, key: /nonexistent/key}}
rules:
  - name: agents
    subjects: {{groups: [agents]}}
    resources: [orders]
    effects: {{allow: [read, write], hold: [star], deny: [no-where, sleep]}}
    approval: {{approvers: [dba]}}
    block: [sql-tautology]
  - name: alice
    subjects: {{subjects: [alice]}}
    resources: [orders, billing]
    effects: {{allow: [read]}}
"""


class Explain(unittest.TestCase):
    tool = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "policy.yaml"
        self.file.write_text(CONFIG)

    def run_tool(self, *words, text=None):
        return subprocess.run([self.tool, "policy", "explain", self.file, *words], input=text,
                              capture_output=True, text=True, timeout=60, check=False)

    def explain(self, statement, *words):
        done = self.run_tool("--resource", "orders", "--group", "agents", *words, "--json",
                             text=statement)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def verdict(self, statement, *words):
        verdict = self.explain(statement, *words)["verdict"]
        return verdict["action"], verdict["reason"], verdict["decided_by"]

    def test_the_effects_decide(self):
        self.assertEqual(self.verdict("SELECT a FROM t"), ("forward", "allowed", []))
        self.assertEqual(self.verdict("DROP TABLE t"), ("deny", "effect", ["ddl"]))
        self.assertEqual(self.verdict("no SQL"), ("deny", "effect", ["unknown"]))

    def test_the_flags_decide(self):
        self.assertEqual(self.verdict("DELETE FROM t"), ("deny", "effect", ["no-where"]))
        self.assertEqual(self.verdict("DELETE FROM t WHERE id = 3"), ("forward", "allowed", []))
        self.assertEqual(self.verdict("SELECT * FROM t"), ("hold", "hold", ["star"]))

    def test_a_pattern_decides(self):
        said = self.explain("SELECT a FROM t WHERE b = 'x' OR 'a' = 'a'")["verdict"]
        self.assertEqual((said["reason"], said["pattern"]), ("blocked", "sql-tautology"))

    def test_objects_are_named(self):
        said = self.explain("INSERT INTO sales.t SELECT a FROM u")
        self.assertEqual({(*o["access"], o["schema"], o["name"]) for o in said["objects"]},
                         {("write", "sales", "t"), ("read", "", "u")})
        said = self.explain("PREPARE s AS SELECT a FROM u; EXECUTE s")
        self.assertEqual({(*o["access"], o["name"]) for o in said["objects"]},
                         {("session", "s"), ("read", "u")})

    def test_who_asks_and_where(self):
        def asks(*words):
            done = self.run_tool(*words, "--statement", "SELECT a FROM t", "--json")
            return json.loads(done.stdout)["verdict"]
        self.assertEqual(asks("--resource", "billing", "--subject", "alice")["rule"], "alice")
        self.assertEqual(asks("--resource", "orders", "--subject", "bob")["reason"], "no-rule")

    def test_text_for_people(self):
        done = self.run_tool("--resource", "orders", "--group", "agents", "--statement",
                             "DELETE FROM t")
        self.assertRegex(done.stdout, r'(?m)^flags +no-where$')
        self.assertRegex(done.stdout,
                         r'(?m)^verdict +deny by rule "agents": effect \(no-where\)$')

    def test_a_pack_takes_and_gives_nothing(self):
        folder = self.file.parent / "own"
        folder.mkdir()
        examples = "{postgres: [UPDATE t SET a = 1 WHERE b = 2]}"
        (folder / "own-holds.yaml").write_text(
            "name: own-holds\nkind: pack\ntitle: t\ndescription: d\nhold: [write, ddl]\n"
            f"refuses: {examples}\npasses: {{postgres: [SELECT 1]}}\n")
        self.file.write_text(CONFIG.replace(
            f"patterns: {ROOT}/patterns/library", f"patterns: [{ROOT}/patterns/library, own]"
        ).replace("block: [sql-tautology]", "use: [own-holds]"))
        self.assertEqual(self.verdict("UPDATE t SET a = 1 WHERE b = 2"), ("hold", "hold", ["write"]))
        self.assertEqual(self.verdict("CREATE TABLE t (a int)"), ("deny", "effect", ["ddl"]))

    def test_what_is_wrong_is_said(self):
        for words, says in ((("--resource", "nothing"), "no resource nothing"),
                            ((), "--resource"),
                            (("--resource", "orders", "--dialect", "cobol"), "--dialect is")):
            done = self.run_tool(*words, "--statement", "SELECT 1")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(says, done.stderr)
        done = self.run_tool(*["--group", "g"] * 65)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--group at most 64 times", done.stderr)
        self.file.write_text(CONFIG.replace("hold: [star]", "hold: [stars]"))
        done = self.run_tool("--resource", "orders", "--statement", "SELECT 1")
        self.assertIn("`stars` is no effect", done.stderr)


class Profiles(unittest.TestCase):
    """What each says to a member of a group it names."""
    TABLE = (
        # statement                            read-only  approval   hipaa      pci        soc2
        ("SELECT a FROM t WHERE b = 1 LIMIT 5", "forward", "forward", "forward", "forward", "forward"),
        ("SELECT * FROM t",                     "forward", "forward", "deny",    "deny",    "forward"),
        ("SELECT a FROM t WHERE b = 1 OR 1=1",  "deny",    "deny",    "deny",    "deny",    "deny"),
        ("UPDATE t SET a = 1 WHERE id = 2",     "deny",    "hold",    "hold",    "hold",    "hold"),
        ("UPDATE t SET a = 1",                  "deny",    "deny",    "deny",    "deny",    "deny"),
        ("INSERT INTO t VALUES (1)",            "deny",    "hold",    "hold",    "hold",    "hold"),
        ("DROP TABLE t",                        "deny",    "deny",    "deny",    "deny",    "deny"),
        ("GRANT ALL ON t TO x",                 "deny",    "deny",    "deny",    "deny",    "deny"),
        ("COPY t TO STDOUT",                    "deny",    "deny",    "deny",    "deny",    "deny"),
        ("SELECT pg_sleep(9)",                  "deny",    "deny",    "deny",    "deny",    "deny"),
        ("SELECT pg_read_file('x') LIMIT 1",    "deny",    "deny",    "deny",    "deny",    "deny"),
        ("no SQL",                              "deny",    "deny",    "deny",    "deny",    "deny"),
    )
    NAMES = ("agents-read-only", "agents-with-approval", "hipaa", "pci", "soc2")

    def verdicts(self, file, group, statements):
        words = [word for s in statements for word in ("--statement", s)]
        done = subprocess.run([Explain.tool, "policy", "explain", file, "--group", group, "--json",
                               *words], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["verdict"]["action"] for line in done.stdout.splitlines()]

    def test_every_profile(self):
        shipped = {p.stem for p in (ROOT / "app/deploy/profiles").glob("*.yaml")}
        self.assertEqual(shipped, set(self.NAMES))
        statements = [row[0] for row in self.TABLE]
        for i, name in enumerate(self.NAMES):
            text = (ROOT / f"app/deploy/profiles/{name}.yaml").read_text()
            with tempfile.TemporaryDirectory() as folder, self.subTest(profile=name):
                file = Path(folder) / f"{name}.yaml"
                # The library of this tree, not the one that is installed.
                file.write_text(text.replace(
                    "gateway:\n", f"gateway:\n  patterns: {ROOT}/patterns/library\n", 1))
                said = self.verdicts(file, "role:Agents", statements)
                self.assertEqual(dict(zip(statements, said)),
                                 {row[0]: row[1 + i] for row in self.TABLE})

if __name__ == "__main__":
    Explain.tool = Path(sys.argv[1]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
