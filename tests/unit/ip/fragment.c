// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <stdio.h>

enum { IP_AT = 14, TCP = 6, MORE = true, LAST = false, TIMEOUT = 2000, LONGEST = 2048 };

struct family {
	const char *peer, *own;
	size_t header; // of IP
	bool v6;
};

static const struct family v4 = {"10.0.0.9", "10.0.0.1", 20, false};
static const struct family v6 = {"2001:db8::9", "2001:db8::1", 40, true};
static const struct family *const families[] = {&v4, &v6};

// A TCP segment of `n` bytes with a right checksum, by itself.
static const uint8_t *segment(const struct family *f, size_t n)
{
	static uint8_t bytes[LONGEST];
	static const struct span none;
	struct frame frame = f->v6 ? frame_ip6(0, f->peer, f->own, TCP, 64, none)
				   : frame_ip4(0, f->peer, f->own, TCP, none, none);
	const uint8_t *header = frame.b + IP_AT;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7);
	bytes[12] = 5 << 4;
	bytes[16] = bytes[17] = 0;
	uint32_t pseudo = f->v6 ? plain_pseudo6(header, TCP, n) : plain_pseudo(header, n);
	uint16_t sum = plain_checksum(pseudo, bytes, n);
	bytes[16] = (uint8_t)(sum >> 8);
	bytes[17] = (uint8_t)sum;
	return bytes;
}

static struct frame part_of(
	const struct family *f, const char *source, uint16_t id, uint32_t offset, bool more,
	struct span data
)
{
	uint8_t payload[FRAME_MAX] = {TCP, 0, (uint8_t)(offset >> 8), (uint8_t)(offset | more)};
	struct frame frame;

	payload[6] = (uint8_t)(id >> 8);
	payload[7] = (uint8_t)id;
	if (f->v6) {
		assert_true(data.n <= sizeof(payload) - 100);
		if (data.n > 0)
			memcpy(payload + 8, data.p, data.n);
		return frame_ip6(0, source, f->own, 44, 64, span_of(payload, 8 + data.n));
	}
	frame = frame_ip4(0, source, f->own, TCP, (struct span){NULL, 0}, data);
	uint8_t *header = frame.b + IP_AT;
	header[4] = (uint8_t)(id >> 8);
	header[5] = (uint8_t)id;
	header[6] = (uint8_t)(offset / 8 >> 8 | (more ? 0x20 : 0));
	header[7] = (uint8_t)(offset / 8);
	frame_ip4_seal(&frame);
	return frame;
}

static struct frame part(
	const struct family *f, uint32_t offset, bool more, const uint8_t *whole, size_t n
)
{
	return part_of(f, f->peer, 7, offset, more, span_of(whole + offset, n));
}

static struct stand *ready(void)
{
	struct stand *stand = stand_new(true, 0);

	for (int i = 0; i < 2; i++) {
		struct neighbour is = {0, addr(families[i]->peer), stand_peer_mac};
		ip_neighbour_set(stand->ip, &is, stand->now);
	}
	return stand;
}

