// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

static void accepts_and_connects(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	assert_ptr_equal(tcp_conn_cookie(rig.conn), &rig);
	assert_int_equal(tcp_stats(rig.tcp)->accepted, 1);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 0);
	rig_drain(&rig);
	rig_connect(&rig, none);
	assert_ptr_equal(tcp_conn_user(rig.conn), &rig);
	assert_int_equal(tcp_stats(rig.tcp)->connected, 1);
	rig_free(&rig);
}

static void answers_a_repeated_syn_the_same_way(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t seq = rig_out(&rig)->seq;
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	struct rig_segment *again = rig_out(&rig);
	assert_int_equal(again->flags, TCP_SYN | TCP_ACK);
	assert_int_equal(again->seq, seq);
	assert_int_equal(again->ack, 1001);
	rig_free(&rig);
}

static void syn_ack_is_repeated_then_given_up(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.syn_retries = 2;
	rig_new(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	rig_tick(&rig, 9000);
	assert_int_equal(rig.n_out, 3);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	assert_int_equal(tcp_stats(rig.tcp)->timed_out, 1);
	rig_free(&rig);
}

static void connect_times_out_in_total(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.handshake_ms = 4000;
	rig_new(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &rig.conn), 0);
	rig_tick(&rig, 3990);
	assert_int_equal(tcp_conn_state(rig.conn), TCP_SYN_SENT);
	assert_int_equal(rig.n_out, 3); // at 0, 1 and 3 seconds
	rig_tick(&rig, 20);
	assert_true(rig_event_is(&rig, TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), -ETIMEDOUT);
	tcp_release(rig.conn);
	rig_tick(&rig, 1);
	rig_free(&rig);
}

static void connect_is_refused(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &rig.conn), 0);
	struct rig_segment *syn = rig_out(&rig);
	rig.local.port = syn->from;
	rig_in(&rig, TCP_RST | TCP_ACK, 0, syn->seq + 2, 0, none); // not ours
	rig_in(&rig, TCP_RST, 0, 0, 0, none);                      // proves nothing
	assert_true(rig_event_is(&rig, 0));
	rig_in(&rig, TCP_RST | TCP_ACK, 0, syn->seq + 1, 0, none);
	assert_true(rig_event_is(&rig, TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), -ECONNREFUSED);
	rig_free(&rig);
}

static void connect_without_a_route_or_port(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.port_first = rig.config.port_last = 50000;
	rig_new(&rig);
	struct tcp_conn *conn;
	rig.route_result = -EHOSTUNREACH;
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), -EHOSTUNREACH);
	rig.route_result = 0;
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
	assert_int_equal(tcp_conn_local(conn).port, 50000);
	assert_int_equal(
		tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), -EADDRNOTAVAIL
	);
	rig_free(&rig);
}

static void both_open_at_once(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &rig.conn), 0);
	struct rig_segment *syn = rig_out(&rig);
	rig.local.port = syn->from;
	rig_in(&rig, TCP_SYN, 500, 0, 60000, none);
	struct rig_segment *syn_ack = rig_out(&rig);
	assert_int_equal(syn_ack->flags, TCP_SYN | TCP_ACK);
	assert_int_equal(syn_ack->seq, syn->seq);
	assert_int_equal(syn_ack->ack, 501);
	rig_in(&rig, TCP_SYN | TCP_ACK, 500, syn->seq + 1, 60000, none);
	assert_true(rig_event_is(&rig, TCP_EV_CONNECTED));
	assert_int_equal(tcp_conn_state(rig.conn), TCP_ESTABLISHED);
	rig_free(&rig);
}

static void a_wrong_ack_in_the_handshake_is_reset(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t seq = rig_out(&rig)->seq;
	rig_in(&rig, TCP_ACK, 1001, seq + 5, 60000, none);
	struct rig_segment *rst = rig_out(&rig);
	assert_int_equal(rst->flags, TCP_RST);
	assert_int_equal(rst->seq, seq + 5);
	rig_in(&rig, TCP_ACK, 1001, seq + 1, 60000, none);
	rig.conn = NULL;
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	rig_free(&rig);
}

static void nobody_listens(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	tcp_unlisten(rig.tcp, &rig.local);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	struct rig_segment *rst = rig_out(&rig);
	assert_int_equal(rst->flags, TCP_RST | TCP_ACK);
	assert_int_equal(rst->seq, 0);
	assert_int_equal(rst->ack, 1001);
	rig_in(&rig, TCP_RST, 1000, 0, 60000, none); // never answered
	assert_true(rig_silent(&rig));
	assert_int_equal(tcp_stats(rig.tcp)->no_listener, 1);
	rig_free(&rig);
}

static void listeners_are_limited_and_unique(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	struct endpoint at = rig.local;
	assert_int_equal(tcp_listen(rig.tcp, &at, NULL), -EADDRINUSE);
	for (int i = 1; i < TCP_LISTENERS_MAX; i++) {
		at.port = (uint16_t)(6000 + i);
		assert_int_equal(tcp_listen(rig.tcp, &at, NULL), 0);
	}
	at.port = 9999;
	assert_int_equal(tcp_listen(rig.tcp, &at, NULL), ERR_LIMIT);
	rig_free(&rig);
}

static void data_may_come_with_the_last_ack(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t seq = rig_out(&rig)->seq;
	rig_in(&rig, TCP_ACK | TCP_FIN, 1001, seq + 1, 60000, rig_bytes(3));
	rig.conn = NULL;
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED | TCP_EV_READABLE | TCP_EV_FIN));
	assert_int_equal(tcp_peek(rig.conn).n, 3);
	assert_int_equal(tcp_conn_state(rig.conn), TCP_CLOSE_WAIT);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_and_connects),
		cmocka_unit_test(answers_a_repeated_syn_the_same_way),
		cmocka_unit_test(syn_ack_is_repeated_then_given_up),
		cmocka_unit_test(connect_times_out_in_total),
		cmocka_unit_test(connect_is_refused),
		cmocka_unit_test(connect_without_a_route_or_port),
		cmocka_unit_test(both_open_at_once),
		cmocka_unit_test(a_wrong_ack_in_the_handshake_is_reset),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(listeners_are_limited_and_unique),
		cmocka_unit_test(data_may_come_with_the_last_ack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
