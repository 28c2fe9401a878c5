// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Recovery by time: RACK and tail loss probes (RFC 8985), D-SACK (RFC 2883), and mistaken
// reductions (RFC 5682, RFC 3522).

#include "dataplane/tcp/wire.h"
#include "tests/unit/tcp/rig.h"

static const struct span none = {0};

static void sack_in(struct rig *rig, uint32_t ack, uint32_t left, uint32_t right)
{
	rig_in_sack(
		rig, rig->una + ack, &(struct sack_block){rig->una + left, rig->una + right}, 1
	);
}

static void ack_in(struct rig *rig, uint32_t ack)
{
	rig_in(rig, TCP_ACK, rig->seq, rig->una + ack, 60000, none);
}

// What the stack sent since, as offsets of the first bytes.
static void expect_sent(struct rig *rig, const uint32_t *offsets, uint32_t n)
{
	rig_tick(rig, 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(rig_out(rig)->seq - rig->una, offsets[i]);
	assert_true(rig_silent(rig));
}
#define EXPECT_SENT(rig, ...)                                        \
	expect_sent(                                                 \
		rig, (uint32_t[]){__VA_ARGS__},                      \
		sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t) \
	)

// RFC 8985 6.2: one packet overtaken by another waits a quarter of the least round trip.
static void what_is_overtaken_may_be_late(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 4);
	rig_tick(&rig, 20);
	sack_in(&rig, 0, 1000, 2000);
	rig_tick(&rig, 4);
	assert_true(rig_silent(&rig));
	ack_in(&rig, 2000); // late indeed
	rig_tick(&rig, 10);
	assert_true(rig_silent(&rig));
	assert_int_equal(tcp_stats(rig.tcp)->retransmits, 0);
	assert_int_equal(rig.conn->cwnd, 10000);
	rig_free(&rig);
}

static void what_is_overtaken_for_long_is_lost(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 4);
	rig_tick(&rig, 20);
	sack_in(&rig, 0, 1000, 2000);
	rig_tick(&rig, 5);
	EXPECT_SENT(&rig, 0);
	assert_int_equal(tcp_stats(rig.tcp)->fast_retransmits, 1);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 0);
	rig_free(&rig);
}

// Once reordering was seen three packets beyond a hole do not prove a loss any more.
static void reordering_is_remembered(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 8);
	rig_tick(&rig, 20);
	sack_in(&rig, 0, 1000, 2000);
	ack_in(&rig, 2000);
	rig_tick(&rig, 0);
	sack_in(&rig, 2000, 3000, 8000);
	rig_tick(&rig, 0);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 5);
	EXPECT_SENT(&rig, 2000);
	rig_free(&rig);
}

// RFC 8985 6.2 step 4: a D-SACK says that the window was too short.
static void a_dsack_widens_the_window(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 8);
	rig_tick(&rig, 20);
	sack_in(&rig, 0, 1000, 2000);
	rig_tick(&rig, 5);
	EXPECT_SENT(&rig, 0);
	ack_in(&rig, 2000);
	sack_in(&rig, 2000, 0, 1000); // needless
	assert_int_equal(tcp_stats(rig.tcp)->dsacks_received, 1);
	sack_in(&rig, 2000, 3000, 4000);
	rig_tick(&rig, 9);
	assert_true(rig_silent(&rig)); // five milliseconds were enough before
	rig_tick(&rig, 1);
	EXPECT_SENT(&rig, 2000);
	rig_free(&rig);
}

// RFC 8985 7: the tail is lost, and nothing would tell before the timeout.
static void a_lost_tail_is_probed(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 4);
	rig_tick(&rig, 20);
	ack_in(&rig, 2000);
	rig_tick(&rig, 39);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 1);
	EXPECT_SENT(&rig, 3000);
	assert_int_equal(tcp_stats(rig.tcp)->loss_probes, 1);
	rig_tick(&rig, 20);
	sack_in(&rig, 2000, 3000, 4000); // tells of the packet before it
	EXPECT_SENT(&rig, 2000);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 0);
	assert_in_range(rig.conn->cwnd, 1000, 9000);
	rig_free(&rig);
}

// 7.2: the peer may wait with its ACK for a single packet.
static void a_single_packet_is_probed_late(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 1);
	rig_tick(&rig, 199);
	assert_true(rig_silent(&rig));
	rig_tick(&rig, 1);
	EXPECT_SENT(&rig, 0);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 0);
	assert_int_equal(rig.conn->cwnd, 10000);
	rig_free(&rig);
}

