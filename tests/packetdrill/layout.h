// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// In which order, with which padding, the options of a SYN are written is anyone's choice
// (RFC 9293 3.1); scripts written for one stack name its choice. Here ours is put into theirs.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum layout {
	LAYOUT_OWN,
	LAYOUT_LINUX,   // mss, sackOK, TS, nop wscale; or each padded in front with nops
	LAYOUT_FREEBSD, // mss, nop wscale, sackOK, TS, padded behind with eol
};

enum { LAYOUT_GROWTH_MAX = 20 };

// Rewrite the datagram of `n` bytes, with room for LAYOUT_GROWTH_MAX more, when it holds a SYN:
// lengths and checksums follow. Returns its length.
size_t layout_apply(enum layout layout, uint8_t *packet, size_t n);

// Set PSH when the datagram holds data (RFC 9293 3.9.1.2 leaves its place to the sender).
void layout_push(uint8_t *packet, size_t n);

// One packet of those that a longer datagram stands for, as a device that merges segments hands
// them over: `max` bytes of payload from *at, which moves on. Returns its length, 0 when nothing is
// left. `out` has room for a header of 120 bytes and `max`.
size_t layout_cut(const uint8_t *packet, size_t n, size_t max, size_t *at, uint8_t *out);
