// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a wire does to frames on their way: one direction between two ports.

#pragma once

#include "tests/sim/rng.h"

#include <stddef.h>

struct wire_config {
	uint32_t loss_ppm, duplicate_ppm, reorder_ppm, corrupt_ppm; // each, in a million frames
	uint32_t delay_us;
	uint32_t reorder_us;  // a reordered frame takes up to this much longer
	uint32_t rate_kbps;   // 0: as fast as you like
	uint32_t queue_bytes; // what waits for the rate; the rest is dropped
};

struct wire_stats {
	uint64_t frames, lost, duplicated, reordered, corrupted, overflowed;
};

struct wire {
	struct wire_config config;
	struct wire_stats stats;
	uint64_t busy_until_us;
};

enum wire_copies { WIRE_COPIES_MAX = 2 };

// The fate of one frame.
struct wire_fate {
	int copies; // 0: lost
	uint64_t arrives_us[WIRE_COPIES_MAX];
	bool corrupt;
};

// Decide about the frame of `n` bytes; a corrupted one is changed in place, behind its Ethernet
// header: a bad frame check would have dropped it in a real port.
struct wire_fate wire_send(
	struct wire *wire, struct rng *rng, uint8_t *frame, size_t n, uint64_t now_us
);
