// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/listeners.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int output(void *, struct pkt *pkt, const struct ip_addr *, const struct ip_addr *)
{
	pkt_put(pkt);
	return 0;
}

static int route(void *, const struct ip_addr *, struct ip_addr *, uint16_t *)
{
	return -EHOSTUNREACH;
}

static uint64_t numbers(void *)
{
	return 4;
}

static struct pkt_pool *pool;
static struct tcp *tcp;

static int make(void **)
{
	const struct tcp_ops ops = {.output = output, .route = route, .random = numbers};
	struct tcp_config config;

	tcp_config_default(&config);
	config.conns_max = config.half_open_max = config.time_wait_max = 16;
	pool = pkt_pool_new(64);
	tcp = pool == NULL ? NULL : tcp_new(&config, &ops, pool, 0);
	return tcp == NULL ? -1 : 0;
}

static int unmake(void **)
{
	tcp_free(tcp);
	pkt_pool_free(pool);
	return 0;
}

static struct listener listener(uint16_t port)
{
	struct listener l = {.address.port = port};
	assert_int_equal(addr_parse("10.0.0.1", &l.address.addr), 0);
	return l;
}

// Whoever can listen on it now was not listening on it before.
static bool is_open(uint16_t port)
{
	struct listener l = listener(port);
	if (tcp_listen(tcp, &l.address, NULL) != 0)
		return true;
	tcp_unlisten(tcp, &l.address);
	return false;
}

static void they_follow_the_snapshot(void **)
{
	struct listeners listeners = {0};
	struct listener first[] = {listener(1), listener(2), listener(3)};
	struct listener second[] = {listener(4), listener(2)};
	struct snapshot snapshot = {.version = 1, .n_listeners = 3, .listeners = first};

	listeners_follow(&listeners, tcp, NULL);
	assert_false(is_open(1));
	listeners_follow(&listeners, tcp, &snapshot);
	assert_true(is_open(1) && is_open(2) && is_open(3));

	snapshot.listeners = second;
	snapshot.n_listeners = 2;
	listeners_follow(&listeners, tcp, &snapshot); // the same version: nothing to do
	assert_true(is_open(1) && !is_open(4));
	snapshot.version = 2;
	listeners_follow(&listeners, tcp, &snapshot);
	assert_true(is_open(2) && is_open(4));
	assert_false(is_open(1) || is_open(3));

	listeners_follow(&listeners, tcp, NULL);
	assert_false(is_open(2) || is_open(4));
	assert_int_equal(listeners.n, 0);
}

static void too_many_are_counted(void **)
{
	static struct listener many[LISTENERS_MAX + 3];
	struct listeners listeners = {0};

	for (uint16_t i = 0; i < LISTENERS_MAX + 3; i++)
		many[i] = listener((uint16_t)(i + 1));
	const struct snapshot snapshot = {
		.version = 1,
		.n_listeners = LISTENERS_MAX + 3,
		.listeners = many};
	listeners_follow(&listeners, tcp, &snapshot);
	assert_int_equal(listeners.n, LISTENERS_MAX);
	assert_int_equal(listeners.refused, 3);
	listeners_follow(&listeners, tcp, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_follow_the_snapshot, make, unmake),
		cmocka_unit_test_setup_teardown(too_many_are_counted, make, unmake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
