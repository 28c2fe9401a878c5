// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Losses: timeouts, duplicate ACKs, SACK, and what they do to the congestion window.

#include "tests/unit/tcp/rig.h"

static const struct span none = {0};
static const uint8_t mss_1000[] = {2, 4, 3, 232};
static const uint8_t mss_1000_sack[] = {2, 4, 3, 232, 1, 1, 4, 2};

static void ack_in(struct rig *rig, uint32_t offset)
{
	rig_in(rig, TCP_ACK, rig->seq, rig->una + offset, 60000, none);
}

static void the_initial_window_is_ten(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 10);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(5000)), 5000);
	rig_tick(&rig, 0);
	assert_true(rig_silent(&rig));
	ack_in(&rig, 2000); // slow start: four more
	rig_tick(&rig, 0);
	assert_int_equal(rig.n_out - rig.next_out, 4);
	rig_free(&rig);
}

static void timeouts_double_and_send_one(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 4);
	rig_drain(&rig);
	uint32_t rto = rig.conn->rto_ms;
	assert_int_equal(rto, 200);
	rig_tick(&rig, rto - 1);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 2);
	assert_int_equal(rig_out(&rig)->seq, rig.una);
	assert_true(rig_silent(&rig));
	assert_int_equal(rig.conn->cwnd, 1000);
	uint32_t ssthresh = rig.conn->ssthresh;
	assert_int_equal(ssthresh, 2000);
	rig_tick(&rig, 2 * rto + 1);
	assert_int_equal(rig_out(&rig)->seq, rig.una); // its front alone: see blackhole.c
	assert_int_equal(rig_out(&rig)->seq, rig.una + 536);
	assert_int_equal(rig.conn->ssthresh, ssthresh); // once for one loss
	ack_in(&rig, 1000);                             // the next two, for slow start
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, rig.una + 1000);
	assert_int_equal(rig_out(&rig)->seq, rig.una + 2000);
	assert_true(rig_silent(&rig));
	assert_int_equal(rig.conn->backoff, 2); // Karn: no sample from what was sent twice
	rig_free(&rig);
}

static void a_dead_peer_is_given_up_with_rst(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.data_retries = 3;
	rig_sent(&rig, false, 1);
	rig_drain(&rig);
	rig_tick(&rig, 200 + 400 + 800 + 1600 + 10);
	assert_int_equal(rig.n_out, 6);
	assert_int_equal(rig.out[5].flags, TCP_RST | TCP_ACK);
	assert_true(rig_event_is(&rig, TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), -ETIMEDOUT);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(1)), 0);
	rig_free(&rig);
}

static void three_duplicates_send_again(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 8);
	ack_in(&rig, 1000);
	rig_tick(&rig, 0);
	for (int i = 0; i < 2; i++)
		ack_in(&rig, 1000);
	rig_tick(&rig, 0);
	assert_true(rig_silent(&rig));
	ack_in(&rig, 1000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, rig.una + 1000);
	assert_true(rig_silent(&rig));
	assert_int_equal(rig.conn->ssthresh, 3500);
	ack_in(&rig, 3000); // a partial ACK: the next hole, without a timeout
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, rig.una + 3000);
	ack_in(&rig, 8000);
	assert_int_equal(rig.conn->recovery, RECOVERY_NONE);
	assert_int_equal(tcp_stats(rig.tcp)->fast_retransmits, 1);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 0);
	rig_free(&rig);
}

// The peer sends old data again, and only there acknowledges ours.
static void an_ack_on_old_data_counts(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 8);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(100));
	rig_tick(&rig, 100);
	rig_drain(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una + 8000, 60000, rig_bytes(50));
	rig_tick(&rig, 0);
	assert_int_equal(tcp_send_pending(rig.conn), 0);
	assert_int_equal(rig_out(&rig)->ack, rig.seq + 100);
	for (int i = 0; i < 3; i++) // nor is that a duplicate ACK
		rig_in(&rig, TCP_ACK, rig.seq, rig.una + 8000, 60000, rig_bytes(50));
	assert_int_equal(tcp_stats(rig.tcp)->dup_acks, 0);
	rig_free(&rig);
}

