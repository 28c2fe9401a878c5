// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Buffers grow where that is of use, and shrink where it is not or there is nothing to grow by.

#include "dataplane/tcp/ledger.h"
#include "tests/unit/tcp/rig.h"

enum { LEAST = 64 << 10, MOST = 4 << 20, FULL = 1400, RTT_MS = RIG_RTT_US / 1000 };

static const struct span none = {0};
static const uint8_t scaling[] = {2, 4, 5, 180, 1, 3, 3, 7}; // MSS 1460, scale 7

static void start(struct rig *rig, uint32_t queue_pkts)
{
	rig_config(rig);
	rig->config.conns_max = 32;
	rig->config.window_scale = true;
	rig->config.rcv_buf = rig->config.snd_buf = LEAST;
	rig->config.rcv_buf_max = rig->config.snd_buf_max = MOST;
	rig->config.queue_pkts_max = queue_pkts;
	rig->pkts = 8192;
	rig_new(rig);
	rig_accept(rig, span_of(scaling, sizeof(scaling)));
	rig_drain(rig);
}

static void stop(struct rig *rig)
{
	tcp_abort(rig->conn);
	tcp_release(rig->conn);
	rig_tick(rig, 1);
	assert_int_equal(tcp_stats(rig->tcp)->rcv_buf_extra, 0);
	rig_drain(rig);
	rig_free(rig);
}

static uint32_t window(const struct tcp_conn *conn)
{
	return conn->rcv_adv - conn->rcv_nxt;
}

// A round trip in which the peer sends `bytes`, as far as the window lets it, and `read` of what
// there is are read. The right edge never moves back. Returns the window that is then open.
static uint32_t round_trip(struct rig *rig, uint32_t bytes, uint32_t read)
{
	uint32_t open = window(rig->conn);
	rig_tick(rig, RTT_MS - 1);
	rig_drain(rig);
	for (uint32_t n = min_u32(bytes, open); n >= FULL; n -= FULL) {
		rig_in(rig, TCP_ACK, rig->seq, rig->una, 60000, rig_bytes(FULL));
		rig->seq += FULL;
		uint32_t now = min_u32(read, FULL);
		tcp_consume(rig->conn, now);
		read -= now;
	}
	tcp_consume(rig->conn, read);
	uint32_t edge = rig->conn->rcv_adv;
	// Under pressure by what the scale rounds (RFC 7323 2.4).
	bool pressed = tcp_stats(rig->tcp)->memory != TCP_MEMORY_NORMAL;
	uint32_t slack = pressed ? (UINT32_C(1) << rig->conn->rcv_scale) - 1 : 0;
	rig_tick(rig, 1);
	while (!rig_silent(rig)) {
		struct rig_segment *ack = rig_out(rig);
		uint32_t told = ack->ack + ((uint32_t)ack->wnd << rig->conn->rcv_scale);
		assert_true(seq_le(edge - slack, told));
		edge = seq_max(edge, told);
	}
	rig_drain(rig);
	return window(rig->conn);
}

static void grow(struct rig *rig, uint32_t to)
{
	for (int i = 0; window(rig->conn) < to; i++) {
		assert_in_range(i, 0, 12);
		(void)round_trip(rig, MOST, MOST);
	}
}

// RFC 7323 2.2: the scale can never change, so it is that of the largest.
static void the_scale_is_of_the_largest(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.window_scale = true;
	rig.config.rcv_buf_max = MOST;
	rig_new(&rig);
	rig_in_options(&rig, TCP_SYN, 1000, 0, 60000, span_of(scaling, sizeof(scaling)), none);
	struct rig_segment *syn_ack = rig_out(&rig);
	assert_int_equal(syn_ack->options.scale, 7);
	assert_int_equal(syn_ack->wnd, 60000);
	rig_free(&rig);
}

static void who_reads_a_window_a_round_gets_more(void **)
{
	struct rig rig = {0};
	start(&rig, 0);
	assert_int_equal(round_trip(&rig, 0, 0), 65535);
	grow(&rig, MOST - 4 * FULL);
	for (int i = 0; i < 3; i++)
		assert_in_range(round_trip(&rig, MOST, MOST), MOST - 4 * FULL, MOST);
	assert_in_range(tcp_stats(rig.tcp)->rcv_buf_grown, 5, 12);
	stop(&rig);
}

// All that comes is read, but less than half a window in a round trip: the path, or the peer, is
// what limits.
static void who_is_not_held_up_gets_no_more(void **)
{
	struct rig rig = {0};
	start(&rig, 0);
	for (int i = 0; i < 50; i++)
		assert_in_range(round_trip(&rig, 14 * FULL, MOST), LEAST - 4 * FULL, LEAST);
	assert_int_equal(tcp_stats(rig.tcp)->rcv_buf_grown, 0);
	stop(&rig);
}

