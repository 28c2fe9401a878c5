// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/checksum.h"

#include "tests/unit/ip/stand.h"

#include <arpa/inet.h>
#include <stdlib.h>

static void every_length_and_content_matches_the_plain_sum(void **)
{
	uint8_t bytes[300];

	srand(20260201);
	print_message("seed 20260201\n");
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = rand() % 3 == 0 ? 0xff : (uint8_t)rand();
		uint16_t sum = (uint16_t)~checksum_fold(checksum_add(0, bytes, n));
		assert_int_equal(ntohs(sum), plain_checksum(0, bytes, n));
	}
}

// RFC 1071 3 has these eight bytes; their sum is ddf2.
static void the_example_of_the_rfc_holds(void **)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(ntohs(checksum_fold(checksum_add(0, bytes, 8))), 0xddf2);
}

static void carries_do_not_get_lost(void **)
{
	assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(checksum_fold(0), 0);
	assert_int_equal(checksum_fold(0xffff0001), 1);
	assert_int_equal(checksum_fold(0x1fffffffe), 0xffff);
}

// RFC 9293 3.1 and RFC 8200 8.1, each spelled out.
static void both_families_have_their_pseudo_header(void **)
{
	struct ip_addr from = addr("192.0.2.129"), to = addr("255.1.2.3");
	uint8_t v4[12], v6[40] = {0};

	memcpy(v4, from.b + 12, 4);
	memcpy(v4 + 4, to.b + 12, 4);
	memcpy(v4 + 8, "\0\6\x12\x34", 4);
	uint16_t sum = (uint16_t)~checksum_fold(checksum_pseudo(&from, &to, 6, 0x1234));
	assert_int_equal(ntohs(sum), plain_checksum(0, v4, sizeof(v4)));
	from = addr("2001:db8::abcd:1");
	to = addr("fe80::ffff:2");
	memcpy(v6, &from, 16);
	memcpy(v6 + 16, &to, 16);
	memcpy(v6 + 32, "\0\1\x12\x34\0\0\0\x3a", 8);
	sum = (uint16_t)~checksum_fold(checksum_pseudo(&from, &to, 58, 0x11234));
	assert_int_equal(ntohs(sum), plain_checksum(0, v6, sizeof(v6)));
}

// Cut at every place, head and borrowed payload sum up to the same.
static void a_payload_behind_an_odd_head_counts_right(void **)
{
	struct pkt_pool *pool = pkt_pool_new(1);
	struct pkt *pkt = pkt_get(pool);
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	assert_non_null(pkt_extend(pkt, sizeof(bytes)));
	memcpy(pkt->data, bytes, sizeof(bytes));
	for (uint32_t cut = 0; cut <= sizeof(bytes); cut++) {
		pkt->len = cut;
		pkt->payload_data = bytes + cut;
		pkt->payload_len = (uint32_t)sizeof(bytes) - cut;
		uint16_t sum = (uint16_t)~checksum_fold(checksum_pkt(pkt));
		assert_int_equal(ntohs(sum), plain_checksum(0, bytes, sizeof(bytes)));
	}
	pkt_put(pkt);
	pkt_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_and_content_matches_the_plain_sum),
		cmocka_unit_test(the_example_of_the_rfc_holds),
		cmocka_unit_test(carries_do_not_get_lost),
		cmocka_unit_test(both_families_have_their_pseudo_header),
		cmocka_unit_test(a_payload_behind_an_odd_head_counts_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
