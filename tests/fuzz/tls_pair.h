// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A server and a client of ours for the TLS fuzz targets, and what an input does to one of them.

#pragma once

#include "dataplane/tls/tls.h"

struct tls_pair {
	struct tls_server *server;
	struct tls_client *client;
};

// Made once, with certificates of its own, and kept until the process ends.
const struct tls_pair *tls_pair_get(void);

// Lead a connection between `target` and `honest` while `input` interferes, then free both. The
// first byte says how: odd, the rest of the input itself goes to the target; even, the rest changes
// what the honest side sends, each three bytes an offset from the last change and a mask to flip.
// Its upper bits are the size of the pieces. Aborts when the target breaks a promise of tls.h.
void tls_pair_run(struct tls *target, struct tls *honest, struct span input);
