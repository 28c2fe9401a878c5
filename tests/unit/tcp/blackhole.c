// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Paths that swallow large packets (RFC 4821 7.7), played by a peer that acknowledges only what
// such a path lets through.

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

struct path {
	struct rig rig;
	uint32_t largest; // payload that passes; 0: none
	uint32_t end;     // in order, at the peer
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

// The peer has no SACK; what comes behind a hole is lost to it.
static void path_run(struct path *path, uint32_t ms)
{
	for (uint32_t i = 0; i < ms / 10; i++) {
		rig_tick(&path->rig, 10);
		bool heard = false;
		while (!rig_silent(&path->rig)) {
			struct rig_segment *s = rig_out(&path->rig);
			if (s->len == 0 || s->len > path->largest)
				continue;
			heard = true;
			if (s->seq - path->end > 0x80000000 || s->seq == path->end)
				path->end = seq_max(path->end, s->seq + s->len);
		}
		rig_drain(&path->rig);
		if (heard)
			rig_in(&path->rig, TCP_ACK, path->rig.seq, path->end, 60000, none);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_packets_become_smaller),
		cmocka_unit_test(the_smallest_is_found),
		cmocka_unit_test(a_dead_path_is_no_black_hole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
