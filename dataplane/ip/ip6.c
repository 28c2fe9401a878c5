// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// RFC 8200: the header, its extensions within bounds (RFC 8504 5.3), and who gets what they carry.

#include "dataplane/ip/checksum.h"
#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

enum ip6_limit {
	EXTENSIONS_MAX = 8, // headers before the upper layer
	OPTIONS_MAX = 8,    // in one of them, padding included
};

struct ip_addr ip6_read_addr(struct cursor *c)
{
	struct ip_addr addr = {0};
	struct span bytes = cursor_bytes(c, sizeof(addr));

	if (bytes.n != 0)
		memcpy(&addr, bytes.p, sizeof(addr));
	return addr;
}

uint64_t *ip6_parse(struct ip *ip, struct cursor *c, struct ip6_header *header)
{
	*header = (struct ip6_header){.header_len = IP6_HEADER, .next_at = IP6_NEXT_AT};
	uint32_t first = cursor_be32(c);
	header->traffic_class = (uint8_t)(first >> 20);
	header->payload_len = cursor_be16(c);
	header->protocol = cursor_u8(c);
	header->hop_limit = cursor_u8(c);
	header->source = ip6_read_addr(c);
	header->dest = ip6_read_addr(c);
	if (c->bad)
		return &ip->stats.drop_short;
	if (first >> 28 != IP6_VERSION)
		return &ip->stats.drop_version;
	return NULL;
}

static uint64_t *problem(
	struct ip *ip, struct ip6_header *header, enum icmp6_problem code, size_t at
)
{
	header->has_problem = true;
	header->problem = code;
	header->problem_at = (uint32_t)at;
	return &ip->stats.drop_extension;
}

// RFC 8200 4.2. What we do not know says by its first two bits what is to become of the datagram.
static uint64_t *options_walk(
	struct ip *ip, struct cursor options, const uint8_t *begin, struct ip6_header *header
)
{
	enum { SKIP, DISCARD, PROBLEM, PROBLEM_UNLESS_GROUP };

	for (unsigned int n = 0; cursor_left(&options) > 0; n++) {
		size_t at = (size_t)(options.p - begin);
		if (n == OPTIONS_MAX)
			return &ip->stats.drop_extension;
		uint8_t type = cursor_u8(&options);
		if (type == IP6_OPTION_PAD1)
			continue;
		(void)cursor_bytes(&options, cursor_u8(&options));
		if (options.bad)
			return &ip->stats.drop_extension;
		switch (type >> 6) {
		case SKIP: // padding and router alerts among them
			break;
		case DISCARD:
			return &ip->stats.drop_extension;
		case PROBLEM_UNLESS_GROUP:
			if (addr_is_group(&header->dest))
				return &ip->stats.drop_extension;
			return problem(ip, header, ICMP6_PROBLEM_OPTION, at);
		case PROBLEM:
			return problem(ip, header, ICMP6_PROBLEM_OPTION, at);
		}
	}
	return NULL;
}

// A header whose second byte tells its length in units of 8 bytes, the first not counted.
static uint64_t *extension_walk(
	struct ip *ip, struct cursor *c, const uint8_t *begin, struct ip6_header *header
)
{
	uint8_t kind = header->protocol;
	size_t at = (size_t)(c->p - begin);
	uint8_t next = cursor_u8(c);
	uint8_t units = cursor_u8(c);
	struct cursor rest = cursor_child(c, 6 + (size_t)units * 8);

	if (rest.bad)
		return &ip->stats.drop_extension;
	if (kind == IP6_ROUTING) {
		// RFC 8200 4.4: a route that is done is passed over, any other is not for us
		// (RFC 5095 for type 0).
		(void)cursor_u8(&rest);
		if (cursor_u8(&rest) != 0)
			return problem(ip, header, ICMP6_PROBLEM_FIELD, at + 2);
	} else {
		uint64_t *fault = options_walk(ip, rest, begin, header);
		if (fault != NULL)
			return fault;
	}
	header->protocol = next;
	header->next_at = (uint16_t)at;
	return NULL;
}

