// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Peers that would take all packets, and one that only wants to work.

#include "dataplane/tcp/ledger.h"

#include "tests/unit/tcp/rig.h"

enum { PKTS = 200, HALF = PKTS / 2, MSS = 1400, FULL = 1200 };

static const struct span none = {0};
static const uint8_t syn_options[] = {2, 4, 5, 120, 1, 1, 4, 2}; // MSS 1400, SACK permitted

struct peer {
	struct tcp_conn *conn;
	uint32_t seq, una;
	uint16_t port;
};

static void open_peers(struct rig *rig, struct peer *peers, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		rig->remote.port = (uint16_t)(2000 + i);
		rig_accept(rig, span_of(syn_options, sizeof(syn_options)));
		peers[i] = (struct peer){rig->conn, rig->seq, rig->una, rig->remote.port};
		rig_drain(rig);
	}
}

static void start(struct rig *rig, struct peer *peers, uint16_t n)
{
	rig_config(rig);
	rig->config.queue_pkts_max = PKTS;
	rig->config.sack = true;
	rig->config.half_open_max = 16;
	rig->config.conns_max = 64;
	rig->config.rcv_buf = rig->config.snd_buf = 60000;
	rig_new(rig);
	open_peers(rig, peers, n);
}

static void end(struct rig *rig, struct peer *peers, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		tcp_abort(peers[i].conn);
		tcp_release(peers[i].conn);
	}
	rig_tick(rig, 1);
	rig_drain(rig);
	rig_free(rig);
}

// A segment that takes a packet of its own, `ahead` of what is due.
static void segment(struct rig *rig, struct peer *peer, uint32_t ahead)
{
	rig->remote.port = peer->port;
	rig_in(rig, TCP_ACK, peer->seq + ahead, peer->una, 60000, rig_bytes(FULL));
	if (ahead == 0)
		peer->seq += FULL;
}

static uint16_t window_now(struct rig *rig, struct peer *peer)
{
	rig_tick(rig, 0);
	rig_drain(rig);
	rig->remote.port = peer->port;
	rig_in(rig, TCP_ACK, peer->seq - 2, peer->una, 60000, rig_bytes(1)); // old: answered
	rig_tick(rig, 0);
	return rig_out(rig)->wnd;
}

static void windows_close_as_queues_fill(void **)
{
	struct rig rig = {0};
	struct peer peers[4];
	const struct tcp_stats *stats;
	start(&rig, peers, 4);
	stats = tcp_stats(rig.tcp);
	uint32_t n = 0;
	while (stats->rx_queued < HALF * 60 / 100)
		segment(&rig, &peers[n++ % 3], 0);
	assert_int_equal(window_now(&rig, &peers[3]), 60000);
	while (stats->rx_queued < HALF * 70 / 100)
		segment(&rig, &peers[n++ % 3], 0);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_PRESSURE);
	assert_int_equal(stats->memory_pressure, 1);
	// A window that was offered is kept, but it does not move on.
	uint32_t edge = peers[3].seq + 60000;
	for (int i = 0; i < 45; i++) {
		segment(&rig, &peers[3], 0);
		tcp_consume(peers[3].conn, FULL);
	}
	assert_in_range(peers[3].seq + window_now(&rig, &peers[3]), edge, edge + 8000);
	// Whoever reads gets on all the same: there is always room for a segment.
	for (int i = 0; i < 20; i++) {
		assert_in_range(window_now(&rig, &peers[3]), FULL, 6000);
		segment(&rig, &peers[3], 0);
		tcp_consume(peers[3].conn, FULL);
	}
	while (stats->rx_queued < HALF * 90 / 100)
		segment(&rig, &peers[n++ % 3], 0);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	assert_int_equal(stats->memory_critical, 1);
	// Now only who has nothing unread gets more.
	uint32_t before = peers[1].conn->rcv_bytes;
	segment(&rig, &peers[1], 0);
	peers[1].seq -= FULL;
	assert_int_equal(peers[1].conn->rcv_bytes, before);
	assert_int_equal(stats->queue_full, 1);
	segment(&rig, &peers[3], 0);
	assert_int_equal(peers[3].conn->rcv_bytes, FULL);
	tcp_consume(peers[3].conn, FULL);
	// It ends well below where it began, and then windows are as before.
	tcp_consume(peers[0].conn, 9 * FULL);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	tcp_consume(peers[0].conn, 1000000);
	tcp_consume(peers[1].conn, 1000000);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_NORMAL);
	assert_in_range(window_now(&rig, &peers[3]), 50000, 60000);
	end(&rig, peers, 4);
}

