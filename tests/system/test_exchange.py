#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Agents start agents: token exchange with stock curl, and what stock psql may do with the result.

    human -> planner -> worker -> reader -> psql

The token service has a listener of its own here; test_chain.py has it on that of the admin API.
"""
import json
import os
import shutil
import subprocess
from pathlib import Path

import net
from appliance import ROOT
from gateway_case import GatewayCase, main

HERE = Path(__file__).resolve().parent
URL = "https://gateway:8444"
ADMIN = "https://gateway:8443"
TYPE = "urn:ietf:params:oauth:token-type:access_token"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
CONFIG = """\
token_service:
  issuer: "{url}"
  ttl: 10m
  https: {{address: 127.0.0.1, port: 8444,
          certificate: {certs}/tokens.pem, key: {certs}/tokens.key}}
"""
ADMIN_CONFIG = """admin:
  https: {{address: 127.0.0.1, port: 8443,
          certificate: {certs}/gateway.ecdsa.pem, key: {certs}/gateway.ecdsa.key}}
  roles: {{auditor: {{issuers: [local], groups: [auditors]}}}}
"""
RULES = """\
rules:
  - name: agents
    subjects: {groups: [agents], actor: {issuers: [gateway]}}
    resources: [orders]
    effects: {allow: [read, write, unknown]}
    record: async
  - name: everything
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read, write, ddl, admin, exec, unknown]}
    record: async
