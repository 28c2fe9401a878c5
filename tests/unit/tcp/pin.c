// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What received packets pin: buffers count, not bytes.

#include "tests/unit/tcp/rig.h"

#include <stdlib.h>

enum { RCV_BUF = 60000, BUFFER = PKT_HEADROOM + PKT_DATAROOM };

static void data_in(struct rig *rig, uint32_t from, uint32_t n)
{
	struct span bytes = span_first(span_from(rig_bytes(60000), from), n);
	rig_in(rig, TCP_ACK, rig->seq + from, rig->una, 60000, bytes);
}

// Everything readable is the next `n` bytes from `from` on.
static void read_exactly(struct rig *rig, uint32_t from, uint32_t n)
{
	for (struct span s = tcp_peek(rig->conn); s.n > 0; s = tcp_peek(rig->conn)) {
		assert_in_range(s.n, 1, n);
		assert_memory_equal(s.p, span_from(rig_bytes(60000), from).p, s.n);
		from += (uint32_t)s.n;
		n -= (uint32_t)s.n;
		tcp_consume(rig->conn, s.n);
	}
	assert_int_equal(n, 0);
}

static void rig_open(struct rig *rig)
{
	static const uint8_t permitted[] = {2, 4, 5, 180, 1, 1, 4, 2};
	rig_config(rig);
	rig->config.sack = true;
	rig->config.rcv_buf = RCV_BUF;
	rig_new(rig);
	rig_accept(rig, span_of(permitted, sizeof(permitted)));
	rig_drain(rig);
}

// The right edge that the latest segment of the stack tells; it never moves back (RFC 9293 3.8.6).
static void edge_follow(struct rig *rig, uint32_t *edge)
{
	rig_tick(rig, 50);
	while (!rig_silent(rig)) {
		struct rig_segment *ack = rig_out(rig);
		assert_true(*edge == 0 || seq_le(*edge, ack->ack + ack->wnd));
		*edge = ack->ack + ack->wnd;
	}
	rig_drain(rig);
}

static void nothing_pins_nothing(void **)
{
	struct rig rig = {0};
	rig_open(&rig);
	data_in(&rig, 0, 100);
	data_in(&rig, 1500, 100);
	assert_int_equal(tcp_stats(rig.tcp)->rx_pinned, 2 * BUFFER);
	data_in(&rig, 100, 1400);
	read_exactly(&rig, 0, 1600);
	assert_int_equal(tcp_stats(rig.tcp)->rx_pinned, 0);
	data_in(&rig, 3000, 100);
	tcp_abort(rig.conn);
	tcp_release(rig.conn);
	rig_tick(&rig, 1);
	assert_int_equal(tcp_stats(rig.tcp)->rx_pinned, 0);
	rig_free(&rig);
}

static void tiny_segments_in_order(void **)
{
	struct rig rig = {0};
	rig_open(&rig);
	uint32_t edge = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		data_in(&rig, i, 1);
		edge_follow(&rig, &edge);
	}
	assert_in_range(tcp_stats(rig.tcp)->rx_pinned, 20000, 30000);
	assert_in_range(tcp_stats(rig.tcp)->rx_collapsed, 19900, 20000);
	read_exactly(&rig, 0, 20000);
	rig_free(&rig);
}

// The last one first: each goes before the one that came before it.
static void tiny_segments_backwards(void **)
{
	struct rig rig = {0};
	rig_open(&rig);
	for (uint32_t i = 10000; i > 0; i--) {
		data_in(&rig, i, 1);
		rig_drain(&rig);
	}
	assert_int_equal(tcp_stats(rig.tcp)->ooo_dropped, 0);
	assert_in_range(tcp_stats(rig.tcp)->rx_pinned, 10000, 3 * 10000);
	data_in(&rig, 0, 1);
	read_exactly(&rig, 0, 10001);
	rig_free(&rig);
}

