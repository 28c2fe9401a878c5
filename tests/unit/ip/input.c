// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

enum { NO_FLAGS = 0, IP4_AT = 14 };

static const struct span none;

// The frame must be dropped and the counter go up by one.
static void refused(struct stand *stand, const struct frame *frame, const uint64_t *counter)
{
	uint64_t before = *counter;

	assert_int_equal(stand_receive(stand, 0, frame, NO_FLAGS), IP_CONSUMED);
	assert_int_equal(*counter, before + 1);
	assert_int_equal(stand->n_sent, 0);
}

static void a_tcp_segment_comes_out_bare(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");

	frame.b[IP4_AT + 1] = 0xfd; // ECT and CE are the last two bits
	frame_ip4_seal(&frame);
	assert_int_equal(stand_receive(stand, 0, &frame, NO_FLAGS), IP_TCP);
	struct ip_addr source = addr("10.0.0.9"), dest = addr("10.0.0.1");
	assert_true(addr_equal(&stand->segment.local.addr, &dest));
	assert_true(addr_equal(&stand->segment.remote.addr, &source));
	assert_int_equal(stand->segment.ecn, 1);
	assert_int_equal(stand->left->len, 20);
	assert_memory_equal(stand->left->data, frame.b + IP4_AT + 20, 20);
	assert_int_equal(ip_stats(stand->ip)->rx_tcp, 1);
	stand_free(stand);
}

static void ethernet_padding_is_trimmed(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");

	memset(frame.b + frame.n, 0xee, 6);
	frame.n += 6;
	assert_int_equal(stand_receive(stand, 0, &frame, NO_FLAGS), IP_TCP);
	assert_int_equal(stand->left->len, 20);
	stand_free(stand);
}

// Cut anywhere, a frame is dropped as too short or of the wrong length, and nothing is read beyond.
static void truncated_frames_are_dropped(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame whole = frame_tcp(0, "10.0.0.9", "10.0.0.1");

	for (size_t n = 0; n < whole.n; n++) {
		struct frame frame = whole;
		frame.n = n;
		refused(stand, &frame, n < IP4_AT + 20 ? &stats->drop_short : &stats->drop_length);
	}
	stand_free(stand);
}

static void other_frames_are_told_apart(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");

	frame.b[12] = 0x86;
	frame.b[13] = 0xdd;
	refused(stand, &frame, &stats->drop_version);
	frame.b[12] = 0x88;
	refused(stand, &frame, &stats->drop_protocol);
	frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");
	frame.b[5] ^= 1;
	refused(stand, &frame, &stats->drop_not_ours);
	memset(frame.b, 0xff, 6);
	refused(stand, &frame, &stats->drop_not_ours);
	frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");
	assert_int_equal(stand_receive(stand, 7, &frame, NO_FLAGS), IP_CONSUMED);
	assert_int_equal(stats->drop_not_ours, 3);
	stand_free(stand);
}

static void each_rule_of_the_header_has_its_counter(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame good = frame_tcp(0, "10.0.0.9", "10.0.0.1"), frame = good;
	uint8_t *header = frame.b + IP4_AT;

	header[0] = 0x65;
	refused(stand, &frame, &stats->drop_version);
	frame = good;
	header[0] = 0x44;
	refused(stand, &frame, &stats->drop_length);
	frame = good;
	header[0] = 0x4f; // a header longer than the datagram
	refused(stand, &frame, &stats->drop_length);
	frame = good;
	header[3] = 19; // a datagram shorter than its header
	refused(stand, &frame, &stats->drop_length);
	frame = good;
	header[3]++; // one longer than the frame
	refused(stand, &frame, &stats->drop_length);
	frame = good;
	header[8]--;
	refused(stand, &frame, &stats->drop_ip_checksum);
	frame = good;
	header[9] = 17;
	frame_ip4_seal(&frame);
	refused(stand, &frame, &stats->drop_protocol);
	stand_free(stand);
}

static void destinations_must_be_the_ports_own(void **)
{
	static const char *const others[] = {
		"10.0.0.2", "10.0.0.255", "255.255.255.255", "224.0.0.1", "10.1.0.1"};
	struct stand *stand = stand_new(true, 0);

	for (int i = 0; i < 5; i++) {
		struct frame frame = frame_tcp(0, "10.0.0.9", others[i]);
		refused(stand, &frame, &ip_stats(stand->ip)->drop_not_ours);
	}
	stand_free(stand);
}

