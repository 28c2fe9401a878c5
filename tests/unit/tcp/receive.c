// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Receiving: order, overlaps, windows, acknowledgements.

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

static struct span part(uint32_t from, uint32_t n)
{
	return span_first(span_from(rig_bytes(60000), from), n);
}

static void data_in(struct rig *rig, uint32_t from, uint32_t n)
{
	rig_in(rig, TCP_ACK, rig->seq + from, rig->una, 60000, part(from, n));
}

// Everything readable, in one piece.
static uint32_t read_all(struct rig *rig, uint8_t *out)
{
	uint32_t n = 0;
	for (struct span s = tcp_peek(rig->conn); s.n > 0; s = tcp_peek(rig->conn)) {
		memcpy(out + n, s.p, s.n);
		n += (uint32_t)s.n;
		tcp_consume(rig->conn, s.n);
	}
	return n;
}

static void rig_sack(struct rig *rig)
{
	static const uint8_t permitted[] = {2, 4, 5, 180, 1, 1, 4, 2};
	rig_config(rig);
	rig->config.sack = true;
	rig_new(rig);
	rig_accept(rig, span_of(permitted, sizeof(permitted)));
	rig_drain(rig);
}

static void puts_segments_in_order(void **)
{
	struct rig rig = {0};
	rig_sack(&rig);
	data_in(&rig, 300, 100);
	data_in(&rig, 100, 100);
	rig_tick(&rig, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->ack, rig.seq);
	assert_int_equal(ack->options.n_sack, 2);
	assert_int_equal(ack->options.sack[0].left, rig.seq + 100); // the latest first
	assert_int_equal(ack->options.sack[0].right, rig.seq + 200);
	assert_int_equal(ack->options.sack[1].left, rig.seq + 300);
	assert_true(rig_event_is(&rig, 0));
	data_in(&rig, 0, 100);
	assert_true(rig_event_is(&rig, TCP_EV_READABLE));
	data_in(&rig, 200, 100);
	rig_tick(&rig, 0);
	ack = rig_out(&rig);
	assert_int_equal(ack->ack, rig.seq + 400);
	assert_int_equal(ack->options.n_sack, 0);
	uint8_t got[1000];
	assert_int_equal(read_all(&rig, got), 400);
	assert_memory_equal(got, part(0, 400).p, 400);
	rig_free(&rig);
}

// What is unread lies in several parts; and there is an end to what the peer may send behind it.
static void shows_what_is_unread_in_parts(void **)
{
	enum { SEGMENT = 1460, WINDOW = 8 * SEGMENT };
	struct rig rig = {0};
	struct span parts[8];
	rig_config(&rig);
	rig.config.rcv_buf = rig.config.rcv_buf_max = WINDOW;
	rig_new(&rig);
	rig_accept(&rig, none);
	rig_drain(&rig);
	assert_int_equal(tcp_peek_parts(rig.conn, parts, 8), 0);
	assert_true(tcp_may_receive(rig.conn, WINDOW - SEGMENT));
	assert_false(tcp_may_receive(rig.conn, WINDOW - SEGMENT + 1));
	for (uint32_t i = 0; i < 6; i++)
		data_in(&rig, i * SEGMENT, SEGMENT);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	assert_int_equal(tcp_peek_parts(rig.conn, parts, 4), 4);
	assert_int_equal(tcp_peek_parts(rig.conn, parts, 8), 6);
	for (uint32_t i = 0; i < 6; i++)
		assert_true(span_equal(parts[i], part(i * SEGMENT, SEGMENT)));
	assert_true(tcp_may_receive(rig.conn, SEGMENT));
	assert_false(tcp_may_receive(rig.conn, SEGMENT + 1));
	data_in(&rig, 6 * SEGMENT, SEGMENT + 1);
	assert_false(tcp_may_receive(rig.conn, 0)); // less than a segment is left
	tcp_consume(rig.conn, 7 * SEGMENT);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	assert_true(tcp_may_receive(rig.conn, 4 * SEGMENT));
	rig_in(&rig, TCP_ACK | TCP_FIN, rig.seq + 7 * SEGMENT + 1, rig.una, 60000, none);
	assert_false(tcp_may_receive(rig.conn, 0)); // nothing will come
	rig_free(&rig);
}

