// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

enum { IP4_AT = 14, ICMP_AT = 34, ECHO = 8, UNREACHABLE = 3, TIME_EXCEEDED = 11 };

static struct stand *ready(void)
{
	struct stand *stand = stand_new(true, 0);
	struct neighbour is = {.port = 0, .addr = addr("10.0.0.9"), .mac = stand_peer_mac};

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
	struct frame frame = frame_icmp(
		0, "10.0.0.9", "10.0.0.1", ECHO, 0, 0x12345678, SPAN_LIT("ping with odd len")
	);

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	const struct pkt *pkt = stand->sent[0];
	assert_int_equal(pkt->len, frame.n);
	assert_int_equal(pkt->flags, 0);
	assert_memory_equal(pkt->data, &stand_peer_mac, 6);
	assert_int_equal(plain_checksum(0, pkt->data + IP4_AT, 20), 0);
	assert_memory_equal(pkt->data + IP4_AT + 12, "\x0a\0\0\1\x0a\0\0\x09", 8);
	assert_int_equal(pkt->data[ICMP_AT], 0);
	assert_memory_equal(pkt->data + ICMP_AT + 4, "\x12\x34\x56\x78ping with odd len", 4 + 17);
	assert_int_equal(plain_checksum(0, pkt->data + ICMP_AT, pkt->len - ICMP_AT), 0);
	stand_free(stand);
}

static void echo_replies_are_limited(void **)
{
	struct stand *stand = ready();
	struct frame frame =
		frame_icmp(0, "10.0.0.9", "10.0.0.1", ECHO, 0, 0, (struct span){NULL, 0});

	for (int i = 0; i < 200; i++)
		receive(stand, &frame);
	assert_int_equal(stand->n_sent, 50);
	assert_int_equal(ip_stats(stand->ip)->icmp_limited, 150);
	for (int i = 0; i < 1000; i++) {
		stand->now++;
		receive(stand, &frame);
	}
	assert_int_equal(stand->n_sent, 150);
	stand->now += 100000;
	for (int i = 0; i < 200; i++)
		receive(stand, &frame);
	assert_int_equal(stand->n_sent, 200);
	stand_free(stand);
}

