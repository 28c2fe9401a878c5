// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

enum { IP6_AT = 14, ICMP_AT = 54, ECHO = 128, TOO_BIG = 2 };

static const char peer[] = "2001:db8::9", own[] = "2001:db8::1";

static struct stand *ready(void)
{
	struct stand *stand = stand_new(true, 0);
	struct neighbour is = {.port = 0, .addr = addr(peer), .mac = stand_peer_mac};

	ip_neighbour_set(stand->ip, &is, stand->now);
	return stand;
}

static void receive(struct stand *stand, const struct frame *frame)
{
	assert_int_equal(stand_receive(stand, 0, frame, PKT_RX_L4_CSUM_GOOD), IP_CONSUMED);
}

static void echo_is_answered_with_its_data(void **)
{
	struct stand *stand = ready();
	struct frame frame =
		frame_icmp6(peer, own, 64, ECHO, 0, 0x12345678, SPAN_LIT("ping with odd len"));

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	const struct pkt *pkt = stand->sent[0];
	const uint8_t *ip6 = pkt->data + IP6_AT;
	assert_int_equal(pkt->len, frame.n);
	assert_memory_equal(pkt->data, &stand_peer_mac, 6);
	assert_memory_equal(pkt->data + 12, "\x86\xdd\x60\0\0\0", 6);
	assert_memory_equal(ip6 + 8, frame.b + IP6_AT + 24, 16);
	assert_memory_equal(ip6 + 24, frame.b + IP6_AT + 8, 16);
	assert_int_equal(pkt->data[ICMP_AT], 129);
	assert_memory_equal(pkt->data + ICMP_AT + 4, "\x12\x34\x56\x78ping with odd len", 4 + 17);
	size_t n = pkt->len - ICMP_AT;
	assert_int_equal(plain_checksum(plain_pseudo6(ip6, 58, n), ip6 + 40, n), 0);
	stand_free(stand);
}

static void echo_to_a_group_is_not(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_icmp6(peer, "ff02::1", 64, ECHO, 0, 0, SPAN_LIT("x"));

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 0);
	assert_int_equal(ip_stats(stand->ip)->drop_not_ours, 1);
	stand_free(stand);
}

static void link_local_addresses_answer_too(void **)
{
	struct stand *stand = ready();
	struct neighbour is = {.port = 0, .addr = addr("fe80::9"), .mac = stand_peer_mac};
	struct frame frame =
		frame_icmp6("fe80::9", "fe80::ff:fe00:1", 64, ECHO, 0, 0, SPAN_LIT("x"));

	ip_neighbour_set(stand->ip, &is, stand->now);
	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	frame = frame_icmp6("fe80::9", own, 64, ECHO, 0, 0, SPAN_LIT("x"));
	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 2);
	stand_free(stand);
}

