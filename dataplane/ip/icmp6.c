// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// RFC 4443.

#include "dataplane/ip/checksum.h"
#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

void icmp6_seal(struct pkt *pkt, const struct ip_addr *source, const struct ip_addr *dest)
{
	put_be16(pkt->data + ICMP_CHECKSUM_AT, 0);
	uint64_t sum = checksum_pseudo(source, dest, IP_PROTOCOL_ICMP6, pkt->len);
	uint16_t field = (uint16_t)~checksum_fold(checksum_add(sum, pkt->data, pkt->len));
	memcpy(pkt->data + ICMP_CHECKSUM_AT, &field, sizeof(field));
	pkt->flags = 0;
	pkt->l4_len = 0;
}

// 2.4 (e): about what nothing may be said.
static bool is_answerable(
	const struct pkt *pkt, const struct ip6_header *header, uint8_t type, uint8_t code
)
{
	bool of_groups_too = type == ICMP6_PARAMETER_PROBLEM && code == ICMP6_PROBLEM_OPTION;

	if (addr_is_any(&header->source) || (addr_is_group(&header->dest) && !of_groups_too))
		return false;
	if (header->protocol != IP_PROTOCOL_ICMP6)
		return true;
	struct cursor c = cursor_of(pkt_span(pkt));
	(void)cursor_bytes(&c, header->header_len);
	uint8_t quoted = cursor_u8(&c);
	return !c.bad && quoted >= ICMP6_FIRST_INFORMATIONAL && quoted != ICMP6_REDIRECT;
}

// As much of the datagram as fits the smallest MTU.
static struct pkt *error_new(
	struct ip *ip, const struct pkt *about, uint8_t type, uint8_t code, uint32_t value
)
{
	enum { QUOTE_MAX = IP6_MTU_MIN - IP6_HEADER - ICMP_HEADER };
	uint32_t n = about->len < QUOTE_MAX ? about->len : QUOTE_MAX;
	struct pkt *pkt = pkt_get(ip->pool);
	uint8_t *p = pkt == NULL ? NULL : pkt_extend(pkt, ICMP_HEADER + n);

	if (p == NULL) {
		pkt_put(pkt);
		ip->stats.drop_no_memory++;
		return NULL;
	}
	p[0] = type;
	p[1] = code;
	put_be16(p + 4, (uint16_t)(value >> 16));
	put_be16(p + 6, (uint16_t)value);
	memcpy(p + ICMP_HEADER, about->data, n);
	return pkt;
}

void icmp6_error(
	struct ip *ip, const struct pkt *about, const struct ip6_header *header, uint8_t type,
	uint8_t code, uint32_t value, uint64_t now_ms
)
{
	struct hop hop;
	bool to_group = addr_is_group(&header->dest);

	if (!is_answerable(about, header, type, code))
		return;
	if (!icmp_may_answer(ip, now_ms)) {
		ip->stats.icmp_limited++;
		return;
	}
	if (route_find(ip, to_group ? NULL : &header->dest, &header->source, &hop) != 0) {
		ip->stats.drop_no_route++;
		return;
	}
	struct pkt *pkt = error_new(ip, about, type, code, value);
	if (pkt == NULL)
		return;
	icmp6_seal(pkt, &hop.local, &header->source);
	ip->stats.icmp_errors_sent++;
	(void)ip6_output(ip, pkt, IP_PROTOCOL_ICMP6, IP6_HOP_LIMIT, &header->source, &hop, now_ms);
}

void icmp6_reassembly_error(struct ip *ip, const struct pkt *about, uint64_t now_ms)
{
	struct cursor c = cursor_of(pkt_span(about));
	struct ip6_header header;

	if (ip6_parse(ip, &c, &header) != NULL)
		return;
	// What it carries is named by its last header. One with more than a fragment header is not
	// looked into: nothing is said about what may be an error itself.
	if (header.protocol != IP6_FRAGMENT)
		return;
	header.protocol = cursor_u8(&c);
	header.header_len = IP6_HEADER + IP6_FRAGMENT_HEADER;
	icmp6_error(ip, about, &header, ICMP6_TIME_EXCEEDED, ICMP6_CODE_REASSEMBLY, 0, now_ms);
}

