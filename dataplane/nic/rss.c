// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/rss.h"

#include <errno.h>
#include <string.h>

void rss_init_software(struct rss *rss, const struct hash_key *key, uint16_t n_workers)
{
	*rss = (struct rss){.key = *key, .n_workers = n_workers};
}

// The 32 bits of the key that start at `bit`.
static uint32_t key_window(const uint8_t *key, unsigned bit)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 5; i++)
		bits = bits << 8 | key[bit / 8 + i];
	return (uint32_t)(bits >> (8 - bit % 8));
}

// Every queue has a worker, and every worker a queue.
static bool is_covered(const uint16_t *reta, size_t reta_size, uint16_t n_workers)
{
	bool has_queue[RSS_RETA_MAX] = {false};
	uint16_t n = 0;

	for (size_t i = 0; i < reta_size; i++) {
		if (reta[i] >= n_workers)
			return false;
		n += !has_queue[reta[i]];
		has_queue[reta[i]] = true;
	}
	return n == n_workers;
}

int rss_init_toeplitz(
	struct rss *rss, const uint8_t *key, size_t key_len, const uint16_t *reta, size_t reta_size,
	bool v6
)
{
	if (key_len < RSS_KEY_MIN || reta_size == 0 || reta_size > RSS_RETA_MAX ||
	    (reta_size & (reta_size - 1)) != 0)
		return -EINVAL;
	if (!is_covered(reta, reta_size, rss->n_workers))
		return -EINVAL;
	for (unsigned byte = 0; byte < RSS_INPUT_V6; byte++) {
		for (unsigned value = 0; value < 256; value++) {
			uint32_t h = 0;
			for (unsigned bit = 0; bit < 8; bit++) {
				if (value & 0x80 >> bit)
					h ^= key_window(key, byte * 8 + bit);
			}
			rss->table[byte][value] = h;
		}
	}
	memcpy(rss->reta, reta, reta_size * sizeof(*reta));
	rss->reta_size = (uint16_t)reta_size;
	rss->toeplitz = true;
	rss->toeplitz_v6 = v6;
	return 0;
}

uint32_t rss_toeplitz(
	const struct rss *rss, const struct endpoint *local, const struct endpoint *remote
)
{
	unsigned n = addr_is_v4(&remote->addr) ? 4 : sizeof(remote->addr);
	const uint8_t *src = remote->addr.b + sizeof(remote->addr) - n;
	const uint8_t *dst = local->addr.b + sizeof(local->addr) - n;
	const uint32_t(*ports)[256] = rss->table + 2 * (size_t)n;
	uint32_t h = 0;

	for (unsigned i = 0; i < n; i++)
		h ^= rss->table[i][src[i]] ^ rss->table[n + i][dst[i]];
	h ^= ports[0][remote->port >> 8] ^ ports[1][remote->port & 0xff];
	return h ^ ports[2][local->port >> 8] ^ ports[3][local->port & 0xff];
}

uint16_t rss_owner(
	const struct rss *rss, const struct endpoint *local, const struct endpoint *remote
)
{
	if (rss->n_workers == 1)
		return 0;
	if (rss_steers(rss, local, remote))
		return rss->reta[rss_toeplitz(rss, local, remote) & (rss->reta_size - 1U)];

	uint8_t tuple[2 * sizeof(struct ip_addr) + 2 * sizeof(uint16_t)];
	memcpy(tuple, &local->addr, sizeof(local->addr));
	memcpy(tuple + 16, &remote->addr, sizeof(remote->addr));
	memcpy(tuple + 32, &local->port, sizeof(local->port));
	memcpy(tuple + 34, &remote->port, sizeof(remote->port));
	uint64_t h = hash_keyed(&rss->key, tuple, sizeof(tuple));
	return (uint16_t)((h >> 32) * rss->n_workers >> 32);
}
