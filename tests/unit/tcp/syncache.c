// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A flood of SYNs: entries for the first, cookies for the rest.

#include "dataplane/tcp/syncache.h"

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

// MSS 1400, SACK permitted, timestamps, window scale 7.
static const uint8_t all_options[] = {2, 4, 5, 120, 4, 2, 8, 10, 0, 0,
				      0, 9, 0, 0,   0, 0, 1, 3,  3, 7};

static void from_port(struct rig *rig, uint32_t port)
{
	rig->remote.port = (uint16_t)port;
}

// SYNs of as many peers as there are entries.
static void fill(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->config.half_open_max; i++) {
		from_port(rig, 1000 + i);
		rig_in(rig, TCP_SYN, 77, 0, 60000, none);
	}
	rig_drain(rig);
	from_port(rig, RIG_PEER_PORT);
}

static void options_on(struct rig *rig)
{
	rig_config(rig);
	rig->config.timestamps = rig->config.sack = rig->config.window_scale = true;
	rig->config.ecn = true;
	rig_new(rig);
	rig->now_us += 123456789;
	rig_tick(rig, 0);
}

// The ACK of a handshake with timestamps, `ecr` echoed.
static void ack_with(struct rig *rig, uint32_t seq, uint32_t ack, uint32_t ecr, struct span payload)
{
	uint8_t ts[TCP_TS_LEN];
	(void)options_write_ts(ts, 20, ecr);
	rig_in_options(rig, TCP_ACK, seq, ack, 600, span_of(ts, sizeof(ts)), payload);
}

static void a_handshake_takes_no_connection_block(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 1);
	assert_int_equal(pool_stats(rig.tcp->conns).used, 0);
	uint32_t seq = rig_out(&rig)->seq;
	rig_in(&rig, TCP_ACK, 1001, seq + 1, 60000, none);
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 0);
	assert_int_equal(pool_stats(rig.tcp->conns).used, 1);
	rig_free(&rig);
}

static void a_full_table_answers_with_cookies(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	fill(&rig);
	rig_in_options(&rig, TCP_SYN, 1000, 0, 60000, span_of((uint8_t[]){2, 4, 5, 120}, 4), none);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, rig.config.half_open_max);
	assert_int_equal(tcp_stats(rig.tcp)->cookies_sent, 1);
	struct rig_segment *syn_ack = rig_out(&rig);
	assert_int_equal(syn_ack->flags, TCP_SYN | TCP_ACK);
	assert_int_equal(syn_ack->ack, 1001);
	uint32_t first = syn_ack->seq + 1;
	rig_in(&rig, TCP_ACK, 1001, first, 50000, rig_bytes(5));
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED | TCP_EV_READABLE));
	assert_int_equal(tcp_peek(rig.conn).n, 5);
	assert_int_equal(tcp_stats(rig.tcp)->cookies_accepted, 1);
	// It lives: what it sends is as large as the SYN allowed, within its window.
	rig_tick(&rig, 0);
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(3000)), 3000);
	rig_tick(&rig, 0);
	struct rig_segment *data = rig_out(&rig);
	assert_int_equal(data->seq, first);
	assert_int_equal(data->ack, 1006);
	assert_int_equal(data->len, 1400);
	rig_free(&rig);
}

static void timestamps_carry_the_other_options(void **)
{
	struct rig rig = {0};
	options_on(&rig);
	fill(&rig);
	struct span syn = span_of(all_options, sizeof(all_options));
	rig_in_options(&rig, TCP_SYN | TCP_ECE | TCP_CWR, 1000, 0, 60000, syn, none);
	struct rig_segment *syn_ack = rig_out(&rig);
	assert_int_equal(syn_ack->flags, TCP_SYN | TCP_ACK | TCP_ECE);
	assert_true(syn_ack->options.has_scale && syn_ack->options.sack_permitted);
	assert_int_equal(syn_ack->options.ts_ecr, 9);
	ack_with(&rig, 1001, syn_ack->seq + 1, syn_ack->options.ts_val, none);
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	uint32_t want = CONN_TS | CONN_SACK | CONN_SCALE | CONN_ECN;
	assert_int_equal(rig.conn->flags & want, want);
	assert_int_equal(rig.conn->snd_scale, 7);
	assert_int_equal(rig.conn->snd_wnd, 600 << 7);
	assert_int_equal(rig.conn->ts_recent, 20);
	assert_int_equal(rig.conn->mss, 1400 - TCP_TS_LEN);
	rig_free(&rig);
}