// Every order of overlapping pieces gives the same bytes.
static void overlaps_of_every_kind(void **)
{
	static const uint32_t pieces[][2] = {{0, 50},   {40, 60},   {90, 110},
					     {150, 20}, {100, 100}, {180, 70}};
	enum { N = sizeof(pieces) / sizeof(pieces[0]) };
	for (uint32_t order = 0; order < 720; order++) {
		struct rig rig = {0};
		rig_sack(&rig);
		uint32_t left[N] = {0, 1, 2, 3, 4, 5};
		uint32_t rest = order;
		for (uint32_t n = N; n > 0; n--) {
			uint32_t i = rest % n;
			rest /= n;
			data_in(&rig, pieces[left[i]][0], pieces[left[i]][1]);
			left[i] = left[n - 1];
		}
		uint8_t got[1000];
		assert_int_equal(read_all(&rig, got), 250);
		assert_memory_equal(got, part(0, 250).p, 250);
		rig_free(&rig);
	}
}

static void the_out_of_order_queue_is_limited(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.ooo_runs_max = 3;
	rig_new(&rig);
	rig_accept(&rig, none);
	for (uint32_t i = 1; i <= 5; i++)
		data_in(&rig, i * 200, 100);
	assert_int_equal(tcp_stats(rig.tcp)->ooo_dropped, 2);
	data_in(&rig, 0, 200);
	uint8_t got[1000];
	assert_int_equal(read_all(&rig, got), 300);
	rig_free(&rig);
}

// From run to run without a hole between the packets of one, and one between each two.
static void runs_are_sound(const struct tcp_conn *conn)
{
	uint32_t runs = 0, segs = 0;
	for (const struct pkt *run = conn->ooo_head; run != NULL;) {
		const struct pkt *last = rx_seg(run)->last, *pkt = run;
		runs++;
		for (segs++; pkt != last; pkt = pkt->next, segs++)
			assert_int_equal(rx_seg(pkt)->end, rx_seg(pkt->next)->seq);
		run = last->next;
		assert_true(run == NULL || seq_lt(rx_seg(last)->end, rx_seg(run)->seq));
	}
	assert_int_equal(segs, conn->ooo_segs);
	if (conn->ooo_head != NULL)
		assert_int_equal(runs, rx_seg(conn->ooo_head)->queue.runs);
}

static void pieces_at_random_make_runs(void **)
{
	uint32_t random = 1;
	for (int round = 0; round < 100; round++) {
		struct rig rig = {0};
		rig_sack(&rig);
		uint32_t seen = 0;
		for (int i = 0; i < 150; i++) {
			random = random * 1664525 + 1013904223;
			uint32_t from = random % 50000, n = 1 + (random >> 16) % 1400;
			if (seq_lt(rig.seq + from, rig.conn->rcv_nxt) || i % 8 == 7)
				from = rig.conn->rcv_nxt - rig.seq;
			data_in(&rig, from, n);
			runs_are_sound(rig.conn);
			seen += rig.conn->ooo_segs > 10;
		}
		assert_in_range(seen, 1, 150);
		uint32_t got = rig.conn->rcv_nxt - rig.seq, at = 0;
		for (struct span s = tcp_peek(rig.conn); s.n > 0; s = tcp_peek(rig.conn)) {
			assert_memory_equal(s.p, part(at, (uint32_t)s.n).p, s.n);
			at += (uint32_t)s.n;
			tcp_consume(rig.conn, s.n);
		}
		assert_int_equal(at, got);
		rig_free(&rig);
	}
}