static void no_duplicates(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 8);
	ack_in(&rig, 1000);
	for (int i = 0; i < 5; i++) { // data, or a changed window: not a sign of loss
		rig_in(&rig, TCP_ACK, rig.seq++, rig.una + 1000, 60000, rig_bytes(1));
		rig_in(&rig, TCP_ACK, rig.seq, rig.una + 1000, (uint16_t)(50000 + i), none);
	}
	rig_tick(&rig, 0);
	assert_int_equal(tcp_stats(rig.tcp)->fast_retransmits, 0);
	rig_free(&rig);
}

static void sack_fills_only_the_holes(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 10);
	uint32_t u = rig.una;
	rig_tick(&rig, 20);
	// 0 and 2 are missing; three segments behind both have arrived.
	rig_in_sack(&rig, u, &(struct sack_block){u + 1000, u + 2000}, 1);
	rig_in_sack(&rig, u, (struct sack_block[]){{u + 3000, u + 8000}, {u + 1000, u + 2000}}, 2);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, u);
	assert_int_equal(rig_out(&rig)->seq, u + 2000);
	assert_true(rig_silent(&rig));
	assert_int_equal(rig.conn->ssthresh, 5000);
	ack_in(&rig, 2000);
	rig_tick(&rig, 0);
	assert_true(rig_silent(&rig)); // 2000 is on its way already
	ack_in(&rig, 10000);
	assert_int_equal(rig.conn->sacked, 0);
	assert_int_equal(rig.conn->lost, 0);
	rig_free(&rig);
}

static void lying_sack_blocks_are_ignored(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 5);
	uint32_t u = rig.una;
	struct sack_block bad[] = {
		{u, u + 6000},        // beyond what was sent
		{u + 2000, u + 1000}, // backwards
		{u - 4000, u + 5000}, // from before the ACK
	};
	rig_in_sack(&rig, u, bad, 3);
	assert_int_equal(rig.conn->sacked, 0);
	struct sack_block half = {u + 1500, u + 2500}; // covers no whole segment
	rig_in_sack(&rig, u, &half, 1);
	assert_int_equal(rig.conn->sacked, 0);
	rig_free(&rig);
}

// The peer said it holds 1000 to 5000, then threw it away: everything is sent again.
static void reneging_is_survived(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 5);
	uint32_t u = rig.una;
	rig_in_sack(&rig, u, &(struct sack_block){u + 1000, u + 5000}, 1);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	ack_in(&rig, 1000); // only the hole
	rig_tick(&rig, 2000);
	assert_in_range(rig.n_out, 1, 10);
	assert_int_equal(rig.out[0].seq, u + 1000);
	ack_in(&rig, 5000);
	assert_int_equal(tcp_send_pending(rig.conn), 0);
	rig_free(&rig);
}

static void a_lost_retransmission_is_sent_again(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig_sent(&rig, true, 10);
	uint32_t u = rig.una;
	rig_tick(&rig, 20);
	rig_in_sack(&rig, u, &(struct sack_block){u + 1000, u + 10000}, 1);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(5000)), 5000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, u);
	assert_int_equal(rig.n_out - rig.next_out, 4); // new data, sent after it
	rig_drain(&rig);
	rig_tick(&rig, 20);
	rig_in_sack(&rig, u, &(struct sack_block){u + 1000, u + 14000}, 1);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, u);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 0);
	rig_free(&rig);
}

static void zero_window_is_probed(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.data_retries = 3;
	rig_new(&rig);
	rig_accept(&rig, span_of(mss_1000, 4));
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 0, none);
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(3000)), 3000);
	uint32_t probes = 0;
	for (int i = 0; i < 6; i++) { // more often than data_retries: the peer answers
		while (rig.n_out == 0)
			rig_tick(&rig, 10);
		probes += rig.n_out;
		assert_int_equal(rig.out[0].seq, rig.una - 1);
		assert_int_equal(rig.out[0].len, 0);
		rig_drain(&rig);
		rig_in(&rig, TCP_ACK, rig.seq, rig.una, 0, none);
	}
	assert_int_equal(probes, 6);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 10000, none);
	rig_tick(&rig, 0);
	assert_int_equal(rig.n_out, 3); // at once
	rig_free(&rig);
}

// A probe may be refused whole: it must not stand in for an ACK that is due.
static void a_probe_is_no_ack(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, none);
	rig.conn->quick_acks = 0;
	rig.conn->rcv_mss = 1000;
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 0, none);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(100)), 100);
	rig_tick(&rig, 190);
	rig_drain(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 0, rig_bytes(10));
	rig_tick(&rig, 60);
	assert_int_equal(rig_out(&rig)->seq, rig.una - 1);
	struct rig_segment *ack = rig_out(&rig);
	assert_int_equal(ack->seq, rig.una);
	assert_int_equal(ack->ack, rig.seq + 10);
	rig_free(&rig);
}

