#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What an agent with a stock psql can and cannot do: allow, mask, deny, scope."""
import re
import time

from gateway_case import GatewayCase, main

EMAIL, CARD, SSN = "ann.lee@example.org", "4111 1111 1111 1111", "219-09-9999"

DATA = f"""
CREATE TABLE customers (id int PRIMARY KEY, name text, email text, card text, ssn text,
                        pin int, secret bytea);
INSERT INTO customers VALUES
  (1, 'Ann Lee', '{EMAIL}', '{CARD}', '{SSN}', 4711, '\\x736563726574'),
  (2, 'Bo Chen', 'bo@example.com', '5555-5555-5555-4444', '078-05-1120', 4712, NULL);
CREATE VIEW customer_view AS SELECT id, ssn AS number FROM customers;
CREATE TABLE notes (id int, body text);
INSERT INTO notes VALUES (1, 'write to {EMAIL}');
CREATE FUNCTION warn(text) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'about %', $1; END $$;
CREATE TABLE orders (id int PRIMARY KEY, item text UNIQUE);
INSERT INTO orders VALUES (1, '{EMAIL}');
"""

MASKS = """\
    mask:
      - {pattern: email, style: redact}
      - {pattern: payment-card, style: {keep_last: 4}}
      - secrets
      - {column: customers.ssn, style: {keep_last: 4}}
      - {column: customers.pin}
"""

RULES = f"""\
rules:
  - name: agents read
    subjects: {{groups: [agents]}}
    resources: [orders]
    effects: {{allow: [read], deny: [write, ddl, admin, exec, unknown]}}
    block: [sql-tautology]
{MASKS}    record: strict
  - name: builders change
    subjects: {{groups: [builders]}}
    resources: [orders]
    effects: {{allow: [read, write, ddl, exec, unknown]}}
{MASKS}    record: async
  - name: open
    subjects: {{groups: [open]}}
    resources: [orders]
    effects: {{allow: [read, write, ddl, admin, exec, unknown]}}
    record: off
"""


class PsqlCase(GatewayCase):
    rules, data = RULES, DATA
    appliance = {"database": "postgres"}  # the masks of columns are its

    @classmethod
    def prepare(cls):
        cls.agent = cls.a.token("agent-7", ["agents"])
        cls.builder = cls.a.token("builder-1", ["builders"])
        cls.open = cls.a.token("root-1", ["open"])
        cls.wait_for_columns(cls.agent)

    def assert_masked(self, done):
        self.assert_no_leak(done.stdout + done.stderr, EMAIL, "4111", "1111 1111", "219-09",
                            "219", "4711")

    def refused(self, token, sql, *parts):
        """The statement is refused natively, and the session goes on."""
        done = self.psql(token, sql, "SELECT 'still ' || 'here'", check=False)
        self.assertIn("ERROR:  bulkhead: ", done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1:], ["still here"])
        return done


