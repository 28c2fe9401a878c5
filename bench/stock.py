# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Stock software at both ends, for bench/run: pgbench, and a PostgreSQL behind the subject.

    pgbench ---- net_tap ---- Bulkhead --- net_tap ---- PostgreSQL
            \\--- veth ------ PgBouncer --- veth ------/

pgbench, PostgreSQL and what the kernel does for them are on the load's core. Bulkhead's worker reads
and writes packets of 1500 bytes by system calls; PgBouncer has segments of up to 64 KB.
"""
import contextlib
import re
import time

import net
import peers
from appliance import Postgres

CLIENTS, LEAST = 8, 3  # seconds of a run, which logins are a part of
BRIDGE, BRIDGE_CLIENT = "10.77.4.1", "10.77.4.2"  # the kernel's way from pgbench to PgBouncer


class Bulkhead(peers.Bulkhead):
    user, backend_port = "postgres", 5432

    def devices(self):
        return [device for device, _ in self.net.ports]

    def start(self):
        super().start()
        self.net.attach()

    def target(self):
        return {"PGHOST": peers.GATEWAY, "PGPORT": "5432",
                "PGPASSWORD": (self.dir / "token").read_text().strip()}


class PgBouncer(peers.PgBouncer):
    address = BRIDGE
    password = ""

    def start(self):
        secret = self.password.replace("'", "''")
        self.backend = f"host={peers.BACKENDS} port=5432 user=postgres password='{secret}'"
        super().start()

    def target(self):
        return {"PGHOST": BRIDGE, "PGPORT": str(self.port), "PGPASSWORD": ""}


SUBJECTS = {"bulkhead": Bulkhead, "pgbouncer": PgBouncer}


@contextlib.contextmanager
def network_with_server(certs):
    """Namespaces of its own, and a PostgreSQL with pgbench's tables."""
    with net.Net(device="tap") as network:
        network.gw.ip("link", "add", "name", "bridge", "type", "veth", "peer", "name", "bridge",
                      "netns", network.client.name)
        for ns, address in ((network.gw, BRIDGE), (network.client, BRIDGE_CLIENT)):
            ns.ip("addr", "add", address + "/24", "dev", "bridge")
            ns.ip("link", "set", "bridge", "up")
        server = Postgres(network, certs, ["log_statement = none"])
        server.start()
        server.as_postgres(["pgbench", "-h", server.home, "-U", "postgres", "-i", "-q", "-s", "1",
                            "postgres"], timeout=120)
        yield network, server


def run_pgbench(bench, network, subject):
    """One run: a result as the load's."""
    env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PGUSER": "postgres", "PGDATABASE": "postgres",
           "PGSSLMODE": "require", "HOME": str(subject.dir)} | subject.target()
    seconds = max(bench.args.seconds, LEAST)
    at, before = time.monotonic_ns(), subject.sample()
    done = network.client.run(["pgbench", "-n", "-S", "-M", "prepared", "-c", CLIENTS, "-T",
                               seconds], env=env, timeout=seconds + 60)
    took, after = time.monotonic_ns() - at, subject.sample()
    count = re.search(r"^number of transactions actually processed: (\d+)", done.stdout, re.M)
    failed = re.search(r"^number of failed transactions: (\d+)", done.stdout, re.M)
    average = re.search(r"^latency average = ([\d.]+) ms", done.stdout, re.M)
    if not count or not average or (failed and int(failed[1]) > 0):
        raise net.Failure(f"pgbench through {subject.name}:\n{done.stdout}{done.stderr}")
    return {"done": int(count[1]), "us": took / 1000, "bytes": 0, "failed": 0,
            "average_us": 1000 * float(average[1]),
            "busy_ns": subject.busy_ns(before, after, took)} | subject.told(before, after, took)


def with_pgbench(bench, scenario, name):
    """For Scenario.measure."""
    with network_with_server(bench.certs) as (network, server):
        subject = SUBJECTS[name](network, bench.certs, bench.args.build, scenario.tls_out,
                                 list(scenario.mask))
        subject.password = server.password
        for key, value in scenario.subject.items():
            setattr(subject, key, value)
        subject.start()
        results = []
        try:
            for run in range(bench.args.runs):
                bench.progress(f"{name}, run {run + 1} of {bench.args.runs}")
                results.append(run_pgbench(bench, network, subject))
        finally:
            subject.stop()
        return results
