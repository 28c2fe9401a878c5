// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/tx.h"

#include "dataplane/nic/offload.h"

#include <rte_ethdev.h>
#include <rte_memcpy.h>

// Below this, copying the payload costs less than an indirect mbuf and its atomic references.
enum { COPY_MAX = 256 };

static void set_head(struct rte_mbuf *mbuf, const struct pkt *pkt)
{
	mbuf->data_off = (uint16_t)(pkt->data - pkt->base);
	mbuf->data_len = (uint16_t)pkt->len;
	mbuf->pkt_len = pkt->len;
	mbuf->ol_flags = offload_flags(pkt);
	mbuf->l2_len = pkt->l2_len;
	mbuf->l3_len = pkt->l3_len;
	mbuf->l4_len = pkt->l4_len;
}

// Whoever else holds the packet may send it again with other headers, and the driver writes to the
// head's mbuf: what goes out must be ours alone.
static struct pkt *own_head(struct pkt *pkt, struct nic_pool *pool)
{
	if (pkt->refs == 1 && rte_mbuf_refcnt_read(mbuf_of(pkt)) == 1)
		return pkt;
	struct pkt *copy = pkt_get(&pool->pool);
	if (copy == NULL || pkt->len > pkt_tailroom(copy)) {
		pkt_put(copy);
		return NULL;
	}
	rte_memcpy(pkt_extend(copy, pkt->len), pkt->data, pkt->len);
	copy->flags = pkt->flags;
	copy->port = pkt->port;
	copy->l2_len = pkt->l2_len;
	copy->l3_len = pkt->l3_len;
	copy->l4_len = pkt->l4_len;
	if (pkt->payload != NULL) {
		copy->payload = pkt_ref(pkt->payload);
		copy->payload_data = pkt->payload_data;
		copy->payload_len = pkt->payload_len;
	}
	pkt_put(pkt);
	return copy;
}

// Add the borrowed payload to the head: copied behind it, or as an indirect mbuf. False when there
// is no room or no mbuf; the head is as it was.
static bool add_payload(const struct nic_port *port, struct nic_pool *pool, struct pkt *pkt)
{
	struct rte_mbuf *head = mbuf_of(pkt);

	if (!port->multi_segment || pkt->payload_len <= COPY_MAX) {
		char *at = rte_pktmbuf_append(head, (uint16_t)pkt->payload_len);
		if (at == NULL)
			return false;
		rte_memcpy(at, pkt->payload_data, pkt->payload_len);
		return true;
	}
	struct rte_mbuf *indirect = rte_pktmbuf_alloc(pool->indirect);
	if (indirect == NULL)
		return false;
	struct rte_mbuf *payload = mbuf_of(pkt->payload);
	rte_pktmbuf_attach(indirect, payload);
	indirect->data_off = (uint16_t)(pkt->payload_data - (const uint8_t *)payload->buf_addr);
	indirect->data_len = (uint16_t)pkt->payload_len;
	indirect->pkt_len = pkt->payload_len;
	// The head's flags speak for the chain.
	indirect->ol_flags &= RTE_MBUF_F_INDIRECT;
	head->next = indirect;
	head->nb_segs = 2;
	head->pkt_len += pkt->payload_len;
	return true;
}

// The driver gets the packet's one reference on its mbuf; the indirect mbuf has one of its own on
// the payload's, so the packet's hold on that can go at once.
static struct rte_mbuf *to_mbuf(const struct nic_port *port, struct nic_pool *pool, struct pkt *pkt)
{
	struct pkt *own = own_head(pkt, pool);

	if (own == NULL) {
		pkt_put(pkt);
		return NULL;
	}
	set_head(mbuf_of(own), own);
	if (own->payload_len > 0 && !add_payload(port, pool, own)) {
		pkt_put(own);
		return NULL;
	}
	struct pkt *payload = own->payload;
	own->payload = NULL;
	own->refs = 0;
	pkt_put(payload);
	return mbuf_of(own);
}

