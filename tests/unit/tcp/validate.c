// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Segments from someone who is not the peer: RFC 5961, RFC 7323 PAWS, RFC 5927.

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

static void open_one(struct rig *rig)
{
	rig_new(rig);
	rig_accept(rig, none);
	rig_drain(rig);
}

static void in(struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack)
{
	rig_in(rig, flags, seq, ack, 60000, none);
	rig_tick(rig, 0);
}

static void assert_challenged(struct rig *rig)
{
	struct rig_segment *ack = rig_out(rig);
	assert_int_equal(ack->flags, TCP_ACK);
	assert_int_equal(ack->seq, rig->una);
	assert_int_equal(ack->ack, rig->seq);
	assert_true(rig_silent(rig));
	assert_int_equal(tcp_conn_state(rig->conn), TCP_ESTABLISHED);
}

static void a_guessed_rst_is_challenged(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	in(&rig, TCP_RST, rig.seq + 1, 0);
	assert_challenged(&rig);
	in(&rig, TCP_RST, rig.seq + 2, 0); // limited
	assert_true(rig_silent(&rig));
	in(&rig, TCP_RST, rig.seq + 70000, 0); // outside: not even that
	rig_tick(&rig, TCP_OOW_ACK_MS);
	assert_true(rig_silent(&rig));
	in(&rig, TCP_RST, rig.seq, 0);
	assert_int_equal(tcp_conn_error(rig.conn), -ECONNRESET);
	rig_free(&rig);
}

static void a_guessed_rst_is_challenged_before_the_handshake_ends(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig.seq = 1000;
	in(&rig, TCP_SYN, rig.seq, 0);
	struct rig_segment *syn_ack = rig_out(&rig);
	rig.seq++;
	rig.una = syn_ack->seq + 1;
	in(&rig, TCP_RST, rig.seq + syn_ack->wnd, 0); // at the edge: outside
	assert_true(rig_silent(&rig));
	in(&rig, TCP_RST, rig.seq + syn_ack->wnd - 1, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->flags, TCP_ACK);
	assert_int_equal(ack->seq, rig.una);
	assert_int_equal(ack->ack, rig.seq);
	in(&rig, TCP_ACK, rig.seq, rig.una);
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	assert_true(rig_silent(&rig));
	rig_free(&rig);
}

// RFC 7323 3.2.
static void a_reset_tells_its_age(void **)
{
	static const uint8_t ts[] = {8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 1};
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.timestamps = true;
	rig.timestamps = true;
	rig.ts = 7;
	rig_new(&rig);
	rig_accept(&rig, span_of(ts, sizeof(ts)));
	rig_drain(&rig);
	tcp_abort(rig.conn);
	struct rig_segment *reset = rig_out(&rig);
	assert_int_equal(reset->flags, TCP_RST | TCP_ACK);
	assert_true(reset->options.has_ts);
	assert_int_equal(reset->options.ts_ecr, 7);
	rig_free(&rig);
}

static void a_syn_is_challenged(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	in(&rig, TCP_SYN, rig.seq, 0);
	assert_challenged(&rig);
	assert_int_equal(tcp_stats(rig.tcp)->challenge_acks, 1);
	rig_free(&rig);
}

static void an_ack_of_nothing_sent_is_challenged(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	in(&rig, TCP_ACK, rig.seq, rig.una + 1);
	assert_challenged(&rig);
	rig_tick(&rig, TCP_OOW_ACK_MS);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una - 100000, 60000, rig_bytes(4)); // too old
	rig_tick(&rig, 0);
	assert_challenged(&rig);
	assert_int_equal(tcp_peek(rig.conn).n, 0);
	assert_int_equal(tcp_stats(rig.tcp)->bad_ack, 2);
	rig_free(&rig);
}

static void segments_without_ack_are_dropped(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	rig_in(&rig, 0, rig.seq, 0, 60000, rig_bytes(4));
	rig_tick(&rig, 100);
	assert_true(rig_silent(&rig));
	assert_int_equal(tcp_peek(rig.conn).n, 0);
	rig_free(&rig);
}

static void data_outside_the_window_is_refused(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	rig_in(&rig, TCP_ACK, rig.seq + 60001, rig.una, 60000, rig_bytes(4));
	rig_tick(&rig, 0);
	assert_challenged(&rig);
	rig_in(&rig, TCP_ACK, rig.seq - 5000, rig.una, 60000, rig_bytes(4));
	rig_tick(&rig, 0);
	assert_challenged(&rig); // data is answered each time: the peer retransmits
	assert_int_equal(tcp_stats(rig.tcp)->bad_seq, 2);
	rig_free(&rig);
}

static void paws_drops_the_old(void **)
{
	struct rig rig = {0};
	static const uint8_t syn[] = {2, 4, 5, 180, 1, 1, 8, 10, 0, 0, 3, 232, 0, 0, 0, 0};
	rig_config(&rig);
	rig.config.timestamps = true;
	rig_new(&rig);
	rig.timestamps = true;
	rig.ts = 1000;
	rig_accept(&rig, span_of(syn, sizeof(syn)));
	rig_drain(&rig);
	rig.ts = 2000;
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(4));
	rig.seq += 4;
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->options.ts_ecr, 2000);
	rig.ts = 1999;
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(4));
	rig_tick(&rig, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->ack, rig.seq);
	assert_int_equal(ack->options.ts_ecr, 2000);
	assert_int_equal(tcp_stats(rig.tcp)->paws_dropped, 1);
	rig.timestamps = false; // none at all
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(4));
	assert_int_equal(tcp_stats(rig.tcp)->paws_dropped, 2);
	assert_int_equal(tcp_peek(rig.conn).n, 4);
	rig_in(&rig, TCP_RST, rig.seq, 0, 0, none); // RST carries none and counts
	assert_int_equal(tcp_conn_error(rig.conn), -ECONNRESET);
	rig_free(&rig);
}

