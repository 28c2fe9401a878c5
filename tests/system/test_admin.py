#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The admin API as strangers, agents and people meet it: over HTTPS with tokens of a real identity
provider, over the socket, and by bulkheadctl; held against its own OpenAPI document."""
import http.client
import json
import re
import socket
import ssl

import net
from appliance import ROOT
from gateway_case import GatewayCase, inside, main
from idp import Idp

HOST, HTTPS = "127.0.0.1", 8443

RULES = """\
rules:
  - name: people
    subjects: {groups: [dba, ops, agents]}
    resources: [orders]
    effects: {allow: [read, write, ddl, admin, exec, unknown]}
  - name: jobs
    subjects: {groups: [jobs]}
    resources: [orders]
    effects: {allow: [read]}
    budget: [{per: root, commands: 2/h}]
"""


def admin_yaml(certs):
    return f"""\
admin:
  https: {{address: {HOST}, port: {HTTPS}, certificate: {certs}/admin.ecdsa.pem,
          key: {certs}/admin.ecdsa.key}}
  url: https://{HOST}:{HTTPS}
  rate: 500/s
  console: {{issuer: idp, client_id: console, scope: "openid", resource: "urn:bulkhead:gateway"}}
  roles:
    admin: {{issuers: [idp], subjects: [bob]}}
    auditor: {{issuers: [idp], groups: [jobs]}}
    approver: {{issuers: [idp], groups: [dba]}}