// A reader that leaves what it has where it is, until more comes, may wait for ever: nothing does.
static void nobody_counts_on_more_when_memory_is_short(void **)
{
	struct rig rig = {0};
	struct peer peers[4];
	const struct tcp_stats *stats;
	start(&rig, peers, 4);
	stats = tcp_stats(rig.tcp);
	for (uint32_t n = 0; stats->rx_queued < HALF * 70 / 100; n++)
		segment(&rig, &peers[n % 3], 0);
	assert_true(tcp_may_receive(peers[0].conn, FULL));
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_PRESSURE);
	assert_false(tcp_may_receive(peers[0].conn, FULL));
	for (uint32_t n = 0; stats->rx_queued < HALF * 90 / 100; n++)
		segment(&rig, &peers[n % 3], 0);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	uint32_t before = peers[0].conn->rcv_bytes, events;
	while (tcp_event(rig.tcp, &events) != NULL)
		;
	segment(&rig, &peers[0], 0);
	peers[0].seq -= FULL;
	assert_int_equal(peers[0].conn->rcv_bytes, before);
	assert_ptr_equal(tcp_event(rig.tcp, &events), peers[0].conn); // who began to wait before
	assert_int_equal(events, TCP_EV_READABLE);
	assert_false(tcp_may_receive(peers[0].conn, FULL));
	for (size_t i = 0; i < 3; i++)
		tcp_consume(peers[i].conn, 1000000);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_NORMAL);
	assert_true(tcp_may_receive(peers[0].conn, FULL));
	end(&rig, peers, 4);
}

// Holes that are never filled.
static void what_waits_out_of_order_is_dropped(void **)
{
	struct rig rig = {0};
	struct peer peers[3];
	const struct tcp_stats *stats;
	start(&rig, peers, 3);
	stats = tcp_stats(rig.tcp);
	segment(&rig, &peers[2], FULL); // an honest one has a hole as well
	for (uint32_t i = 1; i < 49; i++) {
		segment(&rig, &peers[0], i * FULL);
		segment(&rig, &peers[1], i * FULL);
	}
	assert_in_range(stats->rx_queued, HALF * 70 / 100, HALF * 75 / 100);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory_pressure, 1);
	rig_tick(&rig, 2);
	assert_in_range(stats->ooo_pruned, 60, 80);
	assert_int_equal(stats->rx_queued, 1);
	assert_int_equal(stats->memory, TCP_MEMORY_NORMAL);
	// What was dropped is not reported any more, and is taken when it comes again.
	rig_drain(&rig);
	segment(&rig, &peers[0], 5 * FULL);
	rig_tick(&rig, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->ack, peers[0].seq);
	assert_int_equal(ack->options.n_sack, 1);
	assert_int_equal(ack->options.sack[0].left, peers[0].seq + 5 * FULL);
	for (uint32_t i = 0; i < 10; i++)
		segment(&rig, &peers[0], 0);
	size_t got = 0;
	for (struct span s = tcp_peek(peers[0].conn); s.n > 0; s = tcp_peek(peers[0].conn)) {
		got += s.n;
		tcp_consume(peers[0].conn, s.n);
	}
	assert_int_equal(got, 10 * FULL);
	segment(&rig, &peers[2], 0);
	assert_int_equal(peers[2].conn->rcv_bytes, 2 * FULL);
	end(&rig, peers, 3);
}