// RFC 8200 4.5. One that is the whole datagram is as if it were not there (RFC 6946).
static uint64_t *fragment_walk(
	struct ip *ip, struct cursor *c, const uint8_t *begin, struct ip6_header *header
)
{
	size_t at = (size_t)(c->p - begin);
	uint8_t next = cursor_u8(c);
	(void)cursor_u8(c);
	uint16_t field = cursor_be16(c);
	header->fragment_id = cursor_be32(c);
	if (c->bad || header->fragment_at != 0)
		return &ip->stats.drop_extension;
	header->fragment_at = (uint16_t)at;
	header->offset = field & IP6_FRAGMENT_OFFSET;
	header->more = (field & IP6_FRAGMENT_MORE) != 0;
	header->protocol = next;
	header->next_at = (uint16_t)at;
	return NULL;
}

// Step over the extension headers, to the upper layer or to what is only a part of a datagram.
static uint64_t *walk(
	struct ip *ip, struct cursor *c, const uint8_t *begin, struct ip6_header *header
)
{
	for (unsigned int n = 0; n <= EXTENSIONS_MAX; n++) {
		uint64_t *fault = NULL;
		switch (header->protocol) {
		case IP6_HOP_BY_HOP:
			if (n != 0 || header->fragment_at != 0)
				return problem(
					ip, header, ICMP6_PROBLEM_NEXT_HEADER, header->next_at
				);
			fault = extension_walk(ip, c, begin, header);
			break;
		case IP6_DESTINATION:
		case IP6_ROUTING:
			fault = extension_walk(ip, c, begin, header);
			break;
		case IP6_FRAGMENT:
			fault = fragment_walk(ip, c, begin, header);
			break;
		default:
			header->header_len = (uint16_t)(c->p - begin);
			return NULL;
		}
		if (fault != NULL)
			return fault;
		header->header_len = (uint16_t)(c->p - begin);
		if (ip6_is_fragment(header))
			return NULL;
	}
	return &ip->stats.drop_extension;
}

// Returns NULL, or the counter of the rule that was broken. Trims what is behind the datagram.
static uint64_t *check(struct ip *ip, struct pkt *pkt, bool group_frame, struct ip6_header *header)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	uint64_t *fault = ip6_parse(ip, &c, header);
	if (fault != NULL)
		return fault;
	if (header->payload_len > pkt->len - IP6_HEADER)
		return &ip->stats.drop_length;
	pkt->len = IP6_HEADER + (uint32_t)header->payload_len;
	// IPv4 in its mapped form is ours alone; on the wire it would pass for IPv4 (RFC 4942 2.2).
	if (addr_is_v4(&header->source) || addr_is_v4(&header->dest))
		return &ip->stats.drop_source;
	if (!(addr_is_group(&header->dest)
		      ? route_is_member(ip, pkt->port, &header->dest)
		      : !group_frame && route_is_own(ip, pkt->port, &header->dest)))
		return &ip->stats.drop_not_ours;
	// Nobody asks whether an address is taken (RFC 4862 5.4.2); nd.c sees to the rest.
	if (!route_is_peer(ip, &header->source) && !addr_is_any(&header->source))
		return &ip->stats.drop_source;
	c = cursor_of(pkt_span(pkt));
	(void)cursor_bytes(&c, IP6_HEADER);
	return walk(ip, &c, pkt->data, header);
}

static bool tcp_checksum_is_valid(const struct pkt *pkt, const struct ip6_header *header)
{
	if ((pkt->flags & PKT_RX_L4_CSUM_GOOD) != 0)
		return true;
	uint64_t sum = checksum_pseudo(&header->source, &header->dest, IP_PROTOCOL_TCP, pkt->len);
	return checksum_fold(checksum_add(sum, pkt->data, pkt->len)) == CHECKSUM_VALID;
}

static enum ip_verdict tcp_received(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, struct ip_segment *segment
)
{
	if (addr_is_group(&header->dest) || addr_is_any(&header->source))
		return ip_drop(pkt, &ip->stats.drop_not_ours);
	if (!tcp_checksum_is_valid(pkt, header))
		return ip_drop(pkt, &ip->stats.drop_l4_checksum);
	ip->stats.rx_tcp++;
	*segment = (struct ip_segment){
		.local = {.addr = header->dest},
		.remote = {.addr = header->source},
		.ecn = header->traffic_class & IP_ECN,
	};
	return IP_TCP;
}

static enum ip_verdict refuse(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, uint64_t *fault,
	uint64_t now_ms
)
{
	(*fault)++;
	if (header->has_problem)
		icmp6_error(
			ip, pkt, header, ICMP6_PARAMETER_PROBLEM, header->problem,
			header->problem_at, now_ms
		);
	pkt_put(pkt);
	return IP_CONSUMED;
}

