#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Every style of masking through a real PostgreSQL: values stay valid for their types in text and in
binary, and tokens join below one root of a chain and nowhere else.

  test_masking.py [--build DIR] [--device NAME] [unittest's own arguments]
"""
import decimal
import ipaddress
import json
import re
import sys
import uuid

sys.dont_write_bytecode = True

from gateway_case import GatewayCase, Options, main  # noqa: E402

PORT = 8444
URL = f"https://gateway:{PORT}"
TYPE = "urn:ietf:params:oauth:token-type:access_token"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
SERVICE = """\
token_service:
  issuer: "{url}"
  ttl: 10m
  https: {{address: 127.0.0.1, port: {port},
          certificate: {certs}/gateway.ecdsa.pem, key: {certs}/gateway.ecdsa.key}}
"""
CARD, OTHER = "4111111111111111", "5555555555554444"
RULES = """\
rules:
  - name: agents
    subjects: {groups: [agents], max_depth: 2}
    resources: [orders]
    effects: {allow: [read, write, ddl, exec, unknown]}
    mask:
      - {pattern: payment-card, style: placeholder}
      - {pattern: iban, style: {keep_first: 4, keep_last: 4}}
      - {pattern: email, style: token}
      - {pattern: ipv4, style: placeholder}
      - {pattern: us-ssn, style: null}
      - {column: people.mail, style: token}
      - {column: people.key, style: token}
      - {column: people.salary, style: placeholder}
      - {column: people.note, style: "null"}
    record: strict
"""
DATA = """
CREATE TABLE people (id int PRIMARY KEY, mail text, key uuid, salary numeric(12, 2), note text);
CREATE TABLE orders (id int PRIMARY KEY, buyer text);
INSERT INTO people SELECT i, format('p%s@example.org', i), md5(i::text)::uuid, 1000.5 + i, 'secret'
    FROM generate_series(1, 20) i;
INSERT INTO orders SELECT i, format('p%s@example.org', i * 3) FROM generate_series(1, 6) i;
"""


def luhn(number):
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    return sum(sum(divmod(2 * d, 10)) if i % 2 else d for i, d in enumerate(digits)) % 10 == 0


class Masking(GatewayCase):
    rules, data = RULES, DATA
    appliance = {"database": "postgres"}

    @classmethod
    def before_start(cls):
        cls.a.extra = SERVICE.format(url=URL, port=PORT, certs=cls.a.certs)
        cls.a.write_config(cls.rules)

    @classmethod
    def prepare(cls):
        cls.alice, cls.bob = cls.a.token("alice", ["agents"]), cls.a.token("bob", ["agents"])
        cls.wait_for_columns(cls.alice)

    def child(self, parent, actor):
        """Stock curl trades a token for one of an agent's."""
        argv = ["curl", "-sS", "--cacert", self.a.certs / "ca.pem", "--noproxy", "*",
                "--resolve", f"gateway:{PORT}:127.0.0.1"]
        for field in (f"grant_type={GRANT}", f"subject_token_type={TYPE}",
                      f"subject_token={parent}", f"actor={actor}"):
            argv += ["--data-urlencode", field]
        answer = json.loads(self.net.gw.run([*argv, f"{URL}/token"]).stdout)
        self.assertIn("access_token", answer)
        return answer["access_token"]

    def both(self, sql, *args):
        """The first row, as the driver reads text and binary."""
        conn = self.connect(self.alice)
        rows = [conn.cursor(binary=binary).execute(sql, args or None).fetchone()
                for binary in (False, True)]
        # the driver has no type for XML
        rows = [tuple(v.decode() if "::xml" in sql and isinstance(v, bytes) else v for v in row)
                for row in rows]
        self.assertEqual(rows[0], rows[1])
        return rows[0]

    def assert_card(self, text):
        self.assertEqual(len(text), 16)
        self.assertTrue(luhn(text), text)
        self.assertNotIn(text, (CARD, OTHER))

    # ---- types

    def test_numbers_stay_numbers(self):
        big, exact = self.both(f"SELECT {CARD}::int8, {CARD}::numeric")
        self.assertIsInstance(big, int)
        self.assert_card(str(big))
        self.assertIsInstance(exact, decimal.Decimal)
        self.assert_card(str(exact))
        self.assertEqual(str(exact), str(big))

    def test_text_types(self):
        for name in ("text", "varchar", "varchar(40)", "char(16)", "name", "xml"):
            with self.subTest(type=name):
                value, = self.both(f"SELECT '{CARD}'::{name}")
                self.assert_card(value)
        iban, = self.both("SELECT 'to DE89370400440532013000 today'::text")
        self.assertEqual(iban, "to DE89**************3000 today")
        self.assertEqual(self.both("SELECT 'is 219-09-9998 hers?'::text"), (None,))

    def test_json(self):
        for name in ("json", "jsonb"):
            with self.subTest(type=name):
                value, = self.both(
                    f"""SELECT '{{"c": "{CARD}", "n": -{CARD}, "m": "a\\nann@example.org",
                        "i": "10.1.2.3", "x": [1, null, "y"]}}'::{name}""")
                self.assert_card(value["c"])
                self.assert_card(str(-value["n"]))
                self.assertRegex(value["m"], r"^a\s?\[TOKEN:[0-9a-f]{32}\]$")
                self.assertTrue(ipaddress.ip_address(value["i"]).is_private)  # documentation
                self.assertEqual(value["x"], [1, None, "y"])

    def test_arrays(self):
        texts, = self.both(f"SELECT ARRAY['{CARD}', NULL, 'x']")
        self.assert_card(texts[0])
        self.assertEqual(texts[1:], [None, "x"])
        conn = self.connect(self.alice)
        numbers, texts = conn.cursor(binary=True).execute(
            f"SELECT ARRAY[{CARD}, 7]::int8[], ARRAY[ARRAY['219-09-9998', 'y']]").fetchone()
        self.assert_card(str(numbers[0]))
        self.assertEqual(numbers[1], 7)
        self.assertEqual(texts, [[None, "y"]])

    def test_bytes(self):
        value, = self.both("SELECT '\\x00ff'::bytea || convert_to(%s, 'UTF8')", CARD)
        self.assertEqual(bytes(value)[:2], b"\x00\xff")
        self.assert_card(bytes(value)[2:].decode())

    def test_addresses(self):
        value, = self.both("SELECT '10.1.2.3'::inet")
        self.assertNotEqual(str(value), "10.1.2.3")
        self.assertTrue(any(value in ipaddress.ip_network(net) for net in (
            "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))

    def test_columns(self):
        mail, key, salary, note = self.both(
            "SELECT mail, key, salary, note FROM people WHERE id = 7")
        self.assertRegex(mail, r"^\[TOKEN:[0-9a-f]{32}\]$")
        self.assertIsInstance(key, uuid.UUID)
        self.assertEqual(key.version, 8)
        self.assertRegex(str(salary), r"^[1-9][0-9]{3}\.[0-9]{2}$")
        self.assertIsNone(note)

    def test_copy_keeps_its_columns(self):
        conn = self.connect(self.alice)
        with conn.cursor().copy(
                f"COPY (SELECT 1, '{CARD}', '219-09-9998', E'a\\tb') TO STDOUT") as copy:
            one, card, ssn, text = list(copy.rows())[0]
        self.assertEqual((one, ssn, text), ("1", "[REDACTED:us-ssn]", "a\tb"))
        self.assert_card(card)

    def test_a_value_too_large_to_hold_is_refused(self):
        # 16 MiB is what the gateway holds of a message; with --full, all that PostgreSQL can send.
        times = (80 if Options.full else 8) * 1000000
        for sql in ("SELECT repeat('219-09-9998 ', {n})",
                    "COPY (SELECT repeat('219-09-9998 ', {n})) TO STDOUT"):
            with self.subTest(sql=sql):
                done = self.psql(self.alice, sql.format(n=times), check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertNotIn("219-09", done.stdout + done.stderr)
                self.assertIn("bulkhead:", done.stderr)
        self.assertEqual(self.both("SELECT 7"), (7,))

    def test_what_is_no_text_hides_nothing(self):
        # bytea has no characters: every byte may stand beside a value.
        for junk in ("ff", "c3", "80", "00", "e282", "eda080"):
            value, = self.both(f"SELECT '\\x{junk}'::bytea || convert_to(%s, 'UTF8') || "
                               f"'\\x{junk}'::bytea", CARD)
            self.assertNotIn(CARD.encode(), bytes(value), junk)
        done = self.psql(self.alice, "SET client_encoding = 'SQL_ASCII';"
                         f"SELECT E'a\\x0b{CARD}\\x0b'", check=False)
        self.assertNotIn(CARD, done.stdout + done.stderr)

    def test_an_error_has_no_null(self):
        done = self.psql(self.alice, "SELECT '219-09-9998'::int", check=False)
        self.assertIn('"[REDACTED:us-ssn]"', done.stderr)

    # ---- tokens

    def test_tokens_join_below_one_root(self):
        agents = [self.child(self.alice, "planner"), self.child(self.alice, "worker")]
        agents.append(self.child(agents[1], "reader"))
        people = self.psql(agents[0], "SELECT id, mail FROM people").stdout.split()
        orders = self.psql(agents[2], "SELECT id, buyer FROM orders").stdout.split()
        by_mail = {line.split("|")[1]: line.split("|")[0] for line in people}
        self.assertEqual(len(by_mail), 20)
        joined = {order: by_mail[buyer] for order, buyer in (o.split("|") for o in orders)}
        self.assertEqual(joined, {str(i): str(3 * i) for i in range(1, 7)})
        # and in the server: what one agent saw is what another may look for
        pairs = ", ".join(f"({line.split('|')[0]}, '{line.split('|')[1]}')" for line in people)
        found = self.psql(agents[2], f"SELECT s.id FROM (VALUES {pairs}) s(id, mail) "
                          f"WHERE s.mail = '{orders[1].split('|')[1]}'").stdout
        self.assertEqual(found, "6\n")

    def test_tokens_of_another_root_are_others(self):
        sql = "SELECT mail, key FROM people ORDER BY id"
        alice = self.psql(self.child(self.alice, "planner"), sql).stdout.split()
        self.assertEqual(self.psql(self.alice, sql).stdout.split(), alice)
        bob = self.psql(self.child(self.bob, "planner"), sql).stdout.split()
        self.assertEqual(len(set(alice)), 20)
        words = {w for line in alice for w in line.split("|")}
        self.assertTrue(words.isdisjoint(w for line in bob for w in line.split("|")))

    # ---- the record

    def test_the_record_shows_no_part_of_a_value(self):
        statement = f"SELECT length('{CARD}') + length('DE89370400440532013000')"
        self.psql(self.a.token("recorded", ["agents"]), statement)
        sessions = self.wait(lambda: re.findall(
            r"\b[0-9a-f]{16}\b(?=.*recorded)", self.a.ctl("sessions", "list").stdout), "the record")
        replay = self.a.ctl("sessions", "replay", "--no-delay", sessions[0]).stdout
        self.assertIn("SELECT length('[REDACTED:payment-card]') + length('[REDACTED:iban]')", replay)


if __name__ == "__main__":
    main()
