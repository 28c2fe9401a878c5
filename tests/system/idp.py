# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The identity provider of idp.mjs in a namespace, and logins at it as a browser makes them.

    with Idp(net.gw, directory) as idp:
        a.extra = idp.issuer_yaml("idp")   # an item for `issuers:`
        token = idp.login("alice")         # a human's access token; bob, carol, dave
        token = idp.machine("agent-1")     # a machine's; agent-2, nightly
        idp.stop(); idp.start(rotate=True) # same address, new keys

What it knows is told at the top of idp.mjs. `certs` is a folder of certs.sh with a server "idp": it
then speaks https, else http, which the gateway takes from the loopback only.
"""
import base64
import hashlib
import http.cookiejar
import json
import secrets
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from gateway_case import inside
from net import Failure

HERE = Path(__file__).resolve().parent


class Idp:
    def __init__(self, namespace, directory, host="127.0.0.1", port=4455, certs=None, name="idp",
                 **options):
        self.namespace, self.dir, self.name = namespace, Path(directory), name
        self.certs = Path(certs) if certs else None
        self.redirect_uri = options.get("redirect_uris", ["http://127.0.0.1/callback"])[0]
        self.issuer = f"{'https' if certs else 'http'}://{host}:{port}"
        self.keys = self.dir / f"{name}.jwks"  # private: what evil tokens are signed with
        self.options = options | {"host": host, "port": port, "keys": str(self.keys)}
        if certs:
            self.options |= {"cert": f"{certs}/idp.ecdsa.pem", "key": f"{certs}/idp.ecdsa.key"}
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, rotate=False):
        if rotate:
            self.keys.unlink()
        self.process = self.namespace.start(
            ["node", HERE / "idp.mjs", json.dumps(self.options)], self.name)
        self.process.wait_line("^ready ", timeout=60)
        return self

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def issuer_yaml(self, name, profile="rfc9068", subjects="human", more=""):
        """For the gateway: its keys are found by discovery."""
        ca = f", keys: {{ca: {self.certs}/ca.pem}}" if self.certs else ""
        return (f"  - {{name: {name}, issuer: \"{self.issuer}\", audience: bulkhead, "
                f"profile: {profile}, subjects: {subjects}{ca}{more}}}\n")

    # ---- tokens

    def machine(self, client, resource=None):
        fields = {"grant_type": "client_credentials"}
        if resource:
            fields["resource"] = resource
        basic = base64.b64encode(f"{client}:secret-of-{client}".encode()).decode()
        return self._token(self._opener(), fields, {"Authorization": f"Basic {basic}"})

    def login(self, user, password=None, resource=None, client="console", whole=False):
        """The code flow with PKCE. `whole`: all of the answer, ID token included."""
        opener = self._opener()
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        more = {"resource": resource} if resource else {}
        query = {"client_id": client, "response_type": "code", "scope": "openid profile db",
                 "redirect_uri": self.redirect_uri, "code_challenge_method": "S256",
                 "code_challenge": challenge.rstrip(b"=").decode(), "state": "s", "nonce": "n"}
        with inside(self.namespace):
            page = opener.open(f"{self.issuer}/auth?{urllib.parse.urlencode(query | more)}",
                               timeout=20)
            text = page.read().decode()
            if "name=\"login\"" not in text:
                raise Failure(f"no login form at {page.url}:\n{text}")
            fields = {"login": user, "password": password or user[::-1]}
            try:
                page = opener.open(page.url, urllib.parse.urlencode(fields).encode(), timeout=20)
                raise Failure(f"login refused:\n{page.read().decode()}")
            except Arrived as end:
                answer = urllib.parse.parse_qs(urllib.parse.urlsplit(end.url).query)
        if "code" not in answer:
            raise Failure(f"no code: {answer}")
        fields = {"grant_type": "authorization_code", "code": answer["code"][0],
                  "redirect_uri": self.redirect_uri, "client_id": client,
                  "code_verifier": verifier}
        return self._token(opener, fields, {}, whole)

    def _token(self, opener, fields, headers, whole=False):
        request = urllib.request.Request(f"{self.issuer}/token",
                                         urllib.parse.urlencode(fields).encode(), headers)
        with inside(self.namespace):
            try:
                with opener.open(request, timeout=20) as answer:
                    parsed = json.load(answer)
            except urllib.error.HTTPError as error:
                raise Failure(f"{self.issuer}/token: {error.code} {error.read()}") from None
        return parsed if whole else parsed["access_token"]

    def _opener(self):
        handlers = [urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
                    urllib.request.ProxyHandler({}), StopAt(self.redirect_uri)]
        if self.certs:
            context = ssl.create_default_context(cafile=str(self.certs / "ca.pem"))
            handlers.append(urllib.request.HTTPSHandler(context=context))
        return urllib.request.build_opener(*handlers)


class Arrived(Exception):
    """At the client's own redirect URI, where nobody need listen."""

    def __init__(self, url):
        super().__init__(url)
        self.url = url


class StopAt(urllib.request.HTTPRedirectHandler):
    def __init__(self, uri):
        self.uri = uri

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if newurl.startswith(self.uri):
            raise Arrived(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
