// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A segment: its flow, its options, and what the queues know of one.

#pragma once

#include "dataplane/ip/ip.h"
#include "dataplane/tcp/balancer.h"
#include "dataplane/tcp/seq.h"

#include <assert.h>

enum tcp_wire {
	TCP_HEADER_LEN = 20,
	TCP_OPTIONS_MAX = 40,
	TCP_TS_LEN = 12,       // the timestamps option with two NOPs (RFC 7323 appendix A)
	TCP_IP4_OVERHEAD = 40, // IP and TCP header without options (RFC 6691)
	TCP_IP6_OVERHEAD = 60,
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_ECE = 0x40, // RFC 3168 6.1
	TCP_CWR = 0x80,
};

enum segment_limit {
	TCP_MTU_MIN_IP4 = 576,  // RFC 5927 7.2: nothing below may be claimed by ICMP
	TCP_MTU_MIN_IP6 = 1280, // RFC 8200 5
	TCP_SACK_BLOCKS = 4,
};

// A connection's name. Hashed as bytes: it has no padding.
struct flow {
	struct endpoint local, remote;
};
static_assert(sizeof(struct flow) == 36);

// What the headers of one segment without options take of the MTU, and the least MTU there is.
static inline uint16_t flow_overhead(const struct flow *flow)
{
	return addr_is_v4(&flow->remote.addr) ? TCP_IP4_OVERHEAD : TCP_IP6_OVERHEAD;
}

static inline uint16_t flow_mtu_min(const struct flow *flow)
{
	return addr_is_v4(&flow->remote.addr) ? TCP_MTU_MIN_IP4 : TCP_MTU_MIN_IP6;
}

// RFC 9293 3.7.1, when the peer names none: 536 or 1220.
static inline uint16_t flow_mss_default(const struct flow *flow)
{
	return (uint16_t)(flow_mtu_min(flow) - flow_overhead(flow));
}

struct sack_block {
	uint32_t left, right; // right: one past the last
};

struct tcp_options {
	uint16_t mss; // 0: absent
	uint8_t scale;
	bool has_scale, sack_permitted, has_ts;
	uint8_t n_sack;
	uint32_t ts_val, ts_ecr;
	struct sack_block sack[TCP_SACK_BLOCKS];
};

// A segment that arrived. Whoever queues `pkt` sets it to NULL.
struct segment {
	const struct ip_segment *where;
	struct pkt *pkt; // data at the payload
	uint32_t seq, ack;
	uint32_t len; // of the payload
	uint16_t wnd; // as on the wire
	uint8_t flags;
	bool twice; // what of it came twice is told
	struct tcp_options options;
};

enum tx_flags {
	TX_SACKED = 1 << 0,
	TX_LOST = 1 << 1,
	TX_RESENT = 1 << 2, // lost, and its retransmission is on the way
	TX_FIN = 1 << 3,
	TX_LARGE = 1 << 4, // larger than the MSS: shows whether the path takes it
};

// What the send queue knows of a packet; lies in the packet's headroom, which a queued payload has
// no other use for.
struct tx_seg {
	uint32_t seq;
	uint32_t end;     // one past the last; counts FIN
	uint32_t sent_us; // low half of the clock, when last sent
	uint32_t queued_ms;
	uint8_t flags;
	uint8_t sends; // saturates
};
static_assert(sizeof(struct tx_seg) + 7 <= PKT_HEADROOM);

// What a queue of received packets knows of itself, while there is one.
struct rx_queue {
	struct pkt *tail; // of the one in order
	uint32_t pinned;  // bytes of the buffers, however little of them is used
	// Of the out-of-order queue: its runs, and the blocks to report, the latest first (RFC 2018
	// 4).
	uint32_t runs;
	struct sack_block blocks[TCP_SACK_BLOCKS];
	uint8_t n_blocks;
};

// What a queue knows of a received packet. Lies in the packet's headroom, which nobody looks at
// any more.
struct rx_seg {
	uint32_t seq, end; // out of order; end counts data only
	uint32_t since_ms; // in order
	bool fin;
	struct pkt *last;      // out of order, in the first packet of each run
	struct rx_queue queue; // in the first packet of each queue
};
static_assert(sizeof(struct rx_seg) + 7 <= PKT_HEADROOM);

static inline void *pkt_scratch(const struct pkt *pkt)
{
	return (void *)(((uintptr_t)pkt->base + 7) & ~(uintptr_t)7);
}

static inline struct tx_seg *tx_seg(const struct pkt *pkt)
{
	return pkt_scratch(pkt);
}

static inline struct rx_seg *rx_seg(const struct pkt *pkt)
{
	return pkt_scratch(pkt);
}

static inline uint32_t tx_seg_len(const struct tx_seg *seg)
{
	return seg->end - seg->seq;
}
