// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/trace.h"

#include "dataplane/base/cursor.h"

#include <stdio.h>

static void print_options(struct cursor *c)
{
	while (cursor_left(c) > 0) {
		uint8_t kind = cursor_u8(c);
		if (kind == 0)
			break;
		if (kind == 1)
			continue;
		uint8_t len = cursor_u8(c);
		if (len < 2)
			break;
		struct cursor v = cursor_child(c, len - 2u);
		if (kind == 2)
			printf(" mss %u", cursor_be16(&v));
		else if (kind == 3)
			printf(" scale %u", cursor_u8(&v));
		else if (kind == 4)
			printf(" sackOK");
		else if (kind == 8)
			printf(" ts %u", cursor_be32(&v));
		for (; kind == 5 && cursor_left(&v) >= 8;) {
			uint32_t left = cursor_be32(&v);
			printf(" sack %u-%u", left, cursor_be32(&v));
		}
	}
}

static void print_tcp(struct span segment)
{
	static const char letters[] = "FSRPAU";
	struct cursor c = cursor_of(segment);
	uint16_t from = cursor_be16(&c);
	uint16_t to = cursor_be16(&c);
	uint32_t seq = cursor_be32(&c);
	uint32_t ack = cursor_be32(&c);
	uint8_t header = (uint8_t)(cursor_u8(&c) >> 4);
	uint8_t flags = cursor_u8(&c);
	uint16_t wnd = cursor_be16(&c);
	(void)cursor_bytes(&c, 4);
	printf("%u>%u ", from, to);
	for (int i = 0; letters[i] != 0; i++) {
		if ((flags & 1 << i) != 0)
			putchar(letters[i]);
	}
	printf(" seq %u ack %u win %u len %zu", seq, ack, wnd, span_from(segment, header * 4u).n);
	if (header > 5) {
		struct cursor options = cursor_child(&c, header * 4u - 20);
		print_options(&options);
	}
}

void trace_frame(
	uint64_t now_us, const char *from, const char *to, struct span frame,
	const struct wire_fate *fate
)
{
	struct cursor c = cursor_of(frame);
	(void)cursor_bytes(&c, 12);
	uint16_t type = cursor_be16(&c);
	printf("%10.6f %s > %s: ", (double)now_us / 1e6, from, to);
	if (type == 0x0800) {
		struct span packet = span_from(frame, 14);
		struct cursor ip = cursor_of(packet);
		size_t header = (cursor_u8(&ip) & 15) * 4u;
		(void)cursor_u8(&ip);
		size_t total = cursor_be16(&ip);
		(void)cursor_bytes(&ip, 5);
		uint8_t protocol = cursor_u8(&ip);
		if (protocol == 6)
			print_tcp(span_from(span_first(packet, total), header));
		else
			printf("protocol %u, %zu bytes", protocol, total);
	} else {
		printf(type == 0x0806 ? "arp" : "type %#x", type);
	}
	printf("%s%s%s\n", fate->copies == 0 ? " LOST" : "", fate->copies == 2 ? " TWICE" : "",
	       fate->corrupt ? " CORRUPT" : "");
}