static void waits(struct stand *stand, const struct frame *frame)
{
	assert_int_equal(stand_receive(stand, 0, frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 0);
}

static void completes(
	struct stand *stand, const struct frame *frame, const uint8_t *whole, size_t n
)
{
	// What a port says of a fragment's checksum is worth nothing.
	assert_int_equal(stand_receive(stand, 0, frame, PKT_RX_IP_CSUM_GOOD), IP_TCP);
	assert_int_equal(stand->left->len, n);
	assert_memory_equal(stand->left->data, whole, n);
}

static void refused(struct stand *stand, const struct frame *frame, const uint64_t *counter)
{
	uint64_t before = *counter;

	waits(stand, frame);
	assert_int_equal(*counter, before + 1);
}

static void parts_come_in_any_order(void **)
{
	static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct stand *stand = ready();

	for (int f = 0; f < 2; f++) {
		const uint8_t *whole = segment(families[f], 1501);
		struct frame parts[] = {
			part(families[f], 0, MORE, whole, 600),
			part(families[f], 600, MORE, whole, 800),
			part(families[f], 1400, LAST, whole, 101),
		};
		for (int i = 0; i < 6; i++) {
			waits(stand, &parts[orders[i][0]]);
			waits(stand, &parts[orders[i][1]]);
			completes(stand, &parts[orders[i][2]], whole, 1501);
			struct ip_addr peer = addr(families[f]->peer);
			assert_true(addr_equal(&stand->segment.remote.addr, &peer));
		}
	}
	assert_int_equal(ip_stats(stand->ip)->reassembled, 12);
	assert_int_equal(ip_stats(stand->ip)->rx_fragments, 36);
	stand_free(stand);
}

static void the_checksum_of_the_whole_is_looked_at(void **)
{
	struct stand *stand = ready();

	for (int f = 0; f < 2; f++) {
		uint8_t whole[100];
		memcpy(whole, segment(families[f], 100), 100);
		whole[99] ^= 1;
		struct frame first = part(families[f], 0, MORE, whole, 64);
		struct frame last = part(families[f], 64, LAST, whole, 36);
		waits(stand, &first);
		uint64_t before = ip_stats(stand->ip)->drop_l4_checksum;
		assert_int_equal(stand_receive(stand, 0, &last, PKT_RX_L4_CSUM_GOOD), IP_CONSUMED);
		assert_int_equal(ip_stats(stand->ip)->drop_l4_checksum, before + 1);
	}
	stand_free(stand);
}

static void one_that_comes_twice_does_no_harm(void **)
{
	struct stand *stand = ready();

	for (int f = 0; f < 2; f++) {
		const uint8_t *whole = segment(families[f], 100);
		struct frame first = part(families[f], 0, MORE, whole, 64);
		struct frame last = part(families[f], 64, LAST, whole, 36);
		waits(stand, &first);
		refused(stand, &first, &ip_stats(stand->ip)->fragment_twice);
		completes(stand, &last, whole, 100);
	}
	stand_free(stand);
}

// Each pair of parts contradicts itself; whatever else comes of that datagram is dropped too.
static void an_overlap_ends_the_datagram(void **)
{
	static const struct {
		uint32_t first, first_n, offset, n;
		bool first_more, more, other_bytes;
	} pairs[] = {
		{0, 64, 56, 64, MORE, MORE, false},  {64, 64, 0, 72, MORE, MORE, false},
		{0, 64, 24, 24, MORE, MORE, false},  {64, 8, 32, 64, MORE, MORE, false},
		{0, 64, 0, 64, MORE, MORE, true},    {0, 64, 0, 32, MORE, MORE, false},
		{64, 30, 96, 8, LAST, MORE, false},  {64, 30, 64, 24, LAST, MORE, false},
		{64, 36, 120, 3, LAST, LAST, false}, {96, 24, 64, 16, MORE, LAST, false},
		{64, 32, 96, 4, LAST, LAST, false},
	};
	struct stand *stand = ready();
	const struct ip_stats *stats = ip_stats(stand->ip);

	for (size_t i = 0; i < 2 * sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct family *f = families[i % 2];
		uint8_t whole[200];
		memcpy(whole, segment(f, 200), 200);
		struct frame one =
			part(f, pairs[i / 2].first, pairs[i / 2].first_more, whole,
			     pairs[i / 2].first_n);
		waits(stand, &one);
		if (pairs[i / 2].other_bytes)
			whole[60] ^= 1;
		one = part(f, pairs[i / 2].offset, pairs[i / 2].more, whole, pairs[i / 2].n);
		refused(stand, &one, &stats->fragment_overlap);
		memcpy(whole, segment(f, 100), 100);
		one = part(f, 0, MORE, whole, 64);
		refused(stand, &one, &stats->drop_fragment);
		one = part(f, 64, LAST, whole, 36);
		refused(stand, &one, &stats->drop_fragment);
		// Its number is free again in time.
		stand->now += TIMEOUT;
		ip_tick(stand->ip, stand->now);
		assert_int_equal(stand->n_sent, 0);
		waits(stand, &one);
		one = part(f, 0, MORE, whole, 64);
		completes(stand, &one, whole, 100);
	}
	stand_free(stand);
}

static void parts_of_odd_length_or_none_are_dropped(void **)
{
	struct stand *stand = ready();
	const uint8_t *whole = segment(&v4, 100);
	struct frame frame = part(&v4, 0, MORE, whole, 63);

	refused(stand, &frame, &ip_stats(stand->ip)->drop_fragment);
	frame = part(&v4, 64, LAST, whole, 0);
	refused(stand, &frame, &ip_stats(stand->ip)->drop_fragment);
	frame = part(&v6, 64, LAST, whole, 0);
	refused(stand, &frame, &ip_stats(stand->ip)->drop_fragment);
	stand_free(stand);
}

static void what_fits_no_buffer_is_not_put_together(void **)
{
	struct stand *stand = ready();

	for (int f = 0; f < 2; f++) {
		const uint8_t *whole = segment(families[f], LONGEST);
		struct frame first = part(families[f], 0, MORE, whole, 1024);
		struct frame last = part(families[f], 1024, LAST, whole, 1024);
		waits(stand, &first);
		completes(stand, &last, whole, LONGEST);
		waits(stand, &first);
		last = part_of(families[f], families[f]->peer, 7, 2048, LAST, SPAN_LIT("x"));
		refused(stand, &last, &ip_stats(stand->ip)->fragment_too_long);
		refused(stand, &first, &ip_stats(stand->ip)->drop_fragment);
	}
	stand_free(stand);
}

static void more_than_sixteen_parts_are_too_many(void **)
{
	struct stand *stand = ready();

	for (int f = 0; f < 2; f++) {
		const uint8_t *whole = segment(families[f], 24 + 16 * 8);
		struct frame frame = part(families[f], 0, MORE, whole, 24);
		waits(stand, &frame);
		for (uint32_t i = 0; i < 15; i++) {
			frame = part(families[f], 24 + i * 8, MORE, whole, 8);
			waits(stand, &frame);
		}
		frame = part(families[f], 24 + 15 * 8, LAST, whole, 8);
		refused(stand, &frame, &ip_stats(stand->ip)->fragment_too_many);
	}
	stand_free(stand);
}

static void the_first_part_has_the_whole_header(void **)
{
	struct stand *stand = ready();
	const uint8_t *whole = segment(&v4, 100);
	struct frame frame = part(&v4, 0, MORE, whole, 16);

	refused(stand, &frame, &ip_stats(stand->ip)->fragment_tiny);
	frame = part(&v6, 0, MORE, whole, 16);
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->fragment_tiny, 2);
	assert_int_equal(stand->n_sent, 1); // RFC 7112 5
	assert_memory_equal(stand->sent[0]->data + 54, "\4\3", 2);
	stand_clear(stand);
	// The chain of headers does not end in it.
	uint8_t cut[] = {TCP, 0, 0, 1, 0, 0, 0, 9, TCP, 1, 1, 4, 0, 0, 0, 0};
	cut[0] = 60;
	frame = frame_ip6(0, v6.peer, v6.own, 44, 64, span_of(cut, sizeof(cut)));
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data + 54, "\4\3", 2);
	stand_free(stand);
}