// A window of them behind one hole, as a long path has it, is one run.
static void many_segments_behind_a_hole_are_kept(void **)
{
	struct rig rig = {.pkts = 1024};
	rig_config(&rig);
	rig.config.sack = rig.config.window_scale = true;
	rig.config.rcv_buf = 2000000;
	rig.config.ooo_runs_max = 4;
	static const uint8_t scaling[] = {2, 4, 5, 180, 1, 3, 3, 7};
	rig_new(&rig);
	rig_accept(&rig, span_of(scaling, sizeof(scaling)));
	data_in(&rig, 0, 1);
	tcp_consume(rig.conn, 1); // and now more is offered than in a SYN
	rig_tick(&rig, 50);
	for (uint32_t i = 1; i < 700; i++) {
		rig_in(&rig, TCP_ACK, rig.seq + 1 + i * 1400, rig.una, 60000, part(0, 1400));
		rig_tick(&rig, 0);
		rig_drain(&rig);
	}
	runs_are_sound(rig.conn);
	assert_int_equal(rig.conn->ooo_segs, 699);
	assert_int_equal(tcp_stats(rig.tcp)->ooo_dropped, 0);
	rig_in(&rig, TCP_ACK, rig.seq + 1, rig.una, 60000, part(0, 1400));
	assert_int_equal(rig.conn->rcv_bytes, 700 * 1400);
	tcp_consume(rig.conn, 700 * 1400);
	rig_free(&rig);
}

static void small_segments_share_packets(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	for (uint32_t i = 0; i < 4000; i++) {
		data_in(&rig, i, 1);
		rig_tick(&rig, 0);
		rig_drain(&rig);
	}
	assert_in_range(tcp_stats(rig.tcp)->rx_queued, 1, 4);
	uint8_t got[5000];
	assert_int_equal(read_all(&rig, got), 4000);
	assert_memory_equal(got, part(0, 4000).p, 4000);
	rig_free(&rig);
}

static void the_window_closes_and_opens(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.rcv_buf = 4000;
	rig_new(&rig);
	rig_accept(&rig, none);
	uint32_t edge = rig.seq + 4000;
	for (uint32_t at = 0; at < 4000; at += 1000) {
		data_in(&rig, at, 1000);
		rig_tick(&rig, 50);
		struct rig_segment *ack = rig_out(&rig);
		assert_int_equal(ack->ack + ack->wnd, edge); // the edge stays
		rig_drain(&rig);
	}
	data_in(&rig, 4000, 1); // a probe: refused, answered
	rig_tick(&rig, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->ack, edge);
	assert_int_equal(ack->wnd, 0);
	tcp_consume(rig.conn, 100); // not worth a segment
	rig_tick(&rig, 0);
	assert_true(rig_silent(&rig));
	tcp_consume(rig.conn, 2000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->wnd, 2100);
	rig_free(&rig);
}

// Without scaling 65535 is all that can be told: reading what lies beyond it is no news.
static void a_large_buffer_without_scaling(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.rcv_buf = 200000;
	rig_new(&rig);
	rig_accept(&rig, none);
	data_in(&rig, 0, 1000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->wnd, 65535 - 1000);
	tcp_consume(rig.conn, 1000);
	rig_tick(&rig, 100);
	assert_true(rig_silent(&rig));
	rig_free(&rig);
}

// However the window field is rounded, the edge never moves back.
static void the_edge_never_moves_back(void **)
{
	struct rig rig = {0};
	static const uint8_t scale[] = {1, 3, 3, 7};
	rig_config(&rig);
	rig.config.window_scale = true;
	rig.config.rcv_buf = 10000000; // scale 8
	rig_new(&rig);
	rig_accept(&rig, span_of(scale, sizeof(scale)));
	uint32_t edge = 0;
	uint32_t at = 0;
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t n = 1 + i * 37 % 500;
		rig_in(&rig, TCP_ACK, rig.seq + at, rig.una, 60000, rig_bytes(n));
		at += n;
		rig_tick(&rig, 50);
		struct rig_segment *ack = rig_out(&rig);
		uint32_t right = ack->ack + (uint32_t)ack->wnd * 256;
		assert_true(edge == 0 || seq_le(edge, right));
		edge = right;
		rig_drain(&rig);
	}
	rig_free(&rig);
}

