#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What Linux does not send by itself, sent by scapy to the gateway's own stack.

  test_frames.py ECHO WORKERS

Port 0 has both families and no tag: fragments in every order, twice, overlapping and without an
end, and extension headers. Port 1 has VLAN 77: frames with the tag, another, none.
"""
import sys

from test_ip6 import PREFIXES, SIDES, Net6
from test_stack import python, run, stopped

COMMON = r"""
import sys
import logging
logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *
conf.verb = 0

link, gateway_mac, own_mac = sys.argv[1:4]
ETHER = Ether(src=own_mac, dst=gateway_mac)

def asked(frames, match, count=1, timeout=1.5):
    'Send the frames; what comes back and matches, until there are `count`.'
    got = []
    sniffer = AsyncSniffer(iface=link, store=False, prn=lambda p: got.append(p),
                           lfilter=lambda p: p.src == gateway_mac and match(p),
                           stop_filter=lambda p: len(got) >= count)
    sniffer.start()
    while not getattr(sniffer, "stop_cb", None):
        time.sleep(0.005)  # it has its socket then
    sendp(frames, iface=link)
    sniffer.join(timeout)
    if sniffer.running:
        sniffer.stop()
    return got

def answered(what, frames, match):
    got = asked(frames, match)
    assert len(got) == 1, f"{what}: {len(got)} answers"
    return got[0]

def silent(what, frames, match):
    # Whatever came of them has come when the answer to a ping behind them is there.
    got = asked(list(frames) + [PROBE], lambda p: match(p) or is_probe(p))
    assert len(got) == 1 and is_probe(got[0]), f"{what}: answered by {got}"
"""

FRAGMENTS = COMMON + r"""
own4, peer4, own6, peer6 = "10.77.1.1", "10.77.1.2", sys.argv[4] + "1", sys.argv[4] + "2"
DATA = bytes(range(256)) * 4
PROBE = ETHER / IP(src=peer4, dst=own4) / ICMP(id=99) / b"probe"

def is_probe(p):
    return ICMP in p and p[ICMP].type == 0 and p[ICMP].id == 99

def is_reply4(p):
    return ICMP in p and p[ICMP].type == 0 and p[ICMP].id == 7

def is_reply6(p):
    return ICMPv6EchoReply in p and p[ICMPv6EchoReply].id == 7

def parts4(ident, size=256):
    return [ETHER / f for f in
            fragment(IP(src=peer4, dst=own4, id=ident) / ICMP(id=7) / DATA, fragsize=size)]

def upper6():
    packet = IPv6(src=peer6, dst=own6) / ICMPv6EchoRequest(id=7, data=DATA)
    return bytes(packet)[40:]  # with its checksum

def part6(ident, begin, end, more, nh=58, data=None):
    data = upper6() if data is None else data
    return ETHER / IPv6(src=peer6, dst=own6, nh=44) / IPv6ExtHdrFragment(
        nh=nh, id=ident, offset=begin // 8, m=int(more)) / Raw(data[begin:end])

def parts6(ident):
    n = len(upper6())
    return [part6(ident, a, min(a + 256, n), a + 256 < n) for a in range(0, n, 256)]

for number, (name, parts, is_reply) in enumerate((
        ("IPv4", parts4, is_reply4), ("IPv6", parts6, is_reply6))):
    base = 1000 * (number + 1)
    for i, order in enumerate((lambda x: x, lambda x: x[::-1], lambda x: x[1::2] + x[::2],
                               lambda x: [x[0], *x])):
        reply = answered(f"{name} order {i}", order(parts(base + i)), is_reply)
        body = bytes(reply[ICMP].payload) if name == "IPv4" else reply[ICMPv6EchoReply].data
        assert body == DATA, f"{name} order {i}: other bytes"
    silent(f"{name}, one missing", parts(base + 10)[1:], is_reply)

# Overlaps: the second part begins eight bytes early.
first, second, *rest = parts4(2001)
second[IP].frag -= 1
del second[IP].chksum, second[IP].len
silent("IPv4 overlap", [first, second, *rest], is_reply4)
n = len(upper6())
silent("IPv6 overlap", [part6(2002, 0, 256, True), part6(2002, 248, 512, True),
                        part6(2002, 512, n, False)], is_reply6)
silent("IPv6 other bytes", [part6(2003, 0, 256, True),
                            part6(2003, 0, 256, True, data=bytes(n)),
                            part6(2003, 256, n, False)], is_reply6)

# A TCP segment in fragments is answered by the stack as any other: nobody listens on port 9.
syn = bytes(IPv6(src=peer6, dst=own6) / TCP(sport=4000, dport=9, options=[("NOP", None)] * 8))[40:]
reset = answered("a SYN in fragments", [part6(2004, 24, len(syn), False, 6, syn),
                                        part6(2004, 0, 24, True, 6, syn)],
                 lambda p: TCP in p and p[TCP].dport == 4000)
assert reset[TCP].flags == "RA", reset[TCP].flags

# RFC 1122 3.3.2, RFC 8200 4.5: what stays incomplete is told, when its first part came.
late = asked([parts4(2005)[0], part6(2006, 0, 256, True)],
             lambda p: (ICMP in p and (p[ICMP].type, p[ICMP].code) == (11, 1)) or
             (ICMPv6TimeExceeded in p and p[ICMPv6TimeExceeded].code == 1), count=2, timeout=8)
assert len(late) >= 2, f"time exceeded: {late}"

# RFC 8200 4.2, 4.4 and 4: what is not understood.
def problem(p):
    return ICMPv6ParamProblem in p
ip = IPv6(src=peer6, dst=own6)
for what, packet, code, at in (
        ("UDP", ip / UDP(dport=53) / b"x", 1, 6),
        ("an option", ip / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0xc2, optdata=b"ab")]) /
         ICMPv6EchoRequest(id=7), 2, 42),
        ("a route", ip / IPv6ExtHdrRouting(addresses=[peer6]) / ICMPv6EchoRequest(id=7), 0, 42),
        ("a first part without its header", None, 3, 0)):
    frame = part6(2007, 0, 8, True, 6, syn) if packet is None else ETHER / packet
    told = answered(what, [frame], problem)[ICMPv6ParamProblem]
    assert (told.code, told.ptr) == (code, at), f"{what}: {told.code}, {told.ptr}"
