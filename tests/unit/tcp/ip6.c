// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What is different over IPv6: the headers take more of the MTU.

#include "tests/unit/tcp/rig.h"

static const struct span none;

static void rig_new6(struct rig *rig)
{
	rig_new(rig);
	assert_int_equal(addr_parse("2001:db8::1", &rig->local.addr), 0);
	assert_int_equal(addr_parse("2001:db8::2", &rig->remote.addr), 0);
	assert_int_equal(tcp_listen(rig->tcp, &rig->local, rig), 0);
}

// RFC 9293 3.7.1: what is offered is the MTU without both headers; who names no size takes 1220.
static void segments_leave_room_for_both_headers(void **)
{
	static const uint8_t large[] = {2, 4, 0x23, 0}; // 8960
	struct rig rig = {0};

	rig_new6(&rig);
	rig_in(&rig, TCP_SYN, 1000, 0, 60000, none);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->options.mss, 1440);
	rig.remote.port++;
	rig_accept(&rig, none);
	assert_int_equal(rig.conn->mss, 1220);
	rig.remote.port++;
	rig_accept(&rig, span_of(large, sizeof(large)));
	assert_int_equal(rig.conn->mss, 1440);
	rig_free(&rig);
}

// RFC 8201 4: no path takes less than 1280.
static void a_path_shrinks_them_to_1220_at_the_least(void **)
{
	static const uint8_t mss[] = {2, 4, 5, 0xa0};
	struct rig rig = {0};

	rig_new6(&rig);
	rig_accept(&rig, span_of(mss, sizeof(mss)));
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(1440)), 1440);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 1440);
	tcp_icmp_error(rig.tcp, &rig.local, &rig.remote, rig.una, 3, 4, 1400, rig.now_us);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 1340);
	assert_int_equal(rig_out(&rig)->len, 100);
	tcp_icmp_error(rig.tcp, &rig.local, &rig.remote, rig.una, 3, 4, 600, rig.now_us);
	assert_int_equal(rig.conn->mss, 1220);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_leave_room_for_both_headers),
		cmocka_unit_test(a_path_shrinks_them_to_1220_at_the_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
