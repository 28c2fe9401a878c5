// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <stdio.h>

static void tick(struct stand *stand, uint64_t ms)
{
	for (uint64_t until = stand->now + ms; stand->now < until; stand->now += 100)
		ip_tick(stand->ip, stand->now);
	ip_tick(stand->ip, stand->now);
}

static struct neighbour peer(const char *text)
{
	return (struct neighbour){.port = 0, .addr = addr(text), .mac = stand_peer_mac};
}

static void answer(struct stand *stand, const char *text)
{
	struct frame frame = frame_arp(0, 2, &stand_peer_mac, text, "10.0.0.1");

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
}

static bool is_arp_to(const struct pkt *pkt, const struct eth_addr *dest)
{
	return pkt->data[13] == 6 && memcmp(pkt->data, dest, 6) == 0;
}

static const struct eth_addr everyone = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static void packets_wait_for_the_answer_in_order(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct ip_addr local = addr("10.0.0.1"), remote = addr("10.0.0.9");

	for (uint8_t i = 1; i <= 3; i++) {
		struct pkt *pkt = stand_segment(stand, span_of(&i, 1));
		assert_int_equal(ip_output(stand->ip, pkt, &local, &remote, stand->now), 0);
	}
	assert_int_equal(stand->n_sent, 1); // one question for all
	assert_true(is_arp_to(stand->sent[0], &everyone));
	assert_memory_equal(stand->sent[0]->data + 28, "\x0a\0\0\1", 4);
	assert_memory_equal(stand->sent[0]->data + 38, "\x0a\0\0\x09", 4);
	answer(stand, "10.0.0.9");
	assert_int_equal(stand->n_sent, 4);
	for (int i = 1; i <= 3; i++) {
		assert_memory_equal(stand->sent[i]->data, &stand_peer_mac, 6);
		assert_int_equal(stand->sent[i]->data[54], i);
	}
	assert_int_equal(stand->n_published, 1);
	stand_free(stand);
}

static void the_oldest_waiting_packet_makes_room(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct ip_addr local = addr("10.0.0.1"), remote = addr("10.0.0.9");

	for (uint8_t i = 0; i < IP_PENDING_MAX + 2; i++) {
		struct pkt *pkt = stand_segment(stand, span_of(&i, 1));
		assert_int_equal(ip_output(stand->ip, pkt, &local, &remote, stand->now), 0);
	}
	assert_int_equal(ip_stats(stand->ip)->drop_pending_full, 2);
	answer(stand, "10.0.0.9");
	assert_int_equal(stand->n_sent, 1 + IP_PENDING_MAX);
	assert_int_equal(stand->sent[1]->data[54], 2);
	stand_free(stand);
}

static void it_asks_three_times_a_second_apart_then_gives_up(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	tick(stand, 900);
	assert_int_equal(stats->arp_requests_sent, 1);
	tick(stand, 100);
	assert_int_equal(stats->arp_requests_sent, 2);
	tick(stand, 1900);
	assert_int_equal(stats->arp_requests_sent, 3);
	assert_int_equal(stats->drop_no_neighbour, 0);
	tick(stand, 100);
	assert_int_equal(stats->drop_no_neighbour, 1);
	tick(stand, 5000);
	assert_int_equal(stats->arp_requests_sent, 3);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stats->arp_requests_sent, 4);
	stand_free(stand);
}

static void an_old_one_in_use_is_refreshed_by_unicast(void **)
{
	struct stand *stand = stand_new(true, 0);

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	answer(stand, "10.0.0.9");
	stand_clear(stand);
	stand->now += 20000;
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	stand_clear(stand);
	tick(stand, 9900);
	assert_int_equal(stand->n_sent, 0);
	tick(stand, 100);
	assert_int_equal(stand->n_sent, 1);
	assert_true(is_arp_to(stand->sent[0], &stand_peer_mac));
	// Meanwhile it stays in use.
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 2);
	answer(stand, "10.0.0.9");
	assert_int_equal(stand->n_published, 2);
	stand_clear(stand);
	tick(stand, 29000);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

