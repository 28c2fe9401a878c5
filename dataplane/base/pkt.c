// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/pkt.h"

#include <assert.h>
#include <stdlib.h>

struct plain_pool {
	struct pkt_pool pool;
	struct pkt *pkts;
	struct pkt *free;
	uint32_t count;
	uint32_t used;
};

void pkt_put(struct pkt *pkt)
{
	if (pkt == NULL)
		return;
	assert(pkt->refs > 0);
	pkt->refs--;
	if (pkt->refs > 0)
		return;
	// A payload is a packet of the send queue, which borrows from nobody: one level deep.
	struct pkt *payload = pkt->payload;
	pkt->payload = NULL;
	pkt->payload_data = NULL;
	pkt->payload_len = 0;
	pkt->pool->put(pkt->pool, pkt);
	pkt_put(payload);
}

static struct pkt *plain_get(struct pkt_pool *pool)
{
	struct plain_pool *plain = (struct plain_pool *)pool;
	struct pkt *pkt = plain->free;

	if (pkt == NULL)
		return NULL;
	plain->free = pkt->next;
	plain->used++;
	*pkt = (struct pkt){
		.data = pkt->base + PKT_HEADROOM,
		.refs = 1,
		.base = pkt->base,
		.size = PKT_HEADROOM + PKT_DATAROOM,
		.pool = pool,
	};
	return pkt;
}

static void plain_put(struct pkt_pool *pool, struct pkt *pkt)
{
	struct plain_pool *plain = (struct plain_pool *)pool;

	pkt->next = plain->free;
	plain->free = pkt;
	plain->used--;
}

struct pkt_pool *pkt_pool_new(uint32_t count)
{
	struct plain_pool *plain = calloc(1, sizeof(*plain));

	if (plain == NULL)
		return NULL;
	plain->pool = (struct pkt_pool){plain_get, plain_put, PKT_DATAROOM};
	plain->pkts = calloc(count, sizeof(*plain->pkts));
	if (plain->pkts == NULL) {
		pkt_pool_free(&plain->pool);
		return NULL;
	}
	plain->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct pkt *pkt = &plain->pkts[i];
		// One allocation each, so that AddressSanitizer sees a step over its end.
		pkt->base = malloc(PKT_HEADROOM + PKT_DATAROOM);
		if (pkt->base == NULL) {
			pkt_pool_free(&plain->pool);
			return NULL;
		}
		pkt->next = plain->free;
		plain->free = pkt;
	}
	return &plain->pool;
}

void pkt_pool_free(struct pkt_pool *pool)
{
	struct plain_pool *plain = (struct plain_pool *)pool;

	if (plain == NULL)
		return;
	assert(plain->used == 0);
	for (uint32_t i = 0; i < plain->count; i++)
		free(plain->pkts[i].base);
	free(plain->pkts);
	free(plain);
}

uint32_t pkt_pool_used(const struct pkt_pool *pool)
{
	return ((const struct plain_pool *)pool)->used;
}
