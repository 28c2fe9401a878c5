// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/trace.h"

#include "dataplane/base/cursor.h"
#include "dataplane/ip/wire.h"
#include "tests/sim/frame.h"

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

static void print_tcp(const struct frame_tcp *segment)
{
	static const char letters[] = "FSRPAUEC";
	struct cursor options = cursor_of(segment->options);
	printf("%u>%u ", segment->from.port, segment->to.port);
	for (int i = 0; letters[i] != 0; i++) {
		if ((segment->flags & 1 << i) != 0)
			putchar(letters[i]);
	}
	printf(" seq %u ack %u win %u len %zu", segment->seq, segment->ack, segment->window,
	       segment->payload.n);
	print_options(&options);
}

void trace_frame(
	uint64_t now_us, const char *from, const char *to, struct span frame,
	const struct wire_fate *fate
)
{
	struct frame_place place;
	struct frame_tcp segment;
	printf("%10.6f %s > %s: ", (double)now_us / 1e6, from, to);
	if (frame_read(frame, &segment))
		print_tcp(&segment);
	else if (frame_find(frame, &place) && place.version != 0)
		printf("protocol %u, %zu bytes", place.protocol, place.end - place.ip_at);
	else
		printf(place.type == ETH_TYPE_ARP ? "arp" : "type %#x", place.type);
	printf("%s%s%s\n", fate->copies == 0 ? " LOST" : "", fate->copies == 2 ? " TWICE" : "",
	       fate->corrupt ? " CORRUPT" : "");
}
