#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Linux against the gateway's own IP and TCP, on one kind of port.

  test_stack.py ECHO DEVICE WORKERS [huge]   device: af_packet, af_xdp or tap

Ping, refused and accepted connections, a megabyte both ways over many connections at once, small
and odd writes, half-close, a reset: every byte that comes back is compared.
"""
import os
import sys

import net

SKIP = 77  # what meson takes for skipped
SEED = 20

# The client's part runs inside its namespace, as a program of its own.
CLIENT = r"""
import os, random, socket, struct, sys, threading
addr, seed, conns, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
faults = []

def one(i):
    rng = random.Random(seed + i)
    data = rng.randbytes(size)
    s = socket.create_connection((addr, 7), timeout=30)
    s.settimeout(30)
    def send():
        at = 0
        while at < len(data):
            n = rng.choice([1, 2, 7, 100, 536, 1460, 1461, 5000, 65536])
            s.sendall(data[at:at + n])
            at += n
        s.shutdown(socket.SHUT_WR)
    t = threading.Thread(target=send)
    t.start()
    got = bytearray()
    while True:
        part = s.recv(rng.choice([1, 100, 4096, 65536]))
        if not part:
            break
        got += part
    t.join()
    s.close()
    if bytes(got) != data:
        at = next((k for k in range(min(len(got), len(data))) if got[k] != data[k]), None)
        faults.append(f"connection {i}: {len(got)} of {len(data)} bytes, first fault at {at}")

def guarded(i):
    try:
        one(i)
    except Exception as e:
        faults.append(f"connection {i}: {e!r}")

threads = [threading.Thread(target=guarded, args=(i,)) for i in range(conns)]
[t.start() for t in threads]
[t.join() for t in threads]
print("\n".join(faults) or "same")
sys.exit(bool(faults))
"""

# ICMP echo (RFC 792) from a raw socket: what comes back must be the same, under our address.
PING = r"""
import os, socket, struct, sys
addr, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def checksum(b):
    total = sum(struct.unpack(f"!{len(b) // 2}H", b))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(3)
for i in range(count):
    body = struct.pack("!HH", os.getpid() & 0xffff, i) + bytes(j & 0xff for j in range(size))
    packet = struct.pack("!BBH", 8, 0, 0) + body
    packet = struct.pack("!BBH", 8, 0, checksum(packet)) + body
    s.sendto(packet, (addr, 0))
    answer, peer = s.recvfrom(65536)
    icmp = answer[(answer[0] & 15) * 4:]
    assert peer[0] == addr and icmp[0] == 0 and icmp[4:] == body and checksum(icmp) == 0, answer
"""

REFUSED = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), timeout=5)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit(1)
"""

RESET = """
import socket, struct, sys
for i in range(20):
    s = socket.create_connection((sys.argv[1], 7), timeout=5)
    s.sendall(b"x" * 1000)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
"""


def python(ns, text, *args, timeout=90):
    return ns.run(["/usr/bin/python3", "-c", text, *args], timeout=timeout)


def counters(echo):
    rows = []
    for line in echo.text().splitlines():
        if line.startswith("worker="):
            rows.append({k: int(v) for k, v in (p.split("=") for p in line.split())})
    return rows


def stopped(echo):
    """Stop it, show what it said, and want a good end."""
    status = echo.stop()
    print(echo.text())
    if status != 0:
        raise net.Failure(f"echo: exit {status}")


def all_served(echo, workers):
    """Stop it. Every worker, wherever packets came in, had work to do, and nothing is left over."""
    stopped(echo)
    rows = counters(echo)
    if sum(r["accepted"] for r in rows) < 60 or len(rows) != workers:
        raise net.Failure(f"connections are missing: {rows}")
    if any(r["accepted"] < 5 for r in rows):
        raise net.Failure(f"a worker had nothing to do: {rows}")
    if any(r["conns"] != 0 for r in rows):
        raise net.Failure(f"connections are left over: {rows}")


def run(main):
    """main, as a program whose status tells meson what came of it."""
    if os.geteuid() != 0:
        print("network namespaces need root")
        sys.exit(SKIP)
    try:
        sys.exit(main())
    except net.Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)


def main():
    echo_path, device, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    huge = sys.argv[4:] == ["huge"]
    with net.huge_pages(64 * workers + 64 if huge else 0) as have_pages:
        if huge and not have_pages:
            print("this machine gives no huge pages")
            return SKIP
        with net.Net(device, queues=workers) as n:
            check(n, echo_path, workers, ["--huge"] if huge else [])
    print("passed")
    return 0


def check(n, echo_path, workers, options):
    argv = [echo_path, "--workers", workers, *options]
    for eal_device, address in n.ports:
        argv += ["--port", eal_device, address]
    echo = n.gw.start(argv, name="echo")
    echo.wait_line("^ready$")
    n.attach()

    python(n.client, PING, net.GW_CLIENT, 20, 56)
    python(n.client, PING, net.GW_CLIENT, 5, 1400)
    python(n.server, PING, net.GW_SERVER, 20, 56)
    python(n.client, REFUSED, net.GW_CLIENT)
    for ns, address in ((n.client, net.GW_CLIENT), (n.server, net.GW_SERVER)):
        python(ns, CLIENT, address, SEED, 1, 10000)
        python(ns, CLIENT, address, SEED, 16, 1 << 20)
    python(n.client, RESET, net.GW_CLIENT)
    python(n.client, CLIENT, net.GW_CLIENT, SEED, 8, 100000)

    all_served(echo, workers)


if __name__ == "__main__":
    run(main)
