// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How the congestion window grows and shrinks: slow start with HyStart++ (RFC 9406), CUBIC
// (RFC 9438), NewReno (RFC 5681), and what an unused window is worth (RFC 7661).

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

static void rig_long(struct rig *rig, enum tcp_congestion congestion)
{
	rig_config(rig);
	rig->config.congestion = congestion;
	rig->config.snd_buf = 1000000;
	rig->pkts = 4000;
	rig_sent(rig, true, 10);
}

static void ack_in(struct rig *rig, uint32_t to)
{
	rig_in(rig, TCP_ACK, rig->seq, to, 60000, none);
}

// One round trip of `ms` in which the window is full and every segment acknowledged by itself. The
// window of the peer is no limit.
static void round_trip(struct rig *rig, uint32_t ms)
{
	struct tcp_conn *conn = rig->conn;
	uint32_t end = conn->snd_nxt;
	conn->snd_scale = 6;
	rig_tick(rig, ms);
	while (conn->snd_una != end) {
		ack_in(rig, min_u32(end - conn->snd_una, 1000) + conn->snd_una);
		size_t n = tcp_send(conn, rig_bytes(3000));
		assert_in_range(n, 0, 3000);
		rig_tick(rig, 0);
		rig_drain(rig);
	}
}

static void round_trips(struct rig *rig, uint32_t rounds, uint32_t ms)
{
	for (uint32_t i = 0; i < rounds; i++)
		round_trip(rig, ms);
}

// RFC 9406 4.2: round trips that are longer by an eighth, but at least 4 ms, are a queue.
static void slow_start_ends_before_the_queue_is_full(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 2, 20);
	assert_int_equal(rig.conn->cwnd, 40000);
	round_trip(&rig, 23); // not enough
	assert_int_equal(rig.conn->cwnd, 80000);
	round_trip(&rig, 28);
	assert_in_range(rig.conn->cwnd, 81000, 110000); // a quarter from the eighth sample on
	uint32_t cwnd = rig.conn->cwnd;
	round_trips(&rig, 5, 28);
	assert_in_range(rig.conn->ssthresh, cwnd, 300000);
	assert_in_range(rig.conn->cwnd, rig.conn->ssthresh, rig.conn->ssthresh + 30000);
	rig_free(&rig);
}

static void a_passing_delay_does_not_end_slow_start(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 2, 20);
	round_trip(&rig, 28);
	assert_in_range(rig.conn->hystart.css, 1, 5);
	uint32_t cwnd = rig.conn->cwnd;
	round_trip(&rig, 20);
	assert_int_equal(rig.conn->hystart.css, 0);
	assert_in_range(rig.conn->cwnd, cwnd * 17 / 10, cwnd * 2);
	rig_free(&rig);
}

// The first packet of a full window is lost, and repaired.
static void lose_one(struct rig *rig)
{
	struct tcp_conn *conn = rig->conn;
	uint32_t una = conn->snd_una, end = conn->snd_nxt;
	rig_tick(rig, 20);
	rig_in_sack(rig, una, &(struct sack_block){una + 1000, end}, 1);
	rig_tick(rig, 20);
	rig_drain(rig);
	ack_in(rig, end);
	assert_int_equal(conn->recovery, RECOVERY_NONE);
	while (tcp_send(conn, rig_bytes(3000)) == 3000)
		;
	rig_tick(rig, 0);
	rig_drain(rig);
}

static void newreno_halves_and_adds_one(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_NEWRENO);
	round_trips(&rig, 2, 20);
	lose_one(&rig);
	assert_int_equal(rig.conn->ssthresh, 20000);
	assert_int_equal(rig.conn->cwnd, 20000);
	round_trips(&rig, 3, 20);
	assert_in_range(rig.conn->cwnd, 22000, 23000);
	rig_free(&rig);
}

