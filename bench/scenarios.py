# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What bench/run measures. A scenario is a record: to add one is to add it here."""
import dataclasses
from typing import Callable, Optional

import latency
import measuring
import sessions
import stock
import swaps

DEFAULT = ("secrets", "payment")  # what the ready policies mask
ALL = DEFAULT + ("pii", "phi", "network", "crypto")
PROXIES = ("haproxy", "nginx", "stunnel")
POSTGRES = ("haproxy", "pgbouncer")


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str                 # what --only looks for; unique
    text: str                 # what a stranger needs to know of it
    unit: str                 # of measuring.UNITS: what is counted
    load: str = ""            # options of bench_load
    others: tuple = ()        # peers that it is measured with, too
    tls_out: bool = True      # TLS towards the backends
    mask: tuple = ()          # groups of patterns
    # What was set out for: ("haproxy", 3): three times its figure; (None, 50): that figure.
    wanted: tuple = ()
    # Queries a second: this part of what Bulkhead does at most under the same load.
    load_factor: float = 0
    subject: dict = dataclasses.field(default_factory=dict)  # attributes of the peers.Subject
    alone: bool = False       # latencies with the load's core to itself: bench/load/alone.h
    # Entered around all runs with the subject; what it yields is called at the end of each run,
    # and returns keys for its result. See measuring.swaps.
    during: Optional[Callable] = None
    group: str = ""           # title in the plot; default: the unit's
    # Lines to print below the figures, from the results of a subject.
    tell: Optional[Callable] = None
    # All runs with one subject: (bench, scenario, name of the subject) to a list of results.
    measure: Callable = measuring.with_load


BULK = "--agents 8 --rows 50000 --bytes 1000"
ONE_ROW = "--agents 64 --rows 1"
TEN_ROWS = "--work prepared --rows 10 --bytes 100"

LOGINS = "Logins: thousands in a second of a core's work"
STOCK = "pgbench and PostgreSQL: thousands of queries in a second of a core's work"

SCENARIOS = [
    Scenario(
        "download, masked", "results of 50 MB, TLS in and out, default masking, nothing to find",
        "GB", "--work query " + BULK, PROXIES + ("roofline",), mask=DEFAULT,
        wanted=(("haproxy", 3), ("roofline", 0.6))),
    Scenario(
        "download", "results of 50 MB, TLS in and out, masking nothing", "GB",
        "--work query " + BULK, PROXIES + ("roofline",)),
    Scenario(
        "download, all patterns", "as masked, with all patterns of the library", "GB",
        "--work query " + BULK, mask=ALL),
    Scenario(
        "download, 1 found in a KB", "as masked, with 1 secret in a KB", "GB",
        "--work query --found 1 " + BULK, mask=DEFAULT),
    Scenario(
        "download, 10 found in a KB", "as masked, with 10 secrets in a KB", "GB",
        "--work query --found 10 " + BULK, mask=DEFAULT),
    Scenario(
        "upload", "COPY of 50 MB, TLS in and out", "GB", "--work upload " + BULK, PROXIES),
    Scenario(
        "row of 100 B, prepared", "64 agents, one query at a time each; TLS in, plain out", "k",
        "--work prepared --bytes 100 " + ONE_ROW, POSTGRES, False, DEFAULT,
        wanted=(("pgbouncer", 5),)),
    Scenario(
        "row of 100 B, prepared, TLS out", "64 agents, one query at a time each; TLS in and out",
        "k", "--work prepared --bytes 100 " + ONE_ROW, POSTGRES, True, DEFAULT,
        wanted=(("pgbouncer", 5),)),
    Scenario(
        "row of 100 B, simple", "64 agents, simple queries; TLS in, plain out", "k",
        "--work query --bytes 100 " + ONE_ROW, ("pgbouncer",), False, DEFAULT),
    Scenario(
        "row of 1 KB, prepared", "64 agents; TLS in, plain out", "k",
        "--work prepared --bytes 1000 " + ONE_ROW, ("pgbouncer",), False, DEFAULT),
    Scenario(
        "row of 10 KB, prepared", "64 agents; TLS in, plain out", "k",
        "--work prepared --bytes 10000 " + ONE_ROW, ("pgbouncer",), False, DEFAULT),
    Scenario(
        "10 agents", "10 rows of 100 B; TLS in, plain out", "k", "--agents 10 " + TEN_ROWS, (),
        False, DEFAULT),
    Scenario(
        "1000 agents", "10 rows of 100 B; TLS in, plain out", "k", "--agents 1000 " + TEN_ROWS, (),
        False, DEFAULT),
    Scenario(
        "10000 agents", "10 rows of 100 B; TLS in, plain out", "k", "--agents 10000 " + TEN_ROWS,
        (), False, DEFAULT),
    Scenario(
        "growth", "20,000 queries a second for 10 rows of 100 B; TLS in, plain out: what a byte costs "
        "over 100,000 connections by what it costs over 10", "times",
        "--rate 20000 --resume " + TEN_ROWS, (), False, DEFAULT, wanted=((None, 1.5),),
        tell=sessions.tell_growth, measure=sessions.growth),
    Scenario(
        "logins", "connection, full TLS 1.3 handshake, login, good-bye; plain out", "k",
        "--work connect --agents 16", POSTGRES, False, wanted=(("haproxy", 1.8),), group=LOGINS),
    Scenario(
        "logins, resumed", "the same, by the ticket of the login before", "k",
        "--work connect --agents 16 --resume", POSTGRES, False, wanted=(("haproxy", 2),),
        tell=measuring.tell_resumed, group=LOGINS),
    Scenario(
        "logins, TLS out", "logins with full handshakes, as far as the subject resumes no session "
        "with the backend", "k", "--work connect --agents 16", POSTGRES, group=LOGINS),
    Scenario(
        "half load", "row of 100 B, prepared, at half the rate that Bulkhead did at most", "us",
        "--work prepared --bytes 100 " + ONE_ROW, (), False, DEFAULT, wanted=((None, 50),),
        load_factor=0.5, alone=True, tell=latency.tell),
    Scenario(
        "10000 queries a second", "row of 100 B, prepared, over 64 agents; TLS in, plain out: "
        "latency where nobody is busy", "us", "--work prepared --bytes 100 --rate 10000 " + ONE_ROW,
        POSTGRES, False, DEFAULT, alone=True, tell=latency.tell),
    Scenario(
        "policy swaps", "row of 100 B, prepared, as many as 64 agents can, while another policy of "
        "1,001 rules is taken over five times a second", "turn",
        "--work prepared --bytes 100 " + ONE_ROW, (), False, DEFAULT, wanted=((None, 100),),
        subject={"rules": 1000}, during=swaps.during, tell=swaps.tell),
    Scenario(
        "pgbench", "stock client and server: pgbench -S -M prepared, 8 clients, TLS in and out; "
        "Bulkhead by net_tap, the kernel on both sides", "k", others=("pgbouncer",), mask=DEFAULT,
        measure=stock.with_pgbench, group=STOCK),
    Scenario(
        "idle sessions", "resident memory that each of 100,000 sessions adds, or of --sessions; TLS "
        "in and out", "KB", "--work idle --resume", wanted=((None, 2),), measure=sessions.idle),
]
