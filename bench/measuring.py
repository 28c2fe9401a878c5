# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""How bench/run measures a scenario with a subject: the load runs, the subject tells its time."""
import contextlib
import dataclasses
import json
import os
import statistics
import sys
import time
from typing import Callable

import net
import peers


@dataclasses.dataclass(frozen=True)
class Unit:
    name: str
    of: Callable          # a result's figure
    more_is_better: bool
    group: str            # title in the plot
    # What is drawn, by name, where that is not the figure alone.
    bars: dict = dataclasses.field(default_factory=dict)


UNITS = {
    "GB": Unit("GB a core-second", lambda r: r["bytes"] / r["busy_ns"], True,
               "Bulk data: GB that a core forwards in a second of work"),
    "k": Unit("thousand a core-second", lambda r: 1e6 * r["done"] / r["busy_ns"], True,
              "Queries: thousands in a second of a core's work"),
    "us": Unit("us to the answer, p99", lambda r: r["p99_us"], False,
               "Latency: microseconds to the answer; less is better",
               {"p50": lambda r: r["p50_us"], "p99": lambda r: r["p99_us"],
                "p99.9": lambda r: r["p999_us"]}),
    "turn": Unit("us, the longest turn with a new policy, CPU time", lambda r: max(r["policy_us"]),
                 False, "Policy swaps: microseconds of the worker's longest turn; less is better",
                 {"with a new policy": lambda r: max(r["policy_us"])}),
    "KB": Unit("KB a session", lambda r: r["resident"] / 1024, False,
               "Idle sessions: KB of memory each; less is better"),
    "times": Unit("times", lambda r: r["times"], False,
                  "Growth: times the cost of a byte; less is better"),
}


class Bench:
    """What all scenarios of a run share."""

    def __init__(self, args, network, certs):
        self.args, self.net, self.certs = args, network, certs
        self.figures = []
        self.rates = {}  # queries a second, by scenario
        self.doing = ""

    def say(self, text):
        """Where it is, on a line of its own that the next one replaces."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif text:
            print(text, file=sys.stderr, flush=True)

    def progress(self, text):
        self.say(f"{self.doing}: {text}")

    def subject(self, scenario, name):
        subject = peers.SUBJECTS[name](self.net, self.certs, self.args.build, scenario.tls_out,
                                       list(scenario.mask))
        for key, value in scenario.subject.items():
            setattr(subject, key, value)
        return subject


def lines(process):
    """Lines of its output as they come, until its end."""
    seen = 0
    while True:
        text = process.text().splitlines(keepends=True)
        for line in text[seen:]:
            if line.endswith("\n"):
                seen += 1
                yield line.strip()
        if not process.is_running() and seen == len(process.text().splitlines()):
            return
        time.sleep(0.005)


def agents(scenario):
    words = scenario.load.split()
    return int(words[words.index("--agents") + 1])


def run_load(bench, scenario, subject, more):
    """What the load tells of each run, and what the subject needed for it."""
    resident = subject.resident()
    argv = [bench.args.build / "bench/bench_load", *subject.load(), *scenario.load.split(),
            "--core", peers.LOAD, "--seconds", bench.args.seconds, "--runs", bench.args.runs, *more,
            *(["--alone", subject.thread()] if scenario.alone else [])]
    results, before, at = [], None, 0
    with contextlib.ExitStack() as stack:
        also = stack.enter_context(scenario.during(bench, subject)) if scenario.during else dict
        load = bench.net.gw.start(argv, f"load-{subject.dir.name}")
        for line in lines(load):
            now, sample = time.monotonic_ns(), subject.sample()
            if line.startswith("{"):
                result = json.loads(line)
                result["busy_ns"] = subject.busy_ns(before, sample, now - at)
                result["resident"] = (subject.resident() - resident) / agents(scenario)
                results.append(result | subject.told(before, sample, now - at) | also())
                bench.progress(f"{subject.name}, run {len(results)} of {bench.args.runs}")
            before, at = sample, now
        status = load.wait()
    if scenario.alone and any(r["alone"]["timed"] == 0 for r in results):
        raise net.Failure(f"{scenario.name}, {subject.name}: the subject cannot do so many queries: "
                          "none that was due in time was asked in time")
    if status != 0 or len(results) != bench.args.runs or any(r["failed"] for r in results):
        raise net.Failure(f"{scenario.name}, {subject.name}: the load failed:\n"
                          f"{load.text()[-2000:]}\n{subject.process.text()[-2000:]}")
    return results


def run_subject(bench, scenario, name, more=()):
    """All runs with a subject that is started for them."""
    subject = bench.subject(scenario, name)
    subject.start()
    try:
        return run_load(bench, scenario, subject, [str(word) for word in more])
    finally:
        subject.stop()


def most(bench, scenario):
    """Queries a second that Bulkhead does at most; measured once a run of the bench."""
    full = dataclasses.replace(scenario, during=None, load_factor=0, alone=False)
    results = run_subject(bench, full, "bulkhead")
    return statistics.median(r["done"] / r["us"] for r in results) * 1e6


def roofline(bench, scenario):
    """What the libraries alone do on the same data: open, scan, seal."""
    words = scenario.load.split()
    found = words[words.index("--found") + 1] if "--found" in words else 0
    done = net.run(["taskset", "-c", peers.CORE, bench.args.build / "bench/bench_roofline", "--mask",
                    ",".join(scenario.mask), "--found", found, "--runs", bench.args.runs,
                    "--seconds", bench.args.seconds / 4], timeout=300)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    # In the units of a load: a second that was all busy.
    return [r | {"bytes": r["all"] * 1e9, "busy_ns": 1e9, "us": 1e6} for r in results]


def with_load(bench, scenario, name):
    """The usual way: bench_load is agents and backends, the subject between them."""
    if name == "roofline":
        return roofline(bench, scenario)
    if scenario.load_factor == 0:
        return run_subject(bench, scenario, name)
    if scenario.name not in bench.rates:
        bench.rates[scenario.name] = int(most(bench, scenario) * scenario.load_factor)
    rate = bench.rates[scenario.name]
    results = run_subject(bench, scenario, name, ("--rate", rate))
    return [r | {"rate": rate} for r in results]


def tell_resumed(results):
    """For Scenario.tell."""
    return [f"{sum(r['resumed'] for r in results) / sum(r['done'] for r in results):.1%} resumed"]


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def figure(scenario, name, results):
    """What is told of all runs of a scenario with a subject."""
    unit = UNITS[scenario.unit]
    found = {"scenario": scenario.name, "group": scenario.group or unit.group,
             "text": scenario.text, "subject": name, "unit": unit.name,
             "more_is_better": unit.more_is_better, "wanted": scenario.wanted}
    found |= spread([unit.of(r) for r in results])
    for key in ("p50_us", "p99_us", "p999_us", "rate"):
        if all(key in r for r in results):
            found[key] = statistics.median(r[key] for r in results)
    if all("busy_ns" in r and "us" in r for r in results):
        found["busy"] = statistics.median(r["busy_ns"] / 1e3 / r["us"] for r in results)
    found["bars"] = {bar: spread([of(r) for r in results]) for bar, of in unit.bars.items()}
    return found | {"runs": results}


def machine():
    """What was measured on, for the JSON."""
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
             if line.startswith("model name")]
    return {"cpu": names[0] if names else "?", "cores": os.cpu_count(), "kernel": os.uname().release,
            "when": time.strftime("%Y-%m-%d %H:%M:%S%z")}