// And the other way round: a peer whose probe carries the only ACK.
static void an_ack_on_a_probe_counts(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 4);
	rig_in(&rig, TCP_ACK, rig.seq - 1, rig.una + 4000, 60000, none);
	assert_int_equal(tcp_send_pending(rig.conn), 0);
	rig_free(&rig);
}

// The window counts from the ACK it came with, also on an old segment.
static void a_newer_ack_brings_its_window(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, span_of(mss_1000, 4));
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 1000, none);
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(3000)), 3000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 1000);
	rig_in(&rig, TCP_ACK, rig.seq - 1, rig.una + 1000, 0, none);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 0); // answers the probe; the window is full
	assert_true(rig_silent(&rig));
	rig_free(&rig);
}

static void a_silent_zero_window_is_given_up(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.data_retries = 3;
	rig_new(&rig);
	rig_accept(&rig, none);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 0, none);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(3000)), 3000);
	rig_tick(&rig, 30000);
	assert_true(rig_event_is(&rig, TCP_EV_CLOSED));
	assert_int_equal(tcp_conn_error(rig.conn), -ETIMEDOUT);
	rig_free(&rig);
}

// RFC 9293 3.8.6.2.1: a small window is left alone until the override timer.
static void silly_windows_are_not_filled(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, span_of(mss_1000, 4));
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 300, none);
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(3000)), 3000);
	rig_tick(&rig, 0);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 1000);
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->len, 300);
	assert_memory_equal(s->data, rig_bytes(300).p, 300);
	rig_free(&rig);
}

static void sent_bytes_never_change(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, span_of(mss_1000, 4));
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(10)), 10);
	rig_tick(&rig, 0);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(10)), 10); // not behind the ten sent
	rig_tick(&rig, 0);
	rig_tick(&rig, 250);
	assert_int_equal(rig.out[0].len, 10);
	assert_int_equal(rig.out[1].len, 10);
	assert_int_equal(rig.out[2].len, 10); // the first again, as it was
	assert_int_equal(rig.out[2].seq, rig.out[0].seq);
	rig_free(&rig);
}

static void the_round_trip_sets_the_timeout(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 2);
	rig_tick(&rig, 150);
	ack_in(&rig, 2000);
	assert_in_range(rig.conn->srtt_us8 / 8, 30000, 40000); // an eighth of it
	assert_in_range(rig.conn->rto_ms, 200, 400);
	for (int i = 0; i < 60; i++) {
		rig.una += i == 0 ? 2000 : 1000;
		assert_int_equal(tcp_send(rig.conn, rig_bytes(1000)), 1000);
		rig_tick(&rig, 500 / 2);
		rig_drain(&rig);
		ack_in(&rig, 1000);
	}
	assert_in_range(rig.conn->srtt_us8 / 8, 100000, 260000);
	rig_free(&rig);
}

static void room_is_reported(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.snd_buf = 32000;
	rig_new(&rig);
	rig_accept(&rig, span_of(mss_1000, 4));
	assert_int_equal(tcp_send(rig.conn, rig_bytes(40000)), 32000);
	assert_int_equal(tcp_send_room(rig.conn), 0);
	rig_tick(&rig, 0);
	ack_in(&rig, 1000);
	assert_true(rig_event_is(&rig, 0));
	ack_in(&rig, 2000);
	assert_true(rig_event_is(&rig, TCP_EV_WRITABLE));
	assert_int_equal(tcp_send_room(rig.conn), 2000);
	ack_in(&rig, 4000);
	assert_true(rig_event_is(&rig, 0));
	rig_free(&rig);
}

// Five and a half packets, and a caller with more than that: five are sent.
static void part_held(struct rig *rig)
{
	rig_config(rig);
	rig->config.snd_buf = 5500;
	rig_new(rig);
	rig_accept(rig, span_of(mss_1000, 4));
	assert_int_equal(tcp_send(rig->conn, rig_bytes(6000)), 5500);
	rig_tick(rig, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rig_out(rig)->len, 1000);
	assert_true(rig_silent(rig));
}

