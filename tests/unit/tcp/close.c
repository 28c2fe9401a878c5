// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The ways a connection ends, and TIME_WAIT.

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

static void in(struct rig *rig, uint8_t flags, uint32_t ack)
{
	rig_in(rig, flags, rig->seq, rig->una + ack, 60000, none);
	rig_tick(rig, 0);
}

static void assert_state(const struct rig *rig, enum tcp_state state)
{
	assert_string_equal(tcp_state_name(tcp_conn_state(rig->conn)), tcp_state_name(state));
}

static void open_one(struct rig *rig)
{
	rig_new(rig);
	rig_accept(rig, none);
	rig_drain(rig);
}

static void we_close_first(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(5)), 5);
	tcp_shutdown(rig.conn);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(5)), 0);
	rig_tick(&rig, 0);
	struct rig_segment *fin = rig_out(&rig);
	assert_int_equal(fin->flags, TCP_FIN | TCP_ACK | TCP_PSH); // on the last data
	assert_int_equal(fin->len, 5);
	assert_state(&rig, TCP_FIN_WAIT_1);
	in(&rig, TCP_ACK, 6);
	assert_state(&rig, TCP_FIN_WAIT_2);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 6, 60000, rig_bytes(9)); // half closed
	assert_true(rig_event_is(&rig, TCP_EV_READABLE));
	rig.seq += 9;
	rig_drain(&rig);
	in(&rig, TCP_FIN | TCP_ACK, 6);
	assert_int_equal(rig_out(&rig)->ack, rig.seq + 1);
	assert_state(&rig, TCP_TIME_WAIT);
	assert_true(rig_event_is(&rig, TCP_EV_FIN | TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), 0);
	assert_int_equal(tcp_peek(rig.conn).n, 9); // still readable
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 1);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	tcp_release(rig.conn);
	rig_tick(&rig, rig.config.time_wait_ms + 1);
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 0);
	rig_free(&rig);
}

static void the_peer_closes_first(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	in(&rig, TCP_FIN | TCP_ACK, 0);
	assert_true(rig_event_is(&rig, TCP_EV_FIN));
	assert_true(tcp_conn_fin_received(rig.conn));
	assert_state(&rig, TCP_CLOSE_WAIT);
	assert_int_equal(rig_out(&rig)->ack, rig.seq + 1);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(5)), 5);
	tcp_shutdown(rig.conn);
	assert_state(&rig, TCP_LAST_ACK);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->flags, TCP_FIN | TCP_ACK | TCP_PSH);
	rig_tick(&rig, 250);
	assert_int_equal(rig_out(&rig)->flags & TCP_FIN, TCP_FIN); // it is sent again
	rig.seq++;
	in(&rig, TCP_ACK, 6);
	assert_state(&rig, TCP_CLOSED);
	assert_true(rig_event_is(&rig, TCP_EV_CLOSED));
	rig_free(&rig);
}

static void both_close_at_once(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	tcp_shutdown(rig.conn);
	rig_tick(&rig, 0);
	in(&rig, TCP_FIN | TCP_ACK, 0); // does not acknowledge ours
	assert_state(&rig, TCP_CLOSING);
	rig.seq++;
	in(&rig, TCP_ACK, 1);
	assert_state(&rig, TCP_TIME_WAIT);
	rig_free(&rig);
}

static void a_fin_waits_for_what_is_missing(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	rig_in(&rig, TCP_FIN | TCP_ACK, rig.seq + 10, rig.una, 60000, rig_bytes(10));
	assert_true(rig_event_is(&rig, 0));
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(10));
	assert_true(rig_event_is(&rig, TCP_EV_READABLE | TCP_EV_FIN));
	assert_int_equal(tcp_peek(rig.conn).n, 20);
	rig_free(&rig);
}

static void release_closes_by_itself(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(100)), 100);
	tcp_release(rig.conn);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->flags & TCP_FIN, TCP_FIN);
	in(&rig, TCP_ACK, 101);
	in(&rig, TCP_FIN | TCP_ACK, 101);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 1);
	uint32_t events;
	assert_null(tcp_event(rig.tcp, &events));
	rig_free(&rig);
}

static void release_with_unread_data_resets(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(10));
	rig_tick(&rig, 0);
	rig_drain(&rig);
	tcp_release(rig.conn);
	assert_int_equal(rig_out(&rig)->flags, TCP_RST | TCP_ACK);
	rig_tick(&rig, 1);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	rig_free(&rig);
}

static void data_after_release_resets(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	tcp_release(rig.conn);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 1, 60000, rig_bytes(10));
	assert_int_equal(rig_out(&rig)->flags, TCP_RST | TCP_ACK);
	rig_free(&rig);
}

