// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Ethernet frames as those on the wire see them: one TCP segment over IPv4 or IPv6, with a tag or
// without; read, changed and made anew without any help of the stack that is tested.

#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/ip/ip.h"

enum frame_limit {
	FRAME_MAX = 2048 + 128, // room for the longest frame there is here
	FRAME_HEADERS_MAX = 18 + 40 + 60,
};

enum frame_flag {
	FRAME_FIN = 0x01,
	FRAME_SYN = 0x02,
	FRAME_RST = 0x04,
	FRAME_PSH = 0x08,
	FRAME_ACK = 0x10,
	FRAME_URG = 0x20,
	FRAME_ECE = 0x40,
	FRAME_CWR = 0x80,
};

// Where things are in a frame.
struct frame_place {
	uint16_t type;   // of what the frame carries, behind a tag
	uint8_t version; // of IP: 4, 6, or 0 for anything else
	uint8_t protocol;
	size_t ip_at, upper_at;
	size_t end; // of the datagram; the frame may be padded
};

// One segment. `options` and `payload` are spans of the frame.
struct frame_tcp {
	struct endpoint from, to;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	uint8_t ecn;
	struct span options, payload;
};

// How a frame is addressed.
struct frame_link {
	struct eth_addr from, to;
	uint16_t vlan; // 0: no tag
};

// Returns false when it is no frame, or its IP header does not fit into it.
bool frame_find(struct span frame, struct frame_place *out) must_check;
// Returns false when `frame` has no segment of TCP, or a fragment of one.
bool frame_read(struct span frame, struct frame_tcp *out) must_check;
// Write the segment and seal it; returns the length of the frame, which is FRAME_MAX at most.
size_t frame_write(uint8_t *at, const struct frame_link *link, const struct frame_tcp *segment);
// Let the IP header say that the frame ends at `n`.
void frame_set_length(uint8_t *frame, size_t n);
// Make the checksums right: that of IPv4's header, and of TCP, ICMP or ICMPv6 unless it is a
// fragment. What does not fit into the frame is left alone.
void frame_seal(uint8_t *frame, size_t n);
// Are they right? True too for what has none.
bool frame_is_sealed(struct span frame);
