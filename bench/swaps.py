# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Another policy again and again while the load runs, for bench/run."""
import contextlib
import statistics
import threading
import time

import net

EVERY = 0.2  # seconds


class Swapper(threading.Thread):
    """What each new policy cost, by the worker's own counters."""

    def __init__(self, subject):
        super().__init__(daemon=True)
        self.subject, self.stopped = subject, threading.Event()
        self.lock, self.error = threading.Lock(), None
        self.swaps, self.policy = 0, []

    def run(self):
        try:
            while not self.stopped.is_set():
                begun = time.monotonic()
                self.subject.reload(self.swaps + 1)
                with self.lock:
                    self.swaps += 1
                self.stopped.wait(max(EVERY - (time.monotonic() - begun), EVERY / 4))
                self.look()
        except (OSError, net.Failure) as e:
            self.error = e

    def look(self):
        """What the worker tells of the last policy."""
        metrics = self.subject.metrics()
        with self.lock:
            self.policy.append(metrics["last_policy_ns"] / 1000)

    def take(self):
        """What has come since this was last asked: keys of a result."""
        if self.error:
            raise net.Failure(f"a reload failed: {self.error}")
        with self.lock:
            found = {"swaps": self.swaps, "policy_us": self.policy}
            self.swaps, self.policy = 0, []
        if found["swaps"] == 0 or not found["policy_us"]:
            raise net.Failure("no policy was swapped within a run: take longer ones (--seconds)")
        return found


@contextlib.contextmanager
def during(_bench, subject):
    """For Scenario.during."""
    swapper = Swapper(subject)
    swapper.start()
    try:
        yield swapper.take
    finally:
        swapper.stopped.set()
        swapper.join(30)


LOST = {
    "tx_lost_total": "packets that a port did not take",
    "handover_full_total": "packets dropped between workers",
    "tcp_retransmits_total": "segments sent again",
    "sessions_full_total": "sessions refused",
    "blocks_refused_total": "times without memory",
}


def lost(result):
    """Counters of a result's run that should have stayed where they were."""
    return {key: result["worker"].get(key, 0) for key in LOST}


def tell(results):
    """For Scenario.tell."""
    swaps = sum(r["swaps"] for r in results)
    policy = [us for r in results for us in r["policy_us"]]
    yield f"{swaps} policies of 1,001 rules taken over, {sum(r['done'] for r in results)} queries, " \
          f"{sum(r['failed'] for r in results)} failed; " + ", ".join(
              f"{text}: {sum(lost(r)[key] for r in results):.0f}" for key, text in LOST.items())
    yield f"CPU time of the longest of 16 busy turns, median and most: {statistics.median(policy):.0f}" \
          f", {max(policy):.0f} us with a new policy"
    yield turns(results)


def turns(results):
    """How long the worker's turns were, as time passes."""
    counts = {}
    for r in results:
        for key, n in r["worker"].items():
            if key.startswith("turn_seconds_bucket:") and not key.endswith("Inf"):
                until = round(float(key.split(":")[1]) * 1e6)
                counts[until] = counts.get(until, 0) + n
    total = sum(r["worker"].get("turn_seconds_count", 0) for r in results)
    if total == 0:
        return "no turns were counted"
    def below(part):
        return next((f"{until}" for until in sorted(counts) if counts[until] >= part * total),
                    "65536 or more")
    return (f"{total:.0f} turns of the worker's loop: half under {below(0.5)} us, 99% under "
            f"{below(0.99)}, 99.9% under {below(0.999)}, 99.99% under {below(0.9999)}; "
            f"{sum(r['worker'].get('slow_loops_total', 0) for r in results):.0f} above 100 us, and "
            f"{sum(r['worker'].get('taken_loops_total', 0) for r in results):.0f} in which the "
            "kernel took the core")
