# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What bench/run prints of a scenario."""
import stages


def ratio(ours, other):
    """How many times as good ours is."""
    if other["median"] == 0 or ours["median"] == 0:
        return float("nan")
    if ours["more_is_better"]:
        return ours["median"] / other["median"]
    return other["median"] / ours["median"]


def goals(scenario, figures):
    """What was wanted, in words, and whether it is reached; of what can be told."""
    ours = figures[0]
    for peer, value in scenario.wanted:
        other = next((f for f in figures if f["subject"] == peer), None)
        if peer is None:
            reached = (ours["median"] >= value) == ours["more_is_better"]
            yield f"wanted: {value:g} {ours['unit']}: {'reached' if reached else 'not reached'}"
        elif other is not None:
            reached = ratio(ours, other) >= value
            yield f"wanted: {value:g} times {peer}: {'reached' if reached else 'not reached'}"


def line(figure, ours):
    text = (f"  {figure['subject']:10} {figure['median']:9.3f} {figure['unit']} "
            f"({figure['least']:.3f} to {figure['most']:.3f})")
    if "busy" in figure:
        text += f", busy {100 * figure['busy']:3.0f}%"
    if figure.get("p50_us"):
        text += f", p50 {figure['p50_us']:.0f} us, p99 {figure['p99_us']:.0f} us"
    if figure["subject"] == "roofline":
        text += f"; Bulkhead: {100 * ratio(ours, figure):.0f}% of it"
    elif figure is not ours:
        text += f"; Bulkhead: {ratio(ours, figure):.2f} times as good"
    return text


def show(scenario, figures):
    """Print the figures of a scenario, ours first."""
    rate = f" ({figures[0]['rate']:.0f}/s)" if "rate" in figures[0] else ""
    print(f"{scenario.name}: {scenario.text}{rate}")
    for figure in figures:
        print(line(figure, figures[0]))
        for text in scenario.tell(figure["runs"]) if scenario.tell else ():
            print(f"    {text}")
    for text in goals(scenario, figures):
        print(f"  {text}")
    print(end="", flush=True)


def show_stages(figure, profiled):
    """The table of stages below a scenario's figures; nothing when they were not counted."""
    if profiled is None or figure["stages"] is None:
        return
    print(f"  by stage, in runs that count them ({profiled['median']:.3f} {profiled['unit']}: "
          f"{ratio(profiled, figure):.2f} times as good as without)")
    for text in stages.lines(figure["stages"]):
        print(f"    {text}")
    print(end="", flush=True)
