// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

enum {
	IP6_AT = 14,
	ICMP_AT = 54,
	TCP = 6,
	HOP_BY_HOP = 0,
	ROUTING = 43,
	NONE = 59,
	DESTINATION = 60
};

static const struct span none;
static const char peer[] = "2001:db8::9", own[] = "2001:db8::1";

static struct stand *ready(void)
{
	struct stand *stand = stand_new(true, 0);
	struct neighbour is = {.port = 0, .addr = addr(peer), .mac = stand_peer_mac};

	ip_neighbour_set(stand->ip, &is, stand->now);
	return stand;
}

static void refused(struct stand *stand, const struct frame *frame, const uint64_t *counter)
{
	uint64_t before = *counter;

	assert_int_equal(stand_receive(stand, 0, frame, 0), IP_CONSUMED);
	assert_int_equal(*counter, before + 1);
	assert_int_equal(stand->n_sent, 0);
}

// The last frame is answered by a parameter problem about its byte `at`.
static void answered(struct stand *stand, const struct frame *frame, uint8_t code, uint8_t at)
{
	stand_clear(stand);
	assert_int_equal(stand_receive(stand, 0, frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 1);
	const uint8_t *ip6 = stand->sent[0]->data + IP6_AT, *icmp = ip6 + 40;
	size_t n = stand->sent[0]->len - ICMP_AT;
	assert_int_equal(ip6[6], 58);
	assert_memory_equal(ip6 + 24, frame->b + IP6_AT + 8, 16);
	assert_int_equal(icmp[0], 4);
	assert_int_equal(icmp[1], code);
	assert_int_equal(icmp[7], at);
	assert_int_equal(plain_checksum(plain_pseudo6(ip6, 58, n), icmp, n), 0);
	assert_memory_equal(icmp + 8, frame->b + IP6_AT, frame->n - IP6_AT);
	stand_clear(stand);
}

static void a_tcp_segment_comes_out_bare(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_tcp6(peer, own, TCP, none);
	struct ip_addr source = addr(peer), dest = addr(own);

	frame.b[IP6_AT + 1] = 0x10; // the second bit of ECN
	memset(frame.b + frame.n, 0xee, 6);
	frame.n += 6;
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	assert_true(addr_equal(&stand->segment.local.addr, &dest));
	assert_true(addr_equal(&stand->segment.remote.addr, &source));
	assert_int_equal(stand->segment.ecn, 1);
	assert_int_equal(stand->left->len, 20);
	assert_memory_equal(stand->left->data, frame.b + IP6_AT + 40, 20);
	stand_free(stand);
}

static void truncated_frames_are_dropped(void **)
{
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame whole = frame_tcp6(peer, own, DESTINATION, SPAN_LIT("\6\0\1\4\0\0\0\0"));

	for (size_t n = 0; n < whole.n; n++) {
		struct frame frame = whole;
		frame.n = n;
		refused(stand, &frame, n < IP6_AT + 40 ? &stats->drop_short : &stats->drop_length);
	}
	stand_free(stand);
}

static void checksums_are_computed_unless_known_good(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_tcp6(peer, own, TCP, none);

	frame.b[frame.n - 1] ^= 1;
	refused(stand, &frame, &ip_stats(stand->ip)->drop_l4_checksum);
	assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_L4_CSUM_GOOD), IP_TCP);
	stand_free(stand);
}

static void addresses_must_be_ours_and_one_other_hosts(void **)
{
	static const char *const bad_dest[] = {
		"2001:db8::2", "2001:db8:1::1", "ff02::2", "ff02::1:ff00:2", "::", "::1"};
	static const char *const bad_source[] = {own,   "2001:db8:1::1", "ff02::1",
						 "::1", "10.0.0.9",      "fe80::ff:fe00:1"};
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);

	for (size_t i = 0; i < sizeof(bad_dest) / sizeof(bad_dest[0]); i++) {
		struct frame frame = frame_tcp6(peer, bad_dest[i], TCP, none);
		refused(stand, &frame, &stats->drop_not_ours);
	}
	for (size_t i = 0; i < sizeof(bad_source) / sizeof(bad_source[0]); i++) {
		struct frame frame = frame_tcp6(bad_source[i], own, TCP, none);
		refused(stand, &frame, &stats->drop_source);
	}
	// IPv4 in its mapped form would be taken for IPv4.
	struct frame frame = frame_tcp6(peer, "10.0.0.1", TCP, none);
	refused(stand, &frame, &stats->drop_source);
	stand_free(stand);
}

