# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""libpg_query's trees, as JSON, and what they say by a walk that is simple on purpose: it shares no
code with the gateway's."""
import ctypes
import json


class Error(ctypes.Structure):
    _fields_ = [("message", ctypes.c_char_p)]


class Parsed(ctypes.Structure):
    _fields_ = [("tree", ctypes.c_char_p), ("stderr", ctypes.c_char_p),
                ("error", ctypes.POINTER(Error))]


class Part(ctypes.Structure):
    _fields_ = [("at", ctypes.c_int), ("n", ctypes.c_int)]


class Split(ctypes.Structure):
    _fields_ = [("parts", ctypes.POINTER(ctypes.POINTER(Part))), ("n", ctypes.c_int),
                ("stderr", ctypes.c_char_p), ("error", ctypes.POINTER(Error))]


LIBRARY = ctypes.CDLL("libpg_query.so.1504.0")
LIBRARY.pg_query_parse.restype = Parsed
LIBRARY.pg_query_parse.argtypes = [ctypes.c_char_p]
LIBRARY.pg_query_free_parse_result.argtypes = [Parsed]
LIBRARY.pg_query_split_with_scanner.restype = Split
LIBRARY.pg_query_split_with_scanner.argtypes = [ctypes.c_char_p]
LIBRARY.pg_query_free_split_result.argtypes = [Split]


def parse(statement):
    """The tree, or None where there is none."""
    data = statement.encode(errors="surrogateescape")
    if b"\0" in data:
        return None
    result = LIBRARY.pg_query_parse(data)
    tree = None if result.error else result.tree.decode(errors="replace")
    LIBRARY.pg_query_free_parse_result(result)
    return None if tree is None else json.loads(tree)


def split(text):
    data = text.encode()
    result = LIBRARY.pg_query_split_with_scanner(data)
    parts = [] if result.error else [
        data[p.contents.at:p.contents.at + p.contents.n].decode(errors="replace").strip()
        for p in result.parts[:result.n]]
    LIBRARY.pg_query_free_split_result(result)
    return [p for p in parts if p]


WRITES = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
HIDDEN = ("DoStmt", "CallStmt", "ExecuteStmt")
# Top-level statements that change nothing by themselves. Everything else is more than a read.
QUIET = {"SelectStmt", "ExplainStmt", "VariableShowStmt", "TransactionStmt", "VariableSetStmt",
         "DiscardStmt", "DeallocateStmt", "ClosePortalStmt", "ConstraintsSetStmt", "UnlistenStmt",
         "ListenStmt", "FetchStmt", "PrepareStmt", "DeclareCursorStmt", "CopyStmt", "NotifyStmt",
         "LockStmt", "LoadStmt", *WRITES, *HIDDEN}


class Truth:
    def __init__(self):
        self.kinds, self.written, self.hidden = set(), set(), False


def truth(tree):
    found = Truth()
    for raw in tree["stmts"]:
        stmt = raw.get("stmt")
        if stmt:
            (kind,) = stmt
            if kind not in QUIET:
                found.kinds.add("more")
            look(stmt, found)
    return found


def look(node, found):
    if isinstance(node, list):
        for one in node:
            look(one, found)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in WRITES:
            found.kinds.add("write")
            found.written.add(value["relation"]["relname"])
        if key in HIDDEN:
            found.hidden = True
        if key == "CopyStmt" and value.get("is_from"):
            found.kinds.add("write")
            found.written.add(value["relation"]["relname"])
        if key in ("intoClause", "into") and isinstance(value, dict):
            found.kinds.add("write")
        if key == "lockingClause" and value:
            found.kinds.add("write")
        look(value, found)


def erase(node):
    if isinstance(node, list):
        return [erase(one) for one in node]
    if isinstance(node, dict):
        if "A_Const" in node:
            return {"A_Const": sorted(k for k in node["A_Const"] if k != "location")}
        return {k: erase(v) for k, v in node.items()
                if k not in ("location", "stmt_len", "stmt_location")}
    return node


def shape(statement):
    """The tree without its constants, or None."""
    tree = parse(statement)
    return None if tree is None else erase(tree)


def relations(statement):
    """How many times it names a relation."""
    return json.dumps(parse(statement)).count('"RangeVar"')


def resumes(statement):
    """Whether it goes on with what statements before it began, and were judged by: the query of a
    cursor, the triggers of a write."""
    return any(kind in ("FetchStmt", "ConstraintsSetStmt")
               for raw in parse(statement)["stmts"] for kind in raw.get("stmt", {}))
