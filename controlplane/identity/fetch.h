// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One HTTP GET of an issuer's keys. Blocks: only for the thread that does nothing else.

#pragma once

#include "controlplane/identity/keyset.h"

enum fetch_limit { FETCH_WHY = 256, FETCH_CONNECT_SECONDS = 5, FETCH_SECONDS = 10 };

// `url` is https, or http on the loopback; certificates are verified against `ca_file` ("": the
// system's); redirects are not followed; at most KEYSET_BYTES_MAX are read. Out: *out, owned by the
// caller. Returns 0 or a negative result with `why`. `stop` set from another thread ends it early.
int fetch_keys(
	const char *url, const char *ca_file, const bool *stop, struct keyset **out,
	char why[static FETCH_WHY]
) must_check;
