#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The demonstration of the README, twice in a row, and that it leaves nothing behind."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import net

ROOT = Path(__file__).resolve().parents[2]


def leftovers():
    spaces = net.run(["ip", "netns", "list"]).stdout.split()
    return ({s for s in spaces if s.startswith(net.PREFIX)},
            set(Path(tempfile.gettempdir()).glob(net.PREFIX + "*")))


def once(build, *more):
    done = subprocess.run([ROOT / "app/quickstart", "--no-install", "--build", build, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    print(done.stdout)
    if done.returncode != 0:
        raise net.Failure(f"quickstart: exit {done.returncode}")
    for text in ("[REDACTED:email]", "DROP TABLE refused", "no rule lets you reach this resource",
                 "Done; everything that was started is gone again."):
        if text not in done.stdout:
            raise net.Failure(f"quickstart did not show: {text}")


def main():
    if os.geteuid() != 0:
        print("network namespaces need root")
        return 77
    build = Path(sys.argv[sys.argv.index("--build") + 1]) if "--build" in sys.argv \
        else ROOT / "build"
    before = leftovers()
    once(build.resolve())
    once(build.resolve())
    left = [a - b for a, b in zip(leftovers(), before)]
    if any(left):
        raise net.Failure(f"quickstart left behind: {left}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (net.Failure, subprocess.TimeoutExpired) as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