static void one_that_no_longer_answers_is_asked_for_anew(void **)
{
	struct stand *stand = stand_new(true, 0);

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	answer(stand, "10.0.0.9");
	tick(stand, 34000);
	assert_int_equal(ip_stats(stand->ip)->arp_requests_sent, 4);
	stand_clear(stand);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 1);
	assert_true(is_arp_to(stand->sent[0], &everyone));
	stand_free(stand);
}

static void a_replica_asks_its_owner(void **)
{
	struct stand *stand = stand_new(false, 0);
	struct neighbour is = peer("10.0.0.9");

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 0);
	assert_int_equal(stand->n_resolved, 1);
	assert_true(addr_equal(&stand->resolved, &is.addr));
	tick(stand, 1000);
	assert_int_equal(stand->n_resolved, 2);
	ip_neighbour_set(stand->ip, &is, stand->now);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data, &stand_peer_mac, 6);
	assert_int_equal(stand->n_published, 0);
	// Its own refresh goes through the owner too.
	stand->now += 10;
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	tick(stand, 30000);
	assert_int_equal(stand->n_resolved, 3);
	assert_int_equal(ip_stats(stand->ip)->arp_requests_sent, 0);
	stand_free(stand);
}

static void a_replica_is_told_before_it_asks(void **)
{
	struct stand *stand = stand_new(false, 0);
	struct neighbour is = peer("10.0.0.9");

	ip_neighbour_set(stand->ip, &is, stand->now);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 1);
	assert_int_equal(stand->n_resolved, 0);
	// The owner's word about a change counts at once.
	is.mac = stand_other_mac;
	ip_neighbour_set(stand->ip, &is, stand->now);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_memory_equal(stand->sent[1]->data, &stand_other_mac, 6);
	stand_free(stand);
}

static void the_owner_resolves_for_replicas(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct ip_addr wanted = addr("10.0.0.9"), far = addr("192.0.2.1");

	ip_resolve(stand->ip, 0, &wanted, stand->now);
	ip_resolve(stand->ip, 0, &wanted, stand->now);
	assert_int_equal(stand->n_sent, 1);
	answer(stand, "10.0.0.9");
	assert_int_equal(stand->n_published, 1);
	ip_resolve(stand->ip, 0, &wanted, stand->now);
	assert_int_equal(stand->n_published, 2);
	assert_int_equal(stand->n_sent, 1);
	// Known, but not confirmed for long: confirm before telling.
	stand->now += 30000;
	ip_resolve(stand->ip, 0, &wanted, stand->now);
	assert_int_equal(stand->n_published, 2);
	assert_int_equal(stand->n_sent, 2);
	answer(stand, "10.0.0.9");
	assert_int_equal(stand->n_published, 3);
	// What is on no link of the port is not asked for.
	ip_resolve(stand->ip, 0, &far, stand->now);
	ip_resolve(stand->ip, 9, &wanted, stand->now);
	assert_int_equal(stand->n_sent, 2);
	stand_free(stand);
}

// Requests from this many addresses of 10.1/16, each with its own address.
static void flood_with_requests(struct stand *stand, int from, int n)
{
	for (int i = from; i < from + n; i++) {
		char text[ADDR_TEXT_MAX];
		snprintf(text, sizeof(text), "10.1.%d.%d", 1 + i / 250, 1 + i % 250);
		struct frame frame = frame_arp(1, 1, &stand_peer_mac, text, "10.1.0.1");
		assert_int_equal(stand_receive(stand, 1, &frame, 0), IP_CONSUMED);
		stand_clear(stand);
	}
}

static void a_flood_does_not_evict_who_is_in_use(void **)
{
	struct stand *stand = stand_new(true, 0);

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	answer(stand, "10.0.0.9");
	stand_clear(stand);
	stand->now += 10;
	flood_with_requests(stand, 0, 3 * IP_NEIGHBOURS_MAX);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 1);
	assert_memory_equal(stand->sent[0]->data, &stand_peer_mac, 6);
	assert_int_equal(stand->sent[0]->data[13], 0);
	stand_free(stand);
}