static void who_breaks_the_rules_of_ipv6_is_told(void **)
{
	struct stand *stand = ready();
	const uint8_t *whole = segment(&v6, 100);
	struct frame frame = part(&v6, 64, MORE, whole, 35);

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data + 54, "\4\0", 2);
	assert_int_equal(stand->sent[0]->data[61], 4);
	stand_clear(stand);
	frame = part_of(&v6, v6.peer, 7, 65528, LAST, SPAN_LIT("12345678"));
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data + 54, "\4\0", 2);
	assert_int_equal(stand->sent[0]->data[61], 42);
	assert_int_equal(ip_stats(stand->ip)->fragment_too_long, 1);
	stand_free(stand);
}

// `next` in front of the segment, within the fragments.
static void inside(uint8_t next, struct span header, struct frame out[2])
{
	static uint8_t payload[200];
	const uint8_t *tcp = segment(&v6, 40);

	memcpy(payload, header.p, header.n);
	memcpy(payload + header.n, tcp, 40);
	out[0] = part_of(&v6, v6.peer, 9, 0, MORE, span_of(payload, header.n + 24));
	out[0].b[IP_AT + 40] = next;
	out[1] =
		part_of(&v6, v6.peer, 9, (uint32_t)header.n + 24, LAST,
			span_of(payload + header.n + 24, 16));
}

