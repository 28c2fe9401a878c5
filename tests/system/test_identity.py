#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Tokens of a real identity provider get in, evil ones do not, and a provider that is down, slow or
mad harms nobody but itself."""
import json
import sys
import threading

from gateway_case import GatewayCase, main
from idp import Idp

FAULTS = ("hang", "drip", "garbage", "empty", "huge", "redirect", "error")

RULES = """\
rules:
  - name: people
    subjects: {groups: [dba, agents]}
    resources: [orders]
    effects: {allow: [read]}
"""

ISSUERS = ("  - {name: idp, issuer: \"http://127.0.0.1:4455\", audience: bulkhead,\n"
           "     profile: rfc9068, subjects: human}\n" +
           "".join(f"  - {{name: {f}, issuer: \"https://{f}.test\", audience: bulkhead,\n"
                   f"     profile: rfc9068, keys: {{url: \"http://127.0.0.1:4456/{f}\"}}}}\n"
                   for f in FAULTS))

REFUSED = "FATAL:  bulkhead: the token was not accepted"
ALG = "token's alg is not RS256, PS256 or ES256"
KEY = "token's key is not one of the issuer's"
LENGTH = "token's signature has the wrong length"
NO_TIME = "token's exp, nbf or iat is no time"
AUDIENCE = "token is for another audience"
FORM = "token is no JWT in compact form"

# What the audit log says of each token of evil.mjs; the client hears the same of all.
REASONS = {
    "alg_none": ALG, "alg_none_cased": ALG, "alg_none_signed": ALG,
    "hmac_with_public_pem": ALG, "hmac_with_public_jwk": ALG,
    "alg_of_another_key": KEY, "kid_traversal": KEY, "kid_sql": KEY,
    "no_kid": "token's header has no usable kid",
    "jku": "token's header has jku", "x5u": "token's header has x5u",
    "x5c": "token's header has x5c", "embedded_jwk": "token's header has jwk",
    "crit": "token's header has crit", "b64": "token's header has crit",
    "typ_jwt": "token's typ is not at+jwt",
    "typ_logout": "token's typ is not that of an access token",
    "header_twice": "token's header says something twice",
    "header_no_json": "token's header is no JSON object",
    "strangers_signature": "token's signature is wrong",
    "signature_zero": "token's signature is wrong",
    "no_signature": LENGTH, "signature_short": LENGTH, "signature_long": LENGTH,
    "signature_der": LENGTH,
    "iss_unknown": "token is from an issuer that is not configured",
    "iss_slash": "token is from an issuer that is not configured",
    "iss_missing": "token has no iss",
    "aud_other": AUDIENCE, "aud_missing": AUDIENCE, "aud_list": AUDIENCE,
    "expired": "token has expired", "exp_missing": "token has no exp", "exp_text": NO_TIME,
    "nbf_future": "token is not valid yet", "iat_future": "token was issued in the future",
    "sub_missing": "token has no usable sub", "sub_list": "token has no usable sub",
    "sub_control": "token has no usable sub",
    "client_missing": "token has no usable client_id",
    "nonce": "token is an ID token",
    "cnf": "token is bound to a key in a way that cannot be checked here",
    "overage": "token has too many groups to list them (overage); use app roles",
    "role_as_group": "token has a group whose name starts with role:",
    "act_deep": "token's chain of actors is too long",
    "act_empty": "token's chain of actors has one without a usable sub",
    "claims_twice": "token's payload says something twice",
    "claims_no_utf8": "token's payload is no UTF-8",
    "claims_nul": "token's payload has a NUL",
    "claims_no_object": "token's payload is no JSON object",
    "two_parts": FORM, "four_parts": FORM, "padded": FORM, "words": FORM,
}


class Identity(GatewayCase):
    rules = RULES
    appliance = {"issuers": ISSUERS}

    @classmethod
    def before_start(cls):
        cls.idp = cls.stack.enter_context(Idp(cls.net.gw, cls.net.dir))
        here = __file__.rsplit("/", 1)[0]
        cls.faults = cls.net.gw.start(
            [sys.executable, f"{here}/faults.py", "4456", cls.idp.keys], "faults")
        cls.faults.wait_line("^ready")
        made = cls.net.gw.run(["node", f"{here}/evil.mjs", json.dumps({
            "keys": str(cls.idp.keys), "iss": cls.idp.issuer,
            "others": [f"https://{f}.test" for f in FAULTS]})])
        cls.tokens = json.loads(made.stdout)

    def issuer(self, name):
        return next(i for i in self.a.status()["issuers"] if i["name"] == name)

    def refusals(self):
        """Reasons in the audit log, oldest first."""
        log = (self.a.state / "audit/audit.log").read_text()
        lines = [json.loads(line) for line in log.splitlines() if '"login_refused"' in line]
        return [line["reason"] for line in lines]

    def refused(self, token):
        """What the client and what the audit log says."""
        before = len(self.refusals())
        done = self.psql(token, "SELECT 1", check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        reasons = self.wait(lambda: self.refusals()[before:], "the refusal in the audit log")
        return done.stderr, reasons[-1]

    def opened(self, subject):
        log = (self.a.state / "audit/audit.log").read_text()
        return [json.loads(line) for line in log.splitlines()
                if '"session_opened"' in line and f'"subject":"{subject}"' in line]


class Login(Identity):
    def test_people_and_machines(self):
        for token in (self.idp.login("alice"), self.idp.machine("agent-1"),
                      self.idp.login("alice", resource="urn:bulkhead:rs256"),
                      self.idp.machine("agent-2", resource="urn:bulkhead:rs256"),
                      self.tokens["good"], self.tokens["rs_good"]):
            self.assertEqual(self.psql(token, "SELECT 'in'").stdout, "in\n")
        line = self.wait(lambda: self.opened("agent-1"), "the session in the audit log")[0]
        self.assertEqual(line["issuer"], "idp")

    def test_without_a_rule(self):
        done = self.psql(self.idp.login("bob"), "SELECT 1", check=False)
        self.assertIn("FATAL:  bulkhead: no rule lets you reach this resource", done.stderr)

    def test_other_tokens_of_the_provider(self):
        whole = self.idp.login("alice", whole=True)
        self.assertEqual(self.refused(whole["id_token"])[1], AUDIENCE)
        other = self.idp.machine("agent-1", resource="urn:bulkhead:other")
        self.assertEqual(self.refused(other)[1], AUDIENCE)

    def test_evil_tokens(self):
        self.assertEqual(self.psql(self.tokens["good"], "SELECT 'in'").stdout, "in\n")
        fetches = self.issuer("idp")["fetches"]
        heard = set()
        self.assertEqual(set(self.tokens),
                         {"good", "rs_good", "huge", *(f"https://{f}.test" for f in FAULTS), *REASONS})
        for name, reason in REASONS.items():
            with self.subTest(name=name):
                message, audit = self.refused(self.tokens[name])
                heard.add(message)
                self.assertEqual(audit, reason)
        self.assertEqual(len(heard), 1, heard)
        self.assertIn(REFUSED, heard.pop())
        # Unknown key ids were among them, and none was worth a request so soon.
        self.assertEqual(self.issuer("idp")["fetches"], fetches)
        self.assertGreaterEqual(self.issuer("idp")["unknown_keys"], 3)
        self.assertNotIn("horse", (self.a.state / "audit/audit.log").read_text())

    def test_a_token_longer_than_any_is_not_read(self):
        done = self.psql(self.tokens["huge"], "SELECT 1", check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("protocol: length", self.a.process.text())

    def test_faulty_providers_harm_themselves_only(self):
        conn = self.connect(self.tokens["good"])
        waiting = [threading.Thread(target=self.psql, args=(self.tokens[f"https://{f}.test"],
                                                            "SELECT 1"), kwargs={"check": False})
                   for f in FAULTS for _ in range(4)]
        for thread in waiting:
            thread.start()
        self.wait(lambda: self.a.status()["logins"]["waiting"] > 0, "logins that wait for keys")
        # Others come in, and those who are in go on.
        self.assertEqual(self.psql(self.tokens["good"], "SELECT 'in'").stdout, "in\n")
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))
        self.assertTrue(any(thread.is_alive() for thread in waiting))
        for thread in waiting:
            thread.join()
        errors = {
            "hang": "Timeout was reached", "drip": "Timeout was reached",
            "garbage": "no JWK Set with a key for us", "empty": "no JWK Set with a key for us",
            "huge": "the answer is too long", "redirect": "HTTP status 302",
            "error": "HTTP status 500"}
        for fault, error in errors.items():
            state = self.wait(lambda f=fault: (s := self.issuer(f)) and s["error"] and s,
                              f"{fault} to fail")
            self.assertEqual(state["keys"], 0)
            self.assertIn(error, state["error"])
        self.assertNotIn("/good", self.faults.text())
        message, reason = self.refused(self.tokens["https://garbage.test"])
        self.assertIn(REFUSED, message)
        self.assertEqual(reason, "the issuer's keys could not be fetched")

    def test_a_provider_that_is_gone(self):
        # Tokens that no worker has seen: each must be verified.
        first, second, third = (self.idp.login("alice") for _ in range(3))
        self.assertEqual(self.psql(first, "SELECT 'in'").stdout, "in\n")
        self.idp.stop()
        try:
            self.assertEqual(self.psql(second, "SELECT 'in'").stdout, "in\n")
            self.a.ctl("reload")
            self.assertEqual(self.psql(third, "SELECT 'in'").stdout, "in\n")
            self.assertRegex(self.a.ctl("status").stdout, r"  idp: 2 keys, fetched .* ago\n")
        finally:
            self.idp.start()

    def test_rolled_keys(self):
        first, old = self.idp.login("alice"), self.idp.login("alice")
        self.assertEqual(self.psql(first, "SELECT 'in'").stdout, "in\n")
        kept = self.idp.keys.read_bytes()
        self.idp.stop()
        self.idp.start(rotate=True)
        try:
            # Too soon after the last fetch: refused, and those of the former keys get in.
            self.assertEqual(self.refused(self.idp.login("alice"))[1], KEY)
            self.assertEqual(self.psql(old, "SELECT 'in'").stdout, "in\n")
        finally:
            self.idp.stop()
            self.idp.keys.write_bytes(kept)
            self.idp.start()


class Https(GatewayCase):
    """The provider behind TLS, at an address of the network, with an authority of its own."""
    rules = RULES
    appliance = {"issuers": "  - {name: idp, issuer: \"https://10.77.3.1:4455\", "
                            "audience: bulkhead, profile: rfc9068, keys: {ca: idp/ca.pem}}\n"
                            "  - {name: nobody, issuer: \"https://10.77.3.1:4457\", "
                            "audience: bulkhead, profile: rfc9068}\n"}

    @classmethod
    def before_start(cls):
        import net
        certs = cls.a.dir / "idp"
        net.run([f"{__file__.rsplit('/', 1)[0]}/certs.sh", certs, f"idp,{net.GW_KERNEL}"],
                timeout=60)
        cls.idp, cls.other = (cls.stack.enter_context(
            Idp(cls.net.gw, cls.net.dir, host=net.GW_KERNEL, port=port, certs=certs, name=name))
            for port, name in ((4455, "idp"), (4457, "other")))

    def test_verified_by_its_authority(self):
        self.assertEqual(self.psql(self.idp.machine("agent-1"), "SELECT 'in'").stdout, "in\n")

    def test_not_verified_without(self):
        done = self.psql(self.other.machine("agent-1"), "SELECT 1", check=False)
        self.assertIn(REFUSED, done.stderr)
        states = self.a.status()["issuers"]
        self.assertIn("certificate", next(i for i in states if i["name"] == "nobody")["error"])


if __name__ == "__main__":
    main()
