# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Linux as the peer of our TCP, and of Linux, each behind an impairing port of the same seed.

    client                     gw                                    server
    10.77.1.2  c0 ===== x0 --link-- y0 ===== gc  10.77.1.1 (ours)
    10.77.4.2  l0 ===== x1 --link-- y1 =========================== s0  10.77.4.1 (Linux)

With net_tap, y0 is our stack's own device. Captures are taken on y0: what is seen there is what our
stack sent and what reached it, and all losses lie behind.
"""
import contextlib
import re
import time
from pathlib import Path

import net

# What DPDK's net_af_packet and net_tap take (22.11). Where Linux has more, our MSS settles it.
PORT_MTU_MAX = 1500
OURS, LINUX, CLIENT = "10.77.1.1", "10.77.4.1", "10.77.1.2"
TOGGLES = {
    "sack": "net.ipv4.tcp_sack",
    "timestamps": "net.ipv4.tcp_timestamps",
    "scaling": "net.ipv4.tcp_window_scaling",
    "ecn": "net.ipv4.tcp_ecn",
}


def words(process, pattern):
    """The rows of key=value that a program printed, those that match."""
    return [dict(pair.split("=") for pair in line.split())
            for line in process.text().splitlines() if re.match(pattern, line)]


class PeerNet(net.Net):
    """`programs`: paths of echo, peer and link; `device`: af_packet or tap. `urgent`: our stack and
    the wires run before whatever else is ready, as Linux's does within the kernel."""

    def __init__(self, programs, device, mtu=1500, urgent=False):
        super().__init__(device)
        self.echo_path, self.peer_path, self.link_path = programs
        self.mtu = mtu
        self.urgent = ["chrt", "--rr", "10"] if urgent else []
        self.runs = 0

    def _wire(self, ns, link, peer, peer_link):
        ns.ip("link", "add", "name", link, "mtu", str(self.mtu), "type", "veth",
              "peer", "name", peer_link, "mtu", str(self.mtu), "netns", peer.name)

    def _build(self):
        for ns in (self.client, self.gw, self.server):
            net.run(["ip", "netns", "add", ns.name])
            ns.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv6.conf.default.disable_ipv6=1",
                    # Each connection finds the path out for itself, and none is ever refused ports.
                    "net.ipv4.tcp_no_metrics_save=1", "net.ipv4.tcp_rmem=4096 131072 6291456",
                    "net.ipv4.tcp_wmem=4096 65536 4194304"])
            ns.ip("link", "set", "lo", "up")
        for link, middle in (("c0", "x0"), ("l0", "x1")):
            self._wire(self.gw, middle, self.client, link)
            self.gw.up(middle)
        self.client.up("c0", CLIENT + "/24")
        self.client.up("l0", "10.77.4.2/24")
        self._wire(self.gw, "y1", self.server, "s0")
        self.gw.up("y1")
        self.server.up("s0", LINUX + "/24")
        if self.device != "tap":
            self._wire(self.gw, "y0", self.gw, "gc")
            self.gw.up("y0")
            self.gw.up("gc")

    @property
    def ports(self):
        if self.device == "tap":
            return [("net_tap0,iface=y0", OURS + "/24")]
        return [("net_af_packet0,iface=gc", OURS + "/24")]

    def attach(self):
        if self.device == "tap":
            self.gw.up("y0")

    def name(self, what):
        self.runs += 1
        return f"{what}-{self.runs}"

    def toggle(self, **on):
        """TCP's options in Linux, both ends; ours offers and takes them all."""
        for key, value in on.items():
            for ns in (self.client, self.server):
                ns.run(["sysctl", "-qw", f"{TOGGLES[key]}={int(value)}"])

    def start_ours(self, *options):
        argv = [*self.urgent, self.echo_path, "--mtu", str(min(self.mtu, PORT_MTU_MAX)), *options]
        for device, address in self.ports:
            argv += ["--port", device, address]
        echo = self.gw.start(argv, name=self.name("echo"))
        echo.wait_line("^ready$")
        self.attach()
        return echo

    def start_linux(self, congestion, namespaces):
        for ns in namespaces:
            server = ns.start([self.peer_path, "--congestion", congestion, "serve"],
                              name=self.name("serve"))
            server.wait_line("^ready$")

    @contextlib.contextmanager
    def links(self, options, seed, numbers=(0, 1)):
        """The impairing ports, ours (0) and Linux's (1), while inside; yields them."""
        links = []
        for i in numbers:
            links.append(self.gw.start([*self.urgent, self.link_path, f"x{i}", f"y{i}", "--seed", str(seed),
                                        *options], name=self.name("link")))
        for link in links:
            link.wait_line("^ready$")
        try:
            yield links
        finally:
            for link in links:
                if link.stop() != 0:
                    raise net.Failure(f"link: {link.text()}")

    @contextlib.contextmanager
    def losses(self, percent):
        """nftables drops so many of what leaves the impairing ports, while inside."""
        if percent == 0:
            yield
            return
        rules = "".join(
            f'add chain netdev loss {name} {{ type filter hook egress device {name} priority 0; }}\n'
            f"add rule netdev loss {name} ip protocol tcp "
            f"numgen random mod 1000 < {round(percent * 10)} drop\n"
            for name in ("x0", "y0", "x1", "y1"))
        self.gw.run(["nft", "-f", "-"], input="add table netdev loss\n" + rules)
        try:
            yield
        finally:
            self.gw.run(["nft", "delete", "table", "netdev", "loss"])

    def talk(self, address, what, size, congestion, connections=1):
        return self.client.start([self.peer_path, "--congestion", congestion, what, address,
                                  str(size), str(connections)], name=self.name(what))

    @contextlib.contextmanager
    def capture(self):
        """Everything on y0, while inside; yields the file."""
        path = Path(self.dir, self.name("capture") + ".pcapng")
        dumper = self.gw.start(["dumpcap", "-q", "-i", "y0", "-B", "64", "-w", path],
                               name=path.stem)
        dumper.wait_line("^File: ")
        try:
            yield path
        finally:
            # What was sent last is still on its way through the kernel's ring.
            settle(path)
            dumper.stop()
            if not re.search(r"on interface 'y0': \d+/0 ", dumper.text()):
                raise net.Failure(f"the capture is not whole: {dumper.text()}")


def settle(path):
    """Wait until a file has stopped growing."""
    sizes = []

    def is_still():
        sizes.append(path.stat().st_size)
        return len(sizes) > 3 and len(set(sizes[-4:])) == 1
    net.wait_until(is_still, f"the end of {path}", step=0.05)


def finish(processes, timeout=120):
    """Wait for their ends; each must have ended well. Returns what they measured."""
    end = time.monotonic() + timeout
    for p in processes:
        if p.wait(max(1, end - time.monotonic())) != 0:
            raise net.Failure(f"{p.name}: {p.text()[-2000:]}")
    return [words(p, "bytes=")[-1] for p in processes]
