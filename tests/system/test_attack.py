#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""An agent that may only read tries to see a masked column, by every way that SQL and the protocol
have: none shows it, none writes, and the gateway lives on."""
import struct

from gateway_case import GatewayCase, main
from wire import SYNC, Wire, bind, describe, execute, message, parse, query

RULES = """\
rules:
  - name: agents read customers
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read], deny: [write, ddl, admin, exec, unknown]}
    mask: [{column: customers.ssn, style: redact}]
    record: async
"""

# A value that no pattern knows; its reverse, and its bytes in hexadecimal.
SECRETS = ("zq-77-zq-31", "13-qz-77-qz", "7a712d37372d7a712d3331")
DATA = f"""
CREATE TABLE customers (id int PRIMARY KEY, name text, ssn text);
ALTER TABLE customers ALTER ssn SET STORAGE EXTERNAL;
INSERT INTO customers VALUES (1, 'Ann', '{SECRETS[0]}'), (2, 'Bo', repeat('{SECRETS[0]} ', 400));
CREATE VIEW shown AS SELECT id AS a, ssn AS b FROM customers;
ANALYZE customers;
"""

STATEMENTS = """\
SELECT * FROM customers
SELECT ssn AS x, reverse(ssn), encode(ssn::bytea, 'hex') FROM customers
SELECT c FROM customers c
SELECT c::text, to_json(c), (c).ssn FROM customers c
SELECT c.row_to_json FROM customers c
SELECT customers.to_jsonb FROM customers
SELECT c.concat, c.json_agg FROM customers c GROUP BY c
SELECT c.record_out FROM customers c
SELECT c.record_send FROM customers c
SELECT j.value FROM customers c, jsonb_each_text(c.to_jsonb) j
SELECT to_json(j) FROM customers a JOIN customers b USING (ssn) AS j
SELECT j::text FROM (customers a JOIN customers b ON true) AS j
SELECT x || '' FROM (TABLE customers) AS s(a, b, x)
WITH w AS (TABLE customers) SELECT w::text FROM w
SELECT b || '' FROM shown
SELECT v::text FROM shown v
SELECT U&"\\0073sn" || '' FROM customers
SELECT array_agg(ssn), string_agg(ssn, ','), xmlagg(xmlelement(name x, ssn)) FROM customers
SELECT 'x' UNION ALL SELECT ssn FROM customers
SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats
SELECT s.stavalues1::text, s.stavalues2::text FROM pg_statistic s
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM customers WHERE ssn <> (SELECT max(ssn) FROM customers)
SELECT ssn::int FROM customers
SELECT ssn::regclass FROM customers
SELECT ssn::regtype FROM customers
SELECT ssn::regproc FROM customers
SELECT ssn::regrole FROM customers
SELECT ssn::json FROM customers
SELECT ('<a xmlns="' || ssn || '"/>')::xml FROM customers
SELECT xpath('/a', ('<a xmlns:b="' || ssn || ' x"/>')::xml) FROM customers
SELECT to_tsquery(ssn || ' (') FROM customers
SELECT current_setting(ssn) FROM customers
SELECT now() AT TIME ZONE ssn FROM customers
SELECT has_schema_privilege(ssn, 'usage') FROM customers
SELECT has_database_privilege(ssn, 'connect') FROM customers
SELECT regexp_match('a', '(' || ssn) FROM customers
COPY customers TO STDOUT
COPY (SELECT ssn FROM customers) TO STDOUT
COPY (SELECT 1 FROM customers WHERE ssn::int = 1) TO STDOUT
DECLARE c CURSOR WITH HOLD FOR SELECT ssn || '' FROM customers; FETCH ALL FROM c
PREPARE p AS SELECT ssn || '' FROM customers; EXECUTE p
SELECT * INTO stolen FROM customers
CREATE TEMP TABLE stolen AS SELECT * FROM customers
WITH x AS (DELETE FROM customers RETURNING *) SELECT * FROM x
EXPLAIN ANALYZE DELETE FROM customers
SELECT set_config('standard_conforming_strings', 'off', false)
SELECT query_to_xml('SELECT * FROM customers', true, true, '')
SELECT table_to_xml('customers', true, true, '')
DO $$ BEGIN RAISE '%', (SELECT ssn FROM customers LIMIT 1); END $$
"""


class Attack(GatewayCase):
    rules, data = RULES, DATA
    appliance = {"database": "postgres"}

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("somebody", ["agents"])
        cls.a.ctl("reload")

    def wire(self):
        wire = Wire(self.a.certs / "ca.pem")
        self.addCleanup(wire.close)
        wire.login(self.token)
        return wire

    def tell(self, wire, *messages, times=1):
        """Send; nothing that is answered up to ReadyForQuery holds the secret."""
        wire.send(*messages)
        answer = wire.receive_until_ready(times)
        for kind, body in answer:
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), body, (messages, kind))
        return b"".join(kind for kind, body in answer)

    def test_statements(self):
        wire = self.wire()
        for sql in STATEMENTS.splitlines():
            with self.subTest(sql=sql):
                self.tell(wire, query(sql))
                for binary in (0, 1):
                    formats = struct.pack("!HHHH", 0, 0, 1, binary)
                    self.tell(wire, parse(sql), message(b"B", "", "", formats), describe(),
                              execute(), SYNC)
        rows = self.a.server.sql("SELECT count(*) FROM customers").strip()
        self.assertEqual(rows, "2")

    def test_values_outside_their_rows(self):
        toast = self.a.server.sql(
            "SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'customers'").strip()
        wire = self.wire()
        self.assertIn(b"D", self.tell(wire, query(f"SELECT chunk_data FROM {toast}")))
        self.tell(wire, query(f"SELECT encode(chunk_data, 'escape') FROM {toast}"))

    def test_fetch_from_a_portal(self):
        wire = self.wire()
        self.tell(wire, query("BEGIN"))
        self.tell(wire, parse("SELECT ssn || '' FROM customers"), bind((), "", "p"), SYNC)
        self.assertEqual(self.tell(wire, query("FETCH ALL FROM p")), b"TDDCZ")

    def test_names_given_anew(self):
        wire = self.wire()
        harmless, hidden = "SELECT id FROM customers", "SELECT ssn || '' FROM customers"
        self.tell(wire, parse(harmless, "n"), parse(hidden, "n"), bind((), "n"), execute(), SYNC)
        self.tell(wire, message(b"C", b"S", "n"), parse(hidden, "n"), bind((), "n"), execute(),
                  SYNC)
        self.tell(wire, query("DEALLOCATE n"), query(f"PREPARE n AS {hidden}"), bind((), "n"),
                  execute(), SYNC, times=3)
        # what stands behind an error is skipped by the server
        self.tell(wire, parse("SELECT 1/0", "z"), bind((), "z"), execute(), parse(hidden, "y"),
                  SYNC, bind((), "y"), execute(), SYNC, times=2)
        self.tell(wire, parse(hidden), bind(), execute("", 1), execute("", 1), SYNC)

    def test_deep_texts(self):
        wire = self.wire()
        for link in ("+1", "::int", " IS NULL", " UNION SELECT 1"):
            self.assertEqual(self.tell(wire, query("SELECT 1" + link * 50000)), b"EZ")
        self.assertEqual(self.tell(wire, query("SELECT 1")), b"TDCZ")


if __name__ == "__main__":
    main()
