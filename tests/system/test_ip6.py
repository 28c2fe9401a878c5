#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Linux against the gateway's own IPv6, beside IPv4 on the same ports.

  test_ip6.py ECHO WORKERS

Neighbours are found both ways with nothing but a link between, pings and connections work as over
IPv4.
"""
import sys

import net
from test_stack import CLIENT, REFUSED, RESET, SEED, all_served, python, run

PREFIXES = "fd77:1::", "fd77:2::"
SIDES = ("c0", "s0")


class Net6(net.Net):
    """net.Net with IPv6 beside: the gateway is ::1 of both prefixes, its peers are ::2."""

    @property
    def ports(self):
        return [(device, f"{address},{prefix}1/64")
                for (device, address), prefix in zip(super().ports, PREFIXES)]

    def _build(self):
        super()._build()
        if self.device != "tap":
            self._add_addresses()

    def attach(self):
        super().attach()
        if self.device == "tap":
            self._add_addresses()

    def _add_addresses(self):
        for ns, link, prefix in zip((self.client, self.server), SIDES, PREFIXES):
            for name in ("all", link):
                ns.run(["sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=0"])
            ns.ip("addr", "add", prefix + "2/64", "dev", link, "nodad")


# RFC 4443: what comes back must be the same, under our address; the kernel does the checksums.
PING = r"""
import os, socket, struct, sys
addr, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("8I", *[0xffffffff] * 4, 0xfffffffd, *[0xffffffff] * 3))
s.settimeout(3)
for i in range(count):
    body = struct.pack("!HH", os.getpid() & 0xffff, i) + bytes(j & 0xff for j in range(size))
    s.sendto(struct.pack("!BBH", 128, 0, 0) + body, (addr, 0))
    answer, peer = s.recvfrom(65536)
    assert peer[0] == socket.getaddrinfo(addr, 0)[0][4][0], peer
    assert answer[0] == 129 and answer[4:] == body, answer
"""


def neighbour_is_known(ns, link, address):
    def look():
        line = ns.ip("-6", "neigh", "show", address, "dev", link).stdout
        return "lladdr" in line and "FAILED" not in line
    net.wait_until(look, f"the neighbour {address}")


def link_local(ns, link):
    """The gateway's, made from the MAC of its end."""
    def octets(mac):
        return [int(part, 16) for part in mac.split(":")]
    port = "gc" if link == "c0" else "gs"
    mac = octets(ns.net.gw.run(["cat", f"/sys/class/net/{port}/address"]).stdout.strip())
    mac[0] ^= 2
    parts = mac[:3] + [0xff, 0xfe] + mac[3:]
    return "fe80::" + ":".join(f"{parts[i] << 8 | parts[i + 1]:x}" for i in range(0, 8, 2))


def check(n, echo_path, workers):
    argv = [echo_path, "--workers", workers]
    for device, addresses in n.ports:
        argv += ["--port", device, addresses]
    echo = n.gw.start(argv, name="echo")
    echo.wait_line("^ready$")

    for ns, link, prefix in zip((n.client, n.server), SIDES, PREFIXES):
        gateway = prefix + "1"
        python(ns, PING, gateway, 20, 56)
        python(ns, PING, gateway, 5, 1400)
        python(ns, PING, f"{link_local(ns, link)}%{link}", 3, 56)
        neighbour_is_known(ns, link, gateway)
        python(ns, REFUSED, gateway)
        python(ns, CLIENT, gateway, SEED, 1, 10000)
        python(ns, CLIENT, gateway, SEED, 16, 1 << 20)
    python(n.client, RESET, PREFIXES[0] + "1")
    # Both families at once, and the neighbour asked for anew.
    n.client.ip("-6", "neigh", "flush", "dev", "c0")
    python(n.client, CLIENT, PREFIXES[0] + "1", SEED, 8, 100000)
    python(n.client, CLIENT, net.GW_CLIENT, SEED, 8, 100000)

    all_served(echo, workers)


def main():
    echo_path, workers = sys.argv[1], int(sys.argv[2])
    with Net6("af_packet", queues=workers) as n:
        check(n, echo_path, workers)
    print("passed")
    return 0


if __name__ == "__main__":
    run(main)
