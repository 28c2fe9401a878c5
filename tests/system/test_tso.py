#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Linux receives what a device cut up: net_tap, which does so by itself, and is known to do it
badly where a segment's frame is longer than the MTU.

  test_tso.py ECHO

With segments that it cuts well most leave in frames of many; with full ones none does. Every byte
is compared.
"""
import sys

import net
import test_stack

SMALL = 1360  # MSS with which a frame, its Ethernet header included, is within the MTU


def check(echo_path, mss):
    """Returns how many segments left in the frame of another."""
    with net.Net("tap") as n:
        argv = [echo_path, "--tso"]
        for device, address in n.ports:
            argv += ["--port", device, address]
        echo = n.gw.start(argv, name="echo")
        echo.wait_line("^ready$")
        n.attach()
        if mss is not None:
            n.client.ip("route", "change", "10.77.1.0/24", "dev", "c0", "advmss", str(mss))
        test_stack.python(n.client, test_stack.CLIENT, net.GW_CLIENT, test_stack.SEED, 4, 1 << 20)
        test_stack.stopped(echo)
        return sum(row["merged"] for row in test_stack.counters(echo))


def main():
    merged = check(sys.argv[1], SMALL)
    # Four megabytes in segments of 1348 bytes.
    if merged < 1000:
        raise net.Failure(f"only {merged} segments were left to the device")
    merged = check(sys.argv[1], None)
    if merged != 0:
        raise net.Failure(f"{merged} segments that the device would have kept")
    print("passed")
    return 0


if __name__ == "__main__":
    test_stack.run(main)
