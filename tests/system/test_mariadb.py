#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""MariaDB as the judge of what we take for reading.

Every statement runs in START TRANSACTION READ ONLY at a server of its own; what the server refuses
there (error 1792) must not be understood as reading only. Then it runs for real, so that the next
ones find their tables.

  test_mariadb.py EFFECTS            the statements of tests/unit/inspect/mysql.c and tests/bypass/mysql

The server's own tests are read by tests/statements/corpus.
"""
import collections
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import pymysql
except ImportError:
    pymysql = None

READ, WRITE, DDL, ADMIN, EXEC, UNKNOWN, SESSION = (1 << n for n in range(7))
REFUSED = 1792  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
SYNTAX = {1064, 1149}
MEMORY = 4 << 30  # bytes that a server of all tests has room in
# What would end the server or the connection, or take long.
SKIP = re.compile(r"\b(shutdown|kill|sleep|benchmark|wait|get_lock|backup|crash|debug|"
                  r"install|uninstall|general_log|max_statement_time|secure_file|slave|master)\b", re.I)
# Commands of the server's test program, which are not the server's.
PROGRAM = re.compile(
    r"\s*(let|echo|source|eval|exec|system|connect|connection|disconnect|send|reap|sleep|die|exit|"
    r"error|delimiter|while|if|inc|dec|perl|append_file|write_file|remove_file|cat_file|copy_file|"
    r"mkdir|rmdir|list_files|vertical_results|horizontal_results|query_vertical|query|sorted_result|"
    r"disable_\w+|enable_\w+|replace_\w+|require|skip|diff_files|chmod|change_user|ping|"
    r"character_set|result_format|shutdown_server|reset_connection|file_exists|move_file|"
    r"dirty_close|send_eval|send_quit|real_sleep|output|lowercase_result|force-\w+|force_\w+|"
    r"evalp?|remove_files_wildcard|assert|end|start_timer|end_timer|save_master_pos|sync_\w+|"
    r"wait_for_slave_to_stop|partially_sorted_result|optimizer_trace\w*|\}|\{)\b", re.I)


class Server:
    """A MariaDB that only this process reaches."""

    def __init__(self):
        # In memory where there is room: on a disk that syncs, most of the time is its own.
        memory = Path("/dev/shm")
        roomy = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY
        self.folder = Path(tempfile.mkdtemp(prefix="mariadb-", dir=memory if roomy else None))
        self.data, self.socket = self.folder / "data", self.folder / "socket"
        self.new = self.folder / "new"  # as it is made
        subprocess.run(["mariadb-install-db", "--no-defaults", "--user=root", "--skip-test-db",
                        f"--datadir={self.new}"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        shutil.copytree(self.new, self.data)
        self.start()

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            ["mariadbd", "--no-defaults", "--user=root", f"--datadir={self.data}",
             f"--socket={self.socket}", "--skip-networking", "--skip-grant-tables",
             f"--secure-file-priv={self.folder}", "--max-statement-time=1", "--lock-wait-timeout=1",
             "--innodb-lock-wait-timeout=1", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-flush-method=nosync", "--sync-frm=0",
             f"--pid-file={self.folder / 'pid'}"], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connect().close()
                return
            except pymysql.err.MySQLError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def connect(self):
        return pymysql.connect(unix_socket=str(self.socket), user="root", charset="utf8mb4",
                               read_timeout=20, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)

    def restart(self):
        """As new: what a test left in its folder may keep a database from being dropped for good."""
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.data)
        shutil.copytree(self.new, self.data)
        self.start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


def run(connection, statement):
    """The server's error number, or 0."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            while cursor.nextset():
                pass
        return 0
    except pymysql.err.MySQLError as e:
        return e.args[0] if e.args and isinstance(e.args[0], int) else -1
    except (UnicodeError, ValueError, TypeError, AttributeError, IndexError):
        return -1


