#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The demonstration of the README, twice in a row and ended early: it leaves nothing behind."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import net

ROOT = Path(__file__).resolve().parents[2]


def leftovers(pid):
    """What the run of this process id has left: other tests may have their own by their side."""
    mine = re.compile(rf"{net.PREFIX}{pid}[a-z]-")
    spaces = net.run(["ip", "netns", "list"]).stdout.split()
    folders = Path(tempfile.gettempdir()).glob(net.PREFIX + "*")
    return [name for name in [*spaces, *(f.name for f in folders)] if mine.match(name)]


def once(build, *more):
    process = subprocess.Popen([ROOT / "app/quickstart", "--no-install", "--build", build, *more],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               stdin=subprocess.DEVNULL)
    try:
        said, _ = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.terminate()
        raise
    print(said)
    if process.returncode != 0:
        raise net.Failure(f"quickstart: exit {process.returncode}")
    for text in ("[REDACTED:email]", "DROP TABLE refused", "no rule lets you reach this resource",
                 "Done; everything that was started is gone again."):
        if text not in said:
            raise net.Failure(f"quickstart did not show: {text}")
    left = leftovers(process.pid)
    if left:
        raise net.Failure(f"quickstart left behind: {left}")


def stopped(build, until, status):
    """With --keep, and SIGTERM as soon as it has printed `until`."""
    process = subprocess.Popen(
        [ROOT / "app/quickstart", "--no-install", "--keep", "--build", build],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        # As a shell's background job has it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    said = ""
    for line in process.stdout:
        said += line
        if until in line:
            break
    time.sleep(1)  # into the midst of what comes next
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=60)
    print(said + rest)
    if process.returncode != status or "Traceback" in rest:
        raise net.Failure(f"quickstart: exit {process.returncode} upon SIGTERM")
    left = leftovers(process.pid)
    if left:
        raise net.Failure(f"quickstart left behind, upon SIGTERM: {left}")


def sweep():
    """A folder whose maker is dead goes with the next run; one whose maker lives stays."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    folders = [Path(tempfile.mkdtemp(prefix=f"{net.PREFIX}{pid}a-"))
               for pid in (dead.pid, os.getpid())]
    net.remove_leftovers()
    there = [folder.exists() for folder in folders]
    folders[1].rmdir()
    if there != [False, True]:
        raise net.Failure(f"folders after the sweep: {there}")


def main():
    if os.geteuid() != 0:
        print("network namespaces need root")
        return 77
    build = Path(sys.argv[sys.argv.index("--build") + 1]) if "--build" in sys.argv \
        else ROOT / "build"
    sweep()
    once(build.resolve())
    once(build.resolve())
    stopped(build.resolve(), "Starting PostgreSQL", 1)
    stopped(build.resolve(), "The token, which is the password", 0)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (net.Failure, subprocess.TimeoutExpired) as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
