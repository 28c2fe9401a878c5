// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/frame.h"

#include "dataplane/base/cursor.h"
#include "dataplane/ip/checksum.h"
#include "dataplane/ip/wire.h"
#include "dataplane/tcp/wire.h"

#include <assert.h>

static bool find4(struct span frame, struct frame_place *out)
{
	struct span packet = span_from(frame, out->ip_at);
	struct cursor c = cursor_of(packet);
	uint8_t first = cursor_u8(&c);
	(void)cursor_u8(&c);
	size_t total = cursor_be16(&c);
	(void)cursor_bytes(&c, 5);
	out->protocol = cursor_u8(&c);
	(void)cursor_bytes(&c, 10);
	size_t header = (first & 15) * 4u;
	if (c.bad || first >> 4 != IP4_VERSION || header < IP4_HEADER || total < header ||
	    total > packet.n)
		return false;
	out->version = 4;
	out->upper_at = out->ip_at + header;
	out->end = out->ip_at + total;
	return true;
}

static bool find6(struct span frame, struct frame_place *out)
{
	struct span packet = span_from(frame, out->ip_at);
	struct cursor c = cursor_of(packet);
	uint8_t first = cursor_u8(&c);
	(void)cursor_bytes(&c, 3);
	size_t total = (size_t)IP6_HEADER + cursor_be16(&c);
	out->protocol = cursor_u8(&c);
	if (first >> 4 != IP6_VERSION || packet.n < IP6_HEADER || total > packet.n)
		return false;
	out->version = 6;
	out->upper_at = out->ip_at + IP6_HEADER;
	out->end = out->ip_at + total;
	return true;
}

bool frame_find(struct span frame, struct frame_place *out)
{
	struct cursor c = cursor_of(frame);
	*out = (struct frame_place){.ip_at = ETH_HEADER};
	(void)cursor_bytes(&c, ETH_HEADER - 2);
	out->type = cursor_be16(&c);
	if (out->type == ETH_TYPE_VLAN) {
		(void)cursor_be16(&c);
		out->type = cursor_be16(&c);
		out->ip_at += ETH_TAG;
	}
	if (c.bad)
		return false;
	if (out->type == ETH_TYPE_IP4)
		return find4(frame, out);
	if (out->type == ETH_TYPE_IP6)
		return find6(frame, out);
	return true;
}

static bool is_fragment4(const uint8_t *ip)
{
	return ((ip[6] << 8 | ip[7]) & (IP4_MORE_FRAGMENTS | IP4_FRAGMENT_OFFSET)) != 0;
}

static void addresses(
	const uint8_t *ip, uint8_t version, struct ip_addr *source, struct ip_addr *dest
)
{
	uint32_t from, to;
	if (version == 6) {
		memcpy(source, ip + 8, sizeof(*source));
		memcpy(dest, ip + 24, sizeof(*dest));
		return;
	}
	memcpy(&from, ip + 12, sizeof(from));
	memcpy(&to, ip + 16, sizeof(to));
	*source = addr_from_v4(from);
	*dest = addr_from_v4(to);
}

bool frame_read(struct span frame, struct frame_tcp *out)
{
	struct frame_place place;
	if (!frame_find(frame, &place) || place.protocol != IP_PROTOCOL_TCP ||
	    (place.version == 4 && is_fragment4(frame.p + place.ip_at)))
		return false;
	const uint8_t *ip = frame.p + place.ip_at;
	addresses(ip, place.version, &out->from.addr, &out->to.addr);
	out->ecn = (place.version == 4 ? ip[1] : ip[1] >> 4) & IP_ECN;
	struct cursor c = cursor_of(span_from(span_first(frame, place.end), place.upper_at));
	out->from.port = cursor_be16(&c);
	out->to.port = cursor_be16(&c);
	out->seq = cursor_be32(&c);
	out->ack = cursor_be32(&c);
	size_t header = (cursor_u8(&c) >> 4) * 4u;
	out->flags = cursor_u8(&c);
	out->window = cursor_be16(&c);
	(void)cursor_bytes(&c, 4);
	if (c.bad || header < TCP_HEADER)
		return false;
	out->options = cursor_bytes(&c, header - TCP_HEADER);
	out->payload = cursor_bytes(&c, cursor_left(&c));
	return !c.bad;
}

// Returns where the upper layer begins.
static uint8_t *write_ip(uint8_t *at, const struct frame_tcp *segment)
{
	const struct ip_addr *from = &segment->from.addr, *to = &segment->to.addr;
	if (addr_is_v4(from)) {
		memset(at, 0, IP4_HEADER);
		at[0] = IP4_VERSION << 4 | IP4_HEADER / 4;
		at[1] = segment->ecn;
		wire_put16(at + 6, IP4_DONT_FRAGMENT);
		at[8] = IP4_TTL;
		at[9] = IP_PROTOCOL_TCP;
		memcpy(at + 12, from->b + 12, 4);
		memcpy(at + 16, to->b + 12, 4);
		return at + IP4_HEADER;
	}
	memset(at, 0, IP6_HEADER);
	at[0] = IP6_VERSION << 4;
	at[1] = (uint8_t)(segment->ecn << 4);
	at[IP6_NEXT_AT] = IP_PROTOCOL_TCP;
	at[7] = IP6_HOP_LIMIT;
	memcpy(at + 8, from, sizeof(*from));
	memcpy(at + 24, to, sizeof(*to));
	return at + IP6_HEADER;
}

