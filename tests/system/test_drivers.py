#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""psycopg 3 and node-postgres, text and binary, with all they have."""
import datetime
import decimal
import os
import threading
import time
import uuid

from gateway_case import ROOT, GatewayCase, main

SSN = "219-09-9999"
DATA = f"""
CREATE TABLE customers (id int PRIMARY KEY, email text, ssn text, pin int);
INSERT INTO customers VALUES (1, 'ann@example.org', '{SSN}', 4711),
                             (2, 'bo@example.com', '078-05-1120', 4712);
CREATE TABLE numbers (n int, t text);
INSERT INTO numbers SELECT g, 'row ' || g FROM generate_series(1, 5000) g;
"""
RULES = """\
rules:
  - name: agents read
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read], deny: [write, ddl, admin, exec, unknown]}
    mask:
      - {pattern: email, style: redact}
      - {column: customers.ssn, style: {keep_last: 4}}
      - {column: customers.pin}
  - name: builders change
    subjects: {groups: [builders]}
    resources: [orders]
    effects: {allow: [read, write, ddl, exec, unknown]}
    mask:
      - {pattern: email, style: redact}
      - {column: customers.ssn, style: {keep_last: 4}}
      - {column: customers.pin}
"""


class DriverCase(GatewayCase):
    rules, data = RULES, DATA
    appliance = {"database": "postgres"}  # the masks of columns are its

    @classmethod
    def prepare(cls):
        cls.agent = cls.a.token("agent-7", ["agents"])
        cls.builder = cls.a.token("builder-1", ["builders"])
        cls.wait_for_columns(cls.agent)


