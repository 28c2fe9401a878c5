// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The one hash that layers above ask of the crypto library.

#pragma once

#include "dataplane/base/span.h"

enum { SHA256_SIZE = 32 };

// FIPS 180-4. Ends the process when the library has no SHA-256: nothing would work then. OpenSSL
// allocates a few bytes of its own meanwhile: for logins, not for packets.
void digest_sha256(struct span bytes, uint8_t out[static SHA256_SIZE]);
