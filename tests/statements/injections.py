# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Injections from libinjection's data and tests, and sqlmap's tamper scripts."""
import importlib
import re
import sys
import urllib.parse

import debian
import net
import parser

SECRET = "bulkhead-secret-row"
SCHEMA = f"""CREATE TABLE users (id int, name text, password text);
    INSERT INTO users SELECT 1000000 + i, '{SECRET}' || i, '{SECRET}' FROM generate_series(1, 20) i;
    CREATE ROLE "{SECRET}" PASSWORD 'x'"""
# What a policy for agents that only read denies by its flags; its effects come on top.
DENIED = {"multi-statement", "tautology", "file", "program", "network", "dynamic", "sleep",
          "replication", "identity", "grants", "destroys", "config", "credentials", "copy-out",
          "copy-in"}
# Rows that the injection chooses by a condition which some other statement may well mean: NOT LIKE.
MEANT = {"SELECT id, name FROM users WHERE name LIKE 'aa'!='1' ORDER BY id"}
HOSTS = (("SELECT id, name FROM users WHERE name = '{}'", "x"),
         ("SELECT id, name FROM users WHERE name LIKE '{}' ORDER BY id", "x"),
         ("SELECT id, name FROM users WHERE (name = '{}' AND password = 'y')", "x"),
         ("SELECT id, name FROM users WHERE id = {}", "1"),
         ("SELECT id, name FROM users WHERE id IN ({}) AND name IS NOT NULL", "1"))


def unpack(build):
    home = build / "corpora"
    found = sorted(home.glob("modsecurity*/others/libinjection/data"))
    if found:
        return found[0].parent
    archive = debian.source("modsecurity", home)
    net.run(["tar", "-xf", archive, "-C", home, "--wildcards", "*/libinjection/data",
             "*/libinjection/tests"], timeout=300)
    return unpack(build)


def payloads(folder):
    found = set()
    for path in sorted(folder.glob("data/*.txt")):
        for line in path.read_text(errors="surrogateescape").splitlines():
            if line and not line.startswith("#"):
                found |= {line, urllib.parse.unquote_plus(line, errors="surrogateescape")}
    for path in sorted(folder.glob("tests/test-sqli-*.txt")):
        text = path.read_text(errors="surrogateescape")
        match = re.search(r"--INPUT--\n(.*?)\n--EXPECTED--", text, re.S)
        if match:
            found.add(match[1])
    return sorted(p for p in found if "\0" not in p)


def hosts(build):
    found = payloads(unpack(build))
    for host, harmless in HOSTS:
        yield host, harmless, [p.encode(errors="surrogateescape").decode(errors="replace")
                               for p in found]


def outcome(text, effects, shape):
    if "unknown" in effects.kinds:
        return "unknown"
    if effects.kinds - {"read", "session"}:
        return "denied by effect"
    if parser.shape(text) == shape:
        return "a literal still"
    if effects.flags & DENIED:
        return "denied by flag"
    if effects.relations() - {"users"}:
        return "reads of another relation"
    if parser.relations(text) > 1:
        return "the relation read again"
    return "read"


# ---- sqlmap

def tampers(build):
    home = build / "corpora"
    if not (home / "sqlmap").exists():
        net.run(["dpkg-deb", "-x", debian.binary("sqlmap", home), home / "sqlmap"], timeout=120)
    share = home / "sqlmap/usr/share/sqlmap"
    sys.path.insert(0, str(share))
    common, data = importlib.import_module("lib.core.common"), importlib.import_module("lib.core.data")
    common.setPaths(str(share))
    data.kb.keywords = set(common.getFileItems(data.paths.SQL_KEYWORDS))
    data.kb.aliasName = "alias"
    found = []
    for path in sorted((share / "tamper").glob("*.py")):
        if path.stem == "__init__":
            continue
        module = importlib.import_module(f"tamper.{path.stem}")
        found.append((path.stem, lambda s, t=module.tamper: t(payload=s)))
    return found


def denied(corpus):
    """Statements of the bypass corpus that a policy for reads denies."""
    kept, statement, wanted = [], [], None
    for line in [*corpus.read_text().split("\n"), "> end :"]:
        if line.startswith(">"):
            effects, _, flags = (wanted or ":").partition(":")
            flags = {f for f in flags.split() if not f.startswith("!")}
            if wanted and (set(effects.split()) - {"read", "session", "unknown"} or
                           flags & DENIED):
                kept.append("\n".join(statement).strip())
            statement, wanted = [], line[1:]
        elif wanted is not None and not line.startswith("#"):
            statement.append(line)
    return kept


def does_nothing(server, text):
    """Whether the server writes nothing and returns nothing that is there for it to return."""
    if server.try_read_only(text, again=False) == "25006":
        return False
    rows = str(server.rows(text) or "")
    return SECRET not in rows and "root:" not in rows
