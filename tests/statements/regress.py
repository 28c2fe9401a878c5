# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""PostgreSQL's regression SQL as statements: psql's own commands and variables are worked out."""
import re
import shutil

import debian
import net
import parser

SLOW = {"create_index", "stats", "tablespace", "regex", "sanity_check", "vacuum_parallel"}


def source(build):
    home = build / "corpora"
    found = sorted(home.glob("postgresql-15.*/src/test/regress/parallel_schedule"))
    if found:
        return found[0].parent
    archive = debian.source("postgresql-15", home)
    net.run(["tar", "-xf", archive, "-C", home, "--wildcards", "*/src/test/regress"], timeout=300)
    return source(build)


def schedule(folder):
    names = []
    for line in (folder / "parallel_schedule").read_text().splitlines():
        if line.startswith("test:"):
            names += line.split()[1:]
    return names


def settings(build):
    """What PostgreSQL's own runner gives psql by its environment."""
    folder = source(build)
    library = build / "corpora" / "regress.so"
    if not library.exists():
        includes = ["-I" + net.run(["pg_config", word]).stdout.strip()
                    for word in ("--includedir", "--includedir-server")]
        net.run(["gcc", "-O1", "-w", "-fPIC", "-shared", *includes, folder / "regress.c", "-o",
                 library], timeout=300)
    for name in ("autoinc.so", "refint.so"):
        if not (library.parent / name).exists():
            shutil.copy(f"/usr/lib/postgresql/15/lib/{name}", library.parent / name)
    return {"abs_srcdir": str(folder), "abs_builddir": str(folder), "libdir": str(library.parent),
            "dlsuffix": ".so"}


def files(build, server=None):
    """(name, statements) of each, in the order of PostgreSQL's schedule."""
    folder = source(build)
    values = settings(build) if server else {}
    for name in schedule(folder):
        path = folder / "sql" / f"{name}.sql"
        if path.exists() and not (server and name in SLOW):
            yield name, statements(path.read_text(errors="replace"), dict(values))


def unquote(word):
    return word[1:-1].replace("''", "'") if word.startswith("'") else word


def fill(line, values):
    line = re.sub(r":'(\w+)'", lambda m: "'" + values[m[1]] + "'" if m[1] in values else m[0], line)
    return re.sub(r'(?<![:\w]):"?(\w+)"?', lambda m: values.get(m[1], m[0]), line)


def command(line, values):
    words = re.findall(r"'(?:[^']|'')*'|\S+", line)
    if words[0] == "\\set" and len(words) > 2:
        values[words[1]] = "".join(unquote(fill(w, values)) for w in words[2:])


def statements(text, values):
    kept, data = [], False
    for line in text.split("\n"):
        if data:
            data = line != "\\."
        elif line.startswith("\\"):
            command(line, values)
        else:
            line = fill(line, values).replace("\\;", ";")
            kept.append(re.sub(r"\\(g|gset|gexec|gdesc|crosstabview|watch|gx|bind)\b.*$", ";", line))
            data = re.match(r"(?i)\s*copy\b.*\bfrom\s+stdin\b.*;\s*$", line) is not None
    return parser.split("\n".join(kept))
