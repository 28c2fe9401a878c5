// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

enum {
	IP6_AT = 14,
	ICMP_AT = 54,
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
	SOLICITED = 0x40,
	OVERRIDE = 0x20,
	SOURCE = 1,
	TARGET = 2,
};

static const char peer[] = "2001:db8::9", own[] = "2001:db8::1", group[] = "ff02::1:ff00:1";

// `mac`: NULL for none.
static struct frame message(
	const char *source, const char *dest, uint8_t type, uint8_t flags, const char *target,
	uint8_t option, const struct eth_addr *mac
)
{
	struct ip_addr about = addr(target);
	uint8_t body[24] = {0};
	size_t n = 16;

	memcpy(body, &about, 16);
	if (mac != NULL) {
		body[16] = option;
		body[17] = 1;
		memcpy(body + 18, mac, 6);
		n = 24;
	}
	return frame_icmp6(source, dest, 255, type, 0, (uint32_t)flags << 24, span_of(body, n));
}

static struct frame question(const char *source, const char *dest, const char *target)
{
	return message(source, dest, SOLICITATION, 0, target, SOURCE, &stand_peer_mac);
}

static struct frame answer(const char *target, uint8_t flags, const struct eth_addr *mac)
{
	return message(target, own, ADVERTISEMENT, flags, target, TARGET, mac);
}

static void receive(struct stand *stand, const struct frame *frame)
{
	assert_int_equal(stand_receive(stand, 0, frame, 0), IP_CONSUMED);
}

static void refused(struct stand *stand, const struct frame *frame)
{
	uint64_t before = ip_stats(stand->ip)->nd_refused;

	receive(stand, frame);
	assert_int_equal(ip_stats(stand->ip)->nd_refused, before + 1);
	assert_int_equal(stand->n_sent, 0);
	assert_int_equal(stand->n_published, 0);
}

static void tick(struct stand *stand, uint64_t ms)
{
	for (uint64_t until = stand->now + ms; stand->now < until; stand->now += 100)
		ip_tick(stand->ip, stand->now);
	ip_tick(stand->ip, stand->now);
}

// Sent packet `i` is a question for `target`, to the group or to one MAC.
static void is_question(const struct stand *stand, unsigned int i, const struct eth_addr *to)
{
	struct ip_addr about = addr(peer), from = addr(own);
	const uint8_t *p = stand->sent[i]->data, *ip6 = p + IP6_AT;
	size_t n = stand->sent[i]->len - ICMP_AT;

	assert_int_equal(n, 32);
	if (to == NULL) {
		struct ip_addr asked = addr("ff02::1:ff00:9");
		assert_memory_equal(p, "\x33\x33\xff\0\0\x09", 6);
		assert_memory_equal(ip6 + 24, &asked, 16);
	} else {
		assert_memory_equal(p, to, 6);
		assert_memory_equal(ip6 + 24, &about, 16);
	}
	assert_memory_equal(ip6 + 8, &from, 16);
	assert_int_equal(ip6[7], 255);
	assert_int_equal(p[ICMP_AT], SOLICITATION);
	assert_memory_equal(p + ICMP_AT + 8, &about, 16);
	assert_memory_equal(p + ICMP_AT + 24, "\1\1", 2);
	assert_memory_equal(p + ICMP_AT + 26, &stand_mac[0], 6);
	assert_int_equal(plain_checksum(plain_pseudo6(ip6, 58, n), ip6 + 40, n), 0);
}

