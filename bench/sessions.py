# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Scenarios of bench/run with many sessions at once."""
import dataclasses

import measuring

SIZES = (10, 1000, 10_000, 100_000)  # connections, for growth
A_PORT = 12_000                      # of 28,000 that one pair of addresses and a port can have


def many(scenario, agents):
    """The scenario with so many agents, and room for them at Bulkhead."""
    subject = scenario.subject | {"sessions": max(131072, agents + agents // 16),
                                  "spread": 1 + agents // A_PORT}
    return dataclasses.replace(scenario, load=f"{scenario.load} --agents {agents}", subject=subject)


def growth(bench, scenario, name):
    """The same load over more and more connections."""
    by_size = {n: measuring.run_subject(bench, many(scenario, n), name) for n in SIZES}
    results = []
    for i in range(bench.args.runs):
        costs = {n: runs[i]["busy_ns"] / runs[i]["bytes"] for n, runs in by_size.items()}
        results.append({"ns_a_byte": costs, "times": costs[SIZES[-1]] / costs[SIZES[0]]})
    return results


def tell_growth(results):
    """For Scenario.tell."""
    for n in SIZES:
        costs = sorted(r["ns_a_byte"][n] for r in results)
        yield f"{n:6} connections: {costs[len(costs) // 2]:.2f} ns a byte"


def idle(bench, scenario, name):
    """Sessions that do nothing once they are logged in."""
    return measuring.run_subject(bench, many(scenario, bench.args.sessions), name)
