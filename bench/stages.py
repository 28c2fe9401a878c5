# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Where the worker's cycles go, for bench/run --stages (dataplane/base/stage.h)."""
import collections

MEANINGS = {
    "loop": "clocks, counters, commands, the policy in force",
    "rx": "packets from the ports",
    "input": "Ethernet, IP and TCP of what came in",
    "relay": "sessions: their turns, buffers and timers",
    "handshake": "TLS, until records are ours",
    "open": "records decrypted",
    "frame": "messages found, understood and passed on",
    "judge": "statements: what they do, policy, budgets",
    "scan": "answers: findings, masking",
    "record": "recordings",
    "seal": "records encrypted",
    "output": "TCP, IP and Ethernet of what goes out",
    "timers": "TCP's",
    "tx": "packets to the ports",
}
EACH = ("packet", "record", "query", "KB", "unit")


def table(results):
    """Of all runs together: {"rows": cycles of each stage, "counts", "idle"}; None when
    nothing was counted."""
    sums = collections.Counter()
    for r in results:
        # The counter goes on while another thread has the core.
        core = r["worker"]["core"]
        sums.update({key: n * core if key.startswith("stage_cycles") else n
                     for key, n in r["worker"].items()})
    cycles = {stage: sums[f"stage_cycles_total:{stage}"] for stage in MEANINGS}
    busy = sum(cycles.values())
    if busy == 0:
        return None
    idle = sums["stage_cycles_total:idle"]
    by = {"packet": sums["rx_packets_total"] + sums["tx_packets_total"],
          "record": sums["stage_units_total:open"] + sums["stage_units_total:seal"],
          "query": sum(r["done"] for r in results),
          "KB": sum(r["bytes"] for r in results) / 1024}
    rows = []
    for stage, n in cycles.items():
        units = sums[f"stage_units_total:{stage}"]
        rows.append({"stage": stage, "share": n / busy, "units": units,
                     "unit": n / units if units else None} |
                    {key: n / count if count else None for key, count in by.items()})
    return {"rows": rows, "idle": idle / (busy + idle), "counts": by}


def lines(found):
    """The same to print."""
    def number(value):
        return f"{value:10.1f}" if value is not None and value < 1e6 else f"{'':10}"
    yield (f"{'cycles':10} {'share':>6} {'a packet':>10} {'a record':>10} {'a query':>10} "
           f"{'a KB':>10} {'each':>10}")
    for row in found["rows"]:
        if row["share"] >= 0.0005:
            yield (f"{row['stage']:10} {100 * row['share']:5.1f}% " +
                   " ".join(number(row[key]) for key in EACH) + f"  {MEANINGS[row['stage']]}")
    total = (sum(row[key] or 0 for row in found["rows"]) for key in EACH[:-1])
    yield (f"{'all':10} {'100%':>6} " + " ".join(map(number, total)) +
           f"  idle {100 * found['idle']:.0f}% of the time")
