#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Linux as the peer of our TCP, both directions: every byte is compared, and tshark's expert finds
nothing malformed and nothing spurious by us (expert.py says what that is).

  test_peer.py ECHO PEER LINK

A few cases of all; tests/system/linux_peer runs the whole matrix and measures.
"""
import collections
import contextlib
import itertools
import sys

import expert
import net
import peering
from test_stack import run, stopped

SEED = 20
BYTES = 400000
OPTIONS = {"timestamps": 1, "sack": 2, "scaling": 4, "ecn": 8}  # TCPI_OPT_*

# What the impairing port does, and the percentage that nftables drops.
Wire = collections.namedtuple("Wire", "options percent")
WIRES = {
    "none": Wire([], 0),
    "loss": Wire(["--delay", "2"], 1),
    "rough": Wire("--delay 3 --jitter 2 --reorder 0.02 --held 3 --duplicate 0.01".split(), 0),
    "narrow": Wire("--delay 2 --rate 30 --queue 60000 --mark 20000".split(), 0),
    "all": Wire("--delay 2 --jitter 1 --reorder 0.01 --held 3 --duplicate 0.01 --rate 50 "
                "--queue 100000 --mark 30000".split(), 1),
}
DEVICES, MTUS = ("af_packet", "tap"), (1280, 1500, 4000, 9000)

Case = collections.namedtuple("Case", "device mtu wire off")  # off: the options that Linux denies

QUICK = [
    Case("af_packet", 1280, "all", ("timestamps", "sack", "scaling", "ecn")),
    Case("af_packet", 1500, "none", ()),
    Case("af_packet", 1500, "loss", ("sack",)),
    Case("af_packet", 1500, "rough", ("timestamps",)),
    Case("af_packet", 1500, "narrow", ("scaling",)),
    Case("af_packet", 9000, "all", ()),
    Case("tap", 1280, "rough", ("sack", "ecn")),
    Case("tap", 1500, "none", ("ecn",)),
    Case("tap", 1500, "narrow", ("timestamps", "sack")),
    Case("tap", 9000, "loss", ("timestamps",)),
]


def matrix():
    """Every combination."""
    offs = [tuple(o for o, denied in zip(OPTIONS, bits) if denied)
            for bits in itertools.product((False, True), repeat=len(OPTIONS))]
    return [Case(*c) for c in itertools.product(DEVICES, MTUS, WIRES, offs)]


def text(case):
    off = "without " + ", ".join(case.off) if case.off else "with all options"
    return f"{case.device}, MTU {case.mtu}, wire {case.wire}, {off}"


def check_options(rows, off):
    """Did both ends agree on what the case allows?"""
    wanted = sum(bit for name, bit in OPTIONS.items() if name not in off)
    for row in rows:
        agreed = int(row["options"]) & sum(OPTIONS.values())
        if agreed != wanted:
            raise net.Failure(f"agreed on options {agreed:#x} instead of {wanted:#x}")


@contextlib.contextmanager
def wired(n, case, seed):
    """The wire of a case and a capture beside it, which it yields, while inside."""
    wire = WIRES[case.wire]
    with n.losses(wire.percent), n.capture() as capture, n.links(wire.options, seed, numbers=[0]):
        yield capture


def serve_case(n, case, seed):
    """Connections of Linux to us."""
    with wired(n, case, seed) as capture:
        check_options(peering.finish([n.talk(peering.OURS, what, BYTES, "cubic")
                                      for what in ("send", "receive", "echo")]), case.off)
    return capture


def ask_case(n, case, seed):
    """Connections of ours to Linux. A tap exists only with our stack behind it, so that comes
    first and has to send its SYN again."""
    echo = n.start_ours("--ecn", "--connect", peering.CLIENT, "--bytes", str(BYTES), "--conns", "2")
    with wired(n, case, seed) as capture:
        if echo.wait(90) != 0:
            raise net.Failure(f"our client: {echo.text()[-2000:]}")
    return capture


def run_case(n, case, serving, seed):
    """Returns what is wrong."""
    n.toggle(**{name: name not in case.off for name in OPTIONS})
    capture = (serve_case if serving else ask_case)(n, case, seed)
    faults, said = expert.judge(capture, peering.OURS, quiet=case.wire == "none")
    print(f"{'FAIL' if faults else 'ok  '} {text(case)}, {'from' if serving else 'to'} Linux, "
          f"seed {seed}: {summary(said)}", flush=True)
    return faults


def summary(said):
    """How often the expert spoke of us, but for the ends of connections."""
    rows = [f"{count} {what}" for what, count in said.most_common()
            if not what.startswith(("Connection ", "This frame initiates", "This frame undergoes"))]
    return "; ".join(rows) or "nothing to say"


def run_cases(programs, cases, seed):
    """Returns the number of cases in which something was wrong."""
    failed = 0
    for (device, mtu), group in itertools.groupby(cases, key=lambda c: (c.device, c.mtu)):
        group = list(group)
        for serving in (True, False):
            with peering.PeerNet(programs, device, mtu) as n:
                echo = n.start_ours("--ecn") if serving else None
                if not serving:
                    n.start_linux("cubic", [n.client])
                for case in group if serving else group[-1:]:
                    faults = run_case(n, case, serving, seed)
                    failed += bool(faults)
                    if faults:
                        n.failed = True  # keep the capture
                        print("\n".join(faults[:10]), flush=True)
                if serving:
                    stopped(echo)
    return failed


def main():
    failed = run_cases(sys.argv[1:4], QUICK, SEED)
    print(f"{failed} cases failed" if failed else "passed")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
