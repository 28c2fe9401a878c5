#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""psql to PostgreSQL through the gateway, all of it over IPv6, by its own and by floating addresses.
"""
import unittest

import net
from gateway_case import GatewayCase, main
from test_ip6 import PREFIXES, Net6, neighbour_is_known

OWN, SERVER = PREFIXES[0] + "1", PREFIXES[1] + "2"
SILENT, ANNOUNCED = PREFIXES[0] + "100", PREFIXES[0] + "101"  # floating
SILENT4 = "10.77.1.100"
CLIENTS = PREFIXES[0] + "/64"

RULES = f"""
rules:
  - name: readers
    subjects: {{groups: [agents]}}
    resources: [orders]
    from: ["{CLIENTS}"]
    effects: {{allow: [read, write, ddl]}}
    record: off
"""

LISTENER = """\
  - address: "{address}"
    port: 5432
    protocol: postgres
    resource: orders
    certificate: {certs}/gateway.ecdsa.pem
    key: {certs}/gateway.ecdsa.key
"""


class FloatingNet(Net6):
    """Net6, written as bulkhead.yaml has it, with floating addresses at the client's side."""

    @property
    def ports(self):
        (first, addresses), (second, others) = super().ports
        floating = f'floating: ["{SILENT}", {SILENT4}, {{address: "{ANNOUNCED}", announce: true}}]'
        return [(first, self._yaml(addresses) + ", " + floating), (second, self._yaml(others))]

    @staticmethod
    def _yaml(addresses):
        return "[" + ", ".join(f'"{address}"' for address in addresses.split(",")) + "]"


class Gateway6(GatewayCase):
    network = FloatingNet
    rules = RULES
    appliance = {"listen": OWN, "server": SERVER}

    @classmethod
    def before_start(cls):
        for address in (SILENT, SILENT4, ANNOUNCED):
            cls.a.extra += LISTENER.format(address=address, certs=cls.a.certs)
        cls.a.write_config(cls.rules)

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token()

    def select(self, host, check=True):
        # The certificate has the gateway's own address only.
        return self.a.client(["psql", "-XAtc", "SELECT inet_client_addr(), inet_server_addr()"],
                             self.token, check=check, PGHOST=host, PGSSLMODE="verify-ca")

    def mac(self):
        return self.net.gw.run(["cat", "/sys/class/net/gc/address"]).stdout.strip()

    def test_statements_go_through(self):
        seen = self.a.psql("SELECT inet_client_addr(), inet_server_addr()", self.token).stdout
        self.assertEqual(seen.strip(), f"{PREFIXES[1]}1|{SERVER}")
        neighbour_is_known(self.net.client, "c0", OWN)
        neighbour_is_known(self.net.server, "s0", PREFIXES[1] + "1")

    def test_much_comes_back_whole(self):
        sql = "SELECT md5(string_agg(v, '')) FROM (SELECT repeat(i::text, 1000) v " \
              "FROM generate_series(1, 2000) i ORDER BY i) t"
        want = self.a.server.sql(sql).strip()
        rows = self.a.psql("SELECT repeat(i::text, 1000) FROM generate_series(1, 2000) i ORDER BY i",
                           self.token).stdout
        self.assertEqual(len(rows.splitlines()), 2000)
        copied = self.a.psql(sql, self.token).stdout.strip()
        self.assertEqual(copied, want)

    def test_an_announced_address_is_found(self):
        self.assertIn(SERVER, self.select(ANNOUNCED).stdout)

    def test_a_silent_address_is_found_by_who_knows(self):
        self.assertNotEqual(self.select(SILENT, check=False).returncode, 0)
        for address in (SILENT, SILENT4):
            self.net.client.ip("neigh", "replace", address, "lladdr", self.mac(), "dev", "c0",
                               "nud", "permanent")
        self.assertIn(SERVER, self.select(SILENT).stdout)

    def test_a_network_of_ipv6_says_nothing_of_ipv4(self):
        self.net.client.ip("neigh", "replace", SILENT4, "lladdr", self.mac(), "dev", "c0",
                           "nud", "permanent")
        refused = self.select(SILENT4, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertNotIn("timeout", refused.stderr)

    def test_sessions_show_where_from(self):
        with self.net.client.start(["psql", "-XAtc", "SELECT pg_sleep(30)"], name="sleeper",
                                   env=self.a.env(self.token)).popen as sleeper:
            try:
                net.wait_until(lambda: PREFIXES[0] + "2" in self.a.ctl("sessions", "list").stdout,
                               "the session's client")
            finally:
                sleeper.terminate()


if __name__ == "__main__":
    main()