static void extensions_within_are_passed_over_but_no_more_fragments(void **)
{
	struct stand *stand = ready();
	struct frame parts[2];

	inside(60, SPAN_LIT("\6\0\1\4\0\0\0\0"), parts);
	waits(stand, &parts[0]);
	assert_int_equal(stand_receive(stand, 0, &parts[1], 0), IP_TCP);
	assert_int_equal(stand->left->len, 40);
	inside(44, SPAN_LIT("\6\0\0\0\0\0\0\1"), parts);
	assert_int_equal(stand_receive(stand, 0, &parts[0], 0), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->fragment_tiny, 1);
	stand_clear(stand);
	inside(0, SPAN_LIT("\6\0\1\4\0\0\0\0"), parts);
	assert_int_equal(stand_receive(stand, 0, &parts[0], 0), IP_CONSUMED);
	assert_int_equal(stand->n_sent, 1); // hop-by-hop options elsewhere than at the start
	assert_memory_equal(stand->sent[0]->data + 54, "\4\1", 2);
	stand_free(stand);
}

static void what_stays_incomplete_is_given_up_and_told(void **)
{
	struct stand *stand = ready();

	for (int f = 0; f < 2; f++) {
		const uint8_t *whole = segment(families[f], 100);
		struct frame first = part(families[f], 0, MORE, whole, 64);
		struct frame last =
			part_of(families[f], families[f]->peer, 8, 64, LAST,
				span_of(whole + 64, 36));
		waits(stand, &last); // of another, whose first part never comes
		waits(stand, &first);
		stand->now += TIMEOUT - 1;
		ip_tick(stand->ip, stand->now);
		assert_int_equal(stand->n_sent, 0);
		stand->now++;
		ip_tick(stand->ip, stand->now);
		assert_int_equal(stand->n_sent, 1);
		const struct pkt *pkt = stand->sent[0];
		const uint8_t *icmp = pkt->data + IP_AT + families[f]->header;
		size_t n = pkt->len - IP_AT - families[f]->header;
		assert_int_equal(icmp[0], families[f]->v6 ? 3 : 11);
		assert_int_equal(icmp[1], 1);
		assert_memory_equal(icmp + 8, first.b + IP_AT, first.n - IP_AT);
		assert_int_equal(n, 8 + first.n - IP_AT);
		uint32_t pseudo = families[f]->v6 ? plain_pseudo6(pkt->data + IP_AT, 58, n) : 0;
		assert_int_equal(plain_checksum(pseudo, icmp, n), 0);
		stand_clear(stand);
		assert_int_equal(ip_stats(stand->ip)->fragment_expired, 2 * f + 2);
	}
	stand_free(stand);
}

// A host that sends many beginnings pushes out its own.
static void a_source_has_four_places(void **)
{
	struct stand *stand = ready();
	const uint8_t *whole = segment(&v4, 100);
	struct frame mine = part(&v4, 0, MORE, whole, 64);
	struct frame frame;

	waits(stand, &mine);
	for (uint16_t id = 100; id < 120; id++) {
		frame = part_of(&v4, "10.0.0.66", id, 0, MORE, span_of(whole, 64));
		stand->now++;
		waits(stand, &frame);
	}
	assert_int_equal(ip_stats(stand->ip)->fragment_evicted, 16);
	frame = part(&v4, 64, LAST, whole, 36);
	completes(stand, &frame, whole, 100);
	stand_free(stand);
}

