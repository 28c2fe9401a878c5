#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""bulkheadctl as people use it: with their tokens over the socket and over HTTPS, on a terminal and in
a pipe, and in shells that complete it. test_admin.py has the API below.

  test_cli.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]
"""
import contextlib
import http.server
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True

import psycopg  # noqa: E402

import net  # noqa: E402
from appliance import ROOT  # noqa: E402
from gateway_case import GatewayCase, inside, main  # noqa: E402
from idp import Idp  # noqa: E402

PORT = 8443
URL = f"https://127.0.0.1:{PORT}"
OK, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 3
NOBODY = "f" * 32
# The machines are in the approvers' groups too: only what they are keeps them from it.
CONFIG = f"""\
admin:
  https: {{address: 127.0.0.1, port: {PORT}, certificate: CERTS/admin.ecdsa.pem,
          key: CERTS/admin.ecdsa.key}}
  rate: 1000/s
  roles:
    admin: {{issuers: [idp], subjects: [bob]}}
    approver: {{issuers: [idp], groups: [dba, agents, jobs]}}
"""
RULES = """\
rules:
  - name: operations
    subjects: {groups: [ops]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba, agents, jobs], timeout: 2m}
    budget: {commands: 5000/h, per: root}
    record: strict
  - name: people
    subjects: {groups: [dba]}
    resources: [orders]
    effects: {allow: [read]}
    record: off
  - name: guests
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read]}
    access: {approvers: [dba, jobs], duration: 1h}
    record: off
