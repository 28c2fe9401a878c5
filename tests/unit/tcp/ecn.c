// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Explicit Congestion Notification (RFC 3168).

#include "tests/unit/tcp/rig.h"

enum { CE = 3 };

static const struct span none = {0};
static const uint8_t mss_1000[] = {2, 4, 3, 232};

static struct rig_segment *syn_in(struct rig *rig, uint8_t flags)
{
	rig->seq = 1000;
	rig_in_options(rig, TCP_SYN | flags, rig->seq++, 0, 60000, span_of(mss_1000, 4), none);
	return rig_out(rig);
}

// Ten segments are on the way over a connection that speaks ECN.
static void rig_ecn(struct rig *rig)
{
	rig_config(rig);
	rig->config.ecn = true;
	rig_new(rig);
	struct rig_segment *syn_ack = syn_in(rig, TCP_ECE | TCP_CWR);
	assert_int_equal(syn_ack->flags, TCP_SYN | TCP_ACK | TCP_ECE);
	assert_false(syn_ack->ect);
	rig->una = syn_ack->seq + 1;
	rig->now_us += RIG_RTT_US;
	rig_in(rig, TCP_ACK, rig->seq, rig->una, 60000, none);
	assert_true(rig_event_is(rig, TCP_EV_ACCEPTED));
	assert_int_equal(tcp_send(rig->conn, rig_bytes(10000)), 10000);
	rig_tick(rig, 0);
	for (int i = 0; i < 10; i++) {
		struct rig_segment *s = rig_out(rig);
		assert_true(s->ect);
		assert_int_equal(s->flags & (TCP_ECE | TCP_CWR), 0);
	}
	assert_int_equal(tcp_stats(rig->tcp)->ecn_negotiated, 1);
}

static void ecn_is_off_by_default(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	assert_int_equal(syn_in(&rig, TCP_ECE | TCP_CWR)->flags, TCP_SYN | TCP_ACK);
	rig_free(&rig);
}

static void a_plain_syn_gets_a_plain_answer(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.ecn = true;
	rig_new(&rig);
	assert_int_equal(syn_in(&rig, 0)->flags, TCP_SYN | TCP_ACK);
	rig_free(&rig);
}

// 6.1.1.1: whoever drops such a SYN must not keep us out.
static void an_offer_without_answer_is_withdrawn(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.ecn = true;
	rig_new(&rig);
	tcp_unlisten(rig.tcp, &rig.local);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &rig.conn), 0);
	assert_int_equal(rig_out(&rig)->flags, TCP_SYN | TCP_ECE | TCP_CWR);
	rig_tick(&rig, 1001);
	struct rig_segment *syn = rig_out(&rig);
	assert_int_equal(syn->flags, TCP_SYN);
	rig.local.port = syn->from;
	rig_in(&rig, TCP_SYN | TCP_ACK | TCP_ECE, 7000, syn->seq + 1, 60000, none);
	assert_int_equal(tcp_conn_state(rig.conn), TCP_ESTABLISHED);
	assert_int_equal(tcp_stats(rig.tcp)->ecn_negotiated, 0);
	rig_free(&rig);
}

// 6.1.3: until the peer says that it has heard.
static void a_mark_is_echoed_until_cwr(void **)
{
	struct rig rig = {0};
	rig_ecn(&rig);
	rig.ecn = CE;
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(100));
	rig.ecn = 2;
	rig.seq += 100;
	rig_tick(&rig, 100);
	assert_int_equal(rig_out(&rig)->flags, TCP_ACK | TCP_ECE);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(100));
	rig.seq += 100;
	rig_tick(&rig, 50);
	assert_int_equal(rig_out(&rig)->flags, TCP_ACK | TCP_ECE);
	rig_in(&rig, TCP_ACK | TCP_CWR, rig.seq, rig.una, 60000, rig_bytes(100));
	rig_tick(&rig, 10);
	assert_int_equal(rig_out(&rig)->flags, TCP_ACK);
	assert_int_equal(tcp_stats(rig.tcp)->ecn_marked, 1);
	rig_free(&rig);
}

