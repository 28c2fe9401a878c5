# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What a latency of bench/run is made of: the load's own delays beside what it saw."""
import statistics

import swaps


def tell(results):
    """For Scenario.tell."""
    def median(key, of=None):
        return statistics.median((r[of] if of else r)[key] for r in results)
    if any(r["alone"]["refused"] for r in results):
        yield "the kernel gave the load no core of its own (SCHED_FIFO): these are its slices, too"
        return
    yield (f"as seen, from when each was due: p50 {median('p50_us'):.0f}, p99 {median('p99_us'):.0f}, "
           f"p99.9 {median('p999_us'):.0f} us, of {sum(r['alone']['timed'] for r in results)} queries")
    yield (f"of that the load's own: it asked {median('late_p99_us', 'alone'):.0f} us late (p99; "
           f"p99.9 {median('late_p999_us', 'alone'):.0f}); its turns, agents and backends, took "
           f"{median('turn_p99_us', 'alone'):.0f} us (p99; p99.9 "
           f"{median('turn_p999_us', 'alone'):.0f}, longest {median('turn_most_us', 'alone'):.0f}); it "
           f"did not run for {median('not_run_us', 'alone') / 1e3:.1f} of "
           f"{median('us', 'alone') / 1e3:.0f} ms")
    if all("worker" in r for r in results):
        yield swaps.turns(results)
