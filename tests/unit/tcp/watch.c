// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Every live connection has a deadline, and the wheel knows of the first.

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

// Let `ms` pass; the connection is watched all the time.
static void pass(struct rig *rig, struct tcp_conn *conn, uint32_t ms)
{
	assert_true(conn_is_watched(conn));
	for (uint32_t i = 0; i < ms && (conn->flags & CONN_LIVE) != 0; i++) {
		rig_tick(rig, 1);
		assert_true(conn_is_watched(conn));
		rig_drain(rig);
	}
}

static void an_unwatched_connection_is_noticed(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	rig_tick(&rig, 100);
	struct tcp_conn *conn = rig.conn;
	assert_int_equal(conn->flags & CONN_DIRTY, 0);
	assert_true(conn_is_watched(conn));
	due_in(conn, DUE_ACK, 40); // sooner than the wheel knows
	assert_false(conn_is_watched(conn));
	conn_mark(conn);
	assert_true(conn_is_watched(conn));
	rig_tick(&rig, 0);
	assert_true(conn_is_watched(conn));
	for (int i = 0; i < DUE_COUNT; i++)
		due_stop(conn, i);
	assert_false(conn_is_watched(conn));
	due_in(conn, DUE_ALIVE, 1000000);
	assert_true(conn_is_watched(conn));
	wheel_disarm(&conn->timer);
	assert_false(conn_is_watched(conn));
	conn_mark(conn);
	rig_free(&rig);
}

static void through_a_life(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	struct tcp_conn *conn = rig.conn;
	pass(&rig, conn, 100);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 0, rig_bytes(100)); // and a closed window
	assert_int_equal(tcp_send(conn, rig_bytes(3000)), 3000);
	pass(&rig, conn, 3000);
	rig_in(&rig, TCP_ACK, rig.seq + 100, rig.una, 60000, none);
	pass(&rig, conn, 700);
	rig_in(&rig, TCP_ACK, rig.seq + 100, conn->snd_nxt, 60000, none);
	pass(&rig, conn, 100);
	tcp_consume(conn, 100);
	rig_in(&rig, TCP_ACK | TCP_FIN, rig.seq + 100, conn->snd_nxt, 60000, none);
	pass(&rig, conn, 100);
	tcp_release(conn);
	pass(&rig, conn, 100);
	rig_in(&rig, TCP_ACK, rig.seq + 101, conn->snd_nxt, 60000, none);
	rig_tick(&rig, 1);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	rig_free(&rig);
}

static void nobody_answers(void **)
{
	struct rig rig = {0};
	struct tcp_conn *conn;
	rig_new(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
	pass(&rig, conn, 60000);
	assert_int_equal(tcp_conn_error(conn), -ETIMEDOUT);
	tcp_release(conn);
	rig_tick(&rig, 1);
	rig_free(&rig);
}

// What is to be sent at once, outside of a turn of tcp_tick, but finds no packet.
static void an_answer_without_a_packet_is_due_again(void **)
{
	struct rig rig = {0};
	struct tcp_conn *conn;
	struct pkt *held = NULL;
	rig_new(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
	rig_tick(&rig, 1);
	rig.local.port = conn->flow.local.port;
	rig_drain(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none); // both sides open
	assert_int_equal(conn->state, TCP_SYN_RECEIVED);
	pass(&rig, conn, 10);
	for (uint32_t used = pkt_pool_used(rig.pool); used < 511; used++) {
		struct pkt *pkt = pkt_get(rig.pool);
		pkt->next = held;
		held = pkt;
	}
	assert_int_equal(conn->flags & CONN_DIRTY, 0);
	uint64_t before = tcp_stats(rig.tcp)->no_memory;
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	assert_int_equal(tcp_stats(rig.tcp)->no_memory, before + 1);
	pass(&rig, conn, 20);
	while (held != NULL) {
		struct pkt *next = held->next;
		held->next = NULL;
		pkt_put(held);
		held = next;
	}
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unwatched_connection_is_noticed),
		cmocka_unit_test(through_a_life),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(an_answer_without_a_packet_is_due_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
