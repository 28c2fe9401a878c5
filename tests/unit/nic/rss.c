// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/rss.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// Key and vectors of Microsoft's "Verifying the RSS hash calculation".
static const uint8_t key[RSS_KEY_MIN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
static const struct {
	const char *dst;
	uint16_t dst_port;
	const char *src;
	uint16_t src_port;
	uint32_t hash;
} vectors[] = {
	{"161.142.100.80", 1766, "66.9.149.187", 2794, 0x51ccc178},
	{"65.69.140.83", 4739, "199.92.111.2", 14230, 0xc626b0ea},
	{"12.22.207.184", 38024, "24.19.198.95", 12898, 0x5c2b394a},
	{"209.142.163.6", 2217, "38.27.205.30", 48228, 0xafc7327f},
	{"202.188.127.2", 1303, "153.39.163.191", 44251, 0x10e828a2},
	{"3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x40207d3d},
	{"ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0xdde51bbf},
	{"fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251,
	 0x02d1feef},
};

static struct endpoint endpoint(const char *text, uint16_t port)
{
	struct endpoint e = {.port = port};
	assert_int_equal(addr_parse(text, &e.addr), 0);
	return e;
}

static struct rss *software(uint16_t n_workers)
{
	struct rss *rss = malloc(sizeof(*rss));
	assert_non_null(rss);
	rss_init_software(rss, &(struct hash_key){{1, 2}}, n_workers);
	return rss;
}

static void computes_the_published_vectors(void **)
{
	struct rss *rss = software(2);
	const uint16_t reta[4] = {0, 1, 1, 0};

	assert_int_equal(rss_init_toeplitz(rss, key, sizeof(key), reta, 4, true), 0);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct endpoint local = endpoint(vectors[i].dst, vectors[i].dst_port);
		struct endpoint remote = endpoint(vectors[i].src, vectors[i].src_port);
		assert_int_equal(rss_toeplitz(rss, &local, &remote), vectors[i].hash);
		assert_int_equal(rss_owner(rss, &local, &remote), reta[vectors[i].hash & 3]);
	}
	free(rss);
}

static void refuses_what_it_cannot_follow(void **)
{
	struct rss *rss = software(2);
	const uint16_t reta[4] = {0, 1, 2, 0};

	assert_int_equal(rss_init_toeplitz(rss, key, 39, reta, 2, true), -EINVAL);
	assert_int_equal(rss_init_toeplitz(rss, key, sizeof(key), reta, 0, true), -EINVAL);
	assert_int_equal(rss_init_toeplitz(rss, key, sizeof(key), reta, 3, true), -EINVAL);
	assert_int_equal(rss_init_toeplitz(rss, key, sizeof(key), reta, 4, true), -EINVAL);
	const uint16_t one_worker[4] = {0, 0, 0, 0};
	assert_int_equal(rss_init_toeplitz(rss, key, sizeof(key), one_worker, 4, true), -EINVAL);
	assert_false(rss->toeplitz);
	free(rss);
}

static void software_hash_spreads_over_all_workers(void **)
{
	struct rss *rss = software(3);
	struct endpoint local = endpoint("10.0.0.1", 5432), remote = endpoint("10.0.0.2", 0);
	unsigned counts[3] = {0};

	for (unsigned port = 0; port < 3000; port++) {
		remote.port = (uint16_t)(1024 + port);
		uint16_t owner = rss_owner(rss, &local, &remote);
		assert_in_range(owner, 0, 2);
		counts[owner]++;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(counts[i], 800, 1200);
	free(rss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computes_the_published_vectors),
		cmocka_unit_test(refuses_what_it_cannot_follow),
		cmocka_unit_test(software_hash_spreads_over_all_workers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