static void a_released_connection_does_not_linger(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	tcp_release(rig.conn);
	rig_tick(&rig, 0);
	in(&rig, TCP_ACK, 1); // FIN_WAIT_2, and the peer never closes
	rig_tick(&rig, rig.config.fin_wait_2_ms + 1);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	assert_int_equal(tcp_stats(rig.tcp)->timed_out, 1);
	rig_free(&rig);
}

// A byte acknowledged now and then buys time only for so long.
static void a_released_connection_may_not_dawdle(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.fin_wait_2_ms = 1000;
	open_one(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(50000)), 50000);
	tcp_release(rig.conn);
	uint32_t ms = 0;
	for (; tcp_stats(rig.tcp)->conns != 0 && ms < 60000; ms += 500) {
		rig_tick(&rig, 500);
		rig_drain(&rig);
		rig_in(&rig, TCP_ACK, rig.seq, ++rig.una, 600, none);
	}
	assert_in_range(ms, 7000, 9000);
	rig_free(&rig);
}

static void abort_resets(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(10));
	assert_int_equal(tcp_send(rig.conn, rig_bytes(100)), 100);
	tcp_abort(rig.conn);
	assert_int_equal(rig_out(&rig)->flags, TCP_RST | TCP_ACK);
	assert_state(&rig, TCP_CLOSED);
	assert_int_equal(tcp_peek(rig.conn).n, 0);
	assert_int_equal(tcp_send_pending(rig.conn), 0);
	assert_true(rig_event_is(&rig, 0));
	tcp_abort(rig.conn); // again: nothing more to do
	rig_tick(&rig, 1);
	struct tcp_conn *old = rig.conn;
	rig.remote.port++; // the block is not used again before release
	rig_accept(&rig, none);
	assert_ptr_not_equal(rig.conn, old);
	tcp_release(old);
	rig_tick(&rig, 1);
	rig_free(&rig);
}

static void a_reset_leaves_data_readable(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(10));
	rig.seq += 10;
	in(&rig, TCP_RST, 0);
	assert_true(rig_event_is(&rig, TCP_EV_READABLE | TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), -ECONNRESET);
	assert_int_equal(tcp_peek(rig.conn).n, 10);
	tcp_consume(rig.conn, 10);
	rig_free(&rig);
}

static void wait_in_time_wait(struct rig *rig)
{
	open_one(rig);
	tcp_release(rig->conn);
	rig_tick(rig, 0);
	in(rig, TCP_FIN | TCP_ACK, 1);
	rig->seq++;
	assert_int_equal(tcp_stats(rig->tcp)->time_wait, 1);
	rig_drain(rig);
}

static void time_wait_answers_and_ignores_rst(void **)
{
	struct rig rig = {0};
	wait_in_time_wait(&rig);
	rig_in(&rig, TCP_RST, rig.seq, 0, 0, none);
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 1);
	rig_in(&rig, TCP_FIN | TCP_ACK, rig.seq - 1, rig.una + 1, 60000, none);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->seq, rig.una + 1);
	assert_int_equal(ack->ack, rig.seq);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 1, 60000, none); // no war of ACKs
	assert_true(rig_silent(&rig));
	rig_free(&rig);
}

static void time_wait_yields_to_a_newer_syn(void **)
{
	struct rig rig = {0};
	wait_in_time_wait(&rig);
	rig_in(&rig, TCP_SYN, rig.seq - 100, 0, 60000, none); // an old duplicate
	assert_int_equal(rig_out(&rig)->flags, TCP_ACK);
	rig_in(&rig, TCP_SYN, rig.seq + 1, 0, 60000, none);
	struct rig_segment *syn_ack = rig_out(&rig);
	assert_int_equal(syn_ack->flags, TCP_SYN | TCP_ACK);
	assert_true(seq_lt(rig.una, syn_ack->seq));
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 0);
	rig_free(&rig);
}

// RFC 9293 3.10.7.4: only the peer's FIN, again, is meant for it.
static void time_wait_is_not_misled(void **)
{
	struct rig rig = {0};
	wait_in_time_wait(&rig);
	rig_drain(&rig);
	rig_tick(&rig, rig.config.time_wait_ms - 100);
	in(&rig, TCP_FIN, 0); // without ACK
	assert_true(rig_silent(&rig));
	rig_in(&rig, TCP_SYN | TCP_FIN, rig.seq + 5000, 0, 60000, (struct span){0});
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 1);
	rig_in(&rig, TCP_FIN | TCP_ACK, rig.seq + 5000, rig.una, 60000, (struct span){0});
	rig_tick(&rig, 101);
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 0);
	rig_free(&rig);
}