// Sockstress: peers that ask for much and take nothing, so that little is left to send with.
static void who_takes_nothing_is_reset(void **)
{
	enum { STALLED = 30 };
	struct rig rig = {0};
	struct peer peers[STALLED + 1];
	struct peer *honest = &peers[STALLED];
	const struct tcp_stats *stats;
	start(&rig, peers, STALLED + 1);
	stats = tcp_stats(rig.tcp);
	size_t most = 0;
	for (int i = 0; i < STALLED; i++) {
		rig.remote.port = peers[i].port;
		rig_in(&rig, TCP_ACK, peers[i].seq, peers[i].una, 0, none);
		size_t n = tcp_send(peers[i].conn, rig_bytes(42000));
		most = n > most ? n : most;
		rig_tick(&rig, 0);
	}
	assert_int_equal(most, 42000); // the first ones
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	assert_int_equal(stats->tx_queued, HALF);
	for (int ms = 0; ms < 31000; ms += 500) {
		rig_tick(&rig, 500);
		rig_drain(&rig);
		assert_true(ms < 29000 ? stats->stalled_reset == 0 : stats->stalled_reset <= 1);
		for (int i = 0; i < STALLED; i++) { // there is no room, it says
			rig.remote.port = peers[i].port;
			rig_in(&rig, TCP_ACK, peers[i].seq, peers[i].una, 0, none);
		}
		rig_drain(&rig);
	}
	assert_int_equal(stats->stalled_reset, 1); // no more than it takes
	assert_in_range(stats->tx_queued, 0, HALF * 80 / 100);
	assert_int_not_equal(stats->memory, TCP_MEMORY_CRITICAL);
	assert_int_equal(tcp_conn_error(peers[0].conn), -ETIMEDOUT);
	assert_int_equal(tcp_send(honest->conn, rig_bytes(FULL)), FULL);
	rig_tick(&rig, 0);
	end(&rig, peers, STALLED + 1);
}

// All send queues are full, and each peer says every half second how much it takes: `wnd` from
// where `step` more bytes are acknowledged. One after the other goes, until there is room.
static void expect_evicted(uint16_t wnd, uint32_t step, uint32_t every_ms)
{
	enum { HOLDERS = 30 };
	struct rig rig = {0};
	struct peer peers[HOLDERS + 1];
	const struct tcp_stats *stats;
	start(&rig, peers, HOLDERS + 1);
	stats = tcp_stats(rig.tcp);
	for (int i = 0; i < HOLDERS; i++) {
		(void)!tcp_send(peers[i].conn, rig_bytes(42000));
		rig_tick(&rig, 0); // some of it is on its way
		rig_drain(&rig);
	}
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	for (uint32_t ms = 0; ms < 40000; ms += every_ms) {
		for (int i = 0; i < HOLDERS; i++) {
			struct tcp_conn *conn = peers[i].conn;
			rig.remote.port = peers[i].port;
			if (seq_le(peers[i].una + step, conn->snd_nxt))
				peers[i].una += step;
			rig_in(&rig, TCP_ACK, peers[i].seq, peers[i].una, wnd, none);
		}
		for (uint32_t i = 0; i < every_ms; i++) {
			rig_tick(&rig, 1);
			rig_drain(&rig);
		}
		assert_true(ms < 28000 ? stats->stalled_reset == 0 : true);
	}
	assert_in_range(stats->stalled_reset, 1, HOLDERS);
	assert_int_not_equal(stats->memory, TCP_MEMORY_CRITICAL);
	assert_int_equal(tcp_send(peers[HOLDERS].conn, rig_bytes(FULL)), FULL);
	rig_tick(&rig, 0);
	end(&rig, peers, HOLDERS + 1);
}

// It was let send, and then there is no room for that.
static void who_takes_back_room_is_reset(void **)
{
	expect_evicted(0, 0, 500);
}

static void who_takes_byte_by_byte_is_reset(void **)
{
	expect_evicted(1, 1, 500);
}

static void who_acknowledges_byte_by_byte_is_reset(void **)
{
	expect_evicted(MSS, 1, 150);
}

// Sessions that wait for something, a decision say, and whose peers go on sending meanwhile.
static void who_is_not_read_is_reset(void **)
{
	struct rig rig = {0};
	struct peer peers[5];
	struct peer *honest = &peers[4];
	const struct tcp_stats *stats;
	start(&rig, peers, 5);
	stats = tcp_stats(rig.tcp);
	for (uint32_t n = 0; stats->rx_queued < HALF; n++)
		segment(&rig, &peers[n % 4], 0);
	for (int ms = 0; ms < 31000; ms += 500) {
		assert_int_equal(stats->stalled_reset, 0);
		rig_tick(&rig, 500);
		rig_drain(&rig);
		if (ms < 29000) {
			segment(&rig, honest, 0);
			honest->seq -= FULL;
			assert_int_equal(honest->conn->rcv_bytes, 0);
		} else {
			break;
		}
	}
	rig_tick(&rig, 1000);
	assert_int_equal(stats->stalled_reset, 1);
	assert_int_not_equal(stats->memory, TCP_MEMORY_CRITICAL);
	segment(&rig, honest, 0);
	assert_int_equal(honest->conn->rcv_bytes, FULL);
	tcp_consume(honest->conn, FULL);
	end(&rig, peers, 5);
}

