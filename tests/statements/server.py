# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""A PostgreSQL of our own behind a socket in a folder of ours."""
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

BIN = Path("/usr/lib/postgresql/15/bin")
OPTIONS = ("-c listen_addresses= -c fsync=off -c statement_timeout=10s -c max_prepared_transactions=2"
           " -c log_min_messages=fatal -c autovacuum=off")


class Server:
    def __init__(self, _=None):
        self.user = pwd.getpwnam("postgres")
        self.dir = Path(tempfile.mkdtemp(prefix="bulkhead-statements-"))
        self.conn = None

    def as_postgres(self, *argv):
        switch = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                  "--clear-groups"] if os.getuid() == 0 else []
        subprocess.run([*switch, *argv], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=self.dir, timeout=120)

    def __enter__(self):
        os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)
        data = self.dir / "data"
        self.as_postgres(BIN / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C",
                         "--no-sync", "-U", "postgres")
        self.as_postgres(BIN / "pg_ctl", "-D", data, "-w", "-l", self.dir / "log", "-o",
                         f"{OPTIONS} -c unix_socket_directories={self.dir}", "start")
        self.connect()
        return self

    def __exit__(self, *_):
        if self.conn is not None:
            self.conn.close()
        self.as_postgres(BIN / "pg_ctl", "-D", self.dir / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.dir)

    def connect(self):
        self.conn = psycopg.connect(host=str(self.dir), user="postgres", dbname="postgres",
                                    autocommit=True)

    def run(self, sql):
        """The last result of a text sent by the simple query protocol; data is neither read nor
        written."""
        pg, last = self.conn.pgconn, None
        pg.send_query(sql.encode())
        while True:
            result = pg.get_result()
            if result is None:
                return last
            last = result
            if result.status == ExecStatus.COPY_IN:
                pg.put_copy_end()
            while result.status == ExecStatus.COPY_OUT and pg.get_copy_data(0)[0] > 0:
                pass

    def query(self, sql):
        """Rows as text."""
        result = self.run(sql)
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise RuntimeError(result.error_message.decode())
        return [tuple((result.get_value(r, c) or b"").decode() for c in range(result.nfields))
                for r in range(result.ntuples)]

    def rows(self, sql):
        """Rows of a text run in a transaction that is rolled back, or None when it fails."""
        self.run("BEGIN")
        try:
            return self.query(sql)
        except (RuntimeError, UnicodeDecodeError):
            return None
        finally:
            self.run("ROLLBACK")

    def state(self, sql):
        result = self.run(sql)
        if result is None or result.status != ExecStatus.FATAL_ERROR:
            return None
        state = result.error_field(DiagnosticField.SQLSTATE)
        return (state or b"?????").decode()

    def try_read_only(self, sql, again=True):
        """SQLSTATE of the text in a READ ONLY transaction, or None; then it runs as it is."""
        if "\0" in sql:
            return "22021"
        try:
            inside = self.conn.pgconn.transaction_status == TransactionStatus.INTRANS
            failed = self.conn.pgconn.transaction_status == TransactionStatus.INERROR
            if inside:
                self.run("SAVEPOINT bulkhead; SET LOCAL transaction_read_only = on")
            elif not failed:
                self.run("BEGIN READ ONLY")
            state = self.state(sql)
            self.run("ROLLBACK TO SAVEPOINT bulkhead" if inside else
                     "ROLLBACK" if not failed else "SELECT 1")
            if again:
                self.run(sql)
            if self.conn.pgconn.status == psycopg.pq.ConnStatus.OK:
                return state
        except psycopg.OperationalError:
            state = "57P01"
        self.conn.close()
        self.connect()
        return state
