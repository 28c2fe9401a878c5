// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <stdio.h>

enum { REQUEST = 1, REPLY = 2 };

static uint64_t refusals(const struct stand *stand)
{
	return ip_stats(stand->ip)->arp_refused;
}

static void receive(struct stand *stand, const struct frame *frame)
{
	assert_int_equal(stand_receive(stand, 0, frame, 0), IP_CONSUMED);
}

static void a_request_for_us_is_answered_and_learnt(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_arp(0, REQUEST, &stand_peer_mac, "10.0.0.9", "10.0.0.1");

	memset(frame.b, 0xff, 6);
	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	const uint8_t *reply = stand->sent[0]->data;
	assert_int_equal(stand->sent[0]->len, 42);
	assert_int_equal(stand->sent[0]->port, 0);
	assert_memory_equal(reply, &stand_peer_mac, 6);
	assert_memory_equal(reply + 6, &stand_mac[0], 6);
	assert_memory_equal(reply + 12, "\x08\x06\0\1\x08\0\6\4\0\2", 10);
	assert_memory_equal(reply + 22, &stand_mac[0], 6);
	assert_memory_equal(reply + 28, "\x0a\0\0\1", 4);
	assert_memory_equal(reply + 32, &stand_peer_mac, 6);
	assert_memory_equal(reply + 38, "\x0a\0\0\x09", 4);
	assert_int_equal(stand->n_published, 1);
	assert_memory_equal(&stand->published.mac, &stand_peer_mac, 6);

	stand_clear(stand);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data, &stand_peer_mac, 6);
	stand_free(stand);
}

static void requests_for_others_teach_nothing(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_arp(0, REQUEST, &stand_peer_mac, "10.0.0.9", "10.0.0.8");

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 0);
	assert_int_equal(stand->n_published, 0);
	assert_int_equal(refusals(stand), 0);
	stand_free(stand);
}

static void a_replica_leaves_arp_to_the_owner(void **)
{
	struct stand *stand = stand_new(false, 0);
	struct frame frame = frame_arp(0, REQUEST, &stand_peer_mac, "10.0.0.9", "10.0.0.1");

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_OWNER);
	assert_int_equal(stand->left->len, frame.n);
	assert_memory_equal(stand->left->data, frame.b, frame.n);
	stand_free(stand);
}

static void implausible_senders_are_refused(void **)
{
	static const struct {
		const char *sender;
		struct eth_addr mac;
	} bad[] = {
		{"10.0.0.1", {{2, 0, 0, 0, 0, 9}}},   // our own address
		{"10.1.0.1", {{2, 0, 0, 0, 0, 9}}},   // our own, of another port
		{"10.1.0.9", {{2, 0, 0, 0, 0, 9}}},   // another port's network
		{"192.0.2.1", {{2, 0, 0, 0, 0, 9}}},  // no network of ours
		{"10.0.0.255", {{2, 0, 0, 0, 0, 9}}}, // a broadcast address
		{"10.0.0.9", {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}},
		{"10.0.0.9", {{1, 0, 0x5e, 0, 0, 1}}},
		{"10.0.0.9", {{0}}},
		{"10.0.0.9", {{2, 0, 0, 0, 0, 1}}}, // our own MAC
	};
	struct stand *stand = stand_new(true, 0);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frame frame = frame_arp(0, REQUEST, &bad[i].mac, bad[i].sender, "10.0.0.1");
		receive(stand, &frame);
		assert_int_equal(refusals(stand), i + 1);
	}
	assert_int_equal(stand->n_sent, 0);
	assert_int_equal(stand->n_published, 0);
	stand_free(stand);
}

static void the_gateway_may_ask_too(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_arp(0, REQUEST, &stand_peer_mac, "10.0.0.254", "10.0.0.1");

	receive(stand, &frame);
	assert_int_equal(stand->n_published, 1);
	stand_free(stand);
}

static void broken_packets_are_refused(void **)
{
	static const int fields[] = {14, 15, 16, 17, 18, 19, 20, 21};
	struct stand *stand = stand_new(true, 0);
	struct frame good = frame_arp(0, REQUEST, &stand_peer_mac, "10.0.0.9", "10.0.0.1");

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct frame frame = good;
		frame.b[fields[i]] ^= 0x80;
		receive(stand, &frame);
		assert_int_equal(refusals(stand), i + 1);
	}
	for (size_t n = 14; n < good.n; n++) {
		struct frame frame = good;
		frame.n = n;
		receive(stand, &frame);
	}
	assert_int_equal(ip_stats(stand->ip)->drop_short, good.n - 14);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

static void an_address_probe_is_answered_but_not_learnt(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_arp(0, REQUEST, &stand_peer_mac, "0.0.0.0", "10.0.0.1");

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	assert_int_equal(stand->n_published, 0);
	assert_int_equal(refusals(stand), 0);
	stand_free(stand);
}