static void many_sources_have_64_places_and_the_oldest_goes(void **)
{
	struct stand *stand = ready();
	const uint8_t *whole = segment(&v4, 100);
	struct frame frame = part(&v4, 0, MORE, whole, 64);

	waits(stand, &frame);
	for (int i = 0; i < 64; i++) {
		char source[32];
		snprintf(source, sizeof(source), "10.0.0.%d", 100 + i);
		frame = part_of(&v4, source, 7, 0, MORE, span_of(whole, 64));
		stand->now++;
		waits(stand, &frame);
		assert_int_equal(ip_stats(stand->ip)->fragment_evicted, i == 63);
	}
	frame = part(&v4, 64, LAST, whole, 36);
	waits(stand, &frame);
	assert_int_equal(ip_stats(stand->ip)->reassembled, 0);
	stand_free(stand);
}

// RFC 3168 5.3.
static void congestion_on_the_way_of_one_part_counts(void **)
{
	static const struct {
		uint8_t first, last, whole;
		bool dropped;
	} cases[] = {{2, 3, 3, false}, {3, 1, 3, false}, {1, 1, 1, false}, {0, 0, 0, false},
		     {0, 3, 0, true},  {3, 0, 0, true},  {2, 0, 2, false}};
	struct stand *stand = ready();

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const struct family *f = families[i % 2];
		const uint8_t *whole = segment(f, 100);
		struct frame parts[] = {part(f, 0, MORE, whole, 64), part(f, 64, LAST, whole, 36)};
		uint8_t marks[] = {cases[i / 2].first, cases[i / 2].last};
		for (int p = 0; p < 2; p++) {
			parts[p].b[IP_AT + 1] = (uint8_t)(f->v6 ? marks[p] << 4 : marks[p]);
			if (!f->v6)
				frame_ip4_seal(&parts[p]);
		}
		waits(stand, &parts[0]);
		if (cases[i / 2].dropped) {
			refused(stand, &parts[1], &ip_stats(stand->ip)->drop_fragment);
			stand->now += TIMEOUT;
			ip_tick(stand->ip, stand->now);
			continue;
		}
		completes(stand, &parts[1], whole, 100);
		assert_int_equal(stand->segment.ecn, cases[i / 2].whole);
	}
	stand_free(stand);
}

static void a_replica_gives_them_to_the_owner_as_they_came(void **)
{
	struct stand *stand = stand_new(false, 0);

	for (int f = 0; f < 2; f++) {
		const uint8_t *whole = segment(families[f], 100);
		struct frame frame = part(families[f], 0, MORE, whole, 64);
		assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_OWNER);
		assert_int_equal(stand->left->len, frame.n);
		assert_memory_equal(stand->left->data, frame.b, frame.n);
	}
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_come_in_any_order),
		cmocka_unit_test(the_checksum_of_the_whole_is_looked_at),
		cmocka_unit_test(one_that_comes_twice_does_no_harm),
		cmocka_unit_test(an_overlap_ends_the_datagram),
		cmocka_unit_test(parts_of_odd_length_or_none_are_dropped),
		cmocka_unit_test(what_fits_no_buffer_is_not_put_together),
		cmocka_unit_test(more_than_sixteen_parts_are_too_many),
		cmocka_unit_test(the_first_part_has_the_whole_header),
		cmocka_unit_test(who_breaks_the_rules_of_ipv6_is_told),
		cmocka_unit_test(extensions_within_are_passed_over_but_no_more_fragments),
		cmocka_unit_test(what_stays_incomplete_is_given_up_and_told),
		cmocka_unit_test(a_source_has_four_places),
		cmocka_unit_test(many_sources_have_64_places_and_the_oldest_goes),
		cmocka_unit_test(congestion_on_the_way_of_one_part_counts),
		cmocka_unit_test(a_replica_gives_them_to_the_owner_as_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
