#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Our validators against python3-stdnum's, or what the issuer says, over seeded numbers: right ones,
every other check digit of the same number, one character changed, two neighbours swapped. Both must
say the same of each.

  checksums.py VALIDATE [SEED]      VALIDATE is the program built from validate.c

A number's line is in checksums_<region>.py: NUMBERS is a list of Number.
"""
import itertools
import random
import string
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable

CLASSES = {"#": string.digits, "@": string.ascii_uppercase,
           "*": string.digits + string.ascii_uppercase}


@dataclass
class Number:
    """One form of a number.

    template   # a digit, @ a capital, * either, a key of `classes`, or itself
    valid      what says whether a text is right: stdnum's is_valid, with what else we demand
    check      the places tried with every character of their class; -1 is the last
    rounds     how many random numbers; by default fewer the more places are tried
    make       for what no search finds: makes a right one; template is then its alphabet
    """
    validator: str
    template: str
    valid: Callable[[str], bool]
    check: tuple = (-1,)
    classes: dict = field(default_factory=dict)
    rounds: int = 0
    make: Callable = None

    def __post_init__(self):
        self.rounds = self.rounds or (300, 60, 20)[len(self.check) - 1]


def alphabet(number, at):
    char = number.template[at]
    return number.classes.get(char) or CLASSES.get(char) or char


def changed(rng, number, text):
    """One character replaced by another of its class; two neighbours swapped, if of one class."""
    at = rng.randrange(len(text))
    yield text[:at] + rng.choice(alphabet(number, at)) + text[at + 1:]
    at = rng.randrange(len(text) - 1)
    if alphabet(number, at) == alphabet(number, at + 1):
        yield text[:at] + text[at + 1] + text[at] + text[at + 2:]


def damaged(rng, number):
    text = number.make(rng)
    yield text
    for _ in range(5):
        at = rng.randrange(4, len(text))
        yield text[:at] + rng.choice(number.template) + text[at + 1:]
        yield text[:at - 1] + text[at] + text[at - 1] + text[at + 1:]


def texts(rng, number):
    for _ in range(number.rounds):
        if number.make:
            yield from damaged(rng, number)
            continue
        base = [rng.choice(alphabet(number, at)) for at in range(len(number.template))]
        for chars in itertools.product(*(alphabet(number, at) for at in number.check)):
            for at, char in zip(number.check, chars):
                base[at] = char
            text = "".join(base)
            yield text
            if number.valid(text):
                yield from changed(rng, number, text)


def answers(program, lines):
    run = subprocess.run([program], input="\n".join(lines) + "\n", text=True, check=True,
                         capture_output=True)
    out = run.stdout.split("\n")[:-1]
    assert len(out) == len(lines), "an answer a line"
    return out


def compare(program, seed, number):
    """Faults found, and how many were right and wrong by stdnum."""
    rng = random.Random(f"{seed} {number.validator} {number.template}")
    values = list(dict.fromkeys(texts(rng, number)))
    faults, count = [], {"yes": 0, "no": 0}
    for value, ours in zip(values, answers(program, [f"{number.validator} {v}" for v in values])):
        theirs = "yes" if number.valid(value) else "no"
        count[theirs] += 1
        if ours != theirs:
            faults.append(f"{number.validator} '{value}': we say {ours}, stdnum {theirs}")
    if min(count.values()) < number.rounds // 10:
        faults.append(f"{number.validator} '{number.template}': too few of a kind: {count}")
    return faults, count


def main():
    program = sys.argv[1]
    seed = sys.argv[2] if len(sys.argv) > 2 else "20260103"
    print("seed", seed)
    import checksums_america
    import checksums_asia
    import checksums_europe
    import checksums_issuers
    import checksums_us
    import checksums_world
    failed = False
    for number in (checksums_america.NUMBERS + checksums_asia.NUMBERS + checksums_europe.NUMBERS +
                   checksums_issuers.NUMBERS + checksums_us.NUMBERS + checksums_world.NUMBERS):
        faults, count = compare(program, seed, number)
        print(f"{number.validator} {number.template}: {count['yes']} right, {count['no']} wrong")
        for fault in faults[:10]:
            print("  " + fault)
        failed = failed or bool(faults)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