// 6.3: what was sent a moment ago cannot be missed yet.
static void a_timeout_spares_what_is_new(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 4);
	rig_tick(&rig, 20);
	ack_in(&rig, 1000);
	rig_tick(&rig, 40);
	EXPECT_SENT(&rig, 3000); // the probe
	rig_tick(&rig, 190);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(2000)), 2000);
	EXPECT_SENT(&rig, 4000, 5000);
	rig_tick(&rig, 10);
	EXPECT_SENT(&rig, 1000);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 1);
	assert_int_equal(rig.conn->lost, 2000);
	rig_free(&rig);
}

static void a_probe_carries_new_data_if_it_can(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 10);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(2000)), 2000);
	rig_tick(&rig, 39);
	assert_true(rig_silent(&rig)); // the congestion window is full
	rig_tick(&rig, 1);
	EXPECT_SENT(&rig, 10000);
	ack_in(&rig, 11000);
	assert_int_equal(rig.conn->recovery, RECOVERY_NONE);
	assert_int_equal(tcp_stats(rig.tcp)->retransmits, 0);
	rig_free(&rig);
}

// 7.4: the probe was the repair. No SACK tells so, only that nothing is reported twice.
static void a_probe_that_repairs_costs_window(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 2);
	rig_tick(&rig, 40);
	EXPECT_SENT(&rig, 1000);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(1000)), 1000);
	EXPECT_SENT(&rig, 2000);
	rig_tick(&rig, 20);
	ack_in(&rig, 2000);
	assert_int_equal(rig.conn->recovery, RECOVERY_NONE); // perhaps both are under way
	ack_in(&rig, 3000);
	assert_in_range(rig.conn->ssthresh, 2000, 9000);
	rig_free(&rig);
}

// One loss, one reduction: the timeout has answered it already.
static void a_probe_before_a_timeout_costs_nothing_more(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 4);
	rig_tick(&rig, 40);
	EXPECT_SENT(&rig, 3000);
	rig_tick(&rig, 201);
	EXPECT_SENT(&rig, 0);
	uint32_t ssthresh = rig.conn->ssthresh;
	assert_int_equal(tcp_send(rig.conn, rig_bytes(2000)), 2000);
	rig_tick(&rig, 20);
	ack_in(&rig, 4000);
	rig_tick(&rig, 20);
	ack_in(&rig, 6000);
	assert_int_equal(rig.conn->recovery, RECOVERY_NONE);
	assert_int_equal(rig.conn->ssthresh, ssthresh);
	assert_int_equal(rig.conn->flags & CONN_PROBED, 0);
	rig_free(&rig);
}

static void a_needless_probe_costs_nothing(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 2);
	rig_tick(&rig, 40);
	EXPECT_SENT(&rig, 1000);
	ack_in(&rig, 2000);
	sack_in(&rig, 2000, 1000, 2000);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(1000)), 1000);
	EXPECT_SENT(&rig, 2000);
	ack_in(&rig, 3000);
	assert_in_range(rig.conn->ssthresh, 100000, UINT32_MAX);
	rig_free(&rig);
}

// RFC 5682 3.1: the path held everything up for longer than the timeout, and lost nothing.
static void a_spurious_timeout_is_undone(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 10);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(5000)), 5000);
	rig_tick(&rig, 40);
	EXPECT_SENT(&rig, 10000); // the probe
	rig_tick(&rig, 201);
	EXPECT_SENT(&rig, 0);
	assert_int_equal(tcp_stats(rig.tcp)->rto_expired, 1);
	assert_int_equal(rig.conn->cwnd, 1000);
	ack_in(&rig, 1000);
	EXPECT_SENT(&rig, 11000, 12000); // not what comes after the first
	ack_in(&rig, 3000);
	assert_int_equal(tcp_stats(rig.tcp)->undone, 1);
	assert_in_range(rig.conn->cwnd, 10000, 13000);
	EXPECT_SENT(&rig, 13000, 14000);
	ack_in(&rig, 15000);
	assert_int_equal(tcp_stats(rig.tcp)->retransmits, 1);
	rig_free(&rig);
}

// RFC 5682 2.1: without SACK two ACKs are needed, and new data in between.
static void a_spurious_timeout_is_undone_without_sack(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 8);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(8000)), 8000);
	rig_tick(&rig, 0);
	rig_drain(&rig);
	rig_tick(&rig, 201);
	EXPECT_SENT(&rig, 0);
	ack_in(&rig, 1000);
	EXPECT_SENT(&rig, 10000, 11000);
	ack_in(&rig, 2000);
	assert_int_equal(tcp_stats(rig.tcp)->undone, 1);
	assert_in_range(rig.conn->cwnd, 10000, 11000);
	rig_free(&rig);
}

