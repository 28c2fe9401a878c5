// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A packet as ip/ and tcp/ see it. In production it lies in the mbuf's private area and
// the pool's functions are nic/'s; in tests it comes from a plain pool (pkt_pool_new).

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct pkt;

// Where packets come from. One per worker.
struct pkt_pool {
	struct pkt *(*get)(struct pkt_pool *pool);
	void (*put)(struct pkt_pool *pool, struct pkt *pkt);
	uint32_t room; // bytes of a fresh packet from data on, at least PKT_DATAROOM
};

enum pkt_flags {
	PKT_RX_IP_CSUM_GOOD = 1 << 0,
	PKT_RX_L4_CSUM_GOOD = 1 << 1,
	PKT_RX_CSUM_BAD = 1 << 2,
	PKT_TX_IP_CSUM = 1 << 3, // the port is to fill in the IPv4 header checksum
	PKT_TX_TCP_CSUM =
		1 << 4,          // the port is to fill in the TCP checksum; the pseudo sum is there
	PKT_TX_ECT = 1 << 5,     // may be marked instead of dropped (RFC 3168)
	PKT_RX_VLAN = 1 << 6,    // the port took a tag off the frame: `vlan`
	PKT_RX_STEERED = 1 << 7, // the port chose the worker by a hash of this very packet
};

enum pkt_room {
	PKT_HEADROOM = 128,                         // at least, in a fresh packet, before data
	PKT_DATAROOM = 2048,                        // at least, in a fresh packet, from data on
	PKT_TRUESIZE = PKT_HEADROOM + PKT_DATAROOM, // what one pins, however little it carries
};

struct pkt {
	struct pkt *next; // the queue it is in
	uint8_t *data;
	uint32_t len;  // bytes at data
	uint32_t refs; // one worker at a time: not atomic
	uint8_t *base; // storage, including headroom
	uint32_t size; // bytes at base
	uint16_t flags;
	uint16_t vlan;                  // the tag's 16 bits, with PKT_RX_VLAN
	uint8_t port;                   // arrived on, or to leave by
	uint8_t l2_len, l3_len, l4_len; // header lengths; for offloads, set by ip output
	// tx: bytes that follow `data` on the wire, borrowed from a packet of the send queue. A
	// reference on `payload` is held. Its bytes do not change once they have been sent.
	struct pkt *payload;
	const uint8_t *payload_data;
	uint32_t payload_len;
	uint32_t hash; // RSS hash, if the port gives one; else 0
	struct pkt_pool *pool;
};

// A packet with len 0, PKT_HEADROOM before data, one reference. NULL when the pool is empty.
static inline struct pkt *pkt_get(struct pkt_pool *pool)
{
	return pool->get(pool);
}

static inline struct pkt *pkt_ref(struct pkt *pkt)
{
	pkt->refs++;
	return pkt;
}

// Drop one reference; the last one gives the packet, and its hold on a payload, back. Accepts NULL.
void pkt_put(struct pkt *pkt);

static inline uint32_t pkt_headroom(const struct pkt *pkt)
{
	return (uint32_t)(pkt->data - pkt->base);
}

static inline uint32_t pkt_tailroom(const struct pkt *pkt)
{
	return pkt->size - pkt_headroom(pkt) - pkt->len;
}

static inline struct span pkt_span(const struct pkt *pkt)
{
	return (struct span){pkt->data, pkt->len};
}

// Bytes on the wire: the head and the borrowed payload.
static inline uint32_t pkt_wire_len(const struct pkt *pkt)
{
	return pkt->len + pkt->payload_len;
}

// Open `n` bytes before data; NULL when the headroom is shorter.
static inline uint8_t *pkt_push(struct pkt *pkt, uint32_t n)
{
	if (n > pkt_headroom(pkt))
		return NULL;
	pkt->data -= n;
	pkt->len += n;
	return pkt->data;
}

// Drop `n` bytes at the front, at most len.
static inline void pkt_pull(struct pkt *pkt, uint32_t n)
{
	pkt->data += n;
	pkt->len -= n;
}

// Open `n` bytes behind the last; NULL when the tailroom is shorter.
static inline uint8_t *pkt_extend(struct pkt *pkt, uint32_t n)
{
	if (n > pkt_tailroom(pkt))
		return NULL;
	uint8_t *at = pkt->data + pkt->len;
	pkt->len += n;
	return at;
}

// A pool of `count` packets on the heap, for tests, the simulator and fuzzing. NULL when memory is
// short. pkt_pool_used tells how many are out; free only when that is 0.
struct pkt_pool *pkt_pool_new(uint32_t count) must_check;
void pkt_pool_free(struct pkt_pool *pool);
uint32_t pkt_pool_used(const struct pkt_pool *pool);
