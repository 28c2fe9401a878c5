// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <errno.h>

enum { ICMP6_AT = 54 };

// Beside the stand's: 10.0.0.100 and 2001:db8::100 of somebody's, 10.0.0.101 and 2001:db8::101 that
// are announced; one of another network.
static const char *const silent[] = {"10.0.0.100", "2001:db8::100", "198.51.100.7"};
static const char *const announced[] = {"10.0.0.101", "2001:db8::101"};

static void add(struct ip_port_config *port, const char *text, bool tell)
{
	port->addrs[port->n_addrs].addr = addr(text);
	port->addrs[port->n_addrs].floating = true;
	port->addrs[port->n_addrs].announced = tell;
	port->n_addrs++;
}

static struct stand *ready(bool owner)
{
	struct ip_config config = stand_config(owner, 0);

	for (int i = 0; i < 3; i++)
		add(&config.ports[0], silent[i], false);
	for (int i = 0; i < 2; i++)
		add(&config.ports[0], announced[i], true);
	return stand_from(&config);
}

static void segments_to_them_are_ours(void **)
{
	static const struct span none;
	struct stand *stand = ready(true);
	struct frame frame = frame_tcp(0, "10.0.0.9", silent[0]);

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	frame = frame_tcp(0, "192.0.2.9", silent[2]);
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	frame = frame_tcp(0, "10.0.0.9", announced[0]);
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	frame = frame_tcp6("2001:db8::9", silent[1], 6, none);
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	frame = frame_tcp(0, "10.0.0.9", "10.0.0.102");
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->drop_not_ours, 1);
	// From them nothing can come, nor on another port to them.
	frame = frame_tcp(0, silent[0], "10.0.0.1");
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->drop_source, 1);
	frame = frame_tcp(1, "10.1.0.9", silent[0]);
	assert_int_equal(stand_receive(stand, 1, &frame, 0), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->drop_not_ours, 2);
	stand_free(stand);
}

static void asked(struct stand *stand, const char *target, unsigned int answers)
{
	struct ip_addr about = addr(target);

	stand_clear(stand);
	if (addr_is_v4(&about)) {
		struct frame frame = frame_arp(0, 1, &stand_peer_mac, "10.0.0.9", target);
		assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	} else {
		uint8_t body[24];
		memcpy(body, &about, 16);
		memcpy(body + 16, "\1\1\x12\x34\x56\x78\x9a\xbc", 8);
		struct frame frame = frame_icmp6(
			"2001:db8::9", target, 255, 135, 0, 0, span_of(body, sizeof(body))
		);
		assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	}
	assert_int_equal(stand->n_sent, answers);
}

static void only_announced_ones_are_answered_for(void **)
{
	struct stand *stand = ready(true);

	asked(stand, silent[0], 0);
	asked(stand, silent[1], 0);
	asked(stand, announced[0], 1);
	assert_memory_equal(stand->sent[0]->data + 28, "\x0a\0\0\x65", 4);
	asked(stand, announced[1], 1);
	stand_free(stand);
}

static void everyone_is_told_thrice(void **)
{
	struct stand *stand = ready(true);

	for (int i = 0; i < 100; i++, stand->now += 100)
		ip_tick(stand->ip, stand->now);
	assert_int_equal(ip_stats(stand->ip)->announcements_sent, 6);
	assert_int_equal(stand->n_sent, 6);
	for (int i = 0; i < 6; i++) {
		const uint8_t *p = stand->sent[i]->data;
		if (p[12] == 0x86) {
			struct ip_addr is = addr(announced[1]);
			assert_memory_equal(p, "\x33\x33\0\0\0\1", 6);
			assert_memory_equal(p + ICMP6_AT, "\x88\0", 2);
			assert_int_equal(p[ICMP6_AT + 4], 0x20); // override, not asked for
			assert_memory_equal(p + ICMP6_AT + 8, &is, 16);
			continue;
		}
		assert_memory_equal(p, "\xff\xff\xff\xff\xff\xff", 6);
		assert_memory_equal(p + 20, "\0\1\2\0\0\0\0\1\x0a\0\0\x65", 12);
		assert_memory_equal(p + 38, "\x0a\0\0\x65", 4);
	}
	stand_free(stand);
	stand = ready(false);
	ip_tick(stand->ip, stand->now);
	assert_int_equal(stand->n_sent, 0);
	stand_free(stand);
}

static void answers_go_out_from_them(void **)
{
	struct stand *stand = ready(true);
	struct neighbour is = {.port = 0, .addr = addr("10.0.0.254"), .mac = stand_peer_mac};

	ip_neighbour_set(stand->ip, &is, stand->now);
	assert_int_equal(stand_send(stand, silent[2], "192.0.2.9"), 0);
	assert_memory_equal(stand->sent[0]->data, &stand_peer_mac, 6);
	assert_memory_equal(stand->sent[0]->data + 26, "\xc6\x33\x64\7\xc0\0\2\x09", 8);
	// Neighbours are asked for by the port's own.
	assert_int_equal(stand_send(stand, silent[0], "10.0.0.8"), 0);
	assert_memory_equal(stand->sent[1]->data + 28, "\x0a\0\0\1", 4);
	assert_int_equal(stand_send(stand, silent[1], "2001:db8::8"), 0);
	struct ip_addr own = addr("2001:db8::1");
	assert_memory_equal(stand->sent[2]->data + 22, &own, 16);
	stand_free(stand);
}

static void a_connection_of_ours_never_starts_from_one(void **)
{
	struct stand *stand = ready(true);
	struct ip_addr near = addr("10.0.0.9"), far = addr("198.51.100.8"), own = addr("10.0.0.1");
	struct ip_addr local;
	uint16_t mtu;

	assert_int_equal(ip_route(stand->ip, &near, &local, &mtu), 0);
	assert_true(addr_equal(&local, &own));
	assert_int_equal(ip_route(stand->ip, &far, &local, &mtu), 0); // by the gateway
	assert_true(addr_equal(&local, &own));
	struct ip_addr floating = addr(silent[2]);
	assert_int_equal(ip_route(stand->ip, &floating, &local, &mtu), -EHOSTUNREACH);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_to_them_are_ours),
		cmocka_unit_test(only_announced_ones_are_answered_for),
		cmocka_unit_test(everyone_is_told_thrice),
		cmocka_unit_test(answers_go_out_from_them),
		cmocka_unit_test(a_connection_of_ours_never_starts_from_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
