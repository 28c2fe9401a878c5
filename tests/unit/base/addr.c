// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void addr_reads_both_families(void **)
{
	struct ip_addr a;

	assert_int_equal(addr_parse("10.0.1.4", &a), 0);
	assert_true(addr_is_v4(&a));
	assert_memory_equal(&(uint32_t){addr_v4(&a)}, "\x0a\x00\x01\x04", 4);
	assert_int_equal(addr_parse("fe80::1", &a), 0);
	assert_false(addr_is_v4(&a));
}

static void addr_refuses_what_is_not_one(void **)
{
	static const char *const bad[] = {"",          "10.0.1",    "10.0.1.4.5", "10.0.1.256",
					  "10.0.1.4 ", "010.0.1.4", ":::",        "host"};
	struct ip_addr a, before;

	memset(&a, 0x5a, sizeof(a));
	before = a;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse(bad[i], &a), ERR_MALFORMED);
	assert_memory_equal(&a, &before, sizeof(a));
}

static void prefix_is_bounded_by_the_family(void **)
{
	static const char *const bad[] = {
		"10.0.1.4",    "10.0.1.4/",   "10.0.1.4/33",       "10.0.1.4/-1",
		"10.0.1.4/+8", "10.0.1.4/8x", "10.0.1.4/0008",     "/8",
		"fe80::/129",  "x/8",         "::ffff:10.0.0.1/8",
	};
	struct ip_addr a;
	uint8_t prefix = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse_prefix(bad[i], &a, &prefix), ERR_MALFORMED);
	char long_text[200];
	memset(long_text, '1', sizeof(long_text));
	memcpy(long_text + sizeof(long_text) - 3, "/8", 3);
	assert_int_equal(addr_parse_prefix(long_text, &a, &prefix), ERR_MALFORMED);
	assert_int_equal(prefix, 77);
	assert_int_equal(addr_parse_prefix("10.0.1.4/24", &a, &prefix), 0);
	assert_int_equal(prefix, 24);
	assert_int_equal(addr_parse_prefix("0.0.0.0/0", &a, &prefix), 0);
	assert_int_equal(prefix, 0);
	assert_int_equal(addr_parse_prefix("fe80::/128", &a, &prefix), 0);
	assert_int_equal(prefix, 128);
}

static void text_round_trips(void **)
{
	static const char *const texts[] = {"10.0.1.4", "255.255.255.255", "fe80::1", "::"};
	char out[ADDR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ip_addr a;
		assert_int_equal(addr_parse(texts[i], &a), 0);
		assert_string_equal(addr_text(&a, out), texts[i]);
	}
}

static void endpoint_text_brackets_ipv6(void **)
{
	struct endpoint e = {.port = 65535};
	char out[ADDR_TEXT_MAX];

	assert_int_equal(addr_parse("10.0.1.4", &e.addr), 0);
	assert_string_equal(endpoint_text(&e, out), "10.0.1.4:65535");
	assert_int_equal(addr_parse("2001:db8:1111:2222:3333:4444:5555:6666", &e.addr), 0);
	assert_string_equal(
		endpoint_text(&e, out), "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"
	);
}

static void equality_looks_at_all_of_it(void **)
{
	struct endpoint a = {.port = 1}, b = {.port = 1};

	assert_int_equal(addr_parse("10.0.1.4", &a.addr), 0);
	b.addr = addr_from_v4(addr_v4(&a.addr));
	assert_true(endpoint_equal(&a, &b));
	b.port = 2;
	assert_false(endpoint_equal(&a, &b));
	b.port = 1;
	b.addr.b[0] = 1;
	assert_false(endpoint_equal(&a, &b));
}

static void a_prefix_is_of_one_family(void **)
{
	struct ip_addr v4, v6, any = {0}, net;

	assert_int_equal(addr_parse("10.0.1.4", &v4), 0);
	assert_int_equal(addr_parse("2001:db8:8000::1", &v6), 0);
	assert_true(addr_has_prefix(&v6, &any, 0));
	assert_false(addr_has_prefix(&v4, &any, 0));
	assert_int_equal(addr_parse("2001:db8:c000::", &net), 0);
	assert_true(addr_has_prefix(&v6, &net, 33));
	assert_false(addr_has_prefix(&v6, &net, 34));
	assert_int_equal(addr_parse("10.0.0.0", &net), 0);
	assert_true(addr_has_prefix(&v4, &net, 96 + 23));
	assert_false(addr_has_prefix(&v4, &net, 96 + 24));
	assert_true(addr_has_prefix(&v4, &v4, 128));
	assert_false(addr_has_prefix(&v6, &net, 96));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_reads_both_families),
		cmocka_unit_test(addr_refuses_what_is_not_one),
		cmocka_unit_test(prefix_is_bounded_by_the_family),
		cmocka_unit_test(a_prefix_is_of_one_family),
		cmocka_unit_test(text_round_trips),
		cmocka_unit_test(endpoint_text_brackets_ipv6),
		cmocka_unit_test(equality_looks_at_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
