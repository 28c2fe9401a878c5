// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Keys that SCRAM derives from a password, kept between logins (proto.h has new and free).

#pragma once

#include "dataplane/proto/postgres/scram.h"
#include "dataplane/proto/proto.h"

struct scram_keys {
	uint8_t client[SCRAM_KEY]; // ClientKey
	uint8_t server[SCRAM_KEY]; // ServerKey
};

// Derive the keys (RFC 5802 section 3), or find them in `cache`, which may be NULL.
// Returns 0, or ERR_AUTH when the cryptography fails.
int scram_keys_derive(
	struct scram_cache *cache, struct span password, struct span salt, uint32_t iterations,
	struct scram_keys *keys
) must_check;

// HMAC-SHA-256. Returns 0, or ERR_AUTH when the library fails.
int scram_hmac(const uint8_t key[SCRAM_KEY], struct span text, uint8_t out[SCRAM_KEY]) must_check;
