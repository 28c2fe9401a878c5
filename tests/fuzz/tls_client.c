// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A hostile server, and whatever stands on the way.

#include "tests/fuzz/tls_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tls_pair *pair = tls_pair_get();
	struct tls *target = tls_connect(pair->client);
	struct tls *honest = tls_accept(pair->server);
	if (target == NULL || honest == NULL)
		return -1;
	tls_pair_run(target, honest, span_of(data, size));
	return 0;
}
