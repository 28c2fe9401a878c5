#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""A human, an agent, its agent and that one's agent: who may what, who says yes, and the kill switch.

Also the README's second demonstration: it tells what it does. A real identity provider, stock curl
and psql, and people who click in Chromium.

  test_chain.py [--build DIR] [--device NAME]

BULKHEAD_SHOTS=DIR keeps screenshots of the console.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import psycopg  # noqa: E402

from browser import Browser  # noqa: E402
from gateway_case import GatewayCase, main  # noqa: E402
from idp import Idp  # noqa: E402

PORT = 9443
URL = f"https://127.0.0.1:{PORT}"
TOKENS = f"https://gateway:{PORT}"
TYPE = "urn:ietf:params:oauth:token-type:access_token"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
CONFIG = f"""\
token_service: {{issuer: "{TOKENS}", ttl: 10m}}
admin:
  https: {{address: 127.0.0.1, port: {PORT}, certificate: CERTS/gateway.ecdsa.pem,
          key: CERTS/gateway.ecdsa.key}}
  url: {URL}
  rate: 200/s
  roles:
    admin: {{issuers: [idp], groups: [dba]}}
    approver: {{issuers: [idp], groups: [dba, ops]}}
  console: {{issuer: idp, client_id: console, scope: "openid profile db"}}
"""
RULES = """\
rules:
  - name: operations and their agents
    subjects: {groups: [ops], max_depth: 3}
    resources: [orders]
    effects: {allow: [read], hold: [write], deny: [ddl, admin, exec, unknown]}
    approval: {approvers: [dba, ops], timeout: 2m}
    mask: [{pattern: email, style: redact}]
    record: strict
"""
DATA = """
CREATE TABLE customers (id int PRIMARY KEY, name text, email text);
INSERT INTO customers VALUES (1, 'Ann Lee', 'ann.lee@example.org'), (2, 'Bo Chen', 'bo@example.com');
"""


def say(text):
    print(f"\n{text}", flush=True)