// It takes no packet, and what ends gives some back.
static void an_end_is_heard_when_all_is_full(void **)
{
	struct rig rig = {0};
	struct peer peers[2];
	const struct tcp_stats *stats;
	start(&rig, peers, 2);
	stats = tcp_stats(rig.tcp);
	while (stats->rx_queued < 45)
		segment(&rig, &peers[0], 0);
	while (stats->rx_queued < 90)
		segment(&rig, &peers[1], 0);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	rig.remote.port = peers[1].port;
	rig_in(&rig, TCP_ACK | TCP_FIN, peers[1].seq, peers[1].una, 60000, none);
	assert_true(tcp_conn_fin_received(peers[1].conn));
	end(&rig, peers, 2);
}

// Under pressure nobody queues more than a little, so that everybody can.
static void what_is_left_to_send_with_is_shared(void **)
{
	struct rig rig = {0};
	struct peer peers[4];
	const struct tcp_stats *stats;
	start(&rig, peers, 4);
	stats = tcp_stats(rig.tcp);
	for (int i = 0; i < 2; i++) {
		rig.remote.port = peers[i].port;
		rig_in(&rig, TCP_ACK, peers[i].seq, peers[i].una, 0, none);
	}
	assert_int_equal(tcp_send(peers[0].conn, rig_bytes(49000)), 49000);
	assert_int_equal(tcp_send(peers[1].conn, rig_bytes(49000)), 49000);
	rig_tick(&rig, 0);
	assert_int_equal(stats->tx_queued, 70);
	assert_int_equal(tcp_send_room(peers[0].conn), 0);
	assert_int_equal(tcp_send(peers[2].conn, rig_bytes(49000)), LEDGER_PRESSURE_SEND * MSS);
	rig_tick(&rig, 0);
	assert_int_equal(tcp_send(peers[3].conn, rig_bytes(4 * MSS)), 4 * MSS);
	rig_tick(&rig, 0);
	assert_int_equal(stats->memory, TCP_MEMORY_CRITICAL);
	assert_int_equal(tcp_send_room(peers[3].conn), 0);
	end(&rig, peers, 4);
}

static void new_ones_come_by_cookies(void **)
{
	struct rig rig = {0};
	struct peer peers[4];
	struct peer late;
	const struct tcp_stats *stats;
	start(&rig, peers, 3);
	stats = tcp_stats(rig.tcp);
	for (uint16_t i = 0; i < rig.config.half_open_max / 2; i++) { // who never go on
		rig.remote.port = 900 + i;
		rig_in(&rig, TCP_SYN, 1, 0, 60000, none);
	}
	for (uint32_t n = 0; stats->rx_queued < HALF * 90 / 100; n++)
		segment(&rig, &peers[n % 3], 0);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	uint32_t events;
	while (tcp_event(rig.tcp, &events) != NULL)
		continue;
	rig.remote.port = 3000;
	rig_accept(&rig, span_of(syn_options, sizeof(syn_options)));
	late = (struct peer){rig.conn, rig.seq, rig.una, rig.remote.port};
	assert_int_equal(stats->cookies_accepted, 1);
	assert_int_equal(stats->half_open, rig.config.half_open_max / 2);
	// It can talk.
	segment(&rig, &late, 0);
	assert_int_equal(tcp_peek(late.conn).n, FULL);
	peers[3] = late;
	end(&rig, peers, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_close_as_queues_fill),
		cmocka_unit_test(nobody_counts_on_more_when_memory_is_short),
		cmocka_unit_test(what_waits_out_of_order_is_dropped),
		cmocka_unit_test(who_takes_nothing_is_reset),
		cmocka_unit_test(who_takes_back_room_is_reset),
		cmocka_unit_test(who_takes_byte_by_byte_is_reset),
		cmocka_unit_test(who_acknowledges_byte_by_byte_is_reset),
		cmocka_unit_test(who_is_not_read_is_reset),
		cmocka_unit_test(an_end_is_heard_when_all_is_full),
		cmocka_unit_test(what_is_left_to_send_with_is_shared),
		cmocka_unit_test(new_ones_come_by_cookies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
