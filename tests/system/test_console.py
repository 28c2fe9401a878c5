#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The console in headless Chromium, with real clicks, on a gateway with real sessions.

  test_console.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]

BULKHEAD_SHOTS=DIR keeps screenshots of every view, light and dark.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from browser import Browser  # noqa: E402
from gateway_case import GatewayCase, main  # noqa: E402
from idp import Idp  # noqa: E402

PORT = 9443
URL = f"https://127.0.0.1:{PORT}/"
ADMIN = f"""\
admin:
  https: {{address: 127.0.0.1, port: {PORT}, certificate: CERTS/gateway.ecdsa.pem,
          key: CERTS/gateway.ecdsa.key}}
  url: {URL.rstrip("/")}
  rate: 200/s
  roles:
    admin: {{issuers: [local, idp], groups: [dba, operators]}}
    approver: {{issuers: [idp], groups: [dba]}}
"""
CONSOLE = "  console: {issuer: idp, client_id: console, scope: \"openid profile db\"}\n"
RULES = """\
rules:
  - name: agents read and write
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read, write, ddl], deny: [admin, exec, unknown]}
    mask: [email]
    record: async
"""
CHAIN_RULES = """\
rules:
  - name: operations and their agents
    subjects: {groups: [ops]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 5m}
    mask: [email]
    record: async
"""
TOKEN_SERVICE = f"token_service: {{issuer: \"https://gateway:{PORT}\", ttl: 10m}}\n"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
HOSTILE = "<script>alert(1)</script>\u202egpj.exe"
VIEWS = ("live", "approvals", "sessions", "policy", "policy/dry-run", "revocations", "grants",
         "budgets", "notifications", "health", "audit")


