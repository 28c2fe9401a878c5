#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""No function of ours has the name of one that a library exports.

  symbols.py PROGRAM ARCHIVE...     of the archives, and of the program's own files

The linker takes whichever it meets first, and a library may come to call ours: PostgreSQL's
hash_bytes, inside libpg_query, once answered for the keyed hash of base/, and its parser called a
scanner_init of bulkheadctl.
"""
import re
import subprocess
import sys


def symbols(*argv):
    lines = subprocess.run(["nm", "--defined-only", *argv], check=True, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
    found = (re.fullmatch(r"[0-9a-f]+ ([A-Z]) (\S+)", line) for line in lines)
    # Weak ones are meant to be replaced.
    return {m.group(2) for m in found if m and m.group(1) not in "WVA"}


def main():
    program, archives = sys.argv[1], sys.argv[2:]
    ours = set().union(*(symbols("--extern-only", a) for a in [program, *archives]))
    # A library's variable that a program uses (stderr@GLIBC_2.2.5) and what compilers add.
    ours = {name for name in ours if "@" not in name and not name.startswith("__")}
    libraries = re.findall(r"=> (/\S+)", subprocess.run(
        ["ldd", program], check=True, text=True, stdout=subprocess.PIPE).stdout)
    clashes = [f"{name}: {library}" for library in libraries
               for name in sorted(ours & {s.split("@")[0] for s in symbols("--dynamic", library)})]
    print("\n".join(clashes))
    print(f"symbols: {len(ours)} of ours, {len(libraries)} libraries, {len(clashes)} clashes")
    return 1 if clashes or not ours or not libraries else 0


if __name__ == "__main__":
    sys.exit(main())