static void a_genuine_timeout_is_not_undone(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, false, 8);
	rig_tick(&rig, 201);
	EXPECT_SENT(&rig, 0);
	ack_in(&rig, 1000);
	EXPECT_SENT(&rig, 1000, 2000); // nothing new to send: no F-RTO
	ack_in(&rig, 2000);
	assert_int_equal(tcp_stats(rig.tcp)->undone, 0);
	rig_free(&rig);
}

static void ts_ack_in(struct rig *rig, uint32_t ack, uint32_t ecr)
{
	uint8_t options[TCP_TS_LEN];
	(void)options_write_ts(options, rig->ts, ecr);
	rig_in_options(
		rig, TCP_ACK, rig->seq, rig->una + ack, 60000, span_of(options, sizeof(options)),
		none
	);
}

// RFC 3522: the echo is older than the retransmission.
static void an_old_echo_undoes_a_reduction(void **)
{
	static const uint8_t options[] = {2, 4, 3, 232, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
	struct rig rig = {0};
	rig_config(&rig);
	rig.config.timestamps = true;
	rig.timestamps = true;
	rig.ts = 1;
	rig_new(&rig);
	rig_accept(&rig, span_of(options, sizeof(options)));
	rig_drain(&rig);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(9880)), 9880);
	rig_tick(&rig, 0);
	uint32_t sent_ts = rig.out[0].options.ts_val;
	rig_drain(&rig);
	rig_tick(&rig, 20);
	for (int i = 0; i < 3; i++)
		ts_ack_in(&rig, 0, sent_ts);
	EXPECT_SENT(&rig, 0);
	assert_in_range(rig.conn->ssthresh, 2000, 9000);
	ts_ack_in(&rig, 9880, sent_ts);
	assert_int_equal(tcp_stats(rig.tcp)->undone, 1);
	assert_in_range(rig.conn->ssthresh, 100000, UINT32_MAX);
	rig_free(&rig);
}

// RFC 2883: all that was sent again had arrived already.
static void dsacks_undo_a_reduction(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 10);
	rig_tick(&rig, 20);
	sack_in(&rig, 0, 2000, 10000);
	EXPECT_SENT(&rig, 0, 1000);
	ack_in(&rig, 10000);
	uint32_t ssthresh = rig.conn->ssthresh;
	sack_in(&rig, 10000, 0, 1000);
	assert_int_equal(rig.conn->ssthresh, ssthresh);
	sack_in(&rig, 10000, 1000, 2000);
	assert_int_equal(tcp_stats(rig.tcp)->undone, 1);
	assert_in_range(rig.conn->ssthresh, 100000, UINT32_MAX);
	assert_in_range(rig.conn->cwnd, 10000, 20000);
	rig_free(&rig);
}

// RFC 2883, as a receiver: old data, and data that waits behind a hole.
static void what_comes_twice_is_told(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 1);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(1000));
	rig_tick(&rig, 0);
	rig_drain(&rig);
	rig_in(&rig, TCP_ACK, rig.seq, rig.una, 60000, rig_bytes(1000));
	rig_tick(&rig, 0);
	struct rig_segment *s = rig_out(&rig);
	assert_int_equal(s->ack, rig.seq + 1000);
	assert_int_equal(s->options.n_sack, 1);
	assert_int_equal(s->options.sack[0].left, rig.seq);
	assert_int_equal(s->options.sack[0].right, rig.seq + 1000);
	for (int i = 0; i < 2; i++) {
		rig_in(&rig, TCP_ACK, rig.seq + 2000, rig.una, 60000, rig_bytes(1000));
		rig_in(&rig, TCP_ACK, rig.seq + 3000, rig.una, 60000, rig_bytes(1000));
		rig_drain(&rig);
		rig_tick(&rig, 0);
	}
	s = rig_out(&rig);
	assert_int_equal(s->options.n_sack, 2);
	assert_int_equal(s->options.sack[0].left, rig.seq + 3000);
	assert_int_equal(s->options.sack[0].right, rig.seq + 4000);
	assert_int_equal(s->options.sack[1].left, rig.seq + 2000);
	assert_int_equal(s->options.sack[1].right, rig.seq + 4000);
	rig_tick(&rig, 100); // once
	rig_in(&rig, TCP_ACK, rig.seq + 4000, rig.una, 60000, rig_bytes(1000));
	rig_drain(&rig);
	rig_tick(&rig, 0);
	assert_int_equal(rig_out(&rig)->options.n_sack, 1);
	rig_free(&rig);
}