static void time_wait_is_capped(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.time_wait_max = 2;
	rig_new(&rig);
	for (int i = 0; i < 4; i++) {
		rig.remote.port++;
		rig_drain(&rig);
		rig_accept(&rig, none);
		tcp_release(rig.conn);
		rig_tick(&rig, 0);
		in(&rig, TCP_FIN | TCP_ACK, 1);
	}
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 2);
	assert_int_equal(tcp_stats(rig.tcp)->time_wait_recycled, 2);
	rig_free(&rig);
}

static void keepalive_finds_the_dead(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.keepalive_idle_ms = 1000;
	rig.config.keepalive_interval_ms = 100;
	rig.config.keepalive_probes = 3;
	open_one(&rig);
	rig_tick(&rig, 900);
	in(&rig, TCP_ACK, 0); // a sign of life
	rig_tick(&rig, 900);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 150);
	assert_int_equal(rig_out(&rig)->seq, rig.una - 1);
	in(&rig, TCP_ACK, 0);
	rig_drain(&rig);
	rig_tick(&rig, 1000 + 450);
	assert_int_equal(rig.n_out, 4);
	assert_int_equal(rig.out[3].flags, TCP_RST | TCP_ACK);
	assert_true(rig_event_is(&rig, TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), -ETIMEDOUT);
	rig_free(&rig);
}

// A load balancer that forgets silent connections after 4 minutes must see both directions of each,
// whoever opened it: a probe from us, and the ACK that it asks for.
static void keepalive_stays_below_four_minutes(void **)
{
	for (int active = 0; active < 2; active++) {
		struct rig rig = {0};
		struct tcp_config usual;
		uint32_t silent_ms = 0;
		rig_config(&rig);
		tcp_config_default(&usual);
		rig.config.keepalive_idle_ms = usual.keepalive_idle_ms;
		rig.config.keepalive_interval_ms = usual.keepalive_interval_ms;
		rig.config.keepalive_probes = usual.keepalive_probes;
		rig_new(&rig);
		if (active)
			rig_connect(&rig, none);
		else
			rig_accept(&rig, none);
		rig_drain(&rig);
		for (unsigned s = 0; s < 3600; s++) {
			rig_tick(&rig, 1000);
			silent_ms += 1000;
			if (rig_silent(&rig))
				continue;
			assert_true(silent_ms < 240 * 1000);
			assert_int_equal(rig_out(&rig)->seq, rig.una - 1);
			rig_drain(&rig);
			in(&rig, TCP_ACK, 0);
			silent_ms = 0;
		}
		assert_true(silent_ms < 240 * 1000);
		assert_int_equal(tcp_conn_state(rig.conn), TCP_ESTABLISHED);
		rig_free(&rig);
	}
}

// Both sides open at once, and this one closes before that is done.
static void closing_while_opening(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &rig.conn), 0);
	struct rig_segment *syn = rig_out(&rig);
	rig.local.port = syn->from;
	rig_in(&rig, TCP_SYN, 500, 0, 60000, none);
	tcp_release(rig.conn);
	rig_in(&rig, TCP_ACK, 501, syn->seq + 1, 60000, none);
	rig_tick(&rig, 0);
	assert_int_equal(rig.out[rig.n_out - 1].flags, TCP_FIN | TCP_ACK);
	rig_in(&rig, TCP_ACK, 501, syn->seq + 2, 60000, none);
	rig_tick(&rig, rig.config.fin_wait_2_ms + 1);
	assert_int_equal(tcp_stats(rig.tcp)->conns, 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(we_close_first),
		cmocka_unit_test(the_peer_closes_first),
		cmocka_unit_test(both_close_at_once),
		cmocka_unit_test(closing_while_opening),
		cmocka_unit_test(a_fin_waits_for_what_is_missing),
		cmocka_unit_test(release_closes_by_itself),
		cmocka_unit_test(release_with_unread_data_resets),
		cmocka_unit_test(data_after_release_resets),
		cmocka_unit_test(a_released_connection_does_not_linger),
		cmocka_unit_test(a_released_connection_may_not_dawdle),
		cmocka_unit_test(abort_resets),
		cmocka_unit_test(a_reset_leaves_data_readable),
		cmocka_unit_test(time_wait_answers_and_ignores_rst),
		cmocka_unit_test(time_wait_yields_to_a_newer_syn),
		cmocka_unit_test(time_wait_is_not_misled),
		cmocka_unit_test(time_wait_is_capped),
		cmocka_unit_test(keepalive_finds_the_dead),
		cmocka_unit_test(keepalive_stays_below_four_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