static void who_reads_slowly_gets_no_more(void **)
{
	struct rig rig = {0};
	start(&rig, 0);
	for (int i = 0; i < 50; i++)
		assert_in_range(round_trip(&rig, MOST, 10000), 0, LEAST);
	assert_int_equal(tcp_stats(rig.tcp)->rcv_buf_grown, 0);
	assert_in_range(rig.conn->rcv_bytes, 0, LEAST);
	stop(&rig);
}

static void who_becomes_slow_gives_back(void **)
{
	struct rig rig = {0};
	start(&rig, 0);
	grow(&rig, MOST / 2);
	for (int i = 0; i < 3000; i++)
		(void)round_trip(&rig, 2 * FULL, MOST);
	assert_int_equal(tcp_stats(rig.tcp)->rcv_buf_extra, 0);
	assert_in_range(round_trip(&rig, 0, 0), LEAST - 4 * FULL, LEAST);
	grow(&rig, MOST / 2);
	stop(&rig);
}

// Of 1,000 packets: a quarter of what is left, at most, and nothing under pressure.
static void growth_is_the_ledgers(void **)
{
	struct rig rig = {0};
	start(&rig, 2000);
	for (int i = 0; i < 12; i++)
		assert_in_range(round_trip(&rig, MOST, MOST), LEAST - 1, 250 * 1460);
	assert_in_range(window(rig.conn), 240 * 1460, 250 * 1460);
	struct tcp_conn *reads = rig.conn;
	uint32_t seq = rig.seq, una = rig.una;
	uint32_t edge = reads->rcv_adv;
	for (uint16_t i = 0; i < 16; i++) { // who are not read
		uint32_t events;
		while (tcp_event(rig.tcp, &events) != NULL)
			continue;
		rig.remote.port++;
		rig_accept(&rig, span_of(scaling, sizeof(scaling)));
		for (uint32_t n = 0; n < 45; n++)
			rig_in(&rig, TCP_ACK, rig.seq + n * FULL, rig.una, 60000, rig_bytes(FULL));
		rig_tick(&rig, 1);
		rig_drain(&rig);
	}
	assert_int_equal(tcp_stats(rig.tcp)->memory, TCP_MEMORY_PRESSURE);
	assert_int_equal(tcp_stats(rig.tcp)->rcv_buf_extra, 0);
	assert_in_range(tcp_stats(rig.tcp)->rcv_buf_shrunk, 1, 20);
	rig.conn = reads, rig.seq = seq, rig.una = una;
	rig.remote.port = RIG_PEER_PORT;
	assert_int_equal(reads->rcv_adv, edge);
	for (int i = 0; i < 30; i++)
		(void)round_trip(&rig, 10 * FULL, MOST);
	assert_in_range(
		round_trip(&rig, 10 * FULL, MOST), FULL, LEDGER_PRESSURE_WINDOW * 1460 + 128
	);
	stop(&rig);
}

static void sending_follows_the_congestion_window(void **)
{
	struct rig rig = {0};
	start(&rig, 2000);
	struct tcp_conn *conn = rig.conn;
	assert_int_equal(tcp_send_room(conn), LEAST);
	conn->cwnd = conn->snd_wnd = 200000;
	assert_int_equal(tcp_send_room(conn), 300000);
	conn->cwnd = conn->snd_wnd = MOST;
	assert_int_equal(tcp_send_room(conn), 250 * 1460); // the ledger's
	conn->snd_wnd = 20000;                             // it has stopped to read
	assert_int_equal(tcp_send_room(conn), LEAST);
	conn->snd_wnd = MOST;
	rig.tcp->tx_memory = TCP_MEMORY_PRESSURE;
	assert_int_equal(tcp_send_room(conn), LEDGER_PRESSURE_SEND * 1460);
	stop(&rig);
}

static void sending_has_an_end(void **)
{
	struct rig rig = {0};
	start(&rig, 0);
	rig.conn->cwnd = rig.conn->snd_wnd = UINT32_MAX / 2;
	assert_int_equal(tcp_send_room(rig.conn), MOST);
	stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_scale_is_of_the_largest),
		cmocka_unit_test(who_reads_a_window_a_round_gets_more),
		cmocka_unit_test(who_is_not_held_up_gets_no_more),
		cmocka_unit_test(who_reads_slowly_gets_no_more),
		cmocka_unit_test(who_becomes_slow_gives_back),
		cmocka_unit_test(growth_is_the_ledgers),
		cmocka_unit_test(sending_follows_the_congestion_window),
		cmocka_unit_test(sending_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