static void part_of_a_packet_waits_for_its_rest(void **)
{
	struct rig rig = {0};
	part_held(&rig);
	ack_in(&rig, 1000);
	assert_true(rig_event_is(&rig, TCP_EV_WRITABLE));
	assert_int_equal(tcp_send(rig.conn, rig_bytes(700)), 700);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 1000);
	assert_int_equal(rig_out(&rig)->len, 200); // that was all
	rig_free(&rig);
}

static void part_of_a_packet_goes_when_all_else_has_arrived(void **)
{
	struct rig rig = {0};
	part_held(&rig);
	ack_in(&rig, 5000);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->len, 500);
	rig_free(&rig);
}

static void part_of_a_packet_goes_with_the_fin(void **)
{
	struct rig rig = {0};
	part_held(&rig);
	tcp_shutdown(rig.conn);
	rig_tick(&rig, 0);
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->len, 500);
	assert_true((s->flags & TCP_FIN) != 0);
	rig_free(&rig);
}

// With tiny segments the packets run out before the bytes; room is reported all the same.
static void room_is_reported_with_tiny_segments(void **)
{
	struct rig rig = {0};
	static const uint8_t mss[] = {2, 4, 0, 216};
	rig_new(&rig);
	rig_accept(&rig, span_of(mss, sizeof(mss)));
	size_t sent = tcp_send(rig.conn, rig_bytes(60000));
	assert_in_range(sent, 20000, 30000);
	for (uint32_t acked = 0; acked < sent;) {
		rig_tick(&rig, 0);
		acked = rig.conn->snd_nxt - rig.una;
		ack_in(&rig, acked);
		rig_drain(&rig);
	}
	assert_true(rig_event_is(&rig, TCP_EV_WRITABLE));
	rig_free(&rig);
}

static void one_byte_writes_are_limited(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 10); // the window is full: nothing more is sent
	size_t sent = 0;
	for (int i = 0; i < 50000 && tcp_send(rig.conn, rig_bytes(1)) == 1; i++)
		sent++;
	assert_int_equal(sent, 50000); // collected in full packets
	assert_in_range(tcp_stats(rig.tcp)->tx_queued, 60, 61);
	rig_free(&rig);
}

static struct pkt *hold_all(struct rig *rig)
{
	struct pkt *held = NULL;
	for (struct pkt *p = pkt_get(rig->pool); p != NULL; p = pkt_get(rig->pool)) {
		p->next = held;
		held = p;
	}
	return held;
}

static void put_all(struct pkt *held)
{
	while (held != NULL) {
		struct pkt *p = held;
		held = p->next;
		pkt_put(p);
	}
}

static void an_empty_pool_is_survived(void **)
{
	struct rig rig = {0};
	rig_new(&rig);
	rig_accept(&rig, span_of(mss_1000, 4));
	rig_drain(&rig);
	struct pkt *held = hold_all(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(100)), 0);
	tcp_shutdown(rig.conn);
	rig_tick(&rig, 50);
	assert_in_range(tcp_stats(rig.tcp)->no_memory, 1, 1000);
	assert_true(rig_silent(&rig));
	put_all(held);
	rig_tick(&rig, 20);
	assert_int_equal(rig_out(&rig)->flags, TCP_FIN | TCP_ACK);
	rig_free(&rig);
}

static void an_empty_pool_cannot_split(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 2);
	rig_drain(&rig);
	struct pkt *held = hold_all(&rig);
	tcp_icmp_error(rig.tcp, &rig.local, &rig.remote, rig.una, 3, 4, 600, rig.now_us);
	rig_tick(&rig, 30);
	assert_true(rig_silent(&rig));
	assert_in_range(tcp_stats(rig.tcp)->no_memory, 2, 10);
	put_all(held);
	rig_tick(&rig, 20);
	assert_int_equal(rig_out(&rig)->len, 560);
	assert_int_equal(rig_out(&rig)->len, 440);
	rig_free(&rig);
}