class Masking(PsqlCase):
    def test_rows(self):
        done = self.psql(self.agent, "SELECT * FROM customers WHERE id = 1")
        self.assert_masked(done)
        self.assertEqual(done.stdout.strip().split("|")[:5],
                         ["1", "Ann Lee", "[REDACTED:email]", "**** **** **** 1111",
                          "***-**-9999"])

    def test_count_is_no_secret(self):
        self.assertEqual(self.psql(self.agent, "SELECT count(*) FROM customers").stdout, "2\n")

    def test_null_stays_null(self):
        done = self.psql(self.agent, "SELECT secret IS NULL FROM customers WHERE id = 2")
        self.assertNotIn("secret", done.stdout)

    def test_other_data_is_as_it_was(self):
        done = self.psql(self.agent, "SELECT id, name FROM customers ORDER BY id")
        self.assertEqual(done.stdout, "1|Ann Lee\n2|Bo Chen\n")
        done = self.psql(self.agent, "SELECT g, repeat('x', 3) FROM generate_series(1, 3) g")
        self.assertEqual(done.stdout, "1|xxx\n2|xxx\n3|xxx\n")

    def test_alias(self):
        self.assert_masked(self.psql(self.agent, "SELECT c.ssn AS harmless FROM customers AS c"))

    def test_join_and_subquery(self):
        for sql in ("SELECT b.x FROM (SELECT ssn AS x FROM customers) b",
                    "WITH t AS (SELECT ssn s FROM customers) SELECT s FROM t",
                    "SELECT (SELECT ssn FROM customers WHERE id = 1)",
                    "SELECT ssn FROM customers UNION ALL SELECT 'x'",
                    "SELECT a.ssn FROM customers a JOIN customers b USING (id)",
                    "SELECT ROW(customers.*) FROM customers",
                    "SELECT customers FROM customers",
                    "SELECT to_json(customers) FROM customers",
                    "SELECT array_agg(ssn) FROM customers",
                    "SELECT string_agg(ssn, ',') FROM customers",
                    "SELECT max(ssn) FROM customers",
                    "TABLE customers"):
            with self.subTest(sql=sql):
                self.assert_masked(self.psql(self.agent, sql, check=False))

    def test_expressions_over_the_column(self):
        for expression in ("reverse(ssn)", "ssn || ''", "upper(ssn)", "md5(ssn)", "left(ssn, 3)",
                           "ascii(ssn)", "ssn::bytea", "pin + 0", "pin * 1.0", "length(ssn)",
                           "ssn = '219-09-9999'", "encode(ssn::bytea, 'base64')",
                           "translate(ssn, '0123456789', 'abcdefghij')"):
            with self.subTest(expression=expression):
                done = self.psql(self.agent, f"SELECT {expression} FROM customers WHERE id = 1",
                                 check=False)
                self.assert_masked(done)
                self.assert_no_leak(done.stdout, "9999-90-912", "\\x3231392d", "MjE5", "cbj-aj")
                self.assertIn(done.stdout.strip(), ("", "[REDACTED]"))

    def test_pattern_in_an_expression(self):
        done = self.psql(self.agent, "SELECT 'dear ' || 'joe@example.com' || '!', 7")
        self.assertEqual(done.stdout, "dear [REDACTED:email]!|7\n")

    def test_view_over_the_table(self):
        for sql in ("SELECT number FROM customer_view WHERE id = 1",
                    "SELECT v.number AS x FROM customer_view v WHERE v.id = 1"):
            self.assertEqual(self.psql(self.agent, sql).stdout, "***-**-9999\n")
        self.assert_masked(self.psql(self.agent, "SELECT reverse(number), * FROM customer_view"))

    def test_copy_to_stdout(self):
        for sql in ("COPY notes TO STDOUT", "COPY (SELECT body FROM notes) TO STDOUT",
                    "COPY notes TO STDOUT (FORMAT csv)",
                    "COPY notes TO STDOUT (FORMAT csv, HEADER)"):
            with self.subTest(sql=sql):
                done = self.psql(self.agent, sql)
                self.assertIn("[REDACTED:email]", done.stdout)
                self.assert_masked(done)

    def test_copy_of_a_masked_column(self):
        for sql in ("COPY customers TO STDOUT", "COPY customers (ssn) TO STDOUT",
                    "COPY (SELECT ssn FROM customers) TO STDOUT",
                    "COPY (SELECT * FROM customers) TO STDOUT (FORMAT binary)",
                    "COPY (SELECT number FROM customer_view) TO STDOUT"):
            with self.subTest(sql=sql):
                self.assert_masked(self.psql(self.agent, sql, check=False))

    def test_backslash_copy(self):
        self.assert_masked(self.psql(self.agent, "\\copy notes TO STDOUT"))
        self.assert_masked(self.psql(self.agent, "\\copy customers TO STDOUT", check=False))

    def test_error_text(self):
        done = self.psql(self.agent, f"SELECT '{EMAIL}'::int", check=False)
        self.assertIn("invalid input syntax for type integer", done.stderr)
        self.assertIn("[REDACTED:email]", done.stderr)
        # psql shows the line of the statement that it sent: that is its own copy.
        said = "\n".join(l for l in done.stderr.splitlines()
                         if not l.startswith(("LINE ", " ")))
        self.assertNotIn(EMAIL, said)

    def test_error_text_from_a_table(self):
        done = self.psql(self.agent, "SELECT body::int FROM notes", check=False)
        self.assertIn("invalid input syntax", done.stderr)
        self.assert_masked(done)
        done = self.psql(self.agent, "SELECT ssn::int FROM customers", check=False)
        self.assertIn("ERROR", done.stderr)
        self.assert_masked(done)

    def test_detail_of_a_constraint(self):
        done = self.psql(self.builder, "INSERT INTO orders SELECT 2, item FROM orders",
                         check=False)
        self.assertIn("duplicate key", done.stderr)
        self.assert_masked(done)

    def test_notice(self):
        done = self.psql(self.builder, "SELECT warn(body) FROM notes")
        # What a function says may be the masked column, which nobody can see from the statement.
        self.assertIn("NOTICE:  [REDACTED]", done.stderr)
        self.assert_masked(done)

    def test_notification(self):
        done = self.psql_script(self.builder, f"LISTEN mail;\nNOTIFY mail, 'to {EMAIL}';\n")
        self.assertIn('Asynchronous notification "mail" with payload "to [REDACTED:email]"',
                      done.stdout)
        self.assert_masked(done)

    def test_cursor(self):
        done = self.psql_script(self.agent, """
            BEGIN; DECLARE c CURSOR FOR SELECT ssn AS x, reverse(ssn) AS y FROM customers;
            FETCH ALL FROM c; COMMIT;""")
        self.assert_masked(done)
        self.assert_no_leak(done.stdout, "9999-90-912")

    def test_sql_prepare(self):
        done = self.psql_script(self.agent, """
            PREPARE p AS SELECT ssn AS x, reverse(ssn) AS y FROM customers;
            EXECUTE p;
            EXECUTE p;""")
        self.assert_masked(done)
        self.assert_no_leak(done.stdout, "9999-90-912")

    def test_fetch_in_pieces(self):
        done = self.psql_script(self.agent, "\\set FETCH_COUNT 1\nSELECT * FROM customers;\n")
        self.assert_masked(done)
        self.assertIn("***-**-9999", done.stdout)

    def test_describe_commands_of_psql_work(self):
        for command in ("\\d", "\\d customers", "\\dt+", "\\df", "\\l", "\\du", "\\dn",
                        "\\conninfo"):
            with self.subTest(command=command):
                done = self.psql(self.agent, command)
                self.assertEqual(done.stderr, "")

    def test_rows_without_columns(self):
        done = self.psql(self.agent, "SELECT FROM customers", options=("-X",))
        self.assertIn("(2 rows)", done.stdout)

    def test_another_group_sees_all(self):
        done = self.psql(self.open, "SELECT email, ssn FROM customers WHERE id = 1")
        self.assertEqual(done.stdout.strip(), f"{EMAIL}|{SSN}")