class ConsoleCase(GatewayCase):
    rules = RULES
    console = more = ""
    data = """CREATE TABLE customers (id int, name text, email text);
              INSERT INTO customers VALUES (1, 'Carol', 'carol@example.com'),
                                           (2, 'Dan', 'dan@example.com');"""

    @classmethod
    def before_start(cls):
        cls.idp = cls.stack.enter_context(
            Idp(cls.net.gw, cls.a.dir, redirect_uris=[URL]))
        cls.a.issuers = cls.idp.issuer_yaml("idp")
        cls.a.extra = ADMIN.replace("CERTS", str(cls.a.certs)) + cls.console + cls.more
        cls.a.write_config(cls.rules)

    @classmethod
    def prepare(cls):
        cls.browser = cls.stack.enter_context(Browser(cls.net.gw))
        cls.agent = cls.a.token("robot")
        cls.operator = cls.a.token("olga", ["operators"])

    def setUp(self):
        self.b = self.browser
        self.b.fresh()

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.faults(), [])
        self.assertEqual(self.b.dialogs(), 0, "the page ran what it was to show")

    def faults(self):
        """Answers that tell of an error are no fault of the page: it shows them."""
        return [text for text in self.b.faults() if "Failed to load resource" not in text]

    def paste(self, token, at="", then="#menu a"):
        self.b.go(URL + at)
        self.b.fill("#token", text=token)
        self.b.click("button[type=submit]")
        self.b.wait(then)

    def view(self, name):
        self.b.go(f"{URL}#/{name}")
        self.b.wait("main h1")

    def shots(self, name):
        folder = os.environ.get("BULKHEAD_SHOTS")
        if folder:
            self.b.shot(str(Path(folder) / f"{name}.png"))

    def session(self, token=None, **more):
        """A psql that stays, and its process."""
        process = subprocess.Popen(
            self.net.client.argv(["psql", "-XAt"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=self.a.env(token or self.agent, **more))
        self.addCleanup(self.end, process)
        self.ask(process, "SELECT 'it ' || 'is there';", "it is there")
        return process

    def ask(self, process, sql, until):
        process.stdin.write(sql + "\n")
        process.stdin.flush()
        text = ""
        while until not in text:
            line = process.stdout.readline()
            self.assertTrue(line, f"psql ended: {text}")
            text += line
        return text

    def end(self, process):
        process.stdin.close()
        process.stdout.close()
        process.wait(20)


class Pasted(ConsoleCase):
    """Without a provider for the console a token is pasted."""

    def test_a_bad_token_is_refused(self):
        self.paste("not.a.token", then="[role=alert]:not([hidden])")
        self.assertEqual(self.b.count("#menu a"), 0)

    def test_an_agent_gets_nothing(self):
        self.paste(self.agent, then="text=Not for you")
        self.assertEqual(self.b.count("#menu a"), 0)

    def test_what_clients_say_is_shown_not_run(self):
        psql = self.session(PGAPPNAME=HOSTILE)
        self.ask(psql, "SELECT '" + "<img src=x onerror=alert(2)>" * 10 + "';", "onerror")
        big = "/* " + "\u2066\u202e<script>alert(3)</script>" * 2300 + " */"
        self.ask(psql, f"SELECT 'done' {big};", "done")
        self.paste(self.operator)
        self.b.click("#tree .session a")
        self.b.wait("#reel .command")
        about = self.b.text("section[aria-label=About]")
        self.assertIn("<script>alert(1)</script>\\u{202e}gpj.exe", about)
        self.b.wait("#reel .escape")
        self.assertGreater(len(self.b.text("#reel")), 60000)
        self.assertNotIn("\u202e", self.b.run("document.body.innerText"))
        self.shots("hostile")

    def test_live_tree_then_revoke(self):
        psql = self.session()
        self.paste(self.operator)
        self.b.wait("#tree .node")
        self.assertIn("robot", self.b.text("#tree"))
        self.b.click("#tree button:has-text('Revoke')")
        self.b.wait("#radius")
        self.assertEqual(self.b.text("#radius"), "1")
        self.shots("revoke")
        self.assertTrue(self.b.run("document.querySelector('.danger.sure').disabled"))
        self.b.fill("#why", text="leaked")
        self.b.fill("#sure", text="revoke")
        self.b.click("button.danger.sure")
        self.b.wait("#revoked")
        self.assertIn("1 sessions ended in", self.b.text("#revoked"))
        psql.stdin.write("SELECT 1;\n")
        psql.stdin.flush()
        self.wait(lambda: psql.poll() is not None or "revoked" in psql.stdout.readline(),
                  "the session's end")
        self.b.press("Escape")
        self.view("revocations")
        self.b.click("button:has-text('Lift')")
        self.b.fill("#reason", text="found it")
        self.b.click("dialog button.primary")
        self.b.wait("text=lifted >> visible=true")
        self.assertEqual(self.psql(self.agent, "SELECT 1").stdout, "1\n")

    def test_dry_run(self):
        done = self.psql(self.agent, "CREATE TABLE t (a int)", "SELECT name FROM customers")
        self.assertIn("Carol", done.stdout)
        self.paste(self.operator, "#/policy/dry-run")
        self.b.wait("#candidate")
        text = self.b.value("#candidate")
        self.assertIn("agents read and write", text)
        self.b.fill("#candidate", text=text.replace("    effects: {", "    effect: {"))
        self.b.click("#run")
        self.b.wait("section[aria-label=Errors]")
        self.b.click("section[aria-label=Errors] button")
        chosen = "((a) => a.value.slice(a.selectionStart, a.selectionEnd))(document.activeElement)"
        self.assertTrue(self.b.run(chosen).startswith("effect:"))
        self.wait(lambda: self.dry_run(text), "the recording to be on disk")
        self.assertIn("CREATE TABLE t", self.b.text("section[aria-label=Differences]"))
        self.b.click("button:has-text('newly denied')")
        self.shots("dry-run")

        file = self.a.dir / "stricter.yaml"
        file.write_text(self.stricter(text))
        told = json.loads(self.a.ctl("policy", "simulate", file, "--since", "1h", "--json").stdout)
        self.assertEqual(told["state"], "done")
        self.assertGreaterEqual(told["counts"]["denied"], 1)
        shown = self.a.ctl("policy", "simulate", file, "--since", "1h").stdout
        self.assertIn("CREATE TABLE t", shown)

    def stricter(self, text):
        return text.replace("[read, write, ddl], deny: [", "[read], deny: [write, ddl, ")

    def dry_run(self, text):
        self.b.fill("#candidate", text=self.stricter(text))
        self.b.click("#run")
        self.b.wait("#run:not([disabled])")
        self.b.wait("#result")
        return "CREATE TABLE t" in self.b.text("#outcome")

    def test_replay_by_keyboard(self):
        self.psql(self.agent, "SELECT name, email FROM customers ORDER BY id",
                  "ALTER ROLE postgres SET x.y = 1", check=False)
        self.paste(self.operator, "#/sessions")
        self.b.click("table a.mono")
        self.b.wait("#reel .step")
        self.wait(self.has_closed, "the recording to be on disk")
        reel = self.b.text("#reel")
        self.assertEqual(self.b.count("#reel mark"), 2)
        self.assertNotIn("carol@example.com", reel)
        self.assertIn("deny", reel)
        self.b.run("document.activeElement.blur()")
        self.b.press("Home")
        self.assertTrue(self.b.text("#place").startswith("1 of"))
        self.b.press("ArrowRight")
        self.assertTrue(self.b.text("#place").startswith("2 of"))
        for _ in range(5):
            self.b.press("+")
        self.b.press(" ")
        self.b.wait("#play:has-text('Play')")
        self.b.press("End")
        self.shots("replay")

    def has_closed(self):
        self.b.run("location.reload()")
        self.b.wait("#reel .step")
        return "closed" in self.b.text("#reel")

    def test_every_view_light_dark_and_narrow(self):
        self.session(PGAPPNAME="nightly report")
        for scheme, width in (("light", 1360), ("dark", 1360), ("light", 420)):
            self.b.fresh(scheme=scheme, width=width)
            self.paste(self.operator)
            for name in VIEWS:
                self.view(name)
                self.b.run("new Promise((r) => setTimeout(r, 300))")
                across = self.b.run("document.documentElement.scrollWidth")
                self.assertLessEqual(across, width, name)
                self.shots(f"{name.replace('/', '-')}-{scheme}-{width}")
            self.assertEqual(self.faults(), [])

    def test_keyboard_alone(self):
        self.paste(self.operator)
        self.b.go(URL)
        self.b.wait("#menu a")
        self.b.press("Tab")
        self.assertEqual(self.b.run("document.activeElement.className"), "skip")
        self.b.press("Enter")
        self.assertEqual(self.b.run("document.activeElement.id"), "main")
        self.b.press("?")
        self.b.wait("dialog[open]")
        self.b.press("Escape")
        self.b.wait("dialog[open]", state="detached")
        self.b.press("g")
        self.b.press("h")
        self.b.wait("h1:has-text('Health')")
        self.assertEqual(self.b.count(".graph path.line"), 6)

    def test_logout_and_the_end_of_a_token(self):
        self.paste(self.operator)
        self.b.click("button:has-text('Log out')")
        self.b.wait("#token")
        self.assertEqual(self.b.run("sessionStorage.length + localStorage.length"), 0)
        self.paste(self.a.token("olga", ["operators"], ttl="3s"))
        self.b.wait("text=Your login has ended")
        self.assertEqual(self.b.count("#menu a"), 0)


class LoggedIn(ConsoleCase):
    """With the code flow at a real provider."""
    console, more, rules = CONSOLE, TOKEN_SERVICE, CHAIN_RULES

    def child(self, token, actor):
        """A token for an agent that the holder of `token` starts: by curl, as anybody would."""
        fields = {"grant_type": EXCHANGE, "subject_token": token,
                  "subject_token_type": ACCESS_TOKEN, "actor": actor}
        words = [w for k, v in fields.items() for w in ("--data-urlencode", f"{k}={v}")]
        done = self.net.gw.run(
            ["curl", "-sS", "--fail-with-body", "--cacert", self.a.certs / "ca.pem", "--noproxy",
             "*", "--resolve", f"gateway:{PORT}:127.0.0.1", *words, f"https://gateway:{PORT}/token"])
        return json.loads(done.stdout)["access_token"]

    def test_a_chain_is_held_then_decided(self):
        bob = self.idp.login("bob")
        planner = self.child(bob, "release-planner")
        fixer = self.child(planner, "row-fixer")
        self.session(bob, PGAPPNAME="psql")
        self.session(planner, PGAPPNAME="planner")
        psql = self.session(fixer, PGAPPNAME="fixer")
        psql.stdin.write("UPDATE customers SET name = 'Carla' WHERE id = 1;\n")
        psql.stdin.flush()

        self.b.fresh(scheme="dark", width=1240, height=560)
        self.login("alice", "#/approvals")
        self.b.wait("#pending .approve")
        self.assertIn("SET name = 'Carla' WHERE id = 1", self.b.text("#command"))
        for name in ("Bob", "release-planner", "row-fixer"):
            self.assertIn(name, self.b.text("#pending"))
        self.b.wait("#menu .count")
        self.shots("approval")
        self.view("live")
        self.b.wait("#tree li li li .node")
        self.shots("chain")
        self.view("approvals")
        self.b.fill("#pending input", text="ticket 4711")
        self.b.click("#pending .approve")
        self.ask(psql, "", "UPDATE 1")
        self.b.wait("text=Nothing waits")

        psql.stdin.write("DELETE FROM customers;\n")
        psql.stdin.flush()
        self.b.wait("#pending .refuse")
        link = self.b.run("document.querySelector('#pending h2 + a').href")
        self.b.fresh()
        self.b.go(link)
        self.b.wait("text=the link alone approves nothing")
        self.login("dave", link.removeprefix(URL))
        self.b.wait("#request-" + link.rsplit("/", 1)[1])
        self.b.click(".refuse")
        self.ask(psql, "", "refused")
        self.assertEqual(self.a.server.sql("SELECT count(*) FROM customers"), "2\n")

    def login(self, user, at=""):
        self.b.go(URL + at)
        self.b.click("#login")
        self.b.fill("[name=login]", text=user)
        self.b.fill("[name=password]", text=user[::-1])
        self.b.press("Enter")
        self.b.wait("#menu a, .empty")

    def test_code_flow(self):
        self.login("alice")
        self.assertIn("Alice", self.b.text("#top"))
        self.assertEqual(self.b.url().rstrip("#/"), URL.rstrip("/"))
        self.assertEqual(self.b.run("localStorage.length"), 0)
        self.assertNotIn(self.b.run("JSON.parse(sessionStorage['bulkhead.token']).token"),
                         self.b.run("JSON.stringify(performance.getEntries().map((e) => e.name))"))

    def test_a_login_begun_elsewhere_is_refused(self):
        self.b.go(URL + "?code=stolen&state=unknown")
        self.b.wait("text=not begun here")
        self.assertNotIn("stolen", self.b.url())

    def test_who_has_no_role_sees_nothing(self):
        self.login("carol")
        self.b.wait("text=Not for you")


if __name__ == "__main__":
    main()
