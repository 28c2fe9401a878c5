#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Big results, slow readers, two workers, and every kind of port."""
import threading
import time

import wire
from gateway_case import OPEN_RULES, GatewayCase, Options, inside, main, timed

MIB = 1 << 20
PACKET = 2 << 10  # a packet buffer, about


def held(case):
    """Bytes in buffers of sessions, and in packets that TCP keeps."""
    return sum(int(w["blocks_used"]) + PACKET * int(w["pkts_used"])
               for w in case.a.status()["workers"])


class Watch:
    """The most memory held while something runs."""

    def __init__(self, case):
        self.case, self.peak, self.stop = case, 0, threading.Event()

    def __enter__(self):
        self.start = held(self.case)
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self):
        while not self.stop.wait(0.05):
            self.peak = max(self.peak, held(self.case))

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    @property
    def grown(self):
        return self.peak - self.start


class Streaming(GatewayCase):
    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("reader", ["agents"])
        cls.mib = 1024 if Options.full else 256

    def stream(self, sql, expected):
        with Watch(self) as memory:
            _, seconds = timed(self.a.client, ["sh", "-c",
                               f"test $(psql -XAtq -c \"$1\" | wc -c) -eq {expected}", "sh", sql],
                               self.token, timeout=600)
        mib = expected / MIB
        print(f"{mib:.0f} MiB in {seconds:.1f} s ({mib / seconds:.0f} MiB/s), "
              f"{memory.grown / MIB:.2f} MiB held at most", flush=True)
        self.assertLess(memory.grown, 4 * MIB)

    def test_copy_of_a_big_result(self):
        # 1023 bytes and a line end in each row
        self.stream(f"COPY (SELECT repeat('x', 1023) FROM generate_series(1, {self.mib * 1024})) "
                    "TO STDOUT", self.mib * MIB)

    def test_big_rows(self):
        self.stream(f"COPY (SELECT repeat('y', {MIB - 1}) "
                    f"FROM generate_series(1, {self.mib // 4})) TO STDOUT", self.mib // 4 * MIB)

    def test_rows(self):
        conn = self.connect(self.token)
        rows = self.mib // 4 * 1024
        with Watch(self) as memory:
            cursor = conn.cursor()
            n = sum(len(row[0]) for row in cursor.stream(
                f"SELECT repeat('z', 1024) FROM generate_series(1, {rows})"))
        self.assertEqual(n, rows * 1024)
        self.assertLess(memory.grown, 4 * MIB)

    def slow_reader(self):
        """A session that asks for a lot and reads nothing of it."""
        w = wire.Wire(self.a.certs / "ca.pem", timeout=60)
        self.addCleanup(w.close)
        w.login(self.token)
        w.send(wire.query("SELECT repeat('slow', 256) FROM generate_series(1, 500000)"))
        return w

    def test_slow_reader_slows_only_itself(self):
        fast = self.connect(self.token)

        def work():
            for _ in range(300):
                fast.execute("SELECT 1").fetchone()
            return sum(1 for _ in fast.cursor().stream(
                "SELECT repeat('q', 1000) FROM generate_series(1, 20000)"))
        work()
        _, alone = timed(work)
        with Watch(self) as memory:
            slow = [self.slow_reader() for _ in range(4)]
            time.sleep(2)
            _, beside = timed(work)
        print(f"alone {alone:.2f} s, beside four stalled readers {beside:.2f} s, "
              f"{memory.grown / MIB:.2f} MiB held for five", flush=True)
        self.assertLess(beside, alone * 2 + 0.5)
        self.assertLess(memory.grown, 5 * 4 * MIB)
        # And the stalled one gets all of its rows in the end.
        kinds = [k for k, _ in slow[0].receive_until_ready()]
        self.assertEqual((kinds.count(b"D"), kinds[0], kinds[-1]), (500000, b"T", b"Z"))

    def test_slow_writer(self):
        """A COPY IN whose server waits for a lock: the client's side fills up and goes on."""
        self.a.server.sql("CREATE TABLE IF NOT EXISTS big (a text)")
        holder = self.connect(self.token, autocommit=False)
        holder.execute("LOCK TABLE big IN ACCESS EXCLUSIVE MODE")
        conn = self.connect(self.token)

        def load():
            with conn.cursor().copy("COPY big FROM STDIN") as copy:
                for _ in range(64):
                    copy.write(("w" * 1023 + "\n") * 1024)
        thread = threading.Thread(target=load)
        with Watch(self) as memory:
            thread.start()
            time.sleep(2)
            self.assertTrue(thread.is_alive())
            holder.rollback()
            thread.join(60)
        self.assertFalse(thread.is_alive())
        self.assertLess(memory.grown, 2 * 4 * MIB)
        self.assertEqual(conn.execute("SELECT count(*) FROM big").fetchone(), (65536,))

    def test_memory_comes_back(self):
        start = held(self)
        for _ in range(20):
            self.psql(self.token, "SELECT repeat('x', 100000)")
        self.wait(lambda: self.counter("sessions_live") <= 4, "the sessions to end")
        self.assertLess(held(self) - start, MIB)

    def test_idle_sessions_hold_little(self):
        start = held(self)
        conns = [self.connect(self.token) for _ in range(50)]
        for conn in conns:
            conn.execute("SELECT repeat('x', 10000)")
        time.sleep(1)
        each = (held(self) - start) / len(conns)
        print(f"{each / 1024:.1f} KiB held by an idle session", flush=True)
        self.assertLess(each, 64 * 1024)


class TwoWorkers(GatewayCase):
    workers = 2

    @classmethod
    def prepare(cls):
        cls.token = cls.a.token("agent", ["agents"])

    def test_both_have_sessions(self):
        conns = [self.connect(self.token) for _ in range(24)]
        for i, conn in enumerate(conns):
            self.assertEqual(conn.execute("SELECT %s::int", (i,)).fetchone(), (i,))
        live = [int(w["sessions_live"]) for w in self.a.status()["workers"]]
        print(f"sessions per worker: {live}", flush=True)
        self.assertEqual(len(live), 2)
        self.assertTrue(all(n > 0 for n in live), live)

    def test_cancel_reaches_the_other_worker(self):
        import psycopg
        before = self.counter("cancels")
        for _ in range(10):
            conn = self.connect(self.token)
            threading.Timer(0.1, conn.cancel).start()
            with self.assertRaises(psycopg.errors.QueryCanceled):
                conn.execute("SELECT pg_sleep(15)")
        self.assertEqual(self.counter("cancels") - before, 10)

    def test_much_at_once(self):
        def work(failures):
            try:
                with inside(self.net.client):
                    conn = self.connect(self.token)
                    for _ in range(5):
                        n = sum(1 for _ in conn.cursor().stream(
                            "SELECT repeat('x', 1000) FROM generate_series(1, 4000)"))
                        assert n == 4000
            except BaseException as e:  # noqa: BLE001, told by the test
                failures.append(e)
        failures = []
        threads = [threading.Thread(target=work, args=(failures,)) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(120)
        self.assertEqual(failures, [])


class Port:
    """A session over a kind of port; the classes below say which."""
    rules = OPEN_RULES.replace("mask: [pem-private-key]", "mask: [{pattern: email, style: redact}]")

    def test_session(self):
        token = self.a.token("agent", ["agents"])
        done = self.psql(token, "SELECT 'joe@example.org', 7")
        self.assertEqual(done.stdout, "[REDACTED:email]|7\n")
        done = self.psql(token, "SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        self.assertEqual(len(done.stdout), 20000 * 1001)


class PortAfPacket(Port, GatewayCase):
    device = "af_packet"


class PortAfXdp(Port, GatewayCase):
    device = "af_xdp"


class PortTap(Port, GatewayCase):
    device = "tap"


if __name__ == "__main__":
    main()