class Denial(PsqlCase):
    def test_statements_are_refused_and_the_session_lives(self):
        for sql, verb in (("DROP TABLE customers", "DROP TABLE"),
                          ("DELETE FROM orders", "DELETE"),
                          ("UPDATE orders SET item = 'x'", "UPDATE"),
                          ("INSERT INTO orders VALUES (9, 'x')", "INSERT"),
                          ("TRUNCATE orders", "TRUNCATE"),
                          ("CREATE TABLE t (a int)", "CREATE TABLE"),
                          ("ALTER SYSTEM SET work_mem = '1GB'", "ALTER SYSTEM"),
                          ("CREATE ROLE mallory SUPERUSER", "CREATE ROLE"),
                          ("DO $$ BEGIN END $$", "DO"),
                          ("COPY orders FROM STDIN", "COPY"),
                          ("COPY orders TO '/tmp/x'", "COPY"),
                          ("COPY orders TO PROGRAM 'id'", "COPY"),
                          ("SELECT pg_read_file('/etc/passwd')", "SELECT"),
                          ("SELECT warn('x')", "SELECT"),
                          ("WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d", "SELECT"),
                          ("SELECT * INTO t FROM orders", "SELECT"),
                          ("EXPLAIN ANALYZE DELETE FROM orders", "EXPLAIN"),
                          ("SELECT lo_unlink(1)", "SELECT"),
                          ("SELECT set_config('role', 'x', false)", "SELECT"),
                          ("SET ROLE pg_monitor", "SET")):
            with self.subTest(sql=sql):
                self.refused(self.agent, sql, "refused")
                self.assertFalse(self.server_saw(sql))

    def test_error_is_native_and_tells_what_to_do(self):
        done = self.psql(self.agent, "\\set VERBOSITY verbose", "DROP TABLE customers",
                         check=False)
        self.assertIn('ERROR:  42501: bulkhead: DROP TABLE refused: rule "agents read" does not '
                      'allow the effect ddl', done.stderr)
        self.assertIn("HINT:  Nothing of the statement reached the server.", done.stderr)

    def test_transaction_block_fails_as_a_native_error_makes_it(self):
        done = self.psql_script(self.agent, """
            BEGIN;
            SELECT 1;
            DROP TABLE customers;
            \\echo state :SQLSTATE
            SELECT 2;
            COMMIT;
            SELECT 3;""")
        self.assertEqual(done.stdout.split(), ["1", "state", "42501", "3"])
        self.assertIn("current transaction is aborted, commands ignored until end of transaction "
                      "block", done.stderr)

    def test_commit_of_a_failed_block_rolls_back(self):
        done = self.psql_script(self.builder, """
            BEGIN;
            INSERT INTO orders VALUES (50, 'fifty');
            ALTER SYSTEM SET work_mem = '1GB';
            COMMIT;
            SELECT count(*) FROM orders WHERE id = 50;""", options=("-XAt",))
        self.assertEqual(done.stdout.split(), ["BEGIN", "INSERT", "0", "1", "ROLLBACK", "0"])

    def test_savepoint_brings_a_failed_block_back(self):
        done = self.psql_script(self.agent, """
            BEGIN;
            SAVEPOINT s;
            DROP TABLE customers;
            ROLLBACK TO s;
            SELECT 'back';
            COMMIT;""", options=("-XAt",))
        self.assertEqual(done.stdout.split(), ["BEGIN", "SAVEPOINT", "ROLLBACK", "back", "COMMIT"])

    def test_on_error_rollback(self):
        done = self.psql_script(self.agent, """
            \\set ON_ERROR_ROLLBACK on
            BEGIN;
            SELECT 1;
            DROP TABLE customers;
            SELECT 2;
            COMMIT;""")
        self.assertEqual(done.stdout.split(), ["1", "2"])

    def test_batch_is_atomic(self):
        self.refused(self.builder, "INSERT INTO orders VALUES (60, 'sixty'); "
                                   "ALTER SYSTEM SET work_mem = '1GB'; SELECT 1")
        self.assertFalse(self.server_saw("sixty"))

    def test_hidden_statements(self):
        for sql in ("SELECT 1; DROP TABLE customers", "SELECT 1;;DELETE/**/FROM orders",
                    "DrOp/* x */TaBlE customers", "/* SELECT */ DROP TABLE customers",
                    "SELECT 1 \n;\n DROP\tTABLE customers", "EXPLAIN ANALYZE DELETE FROM orders",
                    "PREPARE p AS DELETE FROM orders", "U&\"\\0064rop\" TABLE x"):
            with self.subTest(sql=sql):
                self.refused(self.agent, sql)

    def test_blocked_pattern(self):
        for sql in ("SELECT 1 WHERE 1=2 OR 1=1", "SELECT 1 WHERE 1=2 oR/**/1 = 1",
                    "SELECT 1 WHERE 1=2 OR 'a'='a'"):
            with self.subTest(sql=sql):
                self.refused(self.agent, sql, "blocks the pattern sql-tautology")

    def test_masked_column_is_not_carried_elsewhere(self):
        for sql in ("CREATE TABLE copy1 AS SELECT ssn FROM customers",
                    "SELECT ssn INTO copy2 FROM customers",
                    "INSERT INTO notes SELECT id, ssn FROM customers",
                    "CREATE VIEW copy3 AS SELECT ssn AS s FROM customers",
                    "CREATE MATERIALIZED VIEW copy4 AS SELECT ssn AS s FROM customers",
                    "UPDATE notes SET body = ssn FROM customers",
                    "UPDATE customers SET name = ssn",
                    "CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS "
                    "'SELECT ssn FROM customers'"):
            with self.subTest(sql=sql):
                done = self.psql(self.builder, sql, check=False)
                # Whatever it says, what can be read afterwards is masked.
                self.assert_masked(done)
        for sql in ("SELECT * FROM notes", "SELECT name FROM customers", "SELECT * FROM copy1",
                    "SELECT * FROM copy2", "SELECT * FROM copy3", "SELECT * FROM copy4",
                    "SELECT f()", "SELECT * FROM f()"):
            with self.subTest(sql=sql):
                self.assert_masked(self.psql(self.builder, sql, check=False))


