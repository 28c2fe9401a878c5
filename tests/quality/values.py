# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Valid values of every entity of the library, seeded. Where they come from, best first:

  stdnum    numbers python3-stdnum calls valid, in the forms tests/unit/patterns/checksums_*.py lists
  format    what the entity's expression allows and its own validators accept
  examples  the positive examples of the definition, where neither can be made
"""
import itertools
import re
import re._parser as sre
import string
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/unit/patterns"))
import checksums  # noqa: E402
import checksums_america  # noqa: E402
import checksums_asia  # noqa: E402
import checksums_europe  # noqa: E402
import checksums_us  # noqa: E402
import checksums_world  # noqa: E402

NUMBERS = (checksums_america.NUMBERS + checksums_asia.NUMBERS + checksums_europe.NUMBERS +
           checksums_us.NUMBERS + checksums_world.NUMBERS)
PLAIN = string.ascii_letters + string.digits
# Formats whose inner structure no random text has: their examples are used.
WHOLE = {"pem-private-key", "putty-private-key", "jwt", "payment-card-track", "http-cookie", "email",
         "url", "url-password", "altcoin-address", "discord-bot-token", "basic-credentials",
         "connection-string-password", "phone"}
ROUNDS, BATCH = 12, 250


@dataclass(frozen=True)
class Value:
    text: str   # what stands in the document
    start: int  # where in it the finding is to begin
    end: int
    origin: str


def entities():
    """The definitions of the library, entities only, by name."""
    found = {}
    for path in sorted((ROOT / "patterns/library").glob("*.yaml")):
        definition = yaml.safe_load(path.read_text())
        if definition.get("kind") == "entity" and "pattern" in definition:
            found[definition["name"]] = definition
    return found


class Writer:
    """Random texts that a regular expression matches, in printable ASCII."""

    def __init__(self, rng):
        self.rng = rng

    def write(self, expression):
        text = self._all(sre.parse(expression))
        if expression.startswith("(?i)") and self.rng.random() < 0.7:
            return text.upper()
        return text

    def _all(self, tree):
        return "".join(self._one(op, arg) for op, arg in tree)

    def _one(self, op, arg):
        name = str(op)
        if name == "LITERAL":
            return chr(arg)
        if name == "ANY":
            return self.rng.choice(PLAIN)
        if name == "NOT_LITERAL":
            return self.rng.choice([c for c in PLAIN if ord(c) != arg])
        if name == "IN":
            return self.rng.choice(self._members(arg))
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = arg
            high = min(int(high), max(low + 12, 16))
            return "".join(self._all(inner) for _ in range(self.rng.randint(low, high)))
        if name == "SUBPATTERN":
            return self._all(arg[3])
        if name == "BRANCH":
            return self._all(self.rng.choice(arg[1]))
        raise ValueError(f"no text for {name}")

    @staticmethod
    def _members(arg):
        chars, negated = set(), False
        for op, value in arg:
            if str(op) == "NEGATE":
                negated = True
            elif str(op) == "LITERAL":
                chars.add(chr(value))
            elif str(op) == "RANGE":
                chars.update(map(chr, range(value[0], value[1] + 1)))
            else:
                raise ValueError(f"no text for {op} in a class")
        if negated:
            return sorted(set(PLAIN) - chars)
        return sorted(c for c in chars if " " <= c <= "~") or sorted(chars)


def by_stdnum(rng, definition, count):
    values = []
    for number in NUMBERS:
        if number.validator not in definition.get("validators", []) or number.validator in WHOLE:
            continue
        right = (text for text in checksums.texts(rng, number)
                 if number.valid(text) and re.fullmatch(definition["pattern"], text))
        values += itertools.islice(right, count)
    values = list(dict.fromkeys(values))
    rng.shuffle(values)
    return [Value(text, 0, len(text), "stdnum") for text in values[:count]]


def accepted(program, asked):
    """Which of (validators, text) all of the validators accept."""
    lines = [(i, f"{name} {text}") for i, (names, text) in enumerate(asked) for name in names]
    if not lines:
        return [True] * len(asked)
    answers = checksums.answers(program, [line for _, line in lines])
    refused = {i for (i, _), answer in zip(lines, answers) if answer != "yes"}
    return [i not in refused for i in range(len(asked))]


def by_format(rng, program, wanted, count):
    """Values for the definitions `wanted`, by name; one run of `program` a round."""
    writer, values = Writer(rng), {definition["name"]: [] for definition in wanted}
    for _ in range(ROUNDS):
        asked = []
        for definition in wanted:
            if len(values[definition["name"]]) >= count:
                continue
            size = count + 2 if not definition.get("validators") else BATCH
            asked += [(definition, writer.write(definition["pattern"])) for _ in range(size)]
        yes = accepted(program, [(d.get("validators", []), text) for d, text in asked])
        for (definition, text), right in zip(asked, yes):
            if right:
                before = writer.write(definition.get("before", ""))
                values[definition["name"]].append(
                    Value(before + text, len(before), len(before + text), "format"))
    return values


def by_example(definition):
    values = []
    for example in definition["examples"]["positive"]:
        if isinstance(example, dict):
            text, finds = example["text"], str(example["finds"])
            start = text.find(finds)
            if definition.get("before") is None:
                text, start = finds, 0
            values.append(Value(text, start, start + len(finds), "examples"))
        else:
            values.append(Value(str(example), 0, len(str(example)), "examples"))
    return values


def build(rng, program, definitions, count):
    """{name: [Value]}: `count` of each, repeated where there are not as many."""
    values = {name: by_stdnum(rng, definition, count) for name, definition in definitions.items()}
    made = by_format(rng, program, [d for name, d in definitions.items()
                                    if name not in WHOLE and len(values[name]) < count], count)
    for name, definition in definitions.items():
        if not values[name]:
            values[name] = made.get(name, [])[:count]
        if len(values[name]) < min(count, 3):
            values[name] = by_example(definition)
        values[name] = (values[name] * count)[:count]
    return values
