// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Send and receive on net_ring, which passes the very mbufs that were sent: what we hand to a
// driver comes back to be looked at, and nothing may be lost or freed twice.

#include "dataplane/nic/nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct nic *nic;
static struct pkt_pool *pool;

static int start(void **)
{
	struct nic_config config = {
		.n_workers = 1,
		.packets = 1024,
		.n_ports = 1,
		.ports = {{.device = "net_ring0", .mtu = 1500}},
	};
	const char *why = NULL;
	int r = nic_new(&config, &nic, &why);
	if (r != 0)
		print_error("nic_new: %s: %s\n", err_text(r), why);
	else
		pool = nic_pool(nic, 0);
	return r;
}

static int stop(void **)
{
	nic_free(nic);
	return 0;
}

static uint32_t used(void)
{
	uint32_t n, total;
	nic_pool_usage(nic, 0, &n, &total);
	return n;
}

static struct pkt *filled(uint32_t len, uint8_t first)
{
	struct pkt *pkt = pkt_get(pool);
	assert_non_null(pkt);
	assert_true(pkt_headroom(pkt) >= PKT_HEADROOM);
	uint8_t *at = pkt_extend(pkt, len);
	assert_non_null(at);
	for (uint32_t i = 0; i < len; i++)
		at[i] = (uint8_t)(first + i);
	return pkt;
}

static struct pkt *receive_one(void)
{
	struct pkt *pkts[NIC_BURST];
	assert_int_equal(nic_rx(nic, 0, 0, pkts), 1);
	assert_int_equal(pkts[0]->refs, 1);
	return pkts[0];
}

static void a_packet_goes_out_and_comes_back(void **)
{
	uint32_t before = used();

	nic_tx(nic, 0, filled(60, 7));
	nic_flush(nic, 0);
	struct pkt *back = receive_one();
	assert_int_equal(back->len, 60);
	for (uint32_t i = 0; i < 60; i++)
		assert_int_equal(back->data[i], (uint8_t)(7 + i));
	pkt_put(back);
	assert_int_equal(used(), before);
}

// The sender puts its payload while the frame still stands in the ring: the bytes must stay.
static void a_borrowed_payload_outlives_its_packet(void **)
{
	for (uint32_t len = 1; len <= 1400; len += 100) {
		uint32_t before = used();
		struct pkt *payload = filled(1400, 3);
		struct pkt *head = filled(54, 0);
		head->payload = pkt_ref(payload);
		head->payload_data = payload->data + 5;
		head->payload_len = len - 1 < 1395 ? len : 1395;
		nic_tx(nic, 0, head);
		nic_flush(nic, 0);
		assert_int_equal(payload->refs, 1);
		pkt_put(payload);
		struct pkt *noise = filled(1400, 0xee);
		struct pkt *back = receive_one();
		assert_int_equal(back->len, 54 + len);
		for (uint32_t i = 0; i < len; i++)
			assert_int_equal(back->data[54 + i], (uint8_t)(3 + 5 + i));
		pkt_put(back);
		pkt_put(noise);
		assert_int_equal(used(), before);
	}
}

static void a_head_that_somebody_holds_is_copied(void **)
{
	uint32_t before = used();
	struct pkt *kept = filled(60, 1);

	nic_tx(nic, 0, pkt_ref(kept));
	nic_tx(nic, 0, pkt_ref(kept));
	assert_int_equal(kept->refs, 1);
	nic_flush(nic, 0);
	struct pkt *pkts[NIC_BURST];
	assert_int_equal(nic_rx(nic, 0, 0, pkts), 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_ptr_not_equal(pkts[i], kept);
		assert_memory_equal(pkts[i]->data, kept->data, 60);
		pkt_put(pkts[i]);
	}
	pkt_put(kept);
	assert_int_equal(used(), before);
}

static void a_full_ring_drops_and_counts(void **)
{
	uint32_t before = used(), sent = 3000, back = 0, n;
	struct pkt *pkts[NIC_BURST];

	for (uint32_t i = 0; i < sent; i++) {
		struct pkt *pkt = pkt_get(pool);
		if (pkt == NULL)
			sent = i;
		else {
			memset(pkt_extend(pkt, 60), 0, 60);
			nic_tx(nic, 0, pkt);
		}
	}
	do {
		nic_flush(nic, 0);
		n = nic_rx(nic, 0, 0, pkts);
		for (uint32_t i = 0; i < n; i++)
			pkt_put(pkts[i]);
		back += n;
	} while (n > 0);
	uint64_t full = nic_stats(nic, 0, 0)->tx_full;
	assert_true(full > 0);
	assert_int_equal(back + full, sent);
	assert_int_equal(used(), before);
}

static void an_empty_pool_gives_null(void **)
{
	struct pkt *list = NULL, *pkt;
	uint32_t n, total, taken = 0;

	for (pkt = pkt_get(pool); pkt != NULL; pkt = pkt_get(pool)) {
		pkt->next = list;
		list = pkt;
		taken++;
	}
	nic_pool_usage(nic, 0, &n, &total);
	assert_int_equal(taken, total);
	while (list != NULL) {
		pkt = list;
		list = pkt->next;
		pkt_put(pkt);
	}
}

// Who works on a few packets at a time touches a few of the pool, so that caches hold them.
static void packets_given_back_are_taken_first(void **)
{
	enum { AT_ONCE = 600, ROUNDS = 20, SEEN_MAX = AT_ONCE * ROUNDS };
	static struct pkt *held[AT_ONCE];
	static struct pkt *seen[SEEN_MAX];
	unsigned n_seen = 0;
	uint32_t before = used();

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			held[i] = pkt_get(pool);
			assert_non_null(held[i]);
			unsigned at = 0;
			while (at < n_seen && seen[at] != held[i])
				at++;
			if (at == n_seen)
				seen[n_seen++] = held[i];
		}
		for (unsigned i = 0; i < AT_ONCE; i++)
			pkt_put(held[i]);
	}
	assert_in_range(n_seen, AT_ONCE, 2 * AT_ONCE);
	assert_int_equal(used(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_goes_out_and_comes_back),
		cmocka_unit_test(a_borrowed_payload_outlives_its_packet),
		cmocka_unit_test(a_head_that_somebody_holds_is_copied),
		cmocka_unit_test(a_full_ring_drops_and_counts),
		cmocka_unit_test(packets_given_back_are_taken_first),
		cmocka_unit_test(an_empty_pool_gives_null),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