static void answers_nobody_asked_for_are_refused(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_arp(0, REPLY, &stand_peer_mac, "10.0.0.9", "10.0.0.1");

	receive(stand, &frame);
	assert_int_equal(refusals(stand), 1);
	assert_int_equal(stand->n_published, 0);
	stand_free(stand);
}

static void the_first_answer_stands(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame first = frame_arp(0, REPLY, &stand_peer_mac, "10.0.0.9", "10.0.0.1");
	struct frame second = frame_arp(0, REPLY, &stand_other_mac, "10.0.0.9", "10.0.0.1");

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	receive(stand, &first);
	receive(stand, &first); // said twice is no harm
	assert_int_equal(refusals(stand), 0);
	receive(stand, &second);
	assert_int_equal(refusals(stand), 1);
	assert_int_equal(stand->n_published, 1);
	assert_memory_equal(&stand->published.mac, &stand_peer_mac, 6);
	stand_free(stand);
}

static void a_changed_mac_is_believed_only_after_a_while(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame old = frame_arp(0, REQUEST, &stand_peer_mac, "10.0.0.9", "10.0.0.1");
	struct frame new = frame_arp(0, REQUEST, &stand_other_mac, "10.0.0.9", "10.0.0.1");

	receive(stand, &old);
	stand->now += 500;
	receive(stand, &new);
	assert_int_equal(refusals(stand), 1);
	assert_int_equal(stand->n_published, 1);
	stand->now += 500;
	receive(stand, &new);
	assert_int_equal(refusals(stand), 1);
	assert_int_equal(stand->n_published, 2);
	assert_memory_equal(&stand->published.mac, &stand_other_mac, 6);
	stand_free(stand);
}

static void send_to(struct stand *stand, const struct eth_addr *mac)
{
	stand_clear(stand);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data, mac, 6);
	stand_clear(stand);
}

static void nobody_takes_over_an_address_in_use(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame known = frame_arp(0, REPLY, &stand_peer_mac, "10.0.0.9", "10.0.0.1");
	struct frame other = frame_arp(0, REQUEST, &stand_other_mac, "10.0.0.9", "10.0.0.1");
	struct frame forged = frame_arp(0, REPLY, &stand_other_mac, "10.0.0.9", "10.0.0.1");

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	receive(stand, &known);
	for (int i = 0; i < 20; i++) {
		stand->now += 1500;
		stand_clear(stand);
		receive(stand, &other); // asks, and claims the address
		assert_memory_equal(stand->sent[0]->data, &stand_peer_mac, 6); // so we ask
		receive(stand, &forged);
		send_to(stand, &stand_peer_mac);
		receive(stand, &known);
	}
	assert_int_equal(ip_stats(stand->ip)->neighbour_conflicts, 20);
	assert_int_equal(refusals(stand), 20);
	assert_memory_equal(&stand->published.mac, &stand_peer_mac, 6);
	stand_free(stand);
}

static void who_has_moved_is_found_when_it_does_not_answer(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame known = frame_arp(0, REPLY, &stand_peer_mac, "10.0.0.9", "10.0.0.1");
	struct frame moved = frame_arp(0, REQUEST, &stand_other_mac, "10.0.0.9", "10.0.0.1");
	struct frame reply = frame_arp(0, REPLY, &stand_other_mac, "10.0.0.9", "10.0.0.1");

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	receive(stand, &known);
	stand->now += 1500;
	receive(stand, &moved);
	for (int i = 0; i < 40; i++, stand->now += 100)
		ip_tick(stand->ip, stand->now);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	receive(stand, &reply);
	send_to(stand, &stand_other_mac);
	stand_free(stand);
}

static void many_addresses_may_share_one_mac(void **)
{
	struct stand *stand = stand_new(true, 0);

	for (int i = 2; i < 254; i++) {
		char text[ADDR_TEXT_MAX];
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		struct frame frame = frame_arp(0, REQUEST, &stand_peer_mac, text, "10.0.0.1");
		receive(stand, &frame);
	}
	assert_int_equal(stand->n_published, 252);
	assert_int_equal(refusals(stand), 0);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_for_us_is_answered_and_learnt),
		cmocka_unit_test(requests_for_others_teach_nothing),
		cmocka_unit_test(a_replica_leaves_arp_to_the_owner),
		cmocka_unit_test(implausible_senders_are_refused),
		cmocka_unit_test(the_gateway_may_ask_too),
		cmocka_unit_test(broken_packets_are_refused),
		cmocka_unit_test(an_address_probe_is_answered_but_not_learnt),
		cmocka_unit_test(answers_nobody_asked_for_are_refused),
		cmocka_unit_test(the_first_answer_stands),
		cmocka_unit_test(a_changed_mac_is_believed_only_after_a_while),
		cmocka_unit_test(nobody_takes_over_an_address_in_use),
		cmocka_unit_test(who_has_moved_is_found_when_it_does_not_answer),
		cmocka_unit_test(many_addresses_may_share_one_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