static void sources_must_be_one_other_host(void **)
{
	static const char *const bad[] = {
		"10.0.0.1", "10.1.0.2",  "10.0.0.255", "10.0.0.0",  "10.1.255.255",   "0.0.0.0",
		"0.1.2.3",  "127.0.0.1", "224.0.0.5",  "240.0.0.1", "255.255.255.255"};
	struct stand *stand = stand_new(true, 0);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frame frame = frame_tcp(0, bad[i], "10.0.0.1");
		refused(stand, &frame, &ip_stats(stand->ip)->drop_source);
	}
	stand_free(stand);
}

static struct frame tcp_with_options(struct span options)
{
	static const uint8_t segment[20] = {[12] = 5 << 4};

	return frame_ip4(0, "10.0.0.9", "10.0.0.1", 6, options, span_of(segment, 20));
}

static void options_are_passed_over(void **)
{
	const struct span fine[] = {
		SPAN_LIT("\1\1\1\1"),         SPAN_LIT("\0\xff\xff\xff"), SPAN_LIT("\x94\4\0\0"),
		SPAN_LIT("\7\7\4\0\0\0\0\0"), SPAN_LIT("\1\1\x44\2"),
	};
	struct stand *stand = stand_new(true, 0);

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		struct frame frame = tcp_with_options(fine[i]);
		assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_L4_CSUM_GOOD), IP_TCP);
		assert_int_equal(stand->left->len, 20);
	}
	stand_free(stand);
}

static void source_routes_and_broken_options_are_dropped(void **)
{
	const struct span bad[] = {
		SPAN_LIT("\x83\3\4\0"), SPAN_LIT("\x89\3\4\0"), SPAN_LIT("\1\1\1\x83"),
		SPAN_LIT("\1\1\1\7"),   SPAN_LIT("\7\1\0\0"),   SPAN_LIT("\7\0\0\0"),
		SPAN_LIT("\7\5\4\0"),   SPAN_LIT("\7\xff\4\0"),
	};
	struct stand *stand = stand_new(true, 0);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frame frame = tcp_with_options(bad[i]);
		refused(stand, &frame, &ip_stats(stand->ip)->drop_options);
	}
	stand_free(stand);
}

static void checksums_are_computed_unless_known_good(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");

	frame.b[IP4_AT + 20 + 4] ^= 1;
	refused(stand, &frame, &stats->drop_l4_checksum);
	assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_IP_CSUM_GOOD), IP_CONSUMED);
	assert_int_equal(stats->drop_l4_checksum, 2);
	assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_L4_CSUM_GOOD), IP_TCP);
	frame.b[IP4_AT + 8] ^= 1;
	assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_L4_CSUM_GOOD), IP_CONSUMED);
	assert_int_equal(stats->drop_ip_checksum, 1);
	assert_int_equal(
		stand_receive(stand, 0, &frame, PKT_RX_IP_CSUM_GOOD | PKT_RX_L4_CSUM_GOOD), IP_TCP
	);
	// What a port calls bad is checked and dropped for what is wrong with it.
	assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_CSUM_BAD), IP_CONSUMED);
	assert_int_equal(stats->drop_ip_checksum, 2);
	stand_free(stand);
}

static void an_empty_segment_is_not_read(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_ip4(0, "10.0.0.9", "10.0.0.1", 6, none, none);

	refused(stand, &frame, &ip_stats(stand->ip)->drop_l4_checksum);
	frame = frame_ip4(0, "10.0.0.9", "10.0.0.1", 1, none, none);
	refused(stand, &frame, &ip_stats(stand->ip)->drop_short);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_segment_comes_out_bare),
		cmocka_unit_test(ethernet_padding_is_trimmed),
		cmocka_unit_test(truncated_frames_are_dropped),
		cmocka_unit_test(other_frames_are_told_apart),
		cmocka_unit_test(each_rule_of_the_header_has_its_counter),
		cmocka_unit_test(destinations_must_be_the_ports_own),
		cmocka_unit_test(sources_must_be_one_other_host),
		cmocka_unit_test(options_are_passed_over),
		cmocka_unit_test(source_routes_and_broken_options_are_dropped),
		cmocka_unit_test(checksums_are_computed_unless_known_good),
		cmocka_unit_test(an_empty_segment_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