void tx_push(
	const struct nic_port *port, uint16_t queue, struct nic_pool *pool, struct tx_queue *tx,
	struct nic_stats *stats, struct pkt *pkt
)
{
	if (port_is_gone(port)) {
		stats->tx_gone++;
		pkt_put(pkt);
		return;
	}
	if (tx->n == NIC_PENDING_MAX)
		tx_flush(port, queue, tx, stats);
	if (tx->n == NIC_PENDING_MAX) {
		stats->tx_full++;
		pkt_put(pkt);
		return;
	}
	struct rte_mbuf *mbuf = to_mbuf(port, pool, pkt);
	if (mbuf == NULL) {
		stats->tx_no_memory++;
		return;
	}
	if (tx->n > 0 && merge_append(&tx->merge, mbuf, port->segments_max)) {
		stats->tx_merged++;
	} else {
		merge_begin(&tx->merge, mbuf, port_cuts(port, mbuf->ol_flags, mbuf->pkt_len));
		tx->pending[(tx->head + tx->n++) % NIC_PENDING_MAX] = mbuf;
	}
	// However few frames it makes, each segment holds an mbuf.
	if (tx->n >= NIC_BURST || ++tx->segments >= NIC_PENDING_MAX)
		tx_flush(port, queue, tx, stats);
}

static void tx_pop(struct tx_queue *tx, uint32_t n)
{
	tx->head = (tx->head + n) % NIC_PENDING_MAX;
	tx->n -= n;
}

// A device that does less than it was asked to, since the frame was made: the rest in software, or
// not at all.
static void tx_finish(const struct nic_port *port, struct tx_queue *tx, struct nic_stats *stats)
{
	uint64_t missing = port->asked & ~__atomic_load_n(&port->can, __ATOMIC_RELAXED);
	uint32_t kept = 0;

	if (missing == 0)
		return;
	for (uint32_t i = 0; i < tx->n; i++) {
		struct rte_mbuf *mbuf = tx->pending[(tx->head + i) % NIC_PENDING_MAX];
		if (offload_finish(mbuf, missing)) {
			tx->pending[(tx->head + kept++) % NIC_PENDING_MAX] = mbuf;
		} else {
			stats->tx_refused++;
			rte_pktmbuf_free(mbuf);
		}
	}
	tx->n = kept;
	tx->merge = (struct merge){0};
}

void tx_flush(
	const struct nic_port *port, uint16_t queue, struct tx_queue *tx, struct nic_stats *stats
)
{
	if (port_is_gone(port)) {
		stats->tx_gone += tx->n;
		tx_discard(tx);
		return;
	}
	tx->segments = 0;
	tx_finish(port, tx, stats);
	while (tx->n > 0) {
		struct rte_mbuf **first = &tx->pending[tx->head];
		uint32_t together = RTE_MIN(tx->n, NIC_PENDING_MAX - tx->head);
		uint16_t n = (uint16_t)RTE_MIN(together, NIC_BURST);
		uint64_t bytes[NIC_BURST];

		if (port->prepare) {
			uint16_t good = rte_eth_tx_prepare(port->id, queue, first, n);
			if (good == 0) {
				stats->tx_refused++;
				rte_pktmbuf_free(first[0]);
				tx_pop(tx, 1);
				continue;
			}
			n = good;
		}
		// Lengths now: a sent mbuf is the driver's.
		for (uint16_t i = 0; i < n; i++)
			bytes[i] = first[i]->pkt_len;
		uint16_t sent = rte_eth_tx_burst(port->id, queue, first, n);
		for (uint16_t i = 0; i < sent; i++)
			stats->tx_bytes += bytes[i];
		stats->tx_packets += sent;
		tx_pop(tx, sent);
		if (sent < n)
			return;
	}
}

void tx_discard(struct tx_queue *tx)
{
	while (tx->n > 0) {
		rte_pktmbuf_free(tx->pending[tx->head]);
		tx_pop(tx, 1);
	}
}
