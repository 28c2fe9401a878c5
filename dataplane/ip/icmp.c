// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/checksum.h"
#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

bool icmp_may_answer(struct ip *ip, uint64_t now_ms)
{
	struct token_bucket *bucket = &ip->icmp_bucket;
	uint64_t fresh = elapsed(now_ms, bucket->filled_at) * ICMP_REPLIES_PER_SECOND / 1000;

	if (bucket->filled_at == 0 || fresh >= ICMP_REPLIES_BURST - bucket->tokens) {
		bucket->tokens = ICMP_REPLIES_BURST;
		bucket->filled_at = now_ms;
	} else if (fresh > 0) {
		bucket->tokens += (uint32_t)fresh;
		bucket->filled_at += fresh * 1000 / ICMP_REPLIES_PER_SECOND;
	}
	if (bucket->tokens == 0)
		return false;
	bucket->tokens--;
	return true;
}

static void seal(struct pkt *pkt)
{
	put_be16(pkt->data + ICMP_CHECKSUM_AT, 0);
	uint16_t sum = (uint16_t)~checksum_fold(checksum_add(0, pkt->data, pkt->len));
	memcpy(pkt->data + ICMP_CHECKSUM_AT, &sum, sizeof(sum));
	pkt->flags = 0;
	pkt->l4_len = 0;
}

// RFC 1122 3.2.2.6: the data goes back as it came, in the same packet.
static enum ip_verdict echo(
	struct ip *ip, struct pkt *pkt, const struct ip4_header *header, uint64_t now_ms
)
{
	struct hop hop;

	if (!icmp_may_answer(ip, now_ms))
		return ip_drop(pkt, &ip->stats.icmp_limited);
	if (route_find(ip, &header->dest, &header->source, &hop) != 0)
		return ip_drop(pkt, &ip->stats.drop_no_route);
	pkt->data[0] = ICMP_ECHO_REPLY;
	seal(pkt);
	(void)ip4_output(ip, pkt, IP_PROTOCOL_ICMP, &header->source, &hop, now_ms);
	return IP_CONSUMED;
}

// RFC 1122 3.2.2: nothing is said about an error.
static bool is_error(const struct pkt *about, const struct ip4_header *header)
{
	return header->protocol == IP_PROTOCOL_ICMP && about->data[header->header_len] != ICMP_ECHO;
}

void icmp_reassembly_error(struct ip *ip, const struct pkt *about, uint64_t now_ms)
{
	enum { QUOTE_MAX = 576 - IP4_HEADER - ICMP_HEADER }; // RFC 1812 4.3.2.3
	struct cursor c = cursor_of(pkt_span(about));
	struct ip4_header header;
	struct hop hop;

	if (ip4_parse(ip, &c, &header) != NULL || cursor_left(&c) == 0 || is_error(about, &header))
		return;
	if (!icmp_may_answer(ip, now_ms)) {
		ip->stats.icmp_limited++;
		return;
	}
	uint32_t n = about->len < QUOTE_MAX ? about->len : QUOTE_MAX;
	struct pkt *pkt = pkt_get(ip->pool);
	uint8_t *p = pkt == NULL ? NULL : pkt_extend(pkt, ICMP_HEADER + n);
	if (p == NULL || route_find(ip, &header.dest, &header.source, &hop) != 0) {
		pkt_put(pkt);
		return;
	}
	memset(p, 0, ICMP_HEADER);
	p[0] = ICMP_TIME_EXCEEDED;
	p[1] = ICMP_CODE_REASSEMBLY;
	memcpy(p + ICMP_HEADER, about->data, n);
	seal(pkt);
	ip->stats.icmp_errors_sent++;
	(void)ip4_output(ip, pkt, IP_PROTOCOL_ICMP, &header.source, &hop, now_ms);
}

// An error quotes the datagram it is about: its header and at least 8 bytes (RFC 792). Only what
// quotes a TCP segment of ours, sent from the address that the error came to, is passed on; whether
// the connection exists and the sequence number is in flight (RFC 5927 4.1) is for tcp/ to say.
// Returns NULL, or the counter of the rule that was broken.
static uint64_t *error(
	struct ip *ip, const struct ip4_header *header, uint8_t type, uint8_t code, uint16_t mtu,
	struct cursor *c
)
{
	struct ip4_header quoted;

	uint64_t *fault = ip4_parse(ip, c, &quoted);
	if (fault != NULL)
		return fault;
	struct endpoint local = {quoted.source, cursor_be16(c)};
	struct endpoint remote = {quoted.dest, cursor_be16(c)};
	uint32_t seq = cursor_be32(c);
	if (c->bad)
		return &ip->stats.drop_short;
	if (quoted.protocol != IP_PROTOCOL_TCP)
		return &ip->stats.drop_protocol;
	if ((quoted.fragment & IP4_FRAGMENT_OFFSET) != 0)
		return &ip->stats.drop_fragment;
	if (!addr_equal(&quoted.source, &header->dest))
		return &ip->stats.drop_not_ours;
	ip->ops.tcp_error(ip->ops.ctx, &local, &remote, seq, type, code, mtu);
	return NULL;
}

enum ip_verdict icmp_input(
	struct ip *ip, struct pkt *pkt, const struct ip4_header *header, uint64_t now_ms
)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	ip->stats.rx_icmp++;
	uint8_t type = cursor_u8(&c), code = cursor_u8(&c);
	(void)cursor_be32(&c); // checksum, and what is unused or an identifier
	uint16_t mtu = cursor_be16(&c);
	if (c.bad)
		return ip_drop(pkt, &ip->stats.drop_short);
	if (checksum_fold(checksum_add(0, pkt->data, pkt->len)) != CHECKSUM_VALID)
		return ip_drop(pkt, &ip->stats.drop_l4_checksum);

	uint64_t *fault = &ip->stats.drop_protocol;
	switch (type) {
	case ICMP_ECHO:
		return echo(ip, pkt, header, now_ms);
	case ICMP_UNREACHABLE:
		if (code != ICMP_CODE_FRAGMENTATION_NEEDED)
			mtu = 0;
		fault = error(ip, header, type, code, mtu, &c);
		break;
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		fault = error(ip, header, type, code, 0, &c);
		break;
	}
	// Redirects (a way to steal traffic) and source quench (RFC 6633) are not obeyed.
	if (fault != NULL)
		return ip_drop(pkt, fault);
	pkt_put(pkt);
	return IP_CONSUMED;
}
