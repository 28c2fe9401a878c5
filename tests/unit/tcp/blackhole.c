// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Paths that swallow large packets (RFC 4821 7.7), played by a peer that acknowledges only what
// such a path lets through.

#include "dataplane/tcp/instance.h"
#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

struct path {
	struct rig rig;
	uint32_t largest; // payload that passes; 0: none
	uint32_t end;     // in order, at the peer
	uint8_t got[400000];
};

static void path_new(struct path *path, uint32_t largest)
{
	static const uint8_t mss_1460[] = {2, 4, 5, 180};
	path->largest = largest;
	rig_new(&path->rig);
	rig_accept(&path->rig, span_of(mss_1460, 4));
	rig_drain(&path->rig);
	path->end = path->rig.una;
	assert_int_equal(tcp_send(path->rig.conn, rig_bytes(30000)), 30000);
}

// The peer has no SACK, but keeps what comes behind a hole, and acknowledges each segment.
static void path_run(struct path *path, uint32_t ms)
{
	for (uint32_t i = 0; i < ms / 10; i++) {
		rig_tick(&path->rig, 10);
		while (!rig_silent(&path->rig)) {
			struct rig_segment *s = rig_out(&path->rig);
			if (s->len == 0 || s->len > path->largest)
				continue;
			memset(path->got + (s->seq - path->rig.una), 1, s->len);
			while (path->got[path->end - path->rig.una] != 0)
				path->end++;
			rig_in(&path->rig, TCP_ACK, path->rig.seq, path->end, 60000, none);
		}
		rig_drain(&path->rig);
	}
}

// Another 50,000 bytes.
static void path_send(struct path *path)
{
	uint32_t end = path->end + 50000;
	assert_int_equal(tcp_send(path->rig.conn, rig_bytes(50000)), 50000);
	path_run(path, 3000);
	assert_int_equal(path->end, end);
}

static void large_packets_become_smaller(void **)
{
	struct path path = {0};
	path_new(&path, 1300);
	path_run(&path, 6000);
	assert_int_equal(tcp_stats(path.rig.tcp)->black_holes, 1);
	assert_int_equal(path.rig.conn->mss, 1280 - 40);
	assert_int_equal(path.end - path.rig.una, 30000);
	rig_free(&path.rig);
}

static void the_smallest_is_found(void **)
{
	struct path path = {0};
	path_new(&path, 600);
	path_run(&path, 30000);
	assert_int_equal(path.rig.conn->mss, 576 - 40);
	assert_int_equal(path.end - path.rig.una, 30000);
	rig_free(&path.rig);
}

// Nothing passes for some seconds, then everything.
static void a_dead_path_is_no_black_hole(void **)
{
	struct path path = {0};
	path_new(&path, 0);
	path_run(&path, 7000);
	path.largest = 1460;
	path_run(&path, 20000);
	assert_int_equal(path.end - path.rig.una, 30000);
	assert_int_equal(path.rig.conn->mss, 1460);
	assert_int_equal(path.rig.conn->mss_test, 0);
	assert_int_equal(tcp_stats(path.rig.tcp)->black_holes, 0);
	rig_free(&path.rig);
}

static void larger_ones_are_tried_again(void **)
{
	struct path path = {0};
	path_new(&path, 1300);
	path_run(&path, 6000);
	struct tcp_conn *conn = path.rig.conn;
	const struct tcp_stats *stats = tcp_stats(path.rig.tcp);
	assert_int_equal(conn->mss, 1280 - 40);
	path.largest = 1460;
	path_run(&path, TCP_RAISE_MS - 10000);
	path_send(&path);
	assert_int_equal(stats->mss_tried, 0);
	path_run(&path, 10000);
	for (int i = 0; i < 6; i++)
		path_send(&path);
	assert_int_equal(conn->mss, 1460);
	assert_int_equal(stats->mss_raised, 2);
	assert_int_equal(stats->mss_tried, 2);
	rig_free(&path.rig);
}

// It still swallows them: one packet is sent again, in two, without a timeout.
static void a_path_that_stays_bad_costs_a_packet(void **)
{
	struct path path = {0};
	path_new(&path, 1300);
	path_run(&path, 6000);
	struct tcp_conn *conn = path.rig.conn;
	const struct tcp_stats *stats = tcp_stats(path.rig.tcp);
	path_run(&path, TCP_RAISE_MS);
	uint64_t timeouts = stats->rto_expired;
	for (int i = 0; i < 3; i++)
		path_send(&path);
	assert_int_equal(stats->mss_tried, 1);
	assert_int_equal(stats->mss_raised, 0);
	assert_int_equal(conn->mss, 1280 - 40);
	assert_int_equal(stats->rto_expired, timeouts);
	assert_int_equal(stats->black_holes, 1);
	path_run(&path, TCP_RAISE_MS);
	for (int i = 0; i < 3; i++)
		path_send(&path);
	assert_int_equal(stats->mss_tried, 2);
	rig_free(&path.rig);
}

// Whatever the path takes, the peer wants no more than it said.
static void the_peers_limit_stays(void **)
{
	struct path path = {.largest = 1460};
	static const uint8_t mss_1400[] = {2, 4, 5, 120};
	rig_new(&path.rig);
	rig_accept(&path.rig, span_of(mss_1400, 4));
	rig_drain(&path.rig);
	path.end = path.rig.una;
	assert_int_equal(tcp_send(path.rig.conn, rig_bytes(3000)), 3000);
	rig_tick(&path.rig, 0);
	tcp_icmp_error(
		path.rig.tcp, &path.rig.local, &path.rig.remote, path.rig.una, 3, 4, 1300,
		path.rig.now_us
	);
	assert_int_equal(path.rig.conn->mss, 1260);
	path_run(&path, TCP_RAISE_MS + 10000);
	for (int i = 0; i < 6; i++)
		path_send(&path);
	assert_int_equal(path.rig.conn->mss, 1400);
	assert_int_equal(tcp_stats(path.rig.tcp)->retransmits, 4);
	rig_free(&path.rig);
}

// A larger packet tried buys a released connection no time: its peer takes no more.
static void a_released_one_tries_none(void **)
{
	struct path path = {0};
	path_new(&path, 1300);
	path_run(&path, 6000);
	const struct tcp_stats *stats = tcp_stats(path.rig.tcp);
	path_run(&path, TCP_RAISE_MS);
	uint32_t end = path.end + 30000;
	assert_int_equal(tcp_send(path.rig.conn, rig_bytes(50000)), 50000);
	tcp_release(path.rig.conn);
	for (int i = 0; i < 300 && stats->mss_tried == 0 && seq_lt(path.end, end); i++)
		path_run(&path, 10);
	for (uint32_t ms = 0; ms < path.rig.config.fin_wait_2_ms + 10000; ms += 100) {
		rig_tick(&path.rig, 100);
		if (!rig_silent(&path.rig))
			rig_in(&path.rig, TCP_ACK, path.rig.seq, path.end, 0, none);
		rig_drain(&path.rig);
	}
	assert_int_equal(stats->conns, 0);
	assert_int_equal(stats->mss_tried, 0);
	rig_free(&path.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_packets_become_smaller),
		cmocka_unit_test(the_smallest_is_found),
		cmocka_unit_test(a_dead_path_is_no_black_hole),
		cmocka_unit_test(larger_ones_are_tried_again),
		cmocka_unit_test(a_path_that_stays_bad_costs_a_packet),
		cmocka_unit_test(the_peers_limit_stays),
		cmocka_unit_test(a_released_one_tries_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
