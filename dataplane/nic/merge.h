// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Segments of one connection that wait one behind the other, as one that the device cuts up again
// (TSO): one chain of up to 64 KB with one header. TCP knows nothing of it; it paces, counts and
// repeats segments as ever.

#pragma once

#include "dataplane/base/err.h"

#include <rte_mbuf.h>

#include <stdbool.h>
#include <stdint.h>

enum merge_limit { MERGE_SEGMENTS_MAX = 64 }; // mbufs of a chain

// The last frame of a transmit queue, as one to which more can be added.
struct merge {
	struct rte_mbuf *frame; // borrowed; NULL: nothing can
	struct rte_mbuf *last;  // of its chain
	uint32_t next;          // the sequence number that must follow
};

// `frame` was queued; `cuts` when the port cuts up what begins with it.
void merge_begin(struct merge *merge, struct rte_mbuf *frame, bool cuts);
// Put the segment in `mbuf` behind; at most `segments_max` mbufs may be in the chain then. Takes
// over the mbuf, or returns false.
bool merge_append(struct merge *merge, struct rte_mbuf *mbuf, uint16_t segments_max) must_check;