// The headers behind that of a fragment, as if it were the whole.
static uint64_t *walk_whole(struct ip *ip, const struct pkt *pkt, struct ip6_header *header)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	header->more = false;
	header->offset = 0;
	(void)cursor_bytes(&c, header->header_len);
	return walk(ip, &c, pkt->data, header);
}

// RFC 7112: the first fragment has all headers, and we want that of the upper layer whole.
static uint64_t *first_check(struct ip *ip, const struct pkt *pkt, struct ip6_header *header)
{
	struct ip6_header whole = *header;

	uint64_t *fault = walk_whole(ip, pkt, &whole);
	size_t least = whole.protocol == IP_PROTOCOL_TCP ? TCP_HEADER : ICMP_HEADER;
	if (fault == NULL && pkt->len - whole.header_len >= least)
		return NULL;
	header->has_problem = whole.has_problem;
	header->problem = whole.problem;
	header->problem_at = whole.problem_at;
	if (!whole.has_problem)
		(void)problem(ip, header, ICMP6_PROBLEM_FIRST_FRAGMENT, 0);
	return &ip->stats.fragment_tiny;
}

// RFC 8200 4.5, what the sender is told of.
static uint64_t *fragment_check(struct ip *ip, const struct pkt *pkt, struct ip6_header *header)
{
	uint32_t n = pkt->len - header->header_len;

	if (header->more && n % FRAGMENT_UNIT != 0) {
		(void)problem(ip, header, ICMP6_PROBLEM_FIELD, IP6_PAYLOAD_LEN_AT);
		return &ip->stats.drop_fragment;
	}
	if (n > (uint32_t)UINT16_MAX - header->offset) {
		(void)problem(ip, header, ICMP6_PROBLEM_FIELD, header->fragment_at + 2u);
		return &ip->stats.fragment_too_long;
	}
	return header->offset == 0 ? first_check(ip, pkt, header) : NULL;
}

// False when that was not the last fragment: the packet is gone. Else it is the datagram, behind
// one header without extensions.
static bool reassemble(struct ip *ip, struct pkt *pkt, struct ip6_header *header, uint64_t now_ms)
{
	struct fragment_whole whole;
	struct fragment part = {
		.key = {header->source, header->dest, header->fragment_id, 0},
		.protocol = header->protocol,
		.ecn = header->traffic_class & IP_ECN,
		.more = header->more,
		.offset = header->offset,
		.data = {pkt->data + header->header_len, pkt->len - header->header_len},
		.head = {pkt->data, header->header_len},
	};

	if (!fragment_input(ip, pkt, &part, now_ms, &whole))
		return false;
	header->traffic_class = whole.ecn;
	header->protocol = whole.protocol;
	header->next_at = IP6_NEXT_AT;
	header->header_len = IP6_HEADER;
	// There is room: the data was put behind the headroom.
	return ip6_push(pkt, whole.protocol, header->hop_limit, &header->source, &header->dest);
}

enum ip_verdict ip6_input(
	struct ip *ip, struct pkt *pkt, bool group_frame, uint64_t now_ms,
	struct ip_segment *segment
)
{
	struct ip6_header header;

	uint64_t *fault = check(ip, pkt, group_frame, &header);
	if (fault == NULL && ip6_is_fragment(&header)) {
		if (!ip->config.owner)
			return IP_OWNER;
		fault = fragment_check(ip, pkt, &header);
		if (fault == NULL) {
			if (!reassemble(ip, pkt, &header, now_ms))
				return IP_CONSUMED;
			fault = walk_whole(ip, pkt, &header);
		}
	}
	if (fault != NULL)
		return refuse(ip, pkt, &header, fault, now_ms);
	switch (header.protocol) {
	case IP_PROTOCOL_TCP:
		pkt_pull(pkt, header.header_len);
		return tcp_received(ip, pkt, &header, segment);
	case IP_PROTOCOL_ICMP6:
		if (!ip->config.owner && nd_is_for_owner(pkt, &header))
			return IP_OWNER;
		pkt_pull(pkt, header.header_len);
		return icmp6_input(ip, pkt, &header, now_ms);
	case IP6_NO_NEXT:
		return ip_drop(pkt, &ip->stats.drop_protocol);
	}
	(void)problem(ip, &header, ICMP6_PROBLEM_NEXT_HEADER, header.next_at);
	return refuse(ip, pkt, &header, &ip->stats.drop_protocol, now_ms);
}
