// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Which worker owns a flow. Where the port steers by Toeplitz (the function of Microsoft's RSS)
// with a key and an indirection table that could be read back, we compute the same; else a keyed
// hash of our own decides, and packets that arrive elsewhere are handed over.

#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/hash.h"

enum rss_limit {
	RSS_KEY_MIN = 40, // bytes: covers the longest input, 36 bytes, and the 32-bit window
	RSS_KEY_MAX = 64, // bytes that a port may want
	RSS_INPUT_V4 = 12,
	RSS_INPUT_V6 = 36,
	RSS_RETA_MAX = 2048,
};

struct rss {
	bool toeplitz;
	bool toeplitz_v6; // it hashes the ports of TCP over IPv6 too
	uint16_t n_workers;
	uint16_t reta_size; // a power of two
	struct hash_key key;
	// Toeplitz is linear over XOR: the hash is the XOR of one entry per input byte.
	uint32_t table[RSS_INPUT_V6][256];
	uint16_t reta[RSS_RETA_MAX]; // worker by the low bits of the hash
};

// Our own hash under `key`, the same for all ports and workers.
void rss_init_software(struct rss *rss, const struct hash_key *key, uint16_t n_workers);

// The port's: `key` of `key_len` bytes and the indirection table `reta` of `reta_size` queue
// numbers. `rss` was initialised for software, which stays in force for IPv6, unless `v6` says that
// the port hashes that too, and on error. Returns 0; -EINVAL when the key is short, the table's
// size is no power of two or beyond RSS_RETA_MAX, a queue has no worker, or a worker no queue: it
// could open no connection whose answers come back to it.
int rss_init_toeplitz(
	struct rss *rss, const uint8_t *key, size_t key_len, const uint16_t *reta, size_t reta_size,
	bool v6
) must_check;

// Toeplitz over source and destination address and port of the packet that `remote` sends to
// `local`, both of one family.
uint32_t rss_toeplitz(
	const struct rss *rss, const struct endpoint *local, const struct endpoint *remote
);

// Does the port itself deliver what `remote` sends to `local` by Toeplitz?
static inline bool rss_steers(
	const struct rss *rss, const struct endpoint *local, const struct endpoint *remote
)
{
	bool v4 = addr_is_v4(&remote->addr);

	return rss->toeplitz && (v4 || rss->toeplitz_v6) && addr_is_v4(&local->addr) == v4;
}

uint16_t rss_owner(
	const struct rss *rss, const struct endpoint *local, const struct endpoint *remote
);
