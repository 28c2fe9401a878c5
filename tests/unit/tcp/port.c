// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Source ports (RFC 6056) and the flow table behind them.

#include "tests/unit/tcp/rig.h"

static bool is_even(void *, const struct endpoint *local, const struct endpoint *)
{
	return local->port % 2 == 0;
}

static void every_port_is_used_once(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.conns_max = 200;
	rig.config.port_first = 1000;
	rig.config.port_last = 1099;
	rig_new(&rig);
	bool seen[100] = {false};
	for (int i = 0; i < 100; i++) {
		struct tcp_conn *conn;
		assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
		uint16_t port = tcp_conn_local(conn).port;
		assert_in_range(port, 1000, 1099);
		assert_false(seen[port - 1000]);
		seen[port - 1000] = true;
	}
	struct tcp_conn *conn;
	assert_int_equal(
		tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), -EADDRNOTAVAIL
	);
	rig.remote.port++; // towards another endpoint they are free
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
	rig_free(&rig);
}

static void only_ports_that_come_back_here(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.conns_max = 200;
	rig.config.port_first = 1000;
	rig.config.port_last = 1099;
	rig_new(&rig);
	rig.tcp->ops.port_is_ours = is_even;
	struct tcp_conn *conn;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
		assert_int_equal(tcp_conn_local(conn).port % 2, 0);
	}
	assert_int_equal(
		tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), -EADDRNOTAVAIL
	);
	rig_free(&rig);
}

static void a_listeners_port_is_not_taken(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.port_first = rig.config.port_last = RIG_PORT;
	rig_new(&rig);
	struct tcp_conn *conn;
	assert_int_equal(
		tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), -EADDRNOTAVAIL
	);
	rig_free(&rig);
}

static void connections_run_out(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	struct tcp_conn *conn[17];
	for (int i = 0; i < 16; i++)
		assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn[i]), 0);
	assert_int_equal(
		tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn[16]), ERR_POOL_EMPTY
	);
	assert_int_equal(tcp_stats(rig.tcp)->conns_full, 1);
	tcp_release(conn[3]);
	rig_tick(&rig, 0);
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn[16]), 0);
	rig_free(&rig);
}

// Flows come and go in a crowded table; each is found while it is there, and only then.
static void the_table_finds_what_is_there(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.conns_max = 1000;
	rig.config.half_open_max = 1000;
	rig_new(&rig);
	struct tcp_conn *conns[1000];
	bool there[1000];
	for (uint16_t i = 0; i < 1000; i++) {
		struct flow flow = {rig.local, rig.remote};
		flow.remote.port = (uint16_t)(1 + i);
		conns[i] = conn_new(rig.tcp, &flow);
		there[i] = true;
	}
	uint64_t r = 1;
	for (int step = 0; step < 20000; step++) {
		r = r * UINT64_C(6364136223846793005) + 1442695040888963407;
		uint16_t i = (uint16_t)((r >> 33) % 1000);
		const struct flow *flow = &conns[i]->flow;
		struct time_wait *tw;
		struct tcp_conn *found = table_find(rig.tcp, flow, table_hash(rig.tcp, flow), &tw);
		assert_ptr_equal(found, there[i] ? conns[i] : NULL);
		uint32_t hash = tcp_fetch_slot(rig.tcp, &flow->local, &flow->remote);
		assert_int_equal(hash, table_hash(rig.tcp, flow));
		tcp_fetch_conn(rig.tcp, hash); // nothing but a hint, also for what is not there
		if (there[i])
			table_remove_conn(rig.tcp, conns[i]);
		else
			table_add_conn(rig.tcp, conns[i]);
		there[i] = !there[i];
	}
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port_is_used_once),
		cmocka_unit_test(only_ports_that_come_back_here),
		cmocka_unit_test(a_listeners_port_is_not_taken),
		cmocka_unit_test(connections_run_out),
		cmocka_unit_test(the_table_finds_what_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