// 6.1.2: once in a window, and told with the next new data.
static void an_echo_reduces_the_window_once(void **)
{
	struct rig rig = {0};
	rig_ecn(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(20000)), 20000);
	rig_tick(&rig, 20);
	for (uint32_t i = 1; i <= 5; i++)
		rig_in(&rig, TCP_ACK | TCP_ECE, rig.seq, rig.una + i * 1000, 60000, none);
	assert_int_equal(rig.conn->ssthresh, 4500); // of what was on the way then
	assert_int_equal(tcp_stats(rig.tcp)->ecn_reduced, 1);
	rig_tick(&rig, 0);
	for (uint32_t i = 6; i <= 10; i++) // up to where it was sent
		rig_in(&rig, TCP_ACK | TCP_ECE, rig.seq, rig.una + i * 1000, 60000, none);
	rig_tick(&rig, 0);
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->seq, rig.una + 10000);
	assert_int_equal(s->flags, TCP_ACK | TCP_CWR);
	assert_int_equal(rig_out(&rig)->flags, TCP_ACK);
	assert_int_equal(tcp_stats(rig.tcp)->ecn_reduced, 1);
	assert_int_equal(tcp_stats(rig.tcp)->retransmits, 0);
	assert_in_range(rig.conn->cwnd, 4500, 6000);
	rig_in(&rig, TCP_ACK | TCP_ECE, rig.seq, rig.una + 11000, 60000, none);
	assert_int_equal(tcp_stats(rig.tcp)->ecn_reduced, 2); // it goes on
	rig_free(&rig);
}

// 6.1.5: what is sent again is not marked, for an attacker could forge the mark.
static void what_is_sent_again_is_not_marked(void **)
{
	struct rig rig = {0};
	rig_ecn(&rig);
	rig_tick(&rig, 201);
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->seq, rig.una);
	assert_false(s->ect);
	rig_free(&rig);
}

// What a duplicate ACK stood for may be less than a whole segment: taking it back is no delivery.
static void duplicates_before_an_echo_do_not_open_the_window(void **)
{
	struct rig rig = {0};
	rig_ecn(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(40000)), 40000);
	rig_tick(&rig, 20);
	for (int i = 0; i < 2; i++)
		rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, none);
	rig_drain(&rig);
	rig_in(&rig, TCP_ACK | TCP_ECE, rig.seq, rig.una + 1, 60000, none);
	assert_int_equal(rig.conn->recovery, RECOVERY_CWR);
	assert_in_range(rig.conn->cwnd, 1000, 11000);
	rig_free(&rig);
}

// After half of all sequence numbers the end of the last recovery would seem to lie ahead.
static void an_echo_counts_long_after_a_recovery(void **)
{
	struct rig rig = {0};
	rig_ecn(&rig);
	rig.conn->recover = rig.conn->snd_una - INT32_MAX + 1500;
	rig_tick(&rig, 20);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 1000, 60000, none);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 2000, 60000, none);
	rig_in(&rig, TCP_ACK | TCP_ECE, rig.seq, rig.una + 3000, 60000, none);
	assert_int_equal(tcp_stats(rig.tcp)->ecn_reduced, 1);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecn_is_off_by_default),
		cmocka_unit_test(a_plain_syn_gets_a_plain_answer),
		cmocka_unit_test(an_offer_without_answer_is_withdrawn),
		cmocka_unit_test(a_mark_is_echoed_until_cwr),
		cmocka_unit_test(an_echo_reduces_the_window_once),
		cmocka_unit_test(what_is_sent_again_is_not_marked),
		cmocka_unit_test(duplicates_before_an_echo_do_not_open_the_window),
		cmocka_unit_test(an_echo_counts_long_after_a_recovery),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