static void our_timestamp_is_not_from_the_future(void **)
{
	struct rig rig = {0};
	options_on(&rig);
	fill(&rig);
	struct span syn = span_of(all_options, sizeof(all_options));
	struct flow flow = {rig.local, rig.remote};
	for (uint32_t i = 0; i < 130; i++) {
		rig_drain(&rig);
		rig_in_options(&rig, TCP_SYN, 1000 + i, 0, 60000, syn, none);
		uint32_t age = ts_clock(rig.tcp, &flow) - rig_out(&rig)->options.ts_val;
		assert_in_range(age, 0, 127);
		rig_tick(&rig, 1);
	}
	rig_free(&rig);
}

// Every value of the four bits, and options in each combination, come back as they went out.
static void what_is_baked_comes_back(void **)
{
	static const uint16_t sizes[][2] = {{0, 536},     {100, 216},   {535, 216},   {1219, 536},
					    {1220, 1220}, {1359, 1300}, {1399, 1360}, {1439, 1400},
					    {1459, 1440}, {9000, 1460}};
	struct rig rig = {0};
	options_on(&rig);
	for (uint32_t i = 0; i < 10 * 64; i++) {
		struct syn_seen seen = {
			.flow = {rig.local, rig.remote},
			.irs = i * 2654435761u,
			.mss = sizes[i % 10][0],
			.scale = (uint8_t)(i % 15),
			.options = SYN_TS | (i / 10 & (SYN_SCALE | SYN_SACK)) |
				   ((i & 8) != 0 ? SYN_ECN : 0),
		};
		uint32_t ecr = syncookie_bake(rig.tcp, &seen);
		struct ip_segment where = {rig.local, rig.remote, 0};
		struct segment ack = {
			.where = &where,
			.seq = seen.irs + 1,
			.ack = seen.iss + 1,
			.options = {.has_ts = true, .ts_val = 5, .ts_ecr = ecr},
		};
		struct syn_seen got;
		assert_true(syncookie_check(rig.tcp, &ack, &got));
		assert_int_equal(got.mss, sizes[i % 10][1]);
		assert_int_equal(got.options, seen.options | SYN_RESENT);
		if ((seen.options & SYN_SCALE) != 0)
			assert_int_equal(got.scale, seen.scale);
		rig_tick(&rig, 100); // through several secrets
	}
	rig_free(&rig);
}

static void a_forged_cookie_is_no_cookie(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	fill(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t iss = rig_out(&rig)->seq;
	for (uint32_t bit = 0; bit < 32; bit++) {
		rig_in(&rig, TCP_ACK, 1001, (iss ^ UINT32_C(1) << bit) + 1, 60000, none);
		struct rig_segment *reset = rig_out(&rig);
		assert_int_equal(reset->flags, TCP_RST);
	}
	rig_in(&rig, TCP_ACK, 1002, iss + 1, 60000, none); // of another SYN
	from_port(&rig, 4444);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none); // of another peer
	assert_int_equal(tcp_stats(rig.tcp)->cookies_bad, 34);
	assert_int_equal(tcp_stats(rig.tcp)->accepted, 0);
	from_port(&rig, RIG_PEER_PORT);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	rig_free(&rig);
}

static void a_cookie_grows_stale(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	fill(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t iss = rig_out(&rig)->seq;
	rig.now_us += 2ull * SYN_COOKIE_MS * 1000 + 1000;
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	assert_int_equal(tcp_stats(rig.tcp)->accepted, 0);
	// Without a flood nothing is even looked at.
	assert_int_equal(tcp_stats(rig.tcp)->cookies_bad, 0);
	// While others are sent, the secret has changed.
	from_port(&rig, 4444);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	from_port(&rig, RIG_PEER_PORT);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	assert_int_equal(tcp_stats(rig.tcp)->cookies_bad, 1);
	assert_int_equal(tcp_stats(rig.tcp)->accepted, 0);
	rig_free(&rig);
}

static void the_oldest_makes_room_for_a_port_used_again(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	uint32_t old = rig.una;
	tcp_shutdown(rig.conn);
	rig_tick(&rig, 0);
	rig_in(&rig, TCP_ACK | TCP_FIN, rig.seq, rig.una + 1, 60000, none);
	tcp_release(rig.conn);
	assert_int_equal(tcp_stats(rig.tcp)->time_wait, 1);
	fill(&rig);
	rig_in(&rig, TCP_SYN, rig.seq + 5000, 0, 60000, none);
	struct rig_segment *syn_ack = rig_out(&rig);
	assert_true(seq_lt(old, syn_ack->seq));
	assert_int_equal(tcp_stats(rig.tcp)->syn_evicted, 1);
	assert_int_equal(tcp_stats(rig.tcp)->cookies_sent, 0);
	rig_free(&rig);
}

static void a_cookie_is_good_beside_an_entry(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	fill(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t iss = rig_out(&rig)->seq;
	rig_tick(&rig, rig.config.handshake_ms + 10); // there is room again
	rig_drain(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none); // sent again, and answered by another ISN
	assert_int_not_equal(rig_out(&rig)->seq, iss);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 1);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 0);
	rig_free(&rig);
}

