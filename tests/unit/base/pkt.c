// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/pkt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_fresh_packet_has_its_rooms(void **)
{
	struct pkt_pool *pool = pkt_pool_new(1);
	struct pkt *pkt = pkt_get(pool);

	assert_non_null(pkt);
	assert_int_equal(pkt->len, 0);
	assert_true(pkt_headroom(pkt) >= PKT_HEADROOM);
	assert_true(pkt_tailroom(pkt) >= PKT_DATAROOM);
	assert_null(pkt_get(pool));
	pkt_put(pkt);
	assert_int_equal(pkt_pool_used(pool), 0);
	pkt_pool_free(pool);
}

static void what_it_was_before_is_forgotten(void **)
{
	struct pkt_pool *pool = pkt_pool_new(1);
	struct pkt *pkt = pkt_get(pool);

	assert_non_null(pkt_extend(pkt, 100));
	pkt_pull(pkt, 10);
	pkt->flags = PKT_RX_CSUM_BAD;
	pkt->port = 3;
	pkt->l4_len = 20;
	pkt_put(pkt);
	pkt = pkt_get(pool);
	assert_int_equal(pkt->len, 0);
	assert_int_equal(pkt->flags, 0);
	assert_int_equal(pkt->port, 0);
	assert_int_equal(pkt->l4_len, 0);
	assert_int_equal(pkt_headroom(pkt), PKT_HEADROOM);
	pkt_put(pkt);
	pkt_pool_free(pool);
}

static void pushing_and_extending_stay_inside(void **)
{
	struct pkt_pool *pool = pkt_pool_new(1);
	struct pkt *pkt = pkt_get(pool);
	uint8_t *data = pkt->data;

	assert_null(pkt_push(pkt, PKT_HEADROOM + 1));
	assert_null(pkt_extend(pkt, PKT_DATAROOM + 1));
	assert_null(pkt_extend(pkt, UINT32_MAX));
	assert_int_equal(pkt->len, 0);
	assert_ptr_equal(pkt_extend(pkt, PKT_DATAROOM), data);
	assert_null(pkt_extend(pkt, 1));
	assert_ptr_equal(pkt_push(pkt, PKT_HEADROOM), pkt->base);
	assert_int_equal(pkt_span(pkt).n, PKT_HEADROOM + PKT_DATAROOM);
	memset(pkt->data, 1, pkt->len);
	pkt_pull(pkt, PKT_HEADROOM);
	assert_ptr_equal(pkt->data, data);
	pkt_put(pkt);
	pkt_pool_free(pool);
}

static void the_last_reference_gives_it_back(void **)
{
	struct pkt_pool *pool = pkt_pool_new(2);
	struct pkt *pkt = pkt_get(pool);

	assert_ptr_equal(pkt_ref(pkt), pkt);
	pkt_put(pkt);
	assert_int_equal(pkt_pool_used(pool), 1);
	pkt_put(pkt);
	assert_int_equal(pkt_pool_used(pool), 0);
	pkt_put(NULL);
	pkt_pool_free(pool);
}

static void a_borrowed_payload_lives_as_long_as_its_borrower(void **)
{
	struct pkt_pool *pool = pkt_pool_new(2);
	struct pkt *payload = pkt_get(pool), *head = pkt_get(pool);

	memcpy(pkt_extend(payload, 3), "abc", 3);
	head->payload = pkt_ref(payload);
	head->payload_data = payload->data;
	head->payload_len = 3;
	assert_non_null(pkt_extend(head, 20));
	assert_int_equal(pkt_wire_len(head), 23);
	pkt_put(payload);
	assert_memory_equal(head->payload_data, "abc", 3);
	assert_int_equal(pkt_pool_used(pool), 2);
	pkt_put(head);
	assert_int_equal(pkt_pool_used(pool), 0);
	pkt_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_packet_has_its_rooms),
		cmocka_unit_test(what_it_was_before_is_forgotten),
		cmocka_unit_test(pushing_and_extending_stay_inside),
		cmocka_unit_test(the_last_reference_gives_it_back),
		cmocka_unit_test(a_borrowed_payload_lives_as_long_as_its_borrower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