class Catalog(PsqlCase):
    """What changes under the policy's feet."""

    def setUp(self):
        self.a.server.sql("DROP TABLE IF EXISTS people CASCADE; "
                          f"CREATE TABLE people (id int, ssn text); "
                          f"INSERT INTO people VALUES (1, '{SSN}')")
        self.a.write_config(RULES.replace("column: customers.ssn", "column: people.ssn"))
        self.a.ctl("reload")
        self.wait(lambda: "***-**-9999" in self.psql(
            self.builder, "SELECT ssn FROM people", check=False).stdout, "the column's mask")

    def never_leaks(self, *between):
        """In one session: look, change the table, look again, at once and for a while."""
        conn = self.connect(self.builder)
        conn.prepare_threshold = 0
        for sql in ("SELECT * FROM people", *between):
            self.look(conn, sql)
        for _ in range(30):
            self.look(conn, "SELECT * FROM people")
            self.look(conn, "TABLE people")
        time.sleep(1)
        self.look(conn, "SELECT * FROM people")
        self.assert_masked(self.psql(self.builder, "SELECT * FROM people", check=False))

    def look(self, conn, sql):
        import psycopg
        try:
            rows = conn.execute(sql)
            said = str(rows.fetchall()) if rows.description else ""
        except psycopg.Error as e:
            said = str(e)
        self.assert_no_leak(said, "219-09")

    def test_column_is_renamed(self):
        self.never_leaks("ALTER TABLE people RENAME ssn TO harmless")

    def test_table_is_renamed(self):
        self.never_leaks("ALTER TABLE people RENAME TO folk", "SELECT * FROM folk",
                         "ALTER TABLE folk RENAME TO people")

    def test_table_is_made_anew(self):
        self.never_leaks("BEGIN", "DROP TABLE people", "CREATE TABLE people (ssn text, id int)",
                         f"INSERT INTO people VALUES ('{SSN}', 2)", "SELECT ssn FROM people",
                         "SELECT * FROM people", "COMMIT", "SELECT ssn, id FROM people")

    def test_table_in_a_schema_in_front(self):
        self.never_leaks("CREATE SCHEMA IF NOT EXISTS front",
                         "CREATE TABLE front.people AS SELECT 1 AS id, 'x' AS ssn",
                         "SET search_path = front, public", "SELECT * FROM public.people",
                         "DROP SCHEMA front CASCADE", "SELECT * FROM people")

    def test_column_is_dropped_and_added(self):
        self.never_leaks("ALTER TABLE people ADD COLUMN other text",
                         "UPDATE people SET other = 'x'",
                         "ALTER TABLE people DROP COLUMN other", "SELECT ssn FROM people")

    def test_table_of_this_session_is_readable_in_the_end(self):
        done = self.psql(self.builder, "CREATE TABLE fresh (a text)",
                         "INSERT INTO fresh VALUES ('plain')")
        self.assertEqual(done.returncode, 0)
        self.wait(lambda: self.psql(self.builder, "SELECT a FROM fresh",
                                    check=False).stdout == "plain\n", "the new table to be known")
        self.psql(self.builder, "DROP TABLE fresh")

    def test_partitions_and_children(self):
        self.a.server.sql("CREATE TABLE child () INHERITS (people); "
                          f"INSERT INTO child VALUES (7, '{SSN}')")
        self.assert_masked(self.psql(self.builder, "SELECT ssn FROM people", check=False))

    def test_unresolved_column_refuses(self):
        self.a.server.sql("ALTER TABLE people RENAME ssn TO gone")
        self.a.ctl("reload")
        done = self.wait(lambda: (d := self.psql(self.builder, "SELECT 1", check=False)) and
                         d.returncode != 0 and d, "the refusal")
        self.assertIn("is not known at the server", done.stderr)
        name = "public.people.ssn"
        self.assertRegex(self.a.process.text(), rf"warn.* resource=orders column={name}")
        self.assertEqual(self.a.status()["unresolved_columns"], [f"orders: {name}"])
        self.assertIn(f"unresolved_columns: 1\n  orders: {name}\n", self.a.ctl("status").stdout)
        self.a.server.sql("ALTER TABLE people RENAME gone TO ssn")

    def tearDown(self):
        super().tearDown()
        self.a.server.sql("DROP TABLE IF EXISTS people, child, folk CASCADE")