// RFC 9438 4.2, 4.6: beta is 0.7, the curve is steep first, flat at the old window, steep again.
static void cubic_returns_to_where_it_was(void **)
{
	struct rig rig = {.rtt_us = 150000};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 4, 150); // so long that Reno would take longer
	assert_int_equal(rig.conn->cwnd, 160000);
	lose_one(&rig);
	assert_int_equal(rig.conn->ssthresh, 112000);
	assert_int_equal(rig.conn->cubic.w_max, 160000);
	round_trip(&rig, 150);
	// K is the cube root of 48 packets over 0.4: 4.93 seconds.
	assert_in_range(rig.conn->epoch.k_ms, 4930, 4933);
	round_trips(&rig, 8, 150); // a quarter of the time: more than half of the way
	assert_in_range(rig.conn->cwnd, 138000, 146000);
	round_trips(&rig, 24, 150);
	assert_in_range(rig.conn->cwnd, 158000, 161000);
	round_trips(&rig, 33, 150); // as steep as it came
	assert_in_range(rig.conn->cwnd, 190000, 225000);
	rig_free(&rig);
}

// RFC 9438 4.7: a second loss below the old window makes room for others.
static void cubic_converges(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 2, 20);
	lose_one(&rig);
	assert_int_equal(rig.conn->cubic.w_max, 40000);
	lose_one(&rig);
	assert_int_equal(rig.conn->cubic.w_max, 28000 * 17 / 20);
	rig_free(&rig);
}

// 4.3: where the curve is slower than Reno, Reno counts.
static void cubic_is_not_slower_than_reno(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 1, 20);
	lose_one(&rig);
	assert_int_equal(rig.conn->cwnd, 14000);
	round_trips(&rig, 40, 5); // 0.2 seconds of 2.4: the curve is at 16000
	assert_in_range(rig.conn->cwnd, 44000, 49000);
	rig_free(&rig);
}

// Let all that is queued be sent and acknowledged.
static void end_answer(struct rig *rig)
{
	while (rig->conn->snd_head != NULL) {
		rig_tick(rig, 20);
		rig_drain(rig);
		ack_in(rig, rig->conn->snd_nxt);
	}
}

// 4.2: time in which nothing was to be sent is no time to grow in.
static void cubic_does_not_grow_in_a_pause(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 4, 20);
	lose_one(&rig);
	round_trip(&rig, 20);
	struct tcp_conn *conn = rig.conn;
	ack_in(&rig, conn->snd_nxt);
	end_answer(&rig);
	uint32_t cwnd = conn->cwnd;
	for (int i = 0; i < 200; i++) { // little now and then, for ten seconds
		assert_int_equal(tcp_send(conn, rig_bytes(1000)), 1000);
		rig_tick(&rig, 50);
		rig_drain(&rig);
		ack_in(&rig, conn->snd_nxt);
	}
	assert_int_equal(conn->cwnd, cwnd);
	while (tcp_send(conn, rig_bytes(3000)) == 3000)
		;
	rig_tick(&rig, 0);
	rig_drain(&rig);
	round_trip(&rig, 20);
	assert_in_range(conn->cwnd, cwnd, cwnd + 5000);
	rig_free(&rig);
}

// RFC 7661 4.4.1: what counts is what the path has carried, not the rest of an answer.
static void the_tail_of_an_answer_costs_no_more_than_the_answer(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_NEWRENO);
	round_trips(&rig, 2, 20);
	struct tcp_conn *conn = rig.conn;
	end_answer(&rig);
	uint32_t una = conn->snd_una;
	assert_int_equal(tcp_send(conn, rig_bytes(4000)), 4000);
	rig_tick(&rig, 20);
	rig_in_sack(&rig, una, &(struct sack_block){una + 1000, una + 4000}, 1);
	assert_int_equal(conn->recovery, RECOVERY_FAST);
	assert_in_range(conn->ssthresh, 15000, 40000);
	rig_free(&rig);
}