static void without_a_free_block_the_peer_waits(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.conns_max = 1;
	rig_new(&rig);
	from_port(&rig, 4444);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t iss = rig_out(&rig)->seq;
	from_port(&rig, RIG_PEER_PORT);
	rig_accept(&rig, none);
	rig_drain(&rig);
	from_port(&rig, 4444);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	assert_true(rig_silent(&rig)); // no RST: it may try again
	from_port(&rig, 4445);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	assert_true(rig_silent(&rig));
	assert_int_equal(tcp_stats(rig.tcp)->conns_full, 2);
	assert_int_equal(tcp_stats(rig.tcp)->syn_dropped, 1);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 1);
	tcp_abort(rig.conn);
	tcp_release(rig.conn);
	rig_tick(&rig, 1);
	rig_drain(&rig);
	from_port(&rig, 4444);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	rig.conn = NULL;
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	rig_free(&rig);
}

static void a_handshake_ends_with_a_reset_or_its_listener(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	uint32_t iss = rig_out(&rig)->seq;
	rig_in(&rig, TCP_RST, 1001, 0, 0, none);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 0);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	iss = rig_out(&rig)->seq;
	tcp_unlisten(rig.tcp, &rig.local);
	rig_in(&rig, TCP_ACK, 1001, iss + 1, 60000, none);
	assert_int_equal(rig_out(&rig)->flags, TCP_RST);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 0);
	assert_int_equal(tcp_stats(rig.tcp)->no_listener, 1);
	rig_free(&rig);
}

// Entries of a flood come and go; none is lost, none is found twice.
static void entries_are_all_given_back(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.half_open_max = 100;
	rig_new(&rig);
	for (uint32_t i = 0; i < 40000; i++) {
		from_port(&rig, 1 + i * 31 % 65000);
		rig_in(&rig, i % 7 == 0 ? TCP_RST : TCP_SYN, 1000 + i % 7 / 6, 0, 60000, none);
		rig_drain(&rig);
		assert_in_range(tcp_stats(rig.tcp)->half_open, 0, 100);
		if (i % 20 == 0)
			rig_tick(&rig, 1);
		rig_drain(&rig);
	}
	assert_in_range(tcp_stats(rig.tcp)->cookies_sent, 1, 40000);
	for (uint32_t i = 0; i < 100; i++) {
		rig_tick(&rig, 1000);
		rig_drain(&rig);
	}
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 0);
	fill(&rig);
	assert_int_equal(tcp_stats(rig.tcp)->half_open, 100);
	rig_free(&rig);
}

// Were it always the same number, someone could find out how many others were sent (CVE-2016-5696):
// whether a guess at somebody else's connection was a good one.
static void nobody_can_count_challenges(void **)
{
	enum { ENTRIES = 2 * TCP_CHALLENGES_MEAN, SECONDS = 4 };
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.half_open_max = ENTRIES;
	rig_new(&rig);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		from_port(&rig, 1000 + i);
		rig_in(&rig, TCP_SYN, 77, 0, 60000, none);
		rig_drain(&rig);
	}
	uint64_t counts[SECONDS], differ = 0;
	for (uint32_t s = 0; s < SECONDS; s++) {
		uint64_t before = tcp_stats(rig.tcp)->challenge_acks;
		rig.now_us += 1000000;
		for (uint32_t i = 0; i < ENTRIES; i++) {
			from_port(&rig, 1000 + i);
			rig_in(&rig, TCP_SYN, 7777777, 0, 60000, none);
			rig_drain(&rig);
		}
		counts[s] = tcp_stats(rig.tcp)->challenge_acks - before;
		assert_in_range(counts[s], TCP_CHALLENGES_MEAN / 2, ENTRIES - 1);
		differ += counts[s] != counts[0];
	}
	assert_int_not_equal(differ, 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_takes_no_connection_block),
		cmocka_unit_test(a_full_table_answers_with_cookies),
		cmocka_unit_test(timestamps_carry_the_other_options),
		cmocka_unit_test(our_timestamp_is_not_from_the_future),
		cmocka_unit_test(what_is_baked_comes_back),
		cmocka_unit_test(a_forged_cookie_is_no_cookie),
		cmocka_unit_test(a_cookie_grows_stale),
		cmocka_unit_test(the_oldest_makes_room_for_a_port_used_again),
		cmocka_unit_test(a_cookie_is_good_beside_an_entry),
		cmocka_unit_test(without_a_free_block_the_peer_waits),
		cmocka_unit_test(a_handshake_ends_with_a_reset_or_its_listener),
		cmocka_unit_test(entries_are_all_given_back),
		cmocka_unit_test(nobody_can_count_challenges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
