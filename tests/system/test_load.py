#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""bench/run, in short: that what it measures is there, told and drawn. No time is looked at.

  test_load.py --build BUILD
"""
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIP = 77  # what meson takes for skipped
ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "bench/run"
# One of each kind of scenario.
SCENARIOS = ("download, masked", "upload", "row of 100 B, prepared", "logins", "half load",
             "policy swaps", "pgbench")
STAGES = {  # what the worker must have spent cycles on
    "download, masked": {"rx", "input", "open", "frame", "scan", "seal", "output", "tx"},
    "row of 100 B, prepared": {"open", "frame", "judge", "scan", "seal"},
    "logins": {"handshake"},
}


def call(*argv):
    return subprocess.run([RUN, *map(str, argv)], check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600)


def wrong_stages(figure):
    if figure["stages"] is None:
        yield "no stage was counted"
        return
    rows = {row["stage"]: row for row in figure["stages"]["rows"]}
    whole = sum(row["share"] for row in rows.values())
    if abs(whole - 1) > 1e-6:
        yield f"its stages are {whole} of the whole"
    for stage in STAGES.get(figure["scenario"], ()):
        if rows[stage]["share"] <= 0:
            yield f"nothing was spent on {stage}"
    for stage in {"open", "seal"} & STAGES.get(figure["scenario"], set()):
        if rows[stage]["units"] <= 0:
            yield f"no units of {stage}"


def wrong_figure(figure):
    name = f"{figure['scenario']}, {figure['subject']}"
    if not figure["least"] <= figure["median"] <= figure["most"] or figure["most"] <= 0:
        yield f"{name}: {figure['least']}, {figure['median']}, {figure['most']}"
    for result in figure["runs"]:
        if figure["subject"] == "bulkhead" and (result["failed"] or not result["busy_ns"] > 0):
            yield f"{name}: failed {result['failed']}, busy {result['busy_ns']}"
        if "alone" in result and (result["alone"]["timed"] == 0 or result["alone"]["us"] == 0):
            yield f"{name}: nothing was timed: {result['alone']}"
        if "swaps" in result and (result["swaps"] == 0 or max(result["policy_us"]) <= 0):
            yield f"{name}: no policy was taken over"


def wrong_result(args, folder):
    """One run of all kinds; each is named by itself, as its commas are commas of --only, too."""
    for name in SCENARIOS:
        found, plot = folder / "run.json", folder / "run.svg"
        drawn = ["--plot", plot] if importlib.util.find_spec("matplotlib") else []
        run = call("--quick", "--stages", "--only", name, "--json", found, *drawn, *args)
        print(run.stdout, flush=True)
        if run.returncode != 0:
            yield f"{name}: exit {run.returncode}"
            continue
        figures = json.loads(found.read_text())["figures"]
        ours = figures[0]
        if ours["scenario"] != name or ours["subject"] != "bulkhead":
            yield f"{name}: measured {ours['scenario']} with {ours['subject']}"
        for figure in figures:
            yield from wrong_figure(figure)
        if name in STAGES:
            yield from (f"{name}: {fault}" for fault in wrong_stages(ours))
        if name == "download, masked" and figures[-1]["subject"] != "roofline":
            yield "there is no roofline"
        if drawn and not (name in plot.read_text() and figures[0]["text"][:20] in plot.read_text()):
            yield f"{name}: the plot does not name it"


def wrong_usage(args):
    for options, word in ((["--only", "nothing like it"], "no scenario's name"),
                          (["--peers", "nobody"], "unknown peer"), (["--runs", "0"], "--runs"),
                          (["--what"], "usage")):
        run = call(*options, *args)
        if run.returncode != 2 or word not in run.stdout:
            yield f"{options}: exit {run.returncode}: {run.stdout}"
    run = call("--only", "upload", "--build", "/nowhere")
    if run.returncode != 1 or "build it" not in run.stdout:
        yield f"without a build: exit {run.returncode}: {run.stdout}"
    names = [line.split(": ")[0] for line in call("--list").stdout.splitlines()]
    if len(names) != len(set(names)) or not set(SCENARIOS) <= set(names):
        yield f"--list: {names}"


def wrong_end(args, folder):
    """Interrupted, it ends what it started and keeps what it has."""
    log = folder / "interrupted"
    with open(log, "wb") as out:
        run = subprocess.Popen([RUN, "--runs", "2", "--seconds", "600", "--peers", "", "--only",
                                "upload", *args], stdout=out, stderr=subprocess.STDOUT)
        end = time.monotonic() + 120
        mine = f"bh-{run.pid}a-"
        while "bench_load" not in commands_in(mine):
            if run.poll() is not None or time.monotonic() > end:
                run.kill()
                yield f"it does not start: {log.read_text()}"
                return
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        status = run.wait(60)
    left = commands_in(mine)
    if status != 130 or left or Path("/run/netns", mine + "gw").exists():
        yield f"interrupted: exit {status}, left {left}: {log.read_text()}"


def commands_in(prefix):
    """Names of what runs in the namespaces of a run."""
    found = subprocess.run(["ip", "netns", "pids", prefix + "gw"], check=False, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.split()
    names = set()
    for pid in found:
        try:
            names.add(Path("/proc", pid, "comm").read_text().strip())
        except FileNotFoundError:
            pass  # it has just ended
    return names


def main():
    if os.geteuid() != 0:
        print("network namespaces need root")
        return SKIP
    args = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        wrong = [*wrong_usage(args), *wrong_end(args, Path(folder)),
                 *wrong_result(args, Path(folder))]
    print("\n".join(wrong) or "passed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
