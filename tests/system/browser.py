# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""A headless Chromium in a namespace, moved by real clicks and keys.

    with Browser(net.gw) as b:
        b.fresh(scheme="dark")         # a new profile
        b.go("https://127.0.0.1:9443/")
        b.click("text=Log in")
        b.wait("#menu")                # waits up to 15 s, as all of them do
        b.faults()                     # what the page complained of since asked last
"""
import json
import subprocess
from pathlib import Path

from net import Failure

HERE = Path(__file__).resolve().parent


class Browser:
    def __init__(self, namespace):
        self.log = open(namespace.net.dir / "browser.log", "wb")
        self.process = subprocess.Popen(
            namespace.argv(["node", HERE / "browser.mjs"]), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self._answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        self.log.close()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"the browser is gone: {Path(self.log.name).read_text()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer["value"]

    def __getattr__(self, act):
        def do(first=None, **rest):
            if first is not None:
                rest[self.FIRST.get(act, "selector")] = first
            self.process.stdin.write(json.dumps({"do": act} | rest) + "\n")
            self.process.stdin.flush()
            return self._answer()
        return do

    FIRST = {"go": "url", "press": "key", "shot": "file", "run": "code"}
