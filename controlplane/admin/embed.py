#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Files into the program: embed.py OUT.c PATH=FILE...

Writes the table of assets.h, sorted by path; PATH is where the file is served.
"""
import hashlib
import sys
from pathlib import Path

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def main():
    out, pairs = sys.argv[1], sorted(pair.split("=", 1) for pair in sys.argv[2:])
    text = ['#include "controlplane/admin/assets.h"\n']
    rows = []
    for i, (path, file) in enumerate(pairs):
        data = Path(file).read_bytes()
        etag = hashlib.sha256(data).hexdigest()[:32]
        body = "".join(f"{b}," + ("\n" if at % 32 == 31 else "") for at, b in enumerate(data))
        text.append(f"static const unsigned char file_{i}[] = {{{body}0}};\n")
        rows.append(f'\t{{"{path}", "{TYPES[Path(file).suffix]}", "\\"{etag}\\"", file_{i}, '
                    f"{len(data)}}},\n")
    text.append(f"const struct asset assets[] = {{\n{''.join(rows)}}};\n")
    text.append(f"const size_t n_assets = {len(pairs)};\n")
    Path(out).write_text("\n".join(text))


if __name__ == "__main__":
    main()
