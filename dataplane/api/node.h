// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A short name for somebody or something that can be revoked: the first 16 bytes of a SHA-256 over
// what it is (controlplane/identity/node.h). Written as 32 hex digits.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct node_id {
	uint64_t w[2]; // in the order of the digest's bytes
};

static inline bool node_equal(const struct node_id *a, const struct node_id *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1];
}

static inline bool node_is_none(const struct node_id *id)
{
	return (id->w[0] | id->w[1]) == 0;
}