static void groups_get_no_tcp(void **)
{
	static const char *const groups[] = {"ff02::1", "ff02::1:ff00:1"};
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);

	for (int i = 0; i < 2; i++) {
		struct frame frame = frame_tcp6(peer, groups[i], TCP, none);
		refused(stand, &frame, &stats->drop_not_ours);
	}
	struct frame frame = frame_tcp6("::", own, TCP, none);
	refused(stand, &frame, &stats->drop_not_ours);
	// One host's address in a frame to a group.
	frame = frame_tcp6(peer, own, TCP, none);
	memcpy(frame.b, "\x33\x33\xff\0\0\1", 6);
	refused(stand, &frame, &stats->drop_not_ours);
	stand_free(stand);
}

static void extensions_are_passed_over(void **)
{
	static const struct {
		uint8_t protocol;
		struct span bytes;
	} fine[] = {
		{HOP_BY_HOP, SPAN_LIT("\6\0\1\4\0\0\0\0")},
		{HOP_BY_HOP, SPAN_LIT("\6\0\5\2\0\0\1\0")}, // router alert
		{DESTINATION, SPAN_LIT("\6\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0")},
		{DESTINATION, SPAN_LIT("\6\0\x1e\2ab\0\0")}, // unknown, to be skipped
		{ROUTING, SPAN_LIT("\6\0\0\0\0\0\0\0")},     // no segments left
		{HOP_BY_HOP, SPAN_LIT("\x3c\0\1\4\0\0\0\0\6\0\1\4\0\0\0\0")},
		{44, SPAN_LIT("\6\0\0\0abcd")}, // a fragment that is the whole
		{HOP_BY_HOP, SPAN_LIT("\x2c\0\1\4\0\0\0\0\x3c\0\0\0abcd\6\0\1\4\0\0\0\0")},
	};
	struct stand *stand = ready();

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		struct frame frame = frame_tcp6(peer, own, fine[i].protocol, fine[i].bytes);
		assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
		assert_int_equal(stand->left->len, 20);
	}
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

static void broken_extensions_are_dropped(void **)
{
	static const struct {
		uint8_t protocol;
		struct span bytes;
	} bad[] = {
		{DESTINATION, SPAN_LIT("\6\x10\1\4\0\0\0\0")}, // longer than the datagram
		{DESTINATION, SPAN_LIT("\6\0\1\5\0\0\0\0")},   // an option longer than its header
		{DESTINATION, SPAN_LIT("\6\0\1\3\0\0\0\1")},   // one without its length
		{DESTINATION, SPAN_LIT("\6\0\x40\4\0\0\0\0")}, // unknown: discard
		{DESTINATION, SPAN_LIT("\6\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0")}, // too many
		{44, SPAN_LIT("\x2c\0\0\0abcd\6\0\0\0abcd")},                // twice
	};
	struct stand *stand = ready();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frame frame = frame_tcp6(peer, own, bad[i].protocol, bad[i].bytes);
		refused(stand, &frame, &ip_stats(stand->ip)->drop_extension);
	}
	stand_free(stand);
}

static void a_chain_without_end_is_dropped(void **)
{
	struct stand *stand = ready();
	uint8_t chain[9 * 8] = {0};

	for (int i = 0; i < 9; i++)
		memcpy(chain + i * 8, i == 8 ? "\6\0\1\4\0\0\0\0" : "\x3c\0\1\4\0\0\0\0", 8);
	struct frame frame = frame_tcp6(peer, own, DESTINATION, span_of(chain, sizeof(chain)));
	refused(stand, &frame, &ip_stats(stand->ip)->drop_extension);
	frame = frame_tcp6(peer, own, DESTINATION, span_of(chain + 8, sizeof(chain) - 8));
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	stand_free(stand);
}