static void a_question_for_us_is_answered_and_learnt(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = question(peer, group, own);
	struct ip_addr to = addr(peer), about = addr(own);

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	const uint8_t *p = stand->sent[0]->data, *ip6 = p + IP6_AT;
	assert_memory_equal(p, &stand_peer_mac, 6);
	assert_memory_equal(ip6 + 8, &about, 16);
	assert_memory_equal(ip6 + 24, &to, 16);
	assert_int_equal(ip6[7], 255);
	assert_int_equal(p[ICMP_AT], ADVERTISEMENT);
	assert_int_equal(p[ICMP_AT + 4], SOLICITED | OVERRIDE);
	assert_memory_equal(p + ICMP_AT + 8, &about, 16);
	assert_memory_equal(p + ICMP_AT + 24, "\2\1\2\0\0\0\0\1", 8);
	assert_int_equal(plain_checksum(plain_pseudo6(ip6, 58, 32), ip6 + 40, 32), 0);
	assert_int_equal(stand->n_published, 1);
	assert_true(addr_equal(&stand->published.addr, &to));
	stand_clear(stand);
	assert_int_equal(stand_send(stand, own, peer), 0);
	assert_memory_equal(stand->sent[0]->data, &stand_peer_mac, 6);
	assert_memory_equal(stand->sent[0]->data + 12, "\x86\xdd", 2);
	stand_free(stand);
}

// A question without its sender's MAC: the answer waits until that is known.
static void who_does_not_say_its_mac_is_asked(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = message(peer, own, SOLICITATION, 0, own, SOURCE, NULL);

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	is_question(stand, 0, NULL);
	frame = answer(peer, SOLICITED, &stand_peer_mac);
	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 2);
	assert_int_equal(stand->sent[1]->data[ICMP_AT], ADVERTISEMENT);
	stand_free(stand);
}

static void who_would_take_our_address_hears_that_it_is_taken(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = message("::", group, SOLICITATION, 0, own, SOURCE, NULL);
	struct ip_addr all = addr("ff02::1");

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 1);
	const uint8_t *p = stand->sent[0]->data;
	assert_memory_equal(p, "\x33\x33\0\0\0\1", 6);
	assert_memory_equal(p + IP6_AT + 24, &all, 16);
	assert_int_equal(p[ICMP_AT + 4], OVERRIDE);
	assert_int_equal(stand->n_published, 0);
	stand_free(stand);
}

static void what_others_ask_each_other_is_not_for_us(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = question(peer, group, "2001:db8::7700:1"); // of the same group

	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 0);
	assert_int_equal(stand->n_published, 0);
	assert_int_equal(ip_stats(stand->ip)->nd_refused, 0);
	stand_free(stand);
}

// RFC 4861 7.1.1 and 7.1.2, and what only a forger would send.
static void what_breaks_a_rule_is_refused(void **)
{
	static const struct eth_addr not_one = {{0x33, 0x33, 0, 0, 0, 1}};
	struct stand *stand = stand_new(true, 0);
	struct frame good = question(peer, group, own), frame = good;

	frame.b[IP6_AT + 7] = 254; // a router has forwarded it
	refused(stand, &frame);
	frame = frame_icmp6(peer, own, 255, SOLICITATION, 1, 0, span_of(good.b + 62, 16));
	refused(stand, &frame); // code
	frame = question(peer, own, "ff02::1");
	refused(stand, &frame);
	frame = question("::", group, own); // nobody, with a MAC
	refused(stand, &frame);
	frame = message("::", own, SOLICITATION, 0, own, SOURCE, NULL);
	refused(stand, &frame); // nobody, not to the group
	frame = question("2001:db8:7::9", group, own);
	refused(stand, &frame); // not on the link
	frame = message(peer, group, SOLICITATION, 0, own, SOURCE, &not_one);
	refused(stand, &frame);
	frame = message(peer, group, SOLICITATION, 0, own, SOURCE, &stand_mac[0]);
	refused(stand, &frame);
	frame = message(peer, "ff02::1", ADVERTISEMENT, SOLICITED, peer, TARGET, &stand_peer_mac);
	refused(stand, &frame); // solicited, to all
	frame = message(peer, own, ADVERTISEMENT, 0, own, TARGET, &stand_peer_mac);
	refused(stand, &frame); // our own address
	uint8_t body[24] = {0};
	struct ip_addr about = addr(own);
	memcpy(body, &about, 16);
	frame = frame_icmp6(peer, own, 255, SOLICITATION, 0, 0, span_of(body, 24));
	refused(stand, &frame); // an option of no length
	memcpy(body + 16, "\1\2", 2);
	frame = frame_icmp6(peer, own, 255, SOLICITATION, 0, 0, span_of(body, 24));
	refused(stand, &frame); // one longer than the message
	stand_free(stand);
}

