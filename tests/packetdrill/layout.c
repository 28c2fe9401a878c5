// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/packetdrill/layout.h"

#include "dataplane/base/cursor.h"
#include "dataplane/ip/checksum.h"
#include "dataplane/tcp/conn.h"
#include "dataplane/tcp/wire.h"

#include <netinet/in.h>

enum option_kind {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_SCALE = 3,
	KIND_SACK_PERMITTED = 4,
	KIND_TS = 8,
};

enum { IP6_LEN = 40, IP4_CHECKSUM_AT = 10, TCP_CHECKSUM = 16 };

struct writer {
	uint8_t bytes[TCP_OPTIONS_MAX];
	size_t n;
};

static void put_option(struct writer *w, uint8_t kind, struct span value)
{
	w->bytes[w->n++] = kind;
	w->bytes[w->n++] = (uint8_t)(value.n + 2);
	memcpy(w->bytes + w->n, value.p, value.n);
	w->n += value.n;
}

// Until the next byte lies at `at` modulo `of`.
static void pad_to(struct writer *w, size_t of, size_t at, uint8_t with)
{
	while (w->n % of != at)
		w->bytes[w->n++] = with;
}

// The options of the kinds that a SYN may have; index is the kind.
struct found {
	bool has[KIND_TS + 1];
	struct span value[KIND_TS + 1];
};

static struct found options_find(struct span bytes)
{
	struct found found = {0};
	struct cursor c = cursor_of(bytes);
	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c);
		if (kind == KIND_END)
			break;
		if (kind == KIND_NOP)
			continue;
		uint8_t len = cursor_u8(&c);
		struct span value = cursor_bytes(&c, len - 2u);
		if (kind <= KIND_TS) {
			found.has[kind] = true;
			found.value[kind] = value;
		}
	}
	return found;
}

static void write_linux(struct writer *w, const struct found *f)
{
	put_option(w, KIND_MSS, f->value[KIND_MSS]);
	if (f->has[KIND_SACK_PERMITTED] && !f->has[KIND_TS])
		pad_to(w, 4, 2, KIND_NOP);
	if (f->has[KIND_SACK_PERMITTED])
		put_option(w, KIND_SACK_PERMITTED, f->value[KIND_SACK_PERMITTED]);
	if (f->has[KIND_TS]) {
		pad_to(w, 4, 2, KIND_NOP);
		put_option(w, KIND_TS, f->value[KIND_TS]);
	}
	if (f->has[KIND_SCALE]) {
		pad_to(w, 4, 1, KIND_NOP);
		put_option(w, KIND_SCALE, f->value[KIND_SCALE]);
	}
}

static void write_freebsd(struct writer *w, const struct found *f)
{
	put_option(w, KIND_MSS, f->value[KIND_MSS]);
	if (f->has[KIND_SCALE]) {
		pad_to(w, 4, 1, KIND_NOP);
		put_option(w, KIND_SCALE, f->value[KIND_SCALE]);
	}
	if (f->has[KIND_SACK_PERMITTED])
		put_option(w, KIND_SACK_PERMITTED, f->value[KIND_SACK_PERMITTED]);
	if (f->has[KIND_TS]) {
		pad_to(w, 4, 2, KIND_NOP);
		put_option(w, KIND_TS, f->value[KIND_TS]);
	}
	pad_to(w, 4, 0, KIND_END);
}

static struct ip_addr address_at(const uint8_t *at, size_t n)
{
	struct ip_addr addr;
	if (n == 4) {
		uint32_t be;
		memcpy(&be, at, 4);
		return addr_from_v4(be);
	}
	memcpy(addr.b, at, sizeof(addr.b));
	return addr;
}

static void put_sum(uint8_t *at, uint64_t sum)
{
	uint16_t field = (uint16_t)~checksum_fold(sum);
	memcpy(at, &field, sizeof(field));
}

static void lengths_and_sums(uint8_t *packet, size_t ip_len, size_t n)
{
	bool v4 = packet[0] >> 4 == 4;
	uint8_t *tcp = packet + ip_len;
	size_t addr_len = v4 ? 4 : 16;
	const uint8_t *addrs = packet + (v4 ? 12 : 8);
	struct ip_addr source = address_at(addrs, addr_len);
	struct ip_addr dest = address_at(addrs + addr_len, addr_len);
	uint32_t tcp_len = (uint32_t)(n - ip_len);
	if (v4) {
		wire_put16(packet + 2, (uint16_t)n);
		wire_put16(packet + IP4_CHECKSUM_AT, 0);
		put_sum(packet + IP4_CHECKSUM_AT, checksum_add(0, packet, ip_len));
	} else {
		wire_put16(packet + 4, (uint16_t)tcp_len);
	}
	wire_put16(tcp + TCP_CHECKSUM, 0);
	uint64_t sum = checksum_pseudo(&source, &dest, IPPROTO_TCP, tcp_len);
	put_sum(tcp + TCP_CHECKSUM, checksum_add(sum, tcp, tcp_len));
}

size_t layout_apply(enum layout layout, uint8_t *packet, size_t n)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t ip_len = v4 ? (packet[0] & 15) * 4u : IP6_LEN;
	uint8_t protocol = packet[v4 ? 9 : 6];
	uint8_t *tcp = packet + ip_len;
	if (layout == LAYOUT_OWN || protocol != IPPROTO_TCP || (tcp[13] & TCP_SYN) == 0)
		return n;
	size_t header = (tcp[12] >> 4) * 4u;
	struct found found = options_find(span_of(tcp + TCP_HEADER_LEN, header - TCP_HEADER_LEN));
	struct writer w = {0};
	if (!found.has[KIND_MSS])
		return n;
	if (layout == LAYOUT_LINUX)
		write_linux(&w, &found);
	else
		write_freebsd(&w, &found);
	memmove(tcp + TCP_HEADER_LEN + w.n, tcp + header, n - ip_len - header);
	memcpy(tcp + TCP_HEADER_LEN, w.bytes, w.n);
	tcp[12] = (uint8_t)((TCP_HEADER_LEN + w.n) / 4 << 4 | (tcp[12] & 15));
	n = n - header + TCP_HEADER_LEN + w.n;
	lengths_and_sums(packet, ip_len, n);
	return n;
}

void layout_push(uint8_t *packet, size_t n)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t ip_len = v4 ? (packet[0] & 15) * 4u : IP6_LEN;
	uint8_t *tcp = packet + ip_len;
	if (packet[v4 ? 9 : 6] != IPPROTO_TCP || n <= ip_len + (tcp[12] >> 4) * 4u)
		return;
	tcp[13] |= TCP_PSH;
	lengths_and_sums(packet, ip_len, n);
}

size_t layout_cut(const uint8_t *packet, size_t n, size_t max, size_t *at, uint8_t *out)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t ip_len = v4 ? (packet[0] & 15) * 4u : IP6_LEN;
	size_t header = ip_len + (packet[ip_len + 12] >> 4) * 4u;
	size_t left = n - header - *at;
	size_t part = left < max ? left : max;
	if (part == 0)
		return 0;
	uint8_t *tcp = out + ip_len;
	struct cursor c = cursor_of(span_of(packet + ip_len + 4, 4));
	memcpy(out, packet, header);
	memcpy(out + header, packet + header + *at, part);
	wire_put32(tcp + 4, cursor_be32(&c) + (uint32_t)*at);
	if (part < left)
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	lengths_and_sums(out, ip_len, header + part);
	*at += part;
	return header + part;
}
