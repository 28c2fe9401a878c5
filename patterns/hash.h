// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The two digests that addresses of cryptocurrencies carry a part of. A validator runs on workers,
// for every text that looks like an address: OpenSSL's digests allocate and take a lock to find
// their provider, and it has no Keccak-256 before 3.2. Nothing secret passes here.

#pragma once

#include "dataplane/base/span.h"

enum { HASH_SIZE = 32 };

// SHA-256 (FIPS 180-4). `text` is at most 119 bytes: two blocks.
void hash_sha256(struct span text, uint8_t out[static HASH_SIZE]);
// Keccak-256 as submitted to NIST, before FIPS 202 changed its padding. `text` is at most 135
// bytes: one block.
void hash_keccak256(struct span text, uint8_t out[static HASH_SIZE]);
