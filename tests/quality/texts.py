# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Seeded texts with a value planted in each, or none: log lines, JSON, CSV, prose, rows of a
database; and beside it what looks like a value and is none."""
import csv
import io
import json
import uuid
from dataclasses import dataclass
from typing import Optional

from faker import Faker

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "pl_PL", "ru_RU", "ja_JP")
BEFORE, AFTER = 64, 32  # bytes in which a context word counts
# Column and field names that say nothing.
NEUTRAL = ("value", "field_7", "payload", "data", "entry", "content", "item", "attribute")


@dataclass
class Planted:
    name: str
    start: int
    end: int


@dataclass
class Text:
    data: bytes
    column: str
    context: bool
    planted: Optional[Planted]
    apart: bool = False  # counted apart: nothing in the format tells it from a value


class Noise:
    """What is no entity and looks like one."""

    def __init__(self, rng):
        self.rng = rng

    def digits(self, n):
        return str(self.rng.randrange(10 ** (n - 1), 10 ** n))

    def hexes(self, n):
        return "".join(self.rng.choice("0123456789abcdef") for _ in range(n))

    def time(self):
        r = self.rng
        return (f"20{r.randrange(15, 30)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}"
                f"{r.choice('T ')}{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}"
                f".{r.randrange(1000000):06}{r.choice(['', 'Z', '+00', '+02:00'])}")

    def any(self):
        r = self.rng
        name, make = r.choice([
            ("order", lambda: f"ORD-{self.digits(r.randrange(6, 11))}"),
            ("order_no", lambda: f"{r.randrange(2015, 2030)}{r.randrange(1, 13):02}"
                                 f"-{self.digits(6)}"),
            ("invoice", lambda: f"INV{r.randrange(2015, 2030)}/{self.digits(5)}"),
            ("request_id", lambda: str(uuid.UUID(int=r.getrandbits(128), version=4))),
            ("created_at", self.time),
            ("epoch", lambda: str(r.randrange(1_400_000_000, 1_900_000_000))),
            ("epoch_ms", lambda: str(r.randrange(1_400_000_000_000, 1_900_000_000_000))),
            ("epoch_us", lambda: str(r.randrange(14 * 10 ** 14, 19 * 10 ** 14))),
            ("uptime", lambda: f"{r.randrange(10 ** 6)}.{r.randrange(10 ** 6):06}"),
            ("sha256", lambda: self.hexes(64)),
            ("commit", lambda: self.hexes(40)),
            ("commit", lambda: self.hexes(r.choice((7, 8, 12)))),
            ("etag", lambda: f'W/{self.hexes(16)}'),
            ("version", lambda: f"{r.randrange(30)}.{r.randrange(40)}.{r.randrange(200)}"),
            ("build", lambda: f"{r.randrange(1, 12)}.{r.randrange(10)}.{r.randrange(10000, 30000)}."
                              f"{r.randrange(1000, 9000)}"),
            ("row_id", lambda: self.digits(r.randrange(3, 13))),
            ("trace", lambda: self.digits(16)),
            ("bytes", lambda: self.digits(r.randrange(2, 11))),
            ("amount", lambda: f"{self.digits(r.randrange(2, 7))}.{r.randrange(100):02}"),
            ("duration", lambda: f"{r.randrange(90000)}ms"),
            ("ticket", lambda: f"{r.choice(('OPS', 'WEB', 'DATA'))}-{self.digits(5)}"),
            ("sku", lambda: f"{r.choice('ABCDEFGH')}{r.choice('KLMNP')}-{self.digits(4)}"
                            f"-{r.choice('QRSTUV')}{self.digits(2)}"),
            ("extension", lambda: f"{self.digits(3)}-{self.digits(4)}"),
            # Names that patterns/context.c does not know for nobody's, so that it is not judged by
            # what it was made for.
            ("batch", lambda: self.digits(r.randrange(6, 11))),
            ("shipment", lambda: self.digits(r.randrange(9, 13))),
            ("sequence", lambda: self.digits(r.randrange(4, 9))),
            ("lot", lambda: f"L{self.digits(6)}"),
            ("part", lambda: f"{self.digits(4)}-{self.digits(3)}-{self.digits(3)}"),
            ("digest", lambda: self.hexes(32)),
            ("fingerprint", lambda: ":".join(self.hexes(2) for _ in range(16))),
            ("code", lambda: "".join(r.choice("ABCDEFGHIJKLMNOPRSTUVWZ") for _ in
                                     range(r.choice((6, 8, 11))))),
            ("status", lambda: r.choice(("ACTIVE", "INTERNAL", "PENDING", "CANCELLED", "SHIPPED"))),
        ])
        return name, make()


class Builder:
    def __init__(self, rng, seed):
        self.rng, self.noise = rng, Noise(rng)
        self.people = [Faker(locale) for locale in LOCALES]
        for i, person in enumerate(self.people):
            person.seed_instance(seed + i)

    def person(self):
        return self.rng.choice(self.people)

    def key(self, label):
        """A label as the name of a field; letters that are not ASCII have no case to the scanner."""
        joined = label.replace(" ", "_").replace("-", "_")
        return self.rng.choice((joined, "customer_" + joined,
                                joined.upper() if joined.isascii() else joined))

    def log(self, label, value):
        name, other = self.noise.any()
        ahead = f"{self.noise.time()} {self.rng.choice(('INFO', 'WARN', 'DEBUG'))} "
        return self.rng.choice((
            f"{ahead}worker[{self.rng.randrange(9999)}]: {name}={other} {label}={value}",
            f"{ahead}{label}: {value} accepted",
            f"{ahead}checked {label} {value}",
        ))

    def json(self, label, value):
        record = [("name", self.person().name()), self.noise.any(),
                  (self.key(label), value), ("city", self.person().city())]
        if self.rng.random() < 0.5:
            record[0], record[1] = record[1], record[0]
        return json.dumps(dict(record), ensure_ascii=False)

    def prose(self, label, value):
        person = self.person()
        name = person.name()
        forms = [f"{name} gave {label} {value}, as asked. ", f"{label}: {value}\n"]
        # Words farther away than the scanner looks (pattern_limit) prove nothing.
        if len(f"{label} of {name} is ".encode()) <= BEFORE:
            forms.append(f"The {label} of {name} is {value}. ")
        if len(f" as {label}.".encode()) <= AFTER:
            forms.append(f"We have {value} as {label}. ")
        return person.sentence() + " " + self.rng.choice(forms) + person.sentence()

    def sql(self, label, value):
        name, other = self.noise.any()
        return (f"UPDATE t SET {self.key(label)} = '{value}' WHERE {name} = '{other}'")

    def expanded(self, label, value):
        name, other = self.noise.any()
        return f"{self.key(label)} | {value}\n{name} | {other}"

    def row(self, label, value):
        return value

    def csv(self, label, value):
        """Beside the value, as in a dump without its head."""
        out = io.StringIO()
        cells = [self.noise.any()[1], value, self.person().name(), self.noise.any()[1]]
        csv.writer(out).writerow(cells)
        return out.getvalue()

    def text(self, make, name, label, value, context):
        mark = "\x01\x02"
        whole = make(label, mark)
        # csv and JSON write what stands in a quoted field in their own way: such values stay out.
        at = whole.replace(json.dumps(mark)[1:-1], mark).find(mark)
        whole = whole.replace(json.dumps(mark)[1:-1], mark).replace(mark, value.text)
        ahead = len(whole[:at].encode())
        start = ahead + len(value.text[:value.start].encode())
        return Text(whole.encode(), "" if make != self.row else self.key(label), context,
                    Planted(name, start, start + len(value.text[value.start:value.end].encode())))

    def nothing(self, labels):
        """A record without a value; half of them beside words that values stand beside."""
        name, other = self.noise.any()
        word = self.rng.choice(labels)
        person = self.person()
        data = self.rng.choice((
            lambda: json.dumps(dict([self.noise.any(), (name, other), ("name", person.name())]),
                               ensure_ascii=False),
            lambda: f"{self.noise.time()} INFO {name}={other} {' '.join(person.words(3))}",
            lambda: f"{self.noise.time()} INFO checked the {word} in {name} {other}",
            lambda: f"{person.sentence()} The {word} was not given. {person.sentence()}",
            lambda: f"Missing {word} {person.word().upper()} in {name} {other}",
            lambda: f"{word}: {self.rng.choice(('none', 'n/a', 'UNKNOWN', 'withheld', 'null'))}",
            lambda: other,
        ))()
        return Text(data.encode(), name, False, None)


def build(rng, seed, definitions, values):
    """Each value once beside a context word and once without, if the entity has such words; and as
    many texts with nothing in them."""
    builder, made = Builder(rng, seed), []
    labels = sorted({word for d in definitions.values() for word in d.get("context", [])}) or ["id"]
    loose = (builder.log, builder.json, builder.prose, builder.sql, builder.expanded, builder.row)
    for name, definition in definitions.items():
        words = definition.get("context", [])
        for value in values[name]:
            plain = not set(value.text) & set('"\\\r\n\',')
            makers = loose if plain else (builder.log, builder.prose)
            if value.origin == "examples" and definition.get("before") is None and not plain:
                makers = (builder.row,)
            if words:
                made.append(builder.text(rng.choice(makers), name, rng.choice(words), value, True))
            made.append(builder.text(rng.choice(makers + (builder.csv,) if plain else makers), name,
                                     rng.choice(NEUTRAL), value, False))
            made.append(builder.nothing(labels))
    return made


def versions(rng, count):
    """Versions that are addresses to whoever does not know better."""
    for _ in range(count):
        version = ".".join(str(rng.randrange(top)) for top in (12, 20, 10, 200))
        form = rng.choice(("version {}", "v{}", "upgraded to {}", '{{"version": "{}"}}', "libfoo-{}"))
        yield Text(form.format(version).encode(), "version", False, None, True)