// RFC 6980.
static void one_with_a_fragment_header_is_refused(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame good = question(peer, group, own);
	uint8_t payload[8 + 32] = {58};

	memcpy(payload + 8, good.b + ICMP_AT, 32);
	struct frame frame = frame_ip6(0, peer, group, 44, 255, span_of(payload, sizeof(payload)));
	refused(stand, &frame);
	stand_free(stand);
}

static void packets_wait_for_the_answer(void **)
{
	struct stand *stand = stand_new(true, 0);

	assert_int_equal(stand_send(stand, own, peer), 0);
	assert_int_equal(stand_send(stand, own, peer), 0);
	assert_int_equal(stand->n_sent, 1);
	is_question(stand, 0, NULL);
	struct frame frame = answer(peer, SOLICITED | OVERRIDE, &stand_peer_mac);
	receive(stand, &frame);
	assert_int_equal(stand->n_sent, 3);
	assert_memory_equal(stand->sent[1]->data, &stand_peer_mac, 6);
	assert_int_equal(stand->n_published, 1);
	stand_free(stand);
}

static void it_asks_three_times_then_gives_up(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);

	assert_int_equal(stand_send(stand, own, peer), 0);
	tick(stand, 5000);
	assert_int_equal(stats->nd_solicitations_sent, 3);
	assert_int_equal(stats->drop_no_neighbour, 1);
	stand_free(stand);
}

static void a_neighbour_in_use_is_asked_again_by_its_mac(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = answer(peer, SOLICITED | OVERRIDE, &stand_peer_mac);

	assert_int_equal(stand_send(stand, own, peer), 0);
	receive(stand, &frame);
	tick(stand, 29000);
	assert_int_equal(stand_send(stand, own, peer), 0);
	stand_clear(stand);
	tick(stand, 1500);
	assert_int_equal(stand->n_sent, 1);
	is_question(stand, 0, &stand_peer_mac);
	stand_free(stand);
}

// RFC 4861 7.3.3: that it asked us does not say that we reach it.
static void one_that_only_asked_is_asked_soon(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = question(peer, group, own);

	receive(stand, &frame);
	stand_clear(stand);
	tick(stand, 5500);
	assert_int_equal(stand->n_sent, 1); // the answer to its question was use
	is_question(stand, 0, &stand_peer_mac);
	frame = answer(peer, SOLICITED | OVERRIDE, &stand_peer_mac);
	receive(stand, &frame);
	stand_clear(stand);
	assert_int_equal(stand_send(stand, own, peer), 0);
	tick(stand, 20000);
	assert_int_equal(stand->n_sent, 1); // the segment
	stand_free(stand);
}

static void sent_to(struct stand *stand, const struct eth_addr *mac)
{
	stand_clear(stand);
	assert_int_equal(stand_send(stand, own, peer), 0);
	assert_memory_equal(stand->sent[0]->data, mac, 6);
	stand_clear(stand);
}

static void the_first_answer_stands(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame first = answer(peer, SOLICITED | OVERRIDE, &stand_peer_mac);
	struct frame second = answer(peer, SOLICITED | OVERRIDE, &stand_other_mac);

	assert_int_equal(stand_send(stand, own, peer), 0);
	receive(stand, &first);
	receive(stand, &second);
	assert_int_equal(ip_stats(stand->ip)->nd_refused, 1);
	sent_to(stand, &stand_peer_mac);
	stand_free(stand);
}