static void broken_headers_are_counted(void **)
{
	struct rig rig = {0};
	open_one(&rig);
	static const uint8_t headers[][20] = {
		{156, 64, 21, 56, [12] = 0x40}, // header shorter than 20
		{156, 64, 21, 56, [12] = 0xf0}, // options beyond the end
		{0, 0, 21, 56, [12] = 0x50},    // port 0
	};
	struct ip_segment where = {
		.local = {.addr = rig.local.addr},
		.remote = {.addr = rig.remote.addr}};
	for (uint32_t i = 0; i < 3 + 20; i++) {
		struct pkt *pkt = pkt_get(rig.pool);
		uint32_t n = i < 3 ? 20 : i - 3;
		memcpy(pkt_extend(pkt, n), headers[i < 3 ? i : 0], n);
		tcp_input(rig.tcp, pkt, &where, rig.now_us);
	}
	assert_int_equal(tcp_stats(rig.tcp)->short_header, 23);
	rig_in_options(
		&rig, TCP_ACK, rig.seq, rig.una, 60000, span_of((uint8_t[]){8, 0, 0, 0}, 4),
		rig_bytes(4)
	);
	assert_int_equal(tcp_stats(rig.tcp)->bad_options, 1);
	assert_int_equal(tcp_peek(rig.conn).n, 0);
	rig_free(&rig);
}

static void too_big(struct rig *rig, uint32_t seq, uint16_t mtu)
{
	tcp_icmp_error(rig->tcp, &rig->local, &rig->remote, seq, 3, 4, mtu, rig->now_us);
	rig_tick(rig, 0);
}

static void open_sending(struct rig *rig, uint32_t n)
{
	static const uint8_t mss[] = {2, 4, 5, 180};
	rig_new(rig);
	rig_accept(rig, span_of(mss, sizeof(mss)));
	rig_drain(rig);
	assert_int_equal(tcp_send(rig->conn, rig_bytes(n)), n);
	rig_tick(rig, 0);
}

static void path_mtu_shrinks_segments(void **)
{
	struct rig rig = {0};
	open_sending(&rig, 2920);
	assert_int_equal(rig_out(&rig)->len, 1460);
	assert_int_equal(rig_out(&rig)->len, 1460);
	too_big(&rig, rig.una - 1, 1000);    // quotes nothing in flight
	too_big(&rig, rig.una + 2920, 1000); // nor this
	assert_true(rig_silent(&rig));
	too_big(&rig, rig.una, 1000);
	uint32_t at = 0;
	while (!rig_silent(&rig)) {
		struct rig_segment *s = rig_out(&rig);
		assert_int_equal(s->seq, rig.una + at);
		assert_in_range(s->len, 1, 960);
		assert_memory_equal(s->data, rig_bytes(4000).p + at, s->len);
		at += s->len;
	}
	assert_int_equal(at, 2920);
	too_big(&rig, rig.una, 100); // never below the least
	assert_int_equal(rig.conn->mss, TCP_MTU_MIN_IP4 - TCP_IP4_OVERHEAD);
	rig_free(&rig);
}

// RFC 5927 7.2: large segments have arrived; only a timeout makes the claim credible.
static void a_claim_against_experience_waits(void **)
{
	struct rig rig = {0};
	open_sending(&rig, 2920);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 1460, 60000, none);
	rig_drain(&rig);
	too_big(&rig, rig.una + 1460, 1000);
	assert_true(rig_silent(&rig));
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 2920, 60000, none); // it did arrive
	assert_int_equal(rig.conn->mss, 1460);
	rig.una += 2920;
	assert_int_equal(tcp_send(rig.conn, rig_bytes(1460)), 1460);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	too_big(&rig, rig.una, 1000);
	rig_tick(&rig, 210); // now it did not
	assert_int_equal(rig_out(&rig)->len, 960);
	rig_free(&rig);
}

static void unreachable_matters_only_to_a_handshake(void **)
{
	struct rig rig = {0};
	open_sending(&rig, 100);
	tcp_icmp_error(rig.tcp, &rig.local, &rig.remote, rig.una, 3, 3, 0, rig.now_us);
	assert_int_equal(tcp_conn_state(rig.conn), TCP_ESTABLISHED);
	rig_drain(&rig);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &rig.conn), 0);
	struct endpoint local = tcp_conn_local(rig.conn);
	uint32_t seq = rig_out(&rig)->seq;
	tcp_icmp_error(rig.tcp, &local, &rig.remote, seq + 1, 3, 3, 0, rig.now_us);
	assert_int_equal(tcp_conn_state(rig.conn), TCP_SYN_SENT);
	tcp_icmp_error(rig.tcp, &local, &rig.remote, seq, 3, 3, 0, rig.now_us);
	assert_int_equal(tcp_conn_error(rig.conn), -ECONNREFUSED);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guessed_rst_is_challenged),
		cmocka_unit_test(a_guessed_rst_is_challenged_before_the_handshake_ends),
		cmocka_unit_test(a_reset_tells_its_age),
		cmocka_unit_test(a_syn_is_challenged),
		cmocka_unit_test(an_ack_of_nothing_sent_is_challenged),
		cmocka_unit_test(segments_without_ack_are_dropped),
		cmocka_unit_test(data_outside_the_window_is_refused),
		cmocka_unit_test(paws_drops_the_old),
		cmocka_unit_test(broken_headers_are_counted),
		cmocka_unit_test(path_mtu_shrinks_segments),
		cmocka_unit_test(a_claim_against_experience_waits),
		cmocka_unit_test(unreachable_matters_only_to_a_handshake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
