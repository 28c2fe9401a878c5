#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Who may include what, and the two things that enforce it.

  layers.py farm SRC OUT   one include folder per layer, holding only what that layer may see, so
                           that a forbidden include does not compile (meson runs this)
  layers.py check SRC      read every include line against the table; fail on a cycle
"""
import os
import re
import sys
from pathlib import Path

CONTROL = ["config", "identity", "policy", "recorder", "audit", "secrets", "admin", "publish",
           "catalog", "store", "approval", "http", "revocation", "budget", "notify", "sts"]

# layer (a folder, or one header) -> folders or headers it may include besides itself
ALLOWED = {
    "dataplane/base": [],
    "dataplane/api": ["dataplane/base"],
    "patterns": ["dataplane/base"],
    "dataplane/nic": ["dataplane/base"],
    "dataplane/ip": ["dataplane/base"],
    "dataplane/tcp": ["dataplane/base", "dataplane/ip"],
    "dataplane/tls": ["dataplane/base"],
    "dataplane/proto": ["dataplane/base"],
    "dataplane/proto/proto.h": ["dataplane/base"],
    "dataplane/proto/postgres": ["dataplane/base", "dataplane/proto/proto.h"],
    "dataplane/inspect": ["dataplane/base", "dataplane/api", "patterns",
                          "dataplane/proto/proto.h"],
    "dataplane/policy": ["dataplane/base", "dataplane/api"],
    "dataplane/relay": ["dataplane/base", "dataplane/api", "dataplane/ip", "dataplane/tcp",
                        "dataplane/tls", "dataplane/proto", "dataplane/inspect",
                        "dataplane/policy", "patterns"],
    "dataplane/worker": ["dataplane/base", "dataplane/api", "dataplane/nic", "dataplane/ip",
                         "dataplane/tcp", "dataplane/relay"],
    "controlplane": ["dataplane/base", "dataplane/api", "patterns"],
    "app": ["dataplane", "controlplane", "patterns"],
    "bench": ["dataplane", "controlplane", "patterns"],
}
DPDK = {"dataplane/nic", "dataplane/worker", "app", "bench"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def layer_of(path):
    """The layer a file belongs to: the longest table key that is a prefix of its path."""
    keys = [k for k in ALLOWED if path == k or path.startswith(k + "/")]
    return max(keys, key=len) if keys else None


def name_of(layer):
    return layer.replace("/", "_").replace(".", "_")


def link(target, at):
    at.parent.mkdir(parents=True, exist_ok=True)
    if at.is_symlink():
        at.unlink()
    at.symlink_to(target)


def farm(src, out):
    for layer, allowed in ALLOWED.items():
        base = out / name_of(layer)
        seen = []
        for folder in sorted([layer] + allowed, key=len):
            if any(folder.startswith(s + "/") for s in seen):
                continue
            seen.append(folder)
            link((src / folder).resolve(), base / folder)


def may_include(layer, path):
    return any(path == a or path.startswith(a + "/") for a in [layer] + ALLOWED[layer])


def check(src):
    faults, edges = [], {}
    files = [p for top in ("app", "bench", "dataplane", "controlplane", "patterns")
             for p in sorted((src / top).rglob("*.[ch]"))]
    for file in files:
        rel = str(file.relative_to(src))
        layer = layer_of(rel)
        if layer is None:
            faults.append(f"{rel}: belongs to no layer")
            continue
        for kind, inc in INCLUDE.findall(file.read_text()):
            if kind == "<":
                if inc.startswith("rte_") and layer not in DPDK:
                    faults.append(f"{rel}: DPDK header <{inc}> in {layer}")
                continue
            if not (src / inc).exists():
                faults.append(f'{rel}: "{inc}" is not a full path from the root')
            elif not may_include(layer, inc):
                faults.append(f'{rel}: {layer} may not include "{inc}"')
            elif layer_of(inc) != layer:
                edges.setdefault(layer, set()).add(layer_of(inc))
    faults += cycles(edges)
    return faults, len(files)


def cycles(edges):
    found, done = [], set()

    def walk(node, path):
        if node in path:
            found.append("cycle: " + " -> ".join(path[path.index(node):] + [node]))
            return
        if node in done:
            return
        for nxt in sorted(edges.get(node, ())):
            walk(nxt, path + [node])
        done.add(node)

    for node in sorted(edges):
        walk(node, [])
    return found


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "farm":
        farm(Path(sys.argv[2]), Path(sys.argv[3]))
        return 0
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        faults, count = check(Path(os.path.abspath(sys.argv[2])))
        for fault in faults:
            print(fault, file=sys.stderr)
        print(f"layers: {count} files read, {len(faults)} faults")
        return 1 if faults else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
