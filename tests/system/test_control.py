#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Attacks on the control plane over HTTPS: by who was revoked, by agents with their masters' groups,
by pages of other origins, and by odd requests. What works here is a hole.

  test_control.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]
"""
import http.client
import json
import socket
import ssl
import sys
import urllib.parse

sys.dont_write_bytecode = True

from gateway_case import GatewayCase, inside, main  # noqa: E402

HOST, PORT = "127.0.0.1", 8443
TYPE = "urn:ietf:params:oauth:token-type:access_token"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
CONFIG = """\
token_service: {{issuer: "https://gateway:8443"}}
admin:
  https: {{address: 127.0.0.1, port: 8443,
          certificate: {certs}/gateway.ecdsa.pem, key: {certs}/gateway.ecdsa.key}}
  rate: 1000/s
  roles:
    admin: {{issuers: [local], groups: [admins]}}
    auditor: {{issuers: [local], groups: [auditors]}}
    approver: {{issuers: [local], groups: [dba]}}
"""
RULES = """\
rules:
  - name: again
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read], hold: [write]}
    approval: {approvers: [dba], timeout: 5m, mode: retry}
    record: off
"""
ALL = ("admins", "auditors", "dba", "agents")


class Control(GatewayCase):
    @classmethod
    def prepare(cls):
        cls.a.process.stop()
        cls.a.extra = CONFIG.format(certs=cls.a.certs)
        cls.a.write_config(RULES)
        text = cls.a.config.read_text()
        cls.a.config.write_text(text.replace("local: true,", "local: true, subjects: human,"))
        cls.a.start()

    def tearDown(self):
        for r in self.api("GET", "/v1/revocations?live=1", local=True)[1]["revocations"]:
            self.api("POST", f"/v1/revocations/{r['id']}/lift", {}, local=True)
        super().tearDown()

    # ---- requests

    def tls(self):
        context = ssl.create_default_context(cafile=str(self.a.certs / "ca.pem"))
        context.check_hostname = False
        return context

    def ask(self, method, path, body=None, token=None, headers=None, local=False):
        """(status, headers, body)"""
        with inside(self.net.gw):
            if local:
                conn = http.client.HTTPConnection("localhost", timeout=30)
                conn.sock = socket.socket(socket.AF_UNIX)
                conn.sock.settimeout(30)
                conn.sock.connect(str(self.a.state / "admin.sock"))
            else:
                conn = http.client.HTTPSConnection(HOST, PORT, timeout=30, context=self.tls())
            headers = dict(headers or {})
            if token:
                headers["Authorization"] = f"Bearer {token}"
            conn.request(method, path, body, headers)
            answer = conn.getresponse()
            text = answer.read()
            conn.close()
        return answer.status, answer.headers, text

    def api(self, method, path, body=None, token=None, local=False):
        text = None if body is None else json.dumps(body)
        status, _, data = self.ask(method, path, text, token, local=local)
        return status, json.loads(data)

    def trade(self, token, actor="a", **more):
        fields = {"grant_type": GRANT, "subject_token": token, "subject_token_type": TYPE} | more
        if "actor_token" not in more:
            fields["actor"] = actor
        status, _, data = self.ask("POST", "/token", urllib.parse.urlencode(fields))
        return status, json.loads(data)

    def child(self, token, **more):
        status, answer = self.trade(token, **more)
        self.assertEqual(status, 200, answer)
        return answer["access_token"]

    def revoke(self, **target):
        status, made = self.api("POST", "/v1/revocations", target | {"reason": "stolen"},
                                local=True)
        self.assertEqual(status, 201, made)

    def who(self, token):
        return self.api("GET", "/v1/whoami", token=token)

    # ---- the revoked

    def assert_out(self, token):
        """Nothing takes it any more."""
        for method, path in (("GET", "/v1/whoami"), ("GET", "/v1/status"),
                             ("POST", f"/v1/approvals/{'0' * 16}/approve"),
                             ("POST", "/v1/access"), ("POST", "/v1/revocations")):
            for local in (False, True):
                status, answer = self.api(method, path, None, token, local)
                self.assertEqual((status, answer), (401, {"error": "the token is not accepted"}))
        self.assertEqual(self.trade(token)[0], 400)
        self.assertEqual(self.trade(self.a.token("zoe"), actor_token=token,
                                    actor_token_type=TYPE)[0], 400)
        self.assertNotEqual(self.psql(token, "SELECT 1", check=False).returncode, 0)

    def test_who_is_revoked_is_out_everywhere(self):
        eve = self.a.token("eve", ALL)
        child = self.child(eve)
        self.assertEqual(self.who(eve)[1]["roles"], ["admin", "auditor", "approver"])
        self.revoke(kind="subject", issuer="local", key="eve")
        for token in (eve, child, self.a.token("eve", ALL)):
            self.assert_out(token)

    def test_a_token_is_revoked_alone(self):
        eve, other = self.a.token("eve", ALL), self.a.token("eve", ALL)
        child, cousin = self.child(eve), self.child(other)
        self.revoke(kind="token", token=eve)
        self.assert_out(eve)
        self.assert_out(child)
        self.assertEqual(self.who(other)[0], 200)
        self.assertEqual(self.who(cousin)[0], 200)

    def test_the_revoked_do_not_lift_it(self):
        eve = self.a.token("eve", ALL)
        self.revoke(kind="subject", issuer="local", key="eve")
        number = self.api("GET", "/v1/revocations?live=1", local=True)[1]["revocations"][0]["id"]
        self.assertEqual(self.api("POST", f"/v1/revocations/{number}/lift", {}, eve)[0], 401)
        self.assert_out(eve)

    # ---- events

    def follow(self, token, local=False):
        with inside(self.net.gw):
            if local:
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(str(self.a.state / "admin.sock"))
            else:
                sock = socket.create_connection((HOST, PORT))
                sock = self.tls().wrap_socket(sock)
        self.addCleanup(sock.close)
        sock.settimeout(30)
        sock.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\n"
                     f"Authorization: Bearer {token}\r\n\r\n".encode())
        text = b""
        while b"event: hello" not in text:
            more = sock.recv(4096)
            self.assertTrue(more, text)
            text += more
        return sock

    def assert_ends(self, sock):
        def over():
            sock.settimeout(0.05)
            try:
                return sock.recv(4096) == b""
            except (TimeoutError, ssl.SSLWantReadError):
                return False
            except OSError:
                return True
        self.wait(over, "the events to end")

    def test_events_end_with_the_token(self):
        other = self.follow(self.a.token("dan", ["auditors"]))
        self.assert_ends(self.follow(self.a.token("eve", ["auditors"], ttl="3s")))
        for local in (False, True):
            sock = self.follow(self.a.token("eve", ["auditors"]), local)
            self.revoke(kind="subject", issuer="local", key="eve")
            self.assert_ends(sock)
            self.tearDown()
        self.assertTrue(other.recv(4096))  # whoever else follows, goes on

    def test_events_end_with_the_role(self):
        sock = self.follow(self.a.token("eve", ["auditors"]))
        text = self.a.config.read_text()
        self.addCleanup(lambda: (self.a.config.write_text(text), self.a.ctl("reload")))
        self.a.config.write_text(text.replace("[auditors]", "[nobody]"))
        self.a.ctl("reload")
        self.assert_ends(sock)

    # ---- agents

    def test_an_agent_has_none_of_its_masters_roles(self):
        root = self.a.token("ann", ALL)
        helper = self.a.token("hal", ALL)
        for token in (self.child(root), self.child(self.child(root)),
                      self.child(root, actor_token=helper, actor_token_type=TYPE)):
            status, me = self.who(token)
            self.assertEqual((status, me["roles"]), (200, []))
            for method, path in (("GET", "/v1/status"), ("GET", "/v1/events"),
                                 ("GET", "/v1/approvals"), ("POST", "/v1/revocations"),
                                 ("POST", "/v1/token"), ("POST", "/v1/reload"),
                                 ("POST", f"/v1/approvals/{'0' * 16}/approve")):
                self.assertEqual(self.api(method, path, None, token)[0], 403, path)
            # Over the socket it is root who asks; to decide needs a person all the same.
            for verb in ("approve", "refuse"):
                path = f"/v1/approvals/{'0' * 16}/{verb}"
                self.assertEqual(self.api("POST", path, {}, token, True)[0], 403)

    def test_a_delegated_token_is_no_actor(self):
        ann, child = self.a.token("ann"), self.child(self.a.token("bob"))
        status, answer = self.trade(ann, actor_token=child, actor_token_type=TYPE)
        self.assertEqual((status, answer["error"]), (400, "invalid_request"))

    # ---- votes

    def held(self, name):
        import re
        done = self.psql(self.a.token(name), "DELETE FROM pg_temp.nothing", check=False)
        return re.search(r"reference ([0-9a-f]{16})", done.stderr).group(1)

    def test_nothing_but_a_post_with_a_persons_token_decides(self):
        ident, dba = self.held("ann"), self.a.token("dan", ["dba"])
        path = f"/v1/approvals/{ident}/approve"
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
            self.assertEqual(self.ask(method, path, token=dba)[0], 405, method)
        override = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST"}
        self.assertEqual(self.ask("GET", path + "?_method=POST", token=dba, headers=override)[0],
                         405)
        self.assertEqual(self.ask("POST", path, local=True)[0], 401)
        for query in (f"access_token={dba}", f"token={dba}"):
            self.assertEqual(self.ask("POST", f"{path}?{query}")[0], 401)
        self.assertEqual(self.ask("POST", path, f"access_token={dba}")[0], 401)
        self.assertEqual(self.ask("POST", path, headers={"Cookie": f"bulkhead.token={dba}"})[0], 401)
        for body in ('{"comment": "a\\u0000b"}', '{"comment": "\\u001b[2J"}', '{"comment": 1}',
                     '{"yes": true}', "yes", '["approve"]'):
            self.assertEqual(self.ask("POST", path, body, dba)[0], 400, body)
        one = self.api("GET", f"/v1/approvals/{ident}", token=dba)[1]
        self.assertEqual((one["state"], one["votes"]), ("pending", []))
        evil = "</td><script>alert(1)</script>\u202e\u009b2J\n{\"vote\":\"refuse\"}"
        self.assertEqual(self.api("POST", path, {"comment": evil}, dba)[0], 200)
        self.assertEqual(self.api("POST", path, {"comment": evil}, dba)[0], 409)  # a replay
        one = self.api("GET", f"/v1/approvals/{ident}", token=dba)[1]
        self.assertEqual(one["state"], "approved")
        for hidden in "\u202e\u009b":
            self.assertNotIn(hidden, json.dumps(one, ensure_ascii=False))
            self.assertNotIn(hidden, self.a.ctl("approvals", "show", ident).stdout)

    # ---- exchanges

    def test_odd_exchanges(self):
        ann = self.a.token("ann", ALL)
        details = [{"type": "bulkhead", "effects": ["read"]}]
        nested = "[" * 4000 + "]" * 4000
        for more, code in (
                ({"scope": "read", "authorization_details": json.dumps(details)},
                 "invalid_request"),
                ({"authorization_details": json.dumps(details * 2)},
                 "invalid_authorization_details"),
                ({"authorization_details": nested}, "invalid_authorization_details"),
                ({"authorization_details": "[" * 9000}, "invalid_authorization_details"),
                ({"scope": "openid"}, "invalid_scope"), ({"scope": " "}, "invalid_scope"),
                ({"scope": "read\twrite"}, "invalid_scope"),
                ({"resource": "orders\0"}, "invalid_target"),
                ({"resource": "../orders"}, "invalid_target"),
                ({"resource": "orders' OR 1=1 --"}, "invalid_target"),
                ({"resource": "urn:bulkhead:resource:"}, "invalid_target"),
                ({"resource": "Orders"}, "invalid_target"),
                ({"audience": "payroll"}, "invalid_target"),
                ({"requested_ttl": "0"}, "invalid_request"),
                ({"requested_ttl": "-1"}, "invalid_request"),
                ({"requested_ttl": "1e9"}, "invalid_request"),
                ({"requested_ttl": "60.5"}, "invalid_request"),
                ({"requested_ttl": "99999999999999999999"}, "invalid_request"),
                ({"actor": "a > b"}, "invalid_request"), ({"actor": "agent:a"}, "invalid_request"),
                ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
                 "invalid_request"),
                ({"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
                 "invalid_request"),
                ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
                 "invalid_request"),
                ({"grant_type": "client_credentials"}, "unsupported_grant_type")):
            status, answer = self.trade(ann, **more)
            self.assertEqual((status, answer.get("error")), (400, code), more)
        fields = [("grant_type", GRANT), ("subject_token", ann), ("subject_token_type", TYPE),
                  ("actor", "a")]
        for body in (fields + [("subject_token", ann)], fields + [("scope", "read")] * 2,
                     fields + [("resource", "orders")] * 1000, fields + [("x", "y")] * 1000):
            status = self.ask("POST", "/token", urllib.parse.urlencode(body))[0]
            self.assertIn(status, (400, 413), len(body))
        # What asks for too long gets less; one a day long would outlive its parent.
        status, answer = self.trade(ann, requested_ttl="999999")
        self.assertEqual(status, 200, answer)
        self.assertLessEqual(answer["expires_in"], 3600)
        self.assertEqual(self.ask("GET", f"/token?{urllib.parse.urlencode(fields)}")[0], 405)
        self.assertEqual(self.ask("POST", f"/token?{urllib.parse.urlencode(fields)}")[0], 400)

    # ---- pages of other origins, paths

    def test_other_origins_get_nothing(self):
        evil = {"Origin": "https://evil.example", "Host": "evil.example"}
        preflight = evil | {"Access-Control-Request-Method": "POST",
                            "Access-Control-Request-Headers": "authorization"}
        for method, path, headers in (("OPTIONS", "/v1/status", preflight),
                                      ("OPTIONS", "/token", preflight),
                                      ("GET", "/v1/status", evil), ("GET", "/", evil),
                                      ("GET", "/console", evil), ("GET", "/jwks.json", evil),
                                      ("GET", "/console/config.json", evil)):
            status, got, body = self.ask(method, path, headers=headers)
            self.assertFalse([name for name in got if name.lower().startswith("access-control")])
            self.assertNotIn("evil.example", str(got) + body.decode())
            self.assertNotIn("Set-Cookie", got)
            self.assertNotIn("Content-Encoding", got)
            self.assertEqual(got["X-Frame-Options"], "DENY", (status, path))
            self.assertIn("frame-ancestors 'none'", got["Content-Security-Policy"])
            self.assertNotIn("unsafe", got["Content-Security-Policy"])
            self.assertEqual(got["Referrer-Policy"], "no-referrer")
            self.assertIn(got["Cache-Control"], ("no-store", "no-cache"))
        for path in ("/v1/status", "/v1/whoami", "/token", "/console/config.json"):
            self.assertEqual(self.ask("GET", path)[1]["Cache-Control"], "no-store")

    def test_paths_stay_inside(self):
        for path in ("/console/../admin.sock", "/console/..%2f..%2fbulkhead.yaml",
                     "/console/%2e%2e/%2e%2e/etc/passwd",
                     "//etc/passwd", "/console//etc/passwd", "/console/.", "/console/..",
                     "/console/..\\..\\x", "/v1/../v1/nothing", "/console/" + "a" * 5000,
                     "/v1/policy%2ftext/x", "/console/main.js/"):
            status, _, body = self.ask("GET", path)
            self.assertEqual(status, 404, path)
            self.assertNotIn(b"root:", body)
        # A path ends at its NUL for the route, for the role and for the audit log alike. Decoded
        # or not, it is the same route, and needs the same role.
        for path in ("/v1%2fstatus", "/%761/status", "/v1/status%00", "/v1/status%00.js"):
            self.assertIn(self.ask("GET", path)[0], (401, 404), path)


if __name__ == "__main__":
    main()
