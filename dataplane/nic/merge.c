// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/merge.h"

#include <rte_ip.h>
#include <rte_tcp.h>

#include <string.h>

static const uint64_t family = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;

static struct rte_tcp_hdr *tcp_of(const struct rte_mbuf *mbuf)
{
	return rte_pktmbuf_mtod_offset(mbuf, struct rte_tcp_hdr *, mbuf->l2_len + mbuf->l3_len);
}

static uint32_t headers_of(const struct rte_mbuf *mbuf)
{
	return (uint32_t)mbuf->l2_len + mbuf->l3_len + mbuf->l4_len;
}

// The device fills in both checksums of what it cuts off.
static bool is_offloaded(uint64_t flags)
{
	uint64_t wanted = RTE_MBUF_F_TX_TCP_CKSUM;

	if ((flags & family) == RTE_MBUF_F_TX_IPV4)
		wanted |= RTE_MBUF_F_TX_IP_CKSUM;
	return (flags & wanted) == wanted;
}

void merge_begin(struct merge *merge, struct rte_mbuf *frame, bool cuts)
{
	*merge = (struct merge){0};
	if (!cuts || !is_offloaded(frame->ol_flags) || frame->pkt_len <= headers_of(frame))
		return;
	const struct rte_tcp_hdr *tcp = tcp_of(frame);
	// A device repeats the flags: what may stand in the last segment only ends a frame, and CWR
	// means one segment (RFC 3168 6.1.2).
	if (tcp->tcp_flags != RTE_TCP_ACK_FLAG)
		return;
	uint32_t payload = frame->pkt_len - headers_of(frame);
	frame->tso_segsz = (uint16_t)payload;
	merge->next = rte_be_to_cpu_32(tcp->sent_seq) + payload;
	merge->last = rte_pktmbuf_lastseg(frame);
	merge->frame = frame;
}

// All but lengths and checksums, of which the frame's own tell nothing of a single segment.
static bool same_network(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	const uint8_t *p = rte_pktmbuf_mtod(a, const uint8_t *);
	const uint8_t *q = rte_pktmbuf_mtod(b, const uint8_t *);

	if (memcmp(p, q, a->l2_len) != 0)
		return false;
	p += a->l2_len;
	q += a->l2_len;
	if ((a->ol_flags & family) == RTE_MBUF_F_TX_IPV6)
		return memcmp(p, q, 4) == 0 && memcmp(p + 6, q + 6, (size_t)a->l3_len - 6) == 0;
	return memcmp(p, q, 2) == 0 && memcmp(p + 4, q + 4, 6) == 0 &&
	       memcmp(p + 12, q + 12, (size_t)a->l3_len - 12) == 0;
}

static bool same_transport(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	const struct rte_tcp_hdr *p = tcp_of(a), *q = tcp_of(b);

	return p->src_port == q->src_port && p->dst_port == q->dst_port &&
	       p->recv_ack == q->recv_ack && p->data_off == q->data_off && p->rx_win == q->rx_win &&
	       memcmp(p + 1, q + 1, a->l4_len - sizeof(*p)) == 0;
}

// Can `mbuf` be the next segment of the frame?
static bool follows(const struct merge *merge, const struct rte_mbuf *mbuf, uint16_t segments_max)
{
	const struct rte_mbuf *frame = merge->frame;
	uint32_t payload = mbuf->pkt_len - headers_of(mbuf);

	if (headers_of(mbuf) != headers_of(frame) || mbuf->l2_len != frame->l2_len ||
	    mbuf->l3_len != frame->l3_len ||
	    mbuf->ol_flags != (frame->ol_flags & ~RTE_MBUF_F_TX_TCP_SEG))
		return false;
	if (payload == 0 || payload > frame->tso_segsz ||
	    frame->pkt_len - frame->l2_len + payload > UINT16_MAX ||
	    frame->nb_segs + mbuf->nb_segs > segments_max)
		return false;
	const struct rte_tcp_hdr *tcp = tcp_of(mbuf);
	return rte_be_to_cpu_32(tcp->sent_seq) == merge->next &&
	       (tcp->tcp_flags & ~(RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG)) == RTE_TCP_ACK_FLAG &&
	       same_network(frame, mbuf) && same_transport(frame, mbuf);
}

// What the header says of the whole. The pseudo header's sum is without a length then, which the
// device adds for each segment.
static void widen(struct rte_mbuf *frame, uint8_t flags)
{
	void *network = rte_pktmbuf_mtod_offset(frame, void *, frame->l2_len);
	struct rte_tcp_hdr *tcp = tcp_of(frame);
	uint16_t len = (uint16_t)(frame->pkt_len - frame->l2_len);

	frame->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	tcp->tcp_flags |= flags;
	if ((frame->ol_flags & family) == RTE_MBUF_F_TX_IPV6) {
		struct rte_ipv6_hdr *ip = network;
		ip->payload_len = rte_cpu_to_be_16((uint16_t)(len - frame->l3_len));
		tcp->cksum = rte_ipv6_phdr_cksum(ip, frame->ol_flags);
	} else {
		struct rte_ipv4_hdr *ip = network;
		ip->total_length = rte_cpu_to_be_16(len);
		tcp->cksum = rte_ipv4_phdr_cksum(ip, frame->ol_flags);
	}
}

// The mbuf without its headers; one that was nothing but headers goes back to its pool.
static struct rte_mbuf *payload_of(struct rte_mbuf *mbuf)
{
	(void)rte_pktmbuf_adj(mbuf, (uint16_t)headers_of(mbuf));
	mbuf->ol_flags = 0;
	if (mbuf->data_len > 0)
		return mbuf;
	struct rte_mbuf *rest = mbuf->next;
	mbuf->next = NULL;
	mbuf->nb_segs = 1;
	rte_pktmbuf_free(mbuf);
	return rest;
}

bool merge_append(struct merge *merge, struct rte_mbuf *mbuf, uint16_t segments_max)
{
	struct rte_mbuf *frame = merge->frame;

	if (frame == NULL || !follows(merge, mbuf, segments_max))
		return false;
	uint32_t payload = mbuf->pkt_len - headers_of(mbuf);
	uint8_t flags = tcp_of(mbuf)->tcp_flags;
	merge->last->next = payload_of(mbuf);
	for (; merge->last->next != NULL; merge->last = merge->last->next)
		frame->nb_segs++;
	frame->pkt_len += payload;
	merge->next += payload;
	widen(frame, flags);
	// Nothing behind a short segment, nor behind one that asks to be read.
	if (payload < frame->tso_segsz || flags != RTE_TCP_ACK_FLAG)
		merge->frame = NULL;
	return true;
}