// 4.2: the data goes back as it came, in the same packet. A group gets no answer: one question
// could bring the answers of all upon somebody.
static enum ip_verdict echo(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, uint64_t now_ms
)
{
	struct hop hop;

	if (addr_is_group(&header->dest) || addr_is_any(&header->source))
		return ip_drop(pkt, &ip->stats.drop_not_ours);
	if (!icmp_may_answer(ip, now_ms))
		return ip_drop(pkt, &ip->stats.icmp_limited);
	if (route_find(ip, &header->dest, &header->source, &hop) != 0)
		return ip_drop(pkt, &ip->stats.drop_no_route);
	pkt->data[0] = ICMP6_ECHO_REPLY;
	icmp6_seal(pkt, &header->dest, &header->source);
	(void)ip6_output(ip, pkt, IP_PROTOCOL_ICMP6, IP6_HOP_LIMIT, &header->source, &hop, now_ms);
	return IP_CONSUMED;
}

// What tcp/ is told, in the numbers of ICMP for IPv4 (RFC 7915 5.2).
static void translate(uint8_t *type, uint8_t *code)
{
	if (*type == ICMP6_TOO_BIG) {
		*type = ICMP_UNREACHABLE;
		*code = ICMP_CODE_FRAGMENTATION_NEEDED;
	} else if (*type == ICMP6_UNREACHABLE) {
		*type = ICMP_UNREACHABLE;
		*code = *code == ICMP6_CODE_PORT ? ICMP_CODE_PORT : ICMP_CODE_HOST;
	} else if (*type == ICMP6_PARAMETER_PROBLEM && *code == ICMP6_PROBLEM_NEXT_HEADER) {
		*type = ICMP_UNREACHABLE;
		*code = ICMP_CODE_PROTOCOL;
	} else {
		*type = *type == ICMP6_TIME_EXCEEDED ? ICMP_TIME_EXCEEDED : ICMP_PARAMETER_PROBLEM;
	}
}

// As icmp.c does: only what quotes a segment of ours is passed on. We send no extension headers, so
// a quote that has one is not of ours.
static uint64_t *error(
	struct ip *ip, const struct ip6_header *header, uint8_t type, uint8_t code, uint32_t value,
	struct cursor *c
)
{
	struct ip6_header quoted;
	uint16_t mtu = 0;

	uint64_t *fault = ip6_parse(ip, c, &quoted);
	if (fault != NULL)
		return fault;
	struct endpoint local = {quoted.source, cursor_be16(c)};
	struct endpoint remote = {quoted.dest, cursor_be16(c)};
	uint32_t seq = cursor_be32(c);
	if (c->bad)
		return &ip->stats.drop_short;
	if (quoted.protocol != IP_PROTOCOL_TCP)
		return &ip->stats.drop_protocol;
	if (!addr_equal(&quoted.source, &header->dest))
		return &ip->stats.drop_not_ours;
	if (type == ICMP6_TOO_BIG) {
		if (value < IP6_MTU_MIN) // RFC 8201 4: every path takes that much
			return &ip->stats.drop_length;
		mtu = value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
	}
	translate(&type, &code);
	ip->ops.tcp_error(ip->ops.ctx, &local, &remote, seq, type, code, mtu);
	return NULL;
}

static bool checksum_is_valid(const struct pkt *pkt, const struct ip6_header *header)
{
	uint64_t sum = checksum_pseudo(&header->source, &header->dest, IP_PROTOCOL_ICMP6, pkt->len);

	return checksum_fold(checksum_add(sum, pkt->data, pkt->len)) == CHECKSUM_VALID;
}

enum ip_verdict icmp6_input(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, uint64_t now_ms
)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	ip->stats.rx_icmp++;
	uint8_t type = cursor_u8(&c), code = cursor_u8(&c);
	(void)cursor_be16(&c); // checksum
	uint32_t value = cursor_be32(&c);
	if (c.bad)
		return ip_drop(pkt, &ip->stats.drop_short);
	if (!checksum_is_valid(pkt, header))
		return ip_drop(pkt, &ip->stats.drop_l4_checksum);

	uint64_t *fault = &ip->stats.drop_protocol;
	switch (type) {
	case ICMP6_ECHO:
		return echo(ip, pkt, header, now_ms);
	case ND_SOLICITATION:
	case ND_ADVERTISEMENT:
		return nd_input(ip, pkt, header, now_ms);
	case ICMP6_UNREACHABLE:
	case ICMP6_TOO_BIG:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAMETER_PROBLEM:
		fault = error(ip, header, type, code, value, &c);
		break;
	}
	// Routers advertise and redirect in vain: addresses and routes are configured.
	if (fault != NULL)
		return ip_drop(pkt, fault);
	pkt_put(pkt);
	return IP_CONSUMED;
}
