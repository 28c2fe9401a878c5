#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Two of our stacks against each other over net_memif: shared memory, no kernel between them.

  test_memif.py ECHO WORKERS
"""
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIP = 77  # what meson takes for skipped
BYTES, CONNS = 20_000_000, 8


def port(role, socket, address):
    # Each side sees as many queues as the other one made.
    return ["--port", f"net_memif0,role={role},socket={socket},socket-abstract=no", address]


def main():
    echo, workers = sys.argv[1], sys.argv[2]
    if os.geteuid() != 0:
        print("the runtime folder of net_memif needs root")
        return SKIP
    with tempfile.TemporaryDirectory(prefix="bh-memif-") as folder:
        socket, log = f"{folder}/memif.sock", Path(folder, "server.log")
        with open(log, "wb") as out:
            server = subprocess.Popen(
                [echo, "--workers", workers, *port("server", socket, "10.77.9.1/24")],
                stdout=out, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + 20
            while "ready" not in log.read_text():
                if server.poll() is not None or time.monotonic() > end:
                    print(log.read_text())
                    return 1
                time.sleep(0.02)
            client = subprocess.run(
                [echo, "--workers", workers, *port("client", socket, "10.77.9.2/24"), "--connect",
                 "10.77.9.1", "--bytes", str(BYTES), "--conns", str(CONNS)],
                check=False, timeout=90, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            print(client.stdout)
        finally:
            server.terminate()
            status = server.wait(20)
        print(log.read_text())
        accepted = sum(map(int, re.findall(r"accepted=(\d+)", log.read_text())))
        left = sum(map(int, re.findall(r"conns=(\d+)", log.read_text())))
        wanted = CONNS * int(workers)
        if client.returncode != 0 or status != 0 or accepted != wanted or left != 0:
            print(f"client {client.returncode}, server {status}, accepted {accepted}/{wanted}, "
                  f"left {left}")
            return 1
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