// One byte at a time into a full buffer: rounding up must not drag the edge along.
static void tiny_segments_do_not_overrun_the_buffer(void **)
{
	struct rig rig = {0};
	static const uint8_t scale[] = {1, 3, 3, 7};
	rig_config(&rig);
	rig.config.window_scale = true;
	rig.config.rcv_buf = 70000; // scale 1
	rig_new(&rig);
	rig_accept(&rig, span_of(scale, sizeof(scale)));
	uint32_t at = 0;
	for (int i = 0; i < 68; i++, at += 1024) {
		rig_in(&rig, TCP_ACK, rig.seq + at, rig.una, 60000, rig_bytes(1024));
		rig_tick(&rig, 1);
		rig_drain(&rig);
	}
	for (int i = 0; i < 30000; i++, at++) {
		rig_in(&rig, TCP_ACK, rig.seq + at, rig.una, 60000, rig_bytes(1));
		rig_tick(&rig, 1);
		rig_drain(&rig);
	}
	assert_in_range(rig.conn->rcv_bytes, 69000, 70000 + 70000 / 8 + 2);
	rig_free(&rig);
}

static void sequence_numbers_wrap(void **)
{
	struct rig rig = {0};
	rig_sack(&rig);
	rig.remote.port++;
	rig_in_options(
		&rig, TCP_SYN, 0xfffffff0, 0, 60000, span_of((uint8_t[]){1, 1, 4, 2}, 4), none
	);
	rig.una = rig_out(&rig)->seq + 1;
	rig.seq = 0xfffffff1;
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, none);
	rig.conn = NULL;
	assert_true(rig_event_is(&rig, TCP_EV_ACCEPTED));
	data_in(&rig, 100, 100);
	data_in(&rig, 10, 10); // across the end
	rig_tick(&rig, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->options.n_sack, 2);
	assert_int_equal(ack->options.sack[0].left, 0xfffffffb);
	assert_int_equal(ack->options.sack[0].right, 5);
	data_in(&rig, 20, 90);
	data_in(&rig, 0, 10);
	uint8_t got[1000];
	assert_int_equal(read_all(&rig, got), 200);
	assert_memory_equal(got, part(0, 200).p, 200);
	rig_free(&rig);
}

static void acks_are_delayed_and_shared(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	rig.conn->quick_acks = 0;
	rig.conn->rcv_mss = 1000;
	data_in(&rig, 0, 500);
	rig_tick(&rig, 39);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 2);
	assert_int_equal(rig_out(&rig)->ack, rig.seq + 500);
	assert_int_equal(tcp_stats(rig.tcp)->delayed_acks, 1);
	data_in(&rig, 500, 1000); // two full segments: one ACK, at once
	data_in(&rig, 1500, 1000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->ack, rig.seq + 2500);
	assert_true(rig_silent(&rig));
	data_in(&rig, 2500, 100); // rides on data
	assert_int_equal(tcp_send(rig.conn, rig_bytes(10)), 10);
	rig_tick(&rig, 0);
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->len, 10);
	assert_int_equal(s->ack, rig.seq + 2600);
	rig_tick(&rig, 100);
	assert_true(rig_silent(&rig));
	rig_free(&rig);
}

// RFC 5681 4.2: the peer waits for the ACK that ends its recovery.
static void what_fills_a_gap_is_acknowledged_at_once(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, (struct span){0});
	rig.conn->quick_acks = 0;
	data_in(&rig, 100, 1000); // with the rest less than two full segments
	rig_tick(&rig, 0);
	rig_drain(&rig);
	data_in(&rig, 0, 100);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->ack, rig.seq + 1100);
	rig_free(&rig);
}