class Login(PsqlCase):
    def fails(self, token, *parts, **more):
        done = self.psql(token, "SELECT 1", check=False, **more)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        for part in parts:
            self.assertIn(part, done.stderr)
        return done

    def test_wrong_token(self):
        for token in ("nonsense", "a.b.c", "x" * 5000, self.agent[:-5] + "AAAAA",
                      self.agent.rsplit(".", 1)[0] + "."):
            with self.subTest(token=token[:20]):
                done = self.fails(token, "FATAL:  bulkhead: the token was not accepted")
                self.assertNotIn(self.agent[:40], done.stderr)

    def test_empty_password(self):
        self.fails("", PGPASSFILE="/dev/null")

    def test_group_without_a_rule(self):
        stranger = self.a.token("intern", ["interns"])
        before = self.a.server.statements().count("connection")
        refused = self.a.status()["logins"]["refused_by_policy"]
        self.fails(stranger, "FATAL:  bulkhead: no rule lets you reach this resource")
        self.assertEqual(self.a.server.statements().count("connection"), before)
        self.assertEqual(self.a.status()["logins"]["refused_by_policy"], refused + 1)
        log = self.wait(lambda: (text := (self.a.state / "audit/audit.log").read_text()) and
                        '"reason":"no rule"' in text and text, "the refusal in the audit log")
        line = next(line for line in log.splitlines() if '"reason":"no rule"' in line)
        self.assertIn('"subject":"intern"', line)
        self.assertIn('"issuer":"local"', line)
        minted = [line for line in log.splitlines() if '"token_minted"' in line]
        self.assertTrue(any('"subject":"intern","groups":["interns"]' in line for line in minted))
        self.assertNotIn(stranger, log)

    def test_plaintext_is_refused(self):
        done = self.fails(self.agent, "FATAL", PGSSLMODE="disable")
        self.assertIn("TLS is required; connect with sslmode=verify-full", done.stderr)
        self.assertNotIn("DETAIL", done.stderr)

    def test_prefer_still_uses_tls(self):
        done = self.psql(self.agent, "SELECT 1", "\\conninfo", PGSSLMODE="prefer",
                         PGGSSENCMODE="prefer")
        self.assertIn("TLSv1.3", done.stdout)

    def test_tls_1_2(self):
        done = self.psql(self.agent, "\\conninfo", "SELECT ssn FROM customers WHERE id = 1",
                         PGSSLMAXPROTOCOLVERSION="TLSv1.2")
        self.assertIn("TLSv1.2", done.stdout)
        self.assertIn("***-**-9999", done.stdout)

    def test_database_is_the_resources(self):
        for name in ("postgres", "anyone"):  # the second is what psql makes of PGUSER
            done = self.psql(self.agent, "SELECT current_database()", database=name)
            self.assertEqual(done.stdout, "postgres\n")
        done = self.psql(self.agent, "SELECT 1", database="nowhere", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('FATAL:  bulkhead: this resource is the database "postgres"', done.stderr)

    def test_injected_user(self):
        done = self.psql(self.open, "SELECT current_user", PGUSER="whoever")
        self.assertEqual(done.stdout, "postgres\n")

    def test_startup_options(self):
        done = self.psql(self.agent, "SHOW statement_timeout", "SHOW application_name",
                         PGOPTIONS="-c statement_timeout=7min", PGAPPNAME="the agent")
        self.assertEqual(done.stdout, "7min\nthe agent\n")
        # What SET may not, the start may not.
        done = self.psql(self.agent, "SELECT 1", check=False, PGOPTIONS="-c app.tenant=another")
        self.assertIn('the startup parameter "app.tenant" refused', done.stderr)

    def test_tokens_are_nowhere(self):
        self.psql(self.agent, "SELECT 1")
        self.fails(self.agent[:-4] + "zzzz")
        secret = self.agent.split(".")[2]
        self.assertNotIn(secret[:20], self.a.process.text())
        self.assertNotIn(secret[:20], self.a.server.statements())
        for path in self.a.state.rglob("*"):
            if path.is_file():
                self.assertNotIn(secret[:20].encode(), path.read_bytes(), path)

    def test_expired_token(self):
        token = self.a.token("late", ["agents"], ttl="1s")
        time.sleep(2.5)
        self.fails(token, "FATAL:  bulkhead: ")

    def test_session_ends_at_expiry(self):
        token = self.a.token("shortlived", ["open"], ttl="2s")
        begin = time.monotonic()
        done = self.psql(token, "SELECT 'in'", "SELECT pg_sleep(30)", check=False)
        took = time.monotonic() - begin
        self.assertEqual(done.stdout, "in\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "FATAL:  .*(?i:expired)")
        self.assertLess(took, 8)
        self.wait(lambda: self.a.server.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' "
            "AND pid <> pg_backend_pid()").strip() == "0", "the server's session to end")


class AnyDatabase(GatewayCase):
    """A resource that leaves the choice of the database to the client."""
    rules = """\
rules:
  - name: agents read
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read]}
"""
    data = "CREATE DATABASE other"

    def test_choice_of_the_client(self):
        token = self.a.token("agent", ["agents"])
        for name in ("other", "postgres"):
            done = self.psql(token, "SELECT current_database()", database=name)
            self.assertEqual(done.stdout, f"{name}\n")

    def test_database_that_is_not_there(self):
        done = self.psql(self.a.token("agent", ["agents"]), "SELECT 1", database="nowhere",
                         check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('FATAL:  database "nowhere" does not exist', done.stderr)


class Conversation(PsqlCase):
    """Things of the protocol that psql and psycopg do."""

    def test_extended_protocol_is_judged_and_masked(self):
        import psycopg
        conn = self.connect(self.agent)
        self.assertEqual(conn.execute("SELECT ssn FROM customers WHERE id = %s", (1,)).fetchone(),
                         ("***-**-9999",))
        self.assertEqual(conn.execute("SELECT pin FROM customers WHERE id = %s", (1,)).fetchone(),
                         (None,))
        with self.assertRaises(psycopg.errors.InsufficientPrivilege) as caught:
            conn.execute("DELETE FROM orders WHERE id = %s", (1,))
        self.assertIn("bulkhead: DELETE refused", str(caught.exception))
        self.assertEqual(conn.execute("SELECT %s::int + 1", (41,)).fetchone(), (42,))

    def test_prepared_statement_keeps_its_columns(self):
        conn = self.connect(self.agent)
        for i in range(50):
            row = conn.execute("SELECT ssn AS x, email, id FROM customers WHERE id = %s",
                               (1 + i % 2,), prepare=True).fetchone()
            self.assertIn(row[0], ("***-**-9999", "***-**-1120"))
            self.assertEqual(row[1], "[REDACTED:email]")

    def test_cancel(self):
        import threading
        import psycopg
        conn = self.connect(self.open)
        threading.Timer(0.5, conn.cancel).start()
        begin = time.monotonic()
        with self.assertRaises(psycopg.errors.QueryCanceled):
            conn.execute("SELECT pg_sleep(20)")
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_cancel_with_a_wrong_key_does_nothing(self):
        import socket
        import struct
        conn = self.connect(self.open)
        refused = self.counter("cancels_refused")
        with socket.create_connection((self.a.env("")["PGHOST"], 5432)) as s:
            s.sendall(struct.pack("!IIII", 16, 80877102, conn.info.backend_pid, 12345))
            s.settimeout(5)
            self.assertEqual(s.recv(1), b"")
        self.wait(lambda: self.counter("cancels_refused") > refused, "the refusal to be counted")
        self.assertEqual(conn.execute("SELECT 1").fetchone(), (1,))

    def test_backend_pid_is_the_servers(self):
        conn = self.connect(self.open)
        self.assertEqual(conn.execute("SELECT pg_backend_pid()").fetchone(),
                         (conn.info.backend_pid,))

    def test_large_object_functions(self):
        done = self.psql(self.open, "\\lo_import /etc/hostname", check=False)
        self.assertRegex(done.stdout, r"lo_import \d+")
        done = self.psql(self.agent, "\\lo_import /etc/hostname", check=False)
        self.assertIn("refused", done.stderr)

    def test_copy_in(self):
        done = self.psql_script(self.builder, "COPY orders FROM STDIN;\n70\tseventy\n\\.\n"
                                "SELECT item FROM orders WHERE id = 70;\n")
        self.assertEqual(done.stdout, "seventy\n", done.stderr)

    def test_many_statements_in_one_session(self):
        done = self.psql_script(self.agent, "SELECT 'x';\n" * 2000)
        self.assertEqual(done.stdout, "x\n" * 2000)

    def test_big_statement_and_big_row(self):
        done = self.psql_script(self.agent, f"SELECT length('{'y' * 900000}');\n")
        self.assertEqual(done.stdout, "900000\n", done.stderr[-300:])
        # Longer than the gateway reads: it does not know what it does.
        done = self.psql_script(self.agent, f"SELECT length('{'y' * 2000000}');\nSELECT 1;\n")
        self.assertIn("refused", done.stderr)
        self.assertEqual(done.stdout, "1\n")
        done = self.psql(self.agent, "SELECT repeat('z', 5000000)")
        self.assertEqual(len(done.stdout), 5000001)

    def test_encoding_of_the_client(self):
        # Text in an encoding that the gateway does not read could hide anything.
        done = self.psql_script(self.agent, "SET client_encoding = 'SJIS';\nSELECT 1;\n"
                                "DROP TABLE customers;\n")
        self.assertIn("refused", done.stderr)
        self.assertFalse(self.server_saw("DROP TABLE customers"))

    def test_records_hold_no_secret(self):
        subject = self.a.token("recorded", ["agents"])
        self.psql(subject, f"SELECT ssn, email FROM customers WHERE email <> '{EMAIL}' OR id = 1")
        sessions = self.wait(lambda: re.findall(
            r"\b[0-9a-f]{16}\b(?=.*recorded)", self.a.ctl("sessions", "list").stdout), "the record")
        replay = self.a.ctl("sessions", "replay", "--no-delay", sessions[0]).stdout
        self.assertIn("SELECT ssn, email FROM customers", replay)
        self.assert_no_leak(replay, EMAIL, "219-09")


if __name__ == "__main__":
    main()
