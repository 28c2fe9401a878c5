// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/checksum.h"
#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

struct ip_addr ip4_read_addr(struct cursor *c)
{
	uint32_t v4 = 0;
	struct span bytes = cursor_bytes(c, sizeof(v4));

	if (bytes.n != 0)
		memcpy(&v4, bytes.p, sizeof(v4));
	return addr_from_v4(v4);
}

// RFC 1122 3.2.1.8: options are passed over, except that a source route is refused (RFC 7126 4.3).
static bool options_are_fine(struct cursor options)
{
	while (cursor_left(&options) > 0) {
		uint8_t type = cursor_u8(&options);
		if (type == IP4_OPTION_END)
			return true;
		if (type == IP4_OPTION_NOP)
			continue;
		if (type == IP4_OPTION_LOOSE_ROUTE || type == IP4_OPTION_STRICT_ROUTE)
			return false;
		uint8_t len = cursor_u8(&options);
		if (len < 2)
			return false;
		(void)cursor_bytes(&options, len - 2u);
		if (options.bad)
			return false;
	}
	return true;
}

uint64_t *ip4_parse(struct ip *ip, struct cursor *c, struct ip4_header *header)
{
	uint8_t first = cursor_u8(c);
	header->tos = cursor_u8(c);
	header->total_len = cursor_be16(c);
	header->id = cursor_be16(c);
	header->fragment = cursor_be16(c);
	(void)cursor_u8(c); // time to live: nothing is forwarded
	header->protocol = cursor_u8(c);
	(void)cursor_be16(c); // checksum
	header->source = ip4_read_addr(c);
	header->dest = ip4_read_addr(c);
	if (c->bad)
		return &ip->stats.drop_short;
	if (first >> 4 != IP4_VERSION)
		return &ip->stats.drop_version;
	header->header_len = (uint8_t)((first & 15) * 4);
	if (header->header_len < IP4_HEADER || header->total_len < header->header_len)
		return &ip->stats.drop_length;
	struct cursor options = cursor_child(c, (size_t)header->header_len - IP4_HEADER);
	if (options.bad)
		return &ip->stats.drop_length;
	if (!options_are_fine(options))
		return &ip->stats.drop_options;
	return NULL;
}

static bool header_checksum_is_valid(const struct pkt *pkt, const struct ip4_header *header)
{
	if ((pkt->flags & PKT_RX_IP_CSUM_GOOD) != 0)
		return true;
	return checksum_fold(checksum_add(0, pkt->data, header->header_len)) == CHECKSUM_VALID;
}

// RFC 791 3.1 and RFC 1122 3.2.1, in their order. Returns NULL, or the counter of the rule that was
// broken.
static uint64_t *check(struct ip *ip, const struct pkt *pkt, struct ip4_header *header)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	uint64_t *fault = ip4_parse(ip, &c, header);
	if (fault != NULL && fault != &ip->stats.drop_options)
		return fault;
	if (header->total_len > pkt->len)
		return &ip->stats.drop_length;
	if (!header_checksum_is_valid(pkt, header))
		return &ip->stats.drop_ip_checksum;
	if (!route_is_own(ip, pkt->port, &header->dest))
		return &ip->stats.drop_not_ours;
	if (!route_is_peer(ip, &header->source))
		return &ip->stats.drop_source;
	return fault;
}

// RFC 9293 3.1. The checksum covers the addresses, so it is checked where they are known.
static bool tcp_checksum_is_valid(const struct pkt *pkt, const struct ip4_header *header)
{
	if ((pkt->flags & PKT_RX_L4_CSUM_GOOD) != 0)
		return true;
	uint64_t sum = checksum_pseudo(&header->source, &header->dest, header->protocol, pkt->len);
	return checksum_fold(checksum_add(sum, pkt->data, pkt->len)) == CHECKSUM_VALID;
}

static enum ip_verdict tcp_received(
	struct ip *ip, struct pkt *pkt, const struct ip4_header *header, struct ip_segment *segment
)
{
	if (!tcp_checksum_is_valid(pkt, header))
		return ip_drop(pkt, &ip->stats.drop_l4_checksum);
	ip->stats.rx_tcp++;
	*segment = (struct ip_segment){
		.local = {.addr = header->dest},
		.remote = {.addr = header->source},
		.ecn = header->tos & IP_ECN,
	};
	return IP_TCP;
}

// RFC 1858, RFC 3128: what a filter would look at must not be split.
static bool is_tiny(const struct ip4_header *header, const struct fragment *part)
{
	size_t least = header->protocol == IP_PROTOCOL_TCP ? TCP_HEADER : ICMP_HEADER;

	return part->offset == 0 && part->data.n < least;
}

// False when that was not the last fragment: the packet is gone.
static bool reassemble(struct ip *ip, struct pkt *pkt, struct ip4_header *header, uint64_t now_ms)
{
	struct fragment_whole whole;
	struct fragment part = {
		.key = {header->source, header->dest, header->id, header->protocol},
		.protocol = header->protocol,
		.ecn = header->tos & IP_ECN,
		.more = (header->fragment & IP4_MORE_FRAGMENTS) != 0,
		.offset = (header->fragment & IP4_FRAGMENT_OFFSET) * (uint32_t)FRAGMENT_UNIT,
		.data = {pkt->data + header->header_len, pkt->len - header->header_len},
		.head = {pkt->data, header->header_len},
	};

	if (is_tiny(header, &part)) {
		ip_drop(pkt, &ip->stats.fragment_tiny);
		return false;
	}
	if (!fragment_input(ip, pkt, &part, now_ms, &whole))
		return false;
	header->tos = whole.ecn;
	return true;
}

enum ip_verdict ip4_input(
	struct ip *ip, struct pkt *pkt, uint64_t now_ms, struct ip_segment *segment
)
{
	struct ip4_header header;

	uint64_t *fault = check(ip, pkt, &header);
	if (fault != NULL)
		return ip_drop(pkt, fault);
	pkt->len = header.total_len; // short frames are padded
	if ((header.fragment & (IP4_MORE_FRAGMENTS | IP4_FRAGMENT_OFFSET)) == 0) {
		pkt_pull(pkt, header.header_len);
	} else {
		if (!ip->config.owner)
			return IP_OWNER;
		if (!reassemble(ip, pkt, &header, now_ms))
			return IP_CONSUMED;
	}
	if (header.protocol == IP_PROTOCOL_TCP)
		return tcp_received(ip, pkt, &header, segment);
	if (header.protocol == IP_PROTOCOL_ICMP)
		return icmp_input(ip, pkt, &header, now_ms);
	return ip_drop(pkt, &ip->stats.drop_protocol);
}