// What HyStart++ has measured shares its place with CUBIC, which has no say until slow start ends.
static void an_unused_window_is_no_end_of_slow_start(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 1, 20);
	struct tcp_conn *conn = rig.conn;
	end_answer(&rig);
	uint32_t cwnd = conn->cwnd;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tcp_send(conn, rig_bytes(1000)), 1000);
		rig_tick(&rig, 20);
		rig_drain(&rig);
		ack_in(&rig, conn->snd_nxt);
		assert_int_equal(conn->hystart.css, 0);
		assert_int_equal(conn->hystart.samples, 1);
	}
	while (tcp_send(conn, rig_bytes(3000)) == 3000)
		;
	rig_tick(&rig, 0);
	rig_drain(&rig);
	round_trip(&rig, 20);
	assert_int_equal(conn->cwnd, cwnd * 2);
	rig_free(&rig);
}

// RFC 5681 3.1 (4): retries of the persist timer are no losses.
static void a_first_loss_counts_after_window_probes(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	struct tcp_conn *conn = rig.conn;
	rig_in(&rig, TCP_ACK, rig.seq, conn->snd_nxt, 500, none);
	assert_int_equal(tcp_send(conn, rig_bytes(1000)), 1000);
	while (conn->snd_una == conn->snd_nxt) // until the persist timer sends what fits
		rig_tick(&rig, 10);
	assert_int_equal(conn->retries, 1);
	while (conn->recovery != RECOVERY_RTO)
		rig_tick(&rig, 10);
	assert_in_range(conn->ssthresh, 2000, 20000);
	rig_free(&rig);
}

// RFC 7661 4.4.
static void an_unused_window_is_halved_in_time(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_NEWRENO);
	round_trips(&rig, 3, 20);
	struct tcp_conn *conn = rig.conn;
	end_answer(&rig);
	uint32_t cwnd = conn->cwnd;
	for (int i = 0; i < 5 * 60 * 10 + 1; i++) {
		if (i < 5 * 60 * 10 - 10)
			assert_int_equal(conn->cwnd, cwnd);
		assert_int_equal(tcp_send(conn, rig_bytes(1000)), 1000);
		rig_tick(&rig, 100);
		rig_drain(&rig);
		ack_in(&rig, conn->snd_nxt);
	}
	assert_int_equal(conn->cwnd, cwnd / 2);
	rig_free(&rig);
}

// RFC 5681 4.1, and the way back is slow start.
static void after_silence_the_window_is_the_first(void **)
{
	struct rig rig = {0};
	rig_long(&rig, TCP_CUBIC);
	round_trips(&rig, 3, 20);
	lose_one(&rig);
	struct tcp_conn *conn = rig.conn;
	end_answer(&rig);
	uint32_t cwnd = conn->cwnd;
	rig_tick(&rig, 1000);
	while (tcp_send(conn, rig_bytes(3000)) == 3000)
		;
	rig_tick(&rig, 0);
	rig_drain(&rig);
	assert_int_equal(conn->cwnd, 10000);
	assert_in_range(conn->ssthresh, cwnd / 4 * 3, cwnd);
	round_trip(&rig, 20);
	assert_int_equal(conn->cwnd, 20000);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_start_ends_before_the_queue_is_full),
		cmocka_unit_test(a_passing_delay_does_not_end_slow_start),
		cmocka_unit_test(newreno_halves_and_adds_one),
		cmocka_unit_test(cubic_returns_to_where_it_was),
		cmocka_unit_test(cubic_converges),
		cmocka_unit_test(cubic_is_not_slower_than_reno),
		cmocka_unit_test(cubic_does_not_grow_in_a_pause),
		cmocka_unit_test(the_tail_of_an_answer_costs_no_more_than_the_answer),
		cmocka_unit_test(an_unused_window_is_no_end_of_slow_start),
		cmocka_unit_test(a_first_loss_counts_after_window_probes),
		cmocka_unit_test(an_unused_window_is_halved_in_time),
		cmocka_unit_test(after_silence_the_window_is_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