"""


class Exchange(GatewayCase):
    @classmethod
    def prepare(cls):
        # The certificates' folder is known only now.
        cls.a.process.stop()
        cls.renew("ecdsa")
        cls.a.extra = (CONFIG + ADMIN_CONFIG).format(url=URL, certs=cls.a.certs)
        cls.a.write_config(RULES)
        cls.a.start()
        cls.human = cls.a.token("alice", ["agents"])
        for name in ("mine", "other"):
            net.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", f"/CN={name}",
                     "-keyout", cls.a.dir / f"{name}.key", "-out", cls.a.dir / f"{name}.pem"],
                    timeout=30)
            (cls.a.dir / f"{name}.key").chmod(0o600)

    @classmethod
    def renew(cls, kind):
        """The certificate and key that the token service's listener reads."""
        for end in ("pem", "key"):
            shutil.copy(cls.a.certs / f"gateway.{kind}.{end}", cls.a.certs / f"tokens.{end}")

    # ---- curl, psql

    @classmethod
    def curl(cls, path, *argv, check=True, url=URL):
        done = cls.net.gw.run(
            ["curl", "-sS", "--cacert", cls.a.certs / "ca.pem", "--noproxy", "*",
             "--resolve", "gateway:8443:127.0.0.1", "--resolve", "gateway:8444:127.0.0.1",
             "-w", "\n%{http_code}", *argv, url + path],
            timeout=30, check=check)
        body, status = done.stdout.rsplit("\n", 1)
        return int(status), json.loads(body)

    def trade(self, token, *fields, certificate=None, actor="a"):
        argv = [] if certificate is None else [
            "--cert", self.a.dir / f"{certificate}.pem", "--key", self.a.dir / f"{certificate}.key"]
        for field in (f"grant_type={GRANT}", f"subject_token={token}",
                      f"subject_token_type={TYPE}", f"actor={actor}", *fields):
            argv += ["--data-urlencode", field]
        return self.curl("/token", *argv)

    def child(self, token, *fields, **more):
        status, answer = self.trade(token, *fields, **more)
        self.assertEqual(status, 200, answer)
        return answer["access_token"]

    def with_certificate(self, token, name, version="TLSv1.3"):
        return self.psql(token, "SELECT 1", check=False, PGSSLCERT=str(self.a.dir / f"{name}.pem"),
                         PGSSLKEY=str(self.a.dir / f"{name}.key"),
                         PGSSLMINPROTOCOLVERSION=version, PGSSLMAXPROTOCOLVERSION=version)

    def audited(self, kind):
        lines = (self.a.state / "audit/audit.log").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["type"] == kind]

    # ---- tests

    def test_chain_of_four(self):
        one = self.child(self.human, actor="planner")
        two = self.child(one, "scope=read write", actor="worker")
        three = self.child(two, "scope=read", "resource=orders", actor="reader")
        chain = "alice > agent:planner > agent:worker > agent:reader"
        # A session of the deepest is open while it is looked at.
        conn = self.connect(three)
        self.assertEqual(conn.execute("SELECT 41 + 1").fetchone(), (42,))
        self.assertIn(chain, self.a.ctl("sessions", "list").stdout)
        opened = [e for e in self.audited("session_opened") if e["chain"] == chain]
        self.assertEqual(len(opened), 1)
        done = self.psql(three, "SELECT 1")
        self.assertEqual(done.stdout, "1\n")
        # It may no more than it was given; its parent may.
        done = self.psql(two, "CREATE TABLE IF NOT EXISTS t()", check=False)
        self.assertIn("bulkhead", done.stderr)
        done = self.psql(two, "DELETE FROM pg_temp.nothing", check=False)
        self.assertIn("does not exist", done.stderr)
        done = self.psql(three, "DELETE FROM pg_temp.nothing", check=False)
        self.assertIn("bulkhead", done.stderr)
        exchanged = self.audited("token_exchanged")
        self.assertEqual([e["actor"] for e in exchanged[-3:]],
                         ["agent:planner", "agent:worker", "agent:reader"])
        self.assertEqual(exchanged[-1]["parent"], exchanged[-2]["node"])
        self.assertEqual(exchanged[-1]["effects"], ["read"])
        log = (self.a.state / "audit/audit.log").read_text()
        self.assert_no_leak(log + self.a.process.text(), *(t[-40:] for t in (one, two, three)))

    def test_nobody_gets_more(self):
        reader = self.child(self.human, "scope=read", actor="reader")
        status, answer = self.trade(reader, "scope=read write")
        self.assertEqual((status, answer["error"]), (400, "invalid_scope"))
        self.assertIn("write", answer["error_description"])
        status, answer = self.trade(reader, "resource=payroll")
        self.assertEqual((status, answer["error"]), (400, "invalid_target"))
        head, _, signature = reader.rpartition(".")
        other = "B" if signature[9] == "A" else "A"
        status, answer = self.trade(f"{head}.{signature[:9]}{other}{signature[10:]}")
        self.assertEqual((status, answer["error"]), (400, "invalid_request"))
        self.assertEqual(answer["error_description"], "the token was not accepted")
        self.assertEqual(self.audited("exchange_refused")[-1]["reason"],
                         "token's signature is wrong")

    def test_details(self):
        details = json.dumps([{"type": "bulkhead", "effects": ["read"], "max_depth": 0,
                               "budgets": {"rows": "1000/h"}, "ttl": 60}])
        status, answer = self.trade(self.human, f"authorization_details={details}")
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["expires_in"], 60)
        self.assertEqual(answer["scope"], "read")
        status, answer = self.trade(answer["access_token"])
        self.assertEqual((status, answer["error"]), (400, "invalid_scope"))

    def test_third_parties_can_verify(self):
        status, metadata = self.curl("/.well-known/oauth-authorization-server")
        self.assertEqual(status, 200)
        self.assertEqual(metadata["issuer"], URL)
        status, keys = self.curl(metadata["jwks_uri"].removeprefix(URL))
        self.assertEqual(status, 200)
        self.assertFalse([key for key in keys["keys"] if "d" in key])
        file = self.a.dir / "published.jwks"
        file.write_text(json.dumps(keys))
        modules = os.environ.get("IDP_MODULES", ROOT / "build/npm/node_modules")
        if not Path(modules, "jose").is_dir():
            self.skipTest("npm's jose is not there (npm install --prefix build/npm jose)")
        token = self.child(self.child(self.human, actor="a"), actor="b")
        done = subprocess.run(["node", HERE / "verify.mjs", file, URL, URL], input=token, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        claims = json.loads(done.stdout)
        self.assertEqual(claims["sub"], "alice")
        self.assertEqual(claims["act"]["sub"], "agent:b")
        self.assertEqual(claims["act"]["act"]["sub"], "agent:a")

    def test_bound_to_a_certificate(self):
        bound = self.child(self.human, actor="bound", certificate="mine")
        for version in ("TLSv1.2", "TLSv1.3"):
            done = self.with_certificate(bound, "mine", version)
            self.assertEqual((done.returncode, done.stdout), (0, "1\n"), done.stderr)
            done = self.with_certificate(bound, "other", version)
            self.assertIn("the token was not accepted", done.stderr)
            self.assertEqual(self.audited("login_refused")[-1]["reason"],
                             "token is bound to another certificate")
        done = self.psql(bound, "SELECT 1", check=False)
        self.assertIn("the token was not accepted", done.stderr)
        self.assertEqual(self.audited("login_refused")[-1]["reason"],
                         "token is bound to a certificate, and none was shown")
        # Nor can it be traded away.
        status, _ = self.trade(bound)
        self.assertEqual(status, 400)
        self.assertEqual(self.trade(bound, certificate="mine")[0], 200)
        # Whoever shows a certificate may well have a token that is bound to none.
        done = self.with_certificate(self.human, "other")
        self.assertEqual(done.stdout, "1\n", done.stderr)

    def test_its_listener_has_nothing_else(self):
        auditor = self.a.token("eve", ["auditors"])
        for path in ("/", "/console/", "/console/config.json", "/v1/openapi.json", "/v1/status",
                     "/v1/whoami", "/metrics", "/healthz", "/readyz"):
            status, answer = self.curl(path, "-H", f"Authorization: Bearer {auditor}")
            self.assertEqual((status, answer), (404, {"error": f"there is no {path}"}))
        self.assertEqual(self.curl("/token")[0], 405)
        self.assertEqual(self.curl("/jwks.json", "-d", "")[0], 405)
        # And that of the admin API has nothing of it.
        for argv in (("/jwks.json",), ("/.well-known/oauth-authorization-server",),
                     ("/token", "-d", f"grant_type={GRANT}")):
            self.assertEqual(self.curl(*argv, url=ADMIN)[0], 404, argv)
        status, answer = self.curl("/v1/status", "-H", f"Authorization: Bearer {auditor}",
                                   url=ADMIN)
        self.assertEqual(status, 200, answer)

    def test_its_certificate_is_renewed(self):
        def algorithm():
            """Of the key that the listener has shown."""
            shown = self.net.gw.run(["openssl", "s_client", "-connect", "127.0.0.1:8444"],
                                    stdin=subprocess.DEVNULL, check=False).stdout
            return net.run(["openssl", "x509", "-noout", "-text"], input=shown).stdout
        self.assertIn("id-ecPublicKey", algorithm())
        self.addCleanup(self.a.ctl, "reload")
        self.addCleanup(self.renew, "ecdsa")
        self.renew("rsa")
        self.a.ctl("reload")
        self.assertIn("rsaEncryption", algorithm())
        self.assertEqual(self.curl("/jwks.json")[0], 200)
        (self.a.certs / "tokens.pem").write_text("no certificate")
        self.a.ctl("reload", check=False)
        self.assertIn("rsaEncryption", algorithm())

    def test_it_needs_no_admin_api(self):
        def start(config):
            self.a.process.stop()
            self.a.extra = config.format(url=URL, certs=self.a.certs)
            self.a.write_config(RULES)
            self.a.start()
        self.addCleanup(start, CONFIG + ADMIN_CONFIG)
        start(CONFIG)
        self.assertEqual(self.psql(self.child(self.human), "SELECT 1").stdout, "1\n")
        self.assertEqual(self.curl("/v1/status")[0], 404)

    def test_keys_outlive_a_restart(self):
        token = self.child(self.human)
        before = self.curl("/jwks.json")[1]
        self.a.process.stop()
        self.a.start()
        self.assertEqual(self.curl("/jwks.json")[1], before)
        self.assertEqual(self.psql(token, "SELECT 1").stdout, "1\n")


if __name__ == "__main__":
    main()
