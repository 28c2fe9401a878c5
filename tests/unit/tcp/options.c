// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tcp/rig.h"

static void reads_all_it_knows(void **)
{
	static const uint8_t bytes[] = {2, 4, 5, 180, 4, 2, 8,  10, 0, 0, 0, 1,  0,  0,
					0, 2, 1, 3,   3, 7, 99, 4,  0, 0, 0, 77, 77, 77};
	struct tcp_options o;
	assert_int_equal(options_parse(span_of(bytes, sizeof(bytes)), &o), 0);
	assert_int_equal(o.mss, 1460);
	assert_true(o.sack_permitted && o.has_ts && o.has_scale);
	assert_int_equal(o.ts_val, 1);
	assert_int_equal(o.ts_ecr, 2);
	assert_int_equal(o.scale, 7);
}

static void refuses_bad_lengths(void **)
{
	static const struct {
		uint8_t n, bytes[12];
	} bad[] = {
		{1, {2}},                // no length
		{2, {2, 0}},             // would loop
		{2, {2, 1}},             // shorter than itself
		{3, {2, 4, 5}},          // beyond the end
		{3, {2, 3, 5}},          // wrong for its kind
		{5, {3, 5, 1, 1, 1}},    // too long for its kind
		{6, {5, 6, 1, 1, 1, 1}}, // half a SACK block
		{4, {8, 4, 1, 1}},
		{4, {99, 200, 0, 0}},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tcp_options o;
		assert_int_equal(options_parse(span_of(bad[i].bytes, bad[i].n), &o), ERR_MALFORMED);
	}
}

static void negotiates_only_what_both_want(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.timestamps = rig.config.sack = rig.config.window_scale = true;
	rig.config.rcv_buf = 1000000;
	rig_new(&rig);
	static const uint8_t all[] = {2, 4, 2, 88, 1, 3, 3, 2, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0};
	rig_in_options(&rig, TCP_SYN, 1, 0, 1000, span_of(all, sizeof(all)), (struct span){0});
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->options.mss, 1460);
	assert_true(s->options.sack_permitted && s->options.has_scale && s->options.has_ts);
	assert_int_equal(s->options.scale, 4);
	assert_int_equal(s->options.ts_ecr, 9);
	assert_int_equal(s->wnd, 65535); // never scaled in a SYN
	rig.remote.port++;
	rig_in(&rig, TCP_SYN, 1, 0, 1000, (struct span){0});
	s = rig_out(&rig);
	assert_int_equal(s->options.mss, 1460);
	assert_false(s->options.sack_permitted || s->options.has_scale || s->options.has_ts);
	rig_free(&rig);
}

static void a_tiny_mss_is_raised(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	static const uint8_t mss[] = {2, 4, 0, 48};
	rig_accept(&rig, span_of(mss, sizeof(mss)));
	assert_int_equal(tcp_send(rig.conn, rig_bytes(500)), 500);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, TCP_MSS_MIN);
	rig_free(&rig);
}

static void without_an_mss_536_is_meant(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, (struct span){0});
	assert_int_equal(tcp_send(rig.conn, rig_bytes(1000)), 1000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 536);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_it_knows),
		cmocka_unit_test(refuses_bad_lengths),
		cmocka_unit_test(negotiates_only_what_both_want),
		cmocka_unit_test(a_tiny_mss_is_raised),
		cmocka_unit_test(without_an_mss_536_is_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
