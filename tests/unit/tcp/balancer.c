// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the health probes of Azure's load balancer are answered: no timestamps, and never a RST,
// whatever the caller does with the connection.

#include "tests/unit/tcp/rig.h"

static const char *const probes[] = {"168.63.129.16", "fe80::1234:5678:9abc"};
static const char *const others[] = {"168.63.129.17", "fe80::1234:5678:9abd"};

static const uint8_t options[] = {2, 4, 5, 180, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};

static void start(struct rig *rig, const char *remote)
{
	rig_config(rig);
	rig->config.timestamps = true;
	rig_new(rig);
	assert_int_equal(addr_parse(remote, &rig->remote.addr), 0);
	if (!addr_is_v4(&rig->remote.addr)) {
		struct endpoint local = {.port = RIG_PORT};
		assert_int_equal(addr_parse("fe80::1", &local.addr), 0);
		rig->local = local;
		assert_int_equal(tcp_listen(rig->tcp, &local, rig), 0);
	}
}

static bool offers_timestamps(const char *remote)
{
	struct rig rig = {0};

	start(&rig, remote);
	rig_in_options(
		&rig, TCP_SYN, 1000, 0, 60000, span_of(options, sizeof(options)), (struct span){0}
	);
	bool passive = rig_out(&rig)->options.has_ts;
	struct tcp_conn *conn;
	assert_int_equal(tcp_connect(rig.tcp, &rig.remote, NULL, rig.now_us, &conn), 0);
	assert_int_equal(rig_out(&rig)->options.has_ts, passive);
	tcp_release(conn);
	rig_tick(&rig, 1);
	rig_free(&rig);
	return passive;
}

static void timestamps_are_for_everybody_else(void **)
{
	for (size_t i = 0; i < 2; i++) {
		assert_false(offers_timestamps(probes[i]));
		assert_true(offers_timestamps(others[i]));
	}
}

static void accept_one(struct rig *rig, const char *remote)
{
	start(rig, remote);
	rig_accept(rig, (struct span){0});
	rig_drain(rig);
}

static void peer_fin(struct rig *rig, uint32_t ack)
{
	rig_in(rig, TCP_FIN | TCP_ACK, rig->seq, rig->una + ack, 60000, (struct span){0});
	rig->seq++;
	rig_tick(rig, 1);
}

// Which of FIN and RST the connection ends with; the peer acknowledges a FIN, and has closed, or
// closes then.
static uint8_t last_words(struct rig *rig, bool has_closed)
{
	uint8_t flags = 0;

	rig_tick(rig, 1);
	while (!rig_silent(rig))
		flags |= rig_out(rig)->flags;
	if ((flags & TCP_FIN) != 0 && has_closed)
		rig_in(rig, TCP_ACK, rig->seq, rig->una + 1, 60000, (struct span){0});
	else if ((flags & TCP_FIN) != 0)
		peer_fin(rig, 1);
	rig_tick(rig, rig->config.time_wait_ms + 1);
	while (!rig_silent(rig))
		flags |= rig_out(rig)->flags;
	assert_int_equal(tcp_stats(rig->tcp)->conns, 0);
	return flags & (TCP_FIN | TCP_RST);
}

static uint8_t refused(const char *remote)
{
	struct rig rig = {0};

	accept_one(&rig, remote);
	tcp_abort(rig.conn);
	tcp_release(rig.conn);
	uint8_t flags = last_words(&rig, false);
	rig_free(&rig);
	return flags;
}

static uint8_t left_unread(const char *remote)
{
	struct rig rig = {0};

	accept_one(&rig, remote);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(5));
	rig.seq += 5;
	tcp_release(rig.conn);
	peer_fin(&rig, 0);
	uint8_t flags = last_words(&rig, true);
	rig_free(&rig);
	return flags;
}

static void a_probe_gets_a_fin_where_others_get_a_reset(void **)
{
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(refused(probes[i]), TCP_FIN);
		assert_int_equal(refused(others[i]), TCP_RST);
		assert_int_equal(left_unread(probes[i]), TCP_FIN);
		assert_int_equal(left_unread(others[i]) & TCP_RST, TCP_RST);
	}
}

// What a probe does: it connects and closes.
static void a_probe_that_closes_hears_a_fin(void **)
{
	struct rig rig = {0};

	accept_one(&rig, probes[0]);
	peer_fin(&rig, 0);
	assert_true(rig_event_is(&rig, TCP_EV_FIN));
	tcp_release(rig.conn);
	assert_int_equal(last_words(&rig, true), TCP_FIN);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timestamps_are_for_everybody_else),
		cmocka_unit_test(a_probe_gets_a_fin_where_others_get_a_reset),
		cmocka_unit_test(a_probe_that_closes_hears_a_fin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