static void what_is_not_understood_is_answered(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_ip6(0, peer, own, 17, 64, SPAN_LIT("datagram"));

	answered(stand, &frame, 1, 6);
	frame = frame_ip6(0, peer, own, DESTINATION, 64, SPAN_LIT("\x11\0\1\4\0\0\0\0datagram"));
	answered(stand, &frame, 1, 40);
	// Hop-by-hop options not at the start; a route with a hop to go; an option.
	frame = frame_tcp6(peer, own, DESTINATION, SPAN_LIT("\0\0\1\4\0\0\0\0\6\0\1\4\0\0\0\0"));
	answered(stand, &frame, 1, 40);
	frame = frame_tcp6(peer, own, ROUTING, SPAN_LIT("\6\2\0\1\0\0\0\0abcdefghijklmnop"));
	answered(stand, &frame, 0, 42);
	frame = frame_tcp6(peer, own, DESTINATION, SPAN_LIT("\6\0\0\0\xc2\2\0\0"));
	answered(stand, &frame, 2, 44);
	frame = frame_tcp6(peer, own, DESTINATION, SPAN_LIT("\6\0\x80\4\0\0\0\0"));
	answered(stand, &frame, 2, 42);
	assert_int_equal(ip_stats(stand->ip)->icmp_errors_sent, 6);
	frame = frame_ip6(0, peer, own, NONE, 64, SPAN_LIT("anything"));
	refused(stand, &frame, &ip_stats(stand->ip)->drop_protocol);
	stand_free(stand);
}

// RFC 4443 2.4 (e).
static void nothing_is_said_about_these(void **)
{
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame frame = frame_ip6(0, peer, "ff02::1", 17, 64, SPAN_LIT("datagram"));

	refused(stand, &frame, &stats->drop_protocol);
	frame = frame_ip6(0, "::", own, 17, 64, SPAN_LIT("datagram"));
	refused(stand, &frame, &stats->drop_protocol);
	// An option that spares groups, and one that does not.
	frame = frame_ip6(0, peer, "ff02::1", DESTINATION, 64, SPAN_LIT("\x3a\0\xc2\4\0\0\0\0"));
	refused(stand, &frame, &stats->drop_extension);
	frame = frame_ip6(0, peer, "ff02::1", DESTINATION, 64, SPAN_LIT("\x3a\0\x82\4\0\0\0\0"));
	answered(stand, &frame, 2, 42);
	stand_free(stand);
}

static void answers_are_limited(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_ip6(0, peer, own, 17, 64, SPAN_LIT("datagram"));

	for (int i = 0; i < 200; i++)
		assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 50);
	assert_int_equal(ip_stats(stand->ip)->icmp_limited, 150);
	stand_free(stand);
}

static void a_quote_fits_the_smallest_mtu(void **)
{
	static const uint8_t bytes[1400];
	struct stand *stand = ready();
	struct frame frame = frame_ip6(0, peer, own, 17, 64, span_of(bytes, sizeof(bytes)));

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 1);
	assert_int_equal(stand->sent[0]->len, IP6_AT + 1280);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_segment_comes_out_bare),
		cmocka_unit_test(truncated_frames_are_dropped),
		cmocka_unit_test(checksums_are_computed_unless_known_good),
		cmocka_unit_test(addresses_must_be_ours_and_one_other_hosts),
		cmocka_unit_test(groups_get_no_tcp),
		cmocka_unit_test(extensions_are_passed_over),
		cmocka_unit_test(broken_extensions_are_dropped),
		cmocka_unit_test(a_chain_without_end_is_dropped),
		cmocka_unit_test(what_is_not_understood_is_answered),
		cmocka_unit_test(nothing_is_said_about_these),
		cmocka_unit_test(answers_are_limited),
		cmocka_unit_test(a_quote_fits_the_smallest_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