class Psycopg(DriverCase):
    def test_values_of_many_types_both_ways(self):
        values = {"int2": 7, "int4": -70000, "int8": 1 << 40, "float8": 1.25, "text": "héé",
                  "bool": True, "numeric": decimal.Decimal("12345.678"), "bytea": bytes(range(256)),
                  "uuid": uuid.UUID(int=1 << 100), "date": datetime.date(2024, 2, 29),
                  "timestamptz": datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc),
                  "int4[]": [1, 2, 3], "text[]": ["a", None, "c"], "jsonb": {"a": [1, None, "x"]}}
        conn = self.connect(self.agent)
        for binary in (False, True):
            for name, value in values.items():
                with self.subTest(binary=binary, type=name):
                    import psycopg.types.json
                    sent = psycopg.types.json.Jsonb(value) if name == "jsonb" else value
                    place = "%b" if binary else "%t"
                    got = conn.cursor(binary=binary).execute(
                        f"SELECT {place}::{name}, {place}::{name} IS NULL", (sent, sent)).fetchone()
                    self.assertEqual(got, (value, False))

    def test_masking_in_text_and_binary(self):
        conn = self.connect(self.agent)
        for binary in (False, True):
            for prepare in (False, True):
                with self.subTest(binary=binary, prepare=prepare):
                    rows = conn.cursor(binary=binary).execute(
                        "SELECT id, email AS a, ssn AS b, pin AS c, ssn || '' AS d, "
                        "pin + 0 AS e FROM customers WHERE id = %s", (1,),
                        prepare=prepare).fetchall()
                    self.assertEqual(rows, [(1, "[REDACTED:email]", "***-**-9999", None,
                                             "[REDACTED]", None)])

    def test_entities_inside_binary_values(self):
        import psycopg.types.json
        conn = self.connect(self.agent)
        for binary in (False, True):
            with self.subTest(binary=binary):
                row = conn.cursor(binary=binary).execute(
                    "SELECT ARRAY['joe@example.org', 'x'], jsonb_build_object('m', %s::text), "
                    "json_build_object('m', %s::text), convert_to(%s::text, 'UTF8')",
                    ("joe@example.org",) * 3).fetchone()
                self.assertNotIn("joe@example.org", str(row))

    def test_prepared_statement_many_times(self):
        conn = self.connect(self.agent)
        for i in range(300):
            row = conn.execute("SELECT ssn FROM customers WHERE id = %s", (1 + i % 2,),
                               prepare=True, binary=bool(i % 3)).fetchone()
            self.assertTrue(row[0].startswith("***-**-"))

    def test_many_statements_that_the_driver_prepares_and_drops(self):
        conn = self.connect(self.agent)
        conn.prepared_max = 10
        for i in range(200):
            self.assertEqual(conn.execute(f"SELECT {i} + %s::int", (1,), prepare=True).fetchone(),
                             (i + 1,))

    def test_pipeline(self):
        conn = self.connect(self.agent)
        with conn.pipeline():
            cursors = [conn.execute("SELECT n, ssn FROM numbers, customers "
                                    "WHERE n = %s AND id = 1", (i,)) for i in range(1, 301)]
        self.assertEqual([c.fetchone() for c in cursors],
                         [(i, "***-**-9999") for i in range(1, 301)])

    def test_pipeline_with_a_refusal_in_the_middle(self):
        import psycopg
        conn = self.connect(self.agent)
        with self.assertRaises(psycopg.errors.InsufficientPrivilege):
            with conn.pipeline() as p:
                first = conn.execute("SELECT 'before'")
                p.sync()
                conn.execute("DELETE FROM customers WHERE id = %s", (1,))
                conn.execute("SELECT 'skipped'")
                p.sync()
        self.assertEqual(first.fetchone(), ("before",))
        self.assertEqual(conn.execute("SELECT 'after'").fetchone(), ("after",))
        self.assertFalse(self.server_saw("DELETE FROM customers"))
        self.assertFalse(self.server_saw("skipped"))

    def test_pipeline_continues_behind_a_sync(self):
        conn = self.connect(self.agent)
        pg = conn.pgconn
        pg.enter_pipeline_mode()
        for sql in (b"SELECT 1", b"DROP TABLE numbers", b"SELECT 2"):
            pg.send_query_params(sql, None)
        pg.pipeline_sync()
        pg.send_query_params(b"SELECT 3", None)
        pg.pipeline_sync()
        pg.flush()
        seen = []
        while seen.count("PIPELINE_SYNC") < 2:
            result = pg.get_result()
            if result is not None:
                seen.append(result.status and type(result).__name__ and
                            self.status_name(result.status))
        self.assertEqual(seen, ["TUPLES_OK", "FATAL_ERROR", "PIPELINE_ABORTED", "PIPELINE_SYNC",
                                "TUPLES_OK", "PIPELINE_SYNC"])
        pg.exit_pipeline_mode()

    @staticmethod
    def status_name(status):
        from psycopg.pq import ExecStatus
        return ExecStatus(status).name

    def test_copy_out(self):
        conn = self.connect(self.agent)
        with conn.cursor().copy("COPY numbers TO STDOUT") as copy:
            rows = [row for row in copy.rows()]
        self.assertEqual(len(rows), 5000)
        self.assertEqual(rows[99], ("100", "row 100"))
        with conn.cursor().copy("COPY numbers TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            rows = [row for row in copy.rows()]
        self.assertEqual(rows[99], (100, "row 100"))

    def test_copy_in_both_formats(self):
        conn = self.connect(self.builder)
        conn.execute("CREATE TABLE loaded (n int, t text)")
        for options in ("", "(FORMAT binary)"):
            with conn.cursor().copy(f"COPY loaded FROM STDIN {options}") as copy:
                if options:
                    copy.set_types(["int4", "text"])
                for i in range(3000):
                    copy.write_row((i, f"text\t{i}\n"))
        self.wait(lambda: conn.execute("SELECT count(*), sum(n) FROM loaded").fetchone() ==
                  (6000, 2 * sum(range(3000))), "the loaded rows to be readable")
        conn.execute("DROP TABLE loaded")

    def test_copy_in_that_the_client_gives_up(self):
        import psycopg
        conn = self.connect(self.builder)
        with self.assertRaises(psycopg.errors.QueryCanceled):
            with conn.cursor().copy("COPY numbers FROM STDIN") as copy:
                copy.write("1\tx\n")
                raise psycopg.errors.QueryCanceled("changed my mind")
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_copy_in_that_is_refused(self):
        import psycopg
        conn = self.connect(self.agent)
        with self.assertRaises(psycopg.errors.InsufficientPrivilege):
            with conn.cursor().copy("COPY numbers FROM STDIN") as copy:
                copy.write("99999\tx\n")
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_copy_in_that_the_server_refuses(self):
        import psycopg
        conn = self.connect(self.builder)
        with self.assertRaises(psycopg.errors.InvalidTextRepresentation):
            with conn.cursor().copy("COPY numbers FROM STDIN") as copy:
                for _ in range(5000):
                    copy.write("nonsense\tx\n" * 10)
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_server_side_cursor(self):
        conn = self.connect(self.agent, autocommit=False)
        for binary in (False, True):
            with conn.cursor("c", binary=binary) as cursor:
                cursor.itersize = 100
                cursor.execute("SELECT n FROM numbers ORDER BY n")
                self.assertEqual([n for (n,) in cursor], list(range(1, 5001)))
            with conn.cursor("s", binary=binary) as cursor:
                cursor.execute("SELECT ssn AS x, reverse(ssn) AS y FROM customers ORDER BY id")
                self.assert_no_leak(str(cursor.fetchall()), "219-09", "9999-90-912")

    def test_notifications(self):
        listener, speaker = self.connect(self.agent), self.connect(self.builder)
        listener.execute("LISTEN news")
        speaker.execute("SELECT pg_notify('news', 'mail joe@example.org')")
        speaker.execute("NOTIFY news, 'plain'")
        got = []
        deadline = threading.Timer(10, listener.cancel)
        deadline.start()
        for notify in listener.notifies():
            got.append((notify.channel, notify.payload))
            if len(got) == 2:
                break
        deadline.cancel()
        self.assertEqual(got, [("news", "mail [REDACTED:email]"), ("news", "plain")])

    def test_cancel(self):
        import psycopg
        conn = self.connect(self.builder)
        for _ in range(3):
            threading.Timer(0.3, conn.cancel).start()
            begin = time.monotonic()
            with self.assertRaises(psycopg.errors.QueryCanceled):
                conn.execute("SELECT pg_sleep(20)")
            self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_transactions(self):
        import psycopg
        conn = self.connect(self.agent, autocommit=False)
        with self.assertRaises(psycopg.errors.InsufficientPrivilege):
            with conn.transaction():
                conn.execute("SELECT 1")
                conn.execute("DROP TABLE numbers")
        with conn.transaction():
            with self.assertRaises(psycopg.errors.InsufficientPrivilege):
                with conn.transaction():  # a savepoint
                    conn.execute("DROP TABLE numbers")
            self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))
        self.assertEqual(conn.info.transaction_status, 0)

    def test_function_call_message(self):
        # PQfn: a function by its number, which tells nothing of its name.
        import ctypes
        pq = ctypes.CDLL("libpq.so.5")
        for token, expected in ((self.agent, 7), (self.builder, 1)):
            conn = self.connect(token)
            pq.PQfn.restype = ctypes.c_void_p
            pq.PQfn.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
                                ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
            out, length = ctypes.create_string_buffer(64), ctypes.c_int()
            # 2026: pg_backend_pid()
            result = pq.PQfn(conn.pgconn.pgconn_ptr, 2026, out, ctypes.byref(length), 1, None, 0)
            pq.PQresultStatus.argtypes = pq.PQclear.argtypes = [ctypes.c_void_p]
            self.assertEqual(pq.PQresultStatus(result), expected)
            pq.PQclear(result)
            self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_sixty_connections(self):
        conns = [self.connect(self.agent) for _ in range(60)]
        for i, conn in enumerate(conns):
            self.assertEqual(conn.execute("SELECT %s::int", (i,)).fetchone(), (i,))


class NodePostgres(DriverCase):
    def test_all(self):
        modules = ROOT / "build/npm/node_modules"
        self.assertTrue((modules / "pg").is_dir(), "tests/install has not run")
        done = self.a.client(["node", ROOT / "tests/system/driver_node.js"], self.agent,
                             timeout=120, NODE_PATH=str(modules), PATH=os.environ["PATH"])
        self.assertIn("all as expected", done.stdout)
        self.assertFalse(self.server_saw("DELETE FROM customers"))


if __name__ == "__main__":
    main()