def statements_of(path):
    """The statements of one of the server's tests, as far as they are written out."""
    delimiter, text = ";", ""
    for line in path.read_text(encoding="utf-8", errors="ignore").splitlines():
        bare = line.strip()
        if text == "" and (bare == "" or bare.startswith("#") or bare.startswith("--")):
            match = re.match(r"--\s*delimiter\s+(\S+)", bare, re.I)
            delimiter = match.group(1) if match else delimiter
            continue
        match = re.match(r"delimiter\s+(\S+?)\s*" + re.escape(delimiter) + "$", bare, re.I)
        if text == "" and match:
            delimiter = match.group(1)
            continue
        text += line + "\n"
        if not bare.endswith(delimiter):
            continue
        statement = text.rstrip()[:-len(delimiter)].strip()
        text = ""
        if statement and not PROGRAM.match(statement) and "$" not in statement:
            yield statement


def statements_of_unit_test():
    source = Path(__file__).resolve().parents[1] / "unit/inspect/mysql.c"
    for match in re.finditer(r'^\t\{"((?:[^"\\]|\\.)*)",', source.read_text(), re.M):
        yield match.group(1).replace('\\"', '"').replace("\\\\", "\\")


def statements_of_bypasses():
    """Of the corpus, what is written for a server as it comes."""
    source = Path(__file__).resolve().parents[2] / "tests/bypass/mysql"
    for part in re.split(r"^> ", source.read_text(), flags=re.M)[1:]:
        head, _, statement = part.partition("\n")
        if head.count(":") == 1:
            yield re.sub(r"\n+(#.*\n*)*$", "", statement)


def classify(program, statements):
    out = subprocess.run([program, "mysql"], input=b"".join(s.encode() + b"\0" for s in statements),
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in out.splitlines()]


class Judge:
    def __init__(self, server):
        self.server, self.count, self.why = server, collections.Counter(), collections.Counter()
        self.faults = []

    def fresh(self):
        connection = self.server.connect()
        # Some statements leave their thread, and its locks, behind for good.
        if run(connection, "DROP DATABASE IF EXISTS test") != 0:
            connection.close()
            self.server.restart()
            connection = self.server.connect()
            run(connection, "DROP DATABASE IF EXISTS test")
        for s in ("CREATE DATABASE test", "USE test"):
            run(connection, s)
        return connection

    def one(self, connection, statement, kinds, why):
        """The connection to go on with."""
        self.count["statements"] += 1
        if kinds & UNKNOWN:
            self.count["unknown"] += 1
        if SKIP.search(statement):
            return connection
        run(connection, "START TRANSACTION READ ONLY")
        code = run(connection, statement)
        run(connection, "ROLLBACK")
        if code == REFUSED:
            self.count["refused as writing"] += 1
            if not kinds & (WRITE | DDL | ADMIN | EXEC | UNKNOWN):
                self.faults.append(statement)
                print(f"taken for reading, refused by the server: {statement!r}", flush=True)
        if code not in SYNTAX and kinds & UNKNOWN:
            self.count["unknown, and no syntax error to the server"] += 1
            self.why[why] += 1
            if "-v" in sys.argv:
                print("unknown:", why, repr(statement[:150]))
        if code in (REFUSED, 0):
            code = run(connection, statement)
        if code in (2006, 2013, -1, 0) and not connection.open:
            connection = self.fresh()
        return connection

    def text(self, statements, effects):
        connection = self.fresh()
        run(connection, "CREATE TABLE t (a INT, b INT, c INT, d INT, id INT PRIMARY KEY)")
        run(connection, "CREATE TABLE u (a INT, b INT, c INT, d INT, id INT PRIMARY KEY)")
        run(connection, "CREATE TABLE users (id INT PRIMARY KEY, name TEXT)")
        for statement, (kinds, why) in zip(statements, effects):
            connection = self.one(connection, statement, kinds, why)
        connection.close()


def judge(program, texts):
    """Each text is a list of statements that run one after the other."""
    server = Server()
    try:
        judge = Judge(server)
        for statements in texts:
            if server.process.poll() is not None:  # a test may end it
                server.start()
            judge.text(statements, classify(program, statements))
        return judge
    finally:
        server.stop()


def main():
    if pymysql is None or shutil.which("mariadbd") is None:
        print("no MariaDB, or no pymysql: skipped")
        return 77
    found = judge(sys.argv[1], [list(statements_of_unit_test()), list(statements_of_bypasses())])
    for what, n in found.count.items():
        print(f"{n:8} {what}")
    for why, n in found.why.most_common(20):
        print(f"{n:8} unknown: {why}")
    assert found.count["refused as writing"] > 20, "the server refused nothing: is it the judge?"
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