static void a_bad_checksum_is_dropped(void **)
{
	struct stand *stand = ready();
	struct frame frame = frame_icmp(0, "10.0.0.9", "10.0.0.1", ECHO, 0, 0, SPAN_LIT("x"));

	frame.b[frame.n - 1] ^= 1;
	receive(stand, &frame);
	assert_int_equal(ip_stats(stand->ip)->drop_l4_checksum, 1);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

// The start of a segment that we sent from 10.0.0.1:8080 to 192.0.2.7:5432, sequence number
// 0x01020304.
static struct frame quote(struct span options)
{
	return frame_ip4(
		0, "10.0.0.1", "192.0.2.7", 6, options, SPAN_LIT("\x1f\x90\x15\x38\1\2\3\4")
	);
}

static struct frame error_with(uint8_t type, uint8_t code, uint32_t rest, struct frame quoted)
{
	return frame_icmp(
		0, "10.0.0.254", "10.0.0.1", type, code, rest,
		span_of(quoted.b + IP4_AT, quoted.n - IP4_AT)
	);
}

static void errors_about_our_segments_are_passed_on(void **)
{
	struct stand *stand = ready();
	struct frame frame =
		error_with(UNREACHABLE, 4, 0xffff0000 | 1400, quote((struct span){NULL, 0}));
	struct ip_addr local = addr("10.0.0.1"), remote = addr("192.0.2.7");

	receive(stand, &frame);
	assert_int_equal(stand->n_errors, 1);
	assert_true(addr_equal(&stand->error.local.addr, &local));
	assert_true(addr_equal(&stand->error.remote.addr, &remote));
	assert_int_equal(stand->error.local.port, 8080);
	assert_int_equal(stand->error.remote.port, 5432);
	assert_int_equal(stand->error.seq, 0x01020304);
	assert_int_equal(stand->error.type, UNREACHABLE);
	assert_int_equal(stand->error.code, 4);
	assert_int_equal(stand->error.mtu, 1400);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

static void only_fragmentation_needed_has_an_mtu(void **)
{
	struct stand *stand = ready();
	struct frame frame = error_with(UNREACHABLE, 1, 1400, quote((struct span){NULL, 0}));

	receive(stand, &frame);
	assert_int_equal(stand->error.code, 1);
	assert_int_equal(stand->error.mtu, 0);
	frame = error_with(TIME_EXCEEDED, 0, 1400, quote((struct span){NULL, 0}));
	receive(stand, &frame);
	assert_int_equal(stand->n_errors, 2);
	assert_int_equal(stand->error.type, TIME_EXCEEDED);
	assert_int_equal(stand->error.mtu, 0);
	stand_free(stand);
}

static void a_quote_with_options_is_understood(void **)
{
	struct stand *stand = ready();
	struct frame frame = error_with(UNREACHABLE, 0, 0, quote(SPAN_LIT("\1\1\1\0")));

	receive(stand, &frame);
	assert_int_equal(stand->n_errors, 1);
	assert_int_equal(stand->error.seq, 0x01020304);
	stand_free(stand);
}

static void cut_quotes_are_dropped(void **)
{
	struct stand *stand = ready();
	struct frame whole = quote((struct span){NULL, 0});

	for (size_t n = IP4_AT; n < whole.n; n++) {
		struct frame cut = whole;
		cut.n = n;
		struct frame frame = error_with(UNREACHABLE, 0, 0, cut);
		receive(stand, &frame);
	}
	assert_int_equal(stand->n_errors, 0);
	assert_int_equal(ip_stats(stand->ip)->drop_short, whole.n - IP4_AT);
	stand_free(stand);
}

static void quotes_that_are_not_of_ours_are_dropped(void **)
{
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame quoted = frame_ip4(
		0, "10.1.0.1", "192.0.2.7", 6, (struct span){NULL, 0}, SPAN_LIT("12345678")
	);
	struct frame frame = error_with(UNREACHABLE, 0, 0, quoted);

	receive(stand, &frame);
	assert_int_equal(stats->drop_not_ours, 1);
	quoted = quote((struct span){NULL, 0});
	quoted.b[IP4_AT + 9] = 17;
	frame = error_with(UNREACHABLE, 0, 0, quoted);
	receive(stand, &frame);
	assert_int_equal(stats->drop_protocol, 1);
	quoted = quote((struct span){NULL, 0});
	quoted.b[IP4_AT + 7] = 1;
	frame = error_with(UNREACHABLE, 0, 0, quoted);
	receive(stand, &frame);
	assert_int_equal(stats->drop_fragment, 1);
	quoted = quote((struct span){NULL, 0});
	quoted.b[IP4_AT] = 0x65;
	frame = error_with(UNREACHABLE, 0, 0, quoted);
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
		if (type == ECHO || type == UNREACHABLE || type == TIME_EXCEEDED || type == 12)
			continue;
		struct frame quoted = quote((struct span){NULL, 0});
		struct frame frame = error_with((uint8_t)type, 0, 0, quoted);
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
		cmocka_unit_test(echo_replies_are_limited),
		cmocka_unit_test(a_bad_checksum_is_dropped),
		cmocka_unit_test(errors_about_our_segments_are_passed_on),
		cmocka_unit_test(only_fragmentation_needed_has_an_mtu),
		cmocka_unit_test(a_quote_with_options_is_understood),
		cmocka_unit_test(cut_quotes_are_dropped),
		cmocka_unit_test(quotes_that_are_not_of_ours_are_dropped),
		cmocka_unit_test(nothing_else_is_obeyed_or_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