// Segments to this many silent addresses of 10.1/16.
static void send_to_many(struct stand *stand, int n)
{
	for (int i = 0; i < n; i++) {
		char text[ADDR_TEXT_MAX];
		snprintf(text, sizeof(text), "10.1.%d.%d", 1 + i / 250, 1 + i % 250);
		(void)stand_send(stand, "10.1.0.1", text);
		stand_clear(stand);
	}
}

static void waiting_packets_are_bounded_in_all(void **)
{
	struct stand *stand = stand_new(true, 0);

	send_to_many(stand, 2000);
	uint32_t held = pkt_pool_used(stand->pool);
	assert_true(held > 0 && held <= 256);
	assert_true(ip_stats(stand->ip)->drop_pending_full > 0);
	tick(stand, 4000);
	stand_clear(stand);
	assert_int_equal(pkt_pool_used(stand->pool), 0);
	stand_free(stand);
}

static void the_silent_are_evicted_before_those_that_answered(void **)
{
	struct stand *stand = stand_new(true, 0);

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	answer(stand, "10.0.0.9");
	stand_clear(stand);
	stand->now += 10;
	send_to_many(stand, 3 * IP_NEIGHBOURS_MAX);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_int_equal(stand->n_sent, 1);
	assert_int_equal(stand->sent[0]->data[13], 0);
	stand_free(stand);
}

static void a_table_of_busy_neighbours_learns_no_more(void **)
{
	struct stand *stand = stand_new(true, 0);
	char text[ADDR_TEXT_MAX];

	for (int i = 0; i < IP_NEIGHBOURS_MAX; i++) {
		snprintf(text, sizeof(text), "10.1.%d.%d", 100 + i / 250, 1 + i % 250);
		struct neighbour is = {.port = 1, .addr = addr(text), .mac = stand_peer_mac};
		ip_neighbour_set(stand->ip, &is, stand->now);
		assert_int_equal(stand_send(stand, "10.1.0.1", text), 0);
		stand_clear(stand);
	}
	uint64_t before = ip_stats(stand->ip)->arp_refused;
	flood_with_requests(stand, 0, 10);
	assert_int_equal(ip_stats(stand->ip)->arp_refused, before + 10);
	// One that we ask for ourselves takes the place of the one used longest ago.
	stand->now += 10;
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	stand_clear(stand);
	assert_int_equal(stand_send(stand, "10.1.0.1", text), 0);
	assert_int_equal(stand->sent[0]->data[13], 0);
	stand_free(stand);
}

static void the_unused_are_forgotten(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = frame_arp(0, 1, &stand_peer_mac, "10.0.0.9", "10.0.0.1");

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	stand_clear(stand);
	tick(stand, 300000);
	assert_int_equal(stand->n_sent, 0); // not refreshed either
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_true(is_arp_to(stand->sent[0], &everyone));
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_wait_for_the_answer_in_order),
		cmocka_unit_test(the_oldest_waiting_packet_makes_room),
		cmocka_unit_test(it_asks_three_times_a_second_apart_then_gives_up),
		cmocka_unit_test(an_old_one_in_use_is_refreshed_by_unicast),
		cmocka_unit_test(one_that_no_longer_answers_is_asked_for_anew),
		cmocka_unit_test(a_replica_asks_its_owner),
		cmocka_unit_test(a_replica_is_told_before_it_asks),
		cmocka_unit_test(the_owner_resolves_for_replicas),
		cmocka_unit_test(a_flood_does_not_evict_who_is_in_use),
		cmocka_unit_test(waiting_packets_are_bounded_in_all),
		cmocka_unit_test(the_silent_are_evicted_before_those_that_answered),
		cmocka_unit_test(a_table_of_busy_neighbours_learns_no_more),
		cmocka_unit_test(the_unused_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