static void a_bad_checksum_is_dropped(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_icmp6(peer, own, 64, ECHO, 0, 0, SPAN_LIT("x"));

	frame.b[frame.n - 1] ^= 1;
	receive(stand, &frame);
	assert_int_equal(ip_stats(stand->ip)->drop_l4_checksum, 1);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

// The start of a segment that we sent from `source`, port 8080, to 2001:db8:9::7, port 5432,
// sequence number 0x01020304.
static struct frame quote(const char *source)
{
	return frame_ip6(0, source, "2001:db8:9::7", 6, 64, SPAN_LIT("\x1f\x90\x15\x38\1\2\3\4"));
}

static struct frame error_with(uint8_t type, uint8_t code, uint32_t rest, struct frame quoted)
{
	return frame_icmp6(
		"fe80::fe", own, 64, type, code, rest, span_of(quoted.b + IP6_AT, quoted.n - IP6_AT)
	);
}

static void an_mtu_is_passed_on(void **)
{
	struct stand *stand = ready();
	struct frame frame = error_with(TOO_BIG, 0, 1400, quote(own));
	struct ip_addr local = addr(own), remote = addr("2001:db8:9::7");

	receive(stand, &frame);
	assert_int_equal(stand->n_errors, 1);
	assert_true(addr_equal(&stand->error.local.addr, &local));
	assert_true(addr_equal(&stand->error.remote.addr, &remote));
	assert_int_equal(stand->error.local.port, 8080);
	assert_int_equal(stand->error.remote.port, 5432);
	assert_int_equal(stand->error.seq, 0x01020304);
	assert_int_equal(stand->error.type, 3);
	assert_int_equal(stand->error.code, 4);
	assert_int_equal(stand->error.mtu, 1400);
	frame = error_with(TOO_BIG, 0, 100000, quote(own));
	receive(stand, &frame);
	assert_int_equal(stand->error.mtu, 65535);
	stand_free(stand);
}

// RFC 8201 4: less than every path takes is a lie.
static void an_mtu_below_the_least_is_dropped(void **)
{
	struct stand *stand = ready();
	struct frame frame = error_with(TOO_BIG, 0, 1279, quote(own));

	receive(stand, &frame);
	assert_int_equal(stand->n_errors, 0);
	assert_int_equal(ip_stats(stand->ip)->drop_length, 1);
	stand_free(stand);
}

// RFC 7915 5.2.
static void other_errors_are_told_in_the_numbers_of_icmp(void **)
{
	static const uint8_t map[][4] = {
		{1, 0, 3, 1}, {1, 1, 3, 1},  {1, 3, 3, 1},  {1, 4, 3, 3},
		{4, 1, 3, 2}, {4, 0, 12, 0}, {3, 0, 11, 0}, {3, 1, 11, 1},
	};
	struct stand *stand = ready();

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		struct frame frame = error_with(map[i][0], map[i][1], 0, quote(own));
		receive(stand, &frame);
		assert_int_equal(stand->n_errors, i + 1);
		assert_int_equal(stand->error.type, map[i][2]);
		assert_int_equal(stand->error.code, map[i][3]);
		assert_int_equal(stand->error.mtu, 0);
	}
	stand_free(stand);
}

static void cut_quotes_are_dropped(void **)
{
	struct stand *stand = ready();
	struct frame whole = quote(own);

	for (size_t n = IP6_AT; n < whole.n; n++) {
		struct frame cut = whole;
		cut.n = n;
		struct frame frame = error_with(1, 0, 0, cut);
		receive(stand, &frame);
	}
	assert_int_equal(stand->n_errors, 0);
	assert_int_equal(ip_stats(stand->ip)->drop_short, whole.n - IP6_AT);
	stand_free(stand);
}

static void quotes_that_are_not_of_ours_are_dropped(void **)
{
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame frame = error_with(1, 0, 0, quote("2001:db8:1::1"));

	receive(stand, &frame);
	assert_int_equal(stats->drop_not_ours, 1);
	struct frame quoted = quote(own);
	quoted.b[IP6_AT + 6] = 17;
	frame = error_with(1, 0, 0, quoted);
	receive(stand, &frame);
	assert_int_equal(stats->drop_protocol, 1);
	quoted = quote(own);
	quoted.b[IP6_AT] = 0x45;
	frame = error_with(1, 0, 0, quoted);
	receive(stand, &frame);
	assert_int_equal(stats->drop_version, 1);
	assert_int_equal(stand->n_errors, 0);
	stand_free(stand);
}

static void nothing_else_is_obeyed_or_answered(void **)
{
	struct stand *stand = ready();
	unsigned int n = 0;

	for (int type = 0; type < 256; type++) {
		if ((type >= 1 && type <= 4) || type == ECHO || type == 135 || type == 136)
			continue;
		struct frame frame = error_with((uint8_t)type, 0, 1400, quote(own));
		receive(stand, &frame);
		n++;
	}
	assert_int_equal(ip_stats(stand->ip)->drop_protocol, n);
	assert_int_equal(stand->n_errors, 0);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_is_answered_with_its_data),
		cmocka_unit_test(echo_to_a_group_is_not),
		cmocka_unit_test(link_local_addresses_answer_too),
		cmocka_unit_test(a_bad_checksum_is_dropped),
		cmocka_unit_test(an_mtu_is_passed_on),
		cmocka_unit_test(an_mtu_below_the_least_is_dropped),
		cmocka_unit_test(other_errors_are_told_in_the_numbers_of_icmp),
		cmocka_unit_test(cut_quotes_are_dropped),
		cmocka_unit_test(quotes_that_are_not_of_ours_are_dropped),
		cmocka_unit_test(nothing_else_is_obeyed_or_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
