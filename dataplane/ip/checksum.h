// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The Internet checksum (RFC 1071). Sums are kept in machine order (its section 2(B)), so that a
// folded sum is stored and compared as it lies in memory.

#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/base/pkt.h"

enum { CHECKSUM_VALID = 0xffff }; // the folded sum over data that includes a correct checksum

// Add `n` bytes, which begin at an even offset of what is summed, to `sum`.
uint64_t checksum_add(uint64_t sum, const void *data, size_t n);

// The sum over the packet and its borrowed payload.
uint64_t checksum_pkt(const struct pkt *pkt);

// The sum over the pseudo header of RFC 9293 3.1, or of RFC 8200 8.1; `len` of the upper layer.
uint64_t checksum_pseudo(
	const struct ip_addr *source, const struct ip_addr *dest, uint8_t protocol, uint32_t len
);

// 16 bits with the carries added; not complemented.
uint16_t checksum_fold(uint64_t sum);