// RFC 4861 7.2.5 would believe it at once, and so let anyone take over a neighbour: ask first.
static void an_announcement_makes_us_ask_the_mac_we_know(void **)
{
	struct stand *stand = stand_new(true, 0);
	const struct ip_stats *stats = ip_stats(stand->ip);
	struct frame known = answer(peer, SOLICITED | OVERRIDE, &stand_peer_mac);
	struct frame other =
		message(peer, "ff02::1", ADVERTISEMENT, OVERRIDE, peer, TARGET, &stand_other_mac);
	struct frame forged = answer(peer, SOLICITED | OVERRIDE, &stand_other_mac);

	assert_int_equal(stand_send(stand, own, peer), 0);
	receive(stand, &known);
	receive(stand, &other);
	assert_int_equal(stats->neighbour_conflicts, 0); // too soon after the other
	stand->now += 1500;
	stand_clear(stand);
	receive(stand, &other);
	is_question(stand, 0, &stand_peer_mac);
	assert_int_equal(stats->neighbour_conflicts, 1);
	receive(stand, &forged);
	sent_to(stand, &stand_peer_mac);
	receive(stand, &known);
	assert_int_equal(stand->n_published, 2);
	// One that has moved does not answer where it was.
	stand->now += 1500;
	receive(stand, &other);
	tick(stand, 4000);
	stand_clear(stand);
	assert_int_equal(stand_send(stand, own, peer), 0);
	receive(stand, &forged);
	sent_to(stand, &stand_other_mac);
	// Of one that we do not know nothing is remembered.
	known = answer("2001:db8::77", OVERRIDE, &stand_peer_mac);
	receive(stand, &known);
	assert_int_equal(stand->n_published, 3);
	stand_free(stand);
}

static void a_replica_gives_it_to_the_owner_as_it_came(void **)
{
	struct stand *stand = stand_new(false, 0);
	struct frame frame = question(peer, group, own);

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_OWNER);
	assert_int_equal(stand->left->len, frame.n);
	assert_memory_equal(stand->left->data, frame.b, frame.n);
	assert_int_equal(stand_send(stand, own, peer), 0);
	assert_int_equal(stand->n_resolved, 1);
	stand_free(stand);
}

static void the_router_is_reached_by_its_link_local_address(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct ip_addr far = addr("2001:db8:9::9"), local, want = addr(own);
	uint16_t mtu;

	assert_int_equal(ip_route(stand->ip, &far, &local, &mtu), 0);
	assert_true(addr_equal(&local, &want));
	assert_int_equal(stand_send(stand, own, "2001:db8:9::9"), 0);
	const uint8_t *p = stand->sent[0]->data;
	assert_memory_equal(p, "\x33\x33\xff\0\0\xfe", 6);
	struct ip_addr asker = addr("fe80::ff:fe00:1");
	assert_memory_equal(p + IP6_AT + 8, &asker, 16);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_for_us_is_answered_and_learnt),
		cmocka_unit_test(who_does_not_say_its_mac_is_asked),
		cmocka_unit_test(who_would_take_our_address_hears_that_it_is_taken),
		cmocka_unit_test(what_others_ask_each_other_is_not_for_us),
		cmocka_unit_test(what_breaks_a_rule_is_refused),
		cmocka_unit_test(one_with_a_fragment_header_is_refused),
		cmocka_unit_test(packets_wait_for_the_answer),
		cmocka_unit_test(it_asks_three_times_then_gives_up),
		cmocka_unit_test(a_neighbour_in_use_is_asked_again_by_its_mac),
		cmocka_unit_test(one_that_only_asked_is_asked_soon),
		cmocka_unit_test(the_first_answer_stands),
		cmocka_unit_test(an_announcement_makes_us_ask_the_mac_we_know),
		cmocka_unit_test(a_replica_gives_it_to_the_owner_as_it_came),
		cmocka_unit_test(the_router_is_reached_by_its_link_local_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
