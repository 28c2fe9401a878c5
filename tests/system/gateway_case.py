# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What the tests with a PostgreSQL and a gateway share: a unittest.TestCase that has both.

    class Masking(GatewayCase):
        rules = "..."
        def test_x(self): ...

    if __name__ == "__main__":
        main()

The class has one network, server and gateway; they start with its first test and end with its last.
The test itself runs in the client's namespace: whatever it connects to goes through the gateway.

    test_x.py [--build DIR] [--full] [--device NAME] [--seed N] [unittest's own arguments]
"""
import argparse
import contextlib
import ctypes
import os
import random
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import net  # noqa: E402
from appliance import OPEN_RULES, PORT, ROOT, Appliance  # noqa: E402

SKIP = 77  # meson: the test was skipped
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


class Options:
    build, full, device, seed = ROOT / "build", False, "af_packet", 0


@contextlib.contextmanager
def inside(namespace):
    """This thread's network is the namespace's; sockets made here stay there."""
    with open("/proc/thread-self/ns/net", "rb") as home, \
            open(f"/run/netns/{namespace.name}", "rb") as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


def enter(namespace_file):
    if libc.setns(namespace_file.fileno(), CLONE_NEWNET) != 0:
        raise net.Failure(f"setns: {os.strerror(ctypes.get_errno())}")


class GatewayCase(unittest.TestCase):
    rules = OPEN_RULES
    data = ""        # SQL, run by the administrator before the gateway starts
    workers = 1
    device = None    # None: what the command line says
    network = net.Net
    appliance = {}   # more arguments of Appliance
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        try:
            cls.net = cls.stack.enter_context(
                cls.network(cls.device or Options.device, queues=cls.workers))
            cls.a = cls.stack.enter_context(Appliance(
                cls.net, Options.build, rules=cls.rules, workers=cls.workers, **cls.appliance))
            if cls.data:
                cls.a.server.sql(cls.data)
            cls.before_start()
            cls.a.start()
            cls.prepare()
            cls.stack.enter_context(inside(cls.net.client))
        except BaseException:
            cls.net.failed = True
            cls.stack.close()
            raise

    @classmethod
    def before_start(cls):
        """What must be there before the gateway is."""

    @classmethod
    def prepare(cls):
        """What a class needs beyond: tokens, tables."""

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def run(self, result=None):
        failures = (len(result.failures) + len(result.errors)) if result else 0
        begin = time.monotonic()
        super().run(result)
        if time.monotonic() - begin > 5:
            print(f"  {self.id()}: {time.monotonic() - begin:.1f} s", flush=True)
        if result and len(result.failures) + len(result.errors) > failures:
            self.net.failed = True  # keeps the logs

    def tearDown(self):
        if not self.a.process.is_running():
            self.fail(f"the gateway is gone: exit {self.a.process.popen.returncode}\n"
                      f"{self.a.process.text()[-3000:]}")

    # ---- clients

    def psql(self, token, *commands, check=True, options=("-XAt",), **more):
        """psql -c COMMAND ...: the finished process."""
        argv = ["psql", *options]
        for command in commands:
            argv += ["-c", command]
        return self.a.client(argv, token, check=check, **more)

    def psql_script(self, token, text, options=("-XAtq",), timeout=60, check=False):
        """psql with `text` at its input, so that its session sees line after line."""
        done = subprocess.run(self.net.client.argv(["psql", *options]), input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                              env=self.a.env(token), check=False)
        if check and done.returncode != 0:
            raise net.Failure(f"psql: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def conninfo(self, token, **more):
        values = {"host": net.GW_CLIENT, "port": str(PORT), "user": "anyone",
                  "dbname": "postgres", "password": token, "sslmode": "verify-full",
                  "sslrootcert": str(self.a.certs / "ca.pem"), "connect_timeout": "20"} | more
        return " ".join(f"{k}='{v}'" for k, v in values.items())

    def connect(self, token, autocommit=True, **more):
        """A psycopg connection, closed at the end of the test."""
        import psycopg
        conn = psycopg.connect(self.conninfo(token, **more), autocommit=autocommit)
        self.addCleanup(conn.close)
        return conn

    # ---- conditions

    def wait(self, condition, what, timeout=20.0):
        return net.wait_until(condition, what, timeout, step=0.05)

    @classmethod
    def wait_for_columns(cls, token):
        """Until the gateway has asked the server for the columns that rules mask, it refuses."""
        net.wait_until(lambda: cls.a.psql("SELECT 1", token, check=False).returncode == 0,
                       "the masked columns to be known")

    def server_saw(self, text):
        return text in self.a.server.statements()

    def counter(self, name):
        """A counter of `bulkheadctl status`, summed over the workers."""
        return sum(int(w.get(name, 0)) for w in self.a.status()["workers"])

    def assert_no_leak(self, output, *secrets):
        for secret in secrets:
            self.assertNotIn(secret, output)


def seed():
    """A seed for this run, printed so that the run can be repeated."""
    value = Options.seed or int.from_bytes(os.urandom(4), "big")
    print(f"seed {value}", flush=True)
    return random.Random(value)


def timed(function, *args, **more):
    begin = time.monotonic()
    result = function(*args, **more)
    return result, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=Options.build)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--device", choices=net.DEVICES, default=Options.device)
    parser.add_argument("--seed", type=int, default=0)
    args, rest = parser.parse_known_args()
    if os.geteuid() != 0:
        print("network namespaces need root")
        sys.exit(SKIP)
    Options.build, Options.full = args.build.resolve(), args.full
    Options.device, Options.seed = args.device, args.seed
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=2)
