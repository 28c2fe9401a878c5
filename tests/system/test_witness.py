#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""No byte of a denied statement reaches the server, however the client's bytes are cut.

The server writes down everything that it parses, binds and executes. Each statement here carries a
mark of its own: those that are allowed must be in that log, so that the log is a witness, and those
that are refused must not.
"""
import itertools

import wire
from gateway_case import GatewayCase, Options, main, seed

RULES = """\
rules:
  - name: agents read
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read], deny: [write, ddl, admin, exec, unknown]}
    block: [sql-tautology]
    mask: [{pattern: email, style: redact}]
    record: off
"""
DENIED = ("DROP TABLE t /* {} */", "DELETE FROM t WHERE note = '{}'", "/*{}*/ TRUNCATE t",
          "SELECT pg_read_file('{}')", "SELECT 1; UPDATE t SET note = '{}'",
          "INSERT INTO t VALUES ('{}')", "nonsense {}", "SELECT '{}' WHERE 1=2 OR 1=1",
          "CREATE TABLE u AS SELECT '{}'::text", "SELECT '{}' INTO u", "DO '{}'",
          "COPY t TO PROGRAM '{}'", "EXPLAIN ANALYZE DELETE FROM t WHERE note = '{}'")
ALLOWED = ("SELECT '{}'", "SELECT note FROM t WHERE note = '{}'", "/* {} */ TABLE t",
           "WITH x AS (SELECT '{}'::text AS a) SELECT * FROM x")


class Witness(GatewayCase):
    rules = RULES
    data = "CREATE TABLE t (note text)"
    appliance = {"settings": ("log_min_duration_statement = 0",)}

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("agent-7", ["agents"])
        cls.rng = seed()
        cls.marks = (f"mark{cls.rng.randrange(10**9):09}x{n}y" for n in itertools.count())
        cls.rounds = 300 if Options.full else 40

    def wire(self, **more):
        w = wire.Wire(self.a.certs / "ca.pem", self.rng, **more)
        self.addCleanup(w.close)
        self.assertEqual(w.login(self.token)[-1], (b"Z", b"I"))
        return w

    def statement(self, allowed):
        mark = next(self.marks)
        text = self.rng.choice(ALLOWED if allowed else DENIED).format(mark)
        return mark, text

    def judge(self, expected, forbidden):
        self.wait(lambda: all(self.server_saw(m) for m in expected),
                  "the allowed statements in the server's log")
        log = self.a.server.statements()
        for mark in forbidden:
            self.assertFalse(mark in log, f"{mark} is in the server's log")
        self.assertEqual([l for l in log.splitlines() if "FATAL" in l and "protocol" in l], [])

    def simple_pipeline(self):
        """Queries one behind the other without waiting: allowed, denied, allowed..."""
        messages, expected, forbidden = [], [], []
        for i in range(self.rng.randrange(1, 9)):
            allowed = i % 2 == 0 or self.rng.random() < 0.3
            mark, text = self.statement(allowed)
            (expected if allowed else forbidden).append(mark)
            messages.append(wire.query(text))
        return messages, len(messages), expected, forbidden

    def extended_group(self):
        """Parse, Bind, Execute of several statements up to one Sync. What follows a refusal is
        skipped, as the server itself would."""
        messages, expected, forbidden, failed = [], [], [], False
        for _ in range(self.rng.randrange(1, 6)):
            allowed = self.rng.random() < 0.6
            mark, text = self.statement(allowed)
            ok = allowed and not failed
            (expected if ok else forbidden).append(mark)
            failed = failed or not allowed
            name = self.rng.choice(("", f"s{mark}"))
            value = next(self.marks)
            messages.append(wire.parse(text, name))
            if self.rng.random() < 0.3:
                messages.append(wire.describe(b"S", name))
            messages.append(wire.bind((), name))
            if self.rng.random() < 0.5:
                messages.append(wire.describe())
            messages.append(wire.execute(rows=self.rng.choice((0, 0, 1))))
            if self.rng.random() < 0.2:
                messages.append(wire.FLUSH)
            # A parameter of a refused statement is part of it.
            if not ok:
                messages.append(wire.parse("SELECT $1::text", f"p{value}") if failed else b"")
                messages.append(wire.bind((value.encode(),), f"p{value}"))
                messages.append(wire.execute())
                forbidden.append(value)
        messages.append(wire.SYNC)
        return messages, 1, expected, forbidden

    def test_random_segmentation(self):
        all_expected, all_forbidden = [], []
        for _ in range(self.rounds):
            w = self.wire()
            for _ in range(self.rng.randrange(1, 5)):
                make = self.rng.choice((self.simple_pipeline, self.extended_group))
                messages, ready, expected, forbidden = make()
                w.send(*messages)
                answers = w.receive_until_ready(ready)
                self.assertEqual(answers[-1], (b"Z", b"I"))
                refused = [wire.error_fields(b) for k, b in answers if k == b"E"]
                self.assertEqual(bool(refused), bool(forbidden))
                for fields in refused:
                    self.assertTrue(fields["M"].startswith("bulkhead: "), fields)
                    self.assertEqual(fields["C"], "42501")
                all_expected += expected
                all_forbidden += forbidden
            w.send(wire.TERMINATE)
        print(f"{len(all_expected)} allowed, {len(all_forbidden)} refused")
        self.judge(all_expected, all_forbidden)

    def test_byte_by_byte(self):
        w = self.wire()
        (first, one), (bad, two), (last, three) = (
            self.statement(True), self.statement(False), self.statement(True))
        data = wire.query(one) + wire.query(two) + wire.query(three)
        for i in range(len(data)):
            w.tls.write(data[i:i + 1])
            w.sock.sendall(w.outgoing.read())
        self.assertEqual(w.receive_until_ready(3)[-1], (b"Z", b"I"))
        self.judge([first, last], [bad])

    def test_client_leaves_in_the_middle(self):
        forbidden = []
        for _ in range(self.rounds):
            w = self.wire()
            mark, text = self.statement(self.rng.random() < 0.5)
            data = self.rng.choice((wire.query(text), wire.parse(text)))
            data = data[:self.rng.randrange(1, len(data))]
            w.send(data)
            forbidden.append(mark)
            w.close()
        w = self.wire()
        mark, text = self.statement(True)
        w.send(wire.query(text))
        w.receive_until_ready()
        self.judge([mark], forbidden)

    def test_refused_in_a_transaction_block(self):
        w = self.wire()
        (inside, one), (bad, two), (after, three) = (
            self.statement(True), self.statement(False), self.statement(True))
        w.send(wire.query("BEGIN"), wire.query(one), wire.query(two), wire.query(three),
               wire.query("ROLLBACK"))
        answers = w.receive_until_ready(5)
        self.assertEqual([b for k, b in answers if k == b"Z"], [b"T", b"T", b"E", b"E", b"I"])
        self.judge([inside], [bad])

    def test_statement_longer_than_every_buffer(self):
        w = self.wire()
        bad, good = next(self.marks), next(self.marks)
        filler = "x" * 400000
        w.rng = None
        w.send(wire.query(f"DELETE FROM t WHERE note = '{bad}{filler}'"),
               wire.query(f"SELECT length('{good}{filler}')"))
        answers = w.receive_until_ready(2)
        self.assertEqual([k for k, _ in answers], [b"E", b"Z", b"T", b"D", b"C", b"Z"])
        self.judge([good], [bad])

    def test_what_no_driver_sends(self):
        mark = next(self.marks)
        text = f"SELECT '{mark}'".encode() + b"\0"
        cases = {
            "unknown type": b"\x01" + b"\0\0\0\x08" + b"abcd" + wire.query(f"SELECT '{mark}'"),
            "length 0": b"Q\0\0\0\0" + text,
            "length 3": b"Q\0\0\0\x03" + text,
            "huge length": b"Q\x7f\xff\xff\xff" + text,
            "negative length": b"Q\xff\xff\xff\xff" + text,
            "no terminator": b"Q" + (len(text) + 3).to_bytes(4, "big") + text[:-1],
            "bytes behind the terminator": b"Q" + (len(text) + 8).to_bytes(4, "big") + text +
                                           b"abcd",
            "second startup": b"\0\0\0\x08\x04\xd2\x16\x2f" + wire.query(f"SELECT '{mark}'"),
            "bind of too few": wire.message(b"B", "", "", b"\0\0\0\x05\0\0\0\x01a") + wire.SYNC,
            "server's message": b"Z" + (len(text) + 4).to_bytes(4, "big") + text,
        }
        for name, data in cases.items():
            with self.subTest(case=name):
                w = self.wire(timeout=10)
                w.send(data)
                answers = w.receive_all()
                self.assertEqual([k for k, _ in answers][-1:], [b"E"])
                fields = wire.error_fields(answers[-1][1])
                self.assertEqual(fields["S"], "FATAL")
                self.assertEqual(fields["C"], "08P01")
        self.judge([], [mark])

    def test_before_the_login(self):
        ca = self.a.certs / "ca.pem"
        for name, data in {"query before startup": wire.query("SELECT 1"),
                           "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                           "zeros": bytes(64), "old protocol": b"\0\0\0\x08\0\x02\0\0",
                           "huge startup": b"\x7f\xff\xff\xff\0\x03\0\0"}.items():
            for tls in (True, False):
                with self.subTest(case=name, tls=tls):
                    w = wire.Wire(ca, self.rng, tls=tls, timeout=10)
                    w.send(data)
                    kinds = [k for k, _ in w.receive_all()]
                    self.assertIn(kinds, ([], [b"E"]))
                    w.close()
        # Bytes behind the SSLRequest, before TLS: a man in the middle may have put them there.
        w = wire.Wire(ca, tls=False)
        w.sock.sendall(wire.SSL_REQUEST + wire.query("SELECT 1"))
        self.assertIn(w.sock.recv(1), (b"", b"E"))
        w.close()
        self.assertEqual(self.psql(self.token, "SELECT 1").stdout, "1\n")


if __name__ == "__main__":
    main()