static uint8_t *write_tcp(uint8_t *at, const struct frame_tcp *segment)
{
	size_t header = TCP_HEADER + segment->options.n;
	memset(at, 0, TCP_HEADER);
	wire_put16(at, segment->from.port);
	wire_put16(at + 2, segment->to.port);
	wire_put32(at + 4, segment->seq);
	wire_put32(at + 8, segment->ack);
	at[TCP_DATA_OFFSET_AT] = (uint8_t)(header / 4 << 4);
	at[13] = segment->flags;
	wire_put16(at + 14, segment->window);
	if (segment->options.n > 0)
		memcpy(at + TCP_HEADER, segment->options.p, segment->options.n);
	if (segment->payload.n > 0)
		memcpy(at + header, segment->payload.p, segment->payload.n);
	return at + header + segment->payload.n;
}

size_t frame_write(uint8_t *at, const struct frame_link *link, const struct frame_tcp *segment)
{
	uint8_t *p = at + ETH_HEADER;
	assert(FRAME_HEADERS_MAX + segment->payload.n <= FRAME_MAX && segment->options.n <= 40);
	memcpy(at, &link->to, sizeof(link->to));
	memcpy(at + 6, &link->from, sizeof(link->from));
	if (link->vlan != 0) {
		wire_put16(p - 2, ETH_TYPE_VLAN);
		wire_put16(p, link->vlan);
		p += ETH_TAG;
	}
	wire_put16(p - 2, addr_is_v4(&segment->from.addr) ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
	p = write_tcp(write_ip(p, segment), segment);
	size_t n = (size_t)(p - at);
	frame_set_length(at, n);
	frame_seal(at, n);
	return n;
}

void frame_set_length(uint8_t *frame, size_t n)
{
	size_t at = frame[12] == 0x81 ? ETH_HEADER + ETH_TAG : ETH_HEADER;
	if (frame[at] >> 4 == IP4_VERSION)
		wire_put16(frame + at + 2, (uint16_t)(n - at));
	else
		wire_put16(frame + at + IP6_PAYLOAD_LEN_AT, (uint16_t)(n - at - IP6_HEADER));
}

// Where the checksum of the upper layer is in the frame; 0 when it has none, or it is cut.
static size_t upper_sum_at(struct span frame, const struct frame_place *place)
{
	size_t at = place->upper_at;
	if (place->version == 4 && is_fragment4(frame.p + place->ip_at))
		return 0;
	if (place->protocol == IP_PROTOCOL_TCP)
		at += TCP_CHECKSUM_AT;
	else if (place->protocol == (place->version == 4 ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMP6))
		at += ICMP_CHECKSUM_AT;
	else
		return 0;
	return place->end < at + 2 ? 0 : at;
}

static uint64_t upper_sum(struct span frame, const struct frame_place *place)
{
	size_t n = place->end - place->upper_at;
	struct ip_addr source, dest;
	addresses(frame.p + place->ip_at, place->version, &source, &dest);
	uint64_t sum = place->protocol == IP_PROTOCOL_ICMP
			       ? 0
			       : checksum_pseudo(&source, &dest, place->protocol, (uint32_t)n);
	return checksum_add(sum, frame.p + place->upper_at, n);
}

static void put_sum(uint8_t *at, uint64_t sum)
{
	uint16_t field = (uint16_t)~checksum_fold(sum);
	memcpy(at, &field, sizeof(field));
}

void frame_seal(uint8_t *frame, size_t n)
{
	struct frame_place place;
	struct span whole = span_of(frame, n);
	if (!frame_find(whole, &place) || place.version == 0)
		return;
	if (place.version == 4) {
		memset(frame + place.ip_at + 10, 0, 2);
		put_sum(frame + place.ip_at + 10,
			checksum_add(0, frame + place.ip_at, place.upper_at - place.ip_at));
	}
	size_t at = upper_sum_at(whole, &place);
	if (at == 0)
		return;
	memset(frame + at, 0, 2);
	put_sum(frame + at, upper_sum(whole, &place));
}

bool frame_is_sealed(struct span frame)
{
	struct frame_place place;
	if (!frame_find(frame, &place) || place.version == 0)
		return true;
	if (place.version == 4 &&
	    checksum_fold(checksum_add(0, frame.p + place.ip_at, place.upper_at - place.ip_at)) !=
		    CHECKSUM_VALID)
		return false;
	return upper_sum_at(frame, &place) == 0 ||
	       checksum_fold(upper_sum(frame, &place)) == CHECKSUM_VALID;
}
