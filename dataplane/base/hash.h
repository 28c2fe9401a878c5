// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// SipHash-1-3: a keyed hash for tables whose keys a peer can choose.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k[2];
};

// 64 bits over `n` bytes at `data`, under `key`. Aumasson and Bernstein, SipHash, with 1 and 3
// rounds. (Not hash_bytes: libpg_query exports PostgreSQL's function of that name, and the linker
// would take one for the other.)
uint64_t hash_keyed(const struct hash_key *key, const void *data, size_t n);