"""
HOOK = "notifications: [{{name: hook, url: \"http://127.0.0.1:{port}/\", events: [{events}]}}]\n"


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(self.headers["Bulkhead-Delivery"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Terminal:
    """A program whose standard error, or all of it, is a terminal."""

    def __init__(self, argv, whole=False, **more):
        self.master, slave = pty.openpty()
        self.seen = b""
        out = slave if whole else subprocess.PIPE
        self.popen = subprocess.Popen([str(a) for a in argv], stdin=slave, stdout=out, stderr=slave,
                                      start_new_session=True, **more)
        os.close(slave)

    def until(self, pattern):
        """Read on until this has been written; what was written before it is forgotten."""
        while not (found := re.search(pattern, self.seen)):
            more = b""
            if select.select([self.master], [], [], 60)[0]:
                with contextlib.suppress(OSError):  # EIO: nobody has it open any more
                    more = os.read(self.master, 4096)
            if not more:
                raise net.Failure(f"no {pattern} in {self.seen}")
            self.seen += more
        self.seen = self.seen[found.end():]
        return found

    def rest(self):
        try:
            while more := os.read(self.master, 4096):
                self.seen += more
        except OSError:
            pass
        return self.seen

    def type(self, text):
        os.write(self.master, text)

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        if self.popen.stdout:
            self.popen.stdout.close()
        os.close(self.master)


class Cli(GatewayCase):
    rules = RULES
    data = "CREATE TABLE t(a int)"

    @classmethod
    def before_start(cls):
        cls.idp = cls.stack.enter_context(Idp(cls.net.gw, cls.a.dir))
        cls.certs = cls.net.dir / "admin-certs"
        net.run([ROOT / "tests/system/certs.sh", cls.certs, "admin,127.0.0.1"], timeout=60)
        cls.a.issuers = cls.idp.issuer_yaml("idp")
        cls.a.extra = CONFIG.replace("CERTS", str(cls.certs))
        cls.a.write_config(cls.rules)

    @classmethod
    def prepare(cls):
        cls.tool = cls.a.build / "app/bulkheadctl"
        cls.tokens = {name: cls.idp.login(name) for name in ("alice", "bob", "carol", "dave")}
        cls.tokens |= {name: cls.idp.machine(name) for name in ("agent-1", "agent-2", "nightly")}
        for name, token in cls.tokens.items():
            (cls.a.dir / f"{name}.token").write_text(token + "\n")

    # ---- the tool

    def argv(self, *words, who=None, far=False):
        where = ["--url", URL, "--ca-file", self.certs / "ca.pem"] if far else [
            "--socket", self.a.state / "admin.sock"]
        token = ["--token-file", self.a.dir / f"{who}.token"] if who else []
        return [self.tool, *words, *where, *token]

    def ctl(self, *words, status=OK, text=None, **how):
        """What it writes: to standard output when it is done, else to standard error."""
        done = self.net.gw.run(self.argv(*words, **how), check=False, input=text)
        self.assertEqual(done.returncode, status, f"{words}: {done}")
        if status == OK:
            return done.stdout
        self.assertEqual(done.stdout, "", words)
        return done.stderr

    def ctl_json(self, *words, **how):
        return json.loads(self.ctl(*words, "--json", **how))

    def terminal(self, argv, **more):
        terminal = Terminal(argv, **more)
        self.addCleanup(terminal.close)
        return terminal

    # ---- what waits

    def hold(self, sql, who="bob"):
        """A psql whose command waits: the process and the request's id."""
        process = subprocess.Popen(
            self.net.client.argv(["psql", "-XAt", "-c", sql]), env=self.a.env(self.tokens[who]),
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        found = re.search(r"reference ([0-9a-f]{16})", line)
        self.assertTrue(found, line)
        return process, found.group(1)

    def rows(self, value):
        return self.a.server.sql(f"SELECT count(*) FROM t WHERE a={value}").strip()

    def test_a_yes_runs_what_was_held(self):
        for far, value, who in ((False, 1, "alice"), (True, 2, "dave")):
            process, ident = self.hold(f"INSERT INTO t VALUES ({value})")
            self.assertIn(ident, self.ctl("approvals", "list", far=far, who=who))
            listed, = self.ctl_json("approvals", "list", far=far, who=who)["approvals"]
            self.assertEqual((listed["id"], listed["state"]), (ident, "pending"))
            shown = self.ctl("approvals", "show", ident, far=far, who=who)
            self.assertIn("INSERT INTO t", shown)
            self.assertIn("bob", shown.lower())
            self.assertEqual(self.ctl_json("approvals", "show", ident, who=who)["id"], ident)
            self.assertEqual(self.rows(value), "0")
            said = self.ctl("approvals", "approve", ident, "--comment", "go on", far=far, who=who)
            self.assertRegex(said, r"state +(approved|used)")
            self.assertTrue(process.stdout.read().endswith("\nINSERT 0 1\n"))
            self.assertEqual(process.wait(timeout=30), 0)
            self.assertEqual(self.rows(value), "1")
            self.assertNotIn(ident, self.ctl("approvals", "list"))
            decided = self.ctl_json("approvals", "list", "--all")["approvals"]
            self.assertIn(ident, [one["id"] for one in decided])
            self.assertIn("go on", self.ctl("approvals", "show", ident, who=who))
            self.assertRegex(self.ctl("approvals", "refuse", ident, who=who, far=far,
                                      status=FAILED), "it is (used|approved)")

    def test_a_no_refuses_it(self):
        process, ident = self.hold("INSERT INTO t VALUES (3)")
        answer = self.ctl_json("approvals", "refuse", ident, "--comment", "not today", far=True,
                               who="alice")
        self.assertEqual(answer["state"], "refused")
        self.assertIn("ERROR:  bulkhead: ", process.stdout.read())
        self.assertEqual(process.wait(timeout=30), 1)
        self.assertEqual(self.rows(3), "0")

    def test_who_may_not_decide_is_told_what_to_do(self):
        process, ident = self.hold("INSERT INTO t VALUES (4)")
        for far in (False, True):
            for word in ("approve", "refuse"):
                command = ("approvals", word, ident)
                said = self.ctl(*command, far=far, status=FAILED)
                self.assertIn("needs a bearer token", said)
                self.assertIn("--token-file", said)
                for who in ("agent-1", "nightly", "carol", "bob"):
                    said = self.ctl(*command, far=far, who=who, status=FAILED)
                    self.assertIn("this needs the role approver; `bulkheadctl whoami`", said)
        self.assertEqual(self.ctl_json("whoami", who="agent-1")["subject_kind"], "agent")
        self.assertEqual(self.ctl_json("approvals", "show", ident)["state"], "pending")
        self.assertEqual(self.rows(4), "0")
        self.assertIsNone(process.poll())
        self.ctl("approvals", "refuse", ident, who="alice")
        said = self.ctl("approvals", "approve", "f" * 16, who="alice", status=FAILED)
        self.assertIn("there is no approval ffff", said)
        forged = self.tokens["alice"][:-8] + "AAAAAAAA"
        (self.a.dir / "forged.token").write_text(forged)
        said = self.ctl("whoami", who="forged", status=FAILED)
        self.assertIn("the token is not accepted; is it still valid", said)
        self.assertNotIn(forged[-40:], said)

    # ---- access

    def test_access(self):
        refused = self.psql(self.tokens["agent-1"], "SELECT 1", check=False)
        self.assertIn("needs approval", refused.stderr)
        for far in (False, True):
            self.assertIn("--token-file", self.ctl("access", "request", "orders", far=far,
                                                   status=FAILED))
        for words in (("--for", "soon"), ("--for", "5s")):
            self.assertIn("--for is a time", self.ctl("access", "request", "orders", *words,
                                                      who="agent-2", status=USAGE))
        self.assertIn("no such resource", self.ctl("access", "request", "nothing", who="agent-2",
                                                   status=FAILED))
        self.assertIn("needs no grant", self.ctl("access", "request", "orders", who="alice",
                                                 status=FAILED))
        done = self.net.gw.run(self.argv("access", "request", "orders", "--for", "20d", "--reason",
                                         "the report", "--json", who="agent-2", far=True))
        asked = json.loads(done.stdout)
        self.assertIn(f"the rule gives {asked['duration_s']} s at most", done.stderr)
        self.assertIn("the report", self.ctl("access", "list"))
        self.assertIn(asked["id"], [a["id"] for a in self.ctl_json("access", "list")["approvals"]])
        self.assertIn(asked["id"], self.ctl("approvals", "list", who="alice"))
        self.ctl("approvals", "approve", asked["id"], who="agent-1", status=FAILED)
        self.ctl("approvals", "approve", asked["id"], who="alice", far=True)
        conn = self.connect(self.tokens["agent-2"])
        self.assertEqual(conn.execute("SELECT 41 + 1").fetchone(), (42,))
        grant, = self.ctl_json("access", "grants")["grants"]
        self.assertEqual(grant["resource"], "orders")
        self.assertIn(grant["id"], self.ctl("access", "grants", far=True, who="bob"))
        self.assertIn("there is a grant already", self.ctl("access", "request", "orders",
                                                           who="agent-2", status=FAILED))
        self.assertIn("whoami", self.ctl("access", "revoke", grant["id"], who="agent-2", far=True,
                                         status=FAILED))
        said = self.ctl("access", "revoke", grant["id"], "--reason", "done with it")
        self.assertIn(grant["id"], said)
        self.wait(lambda: self.is_closed(conn), "the session by the grant to end")
        self.assertEqual(self.ctl_json("access", "grants")["grants"], [])
        self.assertIn(grant["id"], self.ctl("access", "grants", "--all"))
        self.assertIn("it is over", self.ctl("access", "revoke", grant["id"], status=FAILED))
        self.assertIn("there is no grant", self.ctl("access", "revoke", "f" * 16, status=FAILED))

    def is_closed(self, conn):
        try:
            conn.execute("SELECT 1")
        except psycopg.Error:
            return conn.closed
        return False

    # ---- revocations

    def node(self, key):
        return next(n for n in self.ctl_json("chains", "--live")["chains"] if n["key"] == key)

    def lift(self, number, *words, **how):
        self.ctl("revocations", "lift", str(number), *words, **how)
        self.assertEqual(self.psql(self.tokens["dave"], "SELECT 1").stdout, "1\n")

    def test_every_kind_of_revocation(self):
        token = self.tokens["dave"]
        for i, (words, text) in enumerate((
                (("token", "-"), token + "\n"), (("subject", "idp/dave"), None),
                (("node", None), None), (("resource", "orders"), None))):
            far = i % 2 == 1
            how = {"far": far, "who": "bob" if far else None, "text": text}
            conn = self.connect(token)
            conn.execute("SELECT 1")
            words = [word or self.node("dave")["node"] for word in words]
            said = self.ctl("revoke", *words, "--dry-run", **how)
            self.assertRegex(said, r"(?s)^would end 1 sessions\n  [0-9a-f]{16}  orders  .*[Dd]ave")
            self.assertEqual(self.ctl_json("revoke", *words, "--dry-run", **how)["total"], 1)
            conn.execute("SELECT 2")
            self.assertEqual(self.ctl_json("revocations", "list")["revocations"], [])
            said = self.ctl("revoke", *words, "--for", "2h", "--reason", f"test {i}", **how)
            number = re.match(r"revocation (\d+): .*: 1 sessions cut off in \d+\.\d ms, "
                              r"closed in \d+\.\d ms\n$",
                              said).group(1)
            self.assertTrue(self.is_closed(conn))
            self.assertNotEqual(self.psql(token, "SELECT 1", check=False).returncode, 0)
            listed, = self.ctl_json("revocations", "list")["revocations"]
            self.assertEqual((listed["id"], listed["kind"], listed["reason"], listed["closed"]),
                             (int(number), words[0], f"test {i}", 1))
            self.assertEqual(listed["expires_ns"] // 10**9 - listed["created_ns"] // 10**9, 7200)
            self.assertIn(f"test {i}", self.ctl("revocations", "list", far=far,
                                                who="bob" if far else None))
            self.lift(number, "--reason", f"over {i}")
            self.assertIn("not in force any more", self.ctl("revocations", "lift", number,
                                                            status=FAILED))
            self.assertNotIn(f"test {i}", self.ctl("revocations", "list"))
            self.assertIn(f"test {i}", self.ctl("revocations", "list", "--all"))
            tail = self.ctl_json("audit", "tail", "--limit", "1000")["lines"]
            lifted = next(line for line in tail if line["type"] == "revocation_lifted")
            self.assertEqual(lifted["reason"], f"over {i}")
        # Nobody's: it is told that nothing ends. With --json, too.
        made = self.ctl_json("revoke", "node", NOBODY)
        self.assertEqual((made["done"], made["closed"]), (True, 0))
        self.lift(made["id"])

    def test_what_cannot_be_revoked(self):
        for words, text, status, what in (
                (("token", self.tokens["dave"]), None, USAGE, "or - for a token at standard input"),
                (("token", "-"), "", USAGE, "standard input is empty"),
                (("token", "-"), "no token\n", FAILED, "token"),
                (("subject", "dave"), None, USAGE, "ISSUER/KEY"),
                (("subject", "idp/"), None, USAGE, "ISSUER/KEY"),
                (("node", "dave"), None, FAILED, "32 lower-case hexadecimal digits"),
                (("node", "0" * 32), None, FAILED, "is no node"),
                (("resource", "orders", "--for", "long"), None, USAGE, "90s, 30m or 1h"),
                (("resource",), None, USAGE, "usage: bulkheadctl revoke resource NAME"),
                ((), None, USAGE, "needs one of its commands")):
            self.assertIn(what, self.ctl("revoke", *words, text=text, status=status))
        said = self.ctl("revoke", "resource", "orders", who="alice", far=True, status=FAILED)
        self.assertIn("this needs the role admin; `bulkheadctl whoami`", said)
        for number in ("999999", "x"):
            self.assertIn("there is no revocation", self.ctl("revocations", "lift", number,
                                                             status=FAILED))
        self.assertEqual(self.ctl_json("revocations", "list")["revocations"], [])

    # ---- lists

    def test_chains_and_budgets(self):
        conn = self.connect(self.tokens["bob"])
        conn.execute("SELECT 1")
        bob = self.node("bob")
        tree = self.ctl("chains", "--live", far=True, who="bob")
        self.assertRegex(tree, rf"(?m)^Bob \(idp, human\)  {bob['node']}  live=1 ")
        self.assertIn(bob["node"], self.ctl("chains"))
        used, = [b for b in self.ctl_json("budgets")["budgets"] if b["metric"] == "commands"]
        self.assertEqual((used["limit"], used["window_s"]), (5000, 3600))
        self.assertRegex(self.ctl("budgets", far=True, who="bob"), r"commands +\d+ +5000 +3600")
        self.assertIn("numbers", self.ctl("budgets", "--limit", "many", status=USAGE))

    def test_audit_tail_and_whoami(self):
        self.assertEqual(self.ctl_json("whoami")["kind"], "socket")
        me = self.ctl_json("whoami", far=True, who="alice")
        self.assertEqual((me["key"], me["roles"], me["subject_kind"]),
                         ("alice", ["approver"], "human"))
        self.assertRegex(self.ctl("whoami", who="bob"), r"(?m)^roles +\[\"admin\", ?\"auditor\"")
        self.assertIn("--token-file", self.ctl("whoami", far=True, status=FAILED))
        lines = [json.loads(line) for line in self.ctl("audit", "tail", "--limit", "3").split("\n")
                 if line]
        self.assertEqual(len(lines), 3)
        self.assertGreater(lines[0]["seq"], lines[2]["seq"])
        first = self.ctl_json("audit", "tail", "--limit", "2", far=True, who="bob")
        before = self.ctl_json("audit", "tail", "--limit", "2", "--before", str(first["next"]))
        self.assertEqual(before["lines"][0]["seq"], first["lines"][1]["seq"] - 1)
        self.assertIn("whoami", self.ctl("audit", "tail", far=True, who="carol", status=FAILED))

    def test_dead_letters(self):
        with inside(self.net.gw):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        server.got = []
        self.addCleanup(server.server_close)
        text = self.a.config.read_text()
        self.addCleanup(self.reload, text)
        hook = HOOK.format(port=server.server_port, events="approval_requested")
        self.reload(text + HOOK.format(port=1, events="approval_requested"))  # nobody is there
        self.hold("INSERT INTO t VALUES (5)")
        tried = self.wait(lambda: self.ctl_json("notifications", "list", "--all")["notifications"],
                          "the notification")[0]
        self.assertEqual((tried["channel"], tried["state"]), ("hook", "pending"))
        number = str(tried["id"])
        self.assertIn("already", self.ctl("notifications", "requeue", number, status=FAILED))
        self.assertEqual(self.ctl_json("notifications", "list")["notifications"], [])
        self.reload(text)  # what waits for a channel that is gone is given up
        dead, = self.wait(lambda: self.ctl_json("notifications", "list", far=True,
                                                who="bob")["notifications"], "it to be given up")
        self.assertEqual((dead["id"], dead["state"]), (tried["id"], "dead"))
        self.assertIn("no such target any more", self.ctl("notifications", "list"))
        self.reload(text + hook)
        self.assertRegex(self.ctl("notifications", "requeue", number), r"state +pending")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(server.shutdown)
        self.wait(lambda: server.got, "the delivery")
        self.wait(lambda: not self.ctl_json("notifications", "list", "--all")["notifications"],
                  "the list to be empty")
        self.assertIn("there is no notification", self.ctl("notifications", "requeue", number,
                                                           status=FAILED))

    def reload(self, text):
        self.a.config.write_text(text)
        self.ctl("reload")

    # ---- where there is nobody, or somebody else

    def test_who_cannot_be_asked(self):
        said = self.net.gw.run([self.tool, "chains", "--socket", "/nonexistent"], check=False)
        self.assertEqual(said.returncode, UNREACHABLE)
        self.assertIn("is it running (systemctl status bulkhead)", said.stderr)
        said = self.net.gw.run([self.tool, "chains", "--url", URL], check=False)
        self.assertEqual(said.returncode, UNREACHABLE)
        self.assertIn("--ca-file names whom to trust", said.stderr)
        said = self.ctl("chains", who="nobody", status=USAGE)
        self.assertIn("nobody.token", said)
        said = self.net.gw.run([self.tool, "chains", "--url", "http://127.0.0.1"], check=False)
        self.assertEqual(said.returncode, USAGE)
        self.assertIn("--url begins with https://", said.stderr)

    def test_the_token_of_the_environment(self):
        env = os.environ | {"BULKHEAD_TOKEN": self.tokens["alice"]}
        done = self.net.gw.run(self.argv("whoami", "--json"), env=env)
        self.assertEqual(json.loads(done.stdout)["key"], "alice")

    # ---- progress

    def test_progress_is_for_terminals(self):
        argv = self.argv("revoke", "node", NOBODY, "--json")
        self.a.process.signal(signal.SIGSTOP)
        try:
            piped = subprocess.Popen(self.net.gw.argv(argv), text=True, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
            self.addCleanup(piped.kill)
            seen = self.terminal(self.net.gw.argv(argv))
            seen.until(rb"\r\x1b\[Kclosing sessions: \d+ s")
        finally:
            self.a.process.signal(signal.SIGCONT)
        made = [json.loads(seen.popen.stdout.read())]
        out, err = piped.communicate(timeout=60)
        made.append(json.loads(out))
        self.assertEqual((seen.popen.wait(), piped.returncode, err), (0, 0, ""))
        self.assertTrue(seen.rest().endswith(b"\r\x1b[K"))  # wiped
        for number in {one["id"] for one in made}:  # the second found the first's
            self.ctl("revocations", "lift", str(number))

    def test_audit_verify_shows_progress(self):
        self.psql(self.tokens["bob"], "SELECT 1")
        argv = [self.tool, "audit", "verify", "--state", self.a.state]
        seen = self.terminal(argv)
        seen.until(rb"\r\x1b\[Kaudit log: \d+ %")
        said = seen.popen.stdout.read()
        self.assertEqual(seen.popen.wait(), 0)
        self.assertIn(b"verified: nothing is missing or changed", said)
        self.assertTrue(seen.rest().endswith(b"\r\x1b[K"))
        done = net.run(argv)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\x1b", done.stdout)

    # ---- shells

    def completes(self, shell, argv):
        path = f"{self.tool.parent}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(self.a.dir), "TERM": "dumb", "PS1": "", "INPUTRC": "/dev/null"}
        terminal = self.terminal(argv, whole=True, env=env, cwd=self.a.dir)
        terminal.type(f"PS1= PROMPT=; source <(bulkheadctl completion {shell}); echo rea''dy\n"
                      .encode())
        terminal.until(rb"ready\r?\n")
        for typed, whole in (("approvals app", "approvals approve "),
                             ("--socket /x revoke --reason why sub", "revoke --reason why subject "),
                             ("approvals approve 00 --com", "approve 00 --comment "),
                             ("policy simulate x --si", "policy simulate x --since "), ("policy s", "policy simulate "), ("completion z", "completion zsh "),
                             ("policy check forged-nam", "policy check forged-name.yaml ")):
            terminal.type(b"bulkheadctl " + typed.encode() + b"\t")
            terminal.until(re.escape(whole.encode()))
            terminal.type(b"\x15echo nex''t\n")  # the line is thrown away
            terminal.until(rb"next\r?\n")
        terminal.type(b"exit\n")

    def test_completion(self):
        (self.a.dir / "forged-name.yaml").write_text("")
        self.completes("bash", ["bash", "--norc", "--noprofile", "-i"])
        if not shutil.which("zsh"):
            self.skipTest("zsh is not there")
        self.completes("zsh", ["zsh", "-f", "-i"])

    def test_completion_knows_two_shells(self):
        self.assertIn("bash or zsh", net.run([self.tool, "completion", "fish"], check=False).stderr)


if __name__ == "__main__":
    main()