// RFC 2883 4.2: of a segment that covers what was there, the first stretch of it.
static void parts_that_came_twice_are_told(void **)
{
	struct rig rig = {0};
	rig_sack(&rig);
	data_in(&rig, 200, 100);
	data_in(&rig, 400, 100);
	data_in(&rig, 600, 100);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	data_in(&rig, 350, 100); // its end
	rig_tick(&rig, 0);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->options.sack[0].left, rig.seq + 400);
	assert_int_equal(ack->options.sack[0].right, rig.seq + 450);
	assert_int_equal(ack->options.sack[1].left, rig.seq + 350);
	rig_drain(&rig);
	data_in(&rig, 0, 650); // three of them
	rig_tick(&rig, 0);
	ack = rig_out(&rig);
	assert_int_equal(ack->ack, rig.seq + 700);
	assert_int_equal(ack->options.n_sack, 1);
	assert_int_equal(ack->options.sack[0].left, rig.seq + 200);
	assert_int_equal(ack->options.sack[0].right, rig.seq + 300);
	rig_free(&rig);
}

// No peer in its senses sends more; it is neither kept nor told of.
static void what_lies_beyond_the_end_is_dropped(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.sack = true;
	rig_new(&rig);
	rig_accept(&rig, span_of((uint8_t[]){4, 2, 1, 1}, 4));
	rig_in(&rig, TCP_ACK | TCP_FIN, rig.seq + 100, rig.una, 60000, part(100, 100));
	data_in(&rig, 201, 1200);
	data_in(&rig, 3000, 1200);
	data_in(&rig, 0, 100);
	assert_true(tcp_conn_fin_received(rig.conn));
	assert_int_equal(rig.conn->rcv_bytes, 200);
	assert_int_equal(rig.conn->ooo_segs, 0);
	assert_int_equal(tcp_stats(rig.tcp)->rx_queued, 1);
	rig_drain(&rig);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->options.n_sack, 0);
	rig_free(&rig);
}

static void without_sack_each_hole_is_answered(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	for (uint32_t i = 1; i <= 3; i++) {
		data_in(&rig, i * 100, 100);
		assert_int_equal(rig_out(&rig)->ack, rig.seq);
	}
	rig_free(&rig);
}

static void full_queues_drop_and_recover(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.queue_pkts_max = 8;
	rig_new(&rig);
	rig_accept(&rig, none);
	for (uint32_t i = 0; i < 6; i++)
		data_in(&rig, i * 1400, 1400);
	assert_int_equal(tcp_stats(rig.tcp)->rx_queued, 4);
	assert_int_equal(tcp_stats(rig.tcp)->queue_full, 1); // the sixth is out of order then
	uint8_t got[10000];
	assert_int_equal(read_all(&rig, got), 4 * 1400);
	data_in(&rig, 4 * 1400, 1400);
	assert_int_equal(read_all(&rig, got), 1400);
	size_t sent = tcp_send(rig.conn, rig_bytes(60000));
	assert_int_equal(sent, 4 * 536);
	assert_int_equal(tcp_stats(rig.tcp)->tx_queued, 4);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_segments_in_order),
		cmocka_unit_test(shows_what_is_unread_in_parts),
		cmocka_unit_test(overlaps_of_every_kind),
		cmocka_unit_test(the_out_of_order_queue_is_limited),
		cmocka_unit_test(pieces_at_random_make_runs),
		cmocka_unit_test(many_segments_behind_a_hole_are_kept),
		cmocka_unit_test(small_segments_share_packets),
		cmocka_unit_test(the_window_closes_and_opens),
		cmocka_unit_test(a_large_buffer_without_scaling),
		cmocka_unit_test(the_edge_never_moves_back),
		cmocka_unit_test(tiny_segments_do_not_overrun_the_buffer),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(acks_are_delayed_and_shared),
		cmocka_unit_test(what_fills_a_gap_is_acknowledged_at_once),
		cmocka_unit_test(parts_that_came_twice_are_told),
		cmocka_unit_test(what_lies_beyond_the_end_is_dropped),
		cmocka_unit_test(without_sack_each_hole_is_answered),
		cmocka_unit_test(full_queues_drop_and_recover),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