// The clock part of the ISN is turned so that the streams cross 2^32, with losses there.
static void sequence_numbers_wrap(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.sack = true;
	rig_new(&rig);
	struct flow flow = {rig.local, rig.remote};
	rig.now_us += (uint64_t)(0xfffff800 - isn_new(rig.tcp, &flow)) * 4;
	rig_tick(&rig, 0);
	rig_accept(&rig, span_of(mss_1000_sack, 8));
	assert_in_range(rig.una, 0xfffff000, 0xffffffff);
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(8000)), 8000);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	uint32_t u = rig.una;
	rig_tick(&rig, 20);
	rig_in_sack(&rig, u, &(struct sack_block){u + 1000, u + 2000}, 1);
	rig_in_sack(&rig, u, &(struct sack_block){u + 3000, u + 8000}, 1);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->seq, u);
	assert_int_equal(rig_out(&rig)->seq, u + 2000);
	assert_true(rig_silent(&rig));
	ack_in(&rig, 8000);
	assert_int_equal(tcp_send_pending(rig.conn), 0);
	rig_free(&rig);
}

// Savage et al., TCP congestion control with a misbehaving receiver, 2.2: there cannot be more of
// them than segments on the way.
static void forged_duplicates_do_not_open_the_window(void **)
{
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.snd_buf = 1000000;
	rig.pkts = 4000;
	rig_sent(&rig, false, 10);
	rig.conn->snd_scale = 6;
	assert_int_equal(tcp_send(rig.conn, rig_bytes(60000)), 60000);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(50000)), 50000);
	ack_in(&rig, 1000);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	for (int i = 0; i < 400; i++)
		ack_in(&rig, 1000);
	rig_tick(&rig, 0);
	assert_in_range(rig.n_out - rig.next_out, 1, 20);
	rig_drain(&rig);
	rig_free(&rig);
}

// Partial ACKs of segments that are smaller than those the duplicates are taken for.
static void small_segments_do_not_open_the_window(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 1);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(tcp_send(rig.conn, rig_bytes(100)), 100);
		rig_tick(&rig, 0);
	}
	assert_int_equal(tcp_send(rig.conn, rig_bytes(40000)), 40000);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	ack_in(&rig, 1000);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	for (int i = 0; i < 3; i++)
		ack_in(&rig, 1000);
	assert_int_equal(rig.conn->recovery, RECOVERY_FAST);
	ack_in(&rig, 1400);
	assert_in_range(rig.conn->cwnd, 1000, 12000);
	rig_free(&rig);
}

// After half of all sequence numbers the end of the last recovery would seem to lie ahead.
static void duplicates_count_long_after_a_recovery(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 8);
	rig.conn->recover = rig.conn->snd_una - INT32_MAX + 1500;
	ack_in(&rig, 1000);
	ack_in(&rig, 2000);
	for (int i = 0; i < 3; i++)
		ack_in(&rig, 2000);
	assert_int_equal(tcp_stats(rig.tcp)->fast_retransmits, 1);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_initial_window_is_ten),
		cmocka_unit_test(timeouts_double_and_send_one),
		cmocka_unit_test(a_dead_peer_is_given_up_with_rst),
		cmocka_unit_test(three_duplicates_send_again),
		cmocka_unit_test(forged_duplicates_do_not_open_the_window),
		cmocka_unit_test(small_segments_do_not_open_the_window),
		cmocka_unit_test(duplicates_count_long_after_a_recovery),
		cmocka_unit_test(an_ack_on_old_data_counts),
		cmocka_unit_test(no_duplicates),
		cmocka_unit_test(sack_fills_only_the_holes),
		cmocka_unit_test(lying_sack_blocks_are_ignored),
		cmocka_unit_test(reneging_is_survived),
		cmocka_unit_test(a_lost_retransmission_is_sent_again),
		cmocka_unit_test(zero_window_is_probed),
		cmocka_unit_test(a_probe_is_no_ack),
		cmocka_unit_test(an_ack_on_a_probe_counts),
		cmocka_unit_test(a_newer_ack_brings_its_window),
		cmocka_unit_test(a_silent_zero_window_is_given_up),
		cmocka_unit_test(silly_windows_are_not_filled),
		cmocka_unit_test(sent_bytes_never_change),
		cmocka_unit_test(the_round_trip_sets_the_timeout),
		cmocka_unit_test(room_is_reported),
		cmocka_unit_test(part_of_a_packet_waits_for_its_rest),
		cmocka_unit_test(part_of_a_packet_goes_when_all_else_has_arrived),
		cmocka_unit_test(part_of_a_packet_goes_with_the_fin),
		cmocka_unit_test(room_is_reported_with_tiny_segments),
		cmocka_unit_test(one_byte_writes_are_limited),
		cmocka_unit_test(an_empty_pool_cannot_split),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(an_empty_pool_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
