// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/digest.h"

#include <openssl/sha.h>

#include <assert.h>
#include <stdlib.h>

static_assert((int)SHA256_SIZE == SHA256_DIGEST_LENGTH);

void digest_sha256(struct span bytes, uint8_t out[static SHA256_SIZE])
{
	if (SHA256(bytes.p, bytes.n, out) == NULL)
		abort();
}
