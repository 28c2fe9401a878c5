#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""bench/echo, in short: that every case echoes each byte on our stack and on Linux's, and gives all
back. No time is looked at.

  test_echo_bench.py BENCH_ECHO
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP = 77  # what meson takes for skipped
ROOT = Path(__file__).resolve().parents[2]
WAYS = ("ours", "ours-tso", "ours-sums", "veth", "lo")
CASES = ("bulk-1500", "bulk-9000", "connect", "request-1000", "idle")


def failures(result):
    figures = {(f["case"], f["way"]): f for f in result["figures"]}
    wanted = {(case, way) for case in CASES for way in WAYS if case != "idle" or way == "ours"}
    if set(figures) != wanted:
        yield f"measured {sorted(figures)}"
    for name, f in figures.items():
        if f["failed"] != 0:
            yield f"{name}: {f['failed']} connections failed"
        if "rate" in f and f["rate"] <= 0:
            yield f"{name}: nothing was done"
        if f["way"].startswith("ours") and "rate" in f and not f["server_packet_cycles"]:
            yield f"{name}: no packets were counted"
    for s in result["samples"]:
        packets = [s[end][way] for end in ("client", "server") for way in ("packets_in",
                                                                           "packets_out")]
        if s["way"].startswith("ours") and s["case"] != "idle" and min(packets) <= 0:
            yield f"{s['case']}: packets {packets}"
        # Whole segments of the larger MTU; most have no answer but data.
        if s["case"] == "bulk-9000" and s["way"] == "ours" and s["bytes"] < 3000 * packets[0]:
            yield f"bulk-9000: {s['bytes']} bytes in {packets[0]} packets"


def usage(bench_echo):
    for options in (["--what"], ["--kind", "x"], ["--conns", "0"], ["--mtu", "9001"], ["x"]):
        run = subprocess.run([bench_echo, *options], check=False, capture_output=True, text=True)
        if run.returncode != 2 or "usage" not in run.stderr:
            yield f"{options}: exit {run.returncode}: {run.stderr}"


def main():
    if os.geteuid() != 0:
        print("network namespaces need root")
        return SKIP
    bench_echo = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "echo.json")
        run = subprocess.run(
            [ROOT / "bench/echo", "--quick", "--verify", "--build", bench_echo.parents[1],
             "--cases", ",".join(CASES), "--ways", ",".join(WAYS), "--json", out],
            check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(run.stdout)
        if run.returncode != 0:
            return 1
        wrong = [*failures(json.loads(out.read_text())), *usage(bench_echo)]
    print("\n".join(wrong) or "passed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
