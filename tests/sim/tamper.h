// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Someone on one direction of a wire who knows TCP: drops what hurts most, cuts and joins segments,
// takes windows back, and speaks in the sender's name without knowing what the receiver expects
// next. Nothing it does may end a connection or change a byte.

#pragma once

#include "tests/sim/frame.h"
#include "tests/sim/rng.h"

enum tamper_limit { TAMPER_FLOWS_MAX = 8, TAMPER_RESETS = 64 };

struct tamper_config {
	size_t frame_max;                     // joined segments make no longer frame
	uint8_t drop_fins, drop_resent;       // the first of each flow
	uint16_t drop_ack_at, drop_acks;      // so many bare ACKs, from that one on
	uint64_t zero_from_us, zero_until_us; // every window offered is 0
	// In a million segments:
	uint32_t shrink_ppm; // the window offered is an eighth
	uint32_t split_ppm;  // a segment goes as two
	uint32_t join_ppm;   // waits for the next and goes with it
	uint32_t forge_ppm;  // is followed by a RST, a SYN, an ACK or data that is not the sender's
};

struct tamper_flow {
	uint16_t from, to; // ports
	uint8_t fins, resent;
	bool fin_seen;
	uint32_t end; // the highest sequence number sent, and one
};

typedef void tamper_emit(void *ctx, const uint8_t *frame, size_t n);

struct tamper {
	struct tamper_config config;
	struct rng rng;
	uint32_t acks;
	uint64_t dropped, changed, forged;        // so far
	uint32_t n_resets, resets[TAMPER_RESETS]; // sequence numbers of those forged last
	uint32_t n_flows;
	struct tamper_flow flows[TAMPER_FLOWS_MAX];
	size_t held_n; // 0: none waits to be joined
	uint8_t held[FRAME_MAX];
};

struct tamper_config tamper_random(struct rng *rng, uint64_t now_us, size_t frame_max);

// Was a RST with this sequence number forged? On its way it may be overtaken by data that ends just
// there; then it counts (RFC 5961 3.2), and nobody did wrong.
bool tamper_has_reset(const struct tamper *tamper, uint32_t seq);

// What becomes of a frame of `n` bytes, at most FRAME_MAX: calls `emit` for every frame that
// goes on. Returns false when it was dropped.
bool tamper_frame(
	struct tamper *tamper, const uint8_t *frame, size_t n, uint64_t now_us, tamper_emit *emit,
	void *ctx
);
