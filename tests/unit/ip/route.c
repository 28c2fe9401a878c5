// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <errno.h>
#include <stdlib.h>

static void check(
	const struct ip *ip, const char *remote, int want, const char *want_local, uint16_t want_mtu
)
{
	struct ip_addr to = addr(remote), local;
	uint16_t mtu;

	assert_int_equal(ip_route(ip, &to, &local, &mtu), want);
	if (want != 0)
		return;
	struct ip_addr expected = addr(want_local);
	assert_true(addr_equal(&local, &expected));
	assert_int_equal(mtu, want_mtu);
}

static void links_come_before_the_gateway(void **)
{
	struct stand *stand = stand_new(true, 0);

	check(stand->ip, "10.0.0.9", 0, "10.0.0.1", 1500);
	check(stand->ip, "10.1.77.9", 0, "10.1.0.1", 1500);
	check(stand->ip, "192.0.2.1", 0, "10.0.0.1", 1500);
	stand_free(stand);
}

static void some_addresses_are_no_host(void **)
{
	static const char *const none[] = {"0.0.0.0",  "127.0.0.1",  "224.0.0.1", "255.255.255.255",
					   "10.0.0.1", "10.0.0.255", "10.1.0.0",  "10.1.0.2",
					   "::1",      "2001:db8::1"};
	struct stand *stand = stand_new(true, 0);

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check(stand->ip, none[i], -EHOSTUNREACH, NULL, 0);
	stand_free(stand);
}

static struct ip_config one_port(const char *own, uint8_t prefix, const char *gateway)
{
	struct ip_config config = {.owner = true, .n_ports = 1};

	config.ports[0].mac = stand_mac[0];
	config.ports[0].mtu = 1400;
	config.ports[0].n_addrs = 1;
	config.ports[0].addrs[0].addr = addr(own);
	config.ports[0].addrs[0].prefix = prefix;
	if (gateway != NULL)
		config.ports[0].gateway = addr(gateway);
	return config;
}

static struct ip *ip_from(struct ip_config config)
{
	struct ip_ops ops = {0};

	return ip_new(&config, &ops, NULL);
}

static void without_a_gateway_only_the_link_is_reached(void **)
{
	struct ip *ip = ip_from(one_port("10.0.0.1", 24, NULL));

	check(ip, "10.0.0.9", 0, "10.0.0.1", 1400);
	check(ip, "10.0.1.9", -EHOSTUNREACH, NULL, 0);
	ip_free(ip);
	ip = ip_from(one_port("10.0.0.1", 24, "0.0.0.0"));
	check(ip, "10.0.1.9", -EHOSTUNREACH, NULL, 0);
	ip_free(ip);
}

static void the_edges_of_prefix_lengths_work(void **)
{
	struct ip *ip = ip_from(one_port("10.0.0.1", 32, "10.0.0.254"));

	check(ip, "10.0.0.9", 0, "10.0.0.1", 1400);
	ip_free(ip);
	ip = ip_from(one_port("10.0.0.1", 31, NULL));
	check(ip, "10.0.0.0", 0, "10.0.0.1", 1400);
	check(ip, "10.0.0.2", -EHOSTUNREACH, NULL, 0);
	ip_free(ip);
	ip = ip_from(one_port("10.0.0.1", 0, NULL));
	check(ip, "192.0.2.1", 0, "10.0.0.1", 1400);
	ip_free(ip);
}

static void the_longest_prefix_wins(void **)
{
	struct ip_config config = one_port("10.0.0.1", 8, NULL);

	config.n_ports = 2;
	config.ports[1] = config.ports[0];
	config.ports[1].addrs[0].addr = addr("10.9.0.1");
	config.ports[1].addrs[0].prefix = 16;
	struct ip *ip = ip_from(config);
	check(ip, "10.9.3.4", 0, "10.9.0.1", 1400);
	check(ip, "10.8.3.4", 0, "10.0.0.1", 1400);
	ip_free(ip);
}

static void each_family_has_its_routes_and_its_router(void **)
{
	struct ip_config config = one_port("10.0.0.1", 24, "10.0.0.254");

	config.ports[0].n_addrs = 3;
	config.ports[0].addrs[1].addr = addr("2001:db8::1");
	config.ports[0].addrs[1].prefix = 64;
	config.ports[0].addrs[2].addr = addr("2001:db8:1::1");
	config.ports[0].addrs[2].prefix = 127;
	struct ip *ip = ip_from(config);
	check(ip, "2001:db8::3", 0, "2001:db8::1", 1400);
	check(ip, "2001:db8:1::", 0, "2001:db8:1::1", 1400);
	check(ip, "2001:db8:1::2", -EHOSTUNREACH, NULL, 0);
	check(ip, "2001:db8:2::2", -EHOSTUNREACH, NULL, 0);
	check(ip, "192.0.2.1", 0, "10.0.0.1", 1400);
	ip_free(ip);
	config.ports[0].gateway6 = addr("2001:db8::fe");
	config.ports[0].gateway = (struct ip_addr){0};
	ip = ip_from(config);
	check(ip, "2001:db8:2::2", 0, "2001:db8::1", 1400);
	check(ip, "192.0.2.1", -EHOSTUNREACH, NULL, 0);
	ip_free(ip);
}

static void a_prefix_longer_than_its_family_is_no_route(void **)
{
	struct ip *ip = ip_from(one_port("10.0.0.1", 33, NULL));

	check(ip, "10.0.0.9", -EHOSTUNREACH, NULL, 0);
	ip_free(ip);
	ip = ip_from(one_port("2001:db8::1", 129, NULL));
	check(ip, "2001:db8::3", -EHOSTUNREACH, NULL, 0);
	ip_free(ip);
}

static void some_addresses_of_ipv6_are_no_host(void **)
{
	static const char *const none[] = {"::", "::1", "ff02::1", "2001:db8::1"};
	struct ip *ip = ip_from(one_port("2001:db8::1", 0, NULL));

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check(ip, none[i], -EHOSTUNREACH, NULL, 0);
	check(ip, "2001:db8::2", 0, "2001:db8::1", 1400);
	ip_free(ip);
}

static void a_configuration_beyond_the_limits_is_refused(void **)
{
	struct ip_config config = one_port("10.0.0.1", 24, NULL);

	config.n_ports = IP_PORTS_MAX + 1;
	assert_null(ip_from(config));
	config.n_ports = 1;
	config.ports[0].n_addrs = IP_ADDRS_MAX + 1;
	assert_null(ip_from(config));
	ip_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_come_before_the_gateway),
		cmocka_unit_test(some_addresses_are_no_host),
		cmocka_unit_test(without_a_gateway_only_the_link_is_reached),
		cmocka_unit_test(the_edges_of_prefix_lengths_work),
		cmocka_unit_test(the_longest_prefix_wins),
		cmocka_unit_test(each_family_has_its_routes_and_its_router),
		cmocka_unit_test(a_prefix_longer_than_its_family_is_no_route),
		cmocka_unit_test(some_addresses_of_ipv6_are_no_host),
		cmocka_unit_test(a_configuration_beyond_the_limits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
