// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The numbers of the segment format, for its writer and its reader only.

#pragma once

#include "controlplane/recorder/segment.h"

enum {
	SEGMENT_VERSION = 1,
	SEGMENT_FRAME_MAGIC = 0x42484652, // "BHFR"
	SEGMENT_FRAME_HASHED = 16,        // bytes of the frame header that the hash covers
};
#define SEGMENT_MAGIC "BULKHEAD"

enum segment_kind { SEGMENT_KIND_DATA = 1, SEGMENT_KIND_SEAL = 2 };

static inline void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

// The hash of a frame; `head` is its header of at least SEGMENT_FRAME_HASHED bytes. Returns 0 or
// -ENOMEM.
static inline int segment_frame_hash(
	const struct digest *before, const uint8_t *head, struct span packed, struct digest *out
)
{
	struct span pieces[] = {
		span_of(before->b, sizeof(before->b)),
		span_of(head, SEGMENT_FRAME_HASHED),
		packed,
	};
	return digest_of(pieces, 3, out);
}
