// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <errno.h>

enum { IP4_AT = 14, TCP_AT = 34, BOTH = PKT_TX_IP_CSUM | PKT_TX_TCP_CSUM };

static struct stand *ready(uint16_t tx_offload)
{
	struct stand *stand = stand_new(true, tx_offload);
	struct neighbour is = {.port = 0, .addr = addr("10.0.0.9"), .mac = stand_peer_mac};

	ip_neighbour_set(stand->ip, &is, stand->now);
	return stand;
}

static int send(struct stand *stand, struct pkt *pkt)
{
	struct ip_addr local = addr("10.0.0.1"), remote = addr("10.0.0.9");

	return ip_output(stand->ip, pkt, &local, &remote, stand->now);
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void the_header_is_complete(void **)
{
	struct stand *stand = ready(0);

	assert_int_equal(send(stand, stand_segment(stand, SPAN_LIT("abc"))), 0);
	const struct pkt *pkt = stand->sent[0];
	const uint8_t *header = pkt->data + IP4_AT;
	assert_int_equal(pkt->len, 14 + 20 + 20 + 3);
	assert_int_equal(header[0], 0x45);
	assert_int_equal(be16(header + 2), 43);
	assert_int_equal(be16(header + 6), 0x4000);
	assert_int_equal(header[8], 64);
	assert_int_equal(header[9], 6);
	assert_memory_equal(header + 12, "\x0a\0\0\1\x0a\0\0\x09", 8);
	assert_int_equal(pkt->l2_len, 14);
	assert_int_equal(pkt->l3_len, 20);
	assert_int_equal(pkt->l4_len, 20);
	assert_int_equal(pkt->port, 0);
	assert_int_equal(pkt->flags, 0);
	assert_int_equal(ip_stats(stand->ip)->tx, 1);
	stand_free(stand);
}

// RFC 3168 5.
static void ect_is_in_the_header(void **)
{
	struct stand *stand = ready(0);
	struct pkt *pkt = stand_segment(stand, SPAN_LIT("abc"));

	pkt->flags = PKT_TX_ECT | PKT_RX_IP_CSUM_GOOD;
	assert_int_equal(send(stand, pkt), 0);
	assert_int_equal(stand->sent[0]->data[IP4_AT + 1], 2);
	assert_int_equal(stand->sent[0]->flags, PKT_TX_ECT);
	assert_int_equal(plain_checksum(0, stand->sent[0]->data + IP4_AT, 20), 0);
	stand_free(stand);
}

// Summed over everything, a correct checksum gives zero.
static void software_checksums_cover_odd_heads_and_payloads(void **)
{
	struct stand *stand = ready(0);
	struct pkt *payload = pkt_get(stand->pool);
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 91 + 5);
	for (uint32_t head = 0; head < 4; head++) {
		for (uint32_t tail = 0; tail < 8; tail++) {
			struct pkt *pkt = stand_segment(stand, span_of(bytes, head));
			pkt->payload = pkt_ref(payload);
			pkt->payload_data = bytes + head;
			pkt->payload_len = tail;
			assert_int_equal(send(stand, pkt), 0);
			const uint8_t *sent = stand->sent[0]->data;
			uint8_t whole[100];
			memcpy(whole, sent + TCP_AT, 20 + head);
			memcpy(whole + 20 + head, bytes + head, tail);
			assert_int_equal(plain_checksum(0, sent + IP4_AT, 20), 0);
			uint32_t pseudo = plain_pseudo(sent + IP4_AT, 20 + head + tail);
			assert_int_equal(plain_checksum(pseudo, whole, 20 + head + tail), 0);
			assert_int_equal(be16(sent + IP4_AT + 2), 40 + head + tail);
			stand_clear(stand);
		}
	}
	pkt_put(payload);
	stand_free(stand);
}

static void offloads_leave_the_pseudo_sum(void **)
{
	struct stand *stand = ready(BOTH);

	assert_int_equal(send(stand, stand_segment(stand, SPAN_LIT("abc"))), 0);
	const struct pkt *pkt = stand->sent[0];
	assert_int_equal(pkt->flags, BOTH);
	assert_int_equal(be16(pkt->data + IP4_AT + 10), 0);
	uint32_t pseudo = plain_pseudo(pkt->data + IP4_AT, 23);
	uint16_t want = (uint16_t)~plain_checksum(pseudo, NULL, 0);
	assert_int_equal(be16(pkt->data + TCP_AT + 16), want);
	stand_free(stand);
}

static void what_does_not_fit_is_refused(void **)
{
	static const uint8_t bytes[1461];
	struct stand *stand = ready(0);
	struct pkt *pkt = stand_segment(stand, (struct span){NULL, 0});

	assert_int_equal(send(stand, stand_segment(stand, span_of(bytes, 1460))), 0);
	assert_int_equal(send(stand, stand_segment(stand, span_of(bytes, 1461))), -EMSGSIZE);
	pkt->payload_data = bytes;
	pkt->payload_len = 1461;
	assert_int_equal(send(stand, pkt), -EMSGSIZE);
	assert_int_equal(ip_stats(stand->ip)->drop_too_big, 2);
	assert_int_equal(stand->n_sent, 1);
	stand_free(stand);
}

static void no_way_is_an_error(void **)
{
	struct stand *stand = ready(0);

	assert_int_equal(stand_send(stand, "10.0.0.7", "10.0.0.9"), -EHOSTUNREACH);
	assert_int_equal(stand_send(stand, "10.1.0.1", "192.0.2.1"), -EHOSTUNREACH);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.255"), -EHOSTUNREACH);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.1"), -EHOSTUNREACH);
	assert_int_equal(stand_send(stand, "10.0.0.1", "2001:db8::1"), -EHOSTUNREACH);
	assert_int_equal(ip_stats(stand->ip)->drop_no_route, 5);
	stand_free(stand);
}

static void a_packet_without_headroom_is_dropped(void **)
{
	for (uint32_t room = 0; room < 34; room += 33) {
		struct stand *stand = ready(0);
		struct pkt *pkt = stand_segment(stand, (struct span){NULL, 0});
		memmove(pkt->base + room, pkt->data, pkt->len);
		pkt->data = pkt->base + room;
		(void)!send(stand, pkt);
		assert_int_equal(ip_stats(stand->ip)->drop_no_memory, 1);
		assert_int_equal(stand->n_sent, 0);
		stand_free(stand);
	}
}

static void an_empty_pool_is_survived(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct pkt *all[STAND_PKTS];

	for (int i = 0; i < STAND_PKTS - 1; i++)
		all[i] = pkt_get(stand->pool);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(ip_stats(stand->ip)->drop_no_memory, 1); // the ARP request
	assert_int_equal(stand->n_sent, 0);
	pkt_put(all[0]);
	stand->now += 1000;
	ip_tick(stand->ip, stand->now);
	assert_int_equal(stand->n_sent, 1);
	for (int i = 1; i < STAND_PKTS - 1; i++)
		pkt_put(all[i]);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_complete),
		cmocka_unit_test(ect_is_in_the_header),
		cmocka_unit_test(software_checksums_cover_odd_heads_and_payloads),
		cmocka_unit_test(offloads_leave_the_pseudo_sum),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(no_way_is_an_error),
		cmocka_unit_test(a_packet_without_headroom_is_dropped),
		cmocka_unit_test(an_empty_pool_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