// RFC 6937: what arrives, less the reduction, is what may leave; never a burst.
static void a_recovery_sends_as_the_acks_come(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 10);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(20000)), 20000);
	rig_tick(&rig, 20);
	for (uint32_t i = 2; i <= 4; i++) { // limited transmit (RFC 3042) for the first two
		sack_in(&rig, 0, 1000, i * 1000);
		rig_tick(&rig, 0);
	}
	assert_int_equal(rig_out(&rig)->seq - rig.una, 10000);
	assert_int_equal(rig_out(&rig)->seq - rig.una, 11000);
	assert_int_equal(rig_out(&rig)->seq - rig.una, 0);
	uint32_t sent = rig.n_out - rig.next_out;
	for (uint32_t i = 5; i <= 12; i++) {
		sack_in(&rig, 0, 1000, i * 1000);
		rig_tick(&rig, 0);
		assert_in_range(rig.n_out - rig.next_out - sent, 0, 1);
		sent = rig.n_out - rig.next_out;
	}
	assert_in_range(sent, 3, 6);
	ack_in(&rig, 12000);
	assert_int_equal(rig.conn->cwnd, rig.conn->ssthresh);
	rig_free(&rig);
}

// However much is lost: no more goes out than came in, and one more with each step forward.
static void a_heavy_loss_is_repaired_step_by_step(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 10);
	rig_tick(&rig, 20);
	sack_in(&rig, 0, 7000, 10000);
	EXPECT_SENT(&rig, 0, 1000, 2000);
	rig_tick(&rig, 20);
	ack_in(&rig, 1000);
	EXPECT_SENT(&rig, 3000, 4000);
	ack_in(&rig, 10000);
	assert_int_equal(rig.conn->cwnd, rig.conn->ssthresh);
	rig_free(&rig);
}

// Times of sending are kept in 32 bits of microseconds, which are over after 71 minutes: what
// arrived before a silence of half of that must not pass for what was sent later than all since.
static void a_long_silence_makes_nothing_lost(void **)
{
	struct rig rig = {0};
	rig_sent(&rig, true, 2);
	rig_tick(&rig, 20);
	ack_in(&rig, 2000);
	rig_tick(&rig, 1);
	rig_drain(&rig);
	rig.now_us += UINT64_C(40) * 60 * 1000000;
	rig_tick(&rig, 1);
	assert_int_equal(tcp_send(rig.conn, rig_bytes(3000)), 3000);
	EXPECT_SENT(&rig, 2000, 3000, 4000);
	rig_tick(&rig, 20);
	ack_in(&rig, 3000); // the others' ACK is a little late
	rig_tick(&rig, 15);
	assert_true(rig_silent(&rig));
	assert_int_equal(tcp_stats(rig.tcp)->fast_retransmits, 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_overtaken_may_be_late),
		cmocka_unit_test(what_is_overtaken_for_long_is_lost),
		cmocka_unit_test(reordering_is_remembered),
		cmocka_unit_test(a_dsack_widens_the_window),
		cmocka_unit_test(a_lost_tail_is_probed),
		cmocka_unit_test(a_single_packet_is_probed_late),
		cmocka_unit_test(a_timeout_spares_what_is_new),
		cmocka_unit_test(a_probe_carries_new_data_if_it_can),
		cmocka_unit_test(a_probe_that_repairs_costs_window),
		cmocka_unit_test(a_probe_before_a_timeout_costs_nothing_more),
		cmocka_unit_test(a_needless_probe_costs_nothing),
		cmocka_unit_test(a_spurious_timeout_is_undone),
		cmocka_unit_test(a_spurious_timeout_is_undone_without_sack),
		cmocka_unit_test(a_genuine_timeout_is_not_undone),
		cmocka_unit_test(an_old_echo_undoes_a_reduction),
		cmocka_unit_test(dsacks_undo_a_reduction),
		cmocka_unit_test(what_comes_twice_is_told),
		cmocka_unit_test(a_recovery_sends_as_the_acks_come),
		cmocka_unit_test(a_heavy_loss_is_repaired_step_by_step),
		cmocka_unit_test(a_long_silence_makes_nothing_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