class Chain(GatewayCase):
    rules, data = RULES, DATA

    @classmethod
    def before_start(cls):
        cls.idp = cls.stack.enter_context(
            Idp(cls.net.gw, cls.a.dir, redirect_uris=[URL + "/"]))
        cls.a.issuers = cls.idp.issuer_yaml("idp")
        cls.a.extra = CONFIG.replace("CERTS", str(cls.a.certs))
        cls.a.write_config(cls.rules)

    @classmethod
    def prepare(cls):
        cls.browser = cls.stack.enter_context(Browser(cls.net.gw))

    # ---- what people and agents do

    def child(self, parent, actor, *fields):
        """Stock curl trades a token for a narrower one."""
        argv = ["curl", "-sS", "--cacert", self.a.certs / "ca.pem", "--noproxy", "*",
                "--resolve", f"gateway:{PORT}:127.0.0.1"]
        print(f"$ curl {TOKENS}/token --data-urlencode actor={actor}"
              + "".join(f" --data-urlencode '{f}'" for f in fields) + " ...")
        for field in (f"grant_type={GRANT}", f"subject_token_type={TYPE}",
                      f"subject_token={parent}", f"actor={actor}", *fields):
            argv += ["--data-urlencode", field]
        answer = json.loads(self.net.gw.run([*argv, f"{TOKENS}/token"]).stdout)
        self.assertIn("access_token", answer)
        short = {"access_token": answer["access_token"][:12] + "..."}
        print(json.dumps(short | {k: answer[k] for k in ("expires_in", "scope", "node")}))
        return answer["access_token"]

    def shown(self, sql, token):
        """psql as a person would see it."""
        print(f"$ psql -c \"{sql}\"", flush=True)
        done = subprocess.run(self.net.client.argv(["psql", "-X", "-c", sql]),
                              env=self.a.env(token), stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        print(done.stdout.rstrip(), flush=True)
        return done.stdout

    def waiting(self, sql, token):
        """A psql whose command is held: the process and the reference it was told."""
        print(f"$ psql -c \"{sql}\"", flush=True)
        process = subprocess.Popen(self.net.client.argv(["psql", "-X", "-c", sql]),
                                   env=self.a.env(token), stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        line = process.stdout.readline()
        print(line.rstrip(), flush=True)
        return process, re.search(r"reference ([0-9a-f]{16})", line).group(1)

    def login(self, user, at):
        self.browser.fresh()
        self.browser.go(f"{URL}/{at}")
        self.browser.click("#login")
        self.browser.fill("[name=login]", text=user)
        self.browser.fill("[name=password]", text=user[::-1])
        self.browser.press("Enter")
        self.browser.wait("#menu a, .empty")

    def shot(self, name):
        if os.environ.get("BULKHEAD_SHOTS"):
            self.browser.shot(str(Path(os.environ["BULKHEAD_SHOTS"]) / f"{name}.png"))

    def rows(self):
        return self.a.server.sql("SELECT name FROM customers ORDER BY id").split("\n")[:-1]

    # ---- the story

    def test_chain(self):
        bob, planner, worker, reader = self.start_agents()
        held = self.hold_a_write(reader)
        self.decide(*held)
        self.pull_the_switch(bob, planner, worker, reader)
        self.evidence()

    def start_agents(self):
        say("1. Bob logs in at the identity provider and starts an agent, which starts an agent, "
            "which\n   starts an agent. Each trades its token for a narrower one (answers shortened).")
        bob = self.idp.login("bob")
        planner = self.child(bob, "planner")
        worker = self.child(planner, "worker", "scope=read write", "resource=orders")
        reader = self.child(worker, "reader", "scope=read write",
                            'authorization_details=[{"type":"bulkhead","max_depth":0}]')
        say("   The deepest runs a stock psql: the token is its password.")
        self.assertIn("[REDACTED:email]", self.shown("SELECT * FROM customers", reader))
        say("   What was not handed down cannot be had, and it may start nobody.")
        self.assertIn("does not allow the effect ddl", self.shown("DROP TABLE customers", reader))
        return bob, planner, worker, reader

    def hold_a_write(self, reader):
        say("2. It wants to write. The rule holds that for a human.")
        return self.waiting("UPDATE customers SET name = 'Ann Kim' WHERE id = 1", reader)

    def decide(self, process, reference):
        say("   Bob opens the link. He is of the approvers' group, but it is his own agent's agent "
            "that asks.")
        self.login("bob", f"#/approvals/{reference}")
        self.browser.wait("#may-not")
        print(f"   The console: {self.browser.text('#may-not')}")
        self.assertEqual(self.browser.count("button.approve"), 0)
        self.shot("approval-refused")
        self.assertEqual(self.rows(), ["Ann Lee", "Bo Chen"])
        say("   Alice is a DBA. She sees the exact command and its chain, and approves.")
        self.login("alice", f"#/approvals/{reference}")
        self.browser.wait("button.approve")
        self.assertEqual(self.browser.text("#command"),
                         "UPDATE customers SET name = 'Ann Kim' WHERE id = 1")
        self.shot("approval")
        self.browser.click("button.approve")
        answer, _ = process.communicate(timeout=30)
        print(answer.rstrip())
        self.assertIn("UPDATE 1", answer)
        self.assertEqual(self.rows(), ["Ann Kim", "Bo Chen"])

    def pull_the_switch(self, bob, planner, worker, reader):
        say("3. All of them are at work. Then the worker is found to be compromised.")
        conns = {name: self.connect(token) for name, token in
                 (("bob", bob), ("planner", planner), ("worker", worker), ("reader", reader))}
        self.login("alice", "#/live")
        self.wait(lambda: "reader" in self.browser.text("#tree"), "the tree")
        print(self.a.ctl("chains").stdout.rstrip())
        self.browser.click("#tree button[aria-label='Revoke worker']")
        self.browser.wait("#radius")
        print(f"   The console, before the click: {self.browser.text('#radius')} sessions would end.")
        self.assertEqual(self.browser.text("#radius"), "2")
        self.browser.fill("#why", text="compromised")
        self.browser.fill("#sure", text="revoke")
        self.shot("revoke")
        self.browser.click("button.danger.sure")
        self.browser.wait("#revoked")
        print(f"   And behind it: {self.browser.text('#revoked')}")
        for name in ("worker", "reader"):
            with self.assertRaises(psycopg.OperationalError) as told:
                conns[name].execute("SELECT 1")
            print(f"   {name}: {str(told.exception).splitlines()[0]}")
            self.assertIn("access was revoked", str(told.exception))
        for name in ("bob", "planner"):
            self.assertEqual(conns[name].execute("SELECT 1").fetchone(), (1,))
            print(f"   {name}: goes on")
        self.assertIn("not accepted", self.shown("SELECT 1", reader))

    def evidence(self):
        say("4. Everything is on record, by chain, and verifies.")
        print(self.a.ctl("sessions", "list").stdout.rstrip())
        verified = self.a.offline("audit", "verify").stdout.rstrip()
        print(verified)
        self.assertIn("nothing is missing or changed", verified)


if __name__ == "__main__":
    main()