// With holes between them nothing can be put together. There is an end to that, and the rest goes
// on: what was refused is sent again, and the window stays.
static void tiny_segments_with_holes(void **)
{
	struct rig rig = {0};
	rig_open(&rig);
	uint32_t edge = 0;
	for (uint32_t i = 1; i < 2000; i += 2) {
		data_in(&rig, i, 1);
		edge_follow(&rig, &edge);
	}
	uint32_t kept = TCP_PIN_FACTOR * RCV_BUF / BUFFER;
	assert_in_range(tcp_stats(rig.tcp)->rx_pinned, (kept - 1) * BUFFER, kept * BUFFER);
	assert_in_range(tcp_stats(rig.tcp)->ooo_dropped, 1000 - kept, 1000 - kept + 1);
	for (uint32_t i = 0; i < 2000; i++) {
		data_in(&rig, i, 1);
		edge_follow(&rig, &edge);
	}
	assert_in_range(tcp_stats(rig.tcp)->rx_pinned, BUFFER, 4 * BUFFER);
	read_exactly(&rig, 0, 2000);
	rig_free(&rig);
}

// What SACK has told is not dropped to make way for a segment that then finds no room.
static void a_refused_segment_takes_nothing_along(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.queue_pkts_max = 16; // 8 for receiving, 6 for what is out of order
	rig_new(&rig);
	rig_accept(&rig, span_of(NULL, 0));
	rig_drain(&rig);
	data_in(&rig, 12000, 100);
	for (uint32_t i = 0; i < 6; i++)
		data_in(&rig, i * 1400, 1400);
	assert_int_equal(tcp_stats(rig.tcp)->rx_queued, 7);
	data_in(&rig, 11900, 300);
	assert_int_equal(tcp_stats(rig.tcp)->ooo_dropped, 1);
	assert_int_equal(tcp_stats(rig.tcp)->rx_queued, 7);
	read_exactly(&rig, 0, 6 * 1400);
	for (uint32_t i = 6; i < 8; i++)
		data_in(&rig, i * 1400, 1400);
	data_in(&rig, 8 * 1400, 12000 - 8 * 1400);
	read_exactly(&rig, 6 * 1400, 12100 - 6 * 1400);
	rig_free(&rig);
}

enum { JUMBO = 9216 };

static struct pkt *jumbo_get(struct pkt_pool *pool)
{
	struct pkt *pkt = calloc(1, sizeof(*pkt) + JUMBO);
	assert_non_null(pkt);
	pkt->base = (uint8_t *)(pkt + 1);
	pkt->data = pkt->base + PKT_HEADROOM;
	pkt->size = JUMBO;
	pkt->refs = 1;
	pkt->pool = pool;
	return pkt;
}

static void jumbo_put(struct pkt_pool *, struct pkt *pkt)
{
	free(pkt);
}

// Segments too large to be copied lightly are copied once they pin too much.
static void full_segments_in_jumbo_buffers(void **)
{
	struct rig rig = {0};
	struct pkt_pool jumbo = {jumbo_get, jumbo_put};
	rig_open(&rig);
	struct pkt_pool *usual = rig.pool;
	rig.pool = &jumbo;
	for (uint32_t i = 0; i < 35; i++)
		data_in(&rig, i * 1400, 1400);
	data_in(&rig, 36 * 1400, 1400);
	data_in(&rig, 37 * 1400, 1400);
	rig.pool = usual;
	assert_int_equal(tcp_stats(rig.tcp)->ooo_dropped, 0);
	assert_in_range(tcp_stats(rig.tcp)->rx_pinned, RCV_BUF, 2 * RCV_BUF + JUMBO);
	read_exactly(&rig, 0, 35 * 1400);
	data_in(&rig, 35 * 1400, 1400);
	read_exactly(&rig, 35 * 1400, 3 * 1400);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_pins_nothing),
		cmocka_unit_test(tiny_segments_in_order),
		cmocka_unit_test(tiny_segments_backwards),
		cmocka_unit_test(tiny_segments_with_holes),
		cmocka_unit_test(a_refused_segment_takes_nothing_along),
		cmocka_unit_test(full_segments_in_jumbo_buffers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
