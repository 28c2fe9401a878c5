// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// An issuer's keys over HTTP, found by OpenID Connect Discovery unless the configuration says where
// they are. Blocks: only for the thread that does nothing else.

#pragma once

#include "controlplane/http/http.h"
#include "controlplane/identity/keyset.h"

enum fetch_limit { FETCH_WHY = HTTP_WHY };

// URLs are https, or http on the loopback; certificates are verified against the issuer's `ca_file`
// ("": the system's); at most KEYSET_BYTES_MAX of each document are read; else as http_perform.
// Out: *out, owned by the caller. Returns 0 or a negative result with `why`. `stop` set from
// another thread ends it early.
int fetch_keys(
	const struct config_issuer *issuer, const bool *stop, struct keyset **out,
	char why[static FETCH_WHY]
) must_check;