"""


class Admin(GatewayCase):
    rules = RULES

    @classmethod
    def prepare(cls):
        cls.idp = cls.stack.enter_context(Idp(cls.net.gw, cls.net.dir))
        text = cls.a.config.read_text()
        text = text.replace("resources:\n", cls.idp.issuer_yaml("idp") + "resources:\n", 1)
        cls.certs = cls.net.dir / "admin-certs"
        net.run([ROOT / "tests/system/certs.sh", cls.certs, f"admin,{HOST}"], timeout=60)
        cls.a.config.write_text(text + admin_yaml(cls.certs))
        cls.a.process.stop()
        cls.a.start()
        cls.namespaced = cls.net.gw
        cls.tokens = {
            "none": None,
            "evil": "eyJhbGciOiJub25lIn0.e30.",
            "anybody": cls.idp.login("carol"),
            "auditor": cls.idp.machine("nightly"),
            "approver": cls.idp.login("alice"),
            "admin": cls.idp.login("bob"),
        }
        cls.document = json.loads(cls.call("GET", "/v1/openapi.json")[2])

    @classmethod
    def call(cls, method, path, body=None, who="none", headers=None, local=False):
        """(status, headers, body) of one request, made inside the gateway's namespace."""
        with inside(cls.namespaced):
            if local:
                conn = http.client.HTTPConnection("localhost", timeout=30)
                conn.sock = socket.socket(socket.AF_UNIX)
                conn.sock.settimeout(30)
                conn.sock.connect(str(cls.a.state / "admin.sock"))
            else:
                conn = http.client.HTTPSConnection(HOST, HTTPS, timeout=30, context=cls.tls())
            headers = dict(headers or {})
            if cls.tokens.get(who) if who in cls.tokens else who:
                headers["Authorization"] = f"Bearer {cls.tokens.get(who, who)}"
            conn.request(method, path, body=body, headers=headers)
            answer = conn.getresponse()
            data = answer.read()
            conn.close()
            return answer.status, answer.headers, data

    @classmethod
    def tls(cls):
        return ssl.create_default_context(cafile=str(cls.certs / "ca.pem"))

    # ---- the document

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield path, method.upper(), operation

    def check(self, value, schema, where):
        """The part of JSON Schema that the document uses."""
        if "$ref" in schema:
            return self.check(value, self.resolve(schema["$ref"]), where)
        if value is None:
            return self.assertTrue(schema.get("nullable"), f"{where}: null")
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
                 "number": (int, float)}
        if "type" in schema:
            self.assertIsInstance(value, kinds[schema["type"]], where)
            if schema["type"] in ("integer", "number"):
                self.assertNotIsInstance(value, bool, where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        if "pattern" in schema:
            self.assertRegex(value, schema["pattern"], where)
        for key in schema.get("required", []):
            self.assertIn(key, value, where)
        for key, sub in schema.get("properties", {}).items():
            if key in value:
                self.check(value[key], sub, f"{where}.{key}")
        if schema.get("type") == "array":
            for i, item in enumerate(value):
                self.check(item, schema["items"], f"{where}[{i}]")

    def resolve(self, ref):
        found = self.document
        for part in ref.split("/")[1:]:
            found = found[part]
        return found

    def check_answer(self, operation, status, headers, data, where):
        answers = operation["responses"]
        self.assertIn(str(status), answers, f"{where}: {status} {data[:300]}")
        answer = answers[str(status)]
        if "$ref" in answer:
            answer = self.resolve(answer["$ref"])
        (kind, content), = answer["content"].items()
        self.assertTrue(headers["Content-Type"].startswith(kind), where)
        if kind == "application/json":
            self.check(json.loads(data), content["schema"], where)

    def sample(self, operation):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return json.dumps(content.get("example", {})) if content else ""

    def test_the_document_is_what_the_server_does(self):
        session = self.connect(self.tokens["approver"])
        session.execute("SELECT 1")
        live = json.loads(self.call("GET", "/v1/sessions?live=1", who="admin")[2])["sessions"][0]
        for path, method, operation in self.operations():
            if path in ("/v1/events", "/v1/sessions/{id}/kill", "/v1/revocations"):
                continue  # followed, and pulled, by tests of their own
            for ident in ("0000000000000000", live["id"]):
                where = f"{method} {path} {ident}"
                for who in ("admin", "auditor", "approver"):
                    status, headers, data = self.call(
                        method, path.replace("{id}", ident),
                        self.sample(operation) if method == "POST" else None, who)
                    self.check_answer(operation, status, headers, data, f"{where} {who}")
                    self.assertLess(status, 500 if status != 501 and status != 503 else 600, where)
        session.close()

    def test_every_query_parameter_is_read(self):
        for path, method, operation in self.operations():
            for parameter in operation.get("parameters", []):
                if parameter["in"] != "query":
                    continue
                at = f"{path.replace('{id}', '0' * 16)}?{parameter['name']}="
                schema = parameter["schema"]
                good = 1 if schema["type"] == "integer" else "a" * 32 if "pattern" in schema else "a"
                good = schema.get("enum", [good])[0]
                self.assertIn(self.call(method, at + str(good), who="admin")[0],
                              (200, 404, 501, 403), at)
                if schema["type"] == "integer" or "enum" in schema:
                    self.assertEqual(self.call(method, at + "-1", who="admin")[0], 400, at)
            status = self.call(method, path.replace("{id}", "0" * 16) + "?no-such=1",
                               who="admin")[0]
            if path.startswith("/v1/") and operation["x-roles"] and \
                    {"admin", "auditor", "any"} & set(operation["x-roles"]):
                self.assertEqual(status, 400, path)

    # ---- who may

    def test_each_route_knows_who_may(self):
        roles = {"none": set(), "evil": set(), "anybody": set(), "auditor": {"auditor"},
                 "approver": {"approver"}, "admin": {"admin", "auditor"}}
        for path, method, operation in self.operations():
            if path == "/v1/events":
                continue
            needs = set(operation["x-roles"])
            for who, has in roles.items():
                # An unknown parameter: whoever may is told so, and nothing is done.
                at = path.replace("{id}", "0" * 16) + "?no-such=1"
                status, headers, data = self.call(method, at, "" if method == "POST" else None,
                                                  who)
                where = f"{who}: {method} {path}: {status} {data[:200]}"
                if not needs:
                    self.assertNotIn(status, (401, 403), where)
                elif who in ("none", "evil"):
                    self.assertEqual(status, 401, where)
                    self.assertIn("Bearer", headers["WWW-Authenticate"], where)
                elif "any" in needs or needs & has:
                    self.assertEqual(status, 400, where)
                else:
                    self.assertEqual(status, 403, where)
                    self.assertIn(json.loads(data)["missing_role"], needs, where)

    def test_the_socket_does_all_but_decide(self):
        self.assertEqual(self.call("GET", "/v1/status", local=True)[0], 200)
        for verb in ("approve", "refuse"):
            path = f"/v1/approvals/{'0' * 16}/{verb}"
            self.assertEqual(self.call("POST", path, "", local=True)[0], 401)
            self.assertEqual(self.call("POST", path, "", "admin", local=True)[0], 403)
            self.assertEqual(self.call("POST", path, "", "approver", local=True)[0], 404)
        self.assertEqual(self.call("GET", "/v1/status", who="evil", local=True)[0], 401)

    def test_a_machine_never_decides(self):
        text = self.a.config.read_text()
        self.addCleanup(self.reload, text)
        self.reload(text.replace("groups: [dba]}\n", "groups: [dba, jobs]}\n"))
        status, _, data = self.call("POST", f"/v1/approvals/{'0' * 16}/approve", "", "auditor")
        self.assertEqual(status, 403, data)

    def reload(self, text):
        self.a.config.write_text(text)
        self.a.ctl("reload")

    def test_calls_are_in_the_audit_log_without_their_tokens(self):
        self.call("GET", "/v1/status?marker=1", who="auditor")
        self.call("GET", "/v1/whoami", who="evil")

        def lines():
            log = (self.a.state / "audit/audit.log").read_text()
            for token in self.tokens.values():
                if token:
                    self.assertNotIn(token, log + self.a.process.text())
            return [line for line in map(json.loads, log.splitlines())
                    if line["type"] == "admin_call"]
        self.wait(lambda: any(line.get("issuer") == "idp" and line["path"] == "/v1/status" and
                              line["status"] == 400 for line in lines()), "the auditor's call")
        self.wait(lambda: any(line["status"] == 401 and line.get("why") for line in lines()),
                  "the refusal and its reason")

    def test_too_many_are_told_to_wait(self):
        text = self.a.config.read_text()
        self.addCleanup(self.reload, text)
        self.reload(text.replace("rate: 500/s", "rate: 1/s"))
        answers = [self.call("GET", "/v1/whoami", who="admin") for _ in range(8)]
        limited = [headers for status, headers, _ in answers if status == 429]
        self.assertTrue(limited)
        self.assertEqual(limited[0]["Retry-After"], "1")
        self.assertEqual(self.call("GET", "/v1/status", local=True)[0], 200)

    # ---- hostile clients

    def raw(self):
        with inside(self.namespaced):
            sock = socket.socket()
            sock.settimeout(60)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect((HOST, HTTPS))
            sock = self.tls().wrap_socket(sock, server_hostname=HOST)
        self.addCleanup(sock.close)
        return sock

    def test_old_tls_is_refused(self):
        for version in ("1.0", "1.1"):
            done = self.net.gw.run(
                ["curl", "-sk", "--tls-max", version, "--ciphers", "DEFAULT:@SECLEVEL=0",
                 f"https://{HOST}:{HTTPS}/healthz"], check=False)
            self.assertEqual(done.returncode, 35, done)
        for version in ("1.2", "1.3"):
            done = self.net.gw.run(["curl", "-sk", f"--tlsv{version}", "--tls-max", version,
                                    f"https://{HOST}:{HTTPS}/healthz"], check=False)
            self.assertEqual(done.stdout, '{"live":true}')

    def test_huge_requests(self):
        big = "x" * 100000
        status = self.call("POST", "/v1/token", json.dumps({"subject": big}), "admin")[0]
        self.assertEqual(status, 413)
        self.assertIn(self.call("GET", "/v1/sessions?subject=" + "x" * 1000, who="admin")[0],
                      (400,))
        sock = self.raw()
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200000)
        self.assertIn(sock.recv(12)[-3:], (b"431", b"413", b""))
        for body in ("[" * 50000, '{"a":1,"a":2}', "\xff", '{"subject":"a\\u0000","ttl":1}'):
            self.assertEqual(self.call("POST", "/v1/token", body.encode("latin1"), "admin")[0],
                             400, body[:20])
        self.assertEqual(self.call("GET", "/healthz")[0], 200)

    def test_slow_clients_are_cut_off_and_harm_nobody(self):
        slow = [self.raw() for _ in range(20)]
        for sock in slow:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nX: ")

        def cut():
            gone = 0
            for sock in slow:
                try:
                    sock.sendall(b"y")  # a byte now and then renews no patience
                    sock.settimeout(0.01)
                    gone += sock.recv(1) == b""
                except (TimeoutError, ssl.SSLWantReadError, socket.timeout):
                    pass
                except OSError:
                    gone += 1
            self.assertEqual(self.call("GET", "/v1/status", local=True)[0], 200)
            return gone == len(slow)
        net.wait_until(cut, "slow clients to be cut off", 90, step=1)

    # ---- events

    def follow(self, who="auditor"):
        sock = self.raw()
        sock.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                     f"{self.tokens[who]}\r\n\r\n".encode())
        text = b""
        while b"event: hello" not in text:
            text += sock.recv(4096)
        self.assertIn(b"text/event-stream", text)
        return sock

    def test_events_tell_of_sessions(self):
        sock = self.follow()
        self.psql(self.tokens["approver"], "SELECT 1")
        text = b""
        while b"event: session_closed" not in text:
            text += sock.recv(4096)
        opened = re.search(rb"event: session_opened\ndata: (\{.*\})", text)
        self.assertEqual(json.loads(opened.group(1))["resource"], "orders")

    def test_who_does_not_read_is_dropped(self):
        sock = self.follow()
        body = json.dumps({"kind": "resource", "resource": "orders", "reason": "r" * 190})
        times = 1000  # more than is kept for it here and in the kernel
        for _ in range(times):
            status, _, data = self.call("POST", "/v1/revocations", body, "admin", local=True)
            self.assertEqual(status, 201, data)
        self.call("POST", f"/v1/revocations/{json.loads(data)['id']}/lift", "", local=True)
        text = b""
        try:
            while more := sock.recv(65536):
                text += more
        except OSError:
            pass  # cut off: no good end
        self.assertLess(text.count(b"event: revocation"), times)
        self.assertEqual(self.psql(self.tokens["approver"], "SELECT 1").stdout, "1\n")

    def test_a_spent_budget_is_counted(self):
        done = self.psql(self.tokens["auditor"], *["SELECT 1"] * 3, check=False)
        self.assertIn("may use 2 commands", done.stderr)
        self.assertGreater(self.counter("budget_spent"), 0)
        self.assertEqual(self.a.status()["budgets"]["unplaced"], 0)
        status, _, text = self.call("GET", "/metrics", local=True)
        self.assertEqual(status, 200)
        self.assertRegex(text.decode(), r'\nbulkhead_budget_spent_total\{worker="\d+"\} [1-9]')
        self.assertIn("\nbulkhead_budgets_unplaced_total 0\n", text.decode())

    # ---- the operator's tool

    def ctl_json(self, *argv):
        return json.loads(self.a.ctl(*argv, "--json").stdout)

    def test_bulkheadctl(self):
        conn = self.connect(self.tokens["approver"])
        conn.execute("SELECT 1")
        tree = self.ctl_json("chains", "--live")["chains"]
        alice = next(node for node in tree if node["key"] == "alice")
        self.assertEqual((alice["kind"], alice["live"]), ("human", 1))
        # What a session does is seen while it is open.
        session, = alice["open"]
        self.wait(lambda: self.ctl_json("sessions", "show", session)["commands"] > 0, "progress")
        self.assertGreater(next(one for one in self.ctl_json("chains", "--live")["chains"]
                                if one["key"] == "alice")["rows"], 0)
        self.assertIn("Alice", self.a.ctl("chains").stdout)
        dry = self.a.ctl("revoke", "node", alice["node"], "--dry-run").stdout
        self.assertIn("would end 1 sessions", dry)
        conn.execute("SELECT 2")
        done = self.a.ctl("revoke", "node", alice["node"], "--reason", "test").stdout
        self.assertRegex(done, r"revocation \d+: .*: 1 sessions cut off in \d+\.\d ms, "
                               r"closed in \d+\.\d ms")
        listed = self.ctl_json("revocations", "list")["revocations"][0]
        self.assertEqual(listed["reason"], "test")
        self.a.ctl("revocations", "lift", str(listed["id"]))
        self.assertEqual(self.psql(self.tokens["approver"], "SELECT 1").stdout, "1\n")
        for words in (("approvals", "list"), ("access", "list"), ("access", "grants"),
                      ("notifications", "list"), ("budgets",), ("audit", "tail"), ("whoami",)):
            self.a.ctl(*words)
            self.ctl_json(*words)

    def test_bulkheadctl_from_afar(self):
        token = self.net.dir / "token"
        token.write_text(self.tokens["admin"] + "\n")
        far = ["--url", f"https://{HOST}:{HTTPS}", "--ca-file", str(self.certs / "ca.pem")]
        tool = self.a.build / "app/bulkheadctl"
        done = self.net.gw.run([tool, "whoami", *far, "--token-file", token])
        self.assertIn("bob", done.stdout)
        done = self.net.gw.run([tool, "whoami", *far], check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done)
        done = self.net.gw.run([tool, "whoami", *far[:2]], check=False)  # an unknown authority
        self.assertEqual(done.returncode, 3, done)
        done = self.net.gw.run([tool, "whoami", "--url", f"http://{HOST}:{HTTPS}"], check=False)
        self.assertEqual(done.returncode, 2, done)


if __name__ == "__main__":
    main()