answered("padding before all", [ETHER / ip / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"abcd")]) /
                                ICMPv6EchoRequest(id=7)], is_reply6)
silent("IPv4 within IPv6", [ETHER / IPv6(src="::ffff:10.77.1.2", dst=own6) /
                            ICMPv6EchoRequest(id=7)], is_reply6)
"""

VLAN = COMMON + r"""
own4, peer4, own6, peer6 = "10.77.2.1", "10.77.2.2", sys.argv[4] + "1", sys.argv[4] + "2"
TAG = Dot1Q(vlan=77)
PROBE = ETHER / TAG / IP(src=peer4, dst=own4) / ICMP(id=99) / b"probe"

def is_probe(p):
    return Dot1Q in p and ICMP in p and p[ICMP].type == 0 and p[ICMP].id == 99

def is_reply(p):
    return (ICMP in p and p[ICMP].type == 0) or ICMPv6EchoReply in p

who = Ether(src=own_mac, dst="ff:ff:ff:ff:ff:ff") / TAG / ARP(
    op=1, hwsrc=own_mac, psrc=peer4, pdst=own4)
reply = answered("ARP", [who], lambda p: ARP in p and p[ARP].op == 2)
assert reply[Dot1Q].vlan == 77 and reply[ARP].hwsrc == gateway_mac
who = Ether(src=own_mac, dst="33:33:ff:00:00:01") / TAG / IPv6(
    src=peer6, dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=own6) / ICMPv6NDOptSrcLLAddr(
    lladdr=own_mac)
reply = answered("ND", [who], lambda p: ICMPv6ND_NA in p)
assert reply[Dot1Q].vlan == 77 and reply[ICMPv6NDOptDstLLAddr].lladdr == gateway_mac
ping4 = IP(src=peer4, dst=own4) / ICMP(id=7) / b"data"
ping6 = IPv6(src=peer6, dst=own6) / ICMPv6EchoRequest(id=7, data=b"data")
for what, ping in ("IPv4", ping4), ("IPv6", ping6):
    for tag in TAG, Dot1Q(vlan=77, prio=5):
        reply = answered(what, [ETHER / tag / ping], is_reply)
        assert reply[Dot1Q].vlan == 77, reply
    for frame in (ETHER / ping, ETHER / Dot1Q(vlan=78) / ping, ETHER / Dot1Q(vlan=0) / ping,
                  ETHER / TAG / TAG / ping, ETHER / Dot1AD(vlan=77) / ping):
        silent(f"{what}: {frame.summary()}", [frame], lambda p: is_reply(p) and not is_probe(p))
"""


def mac(ns, link):
    return ns.run(["cat", f"/sys/class/net/{link}/address"]).stdout.strip()


def check(n, echo_path, workers):
    argv = [echo_path, "--workers", workers]
    for device, addresses in n.ports:
        argv += ["--port", device, addresses]
    echo = n.gw.start(argv + ["--vlan", 77], name="echo")
    echo.wait_line("^ready$")
    gateway_macs = [mac(n.gw, link) for link in SIDES]
    n.attach()
    for ns, link, gateway_mac, prefix, script in zip(
            (n.client, n.server), SIDES, gateway_macs, PREFIXES, (FRAGMENTS, VLAN)):
        python(ns, script, link, gateway_mac, mac(ns, link), prefix)
    stopped(echo)


def main():
    echo_path, workers = sys.argv[1], int(sys.argv[2])
    # Behind a packet socket's fan-out the kernel puts IPv4 together before we see it.
    with Net6("tap", queues=workers) as n:
        check(n, echo_path, workers)
    print("passed")
    return 0


if __name__ == "__main__":
    run(main)
